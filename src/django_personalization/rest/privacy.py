"""A person's right to their data: export, erasure and a new start."""

from __future__ import annotations

from typing import Any, cast

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from django_personalization import preferences, privacy
from django_personalization.exceptions import InvalidInput
from django_personalization.personal_data import registered_personal_data
from django_personalization.rest.contract import ContractView
from django_personalization.rest.schema import describe

_ROWS = {"type": "array", "items": {"type": "object"}}
EXPORT_SCHEMA = {
    "type": "object",
    "properties": {
        "format": {"type": "string"},
        "version": {"type": "integer"},
        "exported_at": {"type": "string", "format": "date-time"},
        **{data.name: _ROWS for data in registered_personal_data()},
    },
}
EXPORT_SCHEMA["required"] = list(EXPORT_SCHEMA["properties"])


def deleted_schema(*names: str) -> dict[str, Any]:
    """Return the shape of ``{"deleted": {name: count}}``."""
    counts = {
        "type": "object",
        "required": list(names),
        "properties": {name: {"type": "integer"} for name in names},
    }
    return {"type": "object", "required": ["deleted"], "properties": {"deleted": counts}}


class ExportView(ContractView):
    """All of a person's data as a file."""

    throttle_scope = "export"

    @describe(operation_id="personalization_export", responses={200: EXPORT_SCHEMA})
    def get(self, request: Request) -> StreamingHttpResponse:
        """Send every row that concerns the person, marked provided, observed or inferred."""
        return privacy.export_response(request._request, self.person)


class ResetView(ContractView):
    """A new start."""

    throttle_scope = "erase"

    @describe(
        operation_id="personalization_reset",
        request=None,
        responses={200: deleted_schema("tags", "interactions")},
    )
    def post(self, request: Request) -> Response:
        """Forget what was observed and inferred; what the person said stays."""
        refuse_body(request)
        return Response({"deleted": privacy.reset_profile(self.person)})


def asks_to_refuse(request: Request) -> bool:
    """Whether an erasure is to leave a denied consent behind; any other field is refused."""
    fields = cast(dict[str, Any], request.data)
    problems = preferences.refusal_problems(fields)
    if problems:
        raise InvalidInput(problems)
    return bool(fields)


def refuse_body(request: Request) -> None:
    """Refuse any field: who sends one expects something else than what the route does."""
    if request.data:
        raise ValidationError({"non_field_errors": [_("This request takes no fields.")]})
