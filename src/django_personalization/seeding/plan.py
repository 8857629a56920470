"""What loading rows would do to the database, row by row. Reads, never writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Final

from django_personalization.models import Taxonomy, TaxonomyAlias, TaxonomyRelation
from django_personalization.seeding.files import add_circles
from django_personalization.seeding.rows import Problems, Related, TaxonomyRow, closest
from django_personalization.validation import shown

# The columns of a term that a file may set; the others are staff's, or follow from these.
VALUES: Final = ("name", "category", "description", "is_sensitive", "parent")


class Action(str, Enum):
    """What becomes of a row."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class StoredTerm:
    """A term as the database has it; ``parent`` is a slug."""

    pk: int
    slug: str
    key: str
    name: str
    category: str
    description: str
    is_sensitive: bool
    parent: str | None


class StoredVocabulary:
    """The vocabulary in the database, read with three queries."""

    def __init__(self) -> None:
        columns = ("pk", "slug", "key", *VALUES[:-1], "parent__slug")
        terms = (StoredTerm(*values) for values in Taxonomy.objects.values_list(*columns))
        self.terms = {term.slug: term for term in terms}
        self._by_key = {term.key: term for term in self.terms.values()}
        self._aliases = dict(TaxonomyAlias.objects.values_list("key", "taxonomy__slug"))
        self._relations: set[tuple[str, str]] = set()
        rows = TaxonomyRelation.objects.values_list("source__slug", "target__slug", "is_symmetric")
        for source, target, is_symmetric in rows:
            self._relations.add((source, target))
            if is_symmetric:
                self._relations.add((target, source))

    def has_alias(self, slug: str, key: str) -> bool:
        """Whether the spelling with this key already means the term."""
        return self._aliases.get(key) == slug

    def has_relation(self, slug: str, other: str) -> bool:
        """Whether there is a relation that leads from one term to the other."""
        return (slug, other) in self._relations

    def taken(self, key: str, slug: str) -> str | None:
        """Return by what, other than the term ``slug``, the name with this key is taken."""
        term = self._by_key.get(key)
        if term is not None and term.slug != slug:
            return f"{shown(term.name)} (slug {term.slug})"
        owner = self._aliases.get(key, slug)
        if owner != slug:
            return f"an alias of {shown(self.terms[owner].name)} (slug {owner})"
        return None


@dataclass(frozen=True)
class Step:
    """What becomes of one row.

    ``values`` are the columns that are written (``parent`` as a slug); ``aliases`` and ``related``
    are added; ``remarks`` say what is left out and why. A row that is unchanged though the file
    says otherwise has the values that ``update`` would write, and they are not written.
    """

    action: Action
    row: TaxonomyRow
    stored: StoredTerm | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the database and the file say different things."""
        return bool(self.values or self.aliases or self.related)

    def __str__(self) -> str:
        """Describe the step in one line, without the action."""
        parts = [f"{self.row.slug} ({shown(self.row.name)})", *self.remarks]
        if self.action is Action.UPDATE and self.differs:
            parts.insert(1, ", ".join(self._changes()))
        elif self.action is Action.UNCHANGED and self.differs:
            parts.insert(1, "differs from the file and is kept")
        return ": ".join([parts[0], "; ".join(parts[1:])]) if parts[1:] else parts[0]

    def _changes(self) -> Iterator[str]:
        for column, value in self.values.items():
            before = getattr(self.stored, column)
            yield f"{column} {_told(before)} → {_told(value)}"
        yield from (f"adds alias {shown(alias)}" for alias in self.aliases)
        yield from (f"adds relation to {relation.slug}" for relation in self.related)


@dataclass(frozen=True)
class Plan:
    """What becomes of every row, in the order of the files."""

    steps: tuple[Step, ...]

    @cached_property
    def counts(self) -> Mapping[Action, int]:
        """How many rows are created, updated, unchanged and in conflict."""
        counted = Counter(step.action for step in self.steps)
        return {action: counted[action] for action in Action}

    @property
    def differing(self) -> int:
        """How many rows stay unchanged though the file says otherwise."""
        return sum(step.differs for step in self.of(Action.UNCHANGED))

    @property
    def remarked(self) -> list[Step]:
        """The steps that leave something out, conflicts included."""
        return [step for step in self.steps if step.remarks]

    def of(self, action: Action) -> list[Step]:
        """Return the steps with this action."""
        return [step for step in self.steps if step.action is action]


def make_plan(rows: Sequence[TaxonomyRow], *, update: bool) -> Plan:
    """Compare ``rows`` with the database, in three queries.

    Raises :class:`VocabularyFileError` for parents and relations that exist neither in the files
    nor in the database, and for circles of parents that rows of both would make.
    """
    stored = StoredVocabulary()
    _refuse_unknown_slugs(rows, stored)
    taken = {row.slug: _conflict(row, stored, update) for row in rows}
    skipped = {slug for slug, reason in taken.items() if reason} - stored.terms.keys()
    steps = []
    for row in rows:
        reason = taken[row.slug]
        if reason is None:
            steps.append(_step(row, stored, skipped, update))
        else:
            steps.append(Step(Action.CONFLICT, row, stored.terms.get(row.slug), remarks=(reason,)))
    _refuse_circles(steps, stored)
    return Plan(tuple(steps))


def _conflict(row: TaxonomyRow, stored: StoredVocabulary, update: bool) -> str | None:
    if row.slug in stored.terms and not update:
        return None
    owner = stored.taken(row.key, row.slug)
    return None if owner is None else f"the name is taken by {owner}"


def _step(
    row: TaxonomyRow, stored: StoredVocabulary, skipped: Collection[str], update: bool
) -> Step:
    term = stored.terms.get(row.slug)
    remarks: list[str] = []
    values = _values(row, term, skipped, remarks)
    aliases = tuple(_new_aliases(row, stored, remarks))
    related = tuple(_new_relations(row, stored, skipped, remarks))
    if term is None:
        return Step(Action.CREATE, row, None, values, aliases, related, tuple(remarks))
    changes = bool(values or aliases or related)
    action = Action.UPDATE if update and changes else Action.UNCHANGED
    return Step(action, row, term, values, aliases, related, tuple(remarks) if update else ())


def _values(
    row: TaxonomyRow, term: StoredTerm | None, skipped: Collection[str], remarks: list[str]
) -> dict[str, Any]:
    """Return what a new term gets, or what the file says otherwise about one that exists."""
    values = {name: getattr(row, name) for name in VALUES if term is None or name in row.given}
    if values.get("parent") in skipped:
        remarks.append(f"no parent {values.pop('parent')}, which is skipped")
    if term is None:
        return values
    return {name: value for name, value in values.items() if value != getattr(term, name)}


def _new_aliases(row: TaxonomyRow, stored: StoredVocabulary, remarks: list[str]) -> Iterator[str]:
    for key, alias in row.aliases:
        owner = stored.taken(key, row.slug)
        if owner is not None:
            remarks.append(f"no alias {shown(alias)}, which is taken by {owner}")
        elif not stored.has_alias(row.slug, key):
            yield alias


def _new_relations(
    row: TaxonomyRow, stored: StoredVocabulary, skipped: Collection[str], remarks: list[str]
) -> Iterator[Related]:
    for relation in row.related:
        if relation.slug in skipped:
            remarks.append(f"no relation to {relation.slug}, which is skipped")
        elif not stored.has_relation(row.slug, relation.slug):
            yield relation


def _refuse_unknown_slugs(rows: Iterable[TaxonomyRow], stored: StoredVocabulary) -> None:
    problems = Problems()
    known = stored.terms.keys() | {row.slug for row in rows}
    for row in rows:
        parents = [("parent", row.parent)] if row.parent else []
        for column, slug in [*parents, *(("related", other.slug) for other in row.related)]:
            if slug not in known:
                # Looking for a likeness among thousands of slugs takes time.
                hint = "" if problems.is_full else closest(slug, known)
                problems.add(
                    row.place,
                    f"{column} {shown(slug)}: Neither the files nor the database have a term "
                    f"with this slug.{hint}",
                )
    problems.refuse()


def _refuse_circles(steps: Iterable[Step], stored: StoredVocabulary) -> None:
    """Refuse circles that only the database closes; those within files are known before."""
    problems = Problems()
    parents = {term.slug: term.parent for term in stored.terms.values()}
    changed = [
        step
        for step in steps
        if step.action in {Action.CREATE, Action.UPDATE} and "parent" in step.values
    ]
    parents.update({step.row.slug: step.values["parent"] for step in changed})
    add_circles([step.row for step in changed], parents, problems)
    problems.refuse()


def _told(value: object) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else shown(value)
