"""Several who write at the same time, on a real PostgreSQL."""

import time
from contextlib import suppress
from threading import Event

import pytest
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from django_personalization import seeding
from django_personalization.models import (
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    UserTag,
)
from django_personalization.querysets import mark_vocabulary_changed
from django_personalization.seeding import Action
from django_personalization.tracking import track
from tests.seeding.support import many, term
from tests.test_concurrency import together

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("update", [False, True])
def test_seeds_at_the_same_time_take_turns(write, update):
    path = write(many(300, "x"))
    plans = together(lambda number: seeding.seed([path], update=update), threads=4)
    assert sorted(plan.counts[Action.CREATE] for plan in plans) == [0, 0, 0, 300]
    assert TaxonomyAlias.objects.count() == TaxonomyRelation.objects.count() == 300


def test_staff_may_save_meanwhile(write):
    seeding.seed([write(many(100, "x"))])

    def staff():
        for number in range(60):
            row = Taxonomy.objects.get(slug=f"t{number}")
            row.name = f"Renamed {number}"
            row.save()
            name = f"New {number}"
            # Whoever comes first makes the term; a name that is taken is an ordinary error.
            with suppress(IntegrityError), transaction.atomic():
                Taxonomy.objects.create(name=name, slug=f"staff-{number}", category="topic")

    def run():
        for turn in range(6):
            new = [term(f"New {number}") for number in range(turn * 10, turn * 10 + 10)]
            path = write([*many(100, f"x {turn}"), *new], f"{turn}.json")
            seeding.seed([path], update=True)

    together(lambda number: (run, staff)[number](), threads=2)
    made = Taxonomy.objects.filter(name__startswith="New ").count()
    assert made == 60


def test_a_seed_waits_for_staff_who_are_about_to_take_a_name(write):
    inserted = Event()

    def staff():
        with transaction.atomic():
            row = Taxonomy(name="Jazz", slug="staff-jazz", category="topic")
            row.derive()
            QuerySet.bulk_create(Taxonomy.objects.all(), [row])
            inserted.set()
            time.sleep(0.5)
            # What every save does last: from here on staff would wait for who holds this row.
            mark_vocabulary_changed()

    def run():
        inserted.wait(timeout=20)
        return seeding.seed([write([term("Jazz")])])

    _nothing, plan = together(lambda number: (staff, run)[number](), threads=2)
    assert plan.counts[Action.CONFLICT] == 1


def test_people_are_tracked_while_terms_are_renamed(write, make_person):
    seeding.seed([write(many(20))])
    people = [make_person(f"p{number}") for number in range(2)]

    def rename():
        for turn in range(10):
            rows = [{**row, "name": f"{row['name']} {turn}"} for row in reversed(many(20))]
            # The later terms are written first, by a statement of their own.
            for row in rows[:10]:
                row["description"] = str(turn)
            path = write(rows, f"{turn}.json")
            seeding.seed([path], update=True)

    def work(number):
        for turn in range(40 if number else 0):
            words = [f"Alias t {(turn + step * 7) % 20}" for step in range(10)]
            track(people[number - 1], "search", extracted_keywords=words)
        if number == 0:
            rename()

    together(work, threads=3)
    for person in people:
        tags = UserTag.objects.of(person)
        assert sum(tag.interaction_count for tag in tags) == 400
        assert {tag.name for tag in tags} == {f"Term t {number} 9" for number in range(20)}
