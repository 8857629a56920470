"""What the tests share: people, a small vocabulary and an API client."""

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from rest_framework.test import APIClient

from django_personalization.models import Taxonomy, TaxonomyAlias
from django_personalization.term_statistics import forget_statistics


def pytest_runtest_setup(item):
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")


@pytest.fixture(autouse=True)
def _fresh_caches():
    cache.clear()
    forget_statistics()


@pytest.fixture
def make_person(db):
    def make(name, **fields):
        return get_user_model().objects.create_user(f"{name}@example.org", **fields)

    return make


@pytest.fixture
def person(make_person):
    return make_person("ada")


@pytest.fixture
def other(make_person):
    return make_person("grace")


@pytest.fixture
def staff(make_person):
    return make_person("staff", is_staff=True, is_superuser=True)


@pytest.fixture
def terms(db):
    """Five terms by a short name, with aliases.

    Made in bulk: nobody has tags yet that would follow, and most tests begin with this.
    """
    made = {
        "python": Taxonomy(name="Python", category="skill"),
        "ai": Taxonomy(name="AI & Machine Learning", category="topic"),
        "cpp": Taxonomy(name="C++", category="skill"),
        "faith": Taxonomy(name="Religion", category="interest", is_sensitive=True),
        "retired": Taxonomy(name="Flash", category="skill", is_active=False),
    }
    Taxonomy.objects.bulk_create(made.values())
    names = [("ai", "AI"), ("ai", "ML"), ("ai", "machine learning"), ("faith", "faith")]
    TaxonomyAlias.objects.bulk_create(
        TaxonomyAlias(taxonomy=made[term], name=name) for term, name in names
    )
    return made


@pytest.fixture
def client_of():
    def make(user):
        client = APIClient(enforce_csrf_checks=False)
        client.force_authenticate(user)
        return client

    return make


@pytest.fixture
def api(client_of, person):
    return client_of(person)


@pytest.fixture
def py(db):
    return Taxonomy.objects.create(name="Python", category="skill")


@pytest.fixture
def snake(db):
    """A synonym of Python, with an alias."""
    snake = Taxonomy.objects.create(name="Python 3", category="skill")
    TaxonomyAlias.objects.create(taxonomy=snake, name="Py3k")
    return snake
