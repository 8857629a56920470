"""What to show a person of one kind of content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet

from django_personalization.content import content_of
from django_personalization.explaining import explained
from django_personalization.interests import Interests, interests_of
from django_personalization.ranking import popular, ranked
from django_personalization.reasons import Explanation

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


@dataclass(frozen=True)
class Recommendation:
    """An item, how relevant it is, and why."""

    obj: Model
    score: float
    explanation: Explanation


def recommendable(
    model: type[Model], user: AbstractBaseUser | AnonymousUser, *, now: datetime | None = None
) -> QuerySet[Any]:
    """Return all that ``user`` may see of ``model``, the most relevant first.

    What is equally relevant is ordered by popularity: so is everything for strangers, for people
    of whom nothing is known, and for those in mode ``none``. Raises :class:`InvalidInput` when
    the model is not registered.
    """
    return _recommendable(interests_of(user, content_of(model), now), user, now)


def recommend(
    model: type[Model],
    user: AbstractBaseUser | AnonymousUser,
    *,
    limit: int = 20,
    now: datetime | None = None,
) -> list[Recommendation]:
    """Return the ``limit`` first of :func:`recommendable`, each with its reasons.

    The scores are the sums of the reasons: both are of one reading of the profile. At most six
    queries, whatever the limit.
    """
    interests = interests_of(user, content_of(model), now)
    rows = list(_recommendable(interests, user, now)[:limit])
    return [
        Recommendation(row, row.relevance, explanation)
        for row, explanation in zip(rows, explained(rows, interests), strict=True)
    ]


def _recommendable(
    interests: Interests, user: AbstractBaseUser | AnonymousUser, now: datetime | None
) -> QuerySet[Any]:
    rows = interests.content.visible_to(user)  # type: ignore[arg-type]
    return ranked(popular(rows, now=now), interests)
