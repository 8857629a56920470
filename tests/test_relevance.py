"""The list of terms and what they are worth, as databases without ``VALUES`` take it."""

import pytest
from django.db import connection

from django_personalization import tagging
from django_personalization.ranking import personalize, similar
from django_personalization.term_statistics import forget_statistics
from tests.catalogues import KINDS, declared, taxonomy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite takes both forms"),
]

SHARES = ({"Python": 1.0}, {"Python": 0.25, "Zig": 3.0}, {"Zig": 1.0, "Nim": 0.25}, {"Go": 1.0}, {})


@pytest.fixture(params=["many-to-many", "foreign key", "weighted", "taggit", "taggit, UUID"])
def items(request, person):
    """Items whose terms are kept in this way; the person has tags of some and hid another."""
    kind = KINDS[request.param]
    for name, weight in {"Python": 2, "Zig": 1, "Nim": 0.5}.items():
        tagging.weigh(tagging.pick(person, taxonomy=taxonomy(name))[0], weight)
    tagging.hide(person, taxonomy=taxonomy("Go"))
    with declared(kind.model, **kind.declaration):
        made = [
            kind.make(**dict(list(shares.items())[:1]) if kind.single else shares)
            for shares in SHARES
        ]
        forget_statistics()
        yield kind.model.objects.order_by("pk"), made[0]


@pytest.fixture
def elsewhere(monkeypatch):
    """Let SQL be written as for MySQL and MariaDB from now on."""

    def begin():
        monkeypatch.setattr(connection, "vendor", "mysql")

    return begin


def scored(ranked, name="relevance"):
    return [(row.pk, getattr(row, name)) for row in ranked]


def test_ranks_are_the_same_where_the_list_is_a_union(items, person, elsewhere):
    rows, _first = items
    expected = scored(personalize(rows, person))
    assert len(expected) == len(SHARES) - 1
    assert any(score > 0 for _pk, score in expected)
    assert "VALUES" in str(personalize(rows, person).query)
    elsewhere()
    ranked = personalize(rows, person)
    sql, parameters = ranked.query.sql_with_params()
    assert sql.count(" UNION ALL SELECT %s, %s") == 2
    assert sql.count("%s") == len(parameters)
    assert "VALUES" not in sql
    assert scored(ranked) == expected
    matching = personalize(rows, person, only_matching=True)
    assert scored(matching) == [(pk, score) for pk, score in expected if score > 0]
    assert matching.count() == len(matching)


def test_a_list_of_one_needs_no_union(items, elsewhere):
    _rows, first = items
    expected = scored(similar(first), "similarity")
    assert expected
    elsewhere()
    alike = similar(first)
    assert "UNION" not in str(alike.query)
    assert scored(alike, "similarity") == expected
