"""Taxonomy files: JSON and CSV become checked rows. Pure: no database."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django_personalization.seeding.rows import (
    COLUMNS,
    REQUIRED,
    Problems,
    TaxonomyRow,
    read_row,
    unknown_column,
)
from django_personalization.validation import shown

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

Record = tuple[str, object]
_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0", "")


def packaged_file() -> Traversable:
    """Return the vocabulary that comes with the package."""
    return files("django_personalization") / "data" / "taxonomies.json"


def load(sources: Iterable[Path | Traversable]) -> list[TaxonomyRow]:
    """Read all files and return their rows, which fit together.

    Raises :class:`VocabularyFileError`, which lists all that is wrong up to a cap, each with its
    file, its row (JSON) or line (CSV), both counted from 1, and the reason.
    """
    problems = Problems()
    rows: list[TaxonomyRow] = []
    for source in sources:
        rows += _rows(source, problems)
    problems.refuse()
    _check_labels(rows, problems)
    _check_parents(rows, problems)
    _check_relations(rows, problems)
    problems.refuse()
    return rows


def _rows(source: Path | Traversable, problems: Problems) -> list[TaxonomyRow]:
    try:
        rows = [read_row(raw, place, problems) for place, raw in _records(source, problems)]
    except RecursionError:
        problems.add(str(source), "Is nested too deeply to be read.")
        return []
    return [row for row in rows if row is not None]


def _records(source: Path | Traversable, problems: Problems) -> Iterator[Record]:
    """Yield every record of a file with its place."""
    place, suffix = str(source), Path(source.name).suffix.lower()
    reader = {".json": _json_records, ".csv": _csv_records}.get(suffix)
    if reader is None:
        problems.add(place, f'Its name must end in .json or .csv, not in "{suffix}".')
        return
    try:
        text = source.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problems.add(place, f"Cannot be read: {error.strerror}.")
    except UnicodeDecodeError as error:
        problems.add(place, f"Is not UTF-8 text (byte {error.start + 1:,}).")
    else:
        yield from reader(text, place, problems)


def _json_records(text: str, place: str, problems: Problems) -> Iterator[Record]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{place}, line {error.lineno}, column {error.colno}"
        problems.add(where, f"Is not JSON: {error.msg}.")
        return
    except ValueError as error:  # a number of more digits than Python reads
        problems.add(place, f"Is not JSON that can be read: {error}.")
        return
    if isinstance(document, Mapping):
        for name in document.keys() - {"taxonomies"}:
            problems.add(place, f'Has {shown(name)} beside "taxonomies".')
        document = document.get("taxonomies")
    if not isinstance(document, list):
        problems.add(place, 'Expected {"taxonomies": [...]}, a list of objects.')
        return
    for number, record in enumerate(document, start=1):
        yield f"{place}, row {number}", record


def _csv_records(text: str, place: str, problems: Problems) -> Iterator[Record]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    start = 1
    try:
        header = [cell.strip() for cell in next(lines, [])]
        if not _is_header(header, place, problems):
            return
        start = lines.line_num + 1
        for cells in lines:
            here, start = f"{place}, line {start}", lines.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.add(here, f"Has {len(cells)} cells, but the header has {len(header)}.")
                continue
            yield here, _decoded(dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        problems.add(f"{place}, line {start}", f"Is not CSV: {error}.")


def _is_header(header: Sequence[str], place: str, problems: Problems) -> bool:
    found = [unknown_column(name) for name in header if name not in COLUMNS]
    found += [f"Has no column {name}." for name in REQUIRED if name not in header]
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        found = ["Its columns must be separated by commas."]
    twice = dict.fromkeys(name for name in header if header.count(name) > 1)
    found += [f"Has the column {shown(name)} more than once." for name in twice]
    for problem in found:
        problems.add(f"{place}, line 1", problem)
    return not found


def _decoded(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the cells as JSON would have them; what cannot be decoded stays text."""
    record: dict[str, Any] = {name: cell.strip() for name, cell in cells.items()}
    if "aliases" in record:
        record["aliases"] = _parts(record["aliases"])
    if "related" in record:
        record["related"] = [_relation(part) for part in _parts(record["related"])]
    if "is_sensitive" in record:
        record["is_sensitive"] = _boolean(record["is_sensitive"])
    return record


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|")] if cell else []


def _relation(part: str) -> dict[str, Any]:
    slug, colon, weight = part.partition(":")
    if not colon:
        return {"slug": part}
    try:
        return {"slug": slug.strip(), "weight": float(weight)}
    except ValueError:
        return {"slug": slug.strip(), "weight": weight.strip()}


def _boolean(cell: str) -> bool | str:
    known = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
    return known.get(cell.lower(), cell)


def _check_labels(rows: Iterable[TaxonomyRow], problems: Problems) -> None:
    """Refuse slugs, names and aliases that are there twice, whatever their spelling."""
    slugs: dict[str, str] = {}
    labels: dict[str, tuple[str, str]] = {}
    for row in rows:
        first = slugs.setdefault(row.slug, row.place)
        if first is not row.place:
            problems.add(row.place, f"The slug {shown(row.slug)} is also that of {first}.")
        for key, label in ((row.key, row.name), *row.aliases):
            if key in labels:
                other, place = labels[key]
                where = "this row" if place is row.place else place
                problems.add(
                    row.place, f"{shown(label)} is the same name as {shown(other)} in {where}."
                )
            labels.setdefault(key, (label, row.place))


def circles(parents: Mapping[str, str | None]) -> list[list[str]]:
    """Return every circle in a mapping of slug to parent's slug, each once."""
    found: list[list[str]] = []
    seen: set[str] = set()
    for start in parents:
        path: dict[str, None] = {}
        slug: str | None = start
        while slug is not None and slug not in seen and slug not in path:
            path[slug] = None
            slug = parents.get(slug)
        if slug in path:
            members = list(path)
            found.append(members[members.index(slug) :])
        seen.update(path)
    return found


def add_circles(
    rows: Iterable[TaxonomyRow], parents: Mapping[str, str | None], problems: Problems
) -> None:
    """Add the circles among ``parents`` that go through one of ``rows``, at the first of them."""
    by_slug = {row.slug: row for row in rows}
    for circle in circles(parents):
        row = next((by_slug[slug] for slug in circle if slug in by_slug), None)
        if row is not None:
            start = circle.index(row.slug)
            path = [*circle[start:], *circle[:start], row.slug]
            shape = " → ".join(path if len(path) <= 10 else [*path[:9], "…", row.slug])
            problems.add(row.place, f"parent {shown(row.parent)}: Makes a circle: {shape}.")


def _check_parents(rows: Iterable[TaxonomyRow], problems: Problems) -> None:
    rows = list(rows)
    add_circles(rows, {row.slug: row.parent for row in rows}, problems)


def _check_relations(rows: Iterable[TaxonomyRow], problems: Problems) -> None:
    """Refuse relations to oneself, and those that are there twice or in both directions."""
    known: dict[tuple[str, str], str] = {}
    for row in rows:
        for relation in row.related:
            pair = (row.slug, relation.slug)
            place = known.get(pair)
            if place is None and relation.is_symmetric:
                place = known.get(pair[::-1])
            if relation.slug == row.slug:
                problems.add(row.place, f"related {shown(relation.slug)}: Is the term itself.")
            elif place is not None:
                where = "this row" if place is row.place else place
                problems.add(row.place, f"related {shown(relation.slug)}: Is also in {where}.")
            known.setdefault(pair, row.place)
            if relation.is_symmetric:
                known.setdefault(pair[::-1], row.place)
