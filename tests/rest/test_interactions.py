"""me/interactions/: tracking over HTTP, bulk, history and taking back."""

import json
import time

import pytest
from django.utils import timezone

from django_personalization.models import PersonalizationSettings, UserInteraction, UserTag
from django_personalization.tracking import track
from tests.hosts.library.models import Book

pytestmark = pytest.mark.django_db
URL = "/api/v1/me/interactions/"


def post(api, body, path=""):
    return api.post(URL + path, json.dumps(body), content_type="application/json")


def test_an_event(api, person, terms):
    body = {
        "interaction_type": "search",
        "metadata": {"results": 3, "nested": [{"a": None}]},
        "extracted_keywords": ["Python", "Zig"],
        "text": "and ml",
        "event_id": "one",
    }
    response = post(api, body)
    assert response.status_code == 201
    row = response.json()
    assert list(row) == [
        "id",
        "interaction_type",
        "interaction_type_display",
        "metadata",
        "extracted_keywords",
        "content",
        "created_at",
    ]
    assert row["interaction_type_display"] == "Search"
    assert row["metadata"] == body["metadata"]
    assert row["extracted_keywords"] == ["Python", "Zig", "AI & Machine Learning"]
    assert UserTag.objects.of(person).count() == 3
    again = post(api, body)
    assert (again.status_code, again.json()) == (200, row)
    assert UserInteraction.objects.count() == 1


def test_the_specified_call_with_nothing_but_a_type(api):
    assert post(api, {"interaction_type": "project_view"}).status_code == 201


def test_content_must_exist_and_be_visible(api, terms):
    book = Book.objects.create(title="x")
    book.topics.add(terms["cpp"])
    secret = Book.objects.create(title="y", is_public=False)

    def about(kind, pk):
        return post(api, {"interaction_type": "content_view", "content": {"type": kind, "id": pk}})

    for pk in (book.pk, str(book.pk)):
        response = about("library.book", pk)
        assert response.status_code == 201
        assert response.json()["content"] == {"type": "library.book", "id": str(book.pk)}
    assert UserTag.objects.get().name == "C++"
    for pk in (secret.pk, 999999, 2**70, "x", "\u0000", "", {"a": 1}, None, -1, "1" * 300):
        response = about("library.book", pk)
        assert response.status_code == 400, pk
        assert list(response.json()) == ["content"]
    wrong = about("auth.user", 1).json()["content"]
    assert wrong == ['"auth.user" is not one of: library.book.']
    assert UserInteraction.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"interaction_type": "vote"}, "interaction_type", '"vote" is not one of: project_view'),
        ({"interaction_type": "\ud800"}, "interaction_type", "urrogate"),
        ({"interaction_type": None}, "interaction_type", "null"),
        ({"metadata": "x"}, "metadata", "dictionary"),
        ({"metadata": {"a": {"b": "\u0000"}}}, "metadata", "a.b contains a NUL"),
        ({"metadata": {"a": "\ud800"}}, "metadata", "surrogate"),
        ({"metadata": {"a": 2**63}}, "metadata", "64 bits"),
        ({"metadata": {str(i): i for i in range(51)}}, "metadata", "50 keys"),
        ({"metadata": {"a": "x" * 9000}}, "metadata", "8,192"),
        ({"extracted_keywords": "Python"}, "extracted_keywords", "list"),
        ({"extracted_keywords": ["x"] * 21}, "extracted_keywords", "20"),
        ({"text": "x" * 9000}, "text", "8,192"),
        ({"text": "\u0000"}, "text", "ull"),
        ({"text": 3.5e300}, "text", None),
        ({"content": "book"}, "content", None),
        ({"event_id": ""}, "event_id", "blank"),
        ({"event_id": "x" * 65}, "event_id", "64"),
        ({"occurred_at": "yesterday"}, "occurred_at", "format"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at", None),
        ({"occurred_at": "9999-12-31T23:59:59-14:00"}, "occurred_at", None),
        ({"occurred_at": 10**400}, "occurred_at", None),
    ],
)
def test_wrong_events(api, terms, changes, field, words):
    response = post(
        api, {"interaction_type": "search", "extracted_keywords": ["Python"], **changes}
    )
    if words is None and response.status_code == 201:
        return
    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert words is None or words in str(response.json()[field])
    assert not UserInteraction.objects.exists()
    assert not UserTag.objects.exists()


@pytest.mark.parametrize("path", ["", "bulk/"])
def test_without_consent_nothing_is_stored(api, person, terms, path):
    PersonalizationSettings.objects.create(user=person, consent="denied")
    event = {"interaction_type": "search", "text": "python"}
    response = post(api, {"interactions": [event]} if path else event, path)
    assert response.status_code == 202
    assert response.json() == {"stored": False, "reason": "consent_denied"}
    assert not UserInteraction.objects.exists()
    assert not UserTag.objects.exists()


@pytest.mark.parametrize("path", ["", "bulk/"])
@pytest.mark.parametrize(
    "event",
    [
        {"interaction_type": "content_view", "content": {"type": "library.book", "id": 4711}},
        {"interaction_type": "content_view", "content": {"type": "auth.user", "id": 1}},
        {"interaction_type": "vote", "metadata": {"a": "\u0000"}},
        {},
    ],
    ids=["an unknown row", "an unknown model", "a wrong type", "nothing"],
)
def test_without_consent_nothing_is_looked_at(api, person, path, event, django_assert_num_queries):
    PersonalizationSettings.objects.create(user=person, consent="denied")
    # The only query is that for what the person has said.
    with django_assert_num_queries(1):
        response = post(api, {"interactions": [event]} if path else event, path)
    assert response.status_code == 202
    assert response.json() == {"stored": False, "reason": "consent_denied"}


@pytest.mark.parametrize("path", ["", "bulk/"])
def test_a_no_that_comes_meanwhile_counts(api, person, terms, monkeypatch, path):
    """Said after the first look, and before the events are stored."""

    def find(references, user):
        PersonalizationSettings.objects.create(user=person, consent="denied")
        return {}

    monkeypatch.setattr("django_personalization.content.find_visible", find)
    event = {"interaction_type": "search", "text": "python"}
    response = post(api, {"interactions": [event]} if path else event, path)
    assert response.status_code == 202
    assert response.json() == {"stored": False, "reason": "consent_denied"}
    assert not UserInteraction.objects.exists()


def test_bulk_has_a_result_for_each_row(api, person, terms):
    book = Book.objects.create(title="x")
    rows = [
        {"interaction_type": "search", "text": "python", "event_id": "a"},
        {"interaction_type": "vote"},
        {"interaction_type": "search", "metadata": {"a": "\u0000"}},
        {"interaction_type": "content_view", "content": {"type": "library.book", "id": book.pk}},
        {"interaction_type": "content_view", "content": {"type": "library.book", "id": 999999}},
        {"interaction_type": "search", "text": "python", "event_id": "a"},
    ]
    response = post(api, {"interactions": rows}, "bulk/")
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["status"] for result in results] == [
        "created",
        "invalid",
        "invalid",
        "created",
        "invalid",
        "repeated",
    ]
    assert results[5]["interaction"] == results[0]["interaction"]
    assert list(results[1]["problems"]) == ["interaction_type"]
    assert UserInteraction.objects.count() == 2
    assert UserTag.objects.get().interaction_count == 1


ZALGO = "a" + "".join(mark * 1000 for mark in "\u0345\u0301\u0316\u0321")


def test_bulk_refuses_texts_of_nothing_but_marks_alone_and_quickly(api, person, terms):
    """Normalising them would take half a minute."""
    row = {"interaction_type": "search", "text": ZALGO}
    name = {"interaction_type": "search", "extracted_keywords": ["Zig", "ab" + "\u0301" * 31]}
    good = {"interaction_type": "search", "text": "python"}
    body = json.dumps({"interactions": [row] * 290 + [name, good]}, ensure_ascii=False)
    start = time.process_time()
    response = api.post(URL + "bulk/", body.encode(), content_type="application/json")
    assert time.process_time() - start < 5
    *refused, named, stored = response.json()["results"]
    message = "Has more than 30 combining marks in a row (position 1)."
    assert all(result["problems"] == {"text": [message]} for result in refused)
    message = "[1] has more than 30 combining marks in a row (position 2)."
    assert named["problems"] == {"extracted_keywords": [message]}
    assert stored["status"] == "created"
    assert [tag.name for tag in UserTag.objects.of(person)] == ["Python"]


def test_texts_of_nothing_but_marks_are_refused(api, terms):
    response = post(api, {"interaction_type": "search", "text": ZALGO})
    assert response.status_code == 400
    assert response.json() == {"text": ["Has more than 30 combining marks in a row (position 1)."]}


@pytest.mark.parametrize(
    "interactions", [None, [], {}, "x", [1], [[]], [{}] * 501], ids=lambda v: str(v)[:20]
)
def test_bulk_refuses_what_is_no_list_of_up_to_500(api, interactions):
    response = post(api, {"interactions": interactions}, "bulk/")
    assert response.status_code == 400
    assert list(response.json()) == ["interactions"]


def test_bulk_costs_as_many_queries_for_many_as_for_few(api, terms, django_assert_max_num_queries):
    books = [Book.objects.create(title=str(i)) for i in range(20)]
    post(api, {"interaction_type": "content_view"})

    def rows(count):
        return [
            {
                "interaction_type": "content_view",
                "text": "python",
                "content": {"type": "library.book", "id": book.pk},
            }
            for book in books[:count]
        ]

    for count in (2, 20):
        with django_assert_max_num_queries(14):
            assert post(api, {"interactions": rows(count)}, "bulk/").status_code == 200


def test_history_in_pages(api, person, other, terms, django_assert_num_queries):
    rows = [track(person, "search", metadata={"n": n}).interaction for n in range(7)]
    track(other, "search")
    seen, url = [], f"{URL}?limit=3"
    while url:
        with django_assert_num_queries(1):
            page = api.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == [row.pk for row in reversed(rows)]


def test_equal_times_are_paged_without_gap(api, person, terms):
    now = timezone.now()
    rows = UserInteraction.objects.bulk_create(
        UserInteraction(user=person, interaction_type="search", created_at=now) for _ in range(9)
    )
    seen, url = set(), f"{URL}?limit=2"
    while url:
        page = api.get(url).json()
        seen |= {row["id"] for row in page["results"]}
        url = page["next"]
    assert seen == {row.pk for row in rows}


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=cD0x",
        "cursor=cD0lMDA",
        "cursor=cD0yMDIwLTAxLTAx",  # p=2020-01-01, a time without a zone
        "cursor=cD0yMDIwLTAxLTAxIDAwOjAw",
        "limit=0",
        "limit=201",
        "limit=\u0000",
    ],
)
def test_a_forged_cursor_or_limit_is_refused(api, person, query):
    track(person, "search")
    answer = api.get(f"{URL}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == [query.partition("=")[0]]


def test_deleting_takes_the_evidence_back(api, person, other, terms):
    mine = track(person, "search", text="python").interaction
    theirs = track(other, "search", text="python").interaction
    assert api.delete(f"{URL}{theirs.pk}/").status_code == 404
    assert api.delete(f"{URL}{mine.pk}/").status_code == 204
    assert api.delete(f"{URL}{mine.pk}/").status_code == 404
    assert not UserTag.objects.of(person).exists()
    assert UserTag.objects.of(other).count() == 1


def test_more_events_of_one_time_than_any_cutoff(api, person):
    now = timezone.now()
    UserInteraction.objects.bulk_create(
        UserInteraction(user=person, interaction_type="search", created_at=now) for _ in range(1300)
    )
    seen, url = set(), f"{URL}?limit=200"
    for _ in range(7):
        page = api.get(url).json()
        seen |= {row["id"] for row in page["results"]}
        url = page["next"]
    assert len(seen) == 1300
    assert url is None


def test_a_key_in_another_spelling_names_the_same_row(api, terms):
    book = Book.objects.create(title="x")
    about = {"type": "library.book", "id": f"0{book.pk}"}
    response = post(api, {"interaction_type": "content_view", "content": about})
    assert response.json()["content"] == {"type": "library.book", "id": str(book.pk)}
