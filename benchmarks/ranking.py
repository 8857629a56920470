"""Measure ranking beside the best SQL that a person would write for the same rows."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import catalogue
from benchmarks.models import Item
from django_personalization import ranking
from django_personalization.content import content_of
from django_personalization.explaining import explain_many
from django_personalization.profiles import profile_of
from django_personalization.vocabulary import current_vocabulary

PAGE = 20
MOST_TIMES_FLOOR, MOST_QUERIES, MOST_EXPLAIN, MOST_TIMES_TAGS = 1.5, 4, 3, 4.0
TAGS, MANY_TAGS = 30, 500
LARGE = 50_000
_TABLE = "benchmarks_item_topics"
_COLUMNS = "i.id, i.title, i.summary, i.owner_id, i.published_at"

Statement = tuple[str, list[Any]]
Page = list[tuple[int, float]]


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
    """Print the figures of the database that has been built; return the bars that were missed.

    With few items the bars on time say nothing: reading the profile takes longer than the rows.
    """
    is_large = Item.objects.count() >= LARGE
    person, missed = get_user_model().objects.get(username="some"), []
    memory, _first = _peak(lambda: _ranked(person))
    with CaptureQueriesContext(connection) as queries:
        page = _ranked(person)
    floors = {name: _runner(*made) for name, made in _by_hand(person).items()}
    for name, run in floors.items():
        if not _same(run(), page):
            missed.append(f"{label}: the rows by hand ({name}) are others")
    times = _interleaved({"personalize": lambda: _ranked(person), **floors}, runs)
    own = times.pop("personalize")
    floor = min(times, key=lambda name: times[name][0])
    ratio = own[0] / times[floor][0]
    _print(label, "personalize()[:20]", own, f"{len(queries)} queries, {memory:.1f} MB of Python")
    for name, taken in times.items():
        _print(label, f"by hand: {name}", taken, "the floor" if name == floor else "")
    _print(label, "times the floor", None, f"{ratio:.2f} (at most {MOST_TIMES_FLOOR})")
    if is_large and ratio > MOST_TIMES_FLOOR:
        missed.append(f"{label}: {ratio:.2f} times the floor")
    if len(queries) > MOST_QUERIES:
        missed.append(f"{label}: {len(queries)} queries")
    missed += _measure_tags(label, own[0], runs, is_large=is_large)
    return [*missed, *_measure_reasons(label, person, runs)]


def _measure_tags(label: str, some: float, runs: int, *, is_large: bool) -> list[str]:
    many = get_user_model().objects.get(username="many")
    taken = _interleaved({"many": lambda: _ranked(many)}, runs)["many"]
    ratio = taken[0] / some
    _print(label, f"{MANY_TAGS} tags", taken, f"{ratio:.2f} x {TAGS} tags (at most 4)")
    is_missed = is_large and ratio > MOST_TIMES_TAGS
    return [f"{label}: {MANY_TAGS} tags cost {ratio:.2f} x"] if is_missed else []


def _measure_reasons(label: str, person: Any, runs: int) -> list[str]:
    items = list(ranking.personalize(Item.objects.all(), person)[:PAGE])
    with CaptureQueriesContext(connection) as queries:
        explain_many(items, person)
    taken = _interleaved({"explain": lambda: explain_many(items, person)}, runs)["explain"]
    _print(label, "explain_many of 20", taken, f"{len(queries)} queries (at most {MOST_EXPLAIN})")
    return [f"{label}: explain takes {len(queries)} queries"] if len(queries) > MOST_EXPLAIN else []


def _ranked(person: Any) -> Page:
    rows = ranking.personalize(Item.objects.all(), person)[:PAGE]
    return [(row.pk, row.relevance) for row in rows]


def _by_hand(person: Any) -> dict[str, Statement]:
    """Return statements for the same rows, right for any page, each with its parameters."""
    profile = profile_of(person, ranking.ranking_time())
    vocabulary = current_vocabulary(profile.revision)
    affinities = ranking.affinities_of(profile, vocabulary)
    worth = ranking.term_worth(content_of(Item), affinities, vocabulary)
    hidden = [tag.taxonomy_id for tag in profile.hidden]
    postgres = connection.vendor == "postgresql"
    first = "(%s::bigint, %s::double precision)" if postgres else "(%s, %s)"
    listed = ", ".join([first, *["(%s, %s)"] * (len(worth) - 1)])
    values = f"(SELECT column1 AS term, column2 AS score FROM (VALUES {listed}) v)"
    places = ", ".join(["%s"] * len(hidden))
    left = (
        f"i.owner_id <> %s AND NOT EXISTS (SELECT 1 FROM {_TABLE} h "
        f"WHERE h.item_id = i.id AND h.taxonomy_id IN ({places}))"
    )
    count = f"SQRT((SELECT COUNT(*) FROM {_TABLE} n WHERE n.item_id = i.id))"
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


def _interleaved(
    calls: dict[str, Callable[[], object]], runs: int
) -> dict[str, tuple[float, float]]:
    """Return the median and the 95th percentile in milliseconds; noise hits all calls alike."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(runs + 1):
        for name, call in calls.items():
            gc.collect()
            begun = time.perf_counter()
            call()
            if number:  # the first one warms up
                taken[name].append((time.perf_counter() - begun) * 1000)
    return {
        name: (statistics.median(times), sorted(times)[int(0.95 * (len(times) - 1) + 0.5)])
        for name, times in taken.items()
    }


def _peak(call: Callable[[], object]) -> tuple[float, object]:
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20, result


def _print(label: str, what: str, taken: tuple[float, float] | None, remark: str) -> None:
    figures = "" if taken is None else f"{taken[0]:9.1f} {taken[1]:9.1f}"
    print(f"{label:24} {what:36} {figures:19}  {remark}", flush=True)
