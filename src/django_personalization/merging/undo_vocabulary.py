"""Terms, names, relations and the host's rows become again what they were before a merge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Model, Q
from django.utils.translation import gettext as _

from django_personalization.exceptions import InvalidInput
from django_personalization.merging.links import Link, links
from django_personalization.merging.rows import (
    attempt,
    insert,
    read,
    read_value,
    with_references,
    written_value,
)
from django_personalization.merging.undo_file import UndoFile
from django_personalization.merging.undo_lines import MODELS
from django_personalization.models import Taxonomy
from django_personalization.querysets import mark_vocabulary_changed

_Refused = list[str]


def terms_to_restore(file: UndoFile) -> list[Taxonomy]:
    """Return the merged terms that are not there, as they were last.

    Raises :class:`InvalidInput` when the kept term is gone or is another than that of the file, or
    when a third one has a name of theirs.
    """
    ids = set(file.merged_ids)
    _check_kept(file.head["keep"])
    missing = ids.difference(Taxonomy.objects.filter(pk__in=ids).values_list("pk", flat=True))
    rows: dict[int, Taxonomy] = {}
    for values in _terms_in(file) if missing else ():
        if values["id"] in missing:
            rows.setdefault(values["id"], read(Taxonomy, values))
        if len(rows) == len(missing):
            break
    for row in rows.values():
        _check_free(row)
    return list(rows.values())


def restore_terms(terms: Sequence[Taxonomy]) -> None:
    """Make terms anew with the keys that they had; call it with the vocabulary held."""
    if not terms:
        return
    parents = {term.pk: term.parent_id for term in terms}
    for term in terms:
        term.parent_id = None
    if attempt(Taxonomy._base_manager.bulk_create, terms):
        raise InvalidInput({"undo": [_("The database refuses the terms as the file has them.")]})
    for term in terms:
        term.parent_id = parents[term.pk]
    restored = with_references(terms)
    attempt(lambda rows: Taxonomy._base_manager.bulk_update(rows, ["parent"]), restored)
    mark_vocabulary_changed()


def restore_vocabulary(changes: Sequence[Mapping[str, Any]]) -> _Refused:
    """Undo changes of the vocabulary; return what is left because somebody changed it since."""
    left: _Refused = []
    for label, model in MODELS.items():
        ours = [change for change in changes if change["model"] == label]
        left += _restore_rows(model, ours) if ours else []
    mark_vocabulary_changed()
    return left


def restore_links(line: Mapping[str, Any], keep: Taxonomy) -> tuple[int, int]:
    """Point the host's rows back; return how many do, and how many cannot any more."""
    link = next((link for link in links() if link.label == line["link"]), None)
    total = sum(map(len, line["moved"].values())) + len(line["dropped"])
    if link is None:
        return 0, total
    key, back = link.model._meta.pk, 0
    merged = Taxonomy.objects.in_bulk([int(pk) for pk in line["moved"]])
    for pk, term in merged.items():
        pks = [read_value(key, value) for value in line["moved"][str(pk)]]
        back += _point_back(link, pks, keep, term)
    rows = [read(link.model, values) for values in line["dropped"]]
    there = set(link.rows.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    new = with_references([row for row in rows if row.pk not in there])
    back += len(there) + len(new) - len(attempt(insert, new))
    return back, total - back


def _point_back(link: Link, pks: Sequence[Any], keep: Taxonomy, term: Taxonomy) -> int:
    """Point rows at ``term`` that point at ``keep``; return how many of them all do then."""
    name = link.field.name

    def write(some: Sequence[Any]) -> None:
        link.rows.filter(pk__in=some, **{name: keep}).update(**{name: term})

    attempt(write, pks)
    return link.rows.filter(pk__in=pks, **{name: term}).count()


def _terms_in(file: UndoFile) -> Iterator[Mapping[str, Any]]:
    """Yield the terms that the lines tell of, the latest first."""
    for line in file.latest_first():
        if line["record"] == "terms":
            yield from line["rows"]
        elif line["record"] == "vocabulary":
            changes = (c for c in line["rows"] if c["model"] == Taxonomy._meta.label_lower)
            yield from (change["after"] for change in changes)


def _check_kept(keep: Mapping[str, Any]) -> None:
    term = Taxonomy.objects.filter(pk=keep["id"]).first()
    if term is None:
        message = _("The term “%s” is gone; without it nothing can be taken back.")
        raise InvalidInput({"undo": [message % keep.get("slug", keep["id"])]})
    if term.created_at.isoformat() != keep.get("created_at"):
        message = _("The term “%s” is not the one that was merged into: this is another database.")
        raise InvalidInput({"undo": [message % keep.get("slug", keep["id"])]})


def _check_free(term: Taxonomy) -> None:
    """Refuse to make a term anew whose name or slug another has got meanwhile."""
    same = Q(name=term.name) | Q(key=term.key) | Q(slug=term.slug)
    other = Taxonomy.objects.filter(same).first()
    if other is not None:
        message = _("“%(term)s” cannot be made anew: “%(other)s” has its name or slug (%(slug)s).")
        values = {"term": term, "other": other, "slug": term.slug}
        raise InvalidInput({"undo": [message % values]})


def _restore_rows(model: type[Model], changes: Sequence[Mapping[str, Any]]) -> _Refused:
    pks = [(change["after"] or change["before"])["id"] for change in changes]
    there: dict[Any, Any] = model._base_manager.in_bulk([pk for pk in pks if pk is not None])
    left: _Refused = []
    dropped, changed, new, columns = [], [], [], set()
    for change, pk in zip(changes, pks, strict=True):
        row, before, after = there.get(pk), change["before"], change["after"]
        if before is None:
            dropped += [pk] if row is not None and not _differing(row, after) else []
        elif row is None:
            new += [read(model, before)] if after is None else []
        elif after is not None:
            columns |= _set_back(row, before, after, left)
            changed.append(row)
    model._base_manager.filter(pk__in=dropped).delete()
    names = [model._meta.get_field(column).name for column in columns]
    fine = with_references(changed)
    refused = [row for row in changed if row not in fine]
    if names:
        refused += attempt(lambda rows: model._base_manager.bulk_update(rows, names), fine)
    refused += attempt(insert, with_references(new))
    return [*left, *(f"{model._meta.verbose_name} {row.pk}" for row in refused)]


def _set_back(
    row: Model, before: Mapping[str, Any], after: Mapping[str, Any], left: _Refused
) -> set[str]:
    """Give the row the values of before where it still has those of after; return the columns."""
    columns = {column for column in before if before[column] != after[column]}
    theirs = _differing(row, {column: after[column] for column in columns})
    back = columns - theirs
    for column in back:
        field = row._meta.get_field(column)
        setattr(row, column, read_value(field, before[column]))
    undone = _differing(row, {column: before[column] for column in theirs})
    left += [f"{row._meta.verbose_name} {row.pk}, {c}" for c in sorted(undone - {"updated_at"})]
    return back


def _differing(row: Model, values: Mapping[str, Any]) -> set[str]:
    """Return the columns in which the row has other values than these."""
    fields = {column: row._meta.get_field(column) for column in values}
    return {
        column
        for column, field in fields.items()
        if written_value(field, getattr(row, column)) != values[column]
    }
