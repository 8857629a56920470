"""Housekeeping for inferred tags: the stored confidence follows time, faded tags go.

Nothing depends on it. What people see and how content is ordered is computed from the evidence
at the moment of asking; the stored column is for those who read the table itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.db import connections, transaction
from django.db.models import F, FloatField, Max, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest, Least, Power
from django.utils import timezone

from django_personalization import audit, scoring
from django_personalization.choices import AuditAction, AuditOrigin, TagSource, TagState
from django_personalization.conf import app_settings
from django_personalization.models import UserTag
from django_personalization.querysets import UserTagQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

FADED: Final = 0.02
"""Confidence below which an inferred tag is dropped."""

BATCH: Final = 1000


@dataclass(frozen=True)
class Refreshed:
    """How many inferred tags got their confidence of now, and how many had faded and went."""

    rewritten: int = 0
    dropped: int = 0


def refresh_confidence(
    *,
    now: datetime | None = None,
    batch_size: int = BATCH,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
    origin: str = AuditOrigin.COMMAND,
    actor: AbstractBaseUser | None = None,
) -> Refreshed:
    """Set the stored confidence of all inferred tags to that of ``now``; drop those that faded.

    A tag is dropped when it is active, nobody has weighed it and its confidence is below 0.02 and
    below ``MIN_CONFIDENCE``: its person has not said anything about it and does not see it.
    Batches of ``batch_size`` tags are transactions of their own, so that a run that was stopped
    has done a part and the next one does the rest. ``updated_at`` stays: for the person nothing
    has changed. With ``dry_run`` the tags are only counted. ``progress`` is called with the
    number of tags done so far and the number of all. Every run but a dry one is written into the
    audit, also where it found nothing or was stopped.
    """
    at = timezone.now() if now is None else now
    inferred = UserTag.objects.exclude(source=TagSource.MANUAL)
    total = inferred.count()
    if dry_run:
        dropped = _faded(inferred, at).count()
        return Refreshed(total - dropped, dropped)
    rewritten = dropped = done = 0
    try:
        for ids in _batches(inferred, batch_size):
            kept, gone = _refresh(inferred.filter(pk__in=ids), at)
            rewritten, dropped, done = rewritten + kept, dropped + gone, done + len(ids)
            if progress is not None:
                progress(min(done, total), total)
    finally:
        counts = {"rewritten": rewritten, "dropped": dropped}
        audit.record(AuditAction.REFRESH, actor=actor, origin=origin, person_counts={None: counts})
    return Refreshed(rewritten, dropped)


def _batches(tags: UserTagQuerySet, size: int) -> Iterator[list[int]]:
    """Yield the keys of the tags that are there now, ``size`` at a time."""
    last = tags.aggregate(last=Max("pk"))["last"]
    position = 0
    while last is not None and position < last:
        rest = tags.filter(pk__gt=position, pk__lte=last).order_by("pk")
        ids = list(rest.values_list("pk", flat=True)[:size])
        if not ids:
            return
        yield ids
        position = ids[-1]


def _refresh(tags: UserTagQuerySet, now: datetime) -> tuple[int, int]:
    """Refresh one batch; return how many tags were rewritten and stay, and how many went."""
    with transaction.atomic():
        held = _held(tags)
        written = held.update(confidence_score=_confidence_at(now))
        dropped = _faded(held, now).delete()[1].get(UserTag._meta.label, 0)
    return written - dropped, dropped


def _held(tags: UserTagQuerySet) -> UserTagQuerySet:
    """Lock the tags that nobody else is writing, and return those.

    Waiting for the others could become waiting for each other; whoever writes them makes their
    confidence that of now.
    """
    features = connections[tags.db].features
    if not features.has_select_for_update_skip_locked:
        return tags
    locked = tags.select_for_update(skip_locked=True).values_list("pk", flat=True)
    return tags.filter(pk__in=list(locked))


def _faded(tags: UserTagQuerySet, now: datetime) -> UserTagQuerySet:
    least = min(FADED, app_settings.min_confidence)
    evidence = scoring.evidence_for(least, now, app_settings.half_life_days)
    faded = Q(evidence__lt=evidence) | Q(evidence__lte=0)
    return tags.filter(faded, state=TagState.ACTIVE, weight=1.0)


def _confidence_at(now: datetime) -> Combinable:
    """Return :func:`scoring.confidence_at` as an SQL expression over the evidence."""
    growth = scoring.growth(now, app_settings.half_life_days)
    units = Greatest(F("evidence") / _number(growth), _number(0.0))
    halvings = Least(units, _number(scoring.MAX_UNITS)) / _number(-scoring.UNITS_PER_HALVING)
    return _number(1.0) - Power(_number(2.0), halvings)


def _number(value: float) -> Value:
    return Value(value, output_field=FloatField())
