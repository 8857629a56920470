"""Which terms the items of a host have, and how common each term is among them.

Whatever the host declared (a many-to-many relation, a foreign key, a table in between with a
weight, tags of another app), here it becomes rows of item, term and share.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, Model, QuerySet, Value
from django.db.models.fields.related import ManyToManyField
from django.db.models.fields.reverse_related import ManyToOneRel

from django_personalization.content import Content
from django_personalization.models import Taxonomy
from django_personalization.text import term_key
from django_personalization.validation import name_problem
from django_personalization.vocabulary import Vocabulary

Identity = int | str
"""What a term is known by: its taxonomy's id, or its key where it is a free tag."""

_MIN_AGE: Final = 10.0
_MAX_AGE: Final = 600.0
# Counting again may take this part of the time between two counts.
_AGE_PER_COST: Final = 500.0


# No field of a host's is called so.
ITEM: Final = "personalization_item"
TERM: Final = "personalization_term"
SHARE: Final = "personalization_share"
ITEMS: Final = "personalization_items"


def term_pairs(content: Content) -> QuerySet[Any, dict[str, Any]]:
    """Return rows of ``ITEM`` (the item's key), ``TERM`` (its term's key) and ``SHARE``.

    Read from the table in between where there is one, so that the items themselves need not be
    touched. ``SHARE`` is 1 where the host declared none.
    """
    first, _dot, rest = content.terms.partition("__")
    field = content.model._meta.get_field(first)
    if isinstance(field, ManyToManyField) and not rest and content.shares is None:
        through: Any = field.remote_field.through
        item, term = field.m2m_field_name(), field.m2m_reverse_field_name()
        return _rows(through._base_manager.all(), f"{item}_id", f"{term}_id", None)
    if isinstance(field, ManyToOneRel) and rest and field.field.model is not content.model:
        share = content.shares.partition("__")[2] if content.shares else None
        rows: QuerySet[Any] = field.related_model._base_manager.all()
        return _rows(rows, field.field.attname, rest, share)
    items: QuerySet[Any] = content.model._base_manager.all()
    return _rows(items, "pk", content.terms, content.shares).distinct()


def _rows(
    rows: QuerySet[Any], item: str, term: str, share: str | None
) -> QuerySet[Any, dict[str, Any]]:
    amount = Value(1) if share is None else F(share)
    pairs = rows.order_by().values(**{ITEM: F(item), TERM: F(term), SHARE: amount})
    pairs = pairs.filter(**{f"{TERM}__isnull": False})
    return pairs if share is None else pairs.filter(**{f"{SHARE}__gt": 0})


def pairs_of(content: Content, items: Iterable[Any]) -> QuerySet[Any, tuple[Any, Any, Any]]:
    """Return item, term and share of the items with these keys."""
    pairs = term_pairs(content).filter(**{f"{ITEM}__in": list(items)})
    return pairs.values_list(ITEM, TERM, SHARE)


def term_model(content: Content) -> type[Model]:
    """Return the model of the items' terms: ``Taxonomy``, or the host's own tags."""
    model: Any = content.model
    for part in content.terms.split("__"):
        model = model._meta.get_field(part).related_model
    return model  # type: ignore[no-any-return]


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

    def identity_of(self, key: Any) -> Identity | None:
        """Return which term a key of the host's means, if it is known."""
        return self.identities.get(key)


_counted: dict[Content, tuple[float, Vocabulary, TermStatistics]] = {}


def statistics_of(content: Content, vocabulary: Vocabulary) -> TermStatistics:
    """Return how common the terms of ``content`` are, counted not long ago.

    Kept in the process, shared and never changed; counted again when it is older than 500 times
    what the counting took, at least ten seconds and at most ten minutes. Costs two queries then.
    """
    now = time.monotonic()
    expires, known, statistics = _counted.get(content, (0.0, None, None))
    if statistics is not None and known is vocabulary and now < expires:
        return statistics
    statistics = count_terms(content, vocabulary)
    cost = time.monotonic() - now
    age = min(max(cost * _AGE_PER_COST, _MIN_AGE), _MAX_AGE)
    _counted[content] = (now + age, vocabulary, statistics)
    return statistics


def forget_statistics() -> None:
    """Let the next call count again, for whoever has just filled a catalogue."""
    _counted.clear()


def count_terms(content: Content, vocabulary: Vocabulary) -> TermStatistics:
    """Count the items and their terms now; memory grows with the terms, not with the items."""
    total = content.model._base_manager.count()
    counted = term_pairs(content).values(TERM).annotate(**{ITEMS: Count("*")})
    frequency = dict(counted.values_list(TERM, ITEMS))
    identities = _identities(content, frequency, vocabulary)
    keys: dict[Identity, tuple[Any, ...]] = {}
    for key, identity in identities.items():
        keys[identity] = (*keys.get(identity, ()), key)
    return TermStatistics(total, frequency, keys, identities)


def _identities(
    content: Content, used: Iterable[Any], vocabulary: Vocabulary
) -> dict[Any, Identity]:
    model = term_model(content)
    if issubclass(model, Taxonomy):
        # A term that no item had when it was counted may be on one now.
        return {pk: pk for pk in {*vocabulary.ids(), *used}}
    names = model._base_manager.values_list("pk", "name")
    wanted = set(used)
    return {
        pk: _identity(name, vocabulary)
        for pk, name in names.iterator()
        if pk in wanted and name_problem(name) is None
    }


def _identity(name: str, vocabulary: Vocabulary) -> Identity:
    term = vocabulary.resolve(name)
    return term.taxonomy_id if term is not None and term.taxonomy_id else term_key(name)
