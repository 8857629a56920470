"""What ordering depends on, how much, and how to change it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from django_personalization.parameters import ranking_parameters
from django_personalization.rest.schema import describe
from django_personalization.rest.taxonomies import VocabularyView


class RankingParameterSerializer(serializers.Serializer[Any]):
    """One thing on which the order depends."""

    code = serializers.CharField()
    text = serializers.CharField()
    importance = serializers.FloatField(allow_null=True, min_value=0, max_value=1)


class RankingControlSerializer(serializers.Serializer[Any]):
    """One way to change the order."""

    code = serializers.CharField()
    text = serializers.CharField()


class RankingParametersSerializer(serializers.Serializer[Any]):
    """What is ordered, what the order depends on, and how people change it."""

    intro = serializers.CharField()
    parameters = RankingParameterSerializer(many=True)
    controls = RankingControlSerializer(many=True)


class ParametersView(VocabularyView):
    """The main parameters of the ranking, which are the same for everybody."""

    @describe(operation_id="parameters_retrieve", responses=RankingParametersSerializer)
    def get(self, request: Request) -> Response:
        """Return sentences made from the live configuration, in the language of the request."""
        return Response(RankingParametersSerializer(ranking_parameters()).data)
