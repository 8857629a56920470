"""What the admin's pages share: they stay quick, and they treat people's data with care."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_personalization.validation import name_problem

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class BoundedChangeList(ChangeList):
    """A list that finds its page among the keys, and reads and joins the rows of that page only.

    Far down a sorted list of 100,000 rows that is several times as fast.
    """

    def get_results(self, request: HttpRequest) -> None:
        """Load the rows of the page."""
        super().get_results(request)
        keys = list(self.result_list.values_list("pk", flat=True))
        self.result_list = list(self.queryset.filter(pk__in=keys))


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
        value = self.used_parameters.get("user")
        if value is None:
            return []
        try:
            return [(value, str(get_user_model()._base_manager.get(pk=value)))]
        except (ObjectDoesNotExist, ValidationError, ValueError) as error:
            raise IncorrectLookupParameters from error

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows of the person."""
        return queryset if self.value() is None else queryset.filter(user=self.value())


class PersonalDataAdmin(BoundedAdmin):
    """Rows about people. They come from the people themselves: nobody adds any here."""

    list_select_related = ["user"]
    ordering = ["-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse everybody."""
        return False

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
