"""Write what a plan says: a few statements for every batch of rows, none for a single one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from django.utils import timezone

from django_personalization.alignment import align_tags, keep_former_names
from django_personalization.models import Taxonomy, TaxonomyAlias, TaxonomyRelation
from django_personalization.seeding.plan import Action, Plan, Step
from django_personalization.text import term_key

BATCH: Final = 500

Progress = Callable[[int, int], None]
Row = TypeVar("Row")


def apply_plan(plan: Plan, progress: Progress | None = None) -> None:
    """Write the plan; call it inside the transaction in which the plan was made."""
    created, updated = plan.of(Action.CREATE), plan.of(Action.UPDATE)
    written = [*created, *updated]
    if not written:
        return
    batches = _Batches(written, progress)
    for steps in batches.of(created):
        Taxonomy.objects.bulk_create([_new_term(step) for step in steps])
    # One query, since not every database tells the keys of rows that were inserted in bulk.
    ids = dict(Taxonomy.objects.values_list("slug", "pk"))
    renamed = [step for step in updated if "name" in step.values]
    names = {ids[step.row.slug]: step.row.name for step in renamed}
    _hold(sorted(names))
    former = list(Taxonomy.objects.filter(pk__in=names)) if names else []
    _write_values(updated, ids, batches)
    _write_parents(created, ids, batches)
    _write_labels(written, ids, batches)
    keep_former_names(former, names)
    for steps in batches.of([*created, *renamed]):
        align_tags([ids[step.row.slug] for step in steps])


class _Batches:
    """Cuts work into batches and tells how far it has come."""

    def __init__(self, written: Sequence[Step], progress: Progress | None) -> None:
        self._progress = progress
        self._done = 0
        self._total = sum(_work(step) for step in written)

    def of(self, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        """Yield the rows in batches."""
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            yield batch
            self._done += len(batch)
            if self._progress is not None:
                self._progress(self._done, self._total)


def _work(step: Step) -> int:
    """Return in how many batches the step has a place."""
    labels = len(step.aliases) + len(step.related)
    if step.action is Action.CREATE:
        return 2 + bool(step.values.get("parent")) + labels
    return bool(step.values) + ("name" in step.values) + labels


def _hold(ids: Sequence[int]) -> None:
    """Lock terms in the order in which trackers lock those that they write tags for.

    A term gets a new name only while nobody else depends on the old one, and a statement that
    changes many names would wait for trackers in no order at all.
    """
    for start in range(0, len(ids), BATCH):
        terms = Taxonomy.objects.filter(pk__in=ids[start : start + BATCH]).order_by("pk")
        list(terms.select_for_update().values_list("pk"))


def _new_term(step: Step) -> Taxonomy:
    columns = {name: value for name, value in step.values.items() if name != "parent"}
    return Taxonomy(slug=step.row.slug, **columns)


def _write_values(steps: Sequence[Step], ids: dict[str, int], batches: _Batches) -> None:
    """Overwrite terms; those with the same columns to write share a statement."""
    now = timezone.now()
    groups: dict[tuple[str, ...], list[Step]] = {}
    for step in steps:
        if step.values:
            groups.setdefault(tuple(step.values), []).append(step)
    for names, members in groups.items():
        columns = [*names, *(["key"] if "name" in names else [])]
        for batch in batches.of(members):
            terms = [_changed_term(step, ids) for step in batch]
            Taxonomy.objects.bulk_update(terms, columns)
            changed = Taxonomy.objects.filter(pk__in=[term.pk for term in terms])
            changed.update(updated_at=now)


def _changed_term(step: Step, ids: dict[str, int]) -> Taxonomy:
    term = Taxonomy(pk=ids[step.row.slug], key=step.row.key)
    for name, value in step.values.items():
        if name == "parent":
            term.parent_id = ids[value] if value else None
        else:
            setattr(term, name, value)
    return term


def _write_parents(steps: Sequence[Step], ids: dict[str, int], batches: _Batches) -> None:
    """Set the parents of new terms, which may be new themselves."""
    narrower = [step for step in steps if step.values.get("parent")]
    for batch in batches.of(narrower):
        terms = [
            Taxonomy(pk=ids[step.row.slug], parent_id=ids[step.values["parent"]]) for step in batch
        ]
        Taxonomy.objects.bulk_update(terms, ["parent"])


def _write_labels(steps: Sequence[Step], ids: dict[str, int], batches: _Batches) -> None:
    """Add aliases and relations."""
    aliases = [
        TaxonomyAlias(taxonomy_id=ids[step.row.slug], name=alias, key=term_key(alias))
        for step in steps
        for alias in step.aliases
    ]
    for some_aliases in batches.of(aliases):
        TaxonomyAlias.objects.bulk_create(some_aliases)
    relations = [
        TaxonomyRelation(
            source_id=ids[step.row.slug],
            target_id=ids[relation.slug],
            weight=relation.weight,
            is_symmetric=relation.is_symmetric,
        )
        for step in steps
        for relation in step.related
    ]
    for some_relations in batches.of(relations):
        TaxonomyRelation.objects.bulk_create(some_relations)
