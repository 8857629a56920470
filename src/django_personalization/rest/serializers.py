"""What rows look like in JSON, and the shapes in which clients send theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from django_personalization.choices import TAG_WEIGHTS, Consent, Mode, TagState
from django_personalization.events import MAX_EVENT_ID_LENGTH, MAX_KEYWORDS
from django_personalization.evidence import EventWorth
from django_personalization.models import (
    PersonalizationSettings,
    Taxonomy,
    UserInteraction,
    UserTag,
)
from django_personalization.preferences import MOST_DISCOVERY
from django_personalization.querysets import UserTagQuerySet
from django_personalization.rest.schema import describe_field
from django_personalization.validation import MAX_NAME_LENGTH, not_among, shown

MAX_IDS = 500
MAX_EVENTS = 500
_LARGEST_ID = 2**63 - 1
_DISCOVERY = (
    "How much of what is recommended should lie beyond the person's interests. It is stored; "
    "nothing in this version reads it, so that no order depends on it yet."
)


class Time(serializers.DateTimeField):
    """An ISO-8601 time, whatever format the host prefers; times beyond the calendar are wrong."""

    def __init__(self, **kwargs: Any) -> None:
        """Fix the formats."""
        super().__init__(format="iso-8601", input_formats=["iso-8601"], **kwargs)

    def to_internal_value(self, value: Any) -> Any:
        try:
            return super().to_internal_value(value)
        except OverflowError:
            self.fail("invalid", format="iso-8601")


class Id(serializers.IntegerField):
    """The key of a row: a whole number that fits into 64 bits."""

    def __init__(self, **kwargs: Any) -> None:
        """Fix the range."""
        super().__init__(min_value=1, max_value=_LARGEST_ID, **kwargs)


class TaxonomySerializer(serializers.ModelSerializer[Taxonomy]):
    """One term of the vocabulary."""

    category_display = serializers.CharField(source="get_category_display", read_only=True)

    class Meta:
        model = Taxonomy
        fields = [
            "id",
            "slug",
            "name",
            "category",
            "category_display",
            "description",
            "is_active",
            "parent",
        ]
        read_only_fields = fields


class UserTagSerializer(serializers.ModelSerializer[UserTag]):
    """One tag of a person; the confidence is that of this moment."""

    taxonomy_name = serializers.CharField(
        source="taxonomy.name", read_only=True, allow_null=True, default=None
    )
    taxonomy_category = serializers.CharField(
        source="taxonomy.category", read_only=True, allow_null=True, default=None
    )
    source_display = serializers.CharField(source="get_source_display", read_only=True)
    confidence_score = serializers.SerializerMethodField()
    created_at = Time(read_only=True)
    updated_at = Time(read_only=True)

    class Meta:
        model = UserTag
        fields = [
            "id",
            "name",
            "taxonomy",
            "taxonomy_name",
            "taxonomy_category",
            "source",
            "source_display",
            "confidence_score",
            "interaction_count",
            "weight",
            "state",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_confidence_score(self, tag: UserTag) -> float:
        return tag.confidence_at(timezone.now())


class ContentReferenceSerializer(serializers.Serializer[Any]):
    """A row of the host: ``{"type": "app.model", "id": …}``."""

    type = serializers.CharField(max_length=200)
    id = serializers.CharField(max_length=255, trim_whitespace=False)


def content_reference(row: UserInteraction) -> dict[str, str] | None:
    """Return what an event was about, as clients name it."""
    if row.content_type_id is None:
        return None
    kind = ContentType.objects.get_for_id(row.content_type_id)
    return {"type": f"{kind.app_label}.{kind.model}", "id": row.object_id}


class UserInteractionSerializer(serializers.ModelSerializer[UserInteraction]):
    """One tracked event."""

    interaction_type_display = serializers.CharField(
        source="get_interaction_type_display", read_only=True
    )
    metadata = serializers.DictField(read_only=True)
    extracted_keywords = serializers.ListField(child=serializers.CharField(), read_only=True)
    content = serializers.SerializerMethodField()
    created_at = Time(read_only=True)

    class Meta:
        model = UserInteraction
        fields = [
            "id",
            "interaction_type",
            "interaction_type_display",
            "metadata",
            "extracted_keywords",
            "content",
            "created_at",
        ]
        read_only_fields = fields

    @describe_field(ContentReferenceSerializer(allow_null=True))
    def get_content(self, row: UserInteraction) -> dict[str, str] | None:
        return content_reference(row)


class EvidenceSerializer(serializers.Serializer[Any]):
    """One event that fed a tag, and what it does for it."""

    id = serializers.IntegerField(source="interaction.pk", read_only=True)
    interaction_type = serializers.CharField(source="interaction.interaction_type", read_only=True)
    interaction_type_display = serializers.CharField(
        source="interaction.get_interaction_type_display", read_only=True
    )
    content = serializers.SerializerMethodField()
    about = serializers.SerializerMethodField()
    extracted_keywords = serializers.ListField(
        source="interaction.extracted_keywords", child=serializers.CharField(), read_only=True
    )
    created_at = Time(source="interaction.created_at", read_only=True)
    units = serializers.FloatField(read_only=True)
    adds = serializers.FloatField(read_only=True)

    @describe_field(ContentReferenceSerializer(allow_null=True))
    def get_content(self, row: EventWorth) -> dict[str, str] | None:
        return content_reference(row.interaction)

    def get_about(self, row: EventWorth) -> str | None:
        return None if row.about is None else str(row.about)


class EvidencePageSerializer(serializers.Serializer[Any]):
    """A page of events that fed a tag; for the description of the API."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = EvidenceSerializer(many=True)


class PersonalizationSettingsSerializer(serializers.ModelSerializer[PersonalizationSettings]):
    """What the person has decided."""

    class Meta:
        model = PersonalizationSettings
        fields = ["consent", "paused", "mode", "discovery"]
        read_only_fields = fields
        extra_kwargs = {"discovery": {"help_text": _DISCOVERY}}


class SettingsChangeSerializer(serializers.Serializer[Any]):
    """What a person may change about their settings."""

    consent = serializers.ChoiceField(required=False, choices=Consent.choices)
    paused = serializers.BooleanField(required=False)
    mode = serializers.ChoiceField(required=False, choices=Mode.choices)
    discovery = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_DISCOVERY, help_text=_DISCOVERY
    )


class UserPersonalizationSerializer(serializers.Serializer[Any]):
    """Everything a settings page needs, in one answer."""

    manual_tags = UserTagSerializer(many=True, read_only=True)
    auto_generated_tags = UserTagSerializer(many=True, read_only=True)
    available_taxonomies = TaxonomySerializer(many=True, read_only=True)
    total_interactions = serializers.IntegerField(read_only=True)
    settings = PersonalizationSettingsSerializer(read_only=True)


class Weight(serializers.FloatField):
    """Less, normal or more."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if value not in TAG_WEIGHTS:
            legal = [f"{weight:g}" for weight in TAG_WEIGHTS]
            raise serializers.ValidationError(not_among(shown(value), legal))
        return value


class TagCreateSerializer(serializers.Serializer[Any]):
    """A tag to pick or to hide: a term of the vocabulary by its id, or anything by its name."""

    taxonomy = Id(required=False)
    name = serializers.CharField(required=False, max_length=MAX_NAME_LENGTH)
    weight = Weight(required=False)
    state = serializers.ChoiceField(
        choices=[TagState.ACTIVE, TagState.HIDDEN], default=TagState.ACTIVE
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "taxonomy" not in attrs and "name" not in attrs:
            raise serializers.ValidationError({"taxonomy": [_("Give a name or a taxonomy.")]})
        return attrs


class TagChangeSerializer(serializers.Serializer[Any]):
    """What a person may change about a tag."""

    weight = Weight(required=False)
    state = serializers.ChoiceField(required=False, choices=TagState.choices)


class TaxonomyIdsSerializer(serializers.Serializer[Any]):
    """A set of terms."""

    taxonomy_ids = serializers.ListField(child=Id(), max_length=MAX_IDS)


class TagIdsSerializer(serializers.Serializer[Any]):
    """A set of tags."""

    tag_ids = serializers.ListField(child=Id(), max_length=MAX_IDS)


class DeletedSerializer(serializers.Serializer[Any]):
    """How many tags were removed."""

    deleted = serializers.IntegerField()


class InteractionCreateSerializer(serializers.Serializer[Any]):
    """An event as a client sends it; ``text`` is matched and not stored."""

    interaction_type = serializers.CharField(max_length=32)
    metadata = serializers.DictField(required=False)
    extracted_keywords = serializers.ListField(
        child=serializers.CharField(max_length=MAX_NAME_LENGTH),
        required=False,
        max_length=MAX_KEYWORDS,
    )
    text = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    content = ContentReferenceSerializer(required=False, allow_null=True)
    event_id = serializers.CharField(
        required=False, allow_null=True, max_length=MAX_EVENT_ID_LENGTH
    )
    occurred_at = Time(required=False, allow_null=True)


class InteractionListSerializer(serializers.Serializer[Any]):
    """Events to track together."""

    interactions = serializers.ListField(
        child=serializers.DictField(), max_length=MAX_EVENTS, allow_empty=False
    )


class NotStoredSerializer(serializers.Serializer[Any]):
    """The answer where nothing may be collected from the person."""

    stored = serializers.BooleanField()
    reason = serializers.CharField()


class InteractionResultSerializer(serializers.Serializer[Any]):
    """What became of one event of many."""

    status = serializers.ChoiceField(choices=["created", "repeated", "invalid"])
    interaction = UserInteractionSerializer(allow_null=True)
    problems = serializers.DictField()


class InteractionResultsSerializer(serializers.Serializer[Any]):
    """What became of each event, in the order in which they were sent."""

    results = InteractionResultSerializer(many=True)


def serialize_tags(tags: Sequence[UserTag] | UserTagQuerySet) -> Any:
    """Return tags as the API shows them."""
    return UserTagSerializer(tags, many=True).data
