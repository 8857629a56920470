"""Races, on a real PostgreSQL with threads: nothing is lost, nothing fails."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from django_personalization import learning, scoring, tagging
from django_personalization.models import Taxonomy, TaxonomyAlias, UserInteraction, UserTag
from django_personalization.tracking import take_back, track
from tests.hosts.library.models import Book

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

THREADS = 20
NAMES = [f"Term {i}" for i in range(10)]


def together(work, threads=THREADS):
    """Run ``work(number)`` in threads that start at the same moment; return what they return."""
    barrier = Barrier(threads)

    def run(number):
        try:
            barrier.wait()
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(run, n) for n in range(threads)]]


@pytest.fixture
def ten_terms(transactional_db):
    rows = [Taxonomy(name=name, category="skill") for name in NAMES]
    return Taxonomy.objects.bulk_create(rows)


@pytest.fixture
def _still(monkeypatch):
    """Stop the clock, so that the sum of the evidence can be foretold exactly."""
    now = timezone.now()
    monkeypatch.setattr(learning.timezone, "now", lambda: now)


@pytest.mark.usefixtures("_still")
@pytest.mark.parametrize("way", ["statement", "portable"])
def test_a_thousand_events_on_the_same_ten_tags(person, ten_terms, way, monkeypatch):
    each = 50
    if way == "portable":
        each = 10
        monkeypatch.setattr(
            "django_personalization.upsert._knows_the_statement", lambda connection: False
        )

    def work(number):
        order = random.Random(number)
        for _ in range(each):
            track(person, "search", extracted_keywords=order.sample(NAMES, 10))

    together(work)
    tags = list(UserTag.objects.of(person))
    events = THREADS * each
    exact = events * scoring.growth(timezone.now(), 30)
    assert len(tags) == 10
    assert {tag.interaction_count for tag in tags} == {events}
    assert all(tag.evidence == pytest.approx(exact, rel=1e-9) for tag in tags)
    assert UserInteraction.objects.filter(user=person).count() == events


def test_picks_of_the_same_terms(person, ten_terms):
    ids = [row.pk for row in ten_terms]

    def work(number):
        order = random.Random(number)
        for _ in range(10):
            tagging.pick_many(person, order.sample(ids, 10))
        return sum(created for _tag, created in [tagging.pick(person, name="Zig")])

    assert sum(together(work)) == 1
    assert UserTag.objects.of(person).manual().count() == 11


def test_picks_against_evidence(person, ten_terms):
    ids = [row.pk for row in ten_terms]

    def work(number):
        order = random.Random(number)
        for _ in range(25):
            if number % 2:
                track(person, "search", extracted_keywords=order.sample(NAMES, 10))
            else:
                tagging.pick_many(person, order.sample(ids, 10))

    together(work)
    tags = list(UserTag.objects.of(person))
    assert {tag.interaction_count for tag in tags} == {250}
    assert {(tag.source, tag.confidence_score) for tag in tags} == {("manual", 1.0)}


def test_dismissals_against_evidence(person, ten_terms):
    tags = tagging.pick_many(person, [row.pk for row in ten_terms])

    def work(number):
        order = random.Random(number)
        for _ in range(15):
            if number % 2:
                track(person, "search", extracted_keywords=order.sample(NAMES, 10))
            else:
                tagging.drop_many(person, [tag.pk for tag in order.sample(tags, 10)])

    together(work)
    assert {tag.state for tag in UserTag.objects.of(person)} == {"dismissed"}
    fed = sum(len(row.fed_terms) for row in UserInteraction.objects.all())
    assert sum(tag.interaction_count for tag in UserTag.objects.of(person)) == fed


def test_selections_replace_each_other_whole(person, ten_terms):
    halves = [[row.pk for row in ten_terms[:5]], [row.pk for row in ten_terms[5:]]]

    def work(number):
        for _ in range(10):
            tagging.set_selection(person, halves[number % 2])

    together(work)
    picked = UserTag.objects.of(person).manual().values_list("taxonomy_id", flat=True)
    assert sorted(picked) in [sorted(half) for half in halves]


def test_one_event_id_counts_once(person, ten_terms):
    def work(number):
        return [track(person, "search", text="term 1", event_id=f"e{i}") for i in range(20)]

    results = [result for results in together(work) for result in results]
    assert sum(result.created for result in results) == 20
    assert len({result.interaction.pk for result in results}) == 20
    assert UserTag.objects.get().interaction_count == 20


def test_one_object_counts_once_within_the_window(person, ten_terms):
    book = Book.objects.create(title="x")
    book.topics.add(ten_terms[0])
    together(lambda number: track(person, "content_view", content=book))
    assert UserTag.objects.get().interaction_count == 1
    assert UserInteraction.objects.count() == THREADS


def rename_often(term):
    for i in range(10):
        term.name = f"Renamed {i}"
        term.save()


def test_terms_deleted_and_renamed_meanwhile(person, ten_terms):
    TaxonomyAlias.objects.create(taxonomy=ten_terms[0], name="first")

    def work(number):
        if number == 0:
            ten_terms[0].delete()
        elif number == 1:
            rename_often(ten_terms[1])
        elif number == 2:
            Taxonomy.objects.filter(pk=ten_terms[3].pk).delete()
        else:
            for _ in range(10):
                track(person, "search", text="first, term 0, term 1, term 2, term 3")
                tagging.pick(person, name="term 2")

    together(work)
    tags = {tag.name: tag for tag in UserTag.objects.of(person).with_taxonomies()}
    assert tags["Term 2"].interaction_count == 170
    linked = [tag for tag in tags.values() if tag.taxonomy is not None]
    assert all((tag.taxonomy.name, tag.taxonomy.key) == (tag.name, tag.key) for tag in linked)


def test_taking_back_against_tracking(person, ten_terms):
    rows = [track(person, "search", extracted_keywords=NAMES).interaction for _ in range(100)]

    def work(number):
        for i in range(5):
            take_back(rows[number * 5 + i])
            track(person, "search", extracted_keywords=NAMES[::-1])

    together(work)
    assert {tag.interaction_count for tag in UserTag.objects.of(person)} == {100}


def test_selections_against_everything_else(person, ten_terms):
    ids = [row.pk for row in ten_terms]

    def work(number):
        order = random.Random(number)
        for i in range(12):
            if number % 4 == 0:
                tagging.set_selection(person, ids[:5] if i % 2 else ids[5:])
            elif number % 4 == 1:
                tagging.pick_many(person, order.sample(ids, 10))
            elif number % 4 == 2:
                tags = UserTag.objects.of(person).values_list("pk", flat=True)
                tagging.drop_many(person, list(tags))
            else:
                track(person, "search", extracted_keywords=order.sample(NAMES, 10))

    together(work)
    tagging.set_selection(person, ids[:5])
    assert UserTag.objects.of(person).manual().count() == 5


@pytest.mark.usefixtures("_still")
def test_weighed_picks_among_events_lose_nothing(person, ten_terms):
    """One of the weights stays, and every event counts."""
    chosen = ten_terms[0]

    def work(number):
        if number % 4 == 0:
            tagging.pick(person, taxonomy=chosen, weight=(0.5, 2)[number % 8 == 0])
        else:
            track(person, "search", extracted_keywords=[chosen.name])

    together(work)
    tag = UserTag.objects.of(person).get()
    assert (tag.source, tag.state, tag.confidence_score) == ("manual", "active", 1)
    assert tag.weight in (0.5, 2)
    assert tag.interaction_count == THREADS - len(range(0, THREADS, 4))
    assert tag.evidence == pytest.approx(
        tag.interaction_count * scoring.growth(timezone.now(), 30), rel=1e-9
    )
