"""What the lines of an undo file must be, so that nothing is begun that a line would break off.

Only what a merge itself can have written is let through. What people, staff and the host have
done since is another matter: that is for those who undo the lines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, Final

from django.db import connections
from django.db.models import IntegerField, Model
from django.utils.timezone import is_naive

from django_personalization.merging.links import links
from django_personalization.merging.rows import read_value, written_value
from django_personalization.models import (
    RelationSuggestion,
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    UserTag,
)
from django_personalization.validation import text_problem

MODELS: Final[Mapping[str, type[Model]]] = {
    model._meta.label_lower: model
    for model in (TaxonomyAlias, TaxonomyRelation, RelationSuggestion, Taxonomy)
}
"""The models of the vocabulary that a merge changes, in the order in which they are written."""

_MOST_BYTES: Final = 2**30
_INT_LIMIT: Final = 2**63


class MalformedLine(Exception):
    """A line is not what a merge writes; ``path`` says where, and never what stands there."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


def check_line(line: Mapping[str, Any], merged_ids: Collection[int]) -> None:
    """Raise :class:`MalformedLine` unless a merge of these terms can have written ``line``."""
    _check_storable(line)
    _CHECKS[line["record"]](line)
    if line["record"] == "terms":  # one may have been deleted in between
        _require({row["id"] for row in line["rows"]} <= set(merged_ids), "rows")
    elif line["record"] == "links":
        _require(set(line["moved"]) <= {str(pk) for pk in merged_ids}, "moved")


def check_head(head: Mapping[str, Any]) -> None:
    """Raise :class:`MalformedLine` unless the first line names the terms of a merge."""
    _check_storable(head)
    ids = [
        term.get("id") if isinstance(term, dict) else None for term, _path in _items(head, "merged")
    ]
    keep = head.get("keep")
    _require(isinstance(keep, dict) and _is_id(keep.get("id")), "keep")
    _require(ids and all(map(_is_id, ids)), "merged")
    _require(len({keep["id"], *ids}) == 1 + len(ids), "merged")  # type: ignore[index]


def _is_id(value: object) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and _fits(Taxonomy._meta.pk, value)


def _require(is_right: object, path: str) -> None:
    if not is_right:
        raise MalformedLine(path)


def _check_storable(line: object) -> None:
    """Refuse what no database or its driver takes, wherever it is in the line."""
    waiting = [line]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            _require(text_problem(value, max_bytes=_MOST_BYTES) is None, "text")
        elif isinstance(value, float):
            _require(math.isfinite(value), "number")
        elif isinstance(value, int):
            _require(-_INT_LIMIT <= value < _INT_LIMIT, "number")


def _items(holder: object, name: str, path: str = "") -> Iterator[tuple[Any, str]]:
    """Yield the items of the list that ``holder`` has under this name, each with its path."""
    place = f"{path}.{name}" if path else name
    _require(isinstance(holder, dict) and isinstance(holder.get(name), list), place)
    for number, item in enumerate(holder[name]):  # type: ignore[index]
        yield item, f"{place}[{number}]"


def _check_tags(line: Mapping[str, Any]) -> None:
    for entry, path in _items(line, "people"):
        before = []
        for row, place in _items(entry, "before", path):
            _check_row(UserTag, row, place)
            before.append(row)
        if "after" in entry:
            _check_row(UserTag, entry["after"], f"{path}.after")
        _check_person(before, entry.get("after"), path)


def _check_person(before: list[Any], after: Any, path: str) -> None:
    """Check that the rows are one person's, and the first of them is what became of all."""
    ids = [row["id"] for row in before]
    _require(after or len(ids) == 1, path)
    _require(len(set(ids)) == len(ids), f"{path}.before")
    _require(not (ids and after) or ids[0] == after["id"], f"{path}.after.id")
    people = {row["user_id"] for row in ([*before, after] if after else before)}
    _require(len(people) == 1, f"{path}.user_id")


def _check_vocabulary(line: Mapping[str, Any]) -> None:
    for change, path in _items(line, "rows"):
        _require(isinstance(change, dict) and isinstance(change.get("model"), str), path)
        model = MODELS.get(change["model"])
        _require(model is not None and {"before", "after"} <= set(change), path)
        rows = {name: change[name] for name in ("before", "after") if change[name] is not None}
        for name, row in rows.items():
            # Some databases do not tell the key of a new row.
            _check_row(model, row, f"{path}.{name}", is_new="before" not in rows)
        _require(len({row["id"] for row in rows.values()}) == 1, path)
        # A merge changes terms; it makes and deletes the other rows only.
        _require(model is not Taxonomy or len(rows) == 2, path)


def _check_terms(line: Mapping[str, Any]) -> None:
    for row, path in _items(line, "rows"):
        _check_row(Taxonomy, row, path)


def _check_links(line: Mapping[str, Any]) -> None:
    _require(isinstance(line.get("link"), str), "link")
    moved = line.get("moved")
    _require(isinstance(moved, dict), "moved")
    link = next((link for link in links() if link.label == line["link"]), None)
    key = None if link is None else link.model._meta.pk
    for name in moved:  # type: ignore[union-attr]
        for value, path in _items(moved, name, "moved"):
            _require(key is None or _fits(key, value), path)
    for row, path in _items(line, "dropped"):
        _require(isinstance(row, dict), path)
        if link is not None:
            _check_hosts_row(link.model, row, path)


def _check_nothing(line: Mapping[str, Any]) -> None:
    """Let the line pass: there is nothing in it."""


def _check_hosts_row(model: Any, row: Mapping[str, Any], path: str) -> None:
    """Check what there is: the host may have changed its model since the merge."""
    _require(row.get(model._meta.pk.attname) is not None, f"{path}.{model._meta.pk.attname}")
    for field in model._meta.concrete_fields:
        value = row.get(field.attname)
        if value is not None:
            _require(_fits(field, value), f"{path}.{field.attname}")


def _check_row(model: Any, row: object, path: str, *, is_new: bool = False) -> None:
    """Check a row of ours, which must have every column, each as it would be written."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    _require(isinstance(row, dict) and set(row) == set(fields), path)
    for column, field in fields.items():
        value = row[column]  # type: ignore[index]
        if value is None:
            _require(field.null or (is_new and field.primary_key), f"{path}.{column}")
        else:
            _require(_is_as_written(field, value), f"{path}.{column}")


def _is_as_written(field: Any, value: Any) -> bool:
    if not _fits(field, value):
        return False
    kept = read_value(field, value)
    if isinstance(kept, datetime) and is_naive(kept):
        return False
    if kept == "" and not field.blank:
        return False
    # The categories of terms may be others now; what is fixed in the code is a list.
    is_legal = not isinstance(field.choices, list) or kept in dict(field.flatchoices)
    return is_legal and bool(written_value(field, kept) == value)


def _fits(field: Any, value: Any) -> bool:
    """Whether the field can read the value, and a database could be given it."""
    while field.remote_field is not None:
        field = field.target_field
    try:
        kept = read_value(field, value)
        if isinstance(field, IntegerField):
            field.run_validators(kept)
        field.get_db_prep_save(kept, connections["default"])
        if isinstance(kept, datetime) and not is_naive(kept):
            kept.astimezone(timezone.utc)  # may be before all time
        return kept is not None and (
            not isinstance(kept, str) or len(kept) <= (field.max_length or len(kept))
        )
    except Exception:  # noqa: BLE001 - a field of the host's may raise what it likes
        return False


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    "tags": _check_tags,
    "vocabulary": _check_vocabulary,
    "links": _check_links,
    "terms": _check_terms,
    "end": _check_nothing,
}
