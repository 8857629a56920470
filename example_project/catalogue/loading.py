"""Bringing the catalogue's file into the database.

The file is JSON: ``{"projects": [...]}``, each an object with the keys of :data:`FACTS` and
``taxonomies``, a list of slugs of the vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from catalogue.models import RESERVED_SLUGS, Project
from django_personalization.models import Taxonomy

FACTS = (
    "slug",
    "name",
    "homepage",
    "repository",
    "language",
    "license",
    "first_release",
    "description",
)
REQUIRED = {"slug", "name", "homepage", "description", "taxonomies"}
Topics = dict[str, set[int]]


class CatalogueFileError(ValueError):
    """The file was refused whole; ``problems`` say where and why, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass
class LoadResult:
    """What loading did, in numbers of projects."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    differing: int = 0


@dataclass
class _Changes:
    create: list[Project] = field(default_factory=list)
    update: list[Project] = field(default_factory=list)


def read_projects(path: Path) -> list[dict[str, Any]]:
    """Return the entries of the file; raise CatalogueFileError if it does not hold any."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogueFileError([f"{path} cannot be read: {error.strerror}."]) from error
    except (ValueError, RecursionError) as error:
        raise CatalogueFileError([f"{path} is not JSON in UTF-8: {error}."]) from error
    entries = content.get("projects") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problem = f'{path} must hold {{"projects": [...]}}, an array of one object per project.'
        raise CatalogueFileError([problem])
    return entries


@transaction.atomic
def load_projects(entries: list[dict[str, Any]], *, update: bool = False) -> LoadResult:
    """Create the projects that are missing, all or none, and return the counts.

    A project that is there and differs stays as it is, since staff may have changed it, unless
    ``update`` asks for what the file says. The number of queries does not grow with the file,
    but for the batches in which a database takes rows.
    """
    terms = dict(Taxonomy.objects.values_list("slug", "pk"))
    existing = Project.objects.prefetch_related("taxonomies").in_bulk(
        [e["slug"] for e in entries if _is_text(e.get("slug"))], field_name="slug"
    )
    problems = [*_problems(entries, set(terms)), *_taken_names(entries)]
    if problems:
        raise CatalogueFileError(problems)
    topics: Topics = {e["slug"]: {terms[slug] for slug in e["taxonomies"]} for e in entries}
    result, changes = LoadResult(), _Changes()
    for entry in entries:
        _sort(entry, existing.get(entry["slug"]), topics, result, changes, update=update)
    _write(changes, topics)
    return result


def _sort(
    entry: dict[str, Any],
    project: Project | None,
    topics: Topics,
    result: LoadResult,
    changes: _Changes,
    *,
    update: bool,
) -> None:
    """Decide what becomes of one entry."""
    facts = _facts(entry)
    if project is None:
        changes.create.append(Project(**facts))
        result.created += 1
    elif _same(project, facts, topics[entry["slug"]]):
        result.unchanged += 1
    elif not update:
        result.differing += 1
    else:
        for name, value in facts.items():
            setattr(project, name, value)
        changes.update.append(project)
        result.updated += 1


def _facts(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the entry's facts; what the file leaves open is empty, not what it was before."""
    empty = {name: None if name == "first_release" else "" for name in FACTS}
    return empty | {name: entry[name] for name in FACTS if entry.get(name) is not None}


def _same(project: Project, facts: dict[str, Any], topics: set[int]) -> bool:
    if {term.pk for term in project.taxonomies.all()} != topics:
        return False
    return all(getattr(project, name) == value for name, value in facts.items())


def _write(changes: _Changes, topics: Topics) -> None:
    created = Project.objects.bulk_create(changes.create)
    Project.objects.bulk_update(changes.update, [name for name in FACTS if name != "slug"])
    link = Project.taxonomies.through
    link.objects.filter(project__in=changes.update).delete()
    link.objects.bulk_create(
        link(project=project, taxonomy_id=term)
        for project in [*created, *changes.update]
        for term in sorted(topics[project.slug])
    )


def _problems(entries: list[dict[str, Any]], terms: set[str]) -> list[str]:
    """Return what is wrong with the entries by themselves."""
    problems: list[str] = []
    seen: dict[tuple[str, Any], int] = {}
    for number, entry in enumerate(entries, start=1):
        found = list(_entry_problems(entry, terms))
        for key in ("slug", "name"):
            first = seen.setdefault((key, str(entry.get(key)).casefold()), number)
            if first != number:
                found.append(f"its {key} is that of project {first} as well")
        where = f"Project {number} ({entry.get('slug') or entry.get('name') or 'without a name'})"
        problems += [f"{where}: {problem}." for problem in found]
    return problems


def _entry_problems(entry: dict[str, Any], terms: set[str]) -> Iterable[str]:
    missing = sorted(REQUIRED - {key for key, value in entry.items() if value})
    unknown = sorted(set(entry) - {*FACTS, "taxonomies"})
    if missing:
        yield f"{', '.join(missing)} must not be empty"
        return
    if unknown:
        yield f"unknown keys {', '.join(unknown)}; known are {', '.join(FACTS)} and taxonomies"
    yield from _topic_problems(entry["taxonomies"], terms)
    wrong_types = list(_type_problems(entry))
    if wrong_types:
        yield from wrong_types
        return
    if entry["slug"] in RESERVED_SLUGS:
        yield f"the address {entry['slug']!r} is taken by a page of the site"
    try:
        Project(**_facts(entry)).clean_fields()
    except ValidationError as error:
        yield from (
            f"{name} {entry.get(name)!r}: {' '.join(messages).rstrip('.')}"
            for name, messages in error.message_dict.items()
        )


def _type_problems(entry: dict[str, Any]) -> Iterable[str]:
    for name, value in _facts(entry).items():
        if name == "first_release" and type(value) not in {int, type(None)}:
            yield f"first_release must be a year, not {value!r}"
        elif name != "first_release" and not _is_text(value):
            yield f"{name} must be one line of printable text, not {value!r}"


def _topic_problems(slugs: Any, terms: set[str]) -> Iterable[str]:
    if not isinstance(slugs, list) or not all(isinstance(slug, str) for slug in slugs):
        yield f"taxonomies must be a list of slugs, not {slugs!r}"
        return
    unknown = sorted(set(slugs) - terms)
    if unknown:
        yield f"no taxonomy has the slug {', '.join(map(repr, unknown))}"


def _taken_names(entries: list[dict[str, Any]]) -> list[str]:
    """Return the names that projects with other addresses have already."""
    slugs = {e["name"]: e.get("slug") for e in entries if _is_text(e.get("name"))}
    holders = Project.objects.filter(name__in=slugs).values_list("name", "slug")
    return [
        f"Project {slugs[name]}: the name {name!r} belongs to the project {slug!r} already."
        for name, slug in holders
        if slug != slugs[name]
    ]


def _is_text(value: Any) -> bool:
    """Say whether the database can hold it and look for it: no NUL, no half of a character."""
    return isinstance(value, str) and value.isprintable()
