"""The write door for activity: events come in, tags come out.

Nothing else stores what people do. Whether anything may be collected is decided here and nowhere
else, and the decision holds until what is stored has committed; what an event taught is stored
with it, so that it can be taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from django_personalization import scoring
from django_personalization.choices import Consent, Mode, TagSource, TagState
from django_personalization.conf import app_settings
from django_personalization.events import Event
from django_personalization.evidence import tags_fed_by, take_from
from django_personalization.exceptions import InvalidInput
from django_personalization.learning import TrackResult, store
from django_personalization.models import PersonalizationSettings, UserInteraction, UserTag
from django_personalization.popularity import Use, take_uses
from django_personalization.querysets import hold_person
from django_personalization.redaction import redacted
from django_personalization.upsert import announce_tags

__all__ = [
    "Event",
    "TrackResult",
    "refusal",
    "sends_gpc",
    "take_back",
    "take_back_many",
    "track",
    "track_many",
]

TAKE_BACK_BATCH: Final = 250

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


@redacted
def track(  # noqa: PLR0913 - a keyword for each field of an event
    user: AbstractBaseUser | AnonymousUser,
    interaction_type: str,
    *,
    metadata: Mapping[str, Any] | None = None,
    extracted_keywords: Sequence[str] = (),
    text: str = "",
    content: Model | None = None,
    event_id: str | None = None,
    occurred_at: datetime | None = None,
    gpc: bool = False,
) -> TrackResult:
    """Store what ``user`` did and learn from it.

    Keywords, the terms that ``text`` mentions (it is not stored) and those of registered
    ``content`` each raise one tag of the person by the weight of the type. ``gpc`` says that the
    person's browser sent ``Sec-GPC: 1``; see :func:`sends_gpc`. Never raises for people from whom
    nothing may be collected: the result says so. Raises :class:`InvalidInput` for wrong
    arguments, and then stores nothing.
    """
    event = Event(
        interaction_type,
        {} if metadata is None else metadata,
        extracted_keywords,
        text,
        content,
        event_id,
        occurred_at,
    )
    [result] = track_many(user, [event], gpc=gpc)
    if result.errors:
        raise InvalidInput(result.errors)
    return result


@redacted
def track_many(
    user: AbstractBaseUser | AnonymousUser, events: Sequence[Event], *, gpc: bool = False
) -> list[TrackResult]:
    """Track several events of one person, in a bounded number of queries.

    Returns one result for each event, in the same order; a wrong one is reported in its result's
    ``errors`` and does not keep the others from being stored. ``gpc`` is that of :func:`track`.
    """
    reason = refusal(user, gpc=gpc)
    if reason is not None:
        return [TrackResult(reason=reason) for _event in events]
    return track_allowed(user, events, gpc=gpc)


@redacted
def track_allowed(
    user: AbstractBaseUser | AnonymousUser, events: Sequence[Event], *, gpc: bool = False
) -> list[TrackResult]:
    """Do the same as :func:`track_many` for whom :func:`refusal` has just named no reason.

    For callers that ask before they make the events. It is asked again where the answer cannot
    change before the events are stored.
    """
    problems = [event.problems() for event in events]
    good = [event for event, wrong in zip(events, problems, strict=True) if not wrong]
    results = store(user.pk, good, partial(refusal, user, gpc=gpc))
    if results and results[0].reason is not None:
        return [results[0] for _event in events]
    stored = iter(results)
    return [TrackResult(errors=wrong) if wrong else next(stored) for wrong in problems]


def refusal(user: AbstractBaseUser | AnonymousUser, *, gpc: bool = False) -> str | None:
    """Return why nothing may be collected from ``user`` now, or ``None`` when it may.

    The first of these that is so: ``anonymous``; ``consent_denied``; ``consent_missing``, where
    ``REQUIRE_CONSENT`` asks for a yes; ``global_privacy_control``, where ``gpc`` is given and the
    person has not chosen; ``mode_none``, where no profile is wanted; ``paused``.
    """
    if user.pk is None:
        return "anonymous"
    choice = PersonalizationSettings.objects.filter(user=user.pk).first()
    choice = choice or PersonalizationSettings()
    return _without_consent(choice.consent, gpc=gpc) or _unwanted(choice)


def _without_consent(consent: str, *, gpc: bool) -> str | None:
    if consent == Consent.GRANTED:
        return None
    if consent != Consent.UNSET:  # a no, or what nobody can read as a yes
        return "consent_denied"
    if app_settings.require_consent:
        return "consent_missing"
    return "global_privacy_control" if gpc else None


def _unwanted(choice: PersonalizationSettings) -> str | None:
    if choice.mode == Mode.NONE:
        return "mode_none"
    return "paused" if choice.paused else None


def sends_gpc(request: HttpRequest) -> bool:
    """Tell whether the browser says ``Sec-GPC: 1`` (Global Privacy Control).

    Takes a request of Django or of REST framework.
    """
    values = str(request.META.get("HTTP_SEC_GPC", "")).split(",")
    return "1" in [value.strip() for value in values]


@redacted
def take_back(interaction: UserInteraction) -> None:
    """Delete an interaction together with what it taught.

    Its evidence leaves the tags that it fed, exactly; an inferred tag that nothing supports any
    more goes. Raises ``UserInteraction.DoesNotExist`` when it has already been deleted.
    """
    with transaction.atomic():
        row = UserInteraction.objects.select_for_update().get(pk=interaction.pk)
        _take_back([row])


@redacted
def take_back_many(interactions: QuerySet[UserInteraction]) -> int:
    """Delete interactions together with what they taught; return how many there were.

    The same as :func:`take_back`, for those of one person or of many, in about a dozen queries for
    every 250 of one person. These are a transaction: of a call that fails, a part has been done,
    and exactly.
    """
    found = interactions.order_by("user_id", "pk").values_list("user_id", "pk")
    deleted = 0
    for user_id, pairs in groupby(list(found), key=itemgetter(0)):
        pks = [pk for _user_id, pk in pairs]
        for start in range(0, len(pks), TAKE_BACK_BATCH):
            deleted += _take_back_of(user_id, pks[start : start + TAKE_BACK_BATCH])
    return deleted


def _take_back_of(user_id: Any, pks: Collection[int]) -> int:
    with transaction.atomic():
        # What erases a profile takes the person first, and then the interactions in any order.
        hold_person(user_id)
        rows = UserInteraction.objects.filter(pk__in=pks, user=user_id).order_by("pk")
        held = list(rows.defer("metadata", "extracted_keywords").select_for_update())
        _take_back(held)
    return len(held)


def _take_back(rows: Sequence[UserInteraction]) -> None:
    """Delete locked interactions of one person, with their evidence and their uses."""
    if not rows:
        return
    tags = tags_fed_by(rows, lock=True)
    _subtract(list(zip(rows, tags, strict=True)))
    UserInteraction.objects.filter(pk__in=[row.pk for row in rows]).delete()
    take_uses(_uses_of(rows))


def _uses_of(rows: Iterable[UserInteraction]) -> Iterator[Use]:
    """Yield what interactions gave to the popularity of what they were about."""
    for row in rows:
        if row.fed_weight and row.content_type_id is not None:
            amount = row.fed_weight * scoring.growth(row.created_at, app_settings.half_life_days)
            yield Use((row.content_type_id, row.object_id), amount)


def _subtract(fed: Sequence[tuple[UserInteraction, Sequence[UserTag]]]) -> None:
    """Take events' evidence from locked tags of one person and drop those that have none left."""
    now, changed = timezone.now(), {}
    for row, tags in fed:
        for tag in tags:
            take_from(tag, row, now)
            changed[tag.pk] = tag
    for tag in changed.values():
        tag.confidence_score = tag.confidence_at(now)
        tag.updated_at = now
    columns = ["evidence", "interaction_count", "confidence_score", "updated_at"]
    UserTag.objects.bulk_update(changed.values(), columns, batch_size=TAKE_BACK_BATCH)
    empty = [tag.pk for tag in changed.values() if _is_unsupported(tag)]
    UserTag.objects.filter(pk__in=empty).delete()
    if changed:
        announce_tags(fed[0][0].user_id, [tag.key for tag in changed.values()])


def _is_unsupported(tag: UserTag) -> bool:
    return (
        tag.interaction_count == 0
        and tag.source != TagSource.MANUAL
        and tag.state == TagState.ACTIVE
    )
