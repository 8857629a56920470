"""What a merge does to the vocabulary: names, broader terms, relations and suggestions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model, Q
from django.utils import timezone

from django_personalization.choices import SuggestionStatus
from django_personalization.merging.hierarchy import broader_term
from django_personalization.merging.rows import written
from django_personalization.models import (
    RelationSuggestion,
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
)
from django_personalization.querysets import mark_vocabulary_changed

PAIRS: Final = ("source_id", "target_id")


@dataclass(frozen=True)
class Change:
    """One row as it is and as it will be; ``None`` where there is none."""

    model: type[Model]
    before: Any
    after: Any

    @property
    def columns(self) -> list[str]:
        """The columns that differ, where the row stays."""
        names = [field.attname for field in self.model._meta.concrete_fields]
        return [n for n in names if getattr(self.before, n) != getattr(self.after, n)]

    def written(self) -> dict[str, Any]:
        """Return the change as JSON can hold it."""
        return {
            "model": self.model._meta.label_lower,
            "before": self.before and written(self.before),
            "after": self.after and written(self.after),
        }


def changes_of(keep: Taxonomy, merged: Sequence[Taxonomy]) -> list[Change]:
    """Return all that changes in the vocabulary when ``merged`` become one with ``keep``.

    The terms themselves are only retired: while people still have tags of them, they must be
    there. Their names mean ``keep`` from then on.
    """
    found = [
        *_aliases(keep, merged),
        *_relations(keep, merged),
        *_suggestions(keep, merged),
        *_terms(keep, merged),
    ]
    return [c for c in found if c.before is None or c.after is None or c.columns]


def apply_changes(changes: Sequence[Change]) -> None:
    """Write the changes; call it with the vocabulary held."""
    for model in (TaxonomyAlias, TaxonomyRelation, RelationSuggestion, Taxonomy):
        manager = model._base_manager
        ours = [change for change in changes if change.model is model]
        gone = [change.before.pk for change in ours if change.after is None]
        manager.filter(pk__in=gone).delete()
        changed = [change for change in ours if change.before and change.after]
        columns = sorted({column for change in changed for column in change.columns})
        names = [model._meta.get_field(column).name for column in columns]
        if names:
            manager.bulk_update([change.after for change in changed], names)
        manager.bulk_create([change.after for change in ours if change.before is None])
    mark_vocabulary_changed()


def _aliases(keep: Taxonomy, merged: Sequence[Taxonomy]) -> Iterator[Change]:
    """Let all that the merged terms are called be other names of the one that stays."""
    names = {term.key: term for term in merged}
    theirs = Q(taxonomy__in=[term.pk for term in merged]) | Q(key__in=list(names))
    for alias in TaxonomyAlias.objects.filter(theirs).order_by("pk"):
        names.pop(alias.key, None)
        if alias.key == keep.key:
            yield Change(TaxonomyAlias, alias, None)
        else:
            yield _changed(alias, taxonomy_id=keep.pk)
    for key, term in names.items():
        alias = TaxonomyAlias(taxonomy_id=keep.pk, name=term.name, key=key)
        yield Change(TaxonomyAlias, None, alias)


def _relations(keep: Taxonomy, merged: Sequence[Taxonomy]) -> Iterator[Change]:
    def order(row: TaxonomyRelation) -> list[int]:
        return [row.source_id, row.target_id]

    def absorb(row: TaxonomyRelation, twin: TaxonomyRelation) -> None:
        row.weight = max(row.weight, twin.weight)
        row.is_symmetric = row.is_symmetric or twin.is_symmetric

    return _pairs(TaxonomyRelation, keep, merged, order, absorb)


def _suggestions(keep: Taxonomy, merged: Sequence[Taxonomy]) -> Iterator[Change]:
    def order(row: RelationSuggestion) -> list[int]:
        return sorted([row.source_id, row.target_id])

    def absorb(row: RelationSuggestion, twin: RelationSuggestion) -> None:
        if row.status == SuggestionStatus.OPEN:
            row.status = twin.status
        for name in ("people_support", "item_support", "score"):
            setattr(row, name, max(getattr(row, name), getattr(twin, name)))

    return _pairs(RelationSuggestion, keep, merged, order, absorb)


def _pairs(
    model: type[Model],
    keep: Taxonomy,
    merged: Sequence[Taxonomy],
    order: Callable[[Any], list[int]],
    absorb: Callable[[Any, Any], None],
) -> Iterator[Change]:
    """Point rows of two terms at the one that stays; of those that become the same, one stays."""
    gone = {term.pk for term in merged}
    ids = [keep.pk, *gone]
    rows = model._base_manager.filter(Q(source__in=ids) | Q(target__in=ids)).order_by("pk")
    known: dict[tuple[int, ...], Change] = {}
    # What the kept term has itself comes first, so that it is what stays.
    for row in sorted(rows, key=lambda row: bool(gone & set(order(row)))):
        new: Any = copy(row)
        for column in PAIRS:
            if getattr(row, column) in gone:
                setattr(new, column, keep.pk)
        new.source_id, new.target_id = pair = tuple(order(new))
        if new.source_id == new.target_id:
            yield Change(model, row, None)
        elif pair in known:
            absorb(known[pair].after, row)
            yield Change(model, row, None)
        else:
            known[pair] = Change(model, row, new)
    yield from known.values()


def _terms(keep: Taxonomy, merged: Sequence[Taxonomy]) -> Iterator[Change]:
    ids = [term.pk for term in merged]
    parents = dict(Taxonomy.objects.order_by().values_list("pk", "parent_id"))
    sensitive = any(term.is_sensitive for term in (keep, *merged))
    parent_id = broader_term(keep.pk, ids, parents)
    yield _touched(keep, is_sensitive=sensitive, parent_id=parent_id)
    for term in merged:
        yield _touched(term, is_active=False)
    narrower = Taxonomy.objects.filter(parent__in=ids).exclude(pk__in=[keep.pk, *ids])
    for term in narrower.order_by("pk"):
        yield _touched(term, parent_id=keep.pk)


def _touched(term: Taxonomy, **values: Any) -> Change:
    change = _changed(term, **values)
    if change.columns:
        change.after.updated_at = timezone.now()
    return change


def _changed(row: Model, **values: Any) -> Change:
    after = copy(row)
    for column, value in values.items():
        setattr(after, column, value)
    return Change(type(row), row, after)


def narrower_of(changes: Iterable[Change], keep: Taxonomy) -> list[str]:
    """Return the names of the terms that become narrower ones of the one that stays."""
    moved = (c for c in changes if c.model is Taxonomy and c.after and "parent_id" in c.columns)
    return [change.after.name for change in moved if change.after.pk != keep.pk]
