"""Reasons in JSON: what an item's place comes from, and the requests that change it."""

from __future__ import annotations

from typing import Any, get_args

from rest_framework import serializers

from django_personalization.affinity import Kind
from django_personalization.choices import TagSource
from django_personalization.conf import app_settings
from django_personalization.reasons import Evidence
from django_personalization.rest.schema import describe_field
from django_personalization.rest.serializers import Time


class InteractionTypeSerializer(serializers.Serializer[Any]):
    """A type of interactions."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class ReasonEvidenceSerializer(serializers.Serializer[Any]):
    """What one of the person's tags rests on."""

    tag = serializers.IntegerField(source="tag.pk")
    name = serializers.CharField(source="tag.name")
    count = serializers.IntegerField()
    last = Time(allow_null=True)
    kinds = serializers.SerializerMethodField()

    @describe_field(InteractionTypeSerializer(many=True))
    def get_kinds(self, evidence: Evidence) -> list[dict[str, str]]:
        types = app_settings.interaction_types
        return [
            {"code": code, "label": str(types[code].label) if code in types else code}
            for code in evidence.kinds
        ]


class ControlSerializer(serializers.Serializer[Any]):
    """A request that would change a reason."""

    action = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    method = serializers.ChoiceField(choices=["GET", "POST", "PATCH", "DELETE"])
    path = serializers.CharField(allow_null=True)
    body = serializers.DictField(allow_null=True)


class ReasonTagSerializer(serializers.Serializer[Any]):
    """The person's tag that a reason mostly comes from."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    source = serializers.ChoiceField(choices=TagSource.choices)  # type: ignore[assignment]
    weight = serializers.FloatField()


class ReasonSerializer(serializers.Serializer[Any]):
    """One of the terms whose contributions sum to the score."""

    text = serializers.CharField()
    term = serializers.CharField()
    taxonomy = serializers.IntegerField(source="taxonomy_id", allow_null=True)
    kind = serializers.ChoiceField(choices=get_args(Kind))
    contribution = serializers.FloatField()
    share = serializers.FloatField()
    tag = ReasonTagSerializer()
    evidence = ReasonEvidenceSerializer(many=True)
    controls = ControlSerializer(many=True)
