"""The recommended index: named where it is missing, silent where it is there."""

import pytest
from django.core.checks import Info
from django.db import connection

from django_personalization import checks, content
from django_personalization.indexes import term_index
from tests.hosts.library.models import Book

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_books(monkeypatch):
    books = {Book: content.declaration_of(Book)}
    monkeypatch.setattr(content, "_registry", books)


def found(**options):
    return checks.check_term_indexes(**options)


def test_it_is_recommended_with_the_statement_that_makes_it():
    [message] = found(databases=["default"])
    assert isinstance(message, Info)
    assert message.id == "django_personalization.I001"
    statement = message.hint.partition('RunSQL("')[2].partition('"')[0]
    assert "(taxonomy_id, book_id)" in statement
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert found(databases=["default"]) == []


def test_the_database_is_asked_only_where_that_is_allowed(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert found(databases=None) == found() == found(databases=["other"]) == []


def test_a_missing_table_is_no_news(monkeypatch):
    index = term_index(content.declaration_of(Book))
    monkeypatch.setattr(connection.introspection, "table_names", list)
    assert index.is_there("default")


def test_terms_without_a_table_in_between_need_none(monkeypatch):
    declaration = content.Content(Book, terms="author")
    assert term_index(declaration) is None
