"""A score for every row of a queryset, joined once from a derived table.

Django's ORM has no join with a subquery. Here is one, in the form of an expression that any
queryset takes: it adds ``LEFT OUTER JOIN (SELECT item, score …) ON item = pk`` to the query in
which it is resolved and stands for the score, 0 where there is none. Scores per term come as one
list of values to join with: one ``CASE`` branch or addend for each would be slow, and more than
the parsers of databases take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django.db import connections
from django.db.models import (
    BigIntegerField,
    CharField,
    Expression,
    F,
    FloatField,
    Func,
    IntegerField,
    Model,
    QuerySet,
    Value,
)
from django.db.models.fields import BooleanField
from django.db.models.functions import Cast, Replace
from django.db.models.sql import Query
from django.db.models.sql.constants import INNER, LOUTER

from django_personalization.content import content_of
from django_personalization.item_terms import ITEM, SHARE, TERM, term_model, term_pairs

Pairs = QuerySet[Any, dict[str, Any]]
Compiled = tuple[str, list[Any]]

_ALIAS: Final = "personalization_score"


class ScoreTable:
    """A derived table of ``item`` and ``score``, one row for each item that has a score."""

    def compile(self, connection: Any) -> Compiled:
        """Return its SQL and parameters for the database of ``connection``."""
        raise NotImplementedError

    def value(self, score: str, item: str, connection: Any) -> Compiled:
        """Return the score of an item, 0 where the table has none, outside of the table.

        ``score`` and ``item`` are the SQL of the joined score and of the item's key.
        """
        return f"COALESCE({score}, 0.0)", []


class TermScores(ScoreTable):
    """What the terms of an item are worth together, divided by the root of how many it has.

    The table itself holds the sum; :meth:`value` divides it.

    ``model`` is registered content; ``scores`` says what each of its terms is worth, by the
    host's key and above 0. The rows of items and terms are looked up when SQL is made: whoever
    pickles a queryset keeps the numbers, and no classes that cannot be imported.
    """

    def __init__(self, model: type[Model], scores: Mapping[Any, float]) -> None:
        """Keep what the table is made of."""
        self.model, self.scores = model, dict(scores)

    def compile(self, connection: Any) -> Compiled:
        """Return the SQL: the pairs joined with the values, grouped by item."""
        pairs, parameters = _pairs(self.model, connection)
        values, value_parameters = self._values(connection)
        share = f"pair.{SHARE} * " if self._has_shares else ""
        sql = (
            f"SELECT pair.{ITEM} AS item, SUM({share}worth.score) AS score "  # noqa: S608
            f"FROM ({pairs}) pair INNER JOIN ({values}) worth ON worth.term = pair.{TERM} "
            f"GROUP BY pair.{ITEM}"
        )
        return sql, [*parameters, *value_parameters]

    def value(self, score: str, item: str, connection: Any) -> Compiled:
        """Divide by the root of how many terms the item has.

        Here and not in the table: there it would be reckoned before anything else has left rows
        out, and takes databases twice as long.
        """
        pairs, parameters = _pairs(self.model, connection)
        whole = f"SUM(whole.{SHARE})" if self._has_shares else "COUNT(*)"
        count = f"(SELECT {whole} FROM ({pairs}) whole WHERE whole.{ITEM} = {item})"  # noqa: S608
        return f"CASE WHEN {score} IS NULL THEN 0.0 ELSE {score} / SQRT({count}) END", parameters

    @property
    def _has_shares(self) -> bool:
        return content_of(self.model).shares is not None

    def _values(self, connection: Any) -> Compiled:
        field = _term_key(self.model)
        term, score = "%s", "%s"
        if connection.vendor == "postgresql":
            # The first row decides the types of all.
            score += "::double precision"
            term += f"::{field.rel_db_type(connection)}"
        parameters: list[Any] = []
        for key, value in self.scores.items():
            parameters += [field.get_db_prep_value(key, connection, prepared=False), value]
        rest = len(self.scores) - 1
        if connection.vendor in {"postgresql", "sqlite"}:
            rows = f"({term}, {score})" + ", (%s, %s)" * rest
            return (
                f"SELECT column1 AS term, column2 AS score FROM (VALUES {rows}) listed",  # noqa: S608
                parameters,
            )
        return f"SELECT {term} AS term, {score} AS score" + " UNION ALL SELECT %s, %s" * rest, (
            parameters
        )


class RowScores(ScoreTable):
    """Scores that the database has as they are: ``rows`` of ``item`` and ``score``."""

    def __init__(self, rows: Pairs) -> None:
        """Keep the rows."""
        # The query alone: pickling a queryset would read all of its rows.
        self.rows = rows.query

    def compile(self, connection: Any) -> Compiled:
        """Return the SQL of the rows."""
        return _compile(self.rows, connection)


def _pairs(model: type[Model], connection: Any) -> Compiled:
    return _compile(term_pairs(content_of(model)).query, connection)


def _term_key(model: type[Model]) -> Any:
    return term_model(content_of(model))._meta.pk


def _compile(rows: Query, connection: Any) -> Compiled:
    sql, parameters = rows.get_compiler(connection=connection).as_sql()
    return sql, list(parameters)


def _quoting(compiler: Any) -> Callable[[Any], str]:
    """Return what quotes names of tables: since Django 6.1 aliases as well."""
    if hasattr(compiler, "quote_name"):
        return compiler.quote_name  # type: ignore[no-any-return]
    return compiler.quote_name_unless_alias  # type: ignore[no-any-return]


def key_from_text(model: type[Model], text: str, using: str) -> Any:
    """Return the expression that turns a key of ``model`` kept as text into the key itself."""
    field: Any = model._meta.pk
    while field.remote_field is not None:
        field = field.target_field
    written: Any = F(text)
    if field.get_internal_type() == "UUIDField":
        if connections[using].features.has_native_uuid_field:
            return Cast(written, field.__class__())
        return Replace(written, Value("-"), Value(""), output_field=CharField())
    return Cast(written, _plain(field))


def _plain(field: Any) -> Any:
    if isinstance(field, IntegerField):
        return BigIntegerField()
    return CharField(max_length=field.max_length) if isinstance(field, CharField) else field


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
        quote = _quoting(compiler)
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
        quote = _quoting(compiler)
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


class HasTerms(Expression):
    """Whether an item has at least one of some terms, as a condition for ``filter()``."""

    def __init__(
        self, model: type[Model], terms: Iterable[Any], base: tuple[str, str] | None = None
    ) -> None:
        """Look for ``terms``, by the host's keys; ``base`` is where the item's key is, resolved."""
        super().__init__(output_field=BooleanField())
        self.model, self.terms, self.base = model, tuple(terms), base

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> HasTerms:
        """Find the key of the query's rows, once: a subquery is resolved in the outer one too."""
        if self.base is not None:
            return self
        base = (query.get_initial_alias(), query.get_meta().pk.column)
        return HasTerms(self.model, self.terms, base)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        """Return the SQL of the condition."""
        if self.base is None or not self.terms:
            return "(1 = 0)", ()
        pairs, parameters = _pairs(self.model, connection)
        field, places = _term_key(self.model), ", ".join(["%s"] * len(self.terms))
        terms = [field.get_db_prep_value(key, connection, prepared=False) for key in self.terms]
        alias, column = self.base
        item = f"{_quoting(compiler)(alias)}.{connection.ops.quote_name(column)}"
        sql = (
            f"EXISTS(SELECT 1 FROM ({pairs}) pair "  # noqa: S608 - every value is a parameter
            f"WHERE pair.{ITEM} = {item} AND pair.{TERM} IN ({places}))"
        )
        return sql, (*parameters, *terms)

    def relabeled_clone(self, change_map: Mapping[str, str]) -> HasTerms:
        """Return the same condition under another alias."""
        alias, column = self.base or ("", "")
        return HasTerms(self.model, self.terms, (change_map.get(alias, alias), column))

    def get_group_by_cols(self) -> list[Any]:
        """Return the condition itself: it is no aggregate."""
        return [self]
