"""GET me/recommendations/: the most relevant items of a registered model, and why."""

from datetime import timedelta
from itertools import count

import pytest
from django.contrib.auth import get_user_model
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from django_personalization import content, tagging
from django_personalization.choices import Mode
from django_personalization.explaining import explain
from django_personalization.models import PersonalizationSettings, Taxonomy, TaxonomyRelation
from django_personalization.ranking import personalize
from django_personalization.recommendations import recommend
from django_personalization.tracking import track
from tests.hosts.library.models import Book, Note

pytestmark = pytest.mark.django_db
URL = "/api/v1/me/recommendations/"
BOOKS = {"model": "library.book"}


def book(title, *topics, **fields):
    made = Book.objects.create(title=title, **fields)
    made.topics.set(topics)
    return made


def titles(response):
    assert response.status_code == 200, response.json()
    return [row["title"] for row in response.json()]


def test_a_row(api, person, terms):
    liked = book("Learning Python", terms["python"], terms["cpp"])
    last = timezone.now() - timedelta(days=1)
    track(person, "search", text="python", occurred_at=last - timedelta(days=1))
    track(person, "project_create", extracted_keywords=["Python"], occurred_at=last)
    tag = person.personalization_tags.get()
    [row] = api.get(URL, BOOKS).json()
    [reason] = row.pop("reasons")
    [ranked] = personalize(Book.objects.all(), person)
    assert row == {
        "type": "library.book",
        "id": str(liked.pk),
        "title": "Learning Python",
        "url": None,
        "score": pytest.approx(ranked.relevance, abs=1e-9),
    }
    [evidence] = reason.pop("evidence")
    assert parse_datetime(evidence.pop("last")) == last
    assert evidence == {
        "tag": tag.pk,
        "name": "Python",
        "count": 2,
        "kinds": [
            {"code": "project_create", "label": "Project created"},
            {"code": "search", "label": "Search"},
        ],
    }
    controls = {control["action"]: control for control in reason.pop("controls")}
    assert set(controls) == {"less", "more", "hide", "remove", "why"}
    assert controls["more"] == {
        "action": "more",
        "label": "More",
        "method": "PATCH",
        "path": f"/api/v1/me/tags/{tag.pk}/",
        "body": {"weight": 2.0},
    }
    assert controls["remove"]["body"] is None
    assert reason.pop("text") == explain(liked, person).reasons[0].text
    assert reason == {
        "term": "Python",
        "taxonomy": terms["python"].pk,
        "kind": "own",
        "contribution": pytest.approx(row["score"], abs=1e-9),
        "share": 1.0,
        "tag": {"id": tag.pk, "name": "Python", "source": "auto_project", "weight": 1.0},
    }


def test_the_contributions_of_a_row_sum_to_its_score(api, person, terms):
    web = Taxonomy.objects.create(name="Web", category="topic")
    TaxonomyRelation.objects.create(source=terms["python"], target=web, weight=0.8)
    book("all", terms["python"], web, terms["ai"])
    book("site", web)
    tagging.pick(person, taxonomy=terms["python"])
    track(person, "search", text="ML")
    rows = api.get(URL, BOOKS).json()
    assert [(row["title"], len(row["reasons"])) for row in rows] == [("all", 3), ("site", 1)]
    for row in rows:
        total = sum(reason["contribution"] for reason in row["reasons"])
        assert total == pytest.approx(row["score"], abs=1e-9)
        assert sum(reason["share"] for reason in row["reasons"]) == pytest.approx(1)
    [related] = rows[1]["reasons"]
    assert (related["kind"], related["term"], related["tag"]["name"]) == (
        "related",
        "Web",
        "Python",
    )


def test_only_what_the_person_may_see_in_the_order_of_relevance(api, person, other, terms):
    book("nothing in common", terms["cpp"])
    book("secret", terms["python"], is_public=False)
    book("own", terms["python"], author=person)
    book("hidden", terms["python"], terms["ai"])
    book("best", terms["python"], author=other)
    tagging.pick(person, taxonomy=terms["python"])
    tagging.hide(person, taxonomy=terms["ai"])
    assert titles(api.get(URL, BOOKS)) == ["best", "nothing in common"]


def test_the_mode_is_honoured(api, person, terms):
    book("python", terms["python"])
    book("c++", terms["cpp"])
    tagging.pick(person, taxonomy=terms["cpp"])
    for _ in range(2):
        track(person, "project_create", extracted_keywords=["Python"])
    settings = PersonalizationSettings.objects.create(user=person, mode=Mode.EXPLICIT)
    explicit = api.get(URL, BOOKS).json()
    assert [row["title"] for row in explicit] == ["c++", "python"]
    assert explicit[1]["reasons"] == []
    settings.mode = Mode.NONE
    settings.save()
    # Nobody's profile, so by key: both are equally popular.
    assert [(row["title"], row["score"], row["reasons"]) for row in api.get(URL, BOOKS).json()] == [
        ("python", 0.0, []),
        ("c++", 0.0, []),
    ]


def test_a_new_person_gets_what_is_popular(api, other, terms):
    book("old", terms["python"])
    popular = book("popular", terms["ai"])
    track(other, "content_view", content=popular)
    rows = api.get(URL, BOOKS).json()
    assert [(row["title"], row["score"]) for row in rows] == [("popular", 0.0), ("old", 0.0)]


def test_an_empty_catalogue(api):
    assert api.get(URL, BOOKS).json() == []


@pytest.mark.parametrize(
    "model",
    [
        "library.note",
        "auth.user",
        "nobody.nothing",
        "Book",
        "",
        "library.book.title",
        "\x00",
        "x" * 9000,
    ],
)
def test_every_other_model_is_as_unknown_as_any(api, model):
    response = api.get(URL, {"model": model})
    assert response.status_code == 400
    [message] = response.json()["model"]
    assert message.endswith(" is not one of: library.book.")
    assert len(message) < 200


def test_the_model_must_be_named_even_if_there_is_one_only(api):
    response = api.get(URL)
    assert response.status_code == 400
    assert response.json() == {"model": ["This parameter is required. It is one of: library.book."]}


def test_all_registered_models_are_legal(api, terms):
    content.register(Note, terms="labels")
    try:
        Note.objects.create()
        assert [row["type"] for row in api.get(URL, {"model": "library.Note"}).json()] == [
            "library.note"
        ]
        [message] = api.get(URL, {"model": "library.label"}).json()["model"]
        assert message == '"library.label" is not one of: library.book, library.note.'
    finally:
        content.unregister(Note)


def test_no_model_at_all(api, monkeypatch):
    monkeypatch.setattr(content, "_registry", {})
    assert api.get(URL, BOOKS).json() == {"model": ['"library.book" is not one of: none.']}


def test_limit(api, terms):
    for number in range(25):
        book(f"b{number}")
    assert len(titles(api.get(URL, BOOKS))) == 20
    assert titles(api.get(URL, {**BOOKS, "limit": "1"})) == ["b0"]
    assert len(titles(api.get(URL, {**BOOKS, "limit": "100"}))) == 25


@pytest.mark.parametrize("limit", ["0", "101", "-1", "", "x", "1.0", "9" * 100, "\x00"])
def test_a_bad_limit_is_refused(api, limit):
    response = api.get(URL, {**BOOKS, "limit": limit})
    assert response.status_code == 400
    assert response.json()["limit"][0].endswith(" is not a whole number from 1 to 100.")


def test_the_address_is_the_hosts(api, terms, monkeypatch):
    def address(self):
        if self.title == "without":
            raise NoReverseMatch
        return f"/books/{self.pk}/"

    monkeypatch.setattr(Book, "get_absolute_url", address, raising=False)
    first = book("with")
    book("without")
    assert [row["url"] for row in api.get(URL, BOOKS).json()] == [f"/books/{first.pk}/", None]


def test_the_keys_of_a_row_can_be_tracked(api, terms):
    book("Learning Python", terms["python"])
    [row] = api.get(URL, BOOKS).json()
    event = {
        "interaction_type": "content_view",
        "content": {"type": row["type"], "id": row["id"]},
    }
    assert api.post("/api/v1/me/interactions/", event, format="json").status_code == 201


def test_queries_do_not_grow(api, person, terms, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("django_personalization.term_statistics._MIN_AGE", 600.0)
    topics = list(terms.values())
    for size in (3, 40):
        for number in range(size):
            book(f"{size} {number}", *topics[: 1 + number % 4])
        tagging.pick(person, taxonomy=terms["python"])
        track(person, "project_create", extracted_keywords=["C++", "ML"])
        api.get(URL, BOOKS)  # counts the terms, which is not done again for a while
        with django_assert_num_queries(4):
            assert len(titles(api.get(URL, {**BOOKS, "limit": 100}))) >= size


def test_another_persons_profile_has_no_influence(client_of, person, other, terms):
    book("c++", terms["cpp"])
    book("python", terms["python"])
    tagging.pick(other, taxonomy=terms["python"])
    assert titles(client_of(person).get(URL, BOOKS)) == ["c++", "python"]
    assert titles(client_of(other).get(URL, BOOKS)) == ["python", "c++"]
    assert get_user_model().objects.count() == 2


@pytest.mark.parametrize("asked_before", range(6))
def test_scores_and_reasons_are_of_the_same_hour(person, terms, monkeypatch, asked_before):
    book("Learning Python", terms["python"])
    track(person, "project_create", extracted_keywords=["Python"])
    # The hour ends after the clock has been asked so many times.
    full = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    begun = full - timedelta(seconds=asked_before)
    seconds = count()
    monkeypatch.setattr(timezone, "now", lambda: begun + timedelta(seconds=next(seconds)))
    [found] = recommend(Book, person)
    assert 0 < found.score == pytest.approx(found.explanation.score, abs=1e-9)
