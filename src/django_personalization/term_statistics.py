"""How common each term is among the items of a host, and which of the host's keys it has."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from django.db.models import (
    AutoField,
    BigAutoField,
    Count,
    QuerySet,
    SmallAutoField,
    Subquery,
    Value,
)

from django_personalization.content import Content
from django_personalization.item_terms import (
    ITEM,
    TERM,
    Identity,
    has_no_twins,
    meaning_of,
    term_model,
    term_pairs,
)
from django_personalization.models import Taxonomy
from django_personalization.vocabulary import Vocabulary

_MIN_AGE: Final = 10.0
_MAX_AGE: Final = 60.0
# Counting again may take this part of the time between two counts.
_AGE_PER_COST: Final = 500.0
# Keys that were given out before the largest known one may be committed after it.
_LATE_KEYS: Final = 100
_ITEMS: Final = "personalization_items"
_TOTAL: Final = "personalization_total"


@dataclass(frozen=True)
class TermStatistics:
    """How many items there are, and how many have each term; terms by the host's own keys."""

    total: int
    frequency: Mapping[Any, int]
    keys: Mapping[Identity, tuple[Any, ...]]
    identities: Mapping[Any, Identity]

    def rarity(self, key: Any) -> float:
        """Return the inverse document frequency of a term, in (0, 1]; 1 for the rarest.

        ``ln(1 + N / n) / ln(1 + N)`` with ``n`` of ``N`` items (Sparck Jones, "A Statistical
        Interpretation of Term Specificity", 1972; smoothed and scaled).
        """
        total = max(self.total, 1)
        count = min(max(self.frequency.get(key, 1), 1), total)
        return math.log1p(total / count) / math.log1p(total)

    def keys_of(self, term: Identity) -> tuple[Any, ...]:
        """Return the host's keys of a term: none, one, or one for each spelling."""
        return self.keys.get(term, ())


@dataclass(frozen=True)
class _Count:
    total: int
    frequency: Mapping[Any, int]
    age: float


@dataclass(frozen=True)
class _Known:
    """What the process keeps for one declaration: when it is to be counted again, and the rest."""

    expires: float
    count: _Count
    vocabulary: Vocabulary
    statistics: TermStatistics


_known: dict[tuple[object, ...], _Known] = {}
_changes: Final = threading.Lock()


def statistics_of(
    content: Content,
    vocabulary: Vocabulary,
    *,
    recount: bool = True,
    with_latest_names: bool = False,
) -> TermStatistics:
    """Return how common the terms of ``content`` are, counted not long ago.

    Kept in the process, shared and never changed; counted again when it is older than 500 times
    what the counting took, at least ten seconds and at most a minute. That costs one query; the
    threads that ask meanwhile get what is known, and so does who does not want to ``recount``.
    What the host's own tags are called is read with every count and when the vocabulary has
    changed, by another query; ``with_latest_names`` reads those that have been made since.
    """
    place = (content.model, content.terms, content.shares)
    known = _known.get(place)
    if known is None or (recount and _claim(place, known)):
        count = _count(content)
        statistics = _statistics(content, count, vocabulary)
        found = _Known(time.monotonic() + count.age, count, vocabulary, statistics)
    elif known.vocabulary is not vocabulary:
        statistics = _statistics(content, known.count, vocabulary)
        found = replace(known, vocabulary=vocabulary, statistics=statistics)
    elif with_latest_names:
        found = replace(known, statistics=_with_latest_names(content, known))
    else:
        return known.statistics
    _keep(place, found, known)
    return found.statistics


def _claim(place: tuple[object, ...], known: _Known) -> bool:
    """Whether it is time to count, and up to this thread: the others go on with what is known."""
    with _changes:
        now = time.monotonic()
        if now < known.expires or _known.get(place) is not known:
            return False
        _known[place] = replace(known, expires=now + _MAX_AGE)
        return True


def _keep(place: tuple[object, ...], found: _Known, known: _Known | None) -> None:
    """Keep what was found, unless another thread has counted meanwhile and this one has not."""
    with _changes:
        if known is None or found.count is not known.count or _known.get(place) is known:
            _known[place] = found


def forget_statistics() -> None:
    """Let the next call count again, for whoever has just filled a catalogue."""
    _known.clear()


def _count(content: Content) -> _Count:
    """Count the items and their terms now; memory grows with the terms, not with the items.

    One query. Where no item has any term, it does not matter how many there are.
    """
    begun = time.monotonic()
    items = Count("*") if has_no_twins(content) else Count(ITEM, distinct=True)
    everything = content.model._base_manager.order_by()
    total = everything.values(one=Value(1)).annotate(**{_ITEMS: Count("*")}).values(_ITEMS)
    counted = term_pairs(content).values(TERM).annotate(**{_ITEMS: items, _TOTAL: Subquery(total)})
    rows = list(counted.values_list(TERM, _ITEMS, _TOTAL))
    cost = time.monotonic() - begun
    age = min(max(cost * _AGE_PER_COST, _MIN_AGE), _MAX_AGE)
    frequency = MappingProxyType({term: number for term, number, _total in rows})
    return _Count(rows[0][2] if rows else 0, frequency, age)


def _statistics(content: Content, count: _Count, vocabulary: Vocabulary) -> TermStatistics:
    model = term_model(content)
    if issubclass(model, Taxonomy):
        # A term that no item had when it was counted may be on one now.
        ids = {*vocabulary.ids(), *count.frequency}
        return _by_identity(count, {pk: pk for pk in ids})
    names = model._base_manager.values_list("pk", "name")
    return _by_identity(count, _identities(names, vocabulary))


def _with_latest_names(content: Content, known: _Known) -> TermStatistics:
    """Return the statistics with the host's tags that have been made since they were read."""
    model, statistics = term_model(content), known.statistics
    if issubclass(model, Taxonomy):
        return statistics
    names = model._base_manager.values_list("pk", "name")
    if statistics.identities and isinstance(
        model._meta.pk, (AutoField, BigAutoField, SmallAutoField)
    ):
        names = names.filter(pk__gt=max(statistics.identities) - _LATE_KEYS)
    identities = {**statistics.identities, **_identities(names, known.vocabulary)}
    is_new = identities != statistics.identities
    return _by_identity(known.count, identities) if is_new else statistics


def _by_identity(count: _Count, identities: dict[Any, Identity]) -> TermStatistics:
    keys: dict[Identity, tuple[Any, ...]] = {}
    for key, identity in identities.items():
        keys[identity] = (*keys.get(identity, ()), key)
    return TermStatistics(
        count.total, count.frequency, MappingProxyType(keys), MappingProxyType(identities)
    )


def _identities(names: QuerySet[Any, Any], vocabulary: Vocabulary) -> dict[Any, Identity]:
    found = ((pk, meaning_of(name, vocabulary)) for pk, name in names.iterator())
    return {pk: identity for pk, identity in found if identity is not None}
