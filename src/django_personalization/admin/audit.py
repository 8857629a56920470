"""Who did what with people's data: to be read, by nobody to be written."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_personalization.admin.pages import (
    LeavesWithPersonMixin,
    PersonalDataAdmin,
    PersonListFilter,
    moment,
)
from django_personalization.models import AuditEntry

_FACTS: Final = ("created_at", "action", "person", "actor", "origin", "counts")


class AuditedPersonFilter(PersonListFilter):
    """What was done with the data of one person."""

    title = _("person")
    parameter_name = "person"


class ActorFilter(PersonListFilter):
    """What one member of staff did."""

    title = _("actor")
    parameter_name = "actor"


@admin.register(AuditEntry)
class AuditEntryAdmin(LeavesWithPersonMixin, PersonalDataAdmin):
    """The audit. An entry goes with the account of its person, and never before."""

    person_path = "person"
    list_display = ["action", "created_at", "about", "by", "origin", "amount"]
    list_select_related = ["person", "actor"]
    list_filter = ["action", "origin", "created_at", AuditedPersonFilter, ActorFilter]
    fields = _FACTS
    readonly_fields = _FACTS

    def title_of(self, row: AuditEntry) -> str:
        """Say what was done, and when."""
        return f"{row.get_action_display()} · {moment(row.created_at)}"

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Refuse everybody."""
        return False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show Django's page, which says that there is none: nobody changes an entry."""
        return admin.ModelAdmin.history_view(self, request, object_id, extra_context)

    @admin.display(description=_("person"), ordering="person_id")
    def about(self, entry: AuditEntry) -> str | Promise:
        """Link to all that was done with the same person's data."""
        return _link("person", entry.person_id, entry.person) or _("many people")

    @admin.display(description=_("actor"), ordering="actor_id")
    def by(self, entry: AuditEntry) -> str:
        """Link to all that the same member of staff did."""
        return _link("actor", entry.actor_id, entry.actor) or self.get_empty_value_display()

    @admin.display(description=_("counts"))
    def amount(self, entry: AuditEntry) -> str:
        """Show how many rows of each kind it was."""
        return ", ".join(f"{kind}: {count}" for kind, count in entry.counts.items())


def _link(parameter: str, pk: Any, somebody: Any) -> SafeString | None:
    if pk is None:
        return None
    return format_html('<a href="?{}">{}</a>', urlencode({parameter: pk}), somebody)
