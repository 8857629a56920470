"""GET me/personalization/: everything a settings page needs, in one answer."""

import pytest

from django_personalization import tagging
from django_personalization.models import PersonalizationSettings, Taxonomy
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
    PersonalizationSettings.objects.create(user=person, mode="explicit", discovery=10)
    tagging.pick(person, taxonomy=terms["cpp"])
    track(person, "search", extracted_keywords=["Zig"])
    track(person, "project_create", extracted_keywords=["Python"])
    track(other, "search", extracted_keywords=["Nim"])
    profile = api.get(URL).json()
    assert [tag["name"] for tag in profile["manual_tags"]] == ["C++"]
    assert [tag["name"] for tag in profile["auto_generated_tags"]] == ["Python", "Zig"]
    assert profile["total_interactions"] == 2
    assert profile["settings"]["mode"] == "explicit"


def test_queries_do_not_grow(api, person, django_assert_num_queries):
    for size in (3, 40):
        rows = [Taxonomy(name=f"{size} {i}", category="skill") for i in range(size)]
        ids = [row.pk for row in Taxonomy.objects.bulk_create(rows)]
        tagging.pick_many(person, ids)
        track(person, "search", extracted_keywords=[f"free {size} {i}" for i in range(15)])
        with django_assert_num_queries(5):
            api.get(URL)
