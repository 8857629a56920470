"""The stored confidence of inferred tags follows time, and faded tags go."""

import io
import random
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_personalization import scoring, tagging
from django_personalization.models import AuditEntry, UserTag
from django_personalization.refreshing import Refreshed, refresh_confidence
from django_personalization.tracking import track
from tests.test_concurrency import together

pytestmark = pytest.mark.django_db

HALF_LIFE = 30
LATER = timedelta(days=60)


@pytest.fixture
def inferred(person):
    """A tag that one conversation has raised: 1.5 units of evidence."""
    track(person, "conversation", extracted_keywords=["Python"])
    return UserTag.objects.get()


def make_tags(person, count, units=1.0, **fields):
    """Make inferred tags that are worth ``units`` now."""
    evidence = units * scoring.growth(timezone.now(), HALF_LIFE)
    tags = [
        UserTag(
            user=person,
            name=f"{units} {number}",
            key=f"{units}-{number}",
            **{"source": "auto_activity", "confidence_score": 0.9, "evidence": evidence, **fields},
        )
        for number in range(count)
    ]
    return UserTag.objects.bulk_create(tags)


def rows():
    return list(UserTag.objects.order_by("pk").values())


def test_the_column_becomes_the_confidence_of_now(inferred):
    now = timezone.now() + LATER
    assert refresh_confidence(now=now) == Refreshed(rewritten=1, dropped=0)
    tag = UserTag.objects.get()
    # Two half-lives leave a quarter of 1.5 units.
    assert tag.confidence_score == pytest.approx(1 - 2 ** -(1.5 / 4 / 2), rel=1e-6)
    assert tag.confidence_score == pytest.approx(tag.confidence_at(now), rel=1e-12)
    assert tag.confidence_score < inferred.confidence_score


def test_everything_else_stays(inferred):
    refresh_confidence(now=timezone.now() + LATER)
    kept = {name: value for name, value in rows()[0].items() if name != "confidence_score"}
    assert kept == {name: getattr(inferred, name) for name in kept}


@pytest.mark.parametrize("units", [0.06, 1.0, 99.9, 100.0, 1e6, 1e200])
def test_sql_and_python_agree_and_stay_below_1(person, units):
    now = timezone.now()
    [tag] = make_tags(person, 1, units)
    assert refresh_confidence(now=now).rewritten == 1
    tag.refresh_from_db()
    assert tag.confidence_score == pytest.approx(tag.confidence_at(now), rel=1e-12)
    assert tag.confidence_score < 1


def test_picked_tags_stay_certain_and_as_they_are(person, inferred):
    tagging.pick(person, name="Python")
    before = rows()
    assert refresh_confidence(now=timezone.now() + timedelta(days=3650)) == Refreshed()
    assert rows() == before


def test_faded_tags_go(person, inferred):
    # 1.5 units in 180 days are 0.023 units, a confidence of 0.8 percent.
    now = timezone.now() + timedelta(days=180)
    assert refresh_confidence(now=now) == Refreshed(rewritten=0, dropped=1)
    assert not UserTag.objects.exists()
    # They are inferred again when there is reason to.
    track(person, "search", extracted_keywords=["Python"])
    assert UserTag.objects.get().interaction_count == 1


def test_the_limit_is_2_percent(person):
    now = timezone.now()
    limit = scoring.evidence_for(0.02, now, HALF_LIFE)
    below, above = make_tags(person, 2)
    UserTag.objects.filter(pk=below.pk).update(evidence=limit * 0.999)
    UserTag.objects.filter(pk=above.pk).update(evidence=limit * 1.001)
    assert refresh_confidence(now=now) == Refreshed(rewritten=1, dropped=1)
    assert UserTag.objects.get() == above


def test_nothing_goes_that_a_person_still_sees(settings, person):
    settings.DJANGO_PERSONALIZATION = {"MIN_CONFIDENCE": 0.001}
    now = timezone.now()
    make_tags(person, 1, 0.01)
    make_tags(person, 1, 0.001)
    before = [tag.pk for tag in UserTag.objects.of(person).inferred(now)]
    assert refresh_confidence(now=now) == Refreshed(rewritten=1, dropped=1)
    assert [tag.pk for tag in UserTag.objects.of(person).inferred(now)] == before


def test_tags_without_evidence_go_even_where_everything_is_listed(settings, person):
    settings.DJANGO_PERSONALIZATION = {"MIN_CONFIDENCE": 0}
    make_tags(person, 1, 0.0)
    make_tags(person, 1, 1e-9)
    assert refresh_confidence() == Refreshed(rewritten=1, dropped=1)


@pytest.mark.parametrize("said", [{"state": "dismissed"}, {"state": "hidden"}, {"weight": 0.5}])
def test_what_a_person_said_about_a_tag_is_never_lost(person, inferred, said):
    tagging.change(inferred, **said)
    refresh_confidence(now=timezone.now() + timedelta(days=3650))
    track(person, "search", extracted_keywords=["Python"])
    tag = UserTag.objects.get()
    assert tag.pk == inferred.pk
    assert {name: getattr(tag, name) for name in said} == said


def test_batches_reach_every_tag(person):
    make_tags(person, 25, 1.0)
    make_tags(person, 25, 0.001)
    make_tags(person, 5, 2.0, source="manual", confidence_score=1.0)
    steps = []
    result = refresh_confidence(batch_size=7, progress=lambda *step: steps.append(step))
    assert result == Refreshed(rewritten=25, dropped=25)
    assert steps == [*((done, 50) for done in range(7, 50, 7)), (50, 50)]
    assert UserTag.objects.count() == 30
    assert set(UserTag.objects.filter(source="manual").values_list("confidence_score")) == {(1.0,)}
    scores = UserTag.objects.exclude(source="manual").values_list("confidence_score", flat=True)
    assert list(scores) == pytest.approx([1 - 2**-0.5] * 25, rel=1e-4)


def test_again_changes_nothing(person):
    make_tags(person, 5, 1.0)
    make_tags(person, 5, 0.001)
    now = timezone.now()
    assert refresh_confidence(now=now) == Refreshed(5, 5)
    before = rows()
    assert refresh_confidence(now=now) == Refreshed(5, 0)
    assert rows() == before


def test_a_run_that_was_stopped_has_done_a_part_and_the_next_does_the_rest(person):
    make_tags(person, 10, 1.0)

    def stop(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh_confidence(batch_size=2, progress=stop)
    assert UserTag.objects.filter(confidence_score=0.9).count() == 6
    assert refresh_confidence(batch_size=2) == Refreshed(10, 0)
    assert not UserTag.objects.filter(confidence_score=0.9).exists()
    assert entries() == [
        (None, None, "command", {"rewritten": 4, "dropped": 0}),
        (None, None, "command", {"rewritten": 10, "dropped": 0}),
    ]


def entries():
    rows = AuditEntry.objects.filter(action="refresh").order_by("pk")
    return list(rows.values_list("person", "actor", "origin", "counts"))


def test_every_run_is_recorded(person, staff):
    """Of what had faded nothing is left but how much it was."""
    make_tags(person, 3, 1.0)
    make_tags(person, 2, 0.001)
    refresh_confidence(batch_size=2)
    refresh_confidence(origin="admin", actor=staff)
    UserTag.objects.all().delete()
    command()
    assert entries() == [
        (None, None, "command", {"rewritten": 3, "dropped": 2}),
        (None, staff.pk, "admin", {"rewritten": 3, "dropped": 0}),
        (None, None, "command", {"rewritten": 0, "dropped": 0}),
    ]


def test_dry_run_counts_and_writes_nothing(person):
    make_tags(person, 3, 1.0)
    make_tags(person, 2, 0.001)
    before = rows()
    assert refresh_confidence(dry_run=True) == Refreshed(rewritten=3, dropped=2)
    assert command("--dry-run") == (
        "Inferred tags: 3 would be rewritten, 2 faded and would be dropped. Nothing was written.\n"
    )
    assert rows() == before
    assert not AuditEntry.objects.exists()


def test_queries_are_bounded_for_each_batch(person):
    make_tags(person, 100)

    def count(size):
        with CaptureQueriesContext(connection) as queries:
            refresh_confidence(batch_size=size)
        return len(queries)

    # One to find the batch, one to lock it, one UPDATE, one DELETE, and a savepoint of the test.
    one, ten = count(100), count(10)
    assert ten - one <= 9 * 6
    # Besides: how many there are, which is the last, and the entry of the audit.
    assert one <= 6 + 3


def command(*arguments, **options):
    out = io.StringIO()
    call_command("refresh_tags", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_command_says_what_it_did(person):
    make_tags(person, 3, 1.0)
    make_tags(person, 2, 0.001)
    assert command("--batch-size", "2") == "Inferred tags: 3 rewritten, 2 faded and dropped.\n"
    assert command() == "Inferred tags: 3 rewritten, 0 faded and dropped.\n"
    assert command(verbosity=0) == ""


def test_the_command_works_where_there_is_nothing():
    assert command() == "Inferred tags: 0 rewritten, 0 faded and dropped.\n"


@pytest.mark.parametrize("size", ["0", "-1", "10001", "many", "1.5", "²"])
def test_a_wrong_batch_size_is_refused_with_the_legal_ones(size):
    with pytest.raises(CommandError, match="is not a whole number from 1 to 10,000"):
        command(f"--batch-size={size}")


def test_help_teaches(capsys):
    with pytest.raises(SystemExit):
        call_command("refresh_tags", "--help")
    assert "\nexamples:\n  manage.py refresh_tags  " in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_long_work_has_a_progress_bar_on_a_terminal(person):
    make_tags(person, 1000)
    stderr = Terminal()
    command(stderr=stderr)
    assert stderr.getvalue() == f"\r[{'#' * 40}] 1,000 of 1,000\n"
    pipe = io.StringIO()
    command(stderr=pipe)
    assert pipe.getvalue() == ""


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("days", [0, 170])
def test_it_never_waits_for_people_nor_loses_what_they_do(make_person, days):
    """Today, and in a future in which most has faded, so that rows come and go."""
    people = [make_person(f"p{number}") for number in range(3)]
    words = [f"word {number}" for number in range(15)]

    def activity(person):
        for turn in range(60):
            mixed = random.Random(turn).sample(words, 15)
            track(person, "search", extracted_keywords=mixed)

    def refresh():
        for _ in range(40):
            refresh_confidence(now=timezone.now() + timedelta(days=days), batch_size=20)

    def work(number):
        return activity(people[number]) if number < len(people) else refresh()

    together(work, threads=5)
    if days == 0:
        tags = UserTag.objects.all()
        assert {tag.interaction_count for tag in tags} == {60}
        assert len(tags) == 45


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_tag_that_somebody_is_writing_is_left_to_them(person):
    make_tags(person, 2, 1.0)
    first, second = UserTag.objects.order_by("pk")
    results = []

    def refresh():
        results.append(refresh_confidence())
        connection.close()

    with transaction.atomic():
        UserTag.objects.select_for_update().get(pk=first.pk)
        thread = threading.Thread(target=refresh)
        thread.start()
        thread.join(timeout=20)
        assert results == [Refreshed(rewritten=1, dropped=0)]
    assert UserTag.objects.get(pk=first.pk).confidence_score == 0.9
    assert UserTag.objects.get(pk=second.pk).confidence_score != 0.9
