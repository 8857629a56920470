"""What a person's signals make of the terms around them, sentence by sentence."""

import random
import time
from functools import cache, lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_personalization.affinity import NEGLIGIBLE, spread
from django_personalization.vocabulary import Relation
from tests.catalogues import Scheme, many, schemes


def affinities(scheme, own=None):
    return spread(
        scheme.own if own is None else own,
        scheme.vocabulary,
        picked=scheme.picked,
        is_closed=scheme.closed.__contains__,
    )


def values(scheme, own=None):
    return {term: affinity.value for term, affinity in affinities(scheme, own).items()}


def path(length):
    """Term 0 at the top, each next one narrower."""
    return {pk: pk - 1 for pk in range(1, length)}


def test_a_related_term_gets_half_of_the_relation_of_its_neighbour():
    relations = (Relation(0, 1, 0.8), Relation(2, 1, 0.4), Relation(3, 0, 1.0, False))
    scheme = Scheme({}, relations, {0: 2.0, 2: 1.0}, size=4)
    found = affinities(scheme)
    assert found[1].value == pytest.approx(0.5 * 0.8 * 2.0)
    assert (found[1].kind, found[1].shares) == ("related", {0: 1.0})
    assert 3 not in found, "a relation of one way lends that way only"
    assert values(scheme, {1: 1.0}) == pytest.approx({0: 0.4, 1: 1.0, 2: 0.2})
    assert values(scheme, {3: 1.0}) == pytest.approx({0: 0.5, 3: 1.0})


@pytest.mark.parametrize("weights", [(0.8, 0.2), (0.2, 0.8)])
def test_of_two_relations_of_the_same_terms_the_stronger_counts(weights):
    there, back = weights
    scheme = Scheme({}, (Relation(0, 1, there), Relation(1, 0, back)), {0: 1.0}, size=2)
    assert values(scheme)[1] == pytest.approx(0.4)


def test_a_broader_term_gets_the_noisy_or_of_its_narrower_ones():
    scheme = Scheme({1: 0, 2: 0, 3: 0, 0: 4}, own={1: 1.0, 2: 0.5}, size=5)
    found = affinities(scheme)
    up = 1 - (1 - 0.5) * (1 - 0.25)
    assert found[0].value == pytest.approx(up)
    assert found[4].value == pytest.approx(0.5 * up)
    assert found[0].kind == found[4].kind == "broader"
    assert found[4].shares == pytest.approx({1: 2 / 3, 2: 1 / 3})
    assert values(scheme, {1: 2.0, 2: 2.0})[0] == 1.0, "no hint is more than certain"


def test_a_narrower_term_gets_its_part_of_a_picked_broader_one_only():
    scheme = Scheme(path(4), own={0: 1.0}, picked=frozenset({0}), size=4)
    found = affinities(scheme)
    assert {pk: a.value for pk, a in found.items()} == pytest.approx(
        {0: 1.0, 1: 0.6, 2: 0.36, 3: 0.216}
    )
    assert (found[3].kind, found[3].shares) == ("narrower", {0: 1.0})
    inferred = Scheme(path(4), own={0: 1.0}, size=4)
    assert values(inferred) == {0: 1.0}


def test_the_nearest_picked_one_decides_and_an_inferred_one_is_not_in_the_way():
    picked = Scheme(path(4), own={0: 2.0, 1: 0.5}, picked=frozenset({0, 1}), size=4)
    assert values(picked)[2] == pytest.approx(0.3)
    inferred = Scheme(path(4), own={0: 1.0, 1: 0.1}, picked=frozenset({0}), size=4)
    assert values(inferred)[1] == 0.1
    assert values(inferred)[2] == pytest.approx(0.36)


def test_the_largest_of_the_three_ways_counts():
    relations = (Relation(3, 1, 1.0),)
    scheme = Scheme({1: 0, 2: 1}, relations, {0: 1.0, 2: 1.0}, frozenset({0}), size=4)
    assert affinities(scheme)[1].kind == "narrower"
    assert affinities(scheme, {0: 0.5, 2: 1.0})[1].kind == "broader"
    assert affinities(scheme, {0: 0.5, 2: 0.5, 3: 1.0})[1].kind == "related"


@many
@given(schemes())
def test_every_value_is_what_the_sentences_say(scheme):
    found = values(scheme)
    expected = {pk: scheme.affinity(pk) for pk in range(scheme.size)}
    assert found == pytest.approx({pk: value for pk, value in expected.items() if value}, abs=1e-9)


@many
@given(schemes(circles=True), st.data())
def test_an_own_signal_always_wins(scheme, data):
    """Exactly its value, whatever relatives do."""
    found = affinities(scheme)
    for term, value in scheme.own.items():
        assert (found[term].value, found[term].kind) == (value, "own")
        assert found[term].shares == {term: 1.0}
    louder = data.draw(st.dictionaries(st.integers(0, scheme.size - 1), st.just(2.0)))
    for term in scheme.own:
        assert affinities(scheme, {**louder, **scheme.own})[term] == found[term]


@many
@given(schemes())
def test_closed_terms_never_get_lend_or_pass_anything(scheme):
    found = affinities(scheme)
    open_signals = {pk: v for pk, v in scheme.own.items() if pk not in scheme.closed}
    assert {pk for pk in found if pk in scheme.closed} == set(scheme.own) & scheme.closed
    # The same, had the closed terms and all that hangs on them never been there.
    gone = Scheme(
        {c: p for c, p in scheme.parents.items() if not {c, p} & scheme.closed},
        tuple(r for r in scheme.relations if not {r.source_id, r.target_id} & scheme.closed),
        open_signals,
        scheme.picked - scheme.closed,
        size=scheme.size,
    )
    assert {pk: a for pk, a in found.items() if pk not in scheme.closed} == affinities(gone)


def test_a_signal_of_nothing_closes_its_term():
    scheme = Scheme(path(3), (Relation(1, 0, 1.0),), {1: 0.0, 2: 1.0}, size=3)
    assert values(scheme) == {2: 1.0}
    scheme = Scheme(path(3), (), {0: 1.0, 1: 0.0}, frozenset({0, 1}), size=3)
    assert values(scheme) == {0: 1.0}


@many
@given(schemes(circles=True))
def test_shares_are_of_own_terms_and_sum_to_one(scheme):
    for term, affinity in affinities(scheme).items():
        assert sum(affinity.shares.values()) == pytest.approx(1.0)
        assert affinity.shares.keys() <= scheme.own.keys()
        assert all(share > 0 for share in affinity.shares.values())
        assert affinity.kind == "own" or not affinity.shares.keys() & (scheme.closed | {term})


@many
@given(schemes())
def test_nobody_gains_by_being_further_away(scheme):
    """Spreading loses at every step: nothing gets more than its strongest source."""
    found = values(scheme)
    assert all(found[pk] <= max(1.0, *scheme.own.values()) for pk in found)
    assert all(value >= NEGLIGIBLE for pk, value in found.items() if pk not in scheme.own)


@many
@given(schemes(circles=True), st.randoms(use_true_random=False))
def test_order_never_matters(scheme, order):
    shuffled = list(scheme.own.items())
    order.shuffle(shuffled)
    relations = list(scheme.relations)
    order.shuffle(relations)
    parents = list(scheme.parents.items())
    order.shuffle(parents)
    other = Scheme(
        dict(parents), tuple(relations), dict(shuffled), scheme.picked, scheme.closed, scheme.size
    )
    assert values(other) == pytest.approx(values(scheme))


class Circle:
    """Relatives of which each is broader than the next, for ever."""

    def __init__(self, size):
        self.size = size

    def broader(self, term):
        return (term + 1) % self.size if term < self.size else 0

    def narrower(self, term):
        return [pk for pk in range(self.size + 2) if self.broader(pk) == term]

    def related(self, term):
        return {}


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_circles_end(size):
    outside, other = size, size + 1
    for own in ({0: 1.0}, {size - 1: 1.0, 0: 1.0}, {outside: 1.0, other: 0.5}):
        found = spread(own, Circle(size), picked=own)
        assert {pk: found[pk].value for pk in own} == own
    assert spread({outside: 1.0}, Circle(size)).keys() == {outside}
    scheme = Scheme({0: 1, 1: 0, 2: 0}, own={2: 1.0, 0: 1.0}, picked=frozenset({0}), size=3)
    assert values(scheme) == {0: 1.0, 2: 1.0}, "a circle is no hierarchy"
    assert values(scheme, {0: 1.0}) == {0: 1.0, 2: 0.6}


@pytest.mark.parametrize("start", [0, 5_000, 9_999])
def test_ten_thousand_levels(start):
    scheme = Scheme(path(10_000), size=10_000)
    begun = time.process_time()
    found = spread({start: 1.0}, scheme.vocabulary, picked={start})
    assert time.process_time() - begun < 1
    reached = [(start - pk, found[pk].value) for pk in sorted(found) if pk <= start]
    assert reached == [(k, pytest.approx(0.5**k)) for k in range(min(start, 7), -1, -1)]
    below = [pk - start for pk in sorted(found) if pk > start]
    assert below == [k for k in range(1, 11) if start + k < 10_000]


@cache
def relations_among(size):
    order = random.Random(size)
    return tuple(
        Relation(pk, other, 0.5)
        for pk in range(size)
        for other in order.sample(range(size), 3)
        if other != pk
    )


@lru_cache(maxsize=1)
def vocabulary_of(size, shape):
    order = random.Random(size)
    parents = {
        "bush": lambda: {pk: order.randrange(pk) for pk in range(1, size)},
        "star": lambda: dict.fromkeys(range(1, size), 0),
        "chain": lambda: path(size),
    }[shape]()
    return Scheme(parents, relations_among(size), size=size).vocabulary


def seconds(tags, size, shape):
    order = random.Random(size)
    vocabulary = vocabulary_of(size, shape)
    own = dict.fromkeys(order.sample(range(1, size), tags), 1.0)
    times = []
    for _ in range(3):
        begun = time.process_time()
        assert len(spread(own, vocabulary, picked=own)) >= tags
        times.append(time.process_time() - begun)
    return min(times)


@pytest.mark.parametrize("shape", ["bush", "star", "chain"])
def test_the_time_is_linear(shape):
    assert seconds(500, 3_000, shape) < 0.25
    few, lots = seconds(300, 3_000, shape), seconds(3_000, 30_000, shape)
    assert lots < 40 * max(few, 1e-3)
