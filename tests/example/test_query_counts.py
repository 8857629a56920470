"""How many queries a page takes: a number that neither projects nor topics change."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db

# path: (queries for a stranger, for somebody who is signed in, of those what tracking takes)
PAGES = {
    "/": (0, 0, 0),
    "/projects/": (0, 0, 0),
    "/projects/?topic=python": (0, 0, 0),
    "/projects/?q=project": (0, 0, 0),
    "/projects/project-0/": (0, 0, 0),
    "/projects/add/": (0, 0, 0),
    "/accounts/login/": (0, 0, 0),
    "/account/settings/personalization": (0, 0, 0),
}


@pytest.fixture(params=[2, 40], ids=["few", "many"])
def catalogue(request, make_project):
    topics = ["python", "django", "web-development", "sql", "postgresql"]
    for number in range(request.param):
        make_project(f"Project {number}", *topics, language=f"Language {number % 5}")


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger(client, catalogue, path, django_assert_num_queries):
    with django_assert_num_queries(PAGES[path][0]):
        client.get(path)


@pytest.mark.parametrize("path", PAGES)
def test_somebody_who_is_signed_in(signed_in, catalogue, path, django_assert_num_queries):
    # As all but the first page of a process: the vocabulary and the content types are known.
    signed_in.get("/projects/project-1/")
    with django_assert_num_queries(PAGES[path][1]):
        signed_in.get(path)
