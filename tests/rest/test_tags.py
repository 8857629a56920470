"""me/tags/: every route and every rule of the contract."""

import json

import pytest
from django.db.models import F
from django.utils import timezone

from django_personalization import tagging
from django_personalization.models import Taxonomy, UserTag
from django_personalization.tracking import track

pytestmark = pytest.mark.django_db
URL = "/api/v1/me/tags/"
FIELDS = [
    "id",
    "name",
    "taxonomy",
    "taxonomy_name",
    "taxonomy_category",
    "source",
    "source_display",
    "confidence_score",
    "interaction_count",
    "weight",
    "state",
    "created_at",
    "updated_at",
]


def post(api, path, body):
    return api.post(URL + path, json.dumps(body), content_type="application/json")


def names(response):
    return [row["name"] for row in response.json()]


def test_a_pick_answers_201_with_the_whole_row_and_then_200(api, terms):
    response = post(api, "", {"taxonomy": terms["python"].pk})
    assert response.status_code == 201
    row = response.json()
    assert list(row) == FIELDS
    assert (row["name"], row["taxonomy_name"], row["taxonomy_category"]) == (
        "Python",
        "Python",
        "skill",
    )
    assert (row["source"], row["source_display"]) == ("manual", "Picked by hand")
    assert (row["confidence_score"], row["weight"], row["state"]) == (1.0, 1.0, "active")
    again = post(api, "", {"name": "python"})
    assert again.status_code == 200
    assert again.json() == row


def test_a_free_tag_has_no_taxonomy(api, terms):
    row = post(api, "", {"name": "Zig"}).json()
    assert (row["taxonomy"], row["taxonomy_name"], row["taxonomy_category"]) == (None, None, None)


def test_a_taxonomy_and_its_name_may_come_together(api, terms):
    body = {"taxonomy": terms["ai"].pk, "name": "ml"}
    assert post(api, "", body).status_code == 201
    response = post(api, "", {"taxonomy": terms["ai"].pk, "name": "Python"})
    assert response.status_code == 400
    assert '"Python" is not a name of' in response.json()["name"][0]


def test_hidden_from_the_start(api, terms):
    response = post(api, "", {"taxonomy": terms["python"].pk, "state": "hidden"})
    assert (response.status_code, response.json()["state"]) == (201, "hidden")


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "taxonomy", "Give a name or a taxonomy"),
        ({"taxonomy": 999999}, "taxonomy", "999999"),
        ({"taxonomy": 0}, "taxonomy", "greater than or equal to 1"),
        ({"taxonomy": 2**63}, "taxonomy", "less than or equal"),
        ({"taxonomy": 10**5000 // 10**4990}, "taxonomy", "No active taxonomy"),
        ({"taxonomy": "x"}, "taxonomy", "integer"),
        ({"taxonomy": [1]}, "taxonomy", "integer"),
        ({"taxonomy": True}, "taxonomy", "integer"),
        ({"taxonomy": None}, "taxonomy", "null"),
        ({"name": ""}, "name", "blank"),
        ({"name": "x" * 101}, "name", "100"),
        ({"name": "a\u0000b"}, "name", "ull"),
        ({"name": "\ud800"}, "name", "urrogate"),
        ({"name": {"a": 1}}, "name", "string"),
        ({"name": "Zig", "state": "dismissed"}, "state", "not a valid choice"),
        ({"name": "Zig", "state": "\ud800"}, "state", '"\ud800" is not a valid choice'),
        ({"name": "flash"}, "name", "not offered any more"),
    ],
)
def test_wrong_picks(api, terms, body, field, words):
    response = post(api, "", body)
    assert response.status_code == 400
    assert words in response.json()[field][0]
    assert not UserTag.objects.exists()


def test_what_people_may_not_write_is_ignored(api, person, other, terms):
    body = {
        "name": "Zig",
        "user": str(other.pk),
        "source": "auto_project",
        "confidence_score": 0.1,
        "interaction_count": 99,
        "evidence": 1e9,
        "id": 12345,
    }
    row = post(api, "", body).json()
    tag = UserTag.objects.get()
    assert (tag.user, tag.source, tag.interaction_count, tag.evidence) == (person, "manual", 0, 0)
    response = api.patch(f"{URL}{row['id']}/", {**body, "weight": 2}, format="json")
    tag.refresh_from_db()
    assert response.json()["weight"] == 2
    assert (tag.name, tag.user, tag.source, tag.interaction_count) == ("Zig", person, "manual", 0)


def test_lists(api, person, terms):
    track(person, "project_create", extracted_keywords=["C++", "Zig"])
    track(person, "search", extracted_keywords=["C++", "Nim", "Ada"])
    track(person, "project_view", extracted_keywords=["Perl"])
    tagging.pick(person, taxonomy=terms["python"])
    tagging.drop(UserTag.objects.get(name="Ada"))
    tagging.change(UserTag.objects.get(name="Perl"), state="hidden")
    assert names(api.get(URL)) == ["Python", "C++", "Zig", "Nim", "Perl"]
    assert names(api.get(URL + "manual/")) == ["Python"]
    assert names(api.get(URL + "auto_generated/")) == ["C++", "Zig", "Nim"]
    assert names(api.get(URL + "dismissed/")) == ["Ada"]
    page = api.get(URL + "?limit=2").json()
    assert (page["count"], len(page["results"])) == (5, 2)


def test_the_confidence_is_that_of_this_moment(api, person, terms):
    track(person, "project_create", extracted_keywords=["Python"])
    # Half of the evidence is what it is worth one half-life later.
    UserTag.objects.update(evidence=F("evidence") / 2, confidence_score=0.99)
    row = api.get(URL).json()[0]
    assert row["confidence_score"] == pytest.approx(1 - 2 ** (-1.5 / 2), rel=1e-5)


def test_changes(api, person, terms):
    tag = tagging.pick(person, taxonomy=terms["python"])[0]
    url = f"{URL}{tag.pk}/"
    assert api.get(url).json()["id"] == tag.pk
    assert api.patch(url, {"weight": 0.5}, format="json").json()["weight"] == 0.5
    assert api.patch(url, {"state": "hidden"}, format="json").json()["state"] == "hidden"
    assert api.patch(url, {}, format="json").status_code == 200
    assert api.post(f"{url}restore/").json()["state"] == "active"
    response = api.delete(url)
    assert (response.status_code, response.content) == (204, b"")
    assert api.get(URL).json() == []
    assert names(api.get(URL + "dismissed/")) == ["Python"]
    restored = api.post(f"{url}restore/").json()
    assert (restored["state"], restored["weight"]) == ("active", 0.5)


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"weight": 3}, "weight", "3.0 is not one of: 0.5, 1, 2"),
        ({"weight": -1}, "weight", "0.5, 1, 2"),
        ({"weight": "much"}, "weight", "number"),
        ({"weight": None}, "weight", "null"),
        ({"state": "gone"}, "state", "not a valid choice"),
        ({"state": ["active"]}, "state", "not a valid choice"),
    ],
)
def test_wrong_changes(api, person, terms, body, field, words):
    tag = tagging.pick(person, taxonomy=terms["python"])[0]
    response = api.patch(f"{URL}{tag.pk}/", body, format="json")
    assert response.status_code == 400
    assert words in response.json()[field][0]
    assert UserTag.objects.get().weight == 1


def test_other_peoples_tags_are_unknown(api, other, terms):
    tag = tagging.pick(other, taxonomy=terms["python"])[0]
    url = f"{URL}{tag.pk}/"
    assert api.get(url).status_code == 404
    assert api.patch(url, {"weight": 2}, format="json").status_code == 404
    assert api.delete(url).status_code == 404
    assert api.post(f"{url}restore/").status_code == 404
    assert post(api, "bulk_delete/", {"tag_ids": [tag.pk]}).json() == {"deleted": 0}
    assert api.get(URL).json() == []
    tag.refresh_from_db()
    assert (tag.state, tag.weight) == ("active", 1)


def test_bulk_create_is_all_or_nothing(api, person, terms):
    track(person, "search", extracted_keywords=["Python"])
    response = post(api, "bulk_create/", {"taxonomy_ids": [terms["ai"].pk, terms["python"].pk]})
    assert response.status_code == 201
    assert names(response) == ["AI & Machine Learning", "Python"]
    assert {row["source"] for row in response.json()} == {"manual"}
    wrong = post(api, "bulk_create/", {"taxonomy_ids": [terms["cpp"].pk, 999999]})
    assert wrong.status_code == 400
    assert "999999" in wrong.json()["taxonomy_ids"][0]
    assert UserTag.objects.count() == 2


@pytest.mark.parametrize("method", ["post", "delete"])
def test_bulk_delete(api, person, terms, method):
    ids = [tag.pk for tag in tagging.pick_many(person, [terms["ai"].pk, terms["cpp"].pk])]
    response = getattr(api, method)(
        URL + "bulk_delete/", {"tag_ids": [*ids, 999999]}, format="json"
    )
    assert response.json() == {"deleted": 2}
    assert UserTag.objects.of(person).dismissed().count() == 2


def test_the_selection(api, person, terms):
    tagging.pick(person, taxonomy=terms["python"])
    body = {"taxonomy_ids": [terms["ai"].pk]}
    response = api.put(URL + "selection/", body, format="json")
    assert response.status_code == 200
    assert names(response) == ["AI & Machine Learning"]
    wrong = api.put(URL + "selection/", {"taxonomy_ids": [999999]}, format="json")
    assert wrong.status_code == 400
    assert names(api.get(URL + "manual/")) == ["AI & Machine Learning"]


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("post", "bulk_create/", "taxonomy_ids"),
        ("post", "bulk_delete/", "tag_ids"),
        ("delete", "bulk_delete/", "tag_ids"),
        ("put", "selection/", "taxonomy_ids"),
    ],
)
@pytest.mark.parametrize(
    "ids", [None, "1", {}, [None], ["x"], [0], [-1], [2**64], [1.5], [[1]], list(range(1, 502))]
)
def test_wrong_ids(api, person, terms, method, path, field, ids):
    response = getattr(api, method)(URL + path, {field: ids}, format="json")
    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert getattr(api, method)(URL + path, {}, format="json").status_code == 400


@pytest.mark.parametrize("path", ["", "manual/", "auto_generated/", "dismissed/"])
def test_queries_do_not_grow_with_the_tags(api, person, django_assert_num_queries, path):
    rows = [Taxonomy(name=f"Term {i}", category="skill") for i in range(60)]
    ids = [row.pk for row in Taxonomy.objects.bulk_create(rows)]
    for part in (ids[:3], ids):
        tags = tagging.pick_many(person, part)
        changes = {
            "": {},
            "manual/": {},
            "auto_generated/": {"source": "auto_project", "evidence": 1e30},
            "dismissed/": {"state": "dismissed"},
        }
        UserTag.objects.filter(pk__in=[tag.pk for tag in tags]).update(
            updated_at=timezone.now(), **changes[path]
        )
        with django_assert_num_queries(1):
            assert len(api.get(URL + path).json()) == len(part)


def test_a_tag_that_goes_while_it_is_changed_is_404(api, person, terms, monkeypatch):
    tag = tagging.pick(person, taxonomy=terms["python"])[0]

    def vanish(view, pk):
        UserTag.objects.filter(pk=pk).delete()
        return tag

    monkeypatch.setattr("django_personalization.rest.tags.TagView.tag", vanish)
    assert api.patch(f"{URL}{tag.pk}/", {"weight": 2}, format="json").status_code == 404
    assert api.delete(f"{URL}{tag.pk}/").status_code == 404
