"""Measure ranking beside the best SQL that a person would write for the same rows."""

from __future__ import annotations

import gc
import math
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import catalogue
from benchmarks.bars import BARS, missed
from benchmarks.models import Item
from django_personalization import ranking
from django_personalization.content import content_of
from django_personalization.explaining import explain_many
from django_personalization.interests import interests_of

PAGE = 20
TAGS, MANY_TAGS = 30, 500
LARGE = 50_000
_TABLE = "benchmarks_item_topics"
_COLUMNS = "i.id, i.title, i.summary, i.owner_id, i.published_at"

Statement = tuple[str, list[Any]]
Page = list[tuple[int, float]]
Times = list[float]


def build(items: int) -> None:
    """Fill an empty database: vocabulary, people, ``items`` items, and the covering index."""
    catalogue.make_tables()
    popularity = catalogue.Popularity(catalogue.make_vocabulary(), seed=2)
    people = get_user_model().objects
    people.bulk_create(get_user_model()(username=f"owner{n}") for n in range(catalogue.PEOPLE))
    catalogue.make_person("some", popularity.draw(TAGS))
    catalogue.make_person("many", popularity.draw(MANY_TAGS))
    catalogue.make_items(items, popularity)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX benchmarks_covering ON {_TABLE} (taxonomy_id, item_id)")
    catalogue.analyze()


def measure(label: str, runs: int) -> list[str]:
    """Print the figures of the database that has been built; return the bars that were missed."""
    person = get_user_model().objects.get(username="some")
    memory, _first = _peak(lambda: _ranked(person))
    with CaptureQueriesContext(connection) as queries:
        page = _ranked(person)
    floors = {name: _runner(*made) for name, made in _by_hand(person).items()}
    others = [name for name, run in floors.items() if not _same(run(), page)]
    times = _interleaved({"personalize": lambda: _ranked(person), **floors}, runs)
    figures = {
        "memory": memory,
        "queries": len(queries),
        "floor": _print_floor(label, times, f"{len(queries)} queries, {memory:.1f} MB of Python"),
        "tags": _measure_tags(label, person, runs),
        "explain": _measure_reasons(label, person, runs),
    }
    problems = [f"the rows by hand ({name}) are others" for name in others]
    problems += missed(figures, is_large=Item.objects.count() >= LARGE)
    return [f"{label}: {problem}" for problem in problems]


def _print_floor(label: str, times: dict[str, Times], remark: str) -> float:
    """Print how long each takes; return how many times as long as the quickest by hand."""
    own = times.pop("personalize")
    floor = min(times, key=lambda name: statistics.median(times[name]))
    ratio = _ratio(own, times[floor])
    _print(label, "personalize()[:20]", own, remark)
    for name, taken in times.items():
        _print(label, f"by hand: {name}", taken, "the floor" if name == floor else "")
    _print(label, "times the floor", [], f"{ratio:.2f} (at most {BARS['floor'].most})")
    return ratio


def _measure_tags(label: str, some: Any, runs: int) -> float:
    """Print what many tags cost; return it as times of what a few cost.

    On PostgreSQL also with the memory that it gives by default. That is no bar: the documentation
    says what to set.
    """
    ratio = _print_tags(label, "", some, runs)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET work_mem = '4MB'")
            _print_tags(label, ", work_mem of 4 MB", some, runs)
            cursor.execute("RESET work_mem")
    return ratio


def _print_tags(label: str, with_what: str, some: Any, runs: int) -> float:
    many = get_user_model().objects.get(username="many")
    times = _interleaved({"some": lambda: _ranked(some), "many": lambda: _ranked(many)}, runs)
    ratio = _ratio(times["many"], times["some"])
    most = "no bar" if with_what else f"at most {BARS['tags'].most:g}"
    remark = f"{ratio:.2f} x {TAGS} tags ({most})"
    _print(label, f"{MANY_TAGS} tags{with_what}", times["many"], remark)
    return ratio


def _measure_reasons(label: str, person: Any, runs: int) -> int:
    items = list(ranking.personalize(Item.objects.all(), person)[:PAGE])
    with CaptureQueriesContext(connection) as queries:
        explain_many(items, person)
    taken = _interleaved({"explain": lambda: explain_many(items, person)}, runs)["explain"]
    most = BARS["explain"].most
    _print(label, "explain_many of 20", taken, f"{len(queries)} queries (at most {most:g})")
    return len(queries)


def _ranked(person: Any) -> Page:
    rows = ranking.personalize(Item.objects.all(), person)[:PAGE]
    return [(row.pk, row.relevance) for row in rows]


def _by_hand(person: Any) -> dict[str, Statement]:
    """Return statements for the same rows, right for any page, each with its parameters."""
    interests = interests_of(person, content_of(Item))
    worth, hidden = interests.worth, interests.hidden
    postgres = connection.vendor == "postgresql"
    first = "(%s::bigint, %s::double precision)" if postgres else "(%s, %s)"
    listed = ", ".join([first, *["(%s, %s)"] * (len(worth) - 1)])
    values = f"(SELECT column1 AS term, column2 AS score FROM (VALUES {listed}) v)"
    left, count = _left_out(len(hidden)), _root_of_count()
    sums = (
        f"(SELECT t.item_id AS item, SUM(w.score) AS score FROM {_TABLE} t "
        f"JOIN {values} w ON w.term = t.taxonomy_id GROUP BY t.item_id)"
    )
    score = f"CASE WHEN s.score IS NULL THEN 0.0 ELSE s.score / {count} END"
    end = f"ORDER BY relevance DESC, i.id LIMIT {PAGE}"
    weights = [part for pair in worth.items() for part in pair]
    rest = [person.pk, *hidden]
    return {
        "outer join": (
            f"SELECT {_COLUMNS}, {score} AS relevance FROM benchmarks_item i "
            f"LEFT JOIN {sums} s ON s.item = i.id WHERE {left} {end}",
            [*weights, *rest],
        ),
        "what matches, then the rest": (
            f"SELECT * FROM (SELECT * FROM (SELECT {_COLUMNS}, s.score / {count} AS relevance "
            f"FROM {sums} s JOIN benchmarks_item i ON s.item = i.id WHERE {left} {end}) a "
            f"UNION ALL SELECT * FROM (SELECT {_COLUMNS}, 0.0 AS relevance FROM benchmarks_item i "
            f"WHERE {left} AND NOT EXISTS (SELECT 1 FROM {_TABLE} t JOIN {values} w "
            f"ON w.term = t.taxonomy_id WHERE t.item_id = i.id) ORDER BY i.id LIMIT {PAGE}) b) u "
            f"LIMIT {PAGE}",
            [*weights, *rest, *rest, *weights],
        ),
    }


def _left_out(hidden: int) -> str:
    """Return the condition that an item is not the person's own, and has no hidden term."""
    terms = f"h.taxonomy_id IN ({', '.join(['%s'] * hidden)})"
    if connection.vendor == "postgresql":
        found = f"NOT EXISTS (SELECT 1 FROM {_TABLE} h WHERE h.item_id = i.id AND {terms})"
    else:  # SQLite makes the list once
        found = f"i.id NOT IN (SELECT h.item_id FROM {_TABLE} h WHERE {terms})"
    return f"i.owner_id <> %s AND {found}"


def _root_of_count() -> str:
    """Return the root of how many terms an item has."""
    count = f"(SELECT COUNT(*) FROM {_TABLE} n WHERE n.item_id = i.id)"
    if connection.vendor == "postgresql":
        return f"SQRT({count})"
    # Django's SQRT is a call into Python on SQLite.
    known = " ".join(f"WHEN {number} THEN {math.sqrt(number)!r}" for number in range(1, 10))
    return f"CASE {count} {known} ELSE SQRT({count}) END"


def _runner(sql: str, parameters: list[Any]) -> Callable[[], Page]:
    def run() -> Page:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return [(row[0], row[-1]) for row in cursor.fetchall()]

    return run


def _same(rows: Page, page: Page) -> bool:
    return [pk for pk, _score in rows] == [pk for pk, _score in page] and all(
        abs(score - own) < 1e-9 for (_a, score), (_b, own) in zip(rows, page, strict=True)
    )


def _interleaved(calls: dict[str, Callable[[], object]], runs: int) -> dict[str, Times]:
    """Return the milliseconds of each call in each round.

    All are called in every round, and the other way round in the next: what else the machine does
    hits them alike, and so does what one leaves in the caches for the next.
    """
    names = list(calls)
    taken: dict[str, Times] = {name: [] for name in names}
    for number in range(runs + 1):
        gc.collect()
        names.reverse()
        for name in names:
            begun = time.perf_counter()
            calls[name]()
            if number:  # the first round warms up
                taken[name].append((time.perf_counter() - begun) * 1000)
    return taken


def _ratio(times: Times, others: Times) -> float:
    """Return how many times as long one call takes as another: the median of the rounds."""
    return statistics.median(own / other for own, other in zip(times, others, strict=True))


def _peak(call: Callable[[], object]) -> tuple[float, object]:
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20, result


def _print(label: str, what: str, times: Times, remark: str) -> None:
    """Print the median and the 95th percentile, where there are times."""
    figures = ""
    if times:
        late = sorted(times)[int(0.95 * (len(times) - 1) + 0.5)]
        figures = f"{statistics.median(times):9.1f} {late:9.1f}"
    print(f"{label:24} {what:36} {figures:19}  {remark}", flush=True)
