"""Which terms the items of a host have, and how common each term is among them.

Whatever the host declared (a many-to-many relation, a foreign key, a table in between with a
weight, tags of another app), here it becomes rows of item, term and share.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from django.db.models import Count, F, FloatField, Model, QuerySet, Value
from django.db.models.fields.related import ManyToManyField
from django.db.models.fields.reverse_related import ManyToOneRel
from django.db.models.functions import Cast

from django_personalization.content import Content
from django_personalization.models import Taxonomy
from django_personalization.text import term_key
from django_personalization.validation import name_problem
from django_personalization.vocabulary import Vocabulary

Identity = int | str
"""What a term is known by: its taxonomy's id, or its key where it is a free tag."""

_MIN_AGE: Final = 10.0
_MAX_AGE: Final = 60.0
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
    touched. ``SHARE`` is 1 where the host declared none, and then there is one row for each item
    and term; otherwise the shares of several rows add up.
    """
    first, _dot, rest = content.terms.partition("__")
    field: Any = content.model._meta.get_field(first)
    # An inherited relation is of other rows as well.
    is_own = field.model is content.model._meta.concrete_model
    if is_own and isinstance(field, ManyToManyField) and not rest and content.shares is None:
        through: Any = field.remote_field.through
        pairs = through._base_manager.all()
        rows = _rows(pairs, field.m2m_field_name(), field.m2m_reverse_field_name(), None)
    elif is_own and isinstance(field, ManyToOneRel) and rest:
        between: Any = field.related_model._base_manager.all()
        share = content.shares.partition("__")[2] if content.shares else None
        rows = _rows(between, field.field.name, rest, share)
    else:
        rows = _rows(content.model._base_manager.all(), "pk", content.terms, content.shares)
    return rows if content.shares is not None or _has_no_twins(content) else rows.distinct()


def _rows(
    rows: QuerySet[Any], item: str, term: str, share: str | None
) -> QuerySet[Any, dict[str, Any]]:
    key = item if item == "pk" else f"{item}__pk"
    amount = Value(1) if share is None else Cast(F(share), FloatField())
    pairs = rows.order_by().values(**{ITEM: F(key), TERM: F(f"{term}__pk"), SHARE: amount})
    pairs = pairs.filter(**{f"{TERM}__isnull": False})
    if item != "pk" and rows.model._meta.get_field(item).null:
        pairs = pairs.filter(**{f"{ITEM}__isnull": False})
    return pairs if share is None else pairs.filter(**{f"{SHARE}__gt": 0})


def _has_no_twins(content: Content) -> bool:
    """Whether no item can have the same term twice, as far as the schema says."""
    first, _dot, rest = content.terms.partition("__")
    field: Any = content.model._meta.get_field(first)
    if isinstance(field, ManyToOneRel):
        return "__" not in rest and _is_unique(field.related_model, {field.field.name}, rest)
    through = getattr(field.remote_field, "through", None)
    if through is not None and not rest:
        links = {"content_type", "object_id", "content_object"}  # of django-taggit
        if isinstance(field, ManyToManyField):
            links = {field.m2m_field_name()}
        return _is_unique(through, links, field.m2m_reverse_field_name())
    return _is_one(content.model, content.terms)


def _is_unique(model: type[Model], links: set[str], term: str) -> bool:
    groups = [set(group) for group in model._meta.unique_together]
    groups += [set(constraint.fields) for constraint in model._meta.total_unique_constraints]
    return any(term in group and group <= {term, *links} for group in groups)


def _is_one(model: Any, path: str) -> bool:
    """Whether ``path`` leads to one row at most."""
    for part in path.split("__"):
        field = model._meta.get_field(part)
        if not (field.many_to_one or field.one_to_one):
            return False
        model = field.related_model
    return True


def pairs_of(content: Content, items: Iterable[Any]) -> list[tuple[Any, Any, float]]:
    """Return item, term and share of the items with these keys. One query."""
    shares: dict[tuple[Any, Any], float] = {}
    pairs = term_pairs(content).filter(**{f"{ITEM}__in": list(items)})
    for item, term, share in pairs.values_list(ITEM, TERM, SHARE):
        shares[item, term] = shares.get((item, term), 0.0) + share
    return [(item, term, share) for (item, term), share in shares.items()]


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


@dataclass(frozen=True)
class _Count:
    total: int
    frequency: dict[Any, int]
    expires: float


_known: dict[tuple[object, ...], tuple[_Count, Vocabulary, TermStatistics]] = {}


def statistics_of(content: Content, vocabulary: Vocabulary) -> TermStatistics:
    """Return how common the terms of ``content`` are, counted not long ago.

    Kept in the process, shared and never changed; counted again when it is older than 500 times
    what the counting took, at least ten seconds and at most a minute. Costs two queries then.
    What the host's own tags mean is read again when the vocabulary has changed.
    """
    key = (content.model, content.terms, content.shares)
    count, known, statistics = _known.get(key, (None, None, None))
    if count is None or time.monotonic() >= count.expires:
        count = _count(content)
    elif statistics is not None and known is vocabulary:
        return statistics
    statistics = _statistics(content, count, vocabulary)
    _known[key] = (count, vocabulary, statistics)
    return statistics


def forget_statistics() -> None:
    """Let the next call count again, for whoever has just filled a catalogue."""
    _known.clear()


def _count(content: Content) -> _Count:
    """Count the items and their terms now; memory grows with the terms, not with the items."""
    begun = time.monotonic()
    total = content.model._base_manager.count()
    items = Count("*") if _has_no_twins(content) else Count(ITEM, distinct=True)
    counted = term_pairs(content).values(TERM).annotate(**{ITEMS: items})
    frequency = dict(counted.values_list(TERM, ITEMS))
    done = time.monotonic()
    age = min(max((done - begun) * _AGE_PER_COST, _MIN_AGE), _MAX_AGE)
    return _Count(total, frequency, done + age)


def _statistics(content: Content, count: _Count, vocabulary: Vocabulary) -> TermStatistics:
    identities = _identities(content, count.frequency, vocabulary)
    keys: dict[Identity, tuple[Any, ...]] = {}
    for key, identity in identities.items():
        keys[identity] = (*keys.get(identity, ()), key)
    return TermStatistics(
        count.total,
        MappingProxyType(count.frequency),
        MappingProxyType(keys),
        MappingProxyType(identities),
    )


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
