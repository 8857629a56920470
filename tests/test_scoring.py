"""The arithmetic, held against the sentences of its documentation."""

import math
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_personalization import scoring

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
H = 30.0

times = st.datetimes(
    min_value=datetime(2025, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2044, 1, 1),  # noqa: DTZ001
    timezones=st.just(timezone.utc),
)
units = st.floats(min_value=0, max_value=1e6)


def test_two_units_are_fifty_percent_and_every_two_more_halve_the_doubt():
    assert scoring.confidence(0) == 0
    assert scoring.confidence(2) == 0.5
    assert scoring.confidence(4) == 0.75
    assert scoring.confidence(6) == 0.875


@given(units, units)
def test_confidence_is_monotone_and_stays_below_one(less, more):
    less, more = sorted((less, more))
    assert 0 <= scoring.confidence(less) <= scoring.confidence(more) < 1


@given(
    st.floats(min_value=0.01, max_value=50),
    times,
    st.timedeltas(timedelta(hours=1), timedelta(days=900)),
)
def test_confidence_falls_with_time(amount, at, later):
    evidence = amount * scoring.growth(at, H)
    before = scoring.confidence_at(evidence, at, H)
    after = scoring.confidence_at(evidence, at + later, H)
    assert after < before


@given(st.floats(min_value=0.1, max_value=100), times)
def test_a_half_life_halves(amount, at):
    evidence = amount * scoring.growth(at, H)
    assert scoring.units_at(evidence, at, H) == pytest.approx(amount)
    assert scoring.units_at(evidence, at + timedelta(days=H), H) == pytest.approx(amount / 2)


@given(st.lists(st.tuples(st.floats(0.1, 10), times), min_size=1, max_size=30), st.randoms())
def test_order_never_matters(events, random):
    amounts = [weight * scoring.growth(at, H) for weight, at in events]
    shuffled = amounts[:]
    random.shuffle(shuffled)
    assert sum(shuffled) == pytest.approx(sum(amounts), rel=1e-12)


@given(st.floats(min_value=0, max_value=0.99), times)
def test_the_threshold_is_the_inverse_of_confidence(minimum, now):
    evidence = scoring.evidence_for(minimum, now, H)
    assert scoring.confidence_at(evidence, now, H) == pytest.approx(minimum, abs=1e-9)


def test_the_shortest_half_life_lasts_twenty_years():
    shortest = scoring.shortest_half_life_days()
    end = scoring.EPOCH + timedelta(days=20 * 365.25)
    assert math.isfinite(1000 * 1e4 * scoring.growth(end, shortest))
    with pytest.raises(OverflowError):
        scoring.growth(end, shortest * 0.97)


@given(st.lists(st.tuples(st.floats(0.1, 10), times), min_size=1, max_size=30), st.randoms())
def test_without_its_events_nothing_is_left(events, random):
    now = max(at for _weight, at in events)
    amounts = [weight * scoring.growth(at, H) for weight, at in events]
    evidence, count = sum(amounts), len(amounts)
    random.shuffle(amounts)
    for amount in amounts:
        before = evidence
        evidence, count = scoring.without(evidence, count, amount, now, H)
        assert 0 <= evidence <= before
    assert (evidence, count) == (0, 0)


@pytest.mark.parametrize(
    ("evidence", "count", "amount", "left"),
    [
        (3.0, 1, 0.5, (2.5, 1)),  # somebody else's evidence is in the sum
        (2.5, 1, 2.5, (0, 0)),
        (2.5, 1, 2.5 - 1e-9, (0, 0)),
        (1.0, 2, 5.0, (0, 1)),
        (0.0, 0, 1.0, (0, 0)),
    ],
)
def test_without_an_event(evidence, count, amount, left):
    assert scoring.without(evidence, count, amount, scoring.EPOCH, H) == left
