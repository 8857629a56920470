"""How much a person cares about each term of the vocabulary: pure arithmetic.

A person's own signals (weight x confidence of their tags) spread to terms near by: to related
ones, up to broader ones and down to narrower ones. The vocabulary is a concept scheme as in SKOS
(W3C Recommendation, 2009: *related*, *broader*, *narrower*); spreading signals over one with a
loss at every step is constrained spreading activation (Crestani, "Application of Spreading
Activation Techniques in Information Retrieval", 1997). Several narrower terms support a broader
one as a noisy-or (Pearl, 1988): independent hints, each of which may be enough.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

RELATED: Final = 0.5
"""What a related term gets of its neighbour's affinity, times the weight of the relation."""

BROADER_STEP: Final = 0.5
"""What each step up to a broader term leaves."""

NARROWER_STEP: Final = 0.6
"""What each step down from a picked term to a narrower one leaves."""

NEGLIGIBLE: Final = 0.005
"""Spread affinity below this is dropped: it would change no order that anybody sees."""

Kind = Literal["own", "related", "broader", "narrower"]


class Relatives(Protocol):
    """How terms, named by their ids, relate to each other."""

    def broader(self, taxonomy_id: int, /) -> int | None:
        """Return the broader term."""

    def narrower(self, taxonomy_id: int, /) -> Sequence[int]:
        """Return the narrower terms."""

    def related(self, taxonomy_id: int, /) -> Mapping[int, float]:
        """Return the terms that this one lends affinity to, each with a weight in (0, 1]."""


@dataclass(frozen=True)
class Affinity:
    """How much a person cares about one term, and where that comes from.

    ``value`` is 0 or more (1: a picked tag of normal weight). ``shares`` says which of the
    person's own terms it comes from and in which proportion; they sum to 1.
    """

    value: float
    kind: Kind
    shares: Mapping[int, float]


def spread(
    own: Mapping[int, float],
    relatives: Relatives,
    *,
    picked: Collection[int] = (),
    is_closed: Callable[[int], bool] = lambda term: False,
) -> dict[int, Affinity]:
    """Return the affinity of every term that ``own`` signals reach.

    ``own`` maps terms to signals above 0. ``picked`` are those that were picked by hand: only they
    reach down to narrower terms. Closed terms (dismissed, hidden, sensitive or not offered) get
    nothing from others, lend nothing and let nothing pass. A term with a signal of its own
    keeps exactly that; any other gets the largest of what the three ways bring.
    """
    lenders = {term: value for term, value in own.items() if value > 0 and not is_closed(term)}
    found: dict[int, Affinity] = {}
    for candidates in (
        _related(lenders, relatives),
        _broader(lenders, relatives, is_closed),
        _narrower(lenders, relatives, own, picked, is_closed),
    ):
        for term, affinity in candidates:
            best = found.get(term)
            if best is None or affinity.value > best.value:
                found[term] = affinity
    spread_to = {
        term: affinity
        for term, affinity in found.items()
        if term not in own and not is_closed(term) and affinity.value >= NEGLIGIBLE
    }
    return {t: Affinity(v, "own", {t: 1.0}) for t, v in own.items() if v > 0} | spread_to


def _related(lenders: Mapping[int, float], relatives: Relatives) -> Iterable[tuple[int, Affinity]]:
    for term, value in lenders.items():
        for neighbour, weight in relatives.related(term).items():
            yield neighbour, Affinity(RELATED * weight * value, "related", {term: 1.0})


def _narrower(
    lenders: Mapping[int, float],
    relatives: Relatives,
    own: Mapping[int, float],
    picked: Collection[int],
    is_closed: Callable[[int], bool],
) -> Iterable[tuple[int, Affinity]]:
    for term in picked:
        value, level = lenders.get(term, 0.0) * NARROWER_STEP, [term]
        while level and value >= NEGLIGIBLE:
            below = [narrower for parent in level for narrower in relatives.narrower(parent)]
            level = [pk for pk in below if pk not in own and not is_closed(pk)]
            for pk in level:
                yield pk, Affinity(value, "narrower", {term: 1.0})
            value *= NARROWER_STEP


def _broader(
    lenders: Mapping[int, float], relatives: Relatives, is_closed: Callable[[int], bool]
) -> Iterable[tuple[int, Affinity]]:
    """Go up level by level: a broader term is reckoned once all that reaches it is known."""
    reached = {term: Affinity(value, "own", {term: 1.0}) for term, value in lenders.items()}
    arrivals = _arrivals(lenders, relatives, is_closed)
    waiting = {parent: len(children) for parent, children in arrivals.items()}
    ready = [term for term in lenders if term not in waiting]
    while ready:
        term = ready.pop()
        parent = relatives.broader(term)
        if parent is None or parent not in waiting:
            continue
        waiting[parent] -= 1
        if waiting[parent] == 0:
            affinity = _noisy_or([reached[child] for child in arrivals[parent]])
            yield parent, affinity
            reached.setdefault(parent, affinity)
            ready.append(parent)


def _arrivals(
    lenders: Mapping[int, float], relatives: Relatives, is_closed: Callable[[int], bool]
) -> dict[int, list[int]]:
    """Return each broader term above the lenders, with those of its narrower ones that lend."""
    arrivals: dict[int, list[int]] = {}
    for lender in lenders:
        term, seen = lender, {lender}
        while True:
            parent = relatives.broader(term)
            if parent is None or is_closed(parent) or parent in seen:
                break
            children = arrivals.setdefault(parent, [])
            if term in children:
                break
            children.append(term)
            seen.add(parent)
            term = parent
    return arrivals


def _noisy_or(children: Sequence[Affinity]) -> Affinity:
    hints = [min(BROADER_STEP * child.value, 1.0) for child in children]
    doubt = 1.0
    for hint in hints:
        doubt *= 1.0 - hint
    total = sum(hints)
    shares: dict[int, float] = {}
    for hint, child in zip(hints, children, strict=True):
        for term, share in child.shares.items():
            shares[term] = shares.get(term, 0.0) + share * hint / total
    return Affinity(1.0 - doubt, "broader", shares)
