"""Fill a database with a vocabulary, people and items: the same ones each time, in bulk.

Terms are as unequal as tags of public sites are: the weight of the term of rank r is 1/(r + 5)
(Mandelbrot's form of Zipf's law), so that of 3,000 terms the first is on one item in eight and
half of them are on fewer than one in two thousand.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import accumulate, islice
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction

from benchmarks.models import Item
from django_personalization import scoring
from django_personalization.choices import TagSource, TagState
from django_personalization.conf import app_settings
from django_personalization.models import Taxonomy, TaxonomyRelation, UserTag
from django_personalization.term_statistics import forget_statistics

TERMS = 3000
TERMS_PER_ITEM = 5
ROOTS, MIDDLE = 20, 300
RELATIONS = 3000
PEOPLE = 100
BATCH = 50_000
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Popularity:
    """Draws terms, each with the probability that its rank gives it."""

    def __init__(self, ids: list[int], seed: int) -> None:
        """Give the terms ranks that have nothing to do with their place in the vocabulary."""
        self.random = random.Random(seed)  # noqa: S311 - nothing here is secret
        self.ids = self.random.sample(ids, len(ids))
        self.weights = list(accumulate(1 / (rank + 5) for rank in range(1, len(ids) + 1)))

    def draw(self, count: int) -> list[int]:
        """Return ``count`` different terms."""
        found: dict[int, None] = {}
        while len(found) < count:
            found.update(dict.fromkeys(self.random.choices(self.ids, cum_weights=self.weights)))
        return list(found)

    def sets(self, sets: int, size: int) -> Iterator[list[int]]:
        """Yield ``sets`` lists of ``size`` different terms, drawn many at a time."""
        for start in range(0, sets, BATCH):
            number = min(BATCH, sets - start)
            drawn = self.random.choices(self.ids, cum_weights=self.weights, k=number * size)
            for first in range(0, number * size, size):
                terms = drawn[first : first + size]
                yield terms if len(set(terms)) == size else self.draw(size)


def make_tables() -> None:
    """Make all tables, in an empty database."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Item)


def make_vocabulary() -> list[int]:
    """Make terms on three levels (20, 280 and the rest) and relations, two for each term."""
    chance = random.Random(1)  # noqa: S311
    Taxonomy.objects.bulk_create(
        Taxonomy(name=f"Term {number}", category="topic") for number in range(TERMS)
    )
    terms = list(Taxonomy.objects.order_by("pk"))
    for number, term in enumerate(terms[ROOTS:], start=ROOTS):
        above = terms[:ROOTS] if number < MIDDLE else terms[ROOTS:MIDDLE]
        term.parent = chance.choice(above)
    Taxonomy.objects.bulk_update(terms, ["parent"], batch_size=500)
    pairs = {tuple(chance.sample(terms, 2)) for _number in range(RELATIONS)}
    TaxonomyRelation.objects.bulk_create(
        TaxonomyRelation(source=a, target=b, weight=chance.uniform(0.2, 1.0))
        for a, b in sorted(pairs, key=lambda pair: (pair[0].pk, pair[1].pk))
    )
    return [term.pk for term in terms]


def make_person(name: str, terms: list[int]) -> Any:
    """Make a person with these tags: one in three picked, the others inferred.

    Beside them one tag that was removed and one whose content is hidden.
    """
    person = get_user_model().objects.create_user(name)
    names = dict(Taxonomy.objects.values_list("pk", "name"))
    keys = dict(Taxonomy.objects.values_list("pk", "key"))
    unit = scoring.growth(datetime.now(timezone.utc), app_settings.half_life_days)
    states = [TagState.HIDDEN, TagState.DISMISSED]
    rows = [
        UserTag(
            user=person,
            taxonomy_id=term,
            name=names[term],
            key=keys[term],
            source=TagSource.MANUAL if number % 3 == 0 else TagSource.AUTO_ACTIVITY,
            evidence=unit * (1 + number % 7),
            interaction_count=1 + number % 7,
            weight=(1.0, 0.5, 2.0)[number % 3],
            state=states.pop() if number >= len(terms) - 2 else TagState.ACTIVE,
        )
        for number, term in enumerate(terms)
    ]
    UserTag.objects.bulk_create(rows)
    return person


def make_items(count: int, popularity: Popularity) -> None:
    """Add items until there are ``count``, each with its terms."""
    forget_statistics()
    present = Item.objects.count()
    owners = list(get_user_model().objects.order_by("pk").values_list("pk", flat=True))
    with transaction.atomic():
        _insert(
            Item._meta.db_table,
            ("id", "title", "summary", "owner_id", "published_at"),
            (
                (
                    number,
                    f"Item {number}",
                    f"What item {number} is about, in about two hundred characters. " * 4,
                    owners[number % len(owners)],
                    START + timedelta(minutes=number * 7919 % 500_000),
                )
                for number in range(present + 1, count + 1)
            ),
        )
        drawn = popularity.sets(count - present, TERMS_PER_ITEM)
        _insert(
            Item.topics.through._meta.db_table,
            ("item_id", "taxonomy_id"),
            (
                (number, term)
                for number, terms in enumerate(drawn, start=present + 1)
                for term in terms
            ),
        )
    analyze()


def _insert(table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        places = ", ".join(["%s"] * len(columns))
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", batch)


def analyze() -> None:
    """Do what autovacuum does after a while: statistics, and pages known to be visible."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
