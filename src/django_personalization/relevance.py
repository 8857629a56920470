"""What items score by their terms, as SQL: tables of scores, and conditions on terms.

Scores per term come as one list of values to join with: one ``CASE`` branch or addend for each
would be slow, and more than the parsers of databases take.
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
    IntegerField,
    Model,
    QuerySet,
    Value,
)
from django.db.models.fields import BooleanField
from django.db.models.functions import Cast, Replace
from django.db.models.sql import Query

from django_personalization.content import content_of
from django_personalization.item_terms import ITEM, SHARE, TERM, term_model, term_pairs

Pairs = QuerySet[Any, dict[str, Any]]
Compiled = tuple[str, list[Any]]

# Databases add in any order, and floating point minds: items with the same terms would differ in
# the last bit, each time in another way, and pages would overlap. Multiples of 1 / _GRAINS add up
# exactly, as long as the sum is below 2,048.
_GRAINS: Final = 2.0**42

# Django's SQRT is a function in Python on SQLite, which takes a tenth of all the time: items have
# few terms, so that their roots can be looked up.
_ROOTS: Final = " ".join(f"WHEN {count} THEN {count**0.5!r}" for count in range(1, 13))


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
        self.model = model
        self.scores = {key: round(score * _GRAINS) / _GRAINS for key, score in scores.items()}

    def compile(self, connection: Any) -> Compiled:
        """Return the SQL: the pairs joined with the values, grouped by item."""
        pairs, parameters = _pairs(self.model, connection)
        values, value_parameters = self._values(connection)
        worth = _in_grains(f"pair.{SHARE} * worth.score") if self._has_shares else "worth.score"
        sql = (
            f"SELECT pair.{ITEM} AS item, SUM({worth}) AS score "  # noqa: S608
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
        whole = f"SUM({_in_grains(f'whole.{SHARE}')})" if self._has_shares else "COUNT(*)"
        count = f"(SELECT {whole} FROM ({pairs}) whole WHERE whole.{ITEM} = {item})"  # noqa: S608
        root = f"SQRT({count})"
        if connection.vendor == "sqlite" and not self._has_shares:
            root, parameters = f"CASE {count} {_ROOTS} ELSE {root} END", [*parameters, *parameters]
        return f"CASE WHEN {score} IS NULL THEN 0.0 ELSE {score} / {root} END", parameters

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


def _in_grains(amount: str) -> str:
    return f"ROUND({amount} * {_GRAINS}) / {_GRAINS}"


def _pairs(model: type[Model], connection: Any) -> Compiled:
    return _compile(term_pairs(content_of(model)).query, connection)


def _term_key(model: type[Model]) -> Any:
    return term_model(content_of(model))._meta.pk


def _compile(rows: Query, connection: Any) -> Compiled:
    sql, parameters = rows.get_compiler(connection=connection).as_sql()
    return sql, list(parameters)


def quoting(compiler: Any) -> Callable[[Any], str]:
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


class HasTerms(Expression):
    """Whether an item has at least one of some terms, as a condition for ``filter()``."""

    def __init__(
        self,
        model: type[Model],
        terms: Iterable[Any],
        base: tuple[str, str] | None = None,
        *,
        of_all_rows: bool = False,
    ) -> None:
        """Look for ``terms``, by the host's keys; ``base`` is where the item's key is, resolved.

        ``of_all_rows`` says that every row is going to be asked, so that a list of the items with
        these terms is worth its making.
        """
        super().__init__(output_field=BooleanField())
        self.model, self.terms, self.base = model, tuple(terms), base
        self.of_all_rows = of_all_rows

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> HasTerms:
        """Find the key of the query's rows, once: a subquery is resolved in the outer one too."""
        if self.base is not None:
            return self
        return self._at((query.get_initial_alias(), query.get_meta().pk.column))

    def as_sql(
        self, compiler: Any, connection: Any, *, listed: bool = False
    ) -> tuple[str, tuple[str | int, ...]]:
        """Return the SQL of the condition; ``listed`` makes the list of items first."""
        if self.base is None or not self.terms:
            return "(1 = 0)", ()
        pairs, parameters = _pairs(self.model, connection)
        field, places = _term_key(self.model), ", ".join(["%s"] * len(self.terms))
        terms = [field.get_db_prep_value(key, connection, prepared=False) for key in self.terms]
        alias, column = self.base
        item = f"{quoting(compiler)(alias)}.{connection.ops.quote_name(column)}"
        has_term = f"FROM ({pairs}) pair WHERE pair.{TERM} IN ({places})"
        if listed:
            sql = f"{item} IN (SELECT pair.{ITEM} {has_term})"
        else:
            sql = f"EXISTS(SELECT 1 {has_term} AND pair.{ITEM} = {item})"
        return sql, (*parameters, *terms)

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        """Where every row is asked, look it up in a list: ``EXISTS`` would read an index for each.

        Other databases make an anti-join of that by themselves.
        """
        return self.as_sql(compiler, connection, listed=self.of_all_rows)

    def relabeled_clone(self, change_map: Mapping[str, str]) -> HasTerms:
        """Return the same condition under another alias."""
        alias, column = self.base or ("", "")
        return self._at((change_map.get(alias, alias), column))

    def _at(self, base: tuple[str, str]) -> HasTerms:
        return HasTerms(self.model, self.terms, base, of_all_rows=self.of_all_rows)

    def get_group_by_cols(self) -> list[Any]:
        """Return the condition itself: it is no aggregate."""
        return [self]
