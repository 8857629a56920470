"""The benchmark runs, and judges what it measures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.bars import BARS, missed

ROOT = Path(__file__).resolve().parents[1]
FINE = {"floor": 1.4, "tags": 3.9, "queries": 2, "explain": 3, "memory": 4.4}


@pytest.mark.slow
def test_a_quick_run_meets_its_bars_and_prints_every_figure():
    command = [sys.executable, str(ROOT / "scripts" / "benchmark.py"), "--quick"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for figure in (
        "personalize()[:20]",
        "2 queries",
        "MB of Python",
        "by hand: outer join",
        "by hand: what matches, then the rest",
        "the floor",
        "times the floor",
        "x 30 tags (at most 4)",
        "3 queries (at most 3)",
        "every bar is met",
    ):
        assert figure in done.stdout, done.stdout


def test_what_is_below_all_bars_is_fine():
    assert missed(FINE, is_large=True) == []
    assert missed({name: bar.most for name, bar in BARS.items()}, is_large=True) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("floor", 1.51, "1.51 times the floor, at most 1.5"),
        ("tags", 4.1, "500 tags cost 4.10 times as much as 30, at most 4"),
        ("queries", 5, "5 queries, at most 4"),
        ("explain", 4, "the reasons of 20 take 4 queries, at most 3"),
        ("memory", 39.7, "39.7 MB of Python, at most 8"),
    ],
)
def test_what_is_above_a_bar_is_named(name, value, words):
    assert missed({**FINE, name: value}, is_large=True) == [words]
    of_few_items = missed({**FINE, name: value}, is_large=False)
    assert of_few_items == ([] if BARS[name].of_time else [words])


def test_every_bar_has_its_case():
    assert set(FINE) == set(BARS)
