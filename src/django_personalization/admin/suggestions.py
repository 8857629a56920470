"""Relations that suggest themselves, for staff to accept or to reject."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_personalization.admin.pages import BoundedAdmin
from django_personalization.choices import SuggestionStatus
from django_personalization.models import RelationSuggestion
from django_personalization.suggesting import (
    accept_suggestions,
    reject_suggestions,
    reopen_suggestions,
)


class StatusFilter(admin.SimpleListFilter):
    """By what staff have said; what waits is shown where nothing is chosen."""

    title = _("status")
    parameter_name = "status"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[RelationSuggestion]
    ) -> list[tuple[str, str]]:
        """Offer every status, and all of them together."""
        labels = [(value, str(label)) for value, label in SuggestionStatus.choices]
        return [*labels, ("all", str(_("All")))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Leave out the choice of nothing, which is that of what waits."""
        for choice in list(super().choices(changelist))[1:]:
            waits = choice["query_string"].endswith(f"={SuggestionStatus.OPEN.value}")
            choice["selected"] = choice["selected"] or (self.value() is None and waits)
            yield choice

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RelationSuggestion]
    ) -> QuerySet[RelationSuggestion]:
        """Keep the suggestions of the status."""
        value = self.value() or SuggestionStatus.OPEN
        return queryset if value == "all" else queryset.filter(status=value)


@admin.register(RelationSuggestion)
class RelationSuggestionAdmin(BoundedAdmin):
    """Terms that are often together. Accepting relates them; nothing is related by itself.

    They come from ``suggest_relations``. A rejected one stays, so that it is not made again.
    """

    list_display = ["pair", "score_now", "people_support", "item_support", "status"]
    list_display_links = None
    list_select_related = ["source", "target"]
    list_filter = [StatusFilter]
    search_fields = ["source__name", "target__name"]
    search_help_text = _("Searches the names of both terms.")
    ordering = ["-score", "pk"]
    actions = ["accept", "reject", "reopen"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse everybody: suggestions are counted."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse on these pages: what was rejected must not come back; terms take theirs along."""
        match = request.resolver_match
        own_pages = f"{self.opts.app_label}_{self.opts.model_name}_"
        if match is not None and (match.url_name or "").startswith(own_pages):
            return False
        return super().has_delete_permission(request, obj)

    def has_change_permission(
        self, request: HttpRequest, obj: RelationSuggestion | None = None
    ) -> bool:
        """Refuse everybody: one decides by the actions."""
        return False

    def has_relate_permission(self, request: HttpRequest) -> bool:
        """Return whether one may decide: accepting makes a relation."""
        names = ("change_relationsuggestion", "add_taxonomyrelation")
        return request.user.has_perms([f"{self.opts.app_label}.{name}" for name in names])

    @admin.display(description=_("terms"), ordering="source__name")
    def pair(self, suggestion: RelationSuggestion) -> str:
        """Name both terms."""
        return str(suggestion)

    @admin.display(description=_("score"), ordering="score")
    def score_now(self, suggestion: RelationSuggestion) -> str:
        """Show the score, which becomes the weight of the relation."""
        return f"{suggestion.score:.2f}"

    @admin.action(description=_("Accept selected suggestions"), permissions=["relate"])
    def accept(self, request: HttpRequest, queryset: QuerySet[RelationSuggestion]) -> None:
        """Relate the terms."""
        count = accept_suggestions(queryset)
        text = ngettext("%d relation was made.", "%d relations were made.", count)
        self.message_user(request, text % count)

    @admin.action(description=_("Reject selected suggestions"), permissions=["relate"])
    def reject(self, request: HttpRequest, queryset: QuerySet[RelationSuggestion]) -> None:
        """Say no for good."""
        count = reject_suggestions(queryset)
        text = ngettext("%d suggestion was rejected.", "%d suggestions were rejected.", count)
        self.message_user(request, text % count)

    @admin.action(description=_("Reopen rejected suggestions"), permissions=["relate"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[RelationSuggestion]) -> None:
        """Take a no back."""
        count = reopen_suggestions(queryset)
        text = ngettext("%d suggestion waits again.", "%d suggestions wait again.", count)
        self.message_user(request, text % count)
