"""What the person decides: consent, pause, mode and discovery."""

from __future__ import annotations

from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from django_personalization import preferences
from django_personalization.exceptions import InvalidInput
from django_personalization.rest.contract import ContractView
from django_personalization.rest.privacy import refuse_body
from django_personalization.rest.schema import describe
from django_personalization.rest.serializers import (
    PersonalizationSettingsSerializer,
    SettingsChangeSerializer,
)


class SettingsView(ContractView):
    """The person's decisions."""

    @describe(operation_id="settings_retrieve", responses=PersonalizationSettingsSerializer)
    def get(self, request: Request) -> Response:
        """Return what the person has decided, or the defaults."""
        settings = preferences.settings_of(self.person)
        return Response(PersonalizationSettingsSerializer(settings).data)

    @describe(
        operation_id="settings_partial_update",
        request=SettingsChangeSerializer,
        responses=PersonalizationSettingsSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Change some or all of it, or nothing where anything in the request is wrong."""
        # Not by the fields of the serializer, which take "yes" for true and 50.0 for 50.
        changes = cast(dict[str, Any], request.data)
        errors = preferences.change_problems(changes)
        if errors:
            raise InvalidInput(errors)
        settings = preferences.change_settings(self.person, **changes)
        return Response(PersonalizationSettingsSerializer(settings).data)


class SettingsResetView(ContractView):
    """Back to the beginning."""

    @describe(
        operation_id="settings_reset", request=None, responses=PersonalizationSettingsSerializer
    )
    def post(self, request: Request) -> Response:
        """Give all four their defaults; consent is then as if nobody had been asked."""
        refuse_body(request)
        settings = preferences.reset_settings(self.person)
        return Response(PersonalizationSettingsSerializer(settings).data)
