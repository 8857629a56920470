"""What must hold for any history: properties over random events, on the real database."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_personalization import tagging
from django_personalization.models import UserInteraction, UserTag
from django_personalization.tracking import Event, take_back, track_many

pytestmark = pytest.mark.django_db
few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

KINDS = ["project_view", "project_create", "conversation", "search", "content_view"]
NAMES = ["Python", "ml", "C++", "Zig", "Nim"]
histories = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
        st.integers(0, 300 * 24 * 60),
    ),
    min_size=1,
    max_size=12,
)


def events_of(history, start):
    return [
        Event(kind, extracted_keywords=names, occurred_at=start - timedelta(minutes=ago))
        for kind, names, ago in history
    ]


def profile(person):
    return {tag.name: (tag.evidence, tag.interaction_count) for tag in UserTag.objects.of(person)}


def same(left, right):
    assert left.keys() == right.keys()
    for name, (evidence, count) in left.items():
        assert right[name] == (pytest.approx(evidence, rel=1e-9), count)


@pytest.fixture
def clean(person):
    def clear():
        UserTag.objects.all().delete()
        UserInteraction.objects.all().delete()

    return clear


@few
@given(history=histories, random=st.randoms(use_true_random=False), size=st.integers(1, 5))
def test_any_order_of_the_same_events_gives_the_same_evidence(
    person, terms, clean, history, random, size
):
    clean()
    events = events_of(history, timezone.now())
    track_many(person, events)
    together = profile(person)
    clean()
    random.shuffle(events)
    for start in range(0, len(events), size):
        track_many(person, events[start : start + size])
    same(together, profile(person))


@few
@given(history=histories, extra=histories)
def test_taking_events_back_restores_what_was_before(person, terms, clean, history, extra):
    clean()
    now = timezone.now()
    track_many(person, events_of(history, now))
    before = profile(person)
    for result in track_many(person, events_of(extra, now)):
        take_back(result.interaction)
    same(before, profile(person))


@few
@given(history=histories)
def test_more_evidence_means_more_confidence_and_time_means_less(person, terms, clean, history):
    clean()
    now = timezone.now()
    last = {}
    for event in events_of(history, now):
        track_many(person, [event])
        for tag in UserTag.objects.of(person):
            assert 0 < tag.confidence_at(now) < 1
            assert tag.confidence_at(now) >= last.get(tag.name, 0)
            assert tag.confidence_at(now + timedelta(days=1)) < tag.confidence_at(now)
            last[tag.name] = tag.confidence_at(now)


@pytest.fixture
def dismissed(person, terms):
    """Tags that the person has removed: made by the doors once, put back for each storm."""
    names = ["Python", "AI & Machine Learning", "C++", "Zig", "Nim"]
    return [tagging.drop(tagging.pick(person, name=name)[0]) for name in names]


@few
@given(storm=histories)
def test_no_storm_of_events_recreates_a_dismissed_tag(person, clean, dismissed, storm):
    clean()
    UserTag.objects.bulk_create(dismissed)
    track_many(person, events_of(storm, timezone.now()))
    tags = UserTag.objects.of(person)
    assert not tags.listed(timezone.now()).exists()
    assert {tag.name for tag in tags.dismissed()} == {tag.name for tag in dismissed}
    assert all((tag.evidence, tag.interaction_count) == (0, 0) for tag in tags)
