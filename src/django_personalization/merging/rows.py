"""Rows of any model as JSON and back, value for value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import DataError, IntegrityError, transaction
from django.db.models import DateField, Model, TimeField

_PLAIN = (str, int, float, bool, type(None))
Values = Mapping[str, Any]
Row = TypeVar("Row", bound=Model)
Part = TypeVar("Part")


def written(row: Model) -> dict[str, Any]:
    """Return the stored values of a row by column, as JSON can hold them."""
    fields = row._meta.concrete_fields
    return {f.attname: written_value(f, getattr(row, f.attname)) for f in fields}


def written_value(field: Any, value: Any) -> Any:
    """Return a value of ``field`` as JSON can hold it."""
    if isinstance(value, _PLAIN):
        return value
    while field.remote_field is not None:  # a foreign key holds what it points at
        field = field.target_field
    return field.value_to_string(_Holder({field.attname: value}))


def read(model: type[Row], values: Values) -> Row:
    """Return the unsaved row of ``model`` that was written as ``values``."""
    fields = [field for field in model._meta.concrete_fields if field.attname in values]
    return model(**{f.attname: read_value(f, values[f.attname]) for f in fields})


def read_value(field: Any, value: Any) -> Any:
    """Return a value that was written as what ``field`` holds."""
    while field.remote_field is not None:
        field = field.target_field
    return field.to_python(value)


def with_references(rows: Sequence[Row]) -> list[Row]:
    """Return the rows all of whose foreign keys point at something. One query for each key."""
    kept = list(rows)
    for field in rows[0]._meta.concrete_fields if rows else ():
        if field.remote_field is not None and kept:
            target: Any = field.target_field  # type: ignore[attr-defined]
            wanted = {getattr(row, field.attname) for row in kept} - {None}
            named = target.model._base_manager.filter(**{f"{target.attname}__in": wanted})
            there = {*named.values_list(target.attname, flat=True), None}
            kept = [row for row in kept if getattr(row, field.attname) in there]
    return kept


def attempt(write: Callable[[Sequence[Part]], object], rows: Sequence[Part]) -> list[Part]:
    """Write rows, or what names them, together, or in ever smaller parts where some are refused.

    Returns the refused.
    """
    if not rows:
        return []
    try:
        with transaction.atomic():
            write(rows)
    except (IntegrityError, DataError):
        half = len(rows) // 2
        if not half:
            return list(rows)
        return [*attempt(write, rows[:half]), *attempt(write, rows[half:])]
    return []


def insert(rows: Sequence[Model]) -> None:
    """Store new rows of one model exactly as they are, keys and times included."""
    model = type(rows[0])
    if model._meta.parents or any(map(_sets_itself, model._meta.concrete_fields)):
        for row in rows:  # the ORM has no other way to keep what such a field holds
            row.save_base(raw=True, force_insert=True)
    else:
        model._base_manager.bulk_create(rows)


def _sets_itself(field: Any) -> bool:
    kinds = (DateField, TimeField)
    return isinstance(field, kinds) and (field.auto_now or field.auto_now_add)


class _Holder:
    """An object whose attributes are given, for fields that read their own value."""

    def __init__(self, values: Values) -> None:
        self.__dict__.update(values)
