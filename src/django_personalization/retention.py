"""How long activity is kept: what is older goes, and what it taught stays unless it is to go, too.

Nothing is deleted by itself: a host runs ``manage.py prune_interactions`` every day or week.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import connections, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from django_personalization import audit
from django_personalization.choices import AuditAction, AuditOrigin
from django_personalization.conf import app_settings
from django_personalization.exceptions import InvalidInput
from django_personalization.models import AuditEntry, UserInteraction
from django_personalization.tracking import take_back_many
from django_personalization.validation import shown

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

BATCH: Final = 1000
MOST_DAYS: Final = 36525


def prune_interactions(
    *,
    days: float | None = None,
    now: datetime | None = None,
    forget: bool = False,
    batch_size: int = BATCH,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
    origin: str = AuditOrigin.COMMAND,
    actor: AbstractBaseUser | None = None,
) -> int:
    """Delete the interactions that are older than ``days`` at ``now``; return how many there were.

    Without ``days`` it is ``INTERACTION_RETENTION_DAYS``. The tags that they fed stay as they are;
    with ``forget`` their evidence is taken back, as
    :func:`~django_personalization.tracking.take_back` does. Batches of ``batch_size`` are
    transactions of their own: a run that was stopped has done a part, and the next one does the
    rest. With ``dry_run`` they are only counted. ``progress`` is called with the number done so
    far and the number of all. Every run but a dry one is written into the audit, also where it
    found nothing or was stopped. Raises :class:`InvalidInput` for a period that is none, and where
    activity is kept without limit.
    """
    cutoff = (timezone.now() if now is None else now) - timedelta(days=_days(days))
    old = UserInteraction.objects.filter(created_at__lt=cutoff)
    total = old.count()
    if dry_run:
        return total
    done = 0
    try:
        for count in _forgotten(old, batch_size) if forget else _removed(old, batch_size):
            done += count
            if progress is not None:
                progress(min(done, total), total)
    finally:
        counts = {"interactions": done, **({"taken_back": done} if forget else {})}
        audit.record(AuditAction.PRUNE, actor=actor, origin=origin, person_counts={None: counts})
    return done


def was_never_pruned(now: datetime | None = None) -> bool:
    """Tell whether there is activity that is too old at ``now``, and nobody has ever pruned.

    Of the activity only the rows that were stored first are asked: any other question would read
    the whole table.
    """
    if AuditEntry.objects.filter(person=None, action=AuditAction.PRUNE).exists():
        return False
    cutoff = (timezone.now() if now is None else now) - timedelta(days=_days(None))
    first = UserInteraction.objects.order_by("pk").values_list("created_at", flat=True)
    return any(at < cutoff for at in first[:BATCH])


def _days(days: float | None) -> float:
    period = app_settings.interaction_retention_days if days is None else days
    if period is None:
        message = _("INTERACTION_RETENTION_DAYS is None: activity is kept without limit.")
        raise InvalidInput({"days": [message]})
    if not (math.isfinite(period) and 0 < period <= MOST_DAYS):
        message = _("%(value)s is not a number of days above 0 and up to %(most)d.")
        raise InvalidInput({"days": [message % {"value": shown(days), "most": MOST_DAYS}]})
    return period


def _removed(old: QuerySet[UserInteraction], size: int) -> Iterator[int]:
    """Delete in the order of the keys, which is nearly that of time, in one pass over the table."""
    last = old.aggregate(last=Max("pk"))["last"]
    position = 0
    while last is not None and position < last:
        rest = old.filter(pk__gt=position, pk__lte=last).order_by("pk")
        pks = list(rest.values_list("pk", flat=True)[:size])
        if not pks:
            return
        position = pks[-1]
        yield _remove(pks)


def _remove(pks: list[int]) -> int:
    """Delete one batch, but those that somebody else is deleting at this moment.

    Waiting for the others could become waiting for each other.
    """
    with transaction.atomic():
        rows = UserInteraction.objects.filter(pk__in=pks)
        if connections[rows.db].features.has_select_for_update_skip_locked:
            held = rows.order_by("pk").select_for_update(skip_locked=True)
            rows = UserInteraction.objects.filter(pk__in=list(held.values_list("pk", flat=True)))
        return rows.delete()[1].get(UserInteraction._meta.label, 0)


def _forgotten(old: QuerySet[UserInteraction], size: int) -> Iterator[int]:
    """Take back one person's old interactions after another's: their tags are locked together."""
    for user_id in _people(old):
        theirs = old.filter(user=user_id).order_by("created_at", "pk")
        while pks := list(theirs.values_list("pk", flat=True)[:size]):
            yield take_back_many(UserInteraction.objects.filter(pk__in=pks))


def _people(old: QuerySet[UserInteraction]) -> Iterator[Any]:
    """Yield the keys of the people who have old interactions, one query for each."""
    rest = old.order_by("user_id").values_list("user_id", flat=True)
    user_id = rest.first()
    while user_id is not None:
        yield user_id
        user_id = rest.filter(user_id__gt=user_id).first()
