"""Relations that suggest themselves: terms that the same people picked, or the same items have.

Suggestions wait for staff; nothing follows from them until somebody accepts one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connections, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from django_personalization.alignment import hold_vocabulary
from django_personalization.association import association, combined
from django_personalization.choices import Mode, SuggestionStatus
from django_personalization.content import Content, registered
from django_personalization.item_terms import ITEM, TERM, term_model, term_pairs
from django_personalization.models import (
    PersonalizationSettings,
    RelationSuggestion,
    Taxonomy,
    TaxonomyRelation,
    UserTag,
)

MIN_SUPPORT: Final = 5
"""People who picked both terms, or items that have both, before the pair is looked at."""

MAX_SUGGESTIONS: Final = 200
"""Suggestions that wait for staff at the same time."""

MOST_TERMS: Final = 100
"""Who or what has more terms than this ties everything to everything, and is left out."""

LEAST_WEIGHT: Final = 0.05

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
class Suggested:
    """What became of the list: ``candidates`` are all that wait now, the strongest first.

    Of them, ``created`` are new; ``withdrawn`` ones were waiting and are not worth it any more.
    """

    candidates: Sequence[Candidate] = ()
    created: int = 0
    withdrawn: int = 0


@dataclass(frozen=True)
class _Signal:
    """One way in which terms are seen together, as rows of ``ITEM`` and ``TERM``."""

    rows: QuerySet[Any, Any]
    is_people: bool = False


def suggest_relations(
    *,
    min_support: int = MIN_SUPPORT,
    max_suggestions: int = MAX_SUGGESTIONS,
    dry_run: bool = False,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> Suggested:
    """Look for terms that go together, and put the strongest pairs on the list for staff.

    Counted are people who picked both, and items of each registered model that have both, as long
    as there are ``min_support`` of a kind: fewer are not looked at and shown nowhere. Sensitive
    and inactive terms, pairs that are related already or broader and narrower, and pairs that
    staff decided about are left out; so are people in mode ``none``. What waited and has not been
    found again is withdrawn. With ``dry_run`` nothing is written. ``progress`` is called with the
    number of kinds counted so far and of all.

    Raises ValueError for a support below 2, which would show single people, and for no
    suggestions at all.
    """
    if min_support < 2 or max_suggestions < 1:
        message = "min_support must be at least 2, and max_suggestions at least 1."
        raise ValueError(message)
    supports = _supports(min_support, progress)
    found = sorted(supports, key=lambda c: (-c.score, c.pair))
    if dry_run:
        return _compare(_unsettled(found)[:max_suggestions])
    with transaction.atomic():
        hold_vocabulary()
        candidates = _unsettled(found)[:max_suggestions]
        suggested = _compare(candidates)
        _store(candidates, timezone.now() if now is None else now)
    return suggested


def accept_suggestions(suggestions: Iterable[RelationSuggestion]) -> int:
    """Relate the terms of suggestions, both ways; return how many relations are new.

    The weight is the score. Terms that have been related meanwhile stay as they are, and what has
    become sensitive or inactive is not related: its suggestion goes on waiting.
    """
    with transaction.atomic():
        hold_vocabulary()
        waiting = _locked(suggestions).exclude(status=SuggestionStatus.ACCEPTED)
        rows = list(waiting.filter(source__in=_offered(), target__in=_offered()))
        related = _related()
        made = [
            TaxonomyRelation(
                source_id=row.source_id,
                target_id=row.target_id,
                weight=min(max(round(row.score, 2), LEAST_WEIGHT), 1.0),
            )
            for row in rows
            if (row.source_id, row.target_id) not in related
        ]
        _decide(rows, SuggestionStatus.ACCEPTED)
        if made:
            TaxonomyRelation.objects.bulk_create(made)
    return len(made)


def reject_suggestions(suggestions: Iterable[RelationSuggestion]) -> int:
    """Say no to suggestions that wait, for good; return how many there were."""
    with transaction.atomic():
        hold_vocabulary()
        rows = list(_locked(suggestions).filter(status=SuggestionStatus.OPEN))
        return _decide(rows, SuggestionStatus.REJECTED)


def reopen_suggestions(suggestions: Iterable[RelationSuggestion]) -> int:
    """Let rejected suggestions wait again; return how many there were."""
    with transaction.atomic():
        hold_vocabulary()
        rows = list(_locked(suggestions).filter(status=SuggestionStatus.REJECTED))
        return _decide(rows, SuggestionStatus.OPEN)


def _supports(min_support: int, progress: Progress | None) -> list[Candidate]:
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
    fine = {f"{TERM}__in": _offered()}
    off = PersonalizationSettings.objects.filter(mode=Mode.NONE).values("user")
    picks = UserTag.objects.manual().exclude(user__in=off).order_by()
    picked = picks.values(**{ITEM: F("user_id"), TERM: F("taxonomy_id")})
    yield _Signal(picked.filter(**fine), is_people=True)
    for content in registered():
        if issubclass(term_model(content), Taxonomy):
            yield _Signal(_shown(content).filter(**fine).values(ITEM, TERM))


def _offered() -> QuerySet[Taxonomy, int]:
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
    item, term = map(connection.ops.quote_name, (ITEM, TERM))
    # Only what the ORM wrote, names of ours and numbers are put into the statements.
    chosen = (
        f"WITH given AS ({rows}), chosen AS (SELECT DISTINCT {item}, {term} FROM given "  # noqa: S608
        f"WHERE {item} IN "
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


def _unsettled(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Leave out what is decided, and what the vocabulary says already or must not say."""
    decided = RelationSuggestion.objects.exclude(status=SuggestionStatus.OPEN)
    settled = {*decided.values_list("source", "target"), *_related()}
    fine = set(_offered())
    parents = dict(Taxonomy.objects.order_by().values_list("pk", "parent_id"))
    return [
        candidate
        for candidate in candidates
        if candidate.pair not in settled
        and fine.issuperset(candidate.pair)
        and not _is_in_line(candidate.pair, parents)
    ]


def _related() -> set[Pair]:
    """Return the pairs that are related in either direction."""
    pairs = TaxonomyRelation.objects.values_list("source", "target")
    return {(min(pair), max(pair)) for pair in pairs}


def _is_in_line(pair: Pair, parents: Mapping[int, int | None]) -> bool:
    """Whether one of the terms is broader than the other, however far."""
    for start, goal in (pair, pair[::-1]):
        above, seen = parents.get(start), {start}
        while above is not None and above not in seen:
            if above == goal:
                return True
            seen.add(above)
            above = parents.get(above)
    return False


def _compare(candidates: Sequence[Candidate]) -> Suggested:
    waiting = RelationSuggestion.objects.filter(status=SuggestionStatus.OPEN)
    before = set(waiting.values_list("source", "target"))
    now = {candidate.pair for candidate in candidates}
    return Suggested(candidates, len(now - before), len(before - now))


def _store(candidates: Sequence[Candidate], now: datetime) -> None:
    """Let exactly these wait; a pair that waited keeps its row."""
    waiting = RelationSuggestion.objects.filter(status=SuggestionStatus.OPEN)
    known = {(row.source_id, row.target_id): row for row in waiting.select_for_update()}
    new = [c for c in candidates if c.pair not in known]
    again = [c for c in candidates if c.pair in known]
    kept = [_row(candidate, known[candidate.pair], now) for candidate in again]
    waiting.exclude(pk__in=[row.pk for row in kept]).delete()
    names = ["people_support", "item_support", "score", "updated_at"]
    RelationSuggestion.objects.bulk_update(kept, names, batch_size=200)
    RelationSuggestion.objects.bulk_create(
        _row(candidate, RelationSuggestion(created_at=now), now) for candidate in new
    )


def _row(candidate: Candidate, row: RelationSuggestion, now: datetime) -> RelationSuggestion:
    row.source_id, row.target_id = candidate.pair
    row.people_support, row.item_support = candidate.people, candidate.items
    row.score, row.updated_at = candidate.score, now
    return row


def _locked(suggestions: Iterable[RelationSuggestion]) -> QuerySet[RelationSuggestion]:
    pks = [row.pk for row in suggestions]
    rows = RelationSuggestion.objects.filter(pk__in=pks).order_by("pk")
    return rows.select_for_update()


def _decide(rows: Collection[RelationSuggestion], status: str) -> int:
    chosen = RelationSuggestion.objects.filter(pk__in=[row.pk for row in rows])
    return chosen.update(status=status, updated_at=timezone.now())
