"""Orders that need no profile: similar, popular and fresh."""

import math
from datetime import datetime, timedelta, timezone

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from hypothesis import given
from hypothesis import strategies as st

from django_personalization import scoring, tagging
from django_personalization.exceptions import InvalidInput
from django_personalization.models import ItemStatistics
from django_personalization.ranking import fresh, personalize, popular, queryset_filter, similar
from django_personalization.term_statistics import forget_statistics
from tests.catalogues import KINDS, declared, few, rarity, taxonomy
from tests.hosts.library.models import Bestseller, Book, Chapter, Essay, Gadget, Note, Novel

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)


def titles(rows):
    return [row.title for row in rows]


class TestSimilar:
    @pytest.fixture
    def books(self):
        made = {}
        for title, names in {
            "one": ["Python", "Zig"],
            "twin": ["Zig", "Python"],
            "half": ["Python"],
            "rare": ["Zig"],
            "more": ["Python", "Nim", "Go"],
            "other": ["Nim"],
            "none": [],
        }.items():
            made[title] = Book.objects.create(title=title)
            made[title].topics.set([taxonomy(name) for name in names])
        forget_statistics()
        return made

    def test_most_alike_first_and_nothing_that_shares_nothing(self, books):
        rows = similar(books["one"])
        python, zig = rarity(4, 7), rarity(3, 7)
        assert zig > python
        assert titles(rows) == ["twin", "rare", "half", "more"]
        assert [row.similarity for row in rows] == pytest.approx(
            [
                (python**2 + zig**2) / 2,
                zig**2 / math.sqrt(2),
                python**2 / math.sqrt(2),
                python**2 / math.sqrt(2 * 3),
            ]
        )

    def test_never_itself_and_within_what_was_given(self, books):
        assert books["one"] not in similar(books["one"])
        rows = Book.objects.exclude(title="twin").order_by("title")
        assert titles(similar(books["one"], rows)) == ["rare", "half", "more"]
        assert titles(similar(books["one"], Book.objects)) == titles(similar(books["one"]))
        assert titles(similar(books["one"])[1:3]) == ["rare", "half"]
        assert similar(books["one"]).count() == 4

    def test_without_terms_nothing_and_the_number_is_still_there(self, books):
        rows = similar(books["none"])
        assert list(rows.filter(similarity__gte=0)) == []
        assert list(similar(Book(title="unsaved"))) == []

    def test_rows_of_another_model_are_refused(self, books):
        with pytest.raises(
            InvalidInput, match=r"Expected rows of library\.book, got library\.note"
        ):
            similar(books["one"], Note.objects.all())
        with pytest.raises(InvalidInput, match=r"chapter is not registered"):
            similar(Chapter(title="x"))
        assert titles(similar(books["one"], Bestseller.objects.order_by("title")))[0] == "twin"

    def test_goes_on_as_a_queryset(self, books, person):
        tagging.pick(person, taxonomy=taxonomy("Nim"))
        assert titles(personalize(similar(books["one"]), person))[0] == "more"
        assert titles(queryset_filter(similar(books["one"]), any_of=["Zig"])) == ["twin", "rare"]
        assert titles(similar(books["one"]).reverse()) == ["more", "half", "rare", "twin"]

    def test_ties_keep_the_hosts_order(self, books):
        for title in ("b", "a"):
            Book.objects.create(title=title).topics.set([taxonomy("Zig")])
        rows = similar(books["rare"], Book.objects.filter(title__in="ab"))
        assert titles(rows) == ["b", "a"]
        rows = similar(books["rare"], Book.objects.filter(title__in="ab").order_by("title"))
        assert titles(rows) == ["a", "b"]

    def test_three_queries(self, books, django_assert_num_queries):
        list(similar(books["one"]))
        with django_assert_num_queries(3):
            list(similar(books["one"])[:5])


def used(obj, units, count=1, now=NOW):
    """Let ``obj`` have been used as much as ``units`` are worth in the hour of ``now``."""
    at = now.replace(minute=0, second=0, microsecond=0)
    ItemStatistics.objects.create(
        content_type=ContentType.objects.get_for_model(obj),
        object_id=str(obj.pk),
        popularity=units * scoring.growth(at, 30),
        interaction_count=count,
    )


class TestPopular:
    @pytest.mark.parametrize(
        "name",
        ["many-to-many", "proxy", "inherited", "foreign key", "weighted labels", "taggit, UUID"],
    )
    def test_most_used_first_whatever_the_key(self, name):
        kind = KINDS[name]
        with declared(kind.model, **kind.declaration):
            little, most, never, some = (kind.make() for _ in range(4))
            for obj, units in ((little, 0.5), (most, 30.0), (some, 3.0)):
                used(obj, units)
            # The same key, of another model.
            other = Note.objects.create()
            ItemStatistics.objects.create(
                content_type=ContentType.objects.get_for_model(other),
                object_id=str(never.pk),
                popularity=1e30,
            )
            rows = popular(kind.model.objects.all(), now=NOW)
            assert list(rows) == [most, some, little, never]
            assert [row.popularity for row in rows] == pytest.approx([30.0, 3.0, 0.5, 0.0])
            assert list(rows.filter(popularity__gt=1)) == [most, some]
            assert rows.count() == 4
            assert list(rows.reverse()) == [never, little, some, most]

    def test_it_fades(self):
        book = Book.objects.create()
        used(book, 8.0)
        [then] = popular(Book.objects.all(), now=NOW + timedelta(days=60))
        assert then.popularity == pytest.approx(2.0)

    def test_ties_keep_the_hosts_order(self):
        for title in "bca":
            used(Book.objects.create(title=title), 1.0)
        assert titles(popular(Book.objects.order_by("title"))) == ["a", "b", "c"]
        assert titles(popular(Book.objects.order_by("title").reverse())) == ["c", "b", "a"]
        assert titles(popular(Book.objects.all())) == ["b", "c", "a"]
        assert titles(popular(Bestseller.objects.all())) == ["c", "b", "a"]

    def test_odd_keys(self):
        with declared(Gadget, terms="marks"):
            for units, code in enumerate(["a'b", "%s", 'q"uote', "ü", "0", " 1"], start=1):
                used(Gadget.objects.create(code=code), units)
            found = [row.code for row in popular(Gadget.objects.all(), now=NOW)]
            assert found == [" 1", "0", "ü", 'q"uote', "%s", "a'b"]

    def test_rows_that_are_gone_are_in_nobodys_way(self):
        book = Book.objects.create(title="x")
        used(book, 1.0)
        used(Novel(pk=99), 1.0)
        used(Book(pk=12345), 9.0)
        assert titles(popular(Book.objects.all())) == ["x"]

    def test_beside_relevance(self, person, terms):
        books = [Book.objects.create(title=title) for title in "abc"]
        books[1].topics.add(terms["python"])
        used(books[2], 5.0)
        tagging.pick(person, taxonomy=terms["python"])
        rows = personalize(popular(Book.objects.all(), now=NOW), person)
        assert titles(rows) == ["b", "c", "a"]
        assert [(row.relevance, row.popularity) for row in rows] == [
            (1.0, 0.0),
            (0.0, pytest.approx(5.0)),
            (0.0, 0.0),
        ]

    def test_one_query(self, django_assert_num_queries):
        used(Book.objects.create(), 1.0)
        with django_assert_num_queries(1):
            list(popular(Book.objects.all()))

    def test_an_unregistered_model_is_refused(self):
        with pytest.raises(InvalidInput, match="is not registered"):
            popular(Note.objects.all())


class TestFresh:
    @pytest.fixture
    def books(self):
        made = [Book.objects.create(title=title) for title in "abcd"]
        for book, days in zip(made, (3, 1, 2, 1), strict=True):
            Book.objects.filter(pk=book.pk).update(created_at=NOW - timedelta(days=days))
        return made

    def test_the_latest_first_and_the_later_made_among_equals(self, books):
        assert titles(fresh(Book.objects.all())) == ["d", "b", "c", "a"]
        assert titles(fresh(Book.objects.order_by("title"))) == ["d", "b", "c", "a"]
        assert titles(fresh(Book.objects.order_by("title").reverse())) == ["d", "b", "c", "a"]
        assert titles(fresh(Book.objects).reverse()) == ["a", "c", "b", "d"]
        assert titles(fresh(Book.objects.filter(title__in="ab"))) == ["b", "a"]

    def test_over_a_relation(self, books):
        with declared(Chapter, terms="book__topics", published_at="book__created_at"):
            for book in books:
                Chapter.objects.create(book=book, title=book.title)
            assert titles(fresh(Chapter.objects.all())) == ["d", "b", "c", "a"]

    def test_without_a_date_it_says_so(self):
        message = r"library\.essay is registered without"
        with declared(Essay, terms="topic"), pytest.raises(InvalidInput, match=message):
            fresh(Essay.objects.all())
        with pytest.raises(InvalidInput, match="is not registered"):
            fresh(Note.objects.all())


@few
@given(data=st.data())
def test_pages_never_overlap(data):
    Book.objects.all().delete()
    ItemStatistics.objects.all().delete()
    one = Book.objects.create(title="one", created_at=NOW)
    one.topics.add(taxonomy("Python"))
    amounts = data.draw(st.lists(st.sampled_from([None, 0.0, 1.0, 2.5]), max_size=15))
    for units in amounts:
        book = Book.objects.create(title="same")
        book.topics.add(taxonomy("Python"))
        if units is not None:
            used(book, units)
    Book.objects.update(created_at=NOW)
    size = data.draw(st.integers(1, 6))
    for rows in (
        popular(Book.objects.all(), now=NOW),
        popular(Book.objects.order_by("title"), now=NOW),
        fresh(Book.objects.all()),
        similar(one),
    ):
        seen = [row.pk for page in Paginator(rows, size) for row in page]
        assert seen == [row.pk for row in rows]
        assert len(seen) == len(set(seen)) == rows.count()
    units = [row.popularity for row in popular(Book.objects.all(), now=NOW)]
    assert units == pytest.approx(sorted([0.0, *(amount or 0.0 for amount in amounts)])[::-1])
