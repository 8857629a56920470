"""What to show the person of one kind of the host's content."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from django_personalization.content import Content, content_named, legal_labels
from django_personalization.exceptions import InvalidInput
from django_personalization.recommendations import Recommendation, recommend
from django_personalization.rest.contract import ContractView
from django_personalization.rest.explanations import ReasonSerializer
from django_personalization.rest.pagination import whole_number
from django_personalization.rest.schema import Parameter, describe

MOST = 100
_USUAL = 20


class RecommendationSerializer(serializers.Serializer[Any]):
    """An item of the host's, its score and where that comes from."""

    type = serializers.CharField(source="obj._meta.label_lower")
    id = serializers.CharField(source="obj.pk")
    title = serializers.CharField(source="obj")
    url = serializers.SerializerMethodField()
    score = serializers.FloatField()
    reasons = ReasonSerializer(many=True, source="explanation.reasons")

    def get_url(self, recommendation: Recommendation) -> str | None:
        return url_of(recommendation.obj)


class RecommendationListView(ContractView):
    """The most relevant items of one model."""

    @describe(
        operation_id="recommendations_list",
        parameters=[
            Parameter("model", str, required=True, description="As app_label.model_name."),
            Parameter("limit", int, description=f"How many (1 to {MOST}); by default {_USUAL}."),
        ],
        responses=RecommendationSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List what the person may see of a registered model, the most relevant first, and why."""
        content = _asked_for(request)
        limit = whole_number(request, "limit", 1, MOST, _USUAL)
        found = recommend(content.model, self.person, limit=limit)
        return Response(RecommendationSerializer(found, many=True).data)


def url_of(obj: Model) -> str | None:
    """Return where the host shows ``obj``, if it says so."""
    absolute_url = getattr(obj, "get_absolute_url", None)
    try:
        return None if absolute_url is None else str(absolute_url())
    except NoReverseMatch:  # a row without what its address is made of
        return None


def _asked_for(request: Request) -> Content:
    label = request.query_params.get("model")
    if label is None:
        message = _("This parameter is required. It is one of: %s.") % legal_labels()
        raise InvalidInput({"model": [message]})
    return content_named(label)
