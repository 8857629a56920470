"""Everything a settings page needs, in one answer."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from django_personalization.models import (
    PersonalizationSettings,
    Taxonomy,
    UserInteraction,
    UserTag,
)
from django_personalization.rest.contract import ContractView
from django_personalization.rest.schema import describe
from django_personalization.rest.serializers import UserPersonalizationSerializer


class PersonalizationView(ContractView):
    """The person's profile."""

    @describe(operation_id="personalization_retrieve", responses=UserPersonalizationSerializer)
    def get(self, request: Request) -> Response:
        """Return the person's tags, the vocabulary, the number of interactions and settings."""
        tags = UserTag.objects.of(self.person).with_taxonomies()
        choices = PersonalizationSettings.objects.filter(user=self.person.pk).first()
        profile = {
            "manual_tags": tags.manual(),
            "auto_generated_tags": tags.inferred(timezone.now()),
            "available_taxonomies": Taxonomy.objects.active().in_category_order(),
            "total_interactions": UserInteraction.objects.filter(user=self.person.pk).count(),
            "settings": choices or PersonalizationSettings(),
        }
        return Response(UserPersonalizationSerializer(profile).data)
