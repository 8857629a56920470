"""How much each item is used: counted with one statement, taken back exactly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_personalization import popularity, ranking, tracking
from django_personalization.models import ItemStatistics, PersonalizationSettings
from django_personalization.tracking import Event, take_back, track, track_many
from tests.hosts.library.models import Book, Note

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(db):
    return [Book.objects.create(title=title) for title in ("a", "b", "c")]


def popular():
    rows = ranking.popular(Book.objects.all())
    return {row.title: row.popularity for row in rows}


def test_the_most_used_comes_first_and_fades(person, other, books):
    now = timezone.now()
    track(person, "content_view", content=books[1])
    track(other, "project_create", content=books[2])
    track(other, "content_view", content=books[1], occurred_at=now - timedelta(days=30))
    assert list(popular()) == ["c", "b", "a"]
    assert popular()["a"] == 0
    later = ranking.popular(Book.objects.all(), now=now + timedelta(days=30))
    assert {row.title: row.popularity for row in later} == {
        title: pytest.approx(value / 2, rel=1e-2) for title, value in popular().items()
    }
    assert popular()["b"] == pytest.approx(0.5 + 0.25, rel=1e-2)


def test_one_statement_for_all_items_of_many_events(person, books):
    events = [Event("content_view", content=book) for book in books * 3]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        track_many(person, events)
    written = [q["sql"] for q in queries if ItemStatistics._meta.db_table in q["sql"]]
    assert len(written) == 1
    assert list(ItemStatistics.objects.values_list("interaction_count", flat=True)) == [1, 1, 1]


def test_a_repeat_within_the_window_does_not_count(person, books):
    for _time in range(3):
        track(person, "content_view", content=books[0])
    track(person, "project_view", content=books[0])
    assert ItemStatistics.objects.get().interaction_count == 2


def test_what_is_not_registered_is_not_counted(person, books):
    track(person, "content_view", content=Note.objects.create())
    track(person, "search", text="books")
    assert not ItemStatistics.objects.exists()


def test_nothing_is_counted_of_who_said_no(person, books):
    PersonalizationSettings.objects.create(user=person, consent="denied")
    track(person, "content_view", content=books[0])
    assert not ItemStatistics.objects.exists()


def test_what_is_taken_back_counts_no_more(person, other, books, terms):
    books[0].topics.add(terms["python"])
    track(other, "project_create", content=books[0])
    before = ItemStatistics.objects.values("popularity", "interaction_count").get()
    past = timezone.now() - timedelta(days=10)
    result = track(person, "content_view", content=books[0], occurred_at=past)
    repeat = track(person, "content_view", content=books[0], occurred_at=past)
    take_back(repeat.interaction)
    assert ItemStatistics.objects.get().interaction_count == 2
    take_back(result.interaction)
    after = ItemStatistics.objects.values("popularity", "interaction_count").get()
    assert after == {**before, "popularity": pytest.approx(before["popularity"])}


def test_it_never_falls_below_nothing(person, books):
    result = track(person, "content_view", content=books[0])
    ItemStatistics.objects.update(popularity=0, interaction_count=0)
    take_back(result.interaction)
    assert ItemStatistics.objects.values_list("popularity", "interaction_count").get() == (0, 0)


def test_the_portable_way_counts_the_same(person, books, monkeypatch):
    uses = [popularity.Use((1, key), amount) for key, amount in [("x", 1), ("y", 2), ("x", 4)]]
    popularity.add_uses(uses)
    first = list(ItemStatistics.objects.values("object_id", "popularity", "interaction_count"))
    ItemStatistics.objects.all().delete()
    monkeypatch.setattr(
        popularity, "_upsert", lambda rows, _connection: popularity._add_with_orm(rows)
    )
    popularity.add_uses(uses)
    popularity.add_uses(uses)
    doubled = list(ItemStatistics.objects.values("object_id", "popularity", "interaction_count"))
    assert doubled == [
        {
            **row,
            "popularity": 2 * row["popularity"],
            "interaction_count": 2 * row["interaction_count"],
        }
        for row in first
    ]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_threads_lose_nothing(make_person, books):
    people = [make_person(f"p{number}") for number in range(8)]

    def use(person):
        try:
            for turn in range(10):
                order = books if turn % 2 else books[::-1]
                past = timezone.now() - timedelta(hours=2 * turn)
                events = [Event("content_view", content=book, occurred_at=past) for book in order]
                results = tracking.track_many(person, events)
                take_back(results[0].interaction)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, people))
    counts = dict(ItemStatistics.objects.values_list("object_id", "interaction_count"))
    assert counts == {str(books[0].pk): 40, str(books[1].pk): 80, str(books[2].pk): 40}
