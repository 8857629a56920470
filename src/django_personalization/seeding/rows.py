"""One row of a taxonomy file: what it may say, and what is wrong with it. No database."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django_personalization.conf import app_settings
from django_personalization.exceptions import VocabularyFileError
from django_personalization.models import Taxonomy
from django_personalization.text import term_key
from django_personalization.validation import name_problem, shown, text_problem

COLUMNS: Final = (
    "slug",
    "name",
    "category",
    "description",
    "aliases",
    "parent",
    "related",
    "is_sensitive",
)
REQUIRED: Final = ("name", "category")
DEFAULT_WEIGHT: Final = 0.5
MAX_PROBLEMS: Final = 20
_RELATED_KEYS: Final = ("slug", "weight", "is_symmetric")
_SLUG: Final = re.compile(r"[-a-zA-Z0-9_]+")


class Problems:
    """What is wrong with files, collected so that one run tells it all, up to a cap."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._count = 0

    @property
    def is_full(self) -> bool:
        """Whether further problems are only counted."""
        return len(self._lines) >= MAX_PROBLEMS

    def add(self, place: str, problem: str) -> None:
        """Add what is wrong at ``place``, such as ``terms.csv, line 3``."""
        self._count += 1
        if not self.is_full:
            self._lines.append(f"{place}: {problem}")

    def refuse(self) -> None:
        """Raise :class:`VocabularyFileError`, one line for each problem, if there is any."""
        if not self._count:
            return
        more = self._count - len(self._lines)
        rest = [f"… and {more:,} more."] if more else []
        raise VocabularyFileError("\n".join([*self._lines, *rest]))


@dataclass(frozen=True)
class Related:
    """The slug of a term that goes with another one, and how strongly: ``weight`` in (0, 1]."""

    slug: str
    weight: float = DEFAULT_WEIGHT
    is_symmetric: bool = True


@dataclass(frozen=True)
class TaxonomyRow:
    """A term as a file describes it.

    ``place`` says where (``terms.csv, line 3``), ``given`` which columns the file has: it says
    nothing about the others. ``aliases`` are pairs of key and spelling.
    """

    place: str
    given: frozenset[str]
    slug: str
    name: str
    key: str
    category: str
    description: str = ""
    is_sensitive: bool = False
    parent: str | None = None
    aliases: tuple[tuple[str, str], ...] = ()
    related: tuple[Related, ...] = ()


def closest(value: object, legal: Iterable[str]) -> str:
    """Return a question that offers the legal value most like ``value``, or nothing."""
    near = difflib.get_close_matches(str(value), list(legal), n=1)
    return f' Did you mean "{near[0]}"?' if near else ""


def unknown_column(name: object, legal: Collection[str] = COLUMNS) -> str:
    """Say that ``name`` is no column, and which ones there are."""
    names = ", ".join(legal)
    return f"There is no column {shown(name)}.{closest(name, legal)} The columns are: {names}."


def read_row(raw: object, place: str, problems: Problems) -> TaxonomyRow | None:
    """Return the row that ``raw``, decoded from JSON or CSV, describes.

    What is wrong with it is added to ``problems``, and then there is no row.
    """
    if not isinstance(raw, Mapping):
        problems.add(place, f"Expected an object, got {shown(raw)}.")
        return None
    given = {name: value for name, value in raw.items() if _says_something(name, value)}
    found = list(_row_problems(given))
    for problem in found:
        problems.add(place, problem)
    return None if found else _row(given, place)


def _says_something(column: object, value: object) -> bool:
    """Leave out ``null``, which means the same as a missing column, except for the parent."""
    if column == "slug":
        return value is not None and value != ""
    return value is not None or column == "parent" or column not in COLUMNS


def _row(given: Mapping[str, Any], place: str) -> TaxonomyRow:
    term = Taxonomy(name=_one_line(given["name"]), slug=given.get("slug", ""))
    term.derive()
    aliases = (_one_line(alias) for alias in given.get("aliases", ()))
    return TaxonomyRow(
        place=place,
        given=frozenset(given),
        slug=term.slug,
        name=term.name,
        key=term.key,
        category=given["category"],
        description=given.get("description", "").strip(),
        is_sensitive=given.get("is_sensitive", False),
        parent=given.get("parent") or None,
        aliases=tuple((term_key(alias), alias) for alias in aliases),
        related=tuple(Related(**relation) for relation in given.get("related", ())),
    )


def _one_line(name: str) -> str:
    return " ".join(name.split())


def _row_problems(given: Mapping[Any, Any]) -> Iterator[str]:
    yield from (unknown_column(name) for name in given if name not in COLUMNS)
    yield from (f"Has no {name}." for name in REQUIRED if name not in given)
    for column, check in _CHECKS.items():
        if column in given:
            yield from _described(column, given[column], check)
    for column, check in _LIST_CHECKS.items():
        values = given.get(column, [])
        if not isinstance(values, list):
            yield f"{column} {shown(values)}: Expected a list, got {type(values).__name__}."
            continue
        for index, value in enumerate(values):
            yield from _described(f"{column}[{index}]", value, check)


Check = Callable[[Any], "str | None"]


def _described(path: str, value: object, check: Check) -> Iterator[str]:
    problem = check(value)
    if problem is not None:
        yield f"{path} {shown(value)}: {problem}"


def _slug_problem(value: object) -> str | None:
    problem = name_problem(value)
    if problem is None and not _SLUG.fullmatch(str(value)):
        return "Is not a slug: letters a to z, digits, hyphens and underscores."
    return problem


def _parent_problem(value: object) -> str | None:
    return None if value is None or value == "" else _slug_problem(value)


def _category_problem(value: object) -> str | None:
    legal = app_settings.taxonomy_categories
    if isinstance(value, str) and value in legal:
        return None
    return f"Is not one of the categories: {', '.join(legal)}.{closest(value, legal)}"


def _sensitive_problem(value: object) -> str | None:
    return None if isinstance(value, bool) else "Is neither true nor false."


def _related_problem(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return f"Expected an object with slug and weight, got {type(value).__name__}."
    unknown = [unknown_column(name, _RELATED_KEYS) for name in value if name not in _RELATED_KEYS]
    if unknown:
        return unknown[0]
    if "slug" not in value:
        return "Has no slug."
    weight = value.get("weight", DEFAULT_WEIGHT)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight <= 1:
        return f"The weight {shown(weight)} is not a number above 0 and up to 1."
    if not isinstance(value.get("is_symmetric", True), bool):
        return "is_symmetric is neither true nor false."
    return _slug_problem(value["slug"])


_CHECKS: Final[Mapping[str, Check]] = {
    "slug": _slug_problem,
    "name": name_problem,
    "category": _category_problem,
    "description": text_problem,
    "parent": _parent_problem,
    "is_sensitive": _sensitive_problem,
}
_LIST_CHECKS: Final[Mapping[str, Check]] = {"aliases": name_problem, "related": _related_problem}
