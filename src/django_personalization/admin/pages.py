"""What the admin's pages share: they stay quick, and they treat people's data with care."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path, quote, unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_permission_codename, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from django_personalization import audit
from django_personalization.choices import AuditOrigin
from django_personalization.models import AuditEntry, UserInteraction, UserTag
from django_personalization.validation import name_problem

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

_FILTER_LOOKUPS: Final = ("", "__exact", "__isnull", "__isempty", "__gte", "__lt")
"""What Django's filters of a list put behind the path of their field."""
_DATE_LOOKUPS: Final = ("__year", "__month", "__day", "__gte", "__lt")


class BoundedChangeList(ChangeList):
    """A list that finds its page among the keys, and reads and joins the rows of that page only.

    Far down a sorted list of 100,000 rows that is several times as fast.
    """

    def get_results(self, request: HttpRequest) -> None:
        """Load the rows of the page."""
        super().get_results(request)
        keys = list(self.result_list.values_list("pk", flat=True))
        self.result_list = list(self.queryset.filter(pk__in=keys))


class PeopleChangeList(BoundedChangeList):
    """A list of rows about people, which are called there what they are."""

    def get_results(self, request: HttpRequest) -> None:
        """Name the rows of the page: who gets here may view them."""
        super().get_results(request)
        page = cast(PersonalDataAdmin, self.model_admin)
        for row in self.result_list:
            row.shown_as = page.title_of(row)


class BoundedAdmin(_ModelAdmin):
    """Pages whose cost does not grow with the number of rows, nor with what is searched for."""

    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the class of the list."""
        return BoundedChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find nothing for what cannot be in a name.

        A thousand words would be a thousand nested conditions, which SQLite refuses.
        """
        if search_term.strip() and name_problem(search_term) is not None:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)


class PersonListFilter(admin.SimpleListFilter):
    """The rows of one person: shown where a link asks for it, since people are never listed."""

    title = _("user")
    parameter_name = "user"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Offer the person whose rows are shown, so that the filter can be seen and left."""
        value = self.used_parameters.get(self.parameter_name)
        if value is None:
            return []
        try:
            return [(value, str(get_user_model()._base_manager.get(pk=value)))]
        except (ObjectDoesNotExist, ValidationError, ValueError) as error:
            raise IncorrectLookupParameters from error

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the person."""
        if self.value() is None:
            return queryset
        return queryset.filter(**{str(self.parameter_name): self.value()})


def may_see_person(request: HttpRequest) -> bool:
    """Whether the member of staff may view people's tags and history, and so take them along."""
    return _may(request, UserTag, "view", "change") and _may(
        request, UserInteraction, "view", "change"
    )


def may_erase_person(request: HttpRequest) -> bool:
    """Whether the member of staff may, besides, change tags and delete history."""
    changes = _may(request, UserTag, "change") and _may(request, UserInteraction, "delete")
    return may_see_person(request) and changes


def _may(request: HttpRequest, model: type[Model], *actions: str) -> bool:
    """Whether the member of staff has the permission for one of these."""
    meta = model._meta
    names = (get_permission_codename(action, meta) for action in actions)
    return any(request.user.has_perm(f"{meta.app_label}.{name}") for name in names)


def note(request: HttpRequest, action: str, person_counts: Mapping[Any, Mapping[str, int]]) -> None:
    """Write down what the signed-in member of staff did with people's data."""
    actor = cast(AbstractBaseUser, request.user)
    audit.record(action, actor=actor, origin=AuditOrigin.ADMIN, person_counts=person_counts)


def moment(time: datetime) -> str:
    """Return a time as the admin shows it."""
    return date_format(localtime(time), "DATETIME_FORMAT")


class PersonalDataAdmin(BoundedAdmin):
    """Rows about people. They come from the people themselves: nobody adds any here.

    They are not searched: who looks for words in them looks for people by what they care about.
    Neither by the address of a list, where Django takes any lookup of any column of the model.
    Changes are noted by the audit, which holds no data, and not by Django's log of the admin,
    which would keep the name of a tag after it has been erased.
    """

    list_select_related = ["user"]
    ordering = ["-pk"]
    search_fields = ()
    change_list_template = "admin/django_personalization/people_change_list.html"
    person_path = "user"

    def title_of(self, row: Any) -> str:
        """Say what a row is called, to those who may view it."""
        return str(row)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the class of the list."""
        return PeopleChangeList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the row of a page, with its name."""
        row = super().get_object(request, object_id, from_field)
        return None if row is None else self._named(request, row)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the rows that are to be deleted."""
        return super().get_deleted_objects([self._named(request, row) for row in objs], request)

    def _named(self, request: HttpRequest, row: Any) -> Any:
        if self.has_view_permission(request, row):
            row.shown_as = self.title_of(row)
        return row

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse everybody."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow what the filters of the list ask, and the rows of one person; nothing else."""
        asked = {self.person_path}
        for item in self.get_list_filter(request):
            asked.update(self._lookups_of(item))
        if self.date_hierarchy:
            asked.update(self.date_hierarchy + ending for ending in _DATE_LOOKUPS)
        return lookup in asked

    def _lookups_of(self, item: Any) -> Iterator[str]:
        """Yield the lookups of one member of ``list_filter``."""
        if isinstance(item, type) and issubclass(item, admin.SimpleListFilter):
            yield str(item.parameter_name)
        elif isinstance(item, (str, list, tuple)):
            path = item if isinstance(item, str) else item[0]
            yield from (path + ending for ending in _FILTER_LOOKUPS)
            target = getattr(get_fields_from_path(self.model, path)[-1], "target_field", None)
            if target is not None:
                yield f"{path}__{target.name}__exact"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Where one person's rows are listed, offer the page of all that is known about them."""
        person = request.GET.get(self.person_path)
        if person and may_see_person(request) and UserTag in self.admin_site._registry:
            name = "admin:django_personalization_usertag_person"
            address = reverse(name, args=[quote(person)], current_app=self.admin_site.name)
            extra_context = {**(extra_context or {}), "person_page": address}
        return super().changelist_view(request, extra_context)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Leave Django's log as it is."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Leave Django's log as it is."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to what the audit has about the person."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        if AuditEntry not in self.admin_site._registry:
            return super().history_view(request, object_id, extra_context)
        name = "admin:django_personalization_auditentry_changelist"
        address = reverse(name, current_app=self.admin_site.name)
        return HttpResponseRedirect(f"{address}?{urlencode({'person': row.user_id})}")

    @admin.display(description=_("user"), ordering="user_id")
    def person(self, row: Any) -> SafeString:
        """Link to all rows of the same person in this list."""
        return format_html('<a href="?{}">{}</a>', urlencode({"user": row.user_id}), row.user)


class LeavesWithPersonMixin(_ModelAdmin):
    """Rows that hold what a person decided: they are deleted with the person, not one by one.

    Without its row a removed tag would be inferred again, and a refused consent forgotten.
    """

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse on this model's own pages; an account is deleted with all that belongs to it."""
        match = request.resolver_match
        own_pages = f"{self.opts.app_label}_{self.opts.model_name}_"
        if match is not None and (match.url_name or "").startswith(own_pages):
            return False
        return super().has_delete_permission(request, obj)
