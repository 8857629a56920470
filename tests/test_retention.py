"""Old activity goes, in batches; what it taught stays, unless it is to go, too."""

import io
import random
import threading
from datetime import timedelta
from functools import partial
from itertools import product

import pytest
from django.core import checks as django_checks
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from django_personalization import checks, privacy, scoring, tagging
from django_personalization.exceptions import InvalidInput
from django_personalization.models import AuditEntry, ItemStatistics, UserInteraction, UserTag
from django_personalization.querysets import hold_person
from django_personalization.retention import prune_interactions
from django_personalization.signals import tags_changed
from django_personalization.text import term_key
from django_personalization.tracking import take_back, take_back_many, track
from tests.hosts.library.models import Book
from tests.test_concurrency import NAMES, ten_terms, together

__all__ = ["ten_terms"]

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def at(days):
    return NOW - timedelta(days=days)


def events(person, *ages, word="Python", **more):
    """Track a search for each age in days, and return the rows."""
    return [
        track(person, "search", extracted_keywords=[word], occurred_at=at(age), **more).interaction
        for age in ages
    ]


def evidence_of(*rows):
    return sum(row.fed_weight * scoring.growth(row.created_at, 30) for row in rows)


def tag_named(name, **filters):
    return UserTag.objects.get(name=name, **filters)


# Pruning


def test_what_is_older_than_the_period_goes(person, other, settings):
    settings.DJANGO_PERSONALIZATION = {"INTERACTION_RETENTION_DAYS": 30}
    old = events(person, 29.9, 20)
    kept = events(other, 1)
    later = NOW + timedelta(days=1)
    assert prune_interactions(now=later) == 1
    assert set(UserInteraction.objects.all()) == {old[1], *kept}
    assert prune_interactions(now=later) == 0
    assert prune_interactions(now=later, days=10) == 1


def test_what_was_taught_stays(person):
    events(person, 300, 200, 1)
    book = Book.objects.create(title="A book")
    track(person, "content_view", content=book, occurred_at=at(200))
    before = list(UserTag.objects.values()), list(ItemStatistics.objects.values())
    assert prune_interactions(days=100) == 3
    assert (list(UserTag.objects.values()), list(ItemStatistics.objects.values())) == before


def test_what_was_taught_goes_where_that_is_wanted(person, other, terms):
    book = Book.objects.create(title="A book")
    book.topics.add(terms["cpp"])
    tagging.pick(person, taxonomy=terms["ai"])
    events(person, 300, 200, text="ml")
    kept = events(person, 1)
    events(other, 300, word="Zig")
    track(person, "content_view", content=book, occurred_at=at(200))
    assert ItemStatistics.objects.get().interaction_count == 1
    assert prune_interactions(days=100, forget=True) == 4
    python, ai = UserTag.objects.order_by("name")[::-1]
    assert (python.name, python.interaction_count) == ("Python", 1)
    assert python.evidence == pytest.approx(evidence_of(*kept), rel=1e-6)
    assert (ai.name, ai.source, ai.interaction_count, ai.evidence) == (
        terms["ai"].name,
        "manual",
        0,
        0,
    )
    assert set(UserInteraction.objects.all()) == set(kept)
    assert ItemStatistics.objects.get().interaction_count == 0


def test_forgetting_is_what_taking_back_does(person, other, terms):
    for somebody in (person, other):
        rng = random.Random(3)
        for number in range(60):
            track(
                somebody,
                rng.choice(["search", "conversation"]),
                extracted_keywords=rng.sample([f"Word {i}" for i in range(12)], 4),
                occurred_at=at(number * 4),
            )
    tagging.drop(UserTag.objects.of(other).get(name="Word 3"))
    for row in UserInteraction.objects.filter(user=person, created_at__lt=at(100)):
        take_back(row)
    expected = {tag.name: tag for tag in UserTag.objects.of(person)}
    assert prune_interactions(now=NOW, days=100, forget=True, batch_size=7) == 34
    tags = {tag.name: tag for tag in UserTag.objects.of(other)}
    assert tags.keys() == expected.keys()
    for name, tag in tags.items():
        assert tag.interaction_count == expected[name].interaction_count
        assert tag.evidence == pytest.approx(expected[name].evidence, rel=1e-6)
        assert tag.confidence_score == pytest.approx(expected[name].confidence_score, rel=1e-4)


@pytest.mark.parametrize("forget", [False, True])
def test_batches_reach_everything_old(make_person, forget):
    for number in range(3):
        somebody = make_person(f"p{number}")
        events(somebody, *range(200, 225), 1)
    steps = []
    count = prune_interactions(
        days=100, forget=forget, batch_size=10, progress=lambda *step: steps.append(step)
    )
    assert count == 75
    assert steps[-1] == (75, 75)
    assert len(steps) == (9 if forget else 8)
    assert UserInteraction.objects.count() == 3
    expected = 1 if forget else 26
    assert set(UserTag.objects.values_list("interaction_count", flat=True)) == {expected}


@pytest.mark.parametrize("forget", [False, True])
def test_a_run_that_was_stopped_has_done_a_part_and_the_next_does_the_rest(person, forget):
    rows = events(person, *range(200, 210))

    def stop(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prune_interactions(days=100, forget=forget, batch_size=2, progress=stop)
    assert UserInteraction.objects.count() == 6
    if forget:
        left = UserInteraction.objects.all()
        assert tag_named("Python").evidence == pytest.approx(evidence_of(*left), rel=1e-6)
    assert prune_interactions(days=100, forget=forget, batch_size=2) == len(rows) - 4
    assert not UserInteraction.objects.exists()
    assert [entry.counts["interactions"] for entry in AuditEntry.objects.order_by("pk")] == [4, 6]


def test_a_dry_run_counts_and_writes_nothing(person):
    events(person, 200, 1)
    before = privacy.count_profile(person)
    assert prune_interactions(days=100, dry_run=True) == 1
    assert prune_interactions(days=100, dry_run=True, forget=True) == 1
    assert privacy.count_profile(person) == before
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("days", [0, -1, 36526, float("nan"), float("inf")])
def test_a_period_that_is_none_is_refused(person, days):
    events(person, 200)
    with pytest.raises(InvalidInput, match="not a number of days above 0 and up to 36525"):
        prune_interactions(days=days)
    assert UserInteraction.objects.exists()


def test_without_a_period_nothing_goes_unless_one_is_given(person, settings):
    settings.DJANGO_PERSONALIZATION = {"INTERACTION_RETENTION_DAYS": None}
    events(person, 4000)
    with pytest.raises(InvalidInput, match="kept without limit"):
        prune_interactions()
    assert not AuditEntry.objects.exists()
    assert prune_interactions(days=3000) == 1


def test_every_run_is_recorded(person, staff):
    events(person, 200, 150)
    prune_interactions(days=180)
    prune_interactions(days=100, forget=True, origin="admin", actor=staff)
    prune_interactions(days=100)
    entries = AuditEntry.objects.order_by("pk").values_list(
        "action", "person", "actor", "origin", "counts"
    )
    assert list(entries) == [
        ("prune", None, None, "command", {"interactions": 1}),
        ("prune", None, staff.pk, "admin", {"interactions": 1, "taken_back": 1}),
        ("prune", None, None, "command", {"interactions": 0}),
    ]


@pytest.mark.parametrize("count", [50, 400])
def test_batches_cost_the_same_queries_whatever_the_size(
    person, count, django_assert_max_num_queries
):
    make_interactions(person, count)
    with django_assert_max_num_queries(10):
        assert prune_interactions(days=100) == count


def make_interactions(person, count):
    keys = [term_key(f"Word {number}") for number in range(30)]
    UserTag.objects.bulk_create(
        UserTag(
            user=person,
            name=f"Word {number}",
            key=key,
            source="auto_activity",
            interaction_count=count,
            evidence=count * scoring.growth(at(200), 30),
        )
        for number, key in enumerate(keys)
    )
    return UserInteraction.objects.bulk_create(
        UserInteraction(
            user=person,
            interaction_type="search",
            fed_terms=dict.fromkeys(keys[:5]),
            fed_weight=1,
            created_at=at(200),
        )
        for _number in range(count)
    )


# Taking back many


def test_many_are_taken_back_in_few_queries(
    person, other, django_assert_max_num_queries, django_capture_on_commit_callbacks
):
    heard = []
    tags_changed.connect(lambda **event: heard.append(event), weak=False, dispatch_uid="many")
    for somebody in (person, other):
        make_interactions(somebody, 200)
    some = UserInteraction.objects.filter(user=person)
    with django_capture_on_commit_callbacks(execute=True), django_assert_max_num_queries(14):
        assert take_back_many(some) == 200
    tags_changed.disconnect(dispatch_uid="many")
    [event] = heard
    assert (event["user_id"], len(event["keys"])) == (person.pk, 5)
    assert UserInteraction.objects.count() == 200
    assert UserTag.objects.of(person).count() == 25
    assert UserTag.objects.of(other).count() == 30


def test_nothing_to_take_back(person):
    assert take_back_many(UserInteraction.objects.all()) == 0


def test_a_tag_that_was_two_loses_both(person, terms):
    """What a merge or an alias made one tag of is in the list of an event twice."""
    first = track(person, "search", extracted_keywords=["py", "Python"]).interaction
    second = track(person, "search", extracted_keywords=["py"]).interaction
    terms["python"].aliases.create(name="py")
    tag = tag_named("Python")
    assert tag.interaction_count == 3
    assert take_back_many(UserInteraction.objects.filter(pk=first.pk)) == 1
    tag.refresh_from_db()
    assert tag.interaction_count == 1
    assert tag.evidence == pytest.approx(evidence_of(second), rel=1e-6)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("forget", [False, True])
def test_pruning_waits_for_nobody_and_loses_nothing(make_person, ten_terms, forget):
    people = [make_person(f"p{number}") for number in range(3)]
    for somebody, age in product(people, range(200, 260)):
        track(somebody, "search", extracted_keywords=NAMES[:5], occurred_at=at(age))

    def take_two_back():
        for row in UserInteraction.objects.filter(created_at__lt=at(100))[:2]:
            take_back_many(UserInteraction.objects.filter(pk=row.pk))

    works = [
        *(partial(track, p, "search", extracted_keywords=NAMES[::-1]) for p in people),
        take_two_back,
        partial(privacy.reset_profile, people[0]),
        *[partial(prune_interactions, days=100, forget=forget, batch_size=9)] * 2,
    ]

    def step(number):
        for _turn in range(12):
            works[number]()

    together(step, threads=len(works))
    assert not UserInteraction.objects.filter(created_at__lt=at(100)).exists()
    for somebody in people if forget else ():
        rows = UserInteraction.objects.filter(user=somebody)
        fed = sum(len(row.fed_terms) for row in rows)
        assert sum(tag.interaction_count for tag in UserTag.objects.of(somebody)) == fed


def in_a_thread(work):
    """Begin ``work`` beside the test, and give it time to come as far as it can."""
    results = []

    def run():
        try:
            results.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=1)
    return thread, results


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_rows_that_somebody_is_deleting_are_left_to_them(person):
    """Waiting for the others could become waiting for each other."""
    rows = make_interactions(person, 5)
    with transaction.atomic():
        UserInteraction.objects.select_for_update().get(pk=rows[2].pk)
        thread, results = in_a_thread(partial(prune_interactions, days=100))
        thread.join(timeout=20)
        assert results == [4]
    assert prune_interactions(days=100) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_takes_many_back_holds_nothing_while_a_profile_is_erased(person):
    """Both lock many rows, and one of them in an order that only the database knows."""
    make_interactions(person, 5)
    with transaction.atomic():
        hold_person(person.pk, exclusive=True)
        thread, results = in_a_thread(lambda: take_back_many(UserInteraction.objects.all()))
        assert results == []
        held = UserInteraction.objects.select_for_update(nowait=True)
        assert len(list(held.values_list("pk"))) == 5
        UserInteraction.objects.order_by("-pk")[0].delete()
    thread.join(timeout=20)
    assert results == [4]
    assert not UserInteraction.objects.exists()


# The command


def command(*arguments, **options):
    out = io.StringIO()
    call_command("prune_interactions", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_command_says_what_it_did(person):
    events(person, 200, 150, 120)
    assert command("--dry-run", "--days", "100") == (
        "Old interactions: 3 would be deleted. Nothing was written.\n"
    )
    assert command("--days", "180") == "Old interactions: 1 deleted.\n"
    assert command("--days=100.5", "--forget", "--batch-size=1") == (
        "Old interactions: 2 taken back.\n"
    )
    assert command() == "Old interactions: 0 deleted.\n"
    assert command(verbosity=0) == ""


@pytest.mark.parametrize("days", ["0", "-1", "36526", "many", "nan", "inf"])
def test_a_wrong_number_of_days_is_refused_with_the_legal_ones(days):
    with pytest.raises(CommandError, match="not a number of days above 0 and up to 36,525"):
        command(f"--days={days}")


def test_the_command_asks_for_a_period_where_there_is_none(settings):
    settings.DJANGO_PERSONALIZATION = {"INTERACTION_RETENTION_DAYS": None}
    with pytest.raises(CommandError, match=r"kept without limit\. Give the period with --days"):
        command()


def test_help_teaches(capsys):
    with pytest.raises(SystemExit):
        call_command("prune_interactions", "--help")
    assert "\nexamples:\n  manage.py prune_interactions  " in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_long_work_has_a_progress_bar_on_a_terminal(person):
    make_interactions(person, 1000)
    stderr = Terminal()
    command("--days=100", stderr=stderr)
    assert stderr.getvalue() == f"\r[{'#' * 40}] 1,000 of 1,000\n"


# The reminder


def reminders(databases=("default",)):
    return checks.check_retention(databases=databases)


def test_who_chose_a_period_and_never_prunes_is_reminded(person, settings):
    settings.DJANGO_PERSONALIZATION = {"INTERACTION_RETENTION_DAYS": 90}
    events(person, 89.9)
    assert reminders() == []
    UserInteraction.objects.update(created_at=at(91))
    [message] = reminders()
    assert message.id == "django_personalization.W001"
    assert message.level == django_checks.WARNING
    assert "is 90," in message.msg
    assert "prune_interactions" in message.hint
    assert message in django_checks.run_checks(databases=["default"])
    assert message not in django_checks.run_checks()
    assert reminders(databases=None) == reminders(databases=["replica"]) == []
    # One run is enough, even one that had nothing to do.
    prune_interactions(days=3000)
    assert reminders() == []


def test_who_takes_the_default_is_reminded_as_well(person, settings):
    """People are told of 365 days."""
    events(person, 1)
    settings.DJANGO_PERSONALIZATION = {}
    UserInteraction.objects.update(created_at=at(364))
    assert reminders() == []
    UserInteraction.objects.update(created_at=at(366))
    [message] = reminders()
    assert "is 365," in message.msg
    prune_interactions()
    assert reminders() == []


@pytest.mark.parametrize(
    "host", [{"INTERACTION_RETENTION_DAYS": None}, {"INTERACTION_RETENTION_DAYS": "x"}]
)
def test_who_chose_none_is_not_reminded(person, settings, host):
    events(person, 1)
    UserInteraction.objects.update(created_at=at(4000))
    settings.DJANGO_PERSONALIZATION = host
    assert reminders() == []


@pytest.mark.django_db(transaction=True)
def test_the_reminder_waits_for_the_tables(settings):
    """A first migrate checks before there is anything to ask."""
    settings.DJANGO_PERSONALIZATION = {"INTERACTION_RETENTION_DAYS": 90}
    with connection.schema_editor() as editor:
        editor.alter_db_table(AuditEntry, AuditEntry._meta.db_table, "elsewhere")
    try:
        assert reminders() == []
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(AuditEntry, "elsewhere", AuditEntry._meta.db_table)
    assert reminders() == []


def test_a_database_that_cannot_be_reached_is_reported_by_others(settings, monkeypatch):
    from django.db import OperationalError

    def fail(*args, **kwargs):
        raise OperationalError("no such host")

    settings.DJANGO_PERSONALIZATION = {"INTERACTION_RETENTION_DAYS": 90}
    monkeypatch.setattr(connection.introspection, "table_names", fail)
    assert reminders() == []


def test_the_reminder_reads_few_rows(person, settings, django_assert_max_num_queries):
    settings.DJANGO_PERSONALIZATION = {"INTERACTION_RETENTION_DAYS": 90}
    make_interactions(person, 10)
    with django_assert_max_num_queries(3):
        assert len(reminders()) == 1
