"""Relations that suggest themselves: terms that the same people picked, or the same items have.

Suggestions wait for staff; nothing follows from them until somebody accepts one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from django_personalization.alignment import hold_vocabulary
from django_personalization.choices import SuggestionStatus
from django_personalization.cooccurrence import Candidate, Pair, Progress, count_pairs, relatable
from django_personalization.models import RelationSuggestion, Taxonomy, TaxonomyRelation

MIN_SUPPORT: Final = 5
"""People who picked both terms, or items that have both, before the pair is looked at."""

MAX_SUGGESTIONS: Final = 200
"""Suggestions that wait for staff at the same time."""

LEAST_WEIGHT: Final = 0.05


@dataclass(frozen=True)
class Suggested:
    """What became of the list: ``candidates`` are all that wait now, the strongest first.

    Of them, ``created`` are new; ``withdrawn`` ones were waiting and are not worth it any more.
    """

    candidates: Sequence[Candidate] = ()
    created: int = 0
    withdrawn: int = 0


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
    found = sorted(count_pairs(min_support, progress), key=lambda c: (-c.score, c.pair))
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
        rows = list(waiting.filter(source__in=relatable(), target__in=relatable()))
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


def _unsettled(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Leave out what is decided, and what the vocabulary says already or must not say."""
    decided = RelationSuggestion.objects.exclude(status=SuggestionStatus.OPEN)
    settled = {*decided.values_list("source", "target"), *_related()}
    fine = set(relatable())
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
