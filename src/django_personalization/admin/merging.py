"""Merging synonyms from the list of terms: choose the one that stays, look, and do it."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_personalization.choices import AuditOrigin
from django_personalization.exceptions import InvalidInput
from django_personalization.merging import MergePlan, merge_terms, plan_merge
from django_personalization.models import Taxonomy, UserTag

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

MOST_TERMS: Final = 20
MOST_ROWS: Final = 5_000
"""What a page may move; more is for the command, which has the time."""

_PAGE: Final = "admin/django_personalization/taxonomy/merge.html"
_RESULT: Final = "admin/django_personalization/taxonomy/merged.html"


class MergingMixin(_ModelAdmin):
    """Adds the action to the admin of terms: for who may change and delete them, and change tags.

    It changes people's tags, and the undo file that it hands out holds them.
    """

    def has_merge_permission(self, request: HttpRequest) -> bool:
        """Return whether all three permissions are there."""
        tags = request.user.has_perm(f"{self.opts.app_label}.change_usertag")
        return tags and self.has_change_permission(request) and self.has_delete_permission(request)

    @admin.action(description=gettext_lazy("Merge into one term…"), permissions=["merge"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Taxonomy]) -> TemplateResponse | None:
        """Ask which term stays, show what would be done, and do what has been looked at."""
        terms = list(queryset.order_by("name")[: MOST_TERMS + 1])
        if not 2 <= len(terms) <= MOST_TERMS:
            message = _("Select at least two terms to merge, and at most %d.") % MOST_TERMS
            self.message_user(request, message, messages.ERROR)
            return None
        for term, people in zip(terms, _people(terms), strict=True):
            term.people = people  # type: ignore[attr-defined]
        keep = _chosen(request, terms)
        plan = plan_merge(keep, [term for term in terms if term != keep])
        seen = request.POST.get("previewed") == str(keep.pk)
        if "merge" in request.POST and seen and not plan.problems and plan.rows <= MOST_ROWS:
            return self._merged(request, plan)
        return self._preview(request, terms, plan)

    def _preview(
        self, request: HttpRequest, terms: Sequence[Taxonomy], plan: MergePlan
    ) -> TemplateResponse:
        slugs = " ".join(term.slug for term in plan.merged)
        context = {
            "title": _("Merge terms"),
            "subtitle": None,
            "terms": terms,
            "plan": plan,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "most_rows": MOST_ROWS,
            "is_too_large": plan.rows > MOST_ROWS,
            "command": f"manage.py merge_taxonomies {plan.keep.slug} {slugs}",
        }
        return self._page(request, _PAGE, context)

    def _merged(self, request: HttpRequest, plan: MergePlan) -> TemplateResponse:
        undo = io.StringIO()
        context: dict[str, Any] = {"title": _("Merged terms"), "subtitle": None, "plan": plan}
        try:
            context["merged"] = merged = merge_terms(
                plan.keep,
                plan.merged,
                undo=undo,
                actor=request.user,  # type: ignore[arg-type]
                origin=AuditOrigin.ADMIN,
            )
        except InvalidInput as error:  # somebody deleted the term meanwhile
            context["problem"] = str(error)
        else:
            text = ngettext(
                "%(count)d term was merged into “%(term)s”.",
                "%(count)d terms were merged into “%(term)s”.",
                merged.terms,
            )
            self.message_user(request, text % {"count": merged.terms, "term": plan.keep})
        if undo.getvalue():
            content = b64encode(undo.getvalue().encode()).decode()
            context["undo"] = f"data:application/octet-stream;base64,{content}"
            context["undo_name"] = f"merge-into-{plan.keep.slug}.undo.jsonl"
        return self._page(request, _RESULT, context)

    def _page(
        self, request: HttpRequest, template: str, context: dict[str, Any]
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        shared = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**shared, "opts": self.opts, **context})


def _people(terms: Sequence[Taxonomy]) -> list[int]:
    """Return how many people have each term, in whatever way."""
    tags = UserTag.objects.filter(taxonomy__in=terms).order_by()
    counts = dict(tags.values_list("taxonomy").annotate(Count("pk")))
    return [counts.get(term.pk, 0) for term in terms]


def _chosen(request: HttpRequest, terms: Sequence[Taxonomy]) -> Taxonomy:
    """Return the term that is to stay: the one that was chosen, or the one that most people have.

    An inactive term is proposed only where there is no other.
    """
    by_key = {str(term.pk): term for term in terms}
    proposed = max(terms, key=lambda term: (term.is_active, term.people))  # type: ignore[attr-defined]
    return by_key.get(request.POST.get("keep", ""), proposed)
