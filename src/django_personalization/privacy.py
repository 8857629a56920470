"""A person's right to their data: all of it to take along, to erase, or to start anew without.

Views, the admin and commands call these functions. Which tables there are is known to
:mod:`django_personalization.personal_data` alone.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timezone
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Case, Q, Value, When
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.timezone import now

from django_personalization import audit
from django_personalization.choices import AuditAction, Consent, TagSource, TagState
from django_personalization.models import UserInteraction, UserTag
from django_personalization.personal_data import PersonalData, registered_personal_data
from django_personalization.preferences import store_settings
from django_personalization.querysets import UserTagQuerySet, hold_person
from django_personalization.redaction import redacted, redacting
from django_personalization.upsert import announce_tags

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

FORMAT: Final = "django-personalization"
VERSION: Final = 1
FILE_NAME: Final = "personalization.json"


def export_profile(
    user: AbstractBaseUser,
    *,
    indent: bool = False,
    origin: str | None = None,
    actor: AbstractBaseUser | None = None,
) -> Iterator[str]:
    """Yield one JSON document of every row that concerns ``user``, in pieces.

    Each row says whether it was provided, observed or inferred. Memory is bounded whatever the
    number of rows: some hundred are read at a time, by queries of their own, so that what changes
    meanwhile may be in one part and not yet in another. The document is whole when its last
    character has been yielded, and is no JSON before.

    Where somebody else than the person takes it, ``origin`` says by which way (an
    :class:`~django_personalization.choices.AuditOrigin`) and ``actor`` who; both are recorded.
    """
    if origin is not None:
        _record(AuditAction.EXPORT, user, count_profile(user), origin, actor)
    head = {"format": FORMAT, "version": VERSION, "exported_at": now()}
    yield "{" + ", ".join(f"{_encoded(key)}: {_encoded(value)}" for key, value in head.items())
    for data in registered_personal_data():
        yield f",\n{_encoded(data.name)}: ["
        with redacting():
            yield from _items(data, user.pk, indent=indent)
        yield "]"
    yield "}\n"


def export_response(
    request: HttpRequest,
    user: AbstractBaseUser,
    *,
    origin: str | None = None,
    actor: AbstractBaseUser | None = None,
) -> StreamingHttpResponse:
    """Return :func:`export_profile` as a file for a browser, streamed, that nobody may cache.

    ``request`` is Django's: a server that is asynchronous streams, too. What fails at once is
    raised here; what fails later breaks the connection off, and what has arrived is no JSON.
    """
    chunks = export_profile(user, origin=origin, actor=actor)
    begun = chain([next(chunks), next(chunks)], chunks)
    return StreamingHttpResponse(
        _one_by_one(begun) if isinstance(request, ASGIRequest) else begun,
        content_type="application/json",
        headers={
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'attachment; filename="{FILE_NAME}"',
        },
    )


async def _one_by_one(chunks: Iterator[str]) -> AsyncIterator[str]:
    """Yield what the database gives, in the thread that may ask it; Django would collect it all."""

    def following() -> str | None:
        return next(chunks, None)

    while (chunk := await sync_to_async(following)()) is not None:
        yield chunk


def count_profile(*people: AbstractBaseUser) -> dict[str, int]:
    """Return how many rows of each kind are these people's. One query for each kind."""
    keys = [person.pk for person in people]
    return {data.name: data.rows(*keys).count() for data in registered_personal_data()}


@redacted
def erase_profile(
    user: AbstractBaseUser,
    *,
    refuse: bool = False,
    origin: str | None = None,
    actor: AbstractBaseUser | None = None,
) -> dict[str, int]:
    """Erase all that is known about ``user``; return how many rows of each kind there were.

    Everything goes, or nothing: tags, also those removed and hidden, the history and what the
    person decided, a refused consent included. An event that is under way comes before and goes
    too, or after and is stored whole. With ``refuse`` a denied consent is left behind, in the same
    transaction, so that nothing is stored after it. The audit stays until the account is deleted:
    it says who worked with the person's data and holds none of it. ``origin`` and ``actor`` are
    those of :func:`export_profile`.
    """
    with transaction.atomic():
        hold_person(user.pk, exclusive=True)
        keys = list(UserTag.objects.of(user).values_list("key", flat=True))
        erased = [data for data in registered_personal_data() if data.erased]
        counts = {data.name: data.erase(user.pk) for data in reversed(erased)}
        if refuse and user.pk is not None:
            store_settings(user, consent=Consent.DENIED)
        _announce(user, keys)
        if origin is not None:
            _record(AuditAction.ERASE, user, counts, origin, actor)
    return counts


@redacted
def reset_profile(
    user: AbstractBaseUser,
    *,
    origin: str | None = None,
    actor: AbstractBaseUser | None = None,
) -> dict[str, int]:
    """Forget what was observed and inferred about ``user``; return how many rows of each went.

    What the person said stays: picked, removed and hidden tags, without any evidence, and the
    settings. Atomic in the same way as :func:`erase_profile`. ``origin`` and ``actor`` are those
    of :func:`export_profile`.
    """
    with transaction.atomic():
        hold_person(user.pk, exclusive=True)
        deleted = UserInteraction.objects.filter(user=user.pk).delete()[1]
        tags = UserTag.objects.of(user)
        # In the order of their keys, as every writer of a person's tags locks them.
        list(tags.order_by("key").select_for_update().values_list("pk"))
        forgotten = tags.exclude(source=TagSource.MANUAL).filter(state=TagState.ACTIVE)
        keys = list(forgotten.values_list("key", flat=True))
        forgotten.delete()
        _announce(user, [*keys, *_take_all_evidence(tags)])
        counts = {
            "tags": len(keys),
            "interactions": deleted.get(UserInteraction._meta.label, 0),
        }
        if origin is not None:
            _record(AuditAction.RESET, user, counts, origin, actor)
    return counts


def _take_all_evidence(tags: UserTagQuerySet) -> list[str]:
    """Leave ``tags`` with what the person said about them only; return the keys of the changed."""
    fed = tags.filter(Q(evidence__gt=0) | Q(interaction_count__gt=0))
    keys = list(fed.values_list("key", flat=True))
    fed.update(
        evidence=0.0,
        interaction_count=0,
        confidence_score=Case(When(source=TagSource.MANUAL, then=Value(1.0)), default=Value(0.0)),
        updated_at=now(),
    )
    return keys


def _record(
    action: AuditAction,
    user: AbstractBaseUser,
    counts: Mapping[str, int],
    origin: str,
    actor: AbstractBaseUser | None,
) -> None:
    audit.record(action, actor=actor, origin=origin, person_counts={user.pk: counts})


def _announce(user: AbstractBaseUser, keys: list[str]) -> None:
    if keys:
        announce_tags(user.pk, keys)


def _items(data: PersonalData, user_id: Any, *, indent: bool) -> Iterator[str]:
    """Yield the rows of one kind as the inside of a JSON array."""
    is_first = True
    for text in _texts(data, user_id, indent=indent):
        yield ("\n" if is_first else ",\n") + text
        is_first = False
    if not is_first:
        yield "\n"


def _texts(data: PersonalData, user_id: Any, *, indent: bool) -> Iterator[str]:
    """Yield the rows of each batch as JSON, with commas between."""
    for rows in data.export(user_id):
        yield ",\n".join(_encoded(row, indent=2 if indent else None) for row in rows)


class _Encoder(DjangoJSONEncoder):
    """Django's, but for times: they are the stored ones, not cut to milliseconds."""

    def default(self, o: Any) -> Any:
        if isinstance(o, datetime):
            return o.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
        return super().default(o)


def _encoded(value: Any, *, indent: int | None = None) -> str:
    return json.dumps(value, cls=_Encoder, ensure_ascii=False, allow_nan=False, indent=indent)
