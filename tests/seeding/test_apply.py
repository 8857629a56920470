"""What follows in the database, and how many queries it takes."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_personalization import seeding, tagging
from django_personalization.models import (
    Taxonomy,
    UserTag,
)
from django_personalization.seeding import Action
from django_personalization.tracking import track
from django_personalization.vocabulary import current_vocabulary
from tests.seeding.support import many, stored, term

pytestmark = pytest.mark.django_db


def test_tags_follow_terms_that_are_made_and_renamed(person, seed):
    seed(term("Rock", slug="rock"))
    tagging.pick(person, name="Rock")
    tagging.pick(person, name="jazz")
    seed(term("Jazz", aliases=["Jass"]), term("Rock music", slug="rock"), update=True)
    tags = {tag.name: tag.taxonomy for tag in UserTag.objects.of(person).with_taxonomies()}
    assert tags == {"Jazz": stored("jazz"), "Rock music": stored("rock")}
    track(person, "search", extracted_keywords=["jass"])
    assert UserTag.objects.get(name="Jazz").interaction_count == 1


def test_every_process_sees_new_terms_at_once(seed):
    seed(term("Rock"))
    assert current_vocabulary().resolve("jazz") is None
    seed(term("Jazz"))
    assert current_vocabulary().resolve("jazz") is not None


def test_all_is_one_transaction(seed, monkeypatch):
    def fail(ids):
        raise RuntimeError

    monkeypatch.setattr("django_personalization.seeding.apply.align_tags", fail)
    with pytest.raises(RuntimeError):
        seed(term("Jazz", aliases=["Jass"]))
    assert not Taxonomy.objects.exists()


def queries_for(write, rows, **options):
    path = write(rows)
    with CaptureQueriesContext(connection) as queries:
        plan = seeding.seed([path], **options)
    assert len(plan.steps) == len(rows)
    return len(queries)


def test_queries_grow_by_batches_only(write):
    def counts(size):
        prefix = f"t{size}-"
        rows, changed = many(size, prefix=prefix), many(size, "New.", prefix=prefix)
        return (
            queries_for(write, rows),
            queries_for(write, rows),
            queries_for(write, changed, update=True),
        )

    small, large = counts(1000), counts(2000)
    created, again, updated = (after - before for before, after in zip(small, large, strict=True))
    # 1,000 rows, 1,000 parents, 1,000 aliases, 1,000 relations and the tags of 1,000 terms.
    assert 0 < created <= 60
    assert 0 < updated <= 15
    assert again == 0
    # The lock, three queries of the plan, and the savepoint of the test.
    assert small[1] <= 6


@pytest.mark.slow
def test_ten_thousand_rows_take_seconds(write):
    path = write(many(10_000))
    started = time.perf_counter()
    assert seeding.seed([path]).counts[Action.CREATE] == 10_000
    assert time.perf_counter() - started < 60


def test_a_name_that_a_file_changes_still_means_the_term(write, db):
    row = {"slug": "python", "name": "Python", "category": "skill"}
    seeding.seed([write([row])])
    seeding.seed([write([{**row, "name": "Python language"}])], update=True)
    assert current_vocabulary().resolve("python").name == "Python language"
