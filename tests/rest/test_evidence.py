"""me/tags/{id}/evidence/, me/tags/hidden/ and weights: why a tag is there, and saying no to it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from django_personalization import tagging
from django_personalization.models import Taxonomy, UserInteraction, UserTag
from django_personalization.tracking import Event, track, track_many
from tests.hosts.library.models import Book

pytestmark = pytest.mark.django_db
URL = "/api/v1/me/tags/"
FIELDS = [
    "id",
    "interaction_type",
    "interaction_type_display",
    "content",
    "about",
    "extracted_keywords",
    "created_at",
    "units",
    "adds",
]


def post(api, path, body):
    return api.post(URL + path, json.dumps(body), content_type="application/json")


def evidence(api, tag, query=""):
    return api.get(f"{URL}{tag.pk}/evidence/{query}")


@pytest.fixture
def noon(monkeypatch):
    """Stop the clock, so that confidence does not fade between two requests."""
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    return now


def test_why_a_tag_is_there(api, person, terms):
    book = Book.objects.create(title="Learning Python")
    book.topics.add(terms["python"])
    track(person, "search", extracted_keywords=["python", "Zig"])
    track(person, "content_view", content=book)
    tag = UserTag.objects.get(name="Python")
    page = evidence(api, tag).json()
    assert list(page) == ["next", "previous", "results"]
    view, search = page["results"]
    assert list(view) == FIELDS
    assert (view["interaction_type"], view["interaction_type_display"]) == (
        "content_view",
        "Content view",
    )
    assert view["content"] == {"type": "library.book", "id": str(book.pk)}
    assert view["about"] == str(book)
    assert view["extracted_keywords"] == ["Python"]
    assert view["units"] == pytest.approx(0.5, abs=1e-6)
    assert (search["content"], search["about"]) == (None, None)
    assert search["extracted_keywords"] == ["python", "Zig"]
    assert search["units"] == pytest.approx(1, abs=1e-6)
    assert search["adds"] == pytest.approx(2 ** (-0.25) - 2 ** (-0.75), abs=1e-6)


def test_what_the_person_may_not_see_is_not_named(api, person, terms):
    secret = Book.objects.create(title="Secret", is_public=False)
    track(person, "content_view", content=secret, extracted_keywords=["Python"])
    [row] = evidence(api, UserTag.objects.get()).json()["results"]
    assert row["content"] == {"type": "library.book", "id": str(secret.pk)}
    assert row["about"] is None
    assert "Secret" not in json.dumps(row)


def test_deleting_an_event_takes_what_it_adds(api, person, terms, noon):
    for days, kind in ((90, "project_create"), (20, "search"), (0, "conversation")):
        track(
            person,
            kind,
            extracted_keywords=["Python"],
            occurred_at=noon - timedelta(days=days),
        )
    tag = UserTag.objects.get()
    while UserTag.objects.exists():
        before = api.get(f"{URL}{tag.pk}/").json()["confidence_score"]
        rows = evidence(api, tag).json()["results"]
        gone = rows[len(rows) // 2]
        assert api.delete(f"/api/v1/me/interactions/{gone['id']}/").status_code == 204
        after = api.get(f"{URL}{tag.pk}/")
        left = after.json()["confidence_score"] if after.status_code == 200 else 0.0
        assert gone["adds"] == pytest.approx(before - left, abs=1e-9)
        assert gone["adds"] > 0.01
    assert evidence(api, tag).status_code == 404
    assert not UserInteraction.objects.exists()


def test_picked_removed_and_hidden_tags_say_why_too(api, person, terms):
    track(person, "search", extracted_keywords=["Python"])
    tag, _created = tagging.pick(person, taxonomy=terms["python"])
    assert [row["adds"] for row in evidence(api, tag).json()["results"]] == [0]
    for state in ("dismissed", "hidden"):
        tagging.change(tag, state=state)
        assert len(evidence(api, tag).json()["results"]) == 1
    free, _created = tagging.pick(person, name="Zig")
    assert evidence(api, free).json()["results"] == []


def test_a_renamed_term_keeps_its_reasons(api, person, terms):
    track(person, "search", extracted_keywords=["Python"])
    terms["python"].name = "Snake"
    terms["python"].save()
    track(person, "search", extracted_keywords=["Snake"])
    assert len(evidence(api, UserTag.objects.get()).json()["results"]) == 2


def test_reasons_come_in_pages(api, person, terms):
    start = timezone.now() - timedelta(days=9)
    events = [
        Event("search", extracted_keywords=[name], occurred_at=start + timedelta(hours=hour))
        for hour in range(7)
        for name in ("Python", "Zig")
    ]
    track_many(person, events)
    seen, url = [], f"{URL}{UserTag.objects.get(name='Python').pk}/evidence/?limit=3"
    while url:
        page = api.get(url).json()
        assert len(page["results"]) <= 3
        seen += [row["created_at"] for row in page["results"]]
        url = page["next"]
    assert len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("query", ["?limit=0", "?limit=201", "?limit=x", "?cursor=x"])
def test_a_wrong_page_is_refused(api, person, terms, query):
    track(person, "search", extracted_keywords=["Python"])
    assert evidence(api, UserTag.objects.get(), query).status_code == 400


def test_other_peoples_reasons_are_unknown(api, other, terms):
    track(other, "search", extracted_keywords=["Python"])
    assert evidence(api, UserTag.objects.get()).status_code == 404


def test_queries_do_not_grow_with_the_events(api, person, terms, django_assert_num_queries):
    books = [Book.objects.create(title=str(number)) for number in range(12)]
    for book in books[:2]:
        track(person, "content_view", content=book, extracted_keywords=["Python", "Zig"])
    tag = UserTag.objects.get(name="Python")
    for count in (2, 12):
        for book in books[2:count]:
            track(person, "content_view", content=book, extracted_keywords=["Python", "ML"])
        with django_assert_num_queries(10):
            assert len(evidence(api, tag).json()["results"]) == count


def test_less_normal_and_more_of_what_was_no_tag(api, person, terms):
    for weight, status in ((0.5, 201), (2, 200), (1, 200)):
        response = post(api, "", {"taxonomy": terms["python"].pk, "weight": weight})
        assert response.status_code == status
        row = response.json()
        assert (row["weight"], row["source"], row["state"]) == (weight, "manual", "active")
    assert api.delete(f"{URL}{row['id']}/").status_code == 204
    assert api.get(URL).json() == []
    by_name = post(api, "", {"name": "Zig", "weight": 2}).json()
    assert (by_name["weight"], by_name["taxonomy"]) == (2, None)


def test_less_and_more_of_what_was_inferred_and_back_in_one_call(api, person, terms):
    track(person, "search", extracted_keywords=["Python"])
    tag = UserTag.objects.get()
    for weight in (0.5, 2, 1):
        row = api.patch(f"{URL}{tag.pk}/", {"weight": weight}, format="json").json()
        assert (row["weight"], row["source"]) == (weight, "auto_activity")


@pytest.mark.parametrize("state", ["active", "hidden"])
@pytest.mark.parametrize("weight", [3, 0, -1, "much", None, [1], {}, 10**400])
def test_wrong_weights(api, person, terms, weight, state):
    body = {"taxonomy": terms["python"].pk, "weight": weight, "state": state}
    response = post(api, "", body)
    assert response.status_code == 400
    assert list(response.json()) == ["weight"]
    assert not UserTag.objects.exists()


def test_hiding_what_was_no_tag_and_back_in_one_call(api, person, terms):
    row = post(api, "", {"taxonomy": terms["python"].pk, "state": "hidden"}).json()
    assert [hidden["id"] for hidden in api.get(URL + "hidden/").json()] == [row["id"]]
    track(person, "project_create", extracted_keywords=["Python"])
    assert UserTag.objects.get().interaction_count == 0
    restored = api.post(f"{URL}{row['id']}/restore/").json()
    assert restored["state"] == "active"
    assert restored["name"] == "Python"
    # It is as little a tag as it was before.
    assert api.get(URL + "hidden/").json() == api.get(URL).json() == []
    assert not UserTag.objects.exists()
    assert api.post(f"{URL}{row['id']}/restore/").status_code == 404


@pytest.mark.parametrize("source", ["picked", "inferred"])
def test_hiding_a_tag_and_back_in_one_call(api, person, terms, source):
    track(person, "search", extracted_keywords=["Python"])
    if source == "picked":
        tagging.pick(person, taxonomy=terms["python"], weight=2)
    before = api.get(URL).json()
    response = post(api, "", {"taxonomy": terms["python"].pk, "state": "hidden"})
    assert response.status_code == 200
    assert [row["id"] for row in api.get(URL + "hidden/").json()] == [before[0]["id"]]
    assert api.post(f"{URL}{before[0]['id']}/restore/").status_code == 200
    [after] = api.get(URL).json()
    changing = ("updated_at", "confidence_score")
    assert [{**row, **dict.fromkeys(changing)} for row in before] == [
        {**after, **dict.fromkeys(changing)}
    ]
    assert api.get(URL + "hidden/").json() == []


def test_the_hidden_list(api, person, other, terms, django_assert_num_queries):
    for name in ("Python", "Zig", "C++"):
        tagging.hide(person, name=name)
    tagging.hide(other, name="Python")
    tagging.drop(tagging.pick(person, name="Nim")[0])
    with django_assert_num_queries(1):
        rows = api.get(URL + "hidden/").json()
    assert [row["name"] for row in rows] == ["C++", "Zig", "Python"]
    page = api.get(URL + "hidden/?limit=2&offset=1").json()
    assert (page["count"], [row["name"] for row in page["results"]]) == (3, ["Zig", "Python"])


def test_the_hidden_list_costs_one_query_for_many(api, person, django_assert_num_queries):
    made = [Taxonomy(name=f"Term {number}", category="skill") for number in range(60)]
    ids = [row.pk for row in Taxonomy.objects.bulk_create(made)]
    tagging.pick_many(person, ids)
    tagging.change_many(UserTag.objects.of(person), state="hidden")
    with django_assert_num_queries(1):
        assert len(api.get(URL + "hidden/").json()) == 60
