"""A person's activity: tracked, listed and taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Model
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from django_personalization import content, tracking
from django_personalization.events import Event
from django_personalization.models import UserInteraction
from django_personalization.rest.contract import ContractView
from django_personalization.rest.pagination import HISTORY_PARAMETERS, History
from django_personalization.rest.schema import describe
from django_personalization.rest.serializers import (
    InteractionCreateSerializer,
    InteractionListSerializer,
    InteractionResultsSerializer,
    NotStoredSerializer,
    UserInteractionSerializer,
)
from django_personalization.validation import not_among, shown

Errors = Mapping[str, Any]


class InteractionListView(ContractView):
    """The person's history, and new events."""

    @property
    def throttle_scope(self) -> str:  # type: ignore[override]
        """Tracking has a rate of its own."""
        return "tracking" if self.request.method == "POST" else "default"

    @describe(
        operation_id="interactions_list",
        parameters=HISTORY_PARAMETERS,
        responses={
            200: {
                "type": "object",
                "required": ["next", "previous", "results"],
                "properties": {
                    "next": {"type": "string", "nullable": True},
                    "previous": {"type": "string", "nullable": True},
                    "results": {
                        "type": "array",
                        "items": {"$ref": "#/components/schemas/UserInteraction"},
                    },
                },
            }
        },
    )
    def get(self, request: Request) -> Response:
        """Page through the person's own history, the latest first."""
        pages = History()
        rows = UserInteraction.objects.filter(user=self.person.pk)
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(UserInteractionSerializer(page, many=True).data)

    @describe(
        operation_id="interactions_create",
        request=InteractionCreateSerializer,
        responses={
            200: UserInteractionSerializer,
            201: UserInteractionSerializer,
            202: NotStoredSerializer,
        },
    )
    def post(self, request: Request) -> Response:
        """Track an event: 201; 200 with the first row for a known event_id; 202 without consent."""
        gpc = tracking.sends_gpc(request)
        # Before anything is looked at: nothing is learned from what is not to be collected.
        reason = tracking.refusal(self.person, gpc=gpc)
        if reason is not None:
            return _not_stored(reason)
        [event], [errors] = _events([request.data], self.person)
        if errors:
            raise ValidationError(errors)
        [result] = tracking.track_allowed(self.person, [event], gpc=gpc)
        if result.errors:
            raise ValidationError(result.errors)
        if result.reason is not None:
            return _not_stored(result.reason)
        data = UserInteractionSerializer(result.interaction).data
        return Response(data, status=201 if result.created else 200)


class InteractionBulkView(ContractView):
    """Many events at once."""

    throttle_scope = "tracking"

    @describe(
        operation_id="interactions_bulk",
        request=InteractionListSerializer,
        responses={200: InteractionResultsSerializer, 202: NotStoredSerializer},
    )
    def post(self, request: Request) -> Response:
        """Track up to 500 events; each has a result, and a wrong one does not stop the others."""
        gpc = tracking.sends_gpc(request)
        reason = tracking.refusal(self.person, gpc=gpc)
        if reason is not None:
            return _not_stored(reason)
        body = InteractionListSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        events, errors = _events(body.validated_data["interactions"], self.person)
        good = [event for event, wrong in zip(events, errors, strict=True) if not wrong]
        results = tracking.track_allowed(self.person, good, gpc=gpc)
        if results and results[0].reason is not None:
            return _not_stored(results[0].reason)
        stored = iter(results)
        rows = [_invalid(wrong) if wrong else _outcome(next(stored)) for wrong in errors]
        return Response({"results": rows})


class InteractionDetailView(ContractView):
    """One event."""

    @describe(operation_id="interactions_destroy", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete an event of the person's history; what it taught is taken back."""
        row = UserInteraction.objects.filter(user=self.person.pk, pk=pk).first()
        if row is None:
            raise Http404
        try:
            tracking.take_back(row)
        except UserInteraction.DoesNotExist as error:
            raise Http404 from error
        return Response(status=204)


def _not_stored(reason: str) -> Response:
    return Response({"stored": False, "reason": reason}, status=202)


def _outcome(result: tracking.TrackResult) -> dict[str, Any]:
    if result.errors:
        return _invalid(result.errors)
    status = "created" if result.created else "repeated"
    row = UserInteractionSerializer(result.interaction).data
    return {"status": status, "interaction": row, "problems": {}}


def _invalid(errors: Errors) -> dict[str, Any]:
    return {"status": "invalid", "interaction": None, "problems": errors}


def _events(rows: Sequence[Any], person: Any) -> tuple[list[Event], list[Errors]]:
    """Turn each row into an event and what is wrong with it; content is looked up together."""
    serializers = [InteractionCreateSerializer(data=row) for row in rows]
    errors: list[Errors] = [{} if row.is_valid() else row.errors for row in serializers]
    values = [{} if e else s.validated_data for s, e in zip(serializers, errors, strict=True)]
    references = [(v["content"]["type"], v["content"]["id"]) for v in values if v.get("content")]
    found = content.find_visible(references, person)
    events = []
    for index, value in enumerate(values):
        reference = value.pop("content", None)
        target = None if reference is None else _target(reference, found)
        if reference is not None and target is None:
            errors[index] = {"content": [_unknown(reference)]}
        events.append(_event(value, target))
    return events, errors


def _event(value: dict[str, Any], target: Model | None) -> Event:
    return Event(**{"interaction_type": "", **value}, content=target)


def _target(reference: Mapping[str, str], found: Mapping[tuple[str, str], Model]) -> Model | None:
    return found.get((reference["type"], reference["id"]))


def _unknown(reference: Mapping[str, str]) -> str:
    kind, pk = reference["type"], shown(reference["id"])
    if kind not in [declaration.label for declaration in content.registered()]:
        return not_among(shown(kind), [content.legal_labels()])
    return _("No %(type)s that you may see has the id %(id)s.") % {"type": kind, "id": pk}
