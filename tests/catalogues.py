"""Random vocabularies, profiles and catalogues, and what ranking makes of them, told naively.

What stands here as arithmetic is written from the specification, one sentence after the other,
and shares nothing with the code that it is compared with.
"""

import math
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from taggit.models import Tag

from django_personalization import content, scoring
from django_personalization.affinity import NEGLIGIBLE
from django_personalization.choices import TagSource, TagState
from django_personalization.models import Taxonomy, TaxonomyAlias, TaxonomyRelation, UserTag
from django_personalization.term_statistics import forget_statistics
from django_personalization.vocabulary import Relation, Term, Vocabulary
from tests.hosts.journal.models import Letter, Page, Post
from tests.hosts.library.models import (
    Bestseller,
    Book,
    Chapter,
    Essay,
    Film,
    Gadget,
    Label,
    Mark,
    Note,
    Novel,
    Remark,
)

few = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
many = settings(max_examples=150, deadline=None)

signals = st.one_of(st.sampled_from([0.5, 1.0, 2.0]), st.floats(0.02, 2.0))


@dataclass(frozen=True)
class Scheme:
    """A vocabulary by number, with what a person signals and what is closed to spreading."""

    parents: dict[int, int]
    relations: tuple[Relation, ...] = ()
    own: dict[int, float] = field(default_factory=dict)
    picked: frozenset[int] = frozenset()
    closed: frozenset[int] = frozenset()
    size: int = 0

    @property
    def vocabulary(self):
        terms = [
            Term(f"{pk:032}", f"term {pk}", pk, parent_id=self.parents.get(pk))
            for pk in range(self.size)
        ]
        return Vocabulary(terms, [], self.relations)

    def lends(self, pk):
        return pk in self.own and pk not in self.closed

    def related(self, pk):
        """0.5 times the weight of the relation times the neighbour's own signal: the largest."""
        found = [0.0]
        for relation in self.relations:
            if relation.target_id == pk and self.lends(relation.source_id):
                found.append(0.5 * relation.weight * self.own[relation.source_id])
            if (
                relation.is_symmetric
                and relation.source_id == pk
                and self.lends(relation.target_id)
            ):
                found.append(0.5 * relation.weight * self.own[relation.target_id])
        return max(found)

    def broader(self, pk):
        """The noisy-or of the narrower terms, each at half of what it has."""
        doubt = 1.0
        for child, parent in self.parents.items():
            if parent == pk and child not in self.closed:
                has = self.own[child] if child in self.own else self.broader(child)
                doubt *= 1.0 - min(0.5 * has, 1.0)
        return 1.0 - doubt if 1.0 - doubt >= NEGLIGIBLE else 0.0

    def narrower(self, pk):
        """0.6 for each step down from the nearest broader term that was picked."""
        share = 0.6
        broader = self.parents.get(pk)
        while broader is not None and broader not in self.closed:
            if broader in self.picked:
                return share * self.own[broader]
            share *= 0.6
            broader = self.parents.get(broader)
        return 0.0

    def affinity(self, pk):
        if pk in self.own:
            return self.own[pk]
        if pk in self.closed:
            return 0.0
        value = max(self.related(pk), self.broader(pk), self.narrower(pk))
        return value if value >= NEGLIGIBLE else 0.0


@st.composite
def schemes(draw, circles=False):
    """Draw a forest (or any graph of one parent each), relations, signals and closed terms."""
    size = draw(st.integers(1, 12))
    order = draw(st.permutations(range(size)))
    parents = {}
    for place, pk in enumerate(order):
        choices = [other for other in order if other != pk] if circles else order[:place]
        parent = draw(st.one_of(st.none(), st.sampled_from(choices))) if choices else None
        if parent is not None:
            parents[pk] = parent
    terms = st.integers(0, size - 1)
    pairs = draw(st.lists(st.tuples(terms, terms), max_size=8, unique=True))
    relations = tuple(
        Relation(source, target, draw(st.floats(0.01, 1.0)), draw(st.booleans()))
        for source, target in pairs
        if source != target
    )
    own = draw(st.dictionaries(terms, signals, max_size=6))
    picked = frozenset(pk for pk in own if draw(st.booleans()))
    closed = draw(st.frozensets(terms, max_size=3))
    return Scheme(parents, relations, own, picked, closed, size)


@contextmanager
def declared(model, **declaration):
    """Register ``model`` for a while."""
    before = content._registry.get(model)
    content.register(model, **declaration)
    forget_statistics()
    try:
        yield content.content_of(model)
    finally:
        content.unregister(model)
        if before is not None:
            content._registry[model] = before


def rarity(having, total):
    """How little a term says that ``having`` of ``total`` items have."""
    return math.log(1 + total / having) / math.log(1 + total)


def naive_relevance(items, affinity):
    """Return the relevance of each item, of which ``items`` has the share of each term."""
    having = Counter(term for shares in items.values() for term in shares)
    return {
        item: sum(
            affinity.get(term, 0.0) * rarity(having[term], len(items)) * share
            for term, share in shares.items()
        )
        / math.sqrt(sum(shares.values()) or 1.0)
        for item, shares in items.items()
    }


@dataclass(frozen=True)
class Kind:
    """A way in which hosts keep the terms of things: how to declare it, and how to make one."""

    model: type
    declaration: dict
    add: Callable
    single: bool = False
    free: bool = False

    def make(self, **terms):
        """Make an item with these terms, each with a share."""
        obj = self.model()
        if hasattr(obj, "book_id") and self.model is not Novel:
            obj.book = Book.objects.create()
        if self.model is Gadget:
            obj.code = f"g{Gadget.objects.count()}"
        obj.save()
        for name, share in terms.items():
            self.add(obj, name, share)
        obj.save()
        return obj


def taxonomy(name):
    return Taxonomy.objects.get_or_create(name=name, defaults={"category": "topic"})[0]


def label(name):
    return Label.objects.get_or_create(name=name)[0]


def _remark(film, name, share):
    Remark.objects.create(target=film, topic=taxonomy(name))


KINDS = {
    "many-to-many": Kind(Book, {"terms": "topics"}, lambda o, n, s: o.topics.add(taxonomy(n))),
    "proxy": Kind(Bestseller, {"terms": "topics"}, lambda o, n, s: o.topics.add(taxonomy(n))),
    "inherited": Kind(Novel, {"terms": "topics"}, lambda o, n, s: o.topics.add(taxonomy(n))),
    "two hops": Kind(
        Chapter, {"terms": "book__topics"}, lambda o, n, s: o.book.topics.add(taxonomy(n))
    ),
    "foreign key": Kind(
        Essay, {"terms": "topic"}, lambda o, n, s: setattr(o, "topic", taxonomy(n)), single=True
    ),
    "weighted": Kind(
        Film,
        {"terms": "links__topic", "shares": "links__weight"},
        lambda o, n, s: o.links.create(topic=taxonomy(n), weight=Decimal(str(s))),
    ),
    "table between": Kind(
        Film, {"terms": "links__topic"}, lambda o, n, s: o.links.create(topic=taxonomy(n))
    ),
    "generic relation": Kind(Film, {"terms": "remarks__topic"}, _remark),
    "labels": Kind(Note, {"terms": "labels"}, lambda o, n, s: o.labels.add(label(n)), free=True),
    "labels through": Kind(
        Gadget, {"terms": "marks"}, lambda o, n, s: o.marks.add(label(n)), free=True
    ),
    "weighted labels": Kind(
        Gadget,
        {"terms": "mark__term", "shares": "mark__share"},
        lambda o, n, s: Mark.objects.create(item=o, term=label(n), share=s),
        free=True,
    ),
    "taggit": Kind(Post, {"terms": "tags"}, lambda o, n, s: o.tags.add(n), free=True),
    "taggit, UUID": Kind(Letter, {"terms": "tags"}, lambda o, n, s: o.tags.add(n), free=True),
    "taggit, own table": Kind(Page, {"terms": "tags"}, lambda o, n, s: o.tags.add(n), free=True),
}


@dataclass(frozen=True)
class World:
    """A vocabulary, a person's tags and a catalogue."""

    scheme: Scheme
    tags: dict[int, tuple[str, float, float]]
    sensitive: frozenset[int]
    inactive: frozenset[int]
    items: tuple[dict[int, float], ...]

    @property
    def hidden(self):
        return {pk for pk, (what, _weight, _units) in self.tags.items() if what == "hidden"}

    def store(self, kind, person, now):
        """Write all of it; return the shares of the terms of each item, by key and name."""
        for model in (kind.model, UserTag, TaxonomyRelation, TaxonomyAlias, Taxonomy, Label, Tag):
            model.objects.all().delete()
        terms = [
            Taxonomy(
                name=f"term {pk}",
                category="topic",
                is_sensitive=pk in self.sensitive,
                is_active=pk not in self.inactive,
            )
            for pk in range(self.scheme.size)
        ]
        Taxonomy.objects.bulk_create(terms)
        for child, parent in self.scheme.parents.items():
            terms[child].parent = terms[parent]
        Taxonomy.objects.bulk_update(terms, ["parent"])
        TaxonomyRelation.objects.bulk_create(
            TaxonomyRelation(
                source=terms[relation.source_id],
                target=terms[relation.target_id],
                weight=relation.weight,
                is_symmetric=relation.is_symmetric,
            )
            for relation in self.scheme.relations
        )
        growth = scoring.growth(now.replace(minute=0, second=0, microsecond=0), 30)
        UserTag.objects.bulk_create(
            UserTag(
                user=person,
                taxonomy=terms[pk],
                name=terms[pk].name,
                key=terms[pk].key,
                source=TagSource.AUTO_PROJECT if what == "inferred" else TagSource.MANUAL,
                state=what if what in {"hidden", "dismissed"} else TagState.ACTIVE,
                weight=weight,
                evidence=units * growth,
            )
            for pk, (what, weight, units) in self.tags.items()
        )
        stored = {}
        for shares in self.items:
            some = {terms[pk].name: share for pk, share in shares.items()}
            key = kind.make(**some).pk
            stored[key] = some if "shares" in kind.declaration else dict.fromkeys(some, 1.0)
        forget_statistics()
        return stored


@st.composite
def worlds(draw):
    """Draw a vocabulary, a person's tags of every kind and state, and items."""
    scheme = draw(schemes())
    terms = st.integers(0, scheme.size - 1)
    kinds = st.sampled_from(["picked", "picked", "inferred", "inferred", "dismissed", "hidden"])
    weights, units = st.sampled_from([0.5, 1.0, 2.0]), st.floats(0.35, 12.0)
    tags = draw(st.dictionaries(terms, st.tuples(kinds, weights, units), max_size=8))
    sensitive, inactive = (
        draw(st.frozensets(terms, max_size=2)),
        draw(st.frozensets(terms, max_size=2)),
    )
    own = {
        pk: weight * (1.0 if what == "picked" else 1.0 - 2.0 ** (-amount / 2))
        for pk, (what, weight, amount) in tags.items()
        if what == "picked" or (what == "inferred" and pk not in sensitive)
    }
    refused = {pk for pk, (what, *_rest) in tags.items() if what in {"dismissed", "hidden"}}
    picked = frozenset(pk for pk, (what, *_rest) in tags.items() if what == "picked")
    scheme = replace(scheme, own=own, picked=picked, closed=sensitive | inactive | refused)
    shares = st.dictionaries(terms, st.sampled_from([0.25, 1.0, 3.0]), max_size=4)
    return World(scheme, tags, sensitive, inactive, tuple(draw(st.lists(shares, max_size=8))))
