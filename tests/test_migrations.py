"""Migrations: complete, reversible, and free of the app's own code."""

import ast
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

import django_personalization

MIGRATIONS = Path(django_personalization.__file__).parent / "migrations"


@pytest.mark.django_db
@pytest.mark.parametrize("app", ["django_personalization", "library"])
def test_nothing_is_missing(app):
    call_command("makemigrations", app, check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_there_and_back_again():
    def tables():
        names = connection.introspection.table_names()
        return [name for name in names if name.startswith("django_personalization")]

    before = tables()
    assert before
    try:
        call_command("migrate", "library", "zero", verbosity=0)
        call_command("migrate", "django_personalization", "zero", verbosity=0)
        assert tables() == []
    finally:
        call_command("migrate", verbosity=0)
    assert tables() == before


@pytest.mark.parametrize("path", sorted(MIGRATIONS.glob("0*.py")), ids=lambda path: path.stem)
def test_nothing_is_imported_from_the_app(path):
    tree = ast.parse(path.read_text())
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert modules
    assert not [name for name in modules if name.startswith("django_personalization")]
