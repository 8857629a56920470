"""What `personalize()` returns is a queryset like any other, and its numbers are right."""

import copy
import pickle
import random
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Length, RowNumber, Upper
from django.db.utils import DatabaseError, NotSupportedError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from django_personalization import scoring, tagging
from django_personalization.choices import Mode, TagSource
from django_personalization.exceptions import InvalidInput
from django_personalization.models import PersonalizationSettings, Taxonomy, UserTag
from django_personalization.ranking import personalize, queryset_filter, similar
from django_personalization.term_statistics import forget_statistics
from tests.catalogues import KINDS, declared, few, naive_relevance, taxonomy, worlds
from tests.hosts.journal.models import Post
from tests.hosts.library.models import (
    Bestseller,
    Book,
    Chapter,
    Essay,
    EssayQuerySet,
    Novel,
)

pytestmark = pytest.mark.django_db

WITH_TERMS = {
    "a": ["Python"],
    "b": ["Python", "Zig"],
    "c": ["Zig"],
    "d": ["Nim"],
    "e": ["Python"],
    "f": ["Nim", "Python"],
    "g": [],
    "h": ["Hype", "Python"],
    "i": ["Python", "Zig"],
    "j": ["Zig"],
}


@pytest.fixture
def catalogue(person, other):
    """Ten books; the person picked Python and Zig (less), and hid Hype; `e` is their own."""
    books = {}
    for title, terms in WITH_TERMS.items():
        author = person if title == "e" else other if title in "abc" else None
        books[title] = Book.objects.create(title=title, author=author)
        books[title].topics.set([taxonomy(name) for name in terms])
    forget_statistics()
    tagging.pick(person, taxonomy=taxonomy("Python"))
    tagging.weigh(tagging.pick(person, taxonomy=taxonomy("Zig"))[0], 0.5)
    tagging.hide(person, taxonomy=taxonomy("Hype"))
    return books


@pytest.fixture
def scores(catalogue):
    """The relevance of each book that may be shown."""
    items = {title: dict.fromkeys(terms, 1.0) for title, terms in WITH_TERMS.items()}
    found = naive_relevance(items, {"Python": 1.0, "Zig": 0.5})
    return {title: found[title] for title in found if title not in "eh"}


@pytest.fixture
def best(scores):
    """The titles, best first, and by title among equals."""
    return sorted(scores, key=lambda title: (-round(scores[title], 9), title))


@pytest.fixture
def mine(catalogue, person):
    return personalize(Book.objects.order_by("title"), person)


@pytest.fixture
def matching(catalogue, person):
    return personalize(Book.objects.order_by("title"), person, only_matching=True)


def titles(rows):
    return [row.title for row in rows]


class TestOrder:
    def test_best_first_with_relevance_and_the_hosts_order_among_equals(self, mine, best, scores):
        assert best == ["b", "i", "a", "f", "c", "j", "d", "g"]
        assert titles(mine) == best
        assert {row.title: row.relevance for row in mine} == pytest.approx(scores, abs=1e-12)

    @pytest.mark.parametrize("name", ["many-to-many", "weighted"])
    def test_the_same_terms_in_any_order_are_the_same_relevance(self, person, name):
        """Floating-point sums depend on the order in which a database happens to read."""
        kind = KINDS[name]
        shares = {f"term {n}": 0.1 + n / 7 for n in range(8)}
        with declared(kind.model, **kind.declaration):
            chance = random.Random(5)
            items = [kind.make() for _ in range(60)]
            links = [(item, *pair) for item in items for pair in shares.items()]
            chance.shuffle(links)
            for item, term, share in links:
                kind.add(item, term, share)
            forget_statistics()
            for n, term in enumerate(shares):
                tag = tagging.pick(person, taxonomy=taxonomy(term))[0]
                UserTag.objects.filter(pk=tag.pk).update(weight=0.3 + n / 13)
            rows = list(personalize(kind.model.objects.order_by("title"), person))
            assert len({row.relevance for row in rows}) == 1
            assert [row.pk for row in rows] == [item.pk for item in items]
            assert len({row.similarity for row in similar(items[0])}) == 1

    def test_however_many_terms_an_item_has(self, person):
        """Few terms and many take different ways on SQLite."""
        items = {f"{n}": dict.fromkeys(["Python", *map(str, range(n))], 1.0) for n in range(16)}
        for title, terms in items.items():
            Book.objects.create(title=title).topics.set([taxonomy(name) for name in terms])
        forget_statistics()
        tagging.pick(person, taxonomy=taxonomy("Python"))
        tagging.hide(person, name="unheard of")
        found = {row.title: row.relevance for row in personalize(Book.objects.all(), person)}
        assert found == pytest.approx(naive_relevance(items, {"Python": 1.0}), abs=1e-12)

    def test_hidden_and_own_are_out_and_what_has_no_owner_stays(self, mine, catalogue):
        assert set("eh").isdisjoint(titles(mine))
        assert catalogue["d"].author is None
        assert "d" in titles(mine)

    def test_only_matching(self, matching, best, scores):
        assert titles(matching) == [title for title in best if scores[title]]
        assert matching.count() == len(matching) == 6
        assert matching.exists()

    @pytest.mark.parametrize("mode", [Mode.NONE, "anonymous"])
    def test_without_a_profile_the_hosts_order_and_no_relevance(self, mode, person, catalogue):
        if mode == Mode.NONE:
            PersonalizationSettings.objects.create(user=person, mode=mode)
        user = person if mode == Mode.NONE else AnonymousUser()
        rows = personalize(Book.objects.order_by("-title"), user)
        assert titles(rows) == sorted(WITH_TERMS, reverse=True)
        assert {row.relevance for row in rows} == {0.0}
        nothing = personalize(Book.objects.all(), user, only_matching=True)
        assert list(nothing.filter(relevance__gte=0)) == []
        assert titles(personalize(Bestseller.objects.all(), user)) == titles(rows)

    def test_explicit_mode_uses_what_was_picked_only(self, person, catalogue):
        now = timezone.now()
        UserTag.objects.create(
            user=person,
            taxonomy=taxonomy("Nim"),
            name="Nim",
            key=taxonomy("Nim").key,
            source=TagSource.AUTO_PROJECT,
            evidence=8 * scoring.growth(now, 30),
        )
        rows = Book.objects.order_by("title")
        assert [row.relevance > 0 for row in personalize(rows, person).filter(title="d")] == [True]
        PersonalizationSettings.objects.create(user=person, mode=Mode.EXPLICIT)
        found = personalize(rows, person)
        assert [row.relevance for row in found.filter(title="d")] == [0.0]
        assert titles(found) == ["b", "i", "a", "f", "c", "j", "d", "g"]

    def test_without_tags_the_hosts_order_and_still_without_their_own(self, other, catalogue):
        rows = personalize(Book.objects.order_by("-title"), other)
        assert titles(rows) == ["j", "i", "h", "g", "f", "e", "d"]
        assert {row.relevance for row in rows} == {0.0}
        assert not personalize(Book.objects.all(), other, only_matching=True).exists()

    def test_is_that_of_the_full_hour(self, person, catalogue):
        now = timezone.now().replace(minute=0, second=0, microsecond=0)
        tag = UserTag.objects.get(user=person, name="Python")
        tag.source, tag.evidence = TagSource.AUTO_PROJECT, 2 * scoring.growth(now, 30)
        tag.save()

        def relevance(at):
            return personalize(Book.objects.filter(title="a"), person, now=at).get().relevance

        assert relevance(now) == relevance(now + timedelta(minutes=59, seconds=59))
        assert relevance(now) > relevance(now + timedelta(hours=1))

    def test_a_model_that_is_not_registered_is_refused_with_those_that_are(self, person):
        for rows in (Taxonomy.objects.all(), Novel.objects.all(), Chapter.objects.none()):
            with pytest.raises(InvalidInput, match=r"is not registered.*: library\.book\."):
                personalize(rows, person)

    def test_a_slice_cannot_be_reordered_says_django_itself(self, mine, person, other):
        sliced = Book.objects.all()[:3]
        for user in (person, other, AnonymousUser()):
            with pytest.raises(TypeError, match="once a slice has been taken"):
                personalize(sliced, user)
        with pytest.raises(TypeError, match="once a slice has been taken"):
            queryset_filter(sliced, none_of=["Python"])


class TestHostsOrder:
    """Ties are settled by whatever order the host gave."""

    @pytest.mark.parametrize(
        "ordered",
        [
            lambda rows: rows.order_by("-title"),
            lambda rows: rows.order_by("title").reverse(),
            lambda rows: rows.order_by(F("title").desc()),
            lambda rows: rows.order_by(Upper("title").desc()),
            lambda rows: rows.annotate(up=Upper("title")).order_by("-up"),
            lambda rows: rows.order_by("-pk"),
            lambda rows: rows.extra(order_by=["-title"]),
            lambda rows: Bestseller.objects.all(),
            lambda rows: Bestseller.objects.reverse().reverse(),
        ],
    )
    def test_backwards(self, ordered, person, catalogue, best, scores):
        backwards = sorted(best, reverse=True)
        expected = sorted(backwards, key=lambda title: -round(scores[title], 9))
        assert titles(personalize(ordered(Book.objects.all()), person)) == expected

    def test_none_is_that_of_the_keys(self, mine, person, best):
        assert titles(personalize(Book.objects.all(), person)) == best
        assert titles(personalize(Bestseller.objects.order_by(), person)) == best

    @pytest.mark.parametrize("reverse", [False, True])
    def test_the_key_settles_what_it_leaves_open(self, reverse, person, catalogue, best):
        rows = Book.objects.order_by("is_public")
        assert titles(personalize(rows.reverse() if reverse else rows, person)) == best

    def test_at_random_among_equals_only(self, person, catalogue, scores):
        rows = personalize(Book.objects.order_by("?"), person)
        found = [round(scores[title], 9) for title in titles(rows)]
        assert found == sorted(found, reverse=True)

    def test_meta_ordering_with_an_expression(self, person, terms):
        with declared(Essay, terms="topic", owner="writer"):
            for rank, title in ((1, "b"), (1, "a"), (3, "c")):
                Essay.objects.create(rank=rank, title=title)
            Essay.objects.create(title="z", topic=terms["python"])
            Essay.objects.create(title="own", writer=person)
            tagging.pick(person, taxonomy=terms["python"])
            rows = personalize(Essay.objects.all(), person)
            assert titles(rows) == ["z", "c", "a", "b"]
            assert titles(rows.reverse()) == ["b", "a", "c", "z"]


@pytest.mark.parametrize(
    "operation",
    [
        lambda rows, best: (rows[0].title, best[0]),
        lambda rows, best: (titles(rows[2:5]), best[2:5]),
        lambda rows, best: (titles(rows[1::2]), best[1::2]),
        lambda rows, best: (rows.first().title, best[0]),
        lambda rows, best: (rows.last().title, best[-1]),
        lambda rows, best: (titles(rows.reverse()), best[::-1]),
        lambda rows, best: (titles(rows.reverse().reverse()), best),
        lambda rows, best: (rows.get(title="c").title, "c"),
        lambda rows, best: (rows.earliest("title").title, min(best)),
        lambda rows, best: (rows.count(), len(best)),
        lambda rows, best: (rows[2:4].count(), 2),
        lambda rows, best: (rows.exists(), True),
        lambda rows, best: (rows.filter(title="e").exists(), False),
        lambda rows, best: (rows.contains(Book.objects.get(title="a")), True),
        lambda rows, best: (rows.contains(Book.objects.get(title="e")), False),
        lambda rows, best: (len(rows.in_bulk()), len(best)),
        lambda rows, best: (titles(rows.all()), best),
        lambda rows, best: (titles(rows.none()), []),
        lambda rows, best: (titles(rows.using("default")), best),
        lambda rows, best: (titles(rows.order_by("-title")), sorted(best, reverse=True)),
        lambda rows, best: (titles(rows.order_by("relevance", "-title"))[::-1], best),
        lambda rows, best: (titles(rows.order_by("-relevance", "title")), best),
        lambda rows, best: (titles(rows.filter(title__in="abc")), [t for t in best if t in "abc"]),
        lambda rows, best: (titles(rows.exclude(title__in="abc")), [t for t in best if t > "c"]),
        lambda rows, best: (
            titles(rows.filter(Q(title="g") | Q(topics__name="Nim")).distinct()),
            ["f", "d", "g"],
        ),
        lambda rows, best: (
            titles(rows.exclude(topics__name="Zig")),
            [t for t in best if "Zig" not in WITH_TERMS[t]],
        ),
        lambda rows, best: (titles(rows.exclude(relevance=0)), best[:6]),
        lambda rows, best: (titles(rows.filter(relevance__gt=0)), best[:6]),
        lambda rows, best: (titles(rows.filter(Q(relevance=0) | Q(title="a"))), ["a", "d", "g"]),
        lambda rows, best: (rows.filter(relevance__gt=0).count(), 6),
        lambda rows, best: (list(rows.values_list("title", flat=True)), best),
        lambda rows, best: ([row["title"] for row in rows.values("title", "relevance")], best),
        lambda rows, best: ([row["title"] for row in rows.values("title")], best),
        lambda rows, best: ([row.title for row in rows.values_list("title", named=True)], best),
        lambda rows, best: (list(rows.values_list("pk", flat=True)), [row.pk for row in rows]),
        lambda rows, best: (titles(rows.only("title")), best),
        lambda rows, best: (titles(rows.defer("title")), best),
        lambda rows, best: (titles(rows.select_related("author")), best),
        lambda rows, best: (
            [[t.name for t in row.topics.all()] for row in rows.prefetch_related("topics")],
            [sorted(WITH_TERMS[title]) for title in best],
        ),
        lambda rows, best: (titles(rows.distinct()), best),
        lambda rows, best: (titles(rows.iterator(chunk_size=2)), best),
        lambda rows, best: (titles(rows.alias(n=Length("title")).filter(n=1)), best),
        lambda rows, best: (
            [row.n for row in rows.annotate(n=Count("topics"))],
            [len(WITH_TERMS[title]) for title in best],
        ),
        lambda rows, best: (titles(rows.annotate(n=Count("topics")).filter(n=2)), ["b", "i", "f"]),
        lambda rows, best: (titles(rows.annotate(n=Count("chapter"))), best),
        lambda rows, best: (
            [row.n for row in rows.annotate(n=Count("topics", distinct=True), m=Count("chapter"))],
            [len(WITH_TERMS[title]) for title in best],
        ),
        lambda rows, best: (
            list(
                rows.annotate(place=Window(RowNumber(), order_by=F("relevance").desc()))
                .filter(title="a")
                .values_list("place", flat=True)
            ),
            [1],
        ),
        lambda rows, best: (
            titles(
                rows.annotate(
                    boosted=Case(When(title="g", then=Value(9.0)), default=F("relevance"))
                ).order_by("-boosted", "title")
            ),
            ["g", *best[:-1]],
        ),
        lambda rows, best: (
            titles(Book.objects.filter(pk__in=rows[:3]).order_by("title")),
            sorted(best[:3]),
        ),
        lambda rows, best: (
            titles(
                Book.objects.filter(pk__in=rows.filter(relevance__gt=0).values("pk")).order_by(
                    "title"
                )
            ),
            sorted(best[:6]),
        ),
        lambda rows, best: (Book.objects.exclude(pk__in=rows.values("pk")).count(), 2),
        lambda rows, best: (
            Book.objects.filter(Exists(rows.filter(pk=OuterRef("pk"), relevance__gt=0))).count(),
            6,
        ),
        lambda rows, best: (
            titles(
                Book.objects.annotate(
                    found=Subquery(rows.filter(pk=OuterRef("pk")).values("relevance")[:1])
                )
                .filter(found__gt=0)
                .order_by("-found", "title")
            ),
            best[:6],
        ),
        lambda rows, best: (Chapter.objects.filter(book__in=rows).count(), 0),
        lambda rows, best: (titles(personalize(rows, UserTag.objects.first().user)), best),
        lambda rows, best: (titles(queryset_filter(rows, any_of=["Nim"])), ["f", "d"]),
        lambda rows, best: (rows.dates("created_at", "year").count(), 1),
        lambda rows, best: (bool(rows.explain()), True),
    ],
)
def test_goes_on_working_as_a_queryset(operation, mine, best):
    found, expected = operation(mine, best)
    assert found == expected


class TestMore:
    def test_arithmetic_with_relevance(self, mine, scores):
        rows = mine.annotate(double=F("relevance") * 2, age=F("relevance") + F("pk") * 0.0)
        for row in rows:
            assert row.double == pytest.approx(2 * scores[row.title])
            assert row.age == pytest.approx(scores[row.title])
        assert titles(mine.filter(relevance__gt=F("pk") * 0.0)) == titles(mine)[:6]

    def test_aggregates(self, mine, matching, scores):
        found = mine.aggregate(Avg("relevance"), Max("relevance"), n=Count("pk"))
        assert found["n"] == len(scores)
        assert found["relevance__max"] == pytest.approx(max(scores.values()))
        assert found["relevance__avg"] == pytest.approx(sum(scores.values()) / len(scores))
        least = matching.aggregate(least=Avg("relevance", filter=Q(title="c")))["least"]
        assert least == pytest.approx(scores["c"])
        sliced = mine[:2].aggregate(sum=Avg("relevance"))["sum"]
        assert sliced == pytest.approx((scores["b"] + scores["i"]) / 2)
        groups = mine.order_by().values("author").annotate(n=Count("pk"), most=Max("relevance"))
        assert sorted(group["n"] for group in groups) == [3, 5]

    def test_values_before(self, person, catalogue, best):
        rows = personalize(Book.objects.order_by("title").values("title"), person)
        assert [row["title"] for row in rows] == best
        assert rows[0].keys() == {"title", "relevance"}
        flat = personalize(Book.objects.order_by("title").values_list("title"), person)
        assert [row[0] for row in flat] == best

    def test_annotations_of_the_host_before(self, person, catalogue, best):
        rows = Book.objects.annotate(n=Count("topics")).filter(n__gt=0).order_by("title")
        found = personalize(rows, person)
        assert [(row.title, row.n) for row in found] == [
            (title, len(WITH_TERMS[title])) for title in best if title != "g"
        ]
        assert found.count() == 7

    def test_prefetched_for_each_of_others(self, person, other, catalogue):
        rows = personalize(Book.objects.order_by("title"), person)
        model = type(other)
        [found] = model.objects.filter(pk=other.pk).prefetch_related(Prefetch("book_set", rows))
        assert [(row.title, row.relevance > 0) for row in found.book_set.all()] == [
            ("b", True),
            ("a", True),
            ("c", True),
        ]

    def test_related_managers(self, person, other, catalogue):
        for rows in (other.book_set.all(), other.book_set, other.book_set.order_by("title")):
            assert titles(personalize(rows, person)) == ["b", "a", "c"]
        assert titles(personalize(Book.objects, person))[:2] == ["b", "i"]
        assert titles(personalize(taxonomy("Nim").book_set, person)) == ["f", "d"]

    def test_the_hosts_own_queryset_class_is_kept(self, person):
        with declared(Essay, terms="topic"):
            rows = personalize(Essay.objects.ranked(), person)
            assert isinstance(rows, EssayQuerySet)
            assert list(rows.ranked()) == []

    def test_two_people_at_once(self, mine, person, other, best):
        both = personalize(mine, other)
        assert titles(both) == [title for title in best if title not in "abc"]
        tagging.pick(other, taxonomy=taxonomy("Nim"))
        assert titles(personalize(mine, other))[:2] == ["d", "f"]
        assert titles(mine.all()) == best

    def test_updates_and_deletes_only_what_is_there(self, mine, matching):
        assert mine.filter(relevance__gt=0, title__in="abe").update(title="x") == 2
        assert matching.update(is_public=False) == 6
        assert Book.objects.filter(is_public=False).count() == 6
        deleted, _each = mine.filter(relevance=0).delete()
        assert deleted >= 2
        assert sorted(titles(Book.objects.all())) == ["c", "e", "f", "h", "i", "j", "x", "x"]
        matching.delete()
        assert sorted(titles(Book.objects.all())) == ["e", "h"]

    def test_pickled(self, mine, matching, person, best):
        for rows in (mine, matching, personalize(Book.objects.all(), AnonymousUser())):
            kept = pickle.loads(pickle.dumps(rows))
            assert [(row.title, row.relevance) for row in kept] == [
                (row.title, row.relevance) for row in rows
            ]
            again = Book.objects.all()
            again.query = pickle.loads(pickle.dumps(rows.query))
            assert titles(again) == titles(rows)
            assert titles(again.filter(title__in="bc")) == titles(rows.filter(title__in="bc"))
            assert len(again.query.alias_map) == len(rows.query.alias_map)

    def test_copied(self, mine, best):
        twin = copy.deepcopy(mine)
        assert titles(twin.filter(title__in="ab")) == ["b", "a"]
        rows = Book.objects.all()
        rows.query = copy.deepcopy(mine.query)
        assert titles(rows) == best
        assert titles(copy.copy(mine)) == best

    def test_asynchronously(self, mine, best):
        async def read():
            return (
                [row.title async for row in mine],
                await mine.acount(),
                (await mine.afirst()).title,
            )

        assert async_to_sync(read)() == (best, len(best), best[0])

    def test_one_join_however_often_it_is_used(self, mine, matching):
        for rows in (mine, matching, mine.order_by("-relevance").filter(relevance__gt=0)):
            again = rows.filter(relevance__lt=5).annotate(n=F("relevance") + 1).order_by("-n")
            for used in (rows, again, pickle.loads(pickle.dumps(again.query)), again.reverse()):
                sql = str(getattr(used, "query", used))
                assert sql.count("JOIN (SELECT") == str(mine.query).count("JOIN (SELECT")

    def test_unions(self, mine, matching, best):
        united = mine.order_by().union(matching.order_by()).order_by("-relevance", "title")
        assert titles(united) == best
        if connection.features.supports_select_difference:
            assert mine.order_by().difference(matching.order_by()).count() == 2
            assert mine.order_by().intersection(matching.order_by()).count() == 6
        with pytest.raises(NotSupportedError, match="union"):
            personalize(Book.objects.union(Book.objects.all()), UserTag.objects.first().user)


class TestCombined:
    """``|`` and ``&``: the left side says which columns there are, as in Django."""

    def test_personalized_or_plain(self, mine, matching, best):
        plain = Book.objects.filter(title__in="eg")
        assert set(titles(matching | plain)) == {*best[:6], "e", "g"}
        found = {row.title: row.relevance for row in matching | plain}
        assert found["g"] == 0.0
        assert found["a"] > found["c"] > 0
        assert (matching | plain).count() == 8
        assert set(titles(mine.filter(title="a") | Book.objects.filter(title="h"))) == {"a", "h"}

    def test_plain_or_personalized(self, mine, matching, best):
        found = Book.objects.filter(title="g") | matching
        assert titles(found) == [*best[:6], "g"]
        assert found.count() == 7
        assert titles(found.order_by("title")) == sorted([*best[:6], "g"])

    def test_personalized_or_personalized(self, mine, matching, person, other, best):
        either = mine.filter(title="d") | mine.filter(title="a")
        assert [(row.title, row.relevance > 0) for row in either] == [("a", True), ("d", False)]
        assert titles(matching | mine) == best
        assert titles(mine | matching) == best
        tagging.pick(other, taxonomy=taxonomy("Nim"))
        theirs = personalize(Book.objects.order_by("title"), other, only_matching=True)
        assert set(titles(matching | theirs)) == {*best[:6], "d"}

    def test_and(self, mine, matching, person, other, best):
        plain = Book.objects.filter(title__in="abde")
        for both in (mine & plain, plain & mine, mine & mine & plain):
            assert titles(both) == ["b", "a", "d"]
            assert both.count() == 3
        assert [row.relevance > 0 for row in mine & plain] == [True, True, False]
        assert titles(matching & plain) == titles(plain & matching) == ["b", "a"]
        assert titles(mine & matching) == titles(matching & mine) == best[:6]
        tagging.pick(other, taxonomy=taxonomy("Nim"))
        theirs = personalize(Book.objects.order_by("title"), other, only_matching=True)
        assert titles(matching & theirs) == ["f"]

    def test_xor(self, mine, matching):
        assert set(titles(mine ^ matching)) == {"d", "g"}

    def test_pickled_and_combined(self, matching, best):
        again = Book.objects.all()
        again.query = pickle.loads(pickle.dumps(matching.query))
        assert titles(again & matching) == best[:6]
        assert titles(again | Book.objects.filter(title="g")) == [*best[:6], "g"]


class TestPages:
    @few
    @given(data=st.data())
    def test_never_overlap_and_leave_no_gap(self, data, person, terms):
        Book.objects.all().delete()
        some = st.lists(st.sampled_from(list(terms.values())), max_size=2, unique=True)
        for topics in data.draw(st.lists(some, min_size=1, max_size=25)):
            Book.objects.create(title="same").topics.set(topics)
        forget_statistics()
        tagging.pick(person, taxonomy=terms["python"])
        order = data.draw(st.sampled_from(["title", "-title", "-is_public", None]))
        rows = Book.objects.order_by(order) if order else Book.objects.all()
        rows = personalize(rows, person, only_matching=data.draw(st.booleans()))
        size = data.draw(st.integers(1, 7))
        pages = Paginator(rows, size)
        seen = [row.pk for page in pages for row in page]
        assert seen == [row.pk for row in rows]
        assert len(seen) == len(set(seen)) == pages.count
        assert [row.relevance for row in rows] == sorted((r.relevance for r in rows), reverse=True)
        assert [row.pk for row in rows.reverse()] == seen[::-1]


class TestKinds:
    def test_a_child_with_a_table_of_its_own(self, person, terms):
        with declared(Novel, terms="topics", owner="author"):
            novel, own = Novel.objects.create(title="n"), Novel.objects.create(author=person)
            novel.topics.add(terms["python"])
            own.topics.add(terms["python"])
            Novel.objects.create(title="o", pages=3)
            Book.objects.create(title="book").topics.add(terms["python"])
            tagging.pick(person, taxonomy=terms["python"])
            rows = personalize(Novel.objects.filter(pages__lt=9), person)
            assert titles(rows) == ["n", "o"]
            assert titles(rows.select_related("book_ptr").filter(book_ptr__title="n")) == ["n"]
            assert rows.filter(relevance__gt=0).update(pages=7, title="m") == 1
            assert Novel.objects.get(pk=novel.pk).title == "m"

    def test_text_and_uuid_as_keys(self, person, terms):
        for name in ("weighted labels", "taggit, UUID", "foreign key"):
            kind = KINDS[name]
            with declared(kind.model, **kind.declaration):
                plain, found = kind.make(Zig=1.0), kind.make(Python=1.0)
                tagging.pick(person, taxonomy=terms["python"])
                rows = personalize(kind.model.objects.all(), person)
                assert list(rows) == [found, plain]
                assert rows.filter(relevance__gt=0).get() == found
                assert kind.model.objects.filter(pk__in=rows.all()[:1]).get() == found

    def test_two_hops_to_terms_and_owner(self, person, other, terms):
        with declared(Chapter, terms="book__topics", owner="book__author"):
            for title, author in (("own", person), ("other", other), ("nobody", None)):
                book = Book.objects.create(title=title, author=author)
                book.topics.add(terms["python"])
                Chapter.objects.create(title=title, book=book)
            tagging.pick(person, taxonomy=terms["python"])
            rows = personalize(Chapter.objects.order_by("title"), person)
            assert titles(rows) == ["nobody", "other"]
            related = rows.filter(book__title="other").select_related("book__author")
            assert [row.book.author for row in related] == [other]

    def test_taggit_has_its_own_lookups(self, person, terms):
        with declared(Post, terms="tags"):
            for title, names in (("a", ["Python"]), ("b", ["Python", "Zig"]), ("c", ["Zig"])):
                post = Post.objects.create(title=title)
                post.tags.add(*names)
            tagging.pick(person, taxonomy=terms["python"])
            rows = personalize(Post.objects.all(), person)
            assert titles(rows) == ["a", "b", "c"]
            assert titles(rows.filter(tags__name__in=["Zig"]).distinct()) == ["b", "c"]
            assert [len(row.tags.all()) for row in rows.prefetch_related("tags")] == [1, 2, 1]


@pytest.mark.postgres
class TestPostgres:
    def test_rows_can_be_locked_by_themselves(self, mine, best):
        """A bare FOR UPDATE would lock the scores too, and they are not rows of a table."""
        with transaction.atomic():
            assert titles(mine.select_for_update(of=("self",))) == best
            with pytest.raises(DatabaseError), transaction.atomic():
                list(mine.select_for_update())

    def test_distinct_on_asks_for_its_own_order(self, mine, best):
        assert len(mine.order_by("author", "-relevance").distinct("author")) == 2
        with pytest.raises(DatabaseError, match="DISTINCT ON"), transaction.atomic():
            list(mine.distinct("author"))


@pytest.mark.parametrize("name", ["many-to-many", "weighted", "taggit", "two hops"])
@few
@given(world=worlds())
def test_relevance_is_what_the_sentences_say(name, world, person, other):
    kind = KINDS[name]
    with declared(kind.model, **kind.declaration):
        items = world.store(kind, person, timezone.now())
        names = {pk: f"term {pk}" for pk in range(world.scheme.size)}
        affinity = {names[pk]: world.scheme.affinity(pk) for pk in names}
        expected = naive_relevance(items, affinity)
        shown = {
            pk: value
            for pk, value in expected.items()
            if not any(names[term] in items[pk] for term in world.hidden)
        }
        rows = list(personalize(kind.model.objects.order_by("pk"), person))
        assert {row.pk: row.relevance for row in rows} == pytest.approx(shown, abs=1e-9)
        order = [(-round(row.relevance, 12), str(row.pk)) for row in rows]
        assert [found for found, _pk in order] == sorted(found for found, _pk in order)
        matching = personalize(kind.model.objects.all(), person, only_matching=True)
        assert {row.pk for row in matching} == {pk for pk, value in shown.items() if value > 0}
