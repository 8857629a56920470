"""Events come in, tags come out."""

from datetime import datetime, timedelta, timezone

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone as django_timezone
from django.utils.functional import SimpleLazyObject

from django_personalization import content, scoring, tagging
from django_personalization.choices import TagSource
from django_personalization.conf import app_settings
from django_personalization.exceptions import InvalidInput
from django_personalization.models import (
    PersonalizationSettings,
    Taxonomy,
    UserInteraction,
    UserTag,
)
from django_personalization.signals import interactions_tracked
from django_personalization.tracking import Event, take_back, track, track_many
from tests.hosts.library.models import Book, Label, Note

pytestmark = pytest.mark.django_db


def tags_of(person):
    return {tag.name: tag for tag in UserTag.objects.of(person)}


@pytest.mark.parametrize(
    ("code", "weight", "source"),
    [
        ("project_create", 3, "auto_project"),
        ("conversation", 1.5, "auto_conversation"),
        ("search", 1, "auto_activity"),
        ("project_view", 0.5, "auto_project"),
        ("content_view", 0.5, "auto_activity"),
    ],
)
def test_each_type_has_its_weight_and_source(person, terms, code, weight, source):
    track(person, code, extracted_keywords=["Python"])
    tag = tags_of(person)["Python"]
    assert tag.source == source
    assert tag.confidence_score == pytest.approx(1 - 2 ** (-weight / 2))
    assert tag.confidence_at(tag.updated_at) == pytest.approx(tag.confidence_score)
    assert (tag.interaction_count, tag.taxonomy) == (1, terms["python"])


def test_a_tag_keeps_the_source_that_gave_it_last(person, terms):
    track(person, "search", extracted_keywords=["Python"])
    track(person, "project_view", extracted_keywords=["Python"])
    assert tags_of(person)["Python"].source == TagSource.AUTO_PROJECT


def test_keywords_text_and_content_all_become_terms(person, terms):
    book = Book.objects.create(title="Accelerated C++")
    book.topics.add(terms["cpp"])
    result = track(
        person, "conversation", extracted_keywords=[" ml "], text="About python.", content=book
    )
    assert set(tags_of(person)) == {"AI & Machine Learning", "Python", "C++"}
    row = result.interaction
    assert row.extracted_keywords == ["ml", "Python", "C++"]
    assert row.content == book
    assert result.created


def test_each_term_counts_once_per_event(person, terms):
    track(person, "search", extracted_keywords=["AI", "ml", "ML "], text="machine learning")
    [tag] = tags_of(person).values()
    assert tag.interaction_count == 1


def test_text_is_not_stored(person, terms):
    track(person, "search", text="my secret python question", metadata={"results": 3})
    row = UserInteraction.objects.values().get()
    assert "secret" not in str(row)
    assert row["metadata"] == {"results": 3}


def test_unknown_keywords_become_free_tags_unless_that_is_off(person, terms, settings):
    track(person, "search", extracted_keywords=["Zig"])
    assert tags_of(person)["Zig"].taxonomy is None
    settings.DJANGO_PERSONALIZATION = {"INFER_UNKNOWN_KEYWORDS": False}
    track(person, "search", extracted_keywords=["Nim", "Python"])
    assert set(tags_of(person)) == {"Zig", "Python"}


def test_sensitive_and_retired_terms_are_never_inferred(person, terms):
    book = Book.objects.create(title="x")
    book.topics.add(terms["faith"], terms["retired"])
    result = track(
        person,
        "conversation",
        extracted_keywords=["Religion", "faith", "Flash"],
        text="religion, FAITH and flash",
        content=book,
    )
    assert tags_of(person) == {}
    assert result.interaction.extracted_keywords == ["Flash"]


def test_a_picked_sensitive_tag_gets_no_evidence_either(person, terms):
    tagging.pick(person, taxonomy=terms["faith"])
    track(person, "search", extracted_keywords=["faith"])
    assert tags_of(person)["Religion"].interaction_count == 0


def test_a_stale_snapshot_infers_nothing_that_may_not_be_inferred(person, terms, monkeypatch):
    from django_personalization import learning, vocabulary

    stale = vocabulary.load_vocabulary()
    monkeypatch.setattr(learning, "current_vocabulary", lambda: stale)
    terms["ai"].delete()
    Taxonomy.objects.filter(pk=terms["cpp"].pk).update(is_sensitive=True)
    terms["python"].name = "Snake"
    terms["python"].save()
    result = track(person, "search", text="python, ml and c++")
    assert set(tags_of(person)) == {"Snake"}
    assert result.interaction.fed_terms == {terms["python"].key: terms["python"].pk}


def test_a_repeated_event_id_counts_once_and_gives_the_first_row(person, other, terms):
    first = track(person, "search", extracted_keywords=["Python"], event_id="e1")
    again = track(person, "search", extracted_keywords=["C++"], event_id="e1")
    assert not again.created
    assert again.interaction == first.interaction
    assert set(tags_of(person)) == {"Python"}
    assert track(other, "search", event_id="e1").created
    with pytest.raises(IntegrityError), transaction.atomic():
        UserInteraction.objects.create(user=person, interaction_type="search", event_id="e1")


def test_the_same_object_counts_once_in_thirty_minutes(person, other, terms):
    book = Book.objects.create(title="x")
    book.topics.add(terms["python"])
    now = django_timezone.now()

    def view(minutes_ago, who=person, code="content_view"):
        at = now - timedelta(minutes=minutes_ago)
        return track(who, code, content=book, occurred_at=at).interaction.fed_weight

    assert [view(100), view(80), view(71), view(69)] == [0.5, 0, 0, 0.5]
    assert view(69, who=other) == 0.5
    assert view(69, code="project_view") == 0.5
    assert view(75) == 0
    assert tags_of(person)["Python"].interaction_count == 3
    assert UserInteraction.objects.filter(user=person).count() == 6


def test_the_window_can_be_switched_off(person, terms, settings):
    settings.DJANGO_PERSONALIZATION = {"REPEAT_WINDOW_MINUTES": 0}
    book = Book.objects.create(title="x")
    book.topics.add(terms["python"])
    for _ in range(3):
        track(person, "content_view", content=book)
    assert tags_of(person)["Python"].interaction_count == 3


def test_times_are_kept_between_retention_and_now(person, terms):
    now = django_timezone.now()
    future = track(person, "search", occurred_at=now + timedelta(days=9)).interaction
    past = track(person, "search", occurred_at=datetime(1, 1, 1, tzinfo=timezone.utc)).interaction
    assert abs(future.created_at - now) < timedelta(minutes=1)
    assert abs(past.created_at - (now - timedelta(days=365))) < timedelta(minutes=1)


def test_a_late_event_is_worth_what_is_left_of_it(person, terms):
    at = django_timezone.now() - timedelta(days=30)
    track(person, "search", extracted_keywords=["Python"], occurred_at=at)
    tag = tags_of(person)["Python"]
    assert tag.confidence_score == pytest.approx(scoring.confidence(0.5), rel=1e-6)


def test_faded_tags_are_not_listed(person, terms):
    now = django_timezone.now()
    track(person, "search", extracted_keywords=["Python"])
    assert UserTag.objects.of(person).inferred(now).count() == 1
    assert UserTag.objects.of(person).inferred(now + timedelta(days=90)).count() == 0
    assert UserTag.objects.of(person).listed(now + timedelta(days=90)).count() == 0
    tagging.pick(person, taxonomy=terms["python"])
    assert UserTag.objects.of(person).listed(now + timedelta(days=900)).count() == 1


def choose(person, **choices):
    PersonalizationSettings.objects.update_or_create(user=person, defaults=choices)


@pytest.mark.parametrize(
    ("choices", "required", "reason"),
    [
        (None, False, None),
        (None, True, "consent_missing"),
        ({"consent": "granted"}, True, None),
        ({"consent": "denied"}, False, "consent_denied"),
        ({"consent": "unset"}, True, "consent_missing"),
        ({"paused": True}, False, "paused"),
        ({"consent": "granted", "paused": True}, True, "paused"),
    ],
)
def test_consent_is_asked_where_data_comes_in(person, terms, settings, choices, required, reason):
    settings.DJANGO_PERSONALIZATION = {"REQUIRE_CONSENT": required}
    if choices is not None:
        choose(person, **choices)
    result = track(person, "search", extracted_keywords=["Python"])
    assert result.reason == reason
    assert result.stored == (reason is None)
    assert UserInteraction.objects.exists() == (reason is None)
    assert UserTag.objects.exists() == (reason is None)


def test_strangers_are_not_tracked(terms):
    assert track(AnonymousUser(), "search", text="python").reason == "anonymous"
    assert not UserInteraction.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "field", "words"),
    [
        ({"interaction_type": "vote"}, "interaction_type", "project_view, project_create"),
        ({"metadata": {"a": "\x00"}}, "metadata", "a contains a NUL"),
        ({"metadata": []}, "metadata", "JSON object"),
        ({"extracted_keywords": "python"}, "extracted_keywords", "list of keywords, got str"),
        ({"extracted_keywords": ["x"] * 21}, "extracted_keywords", "21 keywords"),
        ({"extracted_keywords": ["ok", "x" * 101]}, "extracted_keywords", "[1] is 101"),
        ({"extracted_keywords": [3]}, "extracted_keywords", "[0] expected text"),
        ({"text": "x" * 9000}, "text", "9,000 bytes"),
        ({"content": "book 3"}, "content", "saved model instance"),
        ({"content": Book()}, "content", "saved model instance"),
        ({"event_id": ""}, "event_id", "blank"),
        ({"event_id": "x" * 65}, "event_id", "64"),
        ({"occurred_at": datetime(2026, 1, 1)}, "occurred_at", "time zone"),  # noqa: DTZ001
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_stored(person, terms, arguments, field, words):
    given = {"interaction_type": "search", "extracted_keywords": ["Python"], **arguments}
    with pytest.raises(InvalidInput) as caught:
        track(person, **given)
    assert list(caught.value.errors) == [field]
    assert words in caught.value.errors[field][0]
    assert not UserInteraction.objects.exists()
    assert not UserTag.objects.exists()


def test_one_wrong_event_does_not_stop_the_others(person, terms):
    results = track_many(
        person,
        [
            Event("search", extracted_keywords=["Python"], event_id="a"),
            Event("vote"),
            Event("search", extracted_keywords=["Python"], event_id="b"),
            Event("search", extracted_keywords=["Python"], event_id="a"),
        ],
    )
    assert [result.created for result in results] == [True, False, True, False]
    assert results[3].interaction == results[0].interaction
    assert "interaction_type" in results[1].errors
    assert tags_of(person)["Python"].interaction_count == 2


def test_many_events_cost_as_many_queries_as_one(person, terms, django_assert_max_num_queries):
    books = [Book.objects.create(title=str(i)) for i in range(10)]
    for book in books:
        book.topics.add(terms["python"], terms["ai"])
    track(person, "search", text="python", content=books[0], event_id="warm up")

    def events(count):
        return [
            Event("content_view", text="c++", content=books[i % 10], event_id=f"{count}-{i}")
            for i in range(count)
        ]

    # One counts the use of the books; two settle that the person's decision holds: a lock, on
    # PostgreSQL, and a read.
    with django_assert_max_num_queries(14):
        track_many(person, events(1))
    with django_assert_max_num_queries(14):
        track_many(person, events(40))


def test_taking_back_restores_what_was(person, terms):
    track(person, "search", extracted_keywords=["Python"])
    before = tags_of(person)["Python"]
    second = track(person, "project_create", text="python and ml").interaction
    take_back(second)
    after = tags_of(person)
    assert set(after) == {"Python"}
    assert after["Python"].interaction_count == 1
    assert after["Python"].evidence == pytest.approx(before.evidence, rel=1e-12)
    assert not UserInteraction.objects.filter(pk=second.pk).exists()
    with pytest.raises(UserInteraction.DoesNotExist):
        take_back(second)


def test_taking_back_leaves_picks_and_dismissals(person, terms):
    row = track(person, "search", text="python and ml").interaction
    tagging.pick(person, taxonomy=terms["python"])
    tagging.drop(tags_of(person)["AI & Machine Learning"])
    take_back(row)
    tags = tags_of(person)
    assert (tags["Python"].evidence, tags["Python"].confidence_score) == (0, 1)
    assert tags["AI & Machine Learning"].state == "dismissed"
    assert tags["AI & Machine Learning"].evidence == 0


def test_what_a_dismissed_tag_did_not_get_is_not_taken_from_it(person, terms):
    track(person, "search", extracted_keywords=["Python"])
    tag = tagging.drop(tags_of(person)["Python"])
    ignored = track(person, "search", extracted_keywords=["Python"]).interaction
    assert ignored.fed_terms == {}
    take_back(ignored)
    tag.refresh_from_db()
    assert tag.interaction_count == 1


def test_taking_back_finds_a_tag_that_was_renamed(person, terms):
    row = track(person, "search", extracted_keywords=["Python"]).interaction
    terms["python"].name = "Snake"
    terms["python"].save()
    take_back(row)
    assert tags_of(person) == {}


def test_labels_of_other_models_are_terms_too(person, terms):
    content.register(Note, terms="labels")
    try:
        note = Note.objects.create()
        note.labels.add(Label.objects.create(name="ML"), Label.objects.create(name="Zig"))
        track(person, "content_view", content=note)
    finally:
        content.unregister(Note)
    assert set(tags_of(person)) == {"AI & Machine Learning", "Zig"}


def test_content_that_is_not_registered_is_only_a_reference(person, terms):
    note = Note.objects.create()
    row = track(person, "content_view", content=note).interaction
    assert row.content == note
    assert tags_of(person) == {}


def test_hosts_hear_of_events_after_commit(person, terms, django_capture_on_commit_callbacks):
    heard = []

    def listen(interactions, **kwargs):
        heard.extend(interactions)

    interactions_tracked.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            row = track(person, "search", text="python").interaction
            assert heard == []
    finally:
        interactions_tracked.disconnect(listen)
    assert heard == [row]


def test_a_hosts_own_type(person, terms, settings):
    settings.DJANGO_PERSONALIZATION = {
        "INTERACTION_TYPES": {"vote": {"label": "Vote", "weight": 2, "source": "auto_activity"}}
    }
    row = track(person, "vote", extracted_keywords=["Python"]).interaction
    assert row.get_interaction_type_display() == "Vote"
    assert tags_of(person)["Python"].confidence_score == pytest.approx(0.5)
    assert app_settings.interaction_types["vote"].weight == 2


def test_erasing_the_person_leaves_nothing(person, terms):
    track(person, "search", text="python")
    choose(person, paused=True)
    person.delete()
    assert not UserTag.objects.exists()
    assert not UserInteraction.objects.exists()
    assert not PersonalizationSettings.objects.exists()


def test_a_term_that_becomes_sensitive_is_listed_no_more(person, terms):
    track(person, "project_create", extracted_keywords=["Python"])
    Taxonomy.objects.filter(pk=terms["python"].pk).update(is_sensitive=True)
    now = django_timezone.now()
    assert not UserTag.objects.of(person).inferred(now).exists()
    assert not UserTag.objects.of(person).listed(now).exists()


def test_a_keyword_that_mentions_a_sensitive_term_is_left_out(person, terms):
    row = track(person, "search", extracted_keywords=["my religion", "Zig"]).interaction
    assert row.extracted_keywords == ["Zig"]
    assert set(tags_of(person)) == {"Zig"}


def test_taking_back_finds_a_free_tag_that_became_a_term(person, terms):
    row = track(person, "search", extracted_keywords=["Zig"]).interaction
    zig = Taxonomy.objects.create(name="Zig", category="skill")
    zig.name = "Zig language"
    zig.save()
    take_back(row)
    assert tags_of(person) == {}


def test_taking_back_from_a_merged_tag_takes_both_parts(person, terms):
    Taxonomy.objects.create(name="Zig language", category="skill")
    row = track(person, "search", extracted_keywords=["Zig", "Zig language"]).interaction
    term = Taxonomy.objects.get(name="Zig language")
    term.name = "Zig"
    term.save()
    assert tags_of(person)["Zig"].interaction_count == 2
    take_back(row)
    assert tags_of(person) == {}


def test_names_that_cannot_be_tags_are_passed_over(person, terms):
    content.register(Note, terms="labels")
    try:
        note = Note.objects.create()
        note.labels.add(Label.objects.create(name="\u200b"), Label.objects.create(name="Zig"))
        track(person, "content_view", content=note)
    finally:
        content.unregister(Note)
    assert set(tags_of(person)) == {"Zig"}


def test_a_lazy_object_is_content_too(person, terms):
    book = Book.objects.create(title="x")
    book.topics.add(terms["cpp"])
    row = track(person, "content_view", content=SimpleLazyObject(lambda: book)).interaction
    assert row.content == book
    assert set(tags_of(person)) == {"C++"}


def test_history_survives_the_end_of_a_content_type(person, terms):
    book = Book.objects.create(title="x")
    row = track(person, "content_view", content=book).interaction
    ContentType.objects.get_for_model(Book).delete()
    ContentType.objects.clear_cache()
    assert UserInteraction.objects.get(pk=row.pk).content is None


def test_times_long_gone_do_no_harm(person, terms, settings):
    settings.DJANGO_PERSONALIZATION = {"INTERACTION_RETENTION_DAYS": None}
    at = datetime(1936, 11, 20, tzinfo=timezone.utc)
    for _ in range(2):
        track(person, "search", extracted_keywords=["Python"], occurred_at=at)
    call_command("refresh_tags", verbosity=0)
    assert UserInteraction.objects.earliest("created_at").created_at.year == 1970


def test_text_that_expands_is_refused(person, terms):
    with pytest.raises(InvalidInput, match="normalized"):
        track(person, "search", text="\ufdfa" * 2700)


def test_text_just_within_the_limit_is_matched(person, terms):
    row = track(person, "search", text="é python " * 800).interaction
    assert row.extracted_keywords == ["Python"]
    with pytest.raises(InvalidInput, match="normalized"):
        track(person, "search", text="\ufdfa" * 456)
