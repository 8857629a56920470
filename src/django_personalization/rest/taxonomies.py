"""The vocabulary, to be read."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_personalization.conf import app_settings
from django_personalization.models import Taxonomy, TaxonomyAlias
from django_personalization.querysets import TaxonomyQuerySet
from django_personalization.rest.contract import ContractView
from django_personalization.rest.pagination import OptionalPages
from django_personalization.rest.schema import Parameter, describe
from django_personalization.rest.serializers import TaxonomySerializer
from django_personalization.validation import name_problem, not_among, shown

MAX_WORDS = 10


class MayReadVocabulary(BasePermission):
    """Everybody where ``PUBLIC_TAXONOMIES`` says so, else people who are signed in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if app_settings.public_taxonomies:
            return True
        return IsAuthenticated().has_permission(request, view)


@method_decorator(conditional_page, name="dispatch")
class VocabularyView(ContractView):
    """What all views of the vocabulary share: the permission, and an ETag for each answer."""

    permission_classes = [MayReadVocabulary]

    def set_cache_headers(self, response: Any) -> None:
        patch_cache_control(response, private=True, no_cache=True)


class TaxonomyListView(VocabularyView):
    """Active taxonomies."""

    @describe(
        operation_id="taxonomies_list",
        parameters=[
            Parameter("category", str, description="Only this category, by its code."),
            Parameter("search", str, description="Words in the name, aliases or description."),
            Parameter("limit", int, description="Answer in pages of this size (1 to 500)."),
            Parameter("offset", int, description="Skip this many."),
        ],
        responses=TaxonomySerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List active taxonomies: an array, or a page where a limit or an offset is given."""
        rows = _filtered(request, Taxonomy.objects.active().in_category_order())
        pages = OptionalPages()
        page = pages.paginate_queryset(rows, request, view=self)
        if page is None:
            return Response(TaxonomySerializer(rows, many=True).data)
        return pages.get_paginated_response(TaxonomySerializer(page, many=True).data)


class TaxonomyDetailView(VocabularyView):
    """One active taxonomy."""

    @describe(operation_id="taxonomies_retrieve", responses=TaxonomySerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return one active taxonomy."""
        taxonomy = Taxonomy.objects.active().filter(pk=pk).first()
        if taxonomy is None:
            raise Http404
        return Response(TaxonomySerializer(taxonomy).data)


class TaxonomyByCategoryView(VocabularyView):
    """Active taxonomies, grouped."""

    @describe(
        operation_id="taxonomies_by_category",
        responses={
            200: {
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/Taxonomy"},
                },
            }
        },
    )
    def get(self, request: Request) -> Response:
        """Return a list for every category, in the order of the setting."""
        groups: dict[str, list[Any]] = {code: [] for code in app_settings.taxonomy_categories}
        rows = Taxonomy.objects.active().in_category_order()
        for row in TaxonomySerializer(rows, many=True).data:
            groups.setdefault(row["category"], []).append(row)
        return Response(groups)


def _filtered(request: Request, rows: TaxonomyQuerySet) -> TaxonomyQuerySet:
    category = request.query_params.get("category")
    if category:
        legal = app_settings.taxonomy_categories
        if category not in legal:
            raise ValidationError({"category": [not_among(shown(category), legal)]})
        rows = rows.filter(category=category)
    search = request.query_params.get("search", "").strip()
    return rows.filter(_mentions_all(search)) if search else rows


def _mentions_all(search: str) -> Q:
    problem = name_problem(search)
    words = search.split()
    if problem is None and len(words) > MAX_WORDS:
        counts = {"count": len(words), "most": MAX_WORDS}
        problem = _("Has %(count)d words; at most %(most)d are allowed.") % counts
    if problem is not None:
        raise ValidationError({"search": [problem]})
    return reduce(and_, map(_mentions, words))


def _mentions(word: str) -> Q:
    aliases = TaxonomyAlias.objects.filter(taxonomy=OuterRef("pk"), name__icontains=word)
    return Q(name__icontains=word) | Q(description__icontains=word) | Q(Exists(aliases))
