"""How many queries a page takes: a number that neither projects nor topics change."""

from __future__ import annotations

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db

# What tracking asks once more before it stores: the person's decision, under a lock where there is
# one to take.
DECISION = 1 + (connection.vendor == "postgresql")

# What the order for a person takes, and the reasons: tags; tags again, terms and evidence.
FOR_YOU = 1 + 3
# The vocabulary's revision, the project's terms, the similar projects and their topics.
SIMILAR = 4
# What somebody who is signed in hid is left out of lists that are not in their order.
HIDDEN = 1

# path: (queries for a stranger, queries for somebody who is signed in). The difference is session
# and user, the strip of interests where there is one, what ordering takes, and what tracking does
# where there is any.
PAGES = {
    "/": (4, 7 + FOR_YOU + 2 + HIDDEN),
    "/projects/": (5, 8 + FOR_YOU),
    "/projects/?topic=python": (5, 8 + FOR_YOU),
    "/projects/?q=project": (5, 8 + FOR_YOU + 5 + DECISION),
    "/projects/project-0/": (2 + SIMILAR, 4 + SIMILAR + 11 + DECISION + HIDDEN),
    "/projects/add/": (0, 3),
    "/accounts/login/": (1, 2),
    "/account/settings/personalization": (0, 2),
}


@pytest.fixture(params=[2, 40], ids=["few", "many"])
def catalogue(request, make_project):
    topics = ["python", "django", "web-development", "sql", "postgresql"]
    for number in range(request.param):
        make_project(f"Project {number}", *topics, language=f"Language {number % 5}")


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger(client, catalogue, path, django_assert_num_queries):
    client.get("/projects/project-1/")
    with django_assert_num_queries(PAGES[path][0]):
        client.get(path)


@pytest.mark.parametrize("path", PAGES)
def test_somebody_who_is_signed_in(signed_in, catalogue, path, django_assert_num_queries):
    # As all but the first page of a process: the vocabulary and the content types are known.
    signed_in.get("/projects/project-1/")
    with django_assert_num_queries(PAGES[path][1]):
        signed_in.get(path)
