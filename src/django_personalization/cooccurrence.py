"""Terms that are seen together: with the same people, or on the same items. Counted, not judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import F, Q, QuerySet

from django_personalization.association import association, combined
from django_personalization.choices import Mode
from django_personalization.content import Content, registered
from django_personalization.item_terms import ITEM, TERM, term_model, term_pairs
from django_personalization.models import PersonalizationSettings, Taxonomy, UserTag

MOST_TERMS: Final = 100
"""Who or what has more terms than this ties everything to everything, and is left out."""

Progress = Callable[[int, int], None]
Pair = tuple[int, int]


@dataclass(frozen=True)
class Candidate:
    """Two terms, by their ids in ascending order, with what speaks for relating them."""

    pair: Pair
    people: int
    items: int
    score: float


@dataclass(frozen=True)
class _Signal:
    """One way in which terms are seen together, as rows of ``ITEM`` and ``TERM``."""

    rows: QuerySet[Any, Any]
    is_people: bool = False


def count_pairs(min_support: int, progress: Progress | None) -> list[Candidate]:
    """Return every pair that has enough support of a kind, with its score."""
    signals = list(_signals())
    people: dict[Pair, int] = {}
    items: dict[Pair, int] = {}
    strengths: dict[Pair, list[float]] = {}
    for number, signal in enumerate(signals, start=1):
        for pair, together, strength in _together(signal, min_support):
            counts = people if signal.is_people else items
            counts[pair] = counts.get(pair, 0) + together
            strengths.setdefault(pair, []).append(strength)
        if progress is not None:
            progress(number, len(signals))
    return [
        Candidate(pair, people.get(pair, 0), items.get(pair, 0), combined(found))
        for pair, found in strengths.items()
        if any(found)
    ]


def _signals() -> Iterator[_Signal]:
    off = PersonalizationSettings.objects.filter(mode=Mode.NONE).values("user")
    picks = UserTag.objects.manual().exclude(user__in=off).order_by()
    picked = picks.filter(taxonomy__isnull=False).values(
        **{ITEM: F("user_id"), TERM: F("taxonomy_id")}
    )
    yield _Signal(picked, is_people=True)
    for content in registered():
        if issubclass(term_model(content), Taxonomy):
            yield _Signal(_shown(content).values(ITEM, TERM))


def relatable() -> QuerySet[Taxonomy, int]:
    """Return the ids of the terms that may be related to others."""
    terms = Taxonomy.objects.filter(is_active=True, is_sensitive=False).order_by()
    return terms.values_list("pk", flat=True)


def _shown(content: Content) -> QuerySet[Any, Any]:
    """Return the items' terms, without those of items that nobody may see."""
    pairs = term_pairs(content)
    if not isinstance(content.visible, Q):
        return pairs
    seen = content.model._base_manager.filter(content.visible).order_by().values("pk")
    return pairs.filter(**{f"{ITEM}__in": seen})


def _together(signal: _Signal, min_support: int) -> Iterator[tuple[Pair, int, float]]:
    """Count in the database; yield each pair with its support and the strength of the tie."""
    connection = connections[signal.rows.db]
    try:
        rows, parameters = signal.rows.query.sql_with_params()
    except EmptyResultSet:
        return
    # By itself: in one condition with the others SQLite would try every item with every term.
    fine, more = relatable().query.sql_with_params()
    parameters = (*parameters, *more)
    item, term = map(connection.ops.quote_name, (ITEM, TERM))
    # Only what the ORM wrote, names of ours and numbers are put into the statements.
    chosen = (
        f"WITH given AS ({rows}), chosen AS (SELECT DISTINCT {item}, {term} FROM given "  # noqa: S608
        f"WHERE {term} IN ({fine}) AND {item} IN "
        f"(SELECT {item} FROM given GROUP BY {item} HAVING COUNT(*) <= {MOST_TERMS}))"
    )
    pairs = (
        f"SELECT a.{term}, b.{term}, COUNT(*) FROM chosen a JOIN chosen b "  # noqa: S608
        f"ON a.{item} = b.{item} AND a.{term} < b.{term} "
        f"GROUP BY a.{term}, b.{term} HAVING COUNT(*) >= {min_support:d}"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{chosen} SELECT COUNT(DISTINCT {item}) FROM chosen", parameters)  # noqa: S608
        total = cursor.fetchone()[0]
        cursor.execute(f"{chosen} SELECT {term}, COUNT(*) FROM chosen GROUP BY {term}", parameters)  # noqa: S608
        each = dict(cursor.fetchall())
        cursor.execute(f"{chosen} {pairs}", parameters)
        for one, other, together in cursor.fetchall():
            yield (one, other), together, association(together, each[one], each[other], total)
