"""Everything a settings page needs, in one answer."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from django_personalization import privacy
from django_personalization.choices import Consent
from django_personalization.models import Taxonomy, UserInteraction
from django_personalization.preferences import settings_of
from django_personalization.profiles import profile_of
from django_personalization.rest.contract import ContractView
from django_personalization.rest.privacy import asks_to_refuse, deleted_schema
from django_personalization.rest.schema import describe
from django_personalization.rest.serializers import UserPersonalizationSerializer

_ERASED = deleted_schema("tags", "interactions", "settings")
_ERASED["required"].append("consent")
_ERASED["properties"]["consent"] = {"type": "string", "enum": [Consent.UNSET, Consent.DENIED]}


class PersonalizationView(ContractView):
    """The person's profile."""

    @property
    def throttle_scope(self) -> str:  # type: ignore[override]
        """Erasing has a rate of its own."""
        return "erase" if self.request.method == "DELETE" else "default"

    @describe(operation_id="personalization_retrieve", responses=UserPersonalizationSerializer)
    def get(self, request: Request) -> Response:
        """Return the tags in use, the vocabulary, the number of interactions and settings."""
        profile = profile_of(self.person)
        answer = {
            "manual_tags": profile.picked,
            "auto_generated_tags": profile.inferred,
            "available_taxonomies": Taxonomy.objects.active().in_category_order(),
            "total_interactions": UserInteraction.objects.filter(user=self.person.pk).count(),
            "settings": settings_of(self.person),
        }
        return Response(UserPersonalizationSerializer(answer).data)

    @describe(
        operation_id="personalization_destroy",
        request=None,
        responses={200: _ERASED},
    )
    def delete(self, request: Request) -> Response:
        """Erase all that is known about the person, and return how much it was.

        The body may be {"consent": "denied"} and nothing else: a denied consent is then left
        behind, so that nothing is collected any more. The answer has the consent as it is now.
        """
        refuse = asks_to_refuse(request)
        deleted = privacy.erase_profile(self.person, refuse=refuse)
        consent = Consent.DENIED if refuse else Consent.UNSET
        return Response({"deleted": deleted, "consent": consent})
