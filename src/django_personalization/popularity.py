"""How much each item of the host's content is used, counted as evidence is.

Called by tracking, last of all in its transaction: whoever waits for a popular item's row holds
no other lock that anybody could wait for meanwhile but their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections, router
from django.db.models import F, FloatField, Value
from django.db.models.functions import Greatest

from django_personalization.models import ItemStatistics

ItemKey = tuple[int, str]
"""The content type's id and the item's key as text."""

_COLUMNS: Final = ("content_type_id", "object_id", "popularity", "interaction_count")
_CHUNK: Final = 200


@dataclass(frozen=True)
class Use:
    """One interaction with an item: what it is worth as a stored sum of evidence."""

    item: ItemKey
    amount: float


def add_uses(uses: Iterable[Use]) -> None:
    """Add interactions to the counters of their items: one statement for up to 200 items.

    Items are written in one order, so that two writers can never wait for each other.
    """
    totals = sorted(_totals(uses).items())
    connection = connections[router.db_for_write(ItemStatistics)]
    for start in range(0, len(totals), _CHUNK):
        rows = totals[start : start + _CHUNK]
        if connection.vendor in {"postgresql", "sqlite"}:
            _upsert(rows, connection)
        else:
            _add_with_orm(rows)


def take_uses(uses: Iterable[Use]) -> None:
    """Take interactions out of the counters of their items: one statement for each item."""
    for (content_type_id, object_id), (amount, count) in sorted(_totals(uses).items()):
        rows = ItemStatistics.objects.filter(content_type=content_type_id, object_id=object_id)
        rows.update(
            popularity=Greatest(F("popularity") - amount, Value(0.0, FloatField())),
            # Subtracted from a smaller number, an unsigned column would overflow.
            interaction_count=Greatest(F("interaction_count"), Value(count)) - count,
        )


def _totals(uses: Iterable[Use]) -> Mapping[ItemKey, tuple[float, int]]:
    totals: dict[ItemKey, tuple[float, int]] = {}
    for use in uses:
        amount, count = totals.get(use.item, (0.0, 0))
        totals[use.item] = (amount + use.amount, count + 1)
    return totals


def _upsert(rows: Iterable[tuple[ItemKey, tuple[float, int]]], connection: Any) -> None:
    parameters: list[Any] = []
    for key, total in rows:
        parameters += [*key, *total]
    places = ", ".join(["(%s, %s, %s, %s)"] * (len(parameters) // 4))
    table = connection.ops.quote_name(ItemStatistics._meta.db_table)
    # Only constants are written into the statement; every value is a parameter.
    statement = (
        f"INSERT INTO {table} ({', '.join(_COLUMNS)}) VALUES {places} "  # noqa: S608
        "ON CONFLICT (content_type_id, object_id) DO UPDATE SET "
        f"popularity = {table}.popularity + EXCLUDED.popularity, "
        f"interaction_count = {table}.interaction_count + EXCLUDED.interaction_count"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _add_with_orm(rows: Iterable[tuple[ItemKey, tuple[float, int]]]) -> None:
    """Do the same with the ORM: make the rows that are missing, then add to all of them."""
    totals = dict(rows)
    ItemStatistics.objects.bulk_create(
        [
            ItemStatistics(content_type_id=content_type_id, object_id=object_id)
            for content_type_id, object_id in totals
        ],
        ignore_conflicts=True,
    )
    for (content_type_id, object_id), (amount, count) in totals.items():
        rows_of_item = ItemStatistics.objects.filter(
            content_type=content_type_id, object_id=object_id
        )
        rows_of_item.update(
            popularity=F("popularity") + amount, interaction_count=F("interaction_count") + count
        )
