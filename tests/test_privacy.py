"""Export, erasure and reset: all of it, atomically, and bounded in memory."""

import gc
import json
import random
import resource
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from django_personalization import preferences, scoring, tagging
from django_personalization.models import (
    AuditEntry,
    ItemStatistics,
    PersonalizationSettings,
    RelationSuggestion,
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    UserInteraction,
    UserTag,
    VocabularyRevision,
)
from django_personalization.personal_data import registered_personal_data
from django_personalization.privacy import (
    count_profile,
    erase_profile,
    export_profile,
    reset_profile,
)
from django_personalization.signals import tags_changed
from django_personalization.text import term_key
from django_personalization.tracking import take_back, track
from tests.hosts.library.models import Book
from tests.test_concurrency import NAMES, ten_terms, together

__all__ = ["ten_terms"]

pytestmark = pytest.mark.django_db


def exported(user, **options):
    return json.loads("".join(export_profile(user, **options)))


@pytest.fixture
def known(person, terms):
    """A person with a tag of every kind, and two events."""
    book = Book.objects.create(title="A book")
    book.topics.add(terms["cpp"])
    tagging.pick(person, taxonomy=terms["python"])
    tagging.hide(person, name="Opera")
    first = timezone.now() - timedelta(days=3)
    track(person, "content_view", content=book, metadata={"page": 2}, occurred_at=first)
    track(person, "search", text="python and ml", extracted_keywords=["Zig"], event_id="e1")
    track(person, "search", text="ml")
    tagging.drop(UserTag.objects.get(name="Zig"))
    tagging.weigh(UserTag.objects.get(name="C++"), 2)
    preferences.change_settings(person, consent="granted", discovery=10)
    AuditEntry.objects.create(person=person, origin="admin", action="export", counts={"tags": 5})
    return person


@pytest.fixture
def heard():
    """The keys of the tags that were announced as changed, by the person."""
    keys = {}
    tags_changed.connect(
        lambda **event: keys.setdefault(event["user_id"], []).extend(event["keys"]),
        weak=False,
        dispatch_uid="privacy",
    )
    yield keys
    tags_changed.disconnect(dispatch_uid="privacy")


# Export


def test_an_export_of_nothing(person):
    document = exported(person)
    assert document.pop("exported_at").endswith("Z")
    assert document == {
        "format": "django-personalization",
        "version": 1,
        "settings": [],
        "tags": [],
        "interactions": [],
        "audit": [],
    }


def test_a_strangers_export_is_empty(known):
    AuditEntry.objects.create(origin="command", action="prune")
    document = exported(AnonymousUser())
    assert not any(document[data.name] for data in registered_personal_data())


def test_each_row_says_where_it_comes_from(known):
    document = exported(known)
    [settings] = document["settings"]
    assert (settings["origin"], settings["consent"]) == ("provided", "granted")
    assert {(tag["name"], tag["origin"], tag["state"]) for tag in document["tags"]} == {
        ("Python", "provided", "active"),
        ("Opera", "provided", "hidden"),
        ("C++", "inferred", "active"),
        ("AI & Machine Learning", "inferred", "active"),
        ("Zig", "inferred", "dismissed"),
    }
    assert [row["origin"] for row in document["interactions"]] == ["observed"] * 3
    [entry] = document["audit"]
    assert (entry["origin"], entry["through"]) == ("observed", "admin")
    assert (entry["person"], entry["actor"], entry["counts"]) == ("you", None, {"tags": 5})


def test_each_tag_says_what_it_was_inferred_from(known):
    tags = {tag["name"]: tag for tag in exported(known)["tags"]}
    first, second, third = UserInteraction.objects.order_by("created_at")

    def time(row):
        return row.created_at.isoformat().replace("+00:00", "Z")

    def search(count, *rows):
        times = {"first": time(rows[0]), "last": time(rows[-1])}
        return [{"interaction_type": "search", "count": count, **times}]

    view = {"interaction_type": "content_view", "count": 1}
    assert tags["Opera"]["inferred_from"] == []
    assert tags["C++"]["inferred_from"] == [{**view, "first": time(first), "last": time(first)}]
    assert tags["Python"]["inferred_from"] == search(1, second)
    assert tags["AI & Machine Learning"]["inferred_from"] == search(2, second, third)
    assert tags["Zig"]["inferred_from"] == search(1, second)


def test_rows_hold_what_the_api_shows_and_more(known, client_of):
    document = exported(known)
    api = client_of(known)
    [python] = api.get("/api/v1/me/tags/manual/").json()
    [same] = [tag for tag in document["tags"] if tag["name"] == "Python"]
    listed = {row["id"]: row for row in api.get("/api/v1/me/interactions/").json()["results"]}
    times = {"created_at", "updated_at"}
    assert {key: same[key] for key in python.keys() - times} == {
        key: value for key, value in python.items() if key not in times
    }
    for row in document["interactions"]:
        shown = listed[row["id"]]
        assert {key: row[key] for key in shown.keys() - times} == {
            key: value for key, value in shown.items() if key not in times
        }
    view, search, _last = document["interactions"]
    assert (view["taught"], view["units"], view["metadata"]) == (["C++"], 0.5, {"page": 2})
    assert (search["taught"], search["event_id"]) == (
        ["AI & Machine Learning", "Python", "Zig"],
        "e1",
    )


def test_the_confidence_is_that_of_this_moment(known):
    UserTag.objects.update(confidence_score=0.77)
    tags = {tag["name"]: tag["confidence_score"] for tag in exported(known)["tags"]}
    assert tags["Python"] == 1
    assert tags["Zig"] == pytest.approx(1 - 2**-0.5, abs=1e-4)


def test_what_staff_did_to_others_is_theirs_too_and_names_nobody(known, staff):
    AuditEntry.objects.create(person=known, actor=staff, origin="admin", action="reset")
    [entry] = exported(staff)["audit"]
    assert (entry["actor"], entry["person"]) == ("you", "somebody else")
    assert [row["actor"] for row in exported(known)["audit"]] == [None, "staff"]
    text = "".join(export_profile(known)) + "".join(export_profile(staff))
    assert str(staff) not in text
    assert str(known) not in text


def test_nobody_elses_rows_are_exported(known, other):
    track(other, "search", extracted_keywords=["Nim"])
    text = "".join(export_profile(known))
    assert "Nim" not in text
    assert "Zig" not in "".join(export_profile(other))


def test_all_characters_come_through(person):
    name = 'a "quoted" \\ name, née 東京 </script>'
    track(person, "search", extracted_keywords=[name], metadata={name: ["\n\t", 1.5e-9, None]})
    for indent in (False, True):
        document = exported(person, indent=indent)
        assert document["tags"][0]["name"] == name
        assert document["interactions"][0]["metadata"] == {name: ["\n\t", 1.5e-9, None]}
    assert len("".join(export_profile(person, indent=True)).splitlines()) > 30


def test_an_export_is_no_json_before_its_end(known):
    chunks = list(export_profile(known))
    assert len(chunks) > 8
    for length in range(len(chunks)):
        with pytest.raises(json.JSONDecodeError):
            json.loads("".join(chunks[:length]))


def test_rows_that_go_while_an_export_runs_do_no_harm(known):
    chunks = export_profile(known)
    text = ""
    while '"interactions"' not in text:
        text += next(chunks)
    erase_profile(known)
    document = json.loads(text + "".join(chunks))
    assert len(document["tags"]) == 5
    assert document["interactions"] == []


def many_events(person, count):
    """Store ``count`` events and 300 tags past the doors, a thousand events at a time."""
    rng = random.Random(1)
    names = [f"Word {number}" for number in range(300)]
    keys = {name: term_key(name) for name in names}
    UserTag.objects.bulk_create(
        UserTag(user=person, name=n, key=k, source="auto_activity", interaction_count=1)
        for n, k in keys.items()
    )
    start = timezone.now() - timedelta(days=300)
    UserInteraction.objects.bulk_create(
        UserInteraction(
            user=person,
            interaction_type=rng.choice(["search", "conversation"]),
            metadata={"filler": "x" * 300},
            extracted_keywords=(some := rng.sample(names, 5)),
            fed_terms={keys[name]: None for name in some},
            fed_weight=1,
            created_at=start + timedelta(minutes=number),
        )
        for number in range(min(count, 1000))
    )
    repeat_events(range(1000, count, 1000))


def repeat_events(minutes):
    """Copy all events that are stored, inside the database, for each of ``minutes`` later."""
    columns = [f.column for f in UserInteraction._meta.concrete_fields if not f.primary_key]
    later = {
        "postgresql": "created_at + %s * interval '1 minute'",
        "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', created_at, %s || ' minutes')",
    }[connection.vendor]
    values = [later if column == "created_at" else column for column in columns]
    table = UserInteraction._meta.db_table
    last = UserInteraction.objects.aggregate(last=Max("pk"))["last"]
    with connection.cursor() as cursor:
        for minute in minutes:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
                f"FROM {table} WHERE id <= %s ORDER BY id",
                [minute, last],
            )
        if minutes and connection.vendor == "postgresql":
            # As its autovacuum would; without, it sorts the table anew for each batch.
            cursor.execute(f"ANALYZE {table}")


def resident():
    """Return the bytes of memory that this process has now."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_a_hundred_thousand_events_do_not_fill_memory(person, settings):
    assert not settings.DEBUG
    count = 100_000
    many_events(person, count)
    gc.collect()
    written = interactions = 0
    before = most = resident()
    for chunk in export_profile(person):
        written += len(chunk)
        interactions += chunk.count('"observed"')
        assert len(chunk) < 2_000_000
        most = max(most, resident())
    assert interactions == count
    assert written > 60_000_000
    # All rows at once would take more than ten times as much.
    assert most - before < 30_000_000, f"{most - before:,} bytes more"


@pytest.mark.parametrize("count", [1, 200])
def test_an_export_takes_a_fixed_number_of_queries(person, count, django_assert_num_queries):
    many_events(person, count)
    # Settings; tags, the pass over the history with its terms and tags; interactions with theirs;
    # audit. A kind that has rows takes one query more, which finds no further ones.
    with django_assert_num_queries(14):
        exported(person)


# Erasure


def raw_counts():
    """Return how many rows each of our tables has, counted past the models."""
    counts = {}
    with connection.cursor() as cursor:
        for model in apps.get_app_config("django_personalization").get_models():
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
            counts[model.__name__] = cursor.fetchone()[0]
    return counts


@pytest.fixture
def everything(known, other, terms):
    """A row in every table, with people in each that can hold one."""
    TaxonomyRelation.objects.create(source=terms["python"], target=terms["ai"])
    low, high = sorted([terms["python"], terms["cpp"]], key=lambda term: term.pk)
    RelationSuggestion.objects.create(source=low, target=high)
    view = UserInteraction.objects.exclude(content_type=None).get()
    about = {"content_type": view.content_type, "object_id": view.object_id}
    ItemStatistics.objects.get_or_create(**about)
    AuditEntry.objects.create(person=other, actor=known, origin="admin", action="export")
    assert all(raw_counts().values()), raw_counts()
    return known


IMPERSONAL = [
    model.__name__
    for model in (
        Taxonomy,
        TaxonomyAlias,
        TaxonomyRelation,
        VocabularyRevision,
        RelationSuggestion,
        ItemStatistics,
    )
]


def test_an_erased_profile_leaves_nothing_but_who_worked_with_it(everything, other):
    before = raw_counts()
    assert erase_profile(everything) == {"tags": 5, "interactions": 3, "settings": 1}
    after = raw_counts()
    assert {name: after[name] for name in IMPERSONAL} == {n: before[n] for n in IMPERSONAL}
    assert {name: count for name, count in after.items() if name not in IMPERSONAL} == {
        "UserTag": 0,
        "UserInteraction": 0,
        "PersonalizationSettings": 0,
        "AuditEntry": 2,
    }
    document = exported(everything)
    assert [name for name, rows in document.items() if isinstance(rows, list) and rows] == ["audit"]
    assert erase_profile(everything) == {"tags": 0, "interactions": 0, "settings": 0}


def test_an_erasure_with_a_refusal_leaves_a_denied_consent_and_nothing_else(known, other):
    before = count_profile(other)
    counts = erase_profile(known, refuse=True)
    assert counts == {"tags": 5, "interactions": 3, "settings": 1}
    [row] = PersonalizationSettings.objects.all()
    assert (row.user_id, row.consent, row.paused) == (known.pk, "denied", False)
    assert (row.mode, row.discovery) == ("full", 50)
    assert count_profile(known) == {"settings": 1, "tags": 0, "interactions": 0, "audit": 1}
    assert track(known, "search", text="python").reason == "consent_denied"
    assert count_profile(other) == before
    # Nobody who has said nothing yet is left out.
    assert erase_profile(other, refuse=True) == {"tags": 0, "interactions": 0, "settings": 0}
    assert preferences.settings_of(other).consent == "denied"


def test_nothing_is_erased_where_a_refusal_cannot_be_stored(known, monkeypatch):
    before = raw_counts()

    def fail(*args, **kwargs):
        raise RuntimeError("the table cannot be reached")

    monkeypatch.setattr(PersonalizationSettings, "save", fail)
    with pytest.raises(RuntimeError):
        erase_profile(known, refuse=True)
    assert raw_counts() == before
    assert preferences.settings_of(known).consent == "granted"


def test_a_deleted_user_leaves_nothing(everything):
    before, pk = raw_counts(), everything.pk
    everything.delete()
    after = raw_counts()
    assert {name: after[name] for name in IMPERSONAL} == {n: before[n] for n in IMPERSONAL}
    assert {name: count for name, count in after.items() if name not in IMPERSONAL} == {
        "UserTag": 0,
        "UserInteraction": 0,
        "PersonalizationSettings": 0,
        "AuditEntry": 1,
    }
    [entry] = AuditEntry.objects.all()
    assert entry.actor_id is None
    assert entry.person_id not in {None, pk}


def test_others_profiles_stay(known, other, terms):
    tagging.pick(other, taxonomy=terms["python"])
    track(other, "search", extracted_keywords=["Python"])
    erase_profile(known)
    assert count_profile(other) == {"settings": 0, "tags": 1, "interactions": 1, "audit": 0}


def test_nothing_is_erased_where_something_cannot_be(known, monkeypatch):
    before = raw_counts()

    def fail(*args, **kwargs):
        raise RuntimeError("the last table cannot be reached")

    first = registered_personal_data()[0].model
    monkeypatch.setattr(first._default_manager._queryset_class, "delete", fail)
    with pytest.raises(RuntimeError):
        erase_profile(known)
    assert raw_counts() == before


def test_erased_tags_are_announced_after_the_commit(
    known, other, heard, django_capture_on_commit_callbacks
):
    keys = set(UserTag.objects.values_list("key", flat=True))
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        erase_profile(known)
        erase_profile(other)
        assert heard == {}
    assert len(callbacks) == 1
    assert set(heard[known.pk]) == keys


def test_what_was_removed_may_be_inferred_again_after_an_erasure(known):
    erase_profile(known)
    track(known, "search", extracted_keywords=["Zig"])
    assert UserTag.objects.get().state == "active"


def test_a_stranger_has_nothing_to_erase(known):
    before = raw_counts()
    assert set(erase_profile(AnonymousUser()).values()) == {0}
    assert set(erase_profile(AnonymousUser(), refuse=True).values()) == {0}
    assert set(reset_profile(AnonymousUser()).values()) == {0}
    assert set(count_profile(AnonymousUser()).values()) == {0}
    assert raw_counts() == before


# Reset


def test_a_reset_keeps_what_the_person_said(known, heard, django_capture_on_commit_callbacks):
    tagging.drop(tagging.pick(known, name="Cobol")[0])
    before = {tag.name: tag for tag in UserTag.objects.all()}
    with django_capture_on_commit_callbacks(execute=True):
        assert reset_profile(known) == {"tags": 2, "interactions": 3}
    after = {tag.name: tag for tag in UserTag.objects.all()}
    assert {name: (tag.source, tag.state) for name, tag in after.items()} == {
        "Python": ("manual", "active"),
        "Opera": ("auto_activity", "hidden"),
        "Cobol": ("manual", "dismissed"),
        "Zig": ("auto_activity", "dismissed"),
    }
    assert {(tag.evidence, tag.interaction_count) for tag in after.values()} == {(0, 0)}
    scores = {name: tag.confidence_score for name, tag in after.items()}
    assert scores == {"Python": 1, "Opera": 0, "Cobol": 1, "Zig": 0}
    # Who had no evidence has not changed.
    assert after["Opera"].updated_at == before["Opera"].updated_at
    assert after["Python"].updated_at > before["Python"].updated_at
    assert not UserInteraction.objects.exists()
    assert PersonalizationSettings.objects.get().discovery == 10
    assert AuditEntry.objects.count() == 1
    names = ["C++", "AI & Machine Learning", "Python", "Zig"]
    assert set(heard[known.pk]) == {before[name].key for name in names}


def test_a_reset_profile_learns_anew(known):
    reset_profile(known)
    track(known, "search", extracted_keywords=["Zig", "Python", "C++"])
    tags = {tag.name: tag for tag in UserTag.objects.all()}
    assert (tags["Zig"].state, tags["Zig"].interaction_count) == ("dismissed", 0)
    assert (tags["Python"].source, tags["Python"].interaction_count) == ("manual", 1)
    assert tags["C++"].interaction_count == 1


def test_others_are_not_reset(known, other):
    track(other, "search", extracted_keywords=["Zig"])
    reset_profile(known)
    assert UserTag.objects.get(user=other).interaction_count == 1
    assert UserInteraction.objects.get().user_id == other.pk


@pytest.mark.parametrize(
    "work", [erase_profile, partial(erase_profile, refuse=True), reset_profile, count_profile]
)
def test_the_number_of_queries_does_not_grow(person, work, django_assert_max_num_queries):
    many_events(person, 1000)
    with django_assert_max_num_queries(16):
        work(person)


# Races


def consistent(person):
    """Whether every tag has the evidence of the events that are stored, no more and no less."""
    fed = {}
    for row in UserInteraction.objects.filter(user=person):
        for key in row.fed_terms:
            amount = row.fed_weight * scoring.growth(row.created_at, 30)
            count, evidence = fed.get(key, (0, 0.0))
            fed[key] = (count + 1, evidence + amount)
    tags = {tag.key: tag for tag in UserTag.objects.filter(user=person)}
    stored = {key: tag.interaction_count for key, tag in tags.items() if tag.interaction_count}
    assert stored == {key: count for key, (count, _evidence) in fed.items()}
    for key, (_count, evidence) in fed.items():
        assert tags[key].evidence == pytest.approx(evidence, rel=1e-6)
    return len(tags)


def take_one_back(person):
    for row in UserInteraction.objects.filter(user=person)[:1]:
        with suppress(UserInteraction.DoesNotExist):
            take_back(row)


def drop_and_restore(person):
    tagging.drop_many(person, list(UserTag.objects.of(person).values_list("pk", flat=True)))
    tagging.change_many(UserTag.objects.of(person), state="active")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("work", [erase_profile, reset_profile])
def test_a_profile_goes_while_everything_else_goes_on(person, ten_terms, work):
    ids = [row.pk for row in ten_terms]
    order = random.Random(1)
    others = [
        *(lambda: track(person, "search", extracted_keywords=order.sample(NAMES, 5)),) * 8,
        lambda: tagging.pick_many(person, order.sample(ids, 5)),
        lambda: tagging.set_selection(person, order.sample(ids, 5)),
        lambda: take_one_back(person),
        lambda: drop_and_restore(person),
    ]

    def repeat(number):
        if number:
            return [others[number - 1]() for _time in range(20)]
        return [work(person)["interactions"] for _time in range(5)]

    gone = together(repeat, threads=len(others) + 1)[0]
    assert len(gone) == 5
    consistent(person)
    work(person)
    assert consistent(person) == (0 if work is erase_profile else UserTag.objects.count())
    assert not UserInteraction.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("work", [erase_profile, reset_profile])
def test_who_picks_and_who_erases_never_wait_for_each_other(person, work):
    """No deadlock: neither with picks, some of which are new, nor with many tags that change."""
    rows = Taxonomy.objects.bulk_create(
        Taxonomy(name=f"Many {number}", category="skill") for number in range(100)
    )
    ids, words = [row.pk for row in rows], [f"Word {number}" for number in range(100)]

    def repeat(number):
        order = random.Random(number)
        for _time in range(25):
            if number < 2:
                work(person)
            elif number < 4:
                tagging.pick_many(person, order.sample(ids, 60))
            elif number < 6:
                for _event in range(4):
                    track(person, "search", extracted_keywords=order.sample(words, 20))
            else:
                tags = UserTag.objects.of(person)
                tagging.change_many(tags, state=order.choice(["hidden", "active"]))

    together(repeat, threads=9)
    consistent(person)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nothing_comes_after_who_is_erased_and_refuses(person, ten_terms):
    """What had begun before is gone, and nothing is stored afterwards: one call does both."""

    def step(number):
        if number == 0:
            return erase_profile(person, refuse=True)
        words = [f"Word {number}", *NAMES[:5]]
        return [track(person, "search", extracted_keywords=words).stored for _time in range(15)]

    for _time in range(5):
        preferences.change_settings(person, consent="granted")
        _counts, *stored = together(step, threads=9)
        # At once: a second erasure would tidy up what came too late.
        assert count_profile(person) == {"settings": 1, "tags": 0, "interactions": 0, "audit": 0}
        assert preferences.settings_of(person).consent == "denied"
        assert not any(answers[-1] for answers in stored)
