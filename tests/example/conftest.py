"""Tests of the example site, with the site's own settings.

Run them by themselves, since one pytest process has one settings module::

    python -m pytest tests/example

The ``pytest.ini`` beside this file names the settings. ``DATABASE_URL`` chooses the database, for
example ``python scripts/with_postgres.py python -m pytest tests/example``. A run of the whole
``tests`` directory has the settings of the package's tests and leaves this directory out.
"""

from __future__ import annotations

import os

import pytest

if os.environ.get("DJANGO_SETTINGS_MODULE") != "config.settings":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """A database that holds the vocabulary, as after the first steps of an installation."""
    from django.core.management import call_command

    with django_db_blocker.unblock():
        call_command("seed_taxonomies", verbosity=0)


@pytest.fixture(autouse=True)
def _quick_setup(settings):
    """Hash passwords quickly; serve static files by their plain names."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def visitor(db):
    from accounts.models import User

    return User.objects.create_user("visitor@example.org", "a long password", name="Vi Sitor")


@pytest.fixture
def staff(db):
    from accounts.models import User

    return User.objects.create_superuser("staff@example.org", "a long password", name="Sta Ff")


@pytest.fixture
def signed_in(client, visitor):
    """A client that the visitor has signed in with."""
    client.force_login(visitor)
    return client


@pytest.fixture
def make_project(db):
    """Make a project from a name, the slugs of its topics and other facts."""
    from catalogue.models import Project
    from django_personalization.models import Taxonomy

    def make(name, *topics, **facts):
        facts = {"homepage": "https://example.org/", "description": f"About {name}.", **facts}
        project = Project.objects.create(name=name, **facts)
        terms = list(Taxonomy.objects.filter(slug__in=topics))
        assert len(terms) == len(topics)
        project.taxonomies.set(terms)
        return project

    return make
