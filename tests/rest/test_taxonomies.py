"""GET taxonomies/: arrays, pages, filters, ETags and who may read."""

import pytest
from rest_framework.test import APIClient

from django_personalization.models import Taxonomy

pytestmark = pytest.mark.django_db
URL = "/api/v1/taxonomies/"


def test_the_list_is_a_plain_array_of_active_terms_in_category_order(api, terms):
    response = api.get(URL)
    assert response.status_code == 200
    assert [row["name"] for row in response.json()] == [
        "Religion",
        "C++",
        "Python",
        "AI & Machine Learning",
    ]
    assert response.json()[2] == {
        "id": terms["python"].pk,
        "slug": "python",
        "name": "Python",
        "category": "skill",
        "category_display": "Skill",
        "description": "",
        "is_active": True,
        "parent": None,
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("category=skill", ["C++", "Python"]),
        ("search=PYTH", ["Python"]),
        ("search=ml", ["AI & Machine Learning"]),
        ("search=machine learn", ["AI & Machine Learning"]),
        ("search=machine snake", []),
        ("search=c%2B%2B&category=skill", ["C++"]),
        ("search=%25", []),
        ("search=", ["Religion", "C++", "Python", "AI & Machine Learning"]),
    ],
)
def test_filters(api, terms, query, names):
    assert [row["name"] for row in api.get(f"{URL}?{query}").json()] == names


def test_descriptions_are_searched(api, terms):
    Taxonomy.objects.filter(pk=terms["cpp"].pk).update(description="A fast language")
    assert [row["name"] for row in api.get(f"{URL}?search=fast").json()] == ["C++"]


def test_pages_on_demand(api, terms):
    page = api.get(f"{URL}?limit=3").json()
    assert page["count"] == 4
    assert len(page["results"]) == 3
    rest = api.get(page["next"]).json()
    assert len(rest["results"]) == 1
    assert rest["next"] is None
    assert len(api.get(f"{URL}?offset=3").json()["results"]) == 1


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("category=mood", "category", '"mood" is not one of: interest, skill, goal'),
        ("category=%00", "category", "is not one of"),
        ("search=%00", "search", "NUL"),
        ("search=" + "a+" * 40, "search", "40 words"),
        ("search=" + "a" * 101, "search", "101 characters"),
        ("limit=0", "limit", "from 1 to 500"),
        ("limit=501", "limit", "from 1 to 500"),
        ("limit=x", "limit", '"x" is not a whole number'),
        ("limit=%D9%A3", "limit", "is not a whole number"),
        ("limit=5&offset=-1", "offset", "is not a whole number"),
        ("offset=99999999999999999999", "offset", "is not a whole number"),
    ],
)
def test_wrong_parameters_are_named(api, terms, query, field, words):
    response = api.get(f"{URL}?{query}")
    assert response.status_code == 400
    assert words in response.json()[field][0]


def test_one(api, terms):
    assert api.get(f"{URL}{terms['ai'].pk}/").json()["name"] == "AI & Machine Learning"
    for pk in (terms["retired"].pk, 999, 10**30):
        assert api.get(f"{URL}{pk}/").status_code == 404


def test_by_category_every_category_is_present_in_order(api, terms):
    groups = api.get(f"{URL}by_category/").json()
    assert list(groups) == ["interest", "skill", "goal", "topic", "industry"]
    assert [row["name"] for row in groups["skill"]] == ["C++", "Python"]
    assert groups["goal"] == []


def test_a_category_that_the_setting_lost_comes_last(api, terms):
    Taxonomy.objects.create(name="Calm", category="mood")
    groups = api.get(f"{URL}by_category/").json()
    assert list(groups)[-1] == "mood"
    assert groups["mood"][0]["category_display"] == "mood"


@pytest.mark.parametrize("path", ["", "by_category/", "?limit=2"])
def test_an_etag_saves_the_body_until_something_changes(api, terms, path):
    first = api.get(URL + path)
    again = api.get(URL + path, HTTP_IF_NONE_MATCH=first["ETag"])
    assert again.status_code == 304
    assert again.content == b""
    Taxonomy.objects.filter(pk=terms["cpp"].pk).update(description="A fast language")
    assert api.get(URL + path, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 200


@pytest.mark.parametrize("path", ["", "by_category/"])
def test_queries_do_not_grow_with_the_vocabulary(api, django_assert_num_queries, path):
    for size in (3, 60):
        rows = [Taxonomy(name=f"{size} {i}", category="skill") for i in range(size)]
        Taxonomy.objects.bulk_create(rows)
        with django_assert_num_queries(1):
            api.get(URL + path)


@pytest.mark.parametrize("path", ["", "by_category/", "1/"])
def test_strangers_may_read_only_where_the_setting_says_so(terms, settings, path):
    assert APIClient().get(URL + path).status_code in {401, 403}
    settings.DJANGO_PERSONALIZATION = {"PUBLIC_TAXONOMIES": True}
    assert APIClient().get(URL + path).status_code in {200, 404}
    assert APIClient().get("/api/v1/me/tags/").status_code in {401, 403}


def test_nothing_can_be_written(api, terms):
    for method in ("post", "put", "patch", "delete"):
        assert getattr(api, method)(URL, {}, format="json").status_code == 405
