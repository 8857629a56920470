"""A score for every row of a queryset, joined once from a derived table.

Django's ORM has no join with a subquery. Here is one, in the form of an expression that any
queryset takes: it adds ``LEFT OUTER JOIN (SELECT item, score …) ON item = pk`` to the query in
which it is resolved and stands for the score, 0 where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Expression, F, FloatField, Func
from django.db.models.sql.constants import INNER, LOUTER

from django_personalization.relevance import Compiled, ScoreTable, quoting

_ALIAS: Final = "personalization_score"


class ScoreJoin:
    """``LEFT OUTER JOIN (…) t ON t.item = base.pk``, in the shape of a query's ``alias_map``."""

    table_name = _ALIAS
    filtered_relation = None
    join_field = None
    # It may find nothing, so `|` of two querysets makes an inner join an outer one again.
    nullable = True

    def __init__(
        self,
        table: ScoreTable,
        column: str,
        parent_alias: str,
        table_alias: str | None = None,
        join_type: str = LOUTER,
    ) -> None:
        """Join ``table`` to the rows of ``parent_alias`` by their ``column``."""
        self.table, self.column = table, column
        self.parent_alias, self.table_alias, self.join_type = parent_alias, table_alias, join_type

    def as_sql(self, compiler: Any, connection: Any) -> Compiled:
        """Return the JOIN clause."""
        sql, parameters = self.table.compile(connection)
        quote = quoting(compiler)
        column = connection.ops.quote_name(self.column)
        on = f"{quote(self.table_alias)}.item = {quote(self.parent_alias)}.{column}"
        return f"{self.join_type} ({sql}) {quote(self.table_alias)} ON ({on})", parameters

    def relabeled_clone(self, change_map: Mapping[str | None, str]) -> ScoreJoin:
        """Return the join under other aliases."""
        return self._as(
            change_map.get(self.parent_alias, self.parent_alias),
            change_map.get(self.table_alias, self.table_alias),
            self.join_type,
        )

    def promote(self) -> ScoreJoin:
        """Return it as an outer join."""
        return self._as(self.parent_alias, self.table_alias, LOUTER)

    def demote(self) -> ScoreJoin:
        """Return it as an inner join."""
        return self._as(self.parent_alias, self.table_alias, INNER)

    def _as(self, parent_alias: str, table_alias: str | None, join_type: str) -> ScoreJoin:
        return ScoreJoin(self.table, self.column, parent_alias, table_alias, join_type)

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two joins one."""
        return ScoreJoin, id(self.table), self.column, self.parent_alias

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScoreJoin) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


class Score(Expression):
    """The score of each row, in whichever query it is used: annotated, ordered by, filtered."""

    def __init__(self, table: ScoreTable, *, only_scored: bool = False) -> None:
        """Take the scores from ``table``; with ``only_scored`` other rows are left out."""
        super().__init__(output_field=FloatField())
        self.table, self.only_scored = table, only_scored

    def resolve_expression(  # type: ignore[override]
        self, query: Any = None, *args: Any, **kwargs: Any
    ) -> ScoreColumn:
        """Join the table to ``query``, once, and return its column."""
        join = ScoreJoin(self.table, query.get_meta().pk.column, query.get_initial_alias())
        alias = query.join(join)
        if self.only_scored:
            query.alias_map[alias] = query.alias_map[alias].demote()
        return ScoreColumn(self.table, alias, join.parent_alias, join.column)

    def __eq__(self, other: object) -> bool:
        """Be what it resolves to: an order by a score that is selected is then one by its place.

        Otherwise some databases reckon the score twice for every row.
        """
        return isinstance(other, (Score, ScoreColumn)) and self.table is other.table

    def __hash__(self) -> int:
        return hash(id(self.table))


class ScoreColumn(Expression):
    """The score of a row, from a table of scores that has been joined."""

    allowed_default = False
    contains_column_references = True

    def __init__(self, table: ScoreTable, alias: str, base: str, column: str) -> None:
        """Stand for ``table``, joined as ``alias`` to ``column`` of the rows called ``base``."""
        super().__init__(output_field=FloatField())
        self.table, self.table_alias, self.base, self.column = table, alias, base, column

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        """Return the SQL: 0 where the join found nothing."""
        quote = quoting(compiler)
        item = f"{quote(self.base)}.{connection.ops.quote_name(self.column)}"
        sql, parameters = self.table.value(f"{quote(self.table_alias)}.score", item, connection)
        return sql, tuple(parameters)

    def relabeled_clone(self, change_map: Mapping[str, str]) -> ScoreColumn:
        """Return the same column under other aliases."""
        alias = change_map.get(self.table_alias, self.table_alias)
        base = change_map.get(self.base, self.base)
        return ScoreColumn(self.table, alias, base, self.column)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ScoreColumn) and self.table_alias != other.table_alias:
            return False
        return isinstance(other, (Score, ScoreColumn)) and self.table is other.table

    def __hash__(self) -> int:
        return hash(id(self.table))

    def get_group_by_cols(self) -> list[Any]:
        """Return the column itself: it is no aggregate."""
        return [self]


class TieBreaker(Func):
    """The key of a row, where it only settles ties.

    SQLite would walk through any index for the sake of rows that come in the order of their keys,
    and read the rows themselves in no order: twice as slow. A plus in front makes it forget that.
    """

    template = "%(expressions)s"
    arity = 1

    def __init__(self) -> None:
        """Stand for the primary key."""
        super().__init__(F("pk"))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Write the key so that no index is chosen for it."""
        return super().as_sql(compiler, connection, template="+%(expressions)s", **context)
