"""The vocabulary in memory: names and texts become terms.

A :class:`Vocabulary` is an immutable snapshot. :func:`current_vocabulary` keeps the latest one in
the process and compares its revision token with the database's at every call, so that a change is
seen by every process as soon as it has been committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import FrozenInstanceError, dataclass
from itertools import accumulate
from types import MappingProxyType

from django_personalization.models import (
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    VocabularyRevision,
)
from django_personalization.text import pieces, term_key, tokenize, tokenize_with_joints, words


@dataclass(frozen=True)
class Term:
    """One term: ``taxonomy_id`` is ``None`` for a free keyword."""

    key: str
    name: str
    taxonomy_id: int | None
    is_active: bool = True
    is_sensitive: bool = False
    parent_id: int | None = None

    @property
    def is_inferable(self) -> bool:
        """Whether activity may turn into a tag with this term."""
        return self.is_active and not self.is_sensitive


@dataclass(frozen=True)
class Relation:
    """``source_id`` lends affinity to ``target_id``, and the other way round where symmetric."""

    source_id: int
    target_id: int
    weight: float
    is_symmetric: bool = True


class Vocabulary:
    """An immutable snapshot of the vocabulary."""

    def __init__(
        self,
        terms: Iterable[Term],
        aliases: Iterable[tuple[str, int]],
        relations: Iterable[Relation] = (),
    ) -> None:
        """Index ``terms`` by key, by relation, and by the tokens of names and ``(alias, id)``."""
        self._by_id = {term.taxonomy_id: term for term in terms if term.taxonomy_id is not None}
        self._index_relatives(relations)
        known = ((name, self._by_id.get(taxonomy_id)) for name, taxonomy_id in aliases)
        labels = [(term.name, term) for term in self._by_id.values() if term.is_active]
        labels += [(name, term) for name, term in known if term is not None]
        labels += [(term.name, term) for term in self._by_id.values() if not term.is_active]
        # A name wins over an alias that is spelled alike, unless it is offered no more: a term
        # that is being merged into another one already means that one.
        self._by_key = {term_key(name): term for name, term in reversed(labels)}
        # The first label stays, so an alias never takes the place of a name.
        self._phrases: dict[tuple[str, ...], Term] = {}
        for name, term in labels:
            self._phrases.setdefault(tuple(tokenize(name)), term)
        self._sensitive = _sensitive_labels(labels)
        lengths: dict[str, set[int]] = {}
        for phrase in self._phrases:
            lengths.setdefault(phrase[0], set()).add(len(phrase))
        self._lengths = {f: tuple(sorted(found, reverse=True)) for f, found in lengths.items()}
        # All threads share it.
        vars(self).update({name: MappingProxyType(index) for name, index in vars(self).items()})
        self._is_frozen = True

    def _index_relatives(self, relations: Iterable[Relation]) -> None:
        parents = {pk: term.parent_id for pk, term in self._by_id.items()}
        self._broader = _without_circles({k: v for k, v in parents.items() if v is not None})
        narrower: dict[int, list[int]] = {}
        for pk, parent_id in self._broader.items():
            narrower.setdefault(parent_id, []).append(pk)
        self._narrower = {pk: tuple(below) for pk, below in narrower.items()}
        related: dict[int, dict[int, float]] = {}
        for relation in relations:
            pairs = [(relation.source_id, relation.target_id)]
            pairs += [pairs[0][::-1]] if relation.is_symmetric else []
            for source, target in pairs:
                weights = related.setdefault(source, {})
                weights[target] = max(weights.get(target, 0.0), relation.weight)
        self._related = {pk: MappingProxyType(weights) for pk, weights in related.items()}

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse any change once all is indexed."""
        if "_is_frozen" in vars(self):
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        """Refuse it."""
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def get(self, taxonomy_id: int) -> Term | None:
        """Return the term with this id, if the vocabulary has it."""
        return self._by_id.get(taxonomy_id)

    def is_inferable(self, taxonomy_id: int) -> bool:
        """Return whether the vocabulary offers this term, and activity may lead to it."""
        term = self._by_id.get(taxonomy_id)
        return term is not None and term.is_inferable

    def ids(self) -> Iterable[int]:
        """Return the ids of all terms."""
        return self._by_id.keys()

    def broader(self, taxonomy_id: int) -> int | None:
        """Return the id of the broader term, if there is one."""
        return self._broader.get(taxonomy_id)

    def narrower(self, taxonomy_id: int) -> Sequence[int]:
        """Return the ids of the terms whose broader term this is."""
        return self._narrower.get(taxonomy_id, ())

    def related(self, taxonomy_id: int) -> Mapping[int, float]:
        """Return the ids of the terms that this one lends affinity to, each with its weight."""
        return self._related.get(taxonomy_id, MappingProxyType({}))

    def with_narrower(self, taxonomy_ids: Iterable[int]) -> set[int]:
        """Return these ids and those of all narrower terms, however deep."""
        found: set[int] = set()
        open_ids = list(taxonomy_ids)
        while open_ids:
            pk = open_ids.pop()
            if pk not in found:
                found.add(pk)
                open_ids.extend(self.narrower(pk))
        return found

    def resolve(self, name: str) -> Term | None:
        """Return the term that ``name`` (a name or an alias, in any case) means, if any."""
        return self._by_key.get(term_key(name))

    def identity_of(self, key: str) -> int | str:
        """Return the id of the term that has this key as a name or an alias, or else the key."""
        term = self._by_key.get(key)
        return key if term is None or term.taxonomy_id is None else term.taxonomy_id

    def match(self, text: str) -> list[Term]:
        """Return the terms that ``text`` mentions, each once, in the order of first mention.

        At every place the longest label wins; the time is linear in the length of the text.
        """
        tokens, joined = tokenize_with_joints(text)
        found: dict[str, Term] = {}
        position = 0
        while position < len(tokens):
            length, term = self._longest_at(tokens, joined, position)
            if term is not None:
                found.setdefault(term.key, term)
            position += length
        return list(found.values())

    def mentions_sensitive(self, name: str) -> bool:
        """Return whether any label of a sensitive term is in ``name``, however it is joined.

        Stricter than :meth:`match`: accents and longer terms hide nothing, nor do hyphens,
        camelCase and digits, wherever in a word they are. A blank stands between the words of a
        label only, so that "the rapist arrested" is no "therapist", unless the whole name is
        nothing but the label: "Re ligion". A guess that is not made for a word that only looks
        alike costs less than one that is.
        """
        return any(term.is_sensitive for term in self.match(name)) or self._spells_sensitive(name)

    def _spells_sensitive(self, name: str) -> bool:
        if not self._sensitive:
            return False
        found = pieces(name)
        spelled = "".join(word for piece in found for word in piece)
        starts = _starts(word for piece in found for word in piece)
        blanks = _starts("".join(piece) for piece in found)
        borders = {*starts, len(spelled)}
        return spelled in self._sensitive.get(spelled[:1], {}).get(len(spelled), {}) or any(
            start + length in borders
            and any(
                inner.issuperset(at - start for at in blanks if start < at < start + length)
                for inner in labels.get(spelled[start : start + length], ())
            )
            for start in starts
            for length, labels in self._sensitive.get(spelled[start], {}).items()
        )

    def _longest_at(
        self, tokens: list[str], joined: set[int], position: int
    ) -> tuple[int, Term | None]:
        for length in self._lengths.get(tokens[position], ()):
            end = position + length
            term = self._phrases.get(tuple(tokens[position:end]))
            if term is not None and _stands_alone(tokens, joined, position, end):
                return length, term
        return 1, None


def _sensitive_labels(
    labels: Iterable[tuple[str, Term]],
) -> dict[str, dict[int, dict[str, set[frozenset[int]]]]]:
    """Index sensitive labels, written as one word, by their first character and their length.

    Each is there with the places where its words begin, at which there may be a blank.
    """
    index: dict[str, dict[int, dict[str, set[frozenset[int]]]]] = {}
    for name in (name for name, term in labels if term.is_sensitive):
        found = words(name)
        joined = "".join(found)
        same_length = index.setdefault(joined[:1], {}).setdefault(len(joined), {})
        same_length.setdefault(joined, set()).add(frozenset(_starts(found)))
    index.pop("", None)
    return index


def _starts(parts: Iterable[str]) -> list[int]:
    """Return where each of ``parts`` begins when they are written as one."""
    lengths = [len(part) for part in parts]
    return list(accumulate(lengths[:-1], initial=0)) if lengths else []


def _without_circles(parents: Mapping[int, int]) -> dict[int, int]:
    """Return the broader terms without those of terms in a circle, which are in no hierarchy.

    Forms refuse circles; imports and bulk updates may make one.
    """
    seen: set[int] = set()
    circles: set[int] = set()
    for start in parents:
        path: list[int] = []
        term: int | None = start
        while term is not None and term not in seen:
            seen.add(term)
            path.append(term)
            term = parents.get(term)
        if term in path:
            circles.update(path[path.index(term) :])
    return {pk: parent_id for pk, parent_id in parents.items() if pk not in circles}


def _stands_alone(tokens: list[str], joined: set[int], start: int, end: int) -> bool:
    """Refuse ``.NET`` inside ``example.net`` and ``C`` inside ``C++`` or ``C#``."""
    begins_inside = start in joined and tokens[start - 1].isalnum() and not tokens[start].isalnum()
    goes_on = end in joined and tokens[end] in {"+", "#"} and tokens[end - 1].isalnum()
    return not begins_inside and not goes_on


_current: tuple[str, Vocabulary] | None = None


def current_vocabulary(token: str | None = None) -> Vocabulary:
    """Return the snapshot of what the database holds now.

    Costs one small query, and three more after a change. ``token`` is the revision's token where
    the caller has just read it; the small query is then spared.
    """
    global _current  # noqa: PLW0603 - the process-wide snapshot
    if token is None:
        token = VocabularyRevision.objects.values_list("token", flat=True).first() or ""
    cached = _current
    if cached is not None and cached[0] == token:
        return cached[1]
    vocabulary = load_vocabulary()
    # Without a token nothing says when the snapshot becomes old.
    _current = (token, vocabulary) if token else None
    return vocabulary


def load_vocabulary() -> Vocabulary:
    """Read the whole vocabulary, inactive and sensitive terms included: they must be known too."""
    rows = Taxonomy.objects.order_by("pk").values_list(
        "pk", "key", "name", "is_active", "is_sensitive", "parent_id"
    )
    aliases = TaxonomyAlias.objects.order_by("pk").values_list("name", "taxonomy_id")
    relations = TaxonomyRelation.objects.order_by("pk").values_list(
        "source_id", "target_id", "weight", "is_symmetric"
    )
    terms = (Term(key, name, pk, *rest) for pk, key, name, *rest in rows)
    return Vocabulary(terms, aliases, (Relation(*row) for row in relations))
