"""The one statement that writes tags: insert, or change what is there, atomically.

``get_or_create()`` and ``save()`` lose increments when two requests meet, and an ``UPDATE`` after
an ``INSERT`` that ignores conflicts deadlocks; one upsert with its rows sorted by key does
neither. PostgreSQL and SQLite share the statement; any other database locks the person's row and
does the same with the ORM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import connections, router, transaction

from django_personalization import scoring
from django_personalization.choices import TagSource, TagState
from django_personalization.models import UserTag
from django_personalization.querysets import hold_person
from django_personalization.signals import tags_changed


@dataclass(frozen=True)
class TagRow:
    """A tag as it is inserted; where it exists, a rule says what becomes of it."""

    key: str = field(repr=False)
    name: str = field(repr=False)
    taxonomy_id: int | None = field(repr=False)
    source: str
    confidence_score: float
    evidence: float = 0.0
    interaction_count: int = 0
    weight: float = 1.0
    state: str = TagState.ACTIVE


@dataclass(frozen=True)
class Rule:
    """What an upsert does to a tag that exists, said twice: in SQL and in Python.

    ``assignments`` maps columns to SQL over ``old.column`` and ``new.column``, whose ``%s`` are
    filled by ``parameters``; ``apply`` does the same to a loaded tag. ``only_active`` leaves
    dismissed and hidden tags as they are. With ``keeps_time`` a tag for which nothing changes keeps
    its time as well.
    """

    assignments: dict[str, str]
    apply: Callable[[UserTag, TagRow], None]
    parameters: tuple[float, ...] = ()
    only_active: bool = False
    keeps_time: bool = False


_ROW_COLUMNS: Final = tuple(field.name for field in fields(TagRow))
_COLUMNS: Final = ("user_id", *_ROW_COLUMNS, "created_at", "updated_at")
_TAXONOMY: Final = "COALESCE(old.taxonomy_id, new.taxonomy_id)"


def _pick(tag: UserTag, row: TagRow) -> None:
    tag.source, tag.state = row.source, row.state
    tag.confidence_score = row.confidence_score


def _select(tag: UserTag, row: TagRow) -> None:
    if row.state == TagState.ACTIVE:
        _pick(tag, row)
    tag.state = row.state


def _hide(tag: UserTag, row: TagRow) -> None:
    tag.state = row.state


def _add(tag: UserTag, row: TagRow, *, growth: float) -> None:
    tag.evidence += row.evidence
    tag.interaction_count += row.interaction_count
    if tag.source != TagSource.MANUAL:
        tag.source = row.source
        tag.confidence_score = scoring.confidence(tag.evidence / growth)


PICK: Final = Rule(
    {
        "taxonomy_id": _TAXONOMY,
        "source": "new.source",
        "state": "new.state",
        "confidence_score": "new.confidence_score",
        # A pick that is there already stays as it is, its time included.
        "updated_at": "CASE WHEN old.source = 'manual' AND old.state = 'active'"
        " THEN old.updated_at ELSE new.updated_at END",
    },
    _pick,
    keeps_time=True,
)
HIDE: Final = Rule(
    {"taxonomy_id": _TAXONOMY, "state": "new.state", "updated_at": "new.updated_at"}, _hide
)

SELECT: Final = Rule(
    {
        "taxonomy_id": _TAXONOMY,
        "source": "CASE WHEN new.state = 'active' THEN new.source ELSE old.source END",
        "state": "new.state",
        "confidence_score": "CASE WHEN new.state = 'active' THEN new.confidence_score"
        " ELSE old.confidence_score END",
        "updated_at": "new.updated_at",
    },
    _select,
)
"""Pick the rows that are active and drop those that are dismissed, in one statement: two would
take the locks of a person's tags in two orders."""


def weighed(rule: Rule) -> Rule:
    """Return the rule that does the same and sets the weight as well."""

    def apply(tag: UserTag, row: TagRow) -> None:
        rule.apply(tag, row)
        tag.weight = row.weight

    time = rule.assignments["updated_at"]
    changes = {
        "weight": "new.weight",
        "updated_at": f"CASE WHEN old.weight = new.weight THEN {time} ELSE new.updated_at END",
    }
    return replace(rule, assignments={**rule.assignments, **changes}, apply=apply)


def add_evidence(now: datetime, half_life_days: float) -> Rule:
    """Return the rule by which evidence comes to a tag: added, unless the person said no."""
    growth = scoring.growth(now, half_life_days)
    units = "LEAST((old.evidence + new.evidence) / %s, %s)"
    return Rule(
        {
            "evidence": "old.evidence + new.evidence",
            "interaction_count": "old.interaction_count + new.interaction_count",
            "taxonomy_id": _TAXONOMY,
            "source": "CASE WHEN old.source = 'manual' THEN old.source ELSE new.source END",
            "confidence_score": "CASE WHEN old.source = 'manual' THEN old.confidence_score"
            f" ELSE 1.0 - POWER(2.0, -{units} / %s) END",
            "updated_at": "new.updated_at",
        },
        partial(_add, growth=growth),
        parameters=(growth, scoring.MAX_UNITS, scoring.UNITS_PER_HALVING),
        only_active=True,
    )


def upsert_tags(user_id: Any, rows: Sequence[TagRow], rule: Rule, now: datetime) -> set[str]:
    """Insert one person's ``rows``, or change those that exist by ``rule``.

    Call it inside a transaction. Rows are written in the order of their keys, which must differ,
    so that two writers can never wait for each other. Returns the keys that were written.
    """
    connection = connections[router.db_for_write(UserTag)]
    ordered = sorted(rows, key=lambda row: row.key)
    if not _knows_the_statement(connection):
        return _upsert_with_orm(user_id, ordered, rule, now)
    written: set[str] = set()
    for chunk in _chunks(ordered, connection.features.max_query_params or 65535):
        statement, parameters = _compile(user_id, chunk, rule, now, connection)
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            written.update(key for (key,) in cursor.fetchall())
    return written


def _knows_the_statement(connection: Any) -> bool:
    known = connection.vendor in {"postgresql", "sqlite"}
    return known and bool(connection.features.can_return_rows_from_bulk_insert)


def _chunks(rows: Sequence[TagRow], most_parameters: int) -> Iterator[Sequence[TagRow]]:
    size = (most_parameters - 10) // len(_COLUMNS)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _compile(
    user_id: Any, rows: Sequence[TagRow], rule: Rule, now: datetime, connection: Any
) -> tuple[str, list[Any]]:
    fields_by_column = {field.attname: field for field in UserTag._meta.concrete_fields}
    columns = [fields_by_column[column] for column in _COLUMNS]
    parameters: list[Any] = [
        column.get_db_prep_save(value, connection)
        for row in rows
        for column, value in zip(columns, _values(user_id, row, now), strict=True)
    ]
    table = connection.ops.quote_name(UserTag._meta.db_table)
    places = f"({', '.join(['%s'] * len(_COLUMNS))})"
    changes = ", ".join(f'"{column}" = {sql}' for column, sql in rule.assignments.items())
    changes = changes.replace("old.", f"{table}.").replace("new.", "EXCLUDED.")
    if connection.vendor == "sqlite":
        changes = changes.replace("LEAST(", "MIN(")
    # Only constants are written into the statement; every value is a parameter.
    statement = (
        f"INSERT INTO {table} ({', '.join(_COLUMNS)}) "  # noqa: S608
        f"VALUES {', '.join([places] * len(rows))} "
        f'ON CONFLICT ("user_id", "key") DO UPDATE SET {changes}'
        + (f" WHERE {table}.state = 'active'" if rule.only_active else "")
        + ' RETURNING "key"'
    )
    return statement, [*parameters, *rule.parameters]


def _values(user_id: Any, row: TagRow, now: datetime) -> tuple[Any, ...]:
    return (user_id, *(getattr(row, column) for column in _ROW_COLUMNS), now, now)


def _upsert_with_orm(user_id: Any, rows: Sequence[TagRow], rule: Rule, now: datetime) -> set[str]:
    """Do the same in four statements: lock the person, read, insert, change."""
    with transaction.atomic():
        hold_person(user_id)
        tags = UserTag.objects.filter(user_id=user_id, key__in=[row.key for row in rows])
        existing = {tag.key: tag for tag in tags}
        UserTag.objects.bulk_create(
            UserTag(**dict(zip(_COLUMNS, _values(user_id, row, now), strict=True)))
            for row in rows
            if row.key not in existing
        )
        changed = _changed(existing, rows, rule, now)
        columns = [column for column in _COLUMNS if column not in {"user_id", "key", "created_at"}]
        UserTag.objects.bulk_update(changed, [column.removesuffix("_id") for column in columns])
    kept = existing.keys() - {tag.key for tag in changed}
    return {row.key for row in rows} - kept


def _changed(
    existing: dict[str, UserTag], rows: Sequence[TagRow], rule: Rule, now: datetime
) -> list[UserTag]:
    changed = []
    for row in rows:
        tag = existing.get(row.key)
        if tag is None or (rule.only_active and tag.state != TagState.ACTIVE):
            continue
        before = (tag.source, tag.state, tag.weight)
        rule.apply(tag, row)
        tag.taxonomy_id = tag.taxonomy_id or row.taxonomy_id
        if not rule.keeps_time or before != (tag.source, tag.state, tag.weight):
            tag.updated_at = now
        changed.append(tag)
    return changed


def announce_tags(user_id: Any, keys: Iterable[str]) -> None:
    """Send ``tags_changed`` once the transaction has committed."""
    changed = sorted(keys)
    transaction.on_commit(
        lambda: tags_changed.send_robust(UserTag, user_id=user_id, keys=changed), robust=True
    )
