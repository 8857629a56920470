"""The validator that stands at every door."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_personalization.validation import json_problem, name_problem, shown, text_problem


def nested(depth):
    value = "leaf"
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1], "Expected a JSON object, got list"),
        ({"a": {"b": ["x", "\x00"]}}, "a.b[1] contains a NUL"),
        ({"a": "\ud800"}, "a contains a lone surrogate"),
        ({"\ud800": 1}, "bad key"),
        ({"a": float("nan")}, "a is not a finite number"),
        ({"a": [float("inf")]}, "a[0] is not a finite number"),
        ({"a": 2**63}, "a is an integer beyond 64 bits"),
        ({"a": -(2**63) - 1}, "a is an integer beyond 64 bits"),
        ({"a": 10**5000}, "a is an integer beyond 64 bits"),
        (nested(11), "nested deeper than 10 levels"),
        ({str(i): i for i in range(51)}, "more than 50 keys"),
        ({"a": "x" * 9000}, "at most 8,192"),
        ({"a": list(range(9000))}, "at most 8,192"),
        ({"a": object()}, "a is a object"),
    ],
)
def test_what_cannot_be_stored_is_named(value, words):
    problem = json_problem(value)
    assert problem is not None
    assert words in problem
    problem.encode("utf-8")


@pytest.mark.parametrize(
    "value", [{}, {"a": [1, 2.5, None, True, "é", {"b": -(2**63)}]}, nested(10)]
)
def test_what_can_be_stored_passes(value):
    assert json_problem(value) is None


def test_texts_and_names():
    assert text_problem("x" * 8192) is None
    assert "8,193 bytes" in text_problem("x" * 8193)
    assert "got int" in text_problem(3)
    assert name_problem("Python") is None
    assert "blank" in name_problem(" \t")
    assert "101 characters" in name_problem("x" * 101)
    assert "NUL" in name_problem("a\x00")


def test_more_than_thirty_combining_marks_in_a_row_are_refused():
    problem = "Has more than 30 combining marks in a row (position 2)."
    assert name_problem("ab" + "\u0301" * 31) == problem
    assert name_problem("ab" + "\u0301\u034f" * 31) == problem
    assert name_problem("ab" + "\u0301" * 30) is None
    # What is stored as it is and never normalised may hold them.
    assert json_problem({"a": "\u0301" * 31}) is None


@given(st.one_of(st.text(), st.integers(), st.binary(), st.floats(), st.just(10**5000)))
def test_any_value_can_be_shown(value):
    text = shown(value)
    text.encode("utf-8")
    assert len(text) <= 61
    assert "\x00" not in text


def test_a_large_body_of_long_keys_costs_little_memory():
    value = [0] * 8193
    for i in range(8):
        value = {str(i) + "k" * 300 + "😀": value}
    tracemalloc.start()
    try:
        assert "8,193 items" in json_problem(value)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert "bad key" in json_problem({"k" * 500: 1})
