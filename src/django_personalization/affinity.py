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
    person's own terms it comes from and in which proportion; they sum to 1. A free tag has its key
    in the place of an id.
    """

    value: float
    kind: Kind
    shares: Mapping[int | str, float]


def spread(
    own: Mapping[int, float],
    relatives: Relatives,
    *,
    picked: Collection[int] = (),
    is_closed: Callable[[int], bool] = lambda term: False,
) -> dict[int, Affinity]:
    """Return the affinity of every term that ``own`` signals reach.

    ``own`` maps terms to signals; one of 0 closes its term. ``picked`` are those that were picked
    by hand: only they reach down to narrower terms, each as far as the next picked one. Closed
    terms (dismissed, hidden, sensitive or not offered) get nothing from others, lend nothing and
    let nothing pass. A term with a signal of its own keeps exactly that; any other gets the
    largest of what the three ways bring, and nothing where that is negligible. What was lent is
    lent no further but by steps up, or by steps down.
    """

    def is_shut(term: int) -> bool:
        return is_closed(term) or own.get(term) == 0

    signals = {term: value for term, value in own.items() if value > 0}
    lenders = {term: value for term, value in signals.items() if not is_closed(term)}
    found: dict[int, Affinity] = {}
    for candidates in (
        _related(lenders, relatives),
        _broader(lenders, relatives, is_shut),
        _narrower(lenders, relatives, set(picked), is_shut),
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
    return {t: Affinity(v, "own", {t: 1.0}) for t, v in signals.items()} | spread_to


def _related(lenders: Mapping[int, float], relatives: Relatives) -> Iterable[tuple[int, Affinity]]:
    for term, value in lenders.items():
        for neighbour, weight in relatives.related(term).items():
            yield neighbour, Affinity(RELATED * weight * value, "related", {term: 1.0})


def _narrower(
    lenders: Mapping[int, float],
    relatives: Relatives,
    picked: Collection[int],
    is_closed: Callable[[int], bool],
) -> Iterable[tuple[int, Affinity]]:
    for term, own in lenders.items():
        value, level = own * NARROWER_STEP, [term] if term in picked else []
        while level and value >= NEGLIGIBLE:
            below = [narrower for parent in level for narrower in relatives.narrower(parent)]
            level = [pk for pk in below if pk not in picked and not is_closed(pk)]
            for pk in level:
                yield pk, Affinity(value, "narrower", {term: 1.0})
            value *= NARROWER_STEP


def _broader(
    lenders: Mapping[int, float], relatives: Relatives, is_closed: Callable[[int], bool]
) -> Iterable[tuple[int, Affinity]]:
    """Go up: a broader term is reckoned once all that reaches it is known.

    Terms in a circle wait for each other and so get nothing.
    """
    parents = _parents(lenders, relatives, is_closed)
    children: dict[int, list[int]] = {}
    for child, broader in parents.items():
        children.setdefault(broader, []).append(child)
    waiting = {broader: len(below) for broader, below in children.items()}
    reached = {term: Affinity(value, "own", {term: 1.0}) for term, value in lenders.items()}
    ready = [term for term in lenders if term not in waiting]
    while ready:
        parent = parents.get(ready.pop())
        if parent is None:
            continue
        waiting[parent] -= 1
        if waiting[parent] == 0:
            ready.append(parent)
            affinity = _noisy_or([reached[pk] for pk in children[parent] if pk in reached])
            if affinity.value >= NEGLIGIBLE:
                yield parent, affinity
                reached.setdefault(parent, affinity)


def _parents(
    lenders: Iterable[int], relatives: Relatives, is_closed: Callable[[int], bool]
) -> dict[int, int]:
    """Return the broader term of each lender and of each term above one."""
    parents: dict[int, int] = {}
    for lender in lenders:
        term = lender
        while term not in parents:
            parent = relatives.broader(term)
            if parent is None or is_closed(parent):
                break
            parents[term] = parent
            term = parent
    return parents


def _noisy_or(children: Sequence[Affinity]) -> Affinity:
    hints = [min(BROADER_STEP * child.value, 1.0) for child in children]
    doubt = 1.0
    for hint in hints:
        doubt *= 1.0 - hint
    total = sum(hints) or 1.0
    shares: dict[int | str, float] = {}
    for hint, child in zip(hints, children, strict=True):
        for term, share in child.shares.items():
            shares[term] = shares.get(term, 0.0) + share * hint / total
    return Affinity(1.0 - doubt, "broader", shares)
