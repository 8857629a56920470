"""Which events fed a tag, and what each of them is worth: what is shown is what deleting takes."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_personalization import scoring, tagging
from django_personalization.content import register, unregister
from django_personalization.evidence import events_that_fed, evidence_of, tags_fed_by
from django_personalization.models import Taxonomy, TaxonomyAlias, UserInteraction, UserTag
from django_personalization.refreshing import refresh_confidence
from django_personalization.tracking import Event, take_back, track, track_many
from tests.hosts.library.models import Bestseller, Book

pytestmark = pytest.mark.django_db


def tag_called(person, name):
    return UserTag.objects.of(person).get(name=name)


def fed(tag):
    return set(events_that_fed(tag).values_list("pk", flat=True))


def search(person, *names, **event):
    return track(person, "search", extracted_keywords=names, **event).interaction


def same_both_ways(person):
    """Ask each event for its tags and each tag for its events; return how many pairs there are."""
    rows = list(UserInteraction.objects.filter(user=person))
    pairs = {
        (tag.pk, r.pk) for r, tags in zip(rows, tags_fed_by(rows), strict=True) for tag in tags
    }
    tags = UserTag.objects.of(person).with_taxonomies()
    assert pairs == {(tag.pk, pk) for tag in tags for pk in fed(tag)}
    return len(pairs)


def test_the_events_of_a_tag(person, other, terms):
    first = search(person, "Python", "ML")
    second = search(person, "python")
    search(person, "Zig")
    search(person)
    search(other, "Python")
    assert fed(tag_called(person, "Python")) == {first.pk, second.pk}
    assert fed(tag_called(person, "AI & Machine Learning")) == {first.pk}
    assert fed(tagging.pick(person, taxonomy=terms["cpp"])[0]) == set()
    assert same_both_ways(person) == 4


def test_ids_that_begin_or_end_alike_are_told_apart(person, terms):
    names = [f"Term {number}" for number in range(120)]
    Taxonomy.objects.bulk_create(Taxonomy(name=name, category="skill") for name in names)
    for start in range(0, 120, 6):
        search(person, *names[start : start + 6])
    assert same_both_ways(person) == 120


def test_a_renamed_term(person, terms):
    before = search(person, "Python")
    terms["python"].name = "Snake"
    terms["python"].save()
    after = search(person, "Snake")
    assert fed(tag_called(person, "Snake")) == {before.pk, after.pk}
    TaxonomyAlias.objects.all().delete()
    assert fed(tag_called(person, "Snake")) == {before.pk, after.pk}
    assert same_both_ways(person) == 2


def test_a_free_tag_that_became_a_term_and_was_renamed(person, terms):
    before = search(person, "Zig")
    zig = Taxonomy.objects.create(name="Zig", category="skill")
    zig.name = "Zig language"
    zig.save()
    after = search(person, "zig")
    assert fed(tag_called(person, "Zig language")) == {before.pk, after.pk}
    assert same_both_ways(person) == 2


def test_a_term_that_was_deleted_and_whose_name_means_another_one(person, terms):
    before = search(person, "Python")
    terms["python"].delete()
    assert fed(tag_called(person, "Python")) == {before.pk}
    TaxonomyAlias.objects.create(taxonomy=terms["cpp"], name="Python")
    assert fed(tag_called(person, "C++")) == {before.pk}
    assert same_both_ways(person) == 1
    take_back(before)
    assert not UserTag.objects.of(person).exists()


def test_a_name_that_went_from_one_term_to_another(person, terms):
    before = search(person, "Python")
    terms["python"].name = "Snake"
    terms["python"].save()
    TaxonomyAlias.objects.filter(name="Python").delete()
    new = Taxonomy.objects.create(name="Python", category="skill", slug="another")
    after = search(person, "Python")
    assert (fed(tag_called(person, "Snake")), fed(tag_called(person, "Python"))) == (
        {before.pk},
        {after.pk},
    )
    # Without a tag of its term the event has nothing left to speak for.
    UserTag.objects.get(name="Snake").delete()
    assert fed(tag_called(person, "Python")) == {after.pk}
    take_back(before)
    assert UserTag.objects.get(taxonomy=new).interaction_count == 1


def test_a_term_that_free_tags_have_not_followed_yet(person, terms):
    event = search(person, "Zig")
    # Without signals, as an import in SQL would.
    [zig] = Taxonomy.objects.bulk_create([Taxonomy(name="Zig", category="skill")])
    assert tag_called(person, "Zig").taxonomy is None
    assert fed(tag_called(person, "Zig")) == {event.pk}
    UserTag.objects.create(user=person, taxonomy=zig, name="Zig!", key="0" * 32)
    assert fed(tag_called(person, "Zig")) == set()
    assert fed(tag_called(person, "Zig!")) == {event.pk}
    assert same_both_ways(person) == 1


def test_a_name_wins_over_an_alias_that_is_spelled_alike(person, terms):
    event = search(person, "Zig")
    TaxonomyAlias.objects.bulk_create([TaxonomyAlias(taxonomy=terms["cpp"], name="Zig")])
    tagging.pick(person, taxonomy=terms["cpp"])
    Taxonomy.objects.create(name="Zig", category="skill")
    assert fed(tag_called(person, "Zig")) == {event.pk}
    assert fed(tag_called(person, "C++")) == set()
    assert same_both_ways(person) == 1


def test_a_term_that_was_merged_into_another_one(person, terms):
    """A merge leaves the name as an alias; the term itself may stay, offered no more."""
    event = search(person, "Python")
    Taxonomy.objects.filter(pk=terms["python"].pk).update(is_active=False)
    TaxonomyAlias.objects.bulk_create([TaxonomyAlias(taxonomy=terms["cpp"], name="Python")])
    # Until the person's tag has been moved, it is still that of the old term.
    assert fed(tag_called(person, "Python")) == {event.pk}
    UserTag.objects.of(person).update(taxonomy=terms["cpp"], name="C++", key=terms["cpp"].key)
    assert fed(tag_called(person, "C++")) == {event.pk}
    assert same_both_ways(person) == 1


def test_a_retired_term_keeps_its_events(person, terms):
    event = search(person, "Python")
    Taxonomy.objects.filter(pk=terms["python"].pk).update(is_active=False)
    assert fed(tag_called(person, "Python")) == {event.pk}
    assert same_both_ways(person) == 1


def test_a_key_of_nothing_but_digits(person, terms):
    tag = UserTag.objects.create(user=person, name="x", key="1" * 32, source="auto_activity")
    row = UserInteraction.objects.create(
        user=person, interaction_type="search", fed_terms={tag.key: None}, fed_weight=1
    )
    gone = UserInteraction.objects.create(
        user=person, interaction_type="search", fed_terms={tag.key: 999999}, fed_weight=1
    )
    UserInteraction.objects.create(
        user=person, interaction_type="search", fed_terms={tag.key: terms["ai"].pk}, fed_weight=1
    )
    assert fed(tag) == {row.pk, gone.pk}
    assert same_both_ways(person) == 2


def test_what_an_event_adds_is_what_deleting_it_takes(person, terms):
    start = timezone.now()
    for days, kind in ((200, "project_create"), (30, "search"), (3, "conversation"), (0, "search")):
        at = start - timedelta(days=days)
        track(person, kind, extracted_keywords=["Python"], occurred_at=at)
    now = timezone.now()
    while UserTag.objects.of(person).exists():
        tag = tag_called(person, "Python")
        rows = list(events_that_fed(tag).order_by("created_at"))
        found = evidence_of(tag, rows, person, now)
        units = sum(item.units for item in found)
        assert scoring.confidence(units) == pytest.approx(tag.confidence_at(now), abs=1e-9)
        take_back(found[0].interaction)
        left = UserTag.objects.of(person).first()
        drop = tag.confidence_at(now) - (0 if left is None else left.confidence_at(now))
        assert found[0].adds == pytest.approx(drop, abs=1e-9)
        assert found[0].adds > 0
    assert not UserInteraction.objects.exists()


def test_an_event_adds_nothing_to_a_picked_tag(person, terms):
    event = search(person, "Python")
    tag, _created = tagging.pick(person, taxonomy=terms["python"])
    [item] = evidence_of(tag, [event], person)
    assert (item.adds, item.units) == (0, pytest.approx(1, abs=1e-6))
    take_back(event)
    assert UserTag.objects.get().confidence_at(timezone.now()) == 1


def test_a_removed_tag_shows_what_had_fed_it(person, terms):
    event = search(person, "Python")
    tag = tagging.drop(tag_called(person, "Python"))
    assert fed(tag) == {event.pk}
    assert evidence_of(tag, [event], person)[0].adds == pytest.approx(0.29, abs=0.01)


def test_an_event_that_fed_two_tags_which_are_one_now_counts_twice(person, terms):
    search(person, "Zig")
    Taxonomy.objects.create(name="Zig language", category="skill")
    event = search(person, "Zig", "Zig language")
    term = Taxonomy.objects.get(name="Zig language")
    term.name = "Zig"
    term.save()
    tag, now = tag_called(person, "Zig"), timezone.now()
    [item] = evidence_of(tag, [event], person, now)
    assert item.units == pytest.approx(2, abs=1e-6)
    take_back(event)
    left = tag_called(person, "Zig")
    assert item.adds == pytest.approx(tag.confidence_at(now) - left.confidence_at(now), abs=1e-9)


def test_an_event_of_a_tag_that_faded_does_not_take_the_new_one_with_it(person, terms):
    at = timezone.now() - timedelta(days=300)
    old = search(person, "Python", occurred_at=at)
    refresh_confidence()
    assert not UserTag.objects.of(person).exists()
    search(person, "Python")
    tag, now = tag_called(person, "Python"), timezone.now()
    [item] = evidence_of(tag, [old], person, now)
    take_back(old)
    left = tag_called(person, "Python")
    assert left.interaction_count == 1
    assert item.adds == pytest.approx(tag.confidence_at(now) - left.confidence_at(now), abs=1e-9)
    take_back(UserInteraction.objects.get())
    assert not UserTag.objects.of(person).exists()


def test_what_it_was_about_is_told_to_those_who_may_see_it(person, terms):
    book = Book.objects.create(title="Learning Python")
    secret = Book.objects.create(title="Secret", is_public=False)
    rows = [
        track(person, "content_view", content=item, extracted_keywords=["Python"]).interaction
        for item in (book, secret, terms["cpp"])
    ]
    tag = tag_called(person, "Python")
    assert [item.about for item in evidence_of(tag, rows, person)] == [book, None, None]
    book.delete()
    assert evidence_of(tag, rows[:1], person)[0].about is None


def test_what_a_registered_proxy_was_about_is_told_too(person, terms):
    unregister(Book)
    register(Bestseller, terms="topics")
    try:
        book = Bestseller.objects.create(title="Learning Python")
        row = track(person, "content_view", content=book, extracted_keywords=["Zig"]).interaction
        assert evidence_of(tag_called(person, "Zig"), [row], person)[0].about == book
    finally:
        unregister(Bestseller)
        Book._meta.app_config.ready()


def test_queries_do_not_grow_with_the_events(person, terms, django_assert_num_queries):
    books = [Book.objects.create(title=str(number)) for number in range(12)]
    for book in books:
        track(person, "content_view", content=book, extracted_keywords=["Python", "Zig", "ML"])
    tag = UserTag.objects.with_taxonomies().get(name="Python")
    for count in (1, 12):
        with django_assert_num_queries(9):
            rows = list(events_that_fed(tag)[:count])
            assert len(evidence_of(tag, rows, person)) == count


few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NAMES = ["Ant", "Bee", "Cat", "Dog"]
names = st.sampled_from(NAMES)
steps = st.lists(
    st.one_of(
        st.lists(names, min_size=1, max_size=3).map(lambda found: ("track", *found)),
        st.tuples(st.just("make"), names),
        st.tuples(st.just("rename"), names, names),
        st.tuples(st.just("alias"), names, names),
        st.tuples(st.just("forget"), names),
        st.tuples(st.just("delete"), names),
        st.tuples(st.just("retire"), names),
        st.tuples(st.just("merge"), names, names),
        st.tuples(st.just("fade"), names),
    ),
    min_size=3,
    max_size=14,
)


def term_called(name):
    return Taxonomy.objects.filter(name=name).first()


def is_free(name):
    """Whether a form would take the name for a term or an alias."""
    return not (
        Taxonomy.objects.filter(name=name).exists()
        or TaxonomyAlias.objects.filter(name=name).exists()
    )


def make(name):
    if is_free(name):
        Taxonomy.objects.create(name=name, category="skill", slug=uuid4().hex)


def rename(name, new):
    term = term_called(name)
    if term is not None and is_free(new):
        term.name = new
        term.save()


def add_alias(name, new):
    if term_called(name) is not None and is_free(new):
        TaxonomyAlias.objects.create(taxonomy=term_called(name), name=new)


def retire(name):
    Taxonomy.objects.filter(name=name).update(is_active=False)


def merge(name, other):
    """Make a term an alias of another one, as far as tags do not need it."""
    term, into = term_called(name), Taxonomy.objects.filter(name=other, is_active=True).first()
    taken = TaxonomyAlias.objects.filter(name=name).exists()
    if term is not None and into is not None and into != term and not taken:
        retire(name)
        TaxonomyAlias.objects.create(taxonomy=into, name=name)


@pytest.fixture
def do(person):
    """What people and staff can do, by name."""
    return {
        "track": lambda *names: track_many(person, [Event("search", extracted_keywords=names)]),
        "fade": lambda name: UserTag.objects.of(person).filter(name=name).delete(),
        "forget": lambda name: TaxonomyAlias.objects.filter(name=name).delete(),
        "delete": lambda name: Taxonomy.objects.filter(name=name).delete(),
        "make": make,
        "rename": rename,
        "alias": add_alias,
        "retire": retire,
        "merge": merge,
    }


@few
@given(story=steps)
def test_both_ways_agree_whatever_becomes_of_the_names(person, do, story):
    for model in (UserTag, UserInteraction, Taxonomy):
        model.objects.all().delete()
    for verb, *rest in story:
        do[verb](*rest)
    same_both_ways(person)
    now = timezone.now()
    for row in UserInteraction.objects.filter(user=person):
        before = {tag.pk: tag for tag in UserTag.objects.of(person)}
        told = {pk: evidence_of(tag, [row], person, now)[0] for pk, tag in before.items()}
        take_back(row)
        after = {tag.pk: tag.confidence_at(now) for tag in UserTag.objects.of(person)}
        for pk, tag in before.items():
            drop = tag.confidence_at(now) - after.get(pk, 0.0)
            assert told[pk].adds == pytest.approx(drop, abs=1e-9)
