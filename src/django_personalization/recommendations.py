"""What to show a person of one kind of content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet

from django_personalization.content import content_of
from django_personalization.explaining import explain_many
from django_personalization.ranking import personalize, popular, ranking_time
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
    rows = content_of(model).visible_to(user)  # type: ignore[arg-type]
    return personalize(popular(rows, now=now), user, now=now)


def recommend(
    model: type[Model],
    user: AbstractBaseUser | AnonymousUser,
    *,
    limit: int = 20,
    now: datetime | None = None,
) -> list[Recommendation]:
    """Return the ``limit`` first of :func:`recommendable`, each with its reasons.

    At most six queries, whatever the limit.
    """
    at = ranking_time(now)  # the reasons must not be of the hour after that of the scores
    rows = list(recommendable(model, user, now=at)[:limit])
    explanations = explain_many(rows, user, now=at)
    return [
        Recommendation(row, row.relevance, explanation)
        for row, explanation in zip(rows, explanations, strict=True)
    ]
