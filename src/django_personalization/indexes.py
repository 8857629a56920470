"""The index that ranking reads items by, and whether a host's database has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models.fields.related import ManyToManyField
from django.db.models.fields.reverse_related import ManyToOneRel

from django_personalization.content import Content


@dataclass(frozen=True)
class TermIndex:
    """An index on the table between items and terms that begins with ``columns``."""

    table: str
    columns: tuple[str, str]
    is_automatic: bool

    @property
    def hint(self) -> str:
        """How to make it."""
        table, (term, item) = self.table, self.columns
        if not self.is_automatic:
            return f'Add models.Index(fields=["{term}", "{item}"], …) to the model of {table}.'
        name = f"{table[:24]}_term_item"
        return (
            f'Add a migration with migrations.RunSQL("CREATE INDEX {name} ON {table} '
            f'({term}, {item})", "DROP INDEX {name}").'
        )

    def is_there(self, using: str) -> bool:
        """Look into the database ``using``: also where there is no such table, nothing is amiss."""
        connection = connections[using]
        if self.table not in connection.introspection.table_names():
            return True
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, self.table)
        indexed = [
            facts["columns"] for facts in found.values() if facts["index"] or facts["unique"]
        ]
        return any(tuple((columns or [])[:2]) == self.columns for columns in indexed)


def term_index(content: Content) -> TermIndex | None:
    """Return the index that serves ``content``, if its terms go through a table in between."""
    first, _dot, rest = content.terms.partition("__")
    field: Any = content.model._meta.get_field(first)
    if isinstance(field, ManyToManyField) and not rest:
        through: Any = field.remote_field.through
        item, term = field.m2m_column_name(), field.m2m_reverse_name()
        return TermIndex(through._meta.db_table, (term, item), bool(through._meta.auto_created))
    if isinstance(field, ManyToOneRel) and rest and "__" not in rest:
        between: Any = field.related_model
        term = between._meta.get_field(rest).column
        return TermIndex(between._meta.db_table, (term, field.field.column), False)
    return None
