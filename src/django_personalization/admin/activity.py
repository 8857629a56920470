"""What people did, to be read and to be taken back."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from django_personalization import tracking
from django_personalization.admin.pages import (
    PeopleChangeList,
    PersonalDataAdmin,
    PersonListFilter,
    moment,
    note,
)
from django_personalization.choices import AuditAction
from django_personalization.models import UserInteraction, UserTag

PREVIEWED: Final = 5
_PREVIEW_LENGTH: Final = 24
_FACTS: Final = (
    "user",
    "interaction_type",
    "created_at",
    "about",
    "extracted_keywords",
    "metadata",
    "taught",
    "event_id",
)


class InteractionChangeList(PeopleChangeList):
    """The list, without the columns that may hold much and are not shown."""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """Leave the large columns in the database."""
        return super().get_queryset(request, *args, **kwargs).defer("metadata", "fed_terms")


@admin.register(UserInteraction)
class UserInteractionAdmin(PersonalDataAdmin):
    """The history of activity: it is read here, never written.

    A deleted interaction takes the evidence that it gave with it.
    """

    list_display = ["interaction_type", "person", "created_at", "keywords", "about"]
    list_select_related = ["user", "content_type"]
    # The links of a date hierarchy would read every row; these filters read none.
    list_filter = ["interaction_type", "created_at", PersonListFilter]
    fields = _FACTS
    readonly_fields = _FACTS

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[InteractionChangeList]:
        """Return the class of the list."""
        return InteractionChangeList

    def has_change_permission(
        self, request: HttpRequest, obj: UserInteraction | None = None
    ) -> bool:
        """Refuse everybody: what happened stays as it happened."""
        return False

    def title_of(self, row: UserInteraction) -> str:
        """Say what was done, and when."""
        return f"{row.get_interaction_type_display()} · {moment(row.created_at)}"

    @admin.display(description=_("keywords"))
    def keywords(self, interaction: UserInteraction) -> str:
        """Show the first keywords, shortened."""
        words = interaction.extracted_keywords
        shown = [Truncator(word).chars(_PREVIEW_LENGTH) for word in words[:PREVIEWED]]
        return ", ".join(shown) + (" …" if len(words) > PREVIEWED else "")

    @admin.display(description=_("about"))
    def about(self, interaction: UserInteraction) -> str:
        """Name the host's object without loading it."""
        kind = interaction.content_type
        if kind is None:
            return self.get_empty_value_display()
        return f"{kind.name} {Truncator(interaction.object_id).chars(36)}"

    @admin.display(description=_("taught"))
    def taught(self, interaction: UserInteraction) -> str:
        """Name the tags that it raised, as they are called now, and by how much."""
        terms = [term for term in interaction.fed_terms.values() if term is not None]
        fed = Q(key__in=list(interaction.fed_terms)) | Q(taxonomy__in=terms)
        tags = UserTag.objects.filter(fed, user=interaction.user_id).order_by("name")
        names = ", ".join(tags.values_list("name", flat=True))
        return f"{names} (+{interaction.fed_weight:g})" if names else self.get_empty_value_display()

    def delete_model(self, request: HttpRequest, obj: UserInteraction) -> None:
        """Take the interaction back, with its evidence."""
        self._take_back(request, UserInteraction.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserInteraction]) -> None:
        """Take the interactions back, with their evidence."""
        self._take_back(request, queryset)

    def _take_back(self, request: HttpRequest, rows: QuerySet[UserInteraction]) -> None:
        """Do it for one person after another, each in a transaction with its note.

        Somebody else may have deleted some meanwhile, which is what was asked for.
        """
        people = rows.order_by("user_id").values_list("user_id", flat=True).distinct()
        for user_id in list(people):
            with transaction.atomic():
                count = tracking.take_back_many(rows.filter(user=user_id))
                counts = {user_id: {"interactions": count}} if count else {}
                note(request, AuditAction.DELETE_ACTIVITY, counts)
