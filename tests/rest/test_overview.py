"""GET me/personalization/: everything a settings page needs, in one answer."""

import pytest

from django_personalization import tagging
from django_personalization.models import Taxonomy
from django_personalization.preferences import change_settings
from django_personalization.tracking import track

pytestmark = pytest.mark.django_db
URL = "/api/v1/me/personalization/"


def test_a_new_person(api, terms):
    assert api.get(URL).json() == {
        "manual_tags": [],
        "auto_generated_tags": [],
        "available_taxonomies": api.get("/api/v1/taxonomies/").json(),
        "total_interactions": 0,
        "settings": {"consent": "unset", "paused": False, "mode": "full", "discovery": 50},
    }


def test_a_known_person(api, person, other, terms):
    change_settings(person, discovery=10)
    tagging.pick(person, taxonomy=terms["cpp"])
    track(person, "search", extracted_keywords=["Zig"])
    track(person, "project_create", extracted_keywords=["Python"])
    track(other, "search", extracted_keywords=["Nim"])
    profile = api.get(URL).json()
    assert [tag["name"] for tag in profile["manual_tags"]] == ["C++"]
    assert [tag["name"] for tag in profile["auto_generated_tags"]] == ["Python", "Zig"]
    assert profile["total_interactions"] == 2
    assert profile["settings"]["discovery"] == 10


@pytest.mark.parametrize(
    ("mode", "picked", "inferred"),
    [("full", ["C++"], ["Python"]), ("explicit", ["C++"], []), ("none", [], [])],
)
def test_it_shows_what_is_in_use(api, person, terms, mode, picked, inferred):
    tagging.pick(person, taxonomy=terms["cpp"])
    track(person, "search", extracted_keywords=["Python"])
    tagging.hide(person, name="Nim")
    change_settings(person, mode=mode)
    profile = api.get(URL).json()
    assert [tag["name"] for tag in profile["manual_tags"]] == picked
    assert [tag["name"] for tag in profile["auto_generated_tags"]] == inferred
    assert (profile["total_interactions"], profile["settings"]["mode"]) == (1, mode)
    # What is stored is still there to be seen and corrected.
    assert len(api.get("/api/v1/me/tags/").json()) == 3


def test_queries_of_a_new_person(api, person, django_assert_num_queries):
    with django_assert_num_queries(5):
        api.get(URL)


def test_queries_do_not_grow(api, person, django_assert_num_queries):
    for size in (3, 40):
        rows = [Taxonomy(name=f"{size} {i}", category="skill") for i in range(size)]
        ids = [row.pk for row in Taxonomy.objects.bulk_create(rows)]
        tagging.pick_many(person, ids)
        track(person, "search", extracted_keywords=[f"free {size} {i}" for i in range(15)])
        with django_assert_num_queries(4):
            api.get(URL)
