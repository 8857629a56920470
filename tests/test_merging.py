"""Synonyms become one term: nobody loses anything, and it can be taken back."""

import threading
import time
from threading import Event

import pytest
from django.db import transaction
from django.db.models.signals import post_delete
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from django_personalization import learning, scoring, tagging
from django_personalization.content import register, unregister
from django_personalization.evidence import events_that_fed
from django_personalization.exceptions import InvalidInput
from django_personalization.merging import merge_terms, plan_merge, undo_merge
from django_personalization.merging.hierarchy import broader_term
from django_personalization.models import (
    AuditEntry,
    RelationSuggestion,
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    UserInteraction,
    UserTag,
)
from django_personalization.signals import tags_changed
from django_personalization.tracking import take_back
from django_personalization.vocabulary import current_vocabulary, load_vocabulary
from tests.hosts.clubs.models import Badge, Club, Guide, Interest, Prize, Vote
from tests.hosts.library.models import Book, Essay, Film, Link
from tests.synonyms import (
    dismiss,
    drop_picked,
    heavy,
    hide,
    infer,
    pick,
    relate,
    search,
    snapshot,
    stopped_after,
    suggest,
    tags_of,
    term,
)
from tests.test_concurrency import together

pytestmark = pytest.mark.django_db


# People's tags


def test_evidence_and_counts_add_up(person, py, snake):
    search(person, "Python", times=2)
    search(person, "py3k")
    before = UserTag.objects.of(person).get(name="Python").evidence
    more = UserTag.objects.of(person).get(name="Python 3").evidence
    merged = merge_terms(py, [snake])
    [tag] = UserTag.objects.of(person)
    assert (tag.name, tag.taxonomy, tag.key) == ("Python", py, py.key)
    assert tag.interaction_count == 3
    assert tag.evidence == before + more
    assert tag.confidence_score == pytest.approx(tag.confidence_at(timezone.now()), rel=1e-3)
    assert (merged.terms, merged.tags, merged.people) == (1, 1, 1)


def test_who_has_the_synonym_only_has_the_term_now(person, py, snake):
    search(person, "py3k")
    before = UserTag.objects.get()
    merge_terms(py, [snake])
    tag = UserTag.objects.get()
    assert (tag.pk, tag.name, tag.key, tag.taxonomy) == (before.pk, "Python", py.key, py)
    assert (tag.evidence, tag.created_at) == (before.evidence, before.created_at)
    assert tag.updated_at == before.updated_at


@pytest.mark.parametrize(
    ("kept", "gone", "source", "state", "weight"),
    [
        (infer, pick, "manual", "active", 1),
        (pick, infer, "manual", "active", 1),
        (infer, dismiss, "auto_activity", "dismissed", 1),
        (dismiss, infer, "auto_activity", "dismissed", 1),
        (pick, dismiss, "manual", "dismissed", 1),
        (dismiss, pick, "manual", "dismissed", 1),
        (drop_picked, hide, "manual", "hidden", 1),
        (hide, drop_picked, "manual", "hidden", 1),
        (infer, heavy, "manual", "active", 2),
        (heavy, dismiss, "manual", "dismissed", 2),
        (None, drop_picked, "manual", "dismissed", 1),
        (None, dismiss, "auto_activity", "dismissed", 1),
        (None, heavy, "manual", "active", 2),
        (pick, None, "manual", "active", 1),
    ],
)
def test_a_pick_a_no_and_a_weight_survive(person, py, snake, kept, gone, source, state, weight):
    for do, which in ((kept, py), (gone, snake)):
        if do is not None:
            do(person, which)
    count = sum(UserTag.objects.values_list("interaction_count", flat=True))
    merge_terms(py, [snake])
    tag = UserTag.objects.get()
    assert (tag.source, tag.state, tag.weight) == (source, state, weight)
    assert (tag.taxonomy, tag.interaction_count) == (py, count)
    assert not search(person, "py3k").fed_terms or state == "active"


def test_several_terms_at_once_in_small_batches(make_person, py, snake):
    third = term("CPython")
    people = [make_person(f"p{number}") for number in range(7)]
    for number, someone in enumerate(people):
        names = ["Python", "Python 3", "CPython"][: 1 + number % 3]
        search(someone, *names)
    calls = []
    plan = plan_merge(py, [snake, third])
    merged = merge_terms(
        py, [snake, third], batch_size=2, progress=lambda *done: calls.append(done)
    )
    assert UserTag.objects.filter(taxonomy=py).count() == UserTag.objects.count() == 7
    assert sum(UserTag.objects.values_list("interaction_count", flat=True)) == 13
    assert (merged.terms, merged.tags, merged.people) == (2, 6, 4)
    assert (plan.tags, plan.people, plan.joined) == (6, 4, 6)
    assert calls[-1] == (6, 6)
    assert [done for done, _total in calls] == sorted(done for done, _total in calls)


def test_hosts_hear_of_changed_tags(person, py, snake, django_capture_on_commit_callbacks):
    search(person, "py3k")
    heard = []

    def listen(sender, user_id, keys, **kwargs):
        heard.append((user_id, keys))

    tags_changed.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            merge_terms(py, [snake])
    finally:
        tags_changed.disconnect(listen)
    assert heard == [(person.pk, sorted([py.key, snake.key]))]


def test_a_batch_costs_the_same_whatever_its_size(
    make_person, py, snake, django_assert_max_num_queries
):
    for number in range(20):
        search(make_person(f"p{number}"), "Python 3", *["Python"][: number % 2])
    with django_assert_max_num_queries(130) as few:
        merge_terms(py, [snake])
    again = term("Py")
    for number in range(60):
        search(make_person(f"q{number}"), "Py", *["Python"][: number % 2])
    with django_assert_max_num_queries(130) as many:
        merge_terms(py, [again])
    assert len(many) <= len(few)


# The vocabulary


def test_names_and_aliases_mean_the_term_that_stays(py, snake):
    merge_terms(py, [snake])
    vocabulary = current_vocabulary()
    assert {vocabulary.resolve(name).name for name in ("python 3", "PY3K", "Python")} == {"Python"}
    assert [found.name for found in vocabulary.match("python 3 and py3k")] == ["Python"]
    assert not Taxonomy.objects.filter(slug=snake.slug).exists()
    assert set(py.aliases.values_list("name", flat=True)) == {"Python 3", "Py3k"}
    assert all(alias.full_clean() is None for alias in py.aliases.all())


def test_an_alias_like_the_name_that_stays_is_needed_no_more(py, snake):
    # No door writes these two: a name wins over an alias that is spelled alike.
    other = term("Snakes")
    TaxonomyAlias.objects.bulk_create(
        [
            TaxonomyAlias(taxonomy=snake, name="python"),
            TaxonomyAlias(taxonomy=other, name="PYTHON 3"),
        ]
    )
    merge_terms(py, [snake])
    assert current_vocabulary().resolve("python 3").name == "Python"
    assert set(py.aliases.values_list("name", flat=True)) == {"PYTHON 3", "Py3k"}


def test_relations_come_along_and_the_stronger_wins(py, snake):
    django, flask, numpy = term("Django"), term("Flask"), term("NumPy")
    relate(py, snake, 0.9)
    relate(py, django, 0.3, is_symmetric=False)
    relate(snake, django, 0.8)
    relate(snake, flask, 0.4, is_symmetric=False)
    relate(numpy, snake, 0.6)
    plan = plan_merge(py, [snake])
    merge_terms(py, [snake])
    rows = TaxonomyRelation.objects.order_by("pk")
    assert list(rows.values_list("source", "target", "weight", "is_symmetric")) == [
        (py.pk, django.pk, 0.8, True),
        (py.pk, flask.pk, 0.4, False),
        (numpy.pk, py.pk, 0.6, True),
    ]
    assert plan.relations == 5


def test_decisions_about_suggestions_are_kept(py, snake):
    django, flask = term("Django"), term("Flask")
    suggest(py, django, status="open", score=0.2, people_support=9)
    suggest(snake, django, status="rejected", score=0.4, people_support=7)
    suggest(snake, flask, status="accepted", item_support=5)
    suggest(py, snake)
    merge_terms(py, [snake])
    rows = RelationSuggestion.objects.order_by("pk")
    shown = rows.values_list("source", "target", "status", "score", "people_support")
    assert list(shown) == [
        (py.pk, django.pk, "rejected", 0.4, 9),
        (py.pk, flask.pk, "accepted", 0.0, 0),
    ]


def test_suggestions_keep_their_order_when_the_younger_term_stays(py, snake):
    django = term("Django")
    young = term("Python language")
    suggest(py, django)
    merge_terms(young, [py])
    row = RelationSuggestion.objects.get()
    assert (row.source, row.target) == (django, young)


def test_narrower_terms_come_along_without_a_circle(py, snake):
    asyncio = term("asyncio", parent=snake)
    languages = term("Languages")
    py.parent = asyncio
    py.save()
    snake.parent = languages
    snake.save()
    plan = plan_merge(py, [snake])
    assert plan.narrower == ["asyncio"]
    assert any("Languages" in warning for warning in plan.warnings)
    merge_terms(py, [snake])
    py.refresh_from_db()
    asyncio.refresh_from_db()
    assert (py.parent, asyncio.parent) == (languages, py)
    assert all(row.full_clean() is None for row in Taxonomy.objects.all())


@given(st.data())
def test_broader_terms_never_make_a_circle(data):
    number = data.draw(st.integers(2, 9))
    parents = {0: None}
    for pk in range(1, number):
        parents[pk] = data.draw(st.none() | st.integers(0, pk - 1))
    order = data.draw(st.permutations(range(number)))
    keep, *rest = order
    merged = rest[: data.draw(st.integers(1, len(rest)))]
    parent = broader_term(keep, merged, parents)
    after = {
        pk: keep if above in merged else above for pk, above in parents.items() if pk not in merged
    }
    after[keep] = parent
    assert parent not in {keep, *merged}
    for pk in after:
        assert pk not in _above(pk, after)
    own = parents[keep]
    if own is not None and own not in merged and not set(merged) & _above(keep, parents):
        assert parent == own


def _above(pk, parents):
    found = set()
    above = parents[pk]
    while above is not None and above not in found:
        found.add(above)
        above = parents[above]
    return found


def test_no_protection_is_lost(person, py):
    faith = term("Faith in snakes", is_sensitive=True)
    tagging.pick(person, taxonomy=faith)
    search(person, "Python")
    plan = plan_merge(py, [faith])
    assert any("becomes sensitive" in warning for warning in plan.warnings)
    merge_terms(py, [faith])
    py.refresh_from_db()
    assert py.is_sensitive
    search(person, "python", "faith in snakes")
    assert UserTag.objects.get().interaction_count == 1


def test_warnings(py):
    assert plan_merge(py, [term("Python 3")]).warnings == []
    odd = term("Snakes", category="interest", is_active=False, parent=py)
    warnings = " ".join(plan_merge(py, [odd]).warnings)
    assert "different categories" in warnings
    assert "inactive" in warnings
    assert "broader" in warnings
    assert "will not be offered" in " ".join(plan_merge(odd, [py]).warnings)


@pytest.mark.parametrize("wrong", ["nothing", "itself", "gone"])
def test_what_cannot_be_merged_is_refused(py, snake, wrong):
    if wrong == "gone":
        Taxonomy.objects.filter(pk=snake.pk).delete()
    merged = {"nothing": [], "itself": [snake, py], "gone": [snake]}[wrong]
    before = snapshot()
    for call in (plan_merge, merge_terms):
        with pytest.raises(InvalidInput) as refusal:
            call(py, merged)
        assert list(refusal.value.errors) == ["merged"]
    assert snapshot() == before
    assert not AuditEntry.objects.exists()


# The host's rows


def test_every_row_of_the_host_points_at_the_term_that_stays(py, snake):
    both, one = Book.objects.create(title="both"), Book.objects.create(title="one")
    both.topics.set([py, snake])
    one.topics.set([snake])
    essay = Essay.objects.create(title="x", topic=snake)
    film = Film.objects.create(title="x")
    Link.objects.create(film=film, topic=snake, weight=2)
    plan = plan_merge(py, [snake])
    merged = merge_terms(py, [snake], batch_size=1)
    essay.refresh_from_db()
    assert [list(book.topics.all()) for book in (both, one)] == [[py], [py]]
    assert (essay.topic, Link.objects.get().topic) == (py, py)
    expected = {"library.book_topics.taxonomy": (1, 1), "library.essay.topic": (1, 0)}
    assert merged.content == {**expected, "library.link.topic": (1, 0)}
    assert plan.content == merged.content


def test_an_item_has_a_term_once(py, snake):
    third = term("CPython")
    club = Club.objects.create(name="x")
    for topic in (snake, third, snake):
        Interest.objects.create(club=club, topic=topic)
    other = Club.objects.create(name="y")
    Interest.objects.create(club=other, topic=py, strength="0.5")
    doubled = Interest.objects.create(club=other, topic=snake)
    Vote.objects.create(interest=doubled)
    plan = plan_merge(py, [snake, third])
    assert any("clubs.Interest" in warning for warning in plan.warnings)
    merged = merge_terms(py, [snake, third], batch_size=1)
    rows = Interest.objects.order_by("pk").values_list("club", "topic", "strength")
    assert list(rows) == [(club.pk, py.pk, 1), (other.pk, py.pk, 0.5)]
    assert merged.content["clubs.interest.topic"] == (1, 3)


def test_a_table_that_was_registered_as_the_one_in_between(py, snake):
    film = Film.objects.create(title="x")
    for topic in (py, snake):
        Link.objects.create(film=film, topic=topic)
    register(Film, terms="links__topic")
    try:
        merge_terms(py, [snake])
    finally:
        unregister(Film)
    assert Link.objects.get().topic == py


def test_constraints_of_the_host_are_kept(py, snake):
    for year in (1999, 2001):
        for topic in (py, snake):
            Prize.objects.create(topic=topic, year=year)
    Guide.objects.create(topic=py, text="kept")
    Guide.objects.create(topic=snake, text="double")
    merge_terms(py, [snake])
    years = Prize.objects.filter(topic=py).values_list("year", flat=True)
    assert sorted(years) == [1999, 1999, 2001]
    assert Guide.objects.get().text == "kept"


def test_a_row_whose_key_is_the_term_is_in_the_way(py, snake):
    Badge.objects.create(topic=snake)
    [problem] = plan_merge(py, [snake]).problems
    assert "clubs.Badge" in problem
    before = snapshot()
    with pytest.raises(InvalidInput, match=r"clubs\.Badge"):
        merge_terms(py, [snake])
    assert snapshot() == before
    Badge.objects.create(topic=py)
    assert plan_merge(py, [snake]).problems == []
    merge_terms(py, [snake])
    assert Badge.objects.get().topic == py


def test_merging_knows_every_key_of_ours_to_the_terms():
    known = {
        "usertag.taxonomy",
        "taxonomyalias.taxonomy",
        "taxonomyrelation.source",
        "taxonomyrelation.target",
        "relationsuggestion.source",
        "relationsuggestion.target",
        "taxonomy.parent",
    }
    ours = {
        f"{relation.related_model._meta.model_name}.{relation.field.name}"
        for relation in Taxonomy._meta.get_fields(include_hidden=True)
        if relation.auto_created
        and not relation.concrete
        and relation.related_model._meta.app_label == "django_personalization"
    }
    assert ours == known


# What was learnt from events, taken back


def test_taking_back_what_fed_a_merged_term(person, py, snake):
    event = search(person, "py3k")
    search(person, "Python")
    merge_terms(py, [snake])
    take_back(event)
    tag = UserTag.objects.get()
    assert tag.interaction_count == 1
    assert tag.evidence == pytest.approx(scoring.growth(timezone.now(), 30), rel=1e-3)


def test_the_events_of_a_merged_term_are_found(person, py, snake):
    events = [search(person, "py3k"), search(person, "Python"), search(person, "free")]
    merge_terms(py, [snake])
    tag = UserTag.objects.get(taxonomy=py)
    assert set(events_that_fed(tag)) == set(events[:2])


def test_taking_back_an_event_that_fed_both(person, py, snake):
    event = search(person, "py3k", "Python")
    merge_terms(py, [snake])
    assert UserTag.objects.get().interaction_count == 2
    assert event.extracted_keywords == ["py3k", "Python"]
    take_back(event)
    assert not UserTag.objects.exists()


def test_taking_back_in_the_middle_of_a_merge(make_person, py, snake):
    people = [make_person(f"p{number}") for number in range(3)]
    events = [search(someone, "py3k", "Python") for someone in people]
    with stopped_after(3):
        merge_terms(py, [snake], batch_size=1)
    assert 0 < UserTag.objects.filter(taxonomy=snake).count() < 3
    for event in events:
        take_back(event)
    assert not UserTag.objects.exists()
    merge_terms(py, [snake])


def test_an_event_under_way_follows_the_name(person, py, snake, monkeypatch):
    stale = load_vocabulary()
    merge_terms(py, [snake])
    snapshots = iter([stale])
    monkeypatch.setattr(
        learning, "current_vocabulary", lambda: next(snapshots, None) or load_vocabulary()
    )
    event = search(person, "py3k", "free")
    assert event.fed_terms.keys() >= {py.key}
    assert tags_of(person)["Python"].interaction_count == 1


def test_a_pick_under_way_follows_the_name(person, py, snake, monkeypatch):
    stale = load_vocabulary()
    merge_terms(py, [snake])
    snapshots = iter([stale])
    monkeypatch.setattr(
        tagging, "current_vocabulary", lambda: next(snapshots, None) or load_vocabulary()
    )
    tag, _created = tagging.pick(person, name="py3k")
    assert tag.taxonomy == py


# On PostgreSQL, with everybody at work


def one_after_the_other(first, second):
    """Run ``second`` in another thread while the transaction of ``first`` has not committed."""
    done = Event()

    def hold():
        with transaction.atomic():
            first()
            done.set()
            time.sleep(0.5)

    def follow():
        assert done.wait(timeout=20)
        second()

    together(lambda number: (hold, follow)[number](), threads=2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_merge_waits_for_an_event_that_is_under_way(person, py, snake):
    search(person, "py3k")
    one_after_the_other(lambda: search(person, "python"), lambda: merge_terms(py, [snake]))
    assert UserTag.objects.get().interaction_count == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_event_and_a_pick_wait_for_a_merge_that_is_under_way(person, other, py, snake):
    def go_on():
        search(person, "py3k")
        tagging.pick(other, name="python 3")

    one_after_the_other(lambda: merge_terms(py, [snake]), go_on)
    assert {tag.taxonomy for tag in UserTag.objects.all()} == {py}
    assert UserTag.objects.count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_taking_back_waits_for_a_merge_that_is_under_way(person, py, snake):
    event = search(person, "py3k")
    one_after_the_other(lambda: merge_terms(py, [snake]), lambda: take_back(event))
    assert not UserTag.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["one", "many"])
def test_deleting_a_term_and_merging_others_do_not_wait_for_each_other(py, snake, way):
    gone = term("Gone")
    TaxonomyAlias.objects.create(taxonomy=gone, name="Gone too")
    reached = Event()

    def pause(sender, **kwargs):
        if threading.current_thread() is deleting[0]:
            reached.set()
            time.sleep(0.5)

    deleting = []

    def work(number):
        if number:
            assert reached.wait(timeout=20)
            merge_terms(py, [snake])
        else:
            deleting.append(threading.current_thread())
            (gone if way == "one" else Taxonomy.objects.filter(pk=gone.pk)).delete()

    # Between the aliases, which go first, and the term.
    post_delete.connect(pause, sender=TaxonomyAlias)
    try:
        together(work, threads=2)
    finally:
        post_delete.disconnect(pause, sender=TaxonomyAlias)
    assert list(Taxonomy.objects.all()) == [py]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("undone", [False, True])
def test_nothing_is_lost_while_people_go_on(make_person, monkeypatch, tmp_path, undone):
    now = timezone.now()
    monkeypatch.setattr(learning.timezone, "now", lambda: now)
    terms = py, snake, third = term("Python"), term("Python 3"), term("CPython")
    TaxonomyAlias.objects.create(taxonomy=snake, name="Py3k")
    people = [make_person(f"p{number}") for number in range(6)]
    for someone in people:
        search(someone, "Py3k", "CPython")

    def work(number):
        if number:
            be_active(people, number)
        else:
            merge_terms(py, [snake, third], batch_size=2, undo=tmp_path / "undo")
        if undone and not number:
            undo_merge(tmp_path / "undo")

    together(work, threads=9)
    tags = UserTag.objects.all()
    fed = sum(len(row.fed_terms) for row in UserInteraction.objects.all())
    assert sum(tags.values_list("interaction_count", flat=True)) == fed
    evidence = sum(tags.values_list("evidence", flat=True))
    assert evidence == pytest.approx(fed * scoring.growth(now, 30), rel=1e-9)
    assert UserInteraction.objects.count() == 6 + 8 * 35
    assert all(tag.taxonomy in terms or tag.name == "free" for tag in tags)
    if not undone:
        merged = tags.exclude(name="free")
        assert {(tag.taxonomy, tag.source) for tag in merged} == {(py, "manual")}


def be_active(people, number):
    """Track 40 events, take 5 of them back, and pick."""
    names = ["Python", "Py3k", "Python 3", "CPython"]
    for turn in range(40):
        someone = people[(number + turn) % len(people)]
        event = search(someone, names[turn % 4], names[(turn + 1) % 4], "free")
        if turn % 8 == 7:
            take_back(event)
        if turn % 10 == 9:
            tagging.pick(someone, name=names[turn % 4])
