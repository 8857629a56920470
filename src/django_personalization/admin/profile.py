"""People's tags and settings."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Final

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Case, F, QuerySet, When
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_personalization import tagging
from django_personalization.admin.inspector import InspectorMixin
from django_personalization.admin.pages import (
    LeavesWithPersonMixin,
    PersonalDataAdmin,
    PersonListFilter,
    note,
)
from django_personalization.admin.privacy import PersonPagesMixin
from django_personalization.choices import TAG_WEIGHTS, AuditAction, TagSource, TagState
from django_personalization.models import PersonalizationSettings, UserTag

if TYPE_CHECKING:
    _TagForm = forms.ModelForm[UserTag]
else:
    _TagForm = forms.ModelForm

# Picked tags are certain; evidence puts the others in the order of their confidence.
_BY_CONFIDENCE: Final = Case(
    When(source=TagSource.MANUAL, then=sys.float_info.max), default=F("evidence")
)

_DECISIONS: Final = ("user", "consent", "paused", "mode", "discovery", "created_at", "updated_at")


class UserTagForm(_TagForm):
    """What staff may change: as much as the person, no more.

    The fields remember what they were filled with: what the person said while the page was open
    is not taken back by a form that only had the old value in it.
    """

    weight = forms.TypedChoiceField(
        label=capfirst(_("weight")),
        coerce=float,
        choices=list(TAG_WEIGHTS.items()),
        show_hidden_initial=True,
    )
    state = forms.ChoiceField(
        label=capfirst(_("state")), choices=TagState.choices, show_hidden_initial=True
    )


@admin.register(UserTag)
class UserTagAdmin(InspectorMixin, PersonPagesMixin, LeavesWithPersonMixin, PersonalDataAdmin):
    """What people care about, picked by hand or inferred."""

    form = UserTagForm
    list_display = [
        "short_name",
        "person",
        "source",
        "confidence",
        "interaction_count",
        "weight_label",
        "state",
        "taxonomy",
    ]
    list_select_related = ["user", "taxonomy"]
    list_filter = ["source", "state", PersonListFilter]
    fields = [
        "user",
        "name",
        "taxonomy",
        "source",
        "confidence",
        "interaction_count",
        "weight",
        "state",
        "created_at",
        "updated_at",
    ]
    # All but weight and state: what a person is told about a tag is not for staff to make up.
    readonly_fields = [
        "user",
        "name",
        "taxonomy",
        "source",
        "confidence",
        "interaction_count",
        "created_at",
        "updated_at",
    ]
    actions = ["dismiss", "hide", "restore"]

    def title_of(self, row: UserTag) -> str:
        """Call a tag by its name."""
        return row.name

    @admin.display(description=_("name"), ordering="name")
    def short_name(self, tag: UserTag) -> str:
        """Show the name, which may be one long word, so that the list keeps its shape."""
        return Truncator(tag.name).chars(30)

    @admin.display(description=_("confidence now"), ordering=_BY_CONFIDENCE)
    def confidence(self, tag: UserTag) -> str:
        """Show the confidence of this moment, in whole per cent, rounded down."""
        # Rounded up, what was inferred would look as certain as what was picked.
        return f"{math.floor(tag.confidence_at(timezone.now()) * 100 + 1e-9)}%"

    @admin.display(description=_("weight"), ordering="weight")
    def weight_label(self, tag: UserTag) -> str | Promise:
        """Show the weight as people are shown it."""
        return TAG_WEIGHTS.get(tag.weight, f"{tag.weight:g}")

    def save_model(
        self, request: HttpRequest, obj: UserTag, form: UserTagForm, change: bool
    ) -> None:
        """Change what was changed in the form, through the door of tags."""
        said = {name: form.cleaned_data[name] for name in form.changed_data}
        if not said:
            return
        try:
            tagging.change(obj, weight=said.get("weight"), state=said.get("state"))
        except UserTag.DoesNotExist as error:
            raise Http404(_("This tag has meanwhile gone.")) from error
        note(request, AuditAction.CHANGE_TAGS, {obj.user_id: {"tags": 1}})

    @admin.action(description=_("Dismiss selected tags"), permissions=["change"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[UserTag]) -> None:
        """Remove tags for good: they are not inferred again."""
        count = self._change(request, queryset, TagState.DISMISSED)
        text = ngettext("%d tag was dismissed.", "%d tags were dismissed.", count)
        self.message_user(request, text % count)

    @admin.action(description=_("Hide what has the selected tags"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[UserTag]) -> None:
        """Keep content with these tags out."""
        count = self._change(request, queryset, TagState.HIDDEN)
        text = ngettext("%d tag was hidden.", "%d tags were hidden.", count)
        self.message_user(request, text % count)

    @admin.action(description=_("Restore selected tags"), permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[UserTag]) -> None:
        """Undo dismissing and hiding."""
        count = self._change(request, queryset, TagState.ACTIVE)
        text = ngettext("%d tag was restored.", "%d tags were restored.", count)
        self.message_user(request, text % count)

    def _change(self, request: HttpRequest, tags: QuerySet[UserTag], state: str) -> int:
        with transaction.atomic():
            counts = tagging.change_many_by_person(tags, state=state)
            people = {user_id: {"tags": count} for user_id, count in counts.items()}
            note(request, AuditAction.CHANGE_TAGS, people)
        return sum(counts.values())


@admin.register(PersonalizationSettings)
class PersonalizationSettingsAdmin(LeavesWithPersonMixin, PersonalDataAdmin):
    """What people have decided; staff may read it, and nobody decides for somebody else."""

    list_display = ["user", "consent", "paused", "mode", "discovery", "updated_at"]
    list_filter = ["consent", "paused", "mode", PersonListFilter]
    fields = _DECISIONS
    readonly_fields = _DECISIONS

    def title_of(self, row: PersonalizationSettings) -> str:
        """Say whose they are."""
        return str(row.user)

    def has_change_permission(
        self, request: HttpRequest, obj: PersonalizationSettings | None = None
    ) -> bool:
        """Refuse everybody."""
        return False
