"""Every way in which hosts keep the terms of things, and what is said about wrong declarations."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_personalization import item_terms, tagging, term_statistics
from django_personalization.checks import check_content
from django_personalization.content import Content
from django_personalization.content_paths import path_problems
from django_personalization.explaining import explain
from django_personalization.item_terms import ItemTerm, terms_of
from django_personalization.models import Taxonomy, TaxonomyAlias, UserTag
from django_personalization.ranking import personalize, queryset_filter, similar
from django_personalization.term_statistics import forget_statistics, statistics_of
from django_personalization.tracking import track
from django_personalization.vocabulary import current_vocabulary
from tests.catalogues import KINDS, declared, few, label, naive_relevance, rarity
from tests.hosts.journal.models import Letter, Page, Post
from tests.hosts.library.models import (
    Bestseller,
    Book,
    Chapter,
    Essay,
    Film,
    Gadget,
    Note,
    Novel,
    Remark,
)

pytestmark = pytest.mark.django_db

MODELS = [Book, Bestseller, Novel, Chapter, Note, Film, Essay, Gadget, Remark, Post, Letter, Page]


@pytest.fixture(params=KINDS, ids=str)
def kind(request):
    found = KINDS[request.param]
    with declared(found.model, **found.declaration):
        yield found


def relevance(kind, person):
    return {row.pk: row.relevance for row in personalize(kind.model.objects.all(), person)}


class TestEveryKind:
    def test_is_ranked_by_its_terms(self, kind, person, terms):
        catalogue = {}
        for shares in ({"Python": 1.5}, {"Python": 0.5, "Zig": 3.0}, {"Zig": 1.0}, {}):
            some = dict(list(shares.items())[:1]) if kind.single else shares
            catalogue[kind.make(**some).pk] = {
                name: share if "shares" in kind.declaration else 1.0 for name, share in some.items()
            }
        # What others have must not count.
        Book.objects.create().topics.add(terms["python"])
        if kind.model in {Book, Bestseller}:
            catalogue[Book.objects.latest("pk").pk] = {"Python": 1.0}
        forget_statistics()
        tagging.weigh(tagging.pick(person, taxonomy=terms["python"])[0], 2)
        assert relevance(kind, person) == pytest.approx(naive_relevance(catalogue, {"Python": 2}))
        assert relevance(kind, person)[next(iter(catalogue))] > 0

    def test_lends_its_terms_as_keywords_when_tracked(self, kind, person, terms):
        item = kind.make(**{"Python": 1.0} if kind.single else {"Python": 1.0, "Zig": 1.0})
        track(person, "project_view", content=item)
        names = {"Python"} if kind.single else {"Python", "Zig"}
        tags = UserTag.objects.of(person)
        assert {tag.name for tag in tags} == names
        assert {tag.taxonomy_id for tag in tags} >= {terms["python"].pk}
        assert explain(item, person).score > 0

    def test_is_explained_filtered_and_compared(self, kind, person, terms):
        item, twin = kind.make(Python=1.0), kind.make(Python=2.0)
        kind.make(Zig=1.0)
        forget_statistics()
        tagging.pick(person, taxonomy=terms["python"])
        assert explain(item, person).score == pytest.approx(relevance(kind, person)[item.pk])
        rows = kind.model.objects.all()
        assert set(queryset_filter(rows, any_of=["python"])) == {item, twin}
        assert set(queryset_filter(rows, tags_of=person)) == {item, twin}
        assert list(similar(item)) == [twin]

    def test_is_left_out_with_a_hidden_term(self, kind, person, terms):
        item, other = kind.make(Python=1.0), kind.make(Zig=1.0)
        tagging.hide(person, taxonomy=terms["python"])
        assert list(personalize(kind.model.objects.all(), person)) == [other]
        assert explain(item, person).is_left_out

    def test_costs_as_many_queries_however_much_there_is(
        self, kind, person, terms, django_assert_num_queries
    ):
        tagging.pick(person, taxonomy=terms["python"])
        for size in (1, 5):
            for _ in range(size):
                kind.make(Python=1.0)
            list(personalize(kind.model.objects.all(), person))
            with django_assert_num_queries(2):
                list(personalize(kind.model.objects.all(), person)[:20])


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.free])
class TestNamedLabels:
    @pytest.fixture
    def kind(self, name):
        with declared(KINDS[name].model, **KINDS[name].declaration):
            yield KINDS[name]

    def test_names_and_aliases_mean_terms_of_the_vocabulary(self, kind, person, terms):
        item, other = kind.make(**{"machine LEARNING": 1.0}), kind.make(Knitting=1.0)
        tagging.pick(person, taxonomy=terms["ai"])
        [first, last] = personalize(kind.model.objects.all(), person)
        assert (first, last) == (item, other)
        assert first.relevance > last.relevance == 0
        assert list(queryset_filter(kind.model.objects.all(), any_of=["ML"])) == [item]

    def test_what_the_vocabulary_lacks_is_a_term_of_its_own(self, kind, person):
        item, other = kind.make(KNITTING=1.0), kind.make(Sewing=1.0)
        tagging.pick(person, name="Knitting")
        [first, last] = personalize(kind.model.objects.all(), person)
        assert (first, last, last.relevance) == (item, other, 0.0)
        tagging.hide(person, name="Sewing")
        assert list(personalize(kind.model.objects.all(), person)) == [item]

    def test_a_new_alias_counts_at_once(self, kind, person, terms):
        kind.make(**{"serpent language": 1.0})
        tagging.pick(person, taxonomy=terms["python"])
        rows = kind.model.objects.all()
        assert [row.relevance for row in personalize(rows, person)] == [0.0]
        TaxonomyAlias.objects.create(taxonomy=terms["python"], name="Serpent Language")
        assert [row.relevance for row in personalize(rows, person)] == [1.0]

    def test_new_content_with_a_new_spelling_of_what_is_hidden_is_left_out_at_once(
        self, kind, person, terms, django_assert_num_queries
    ):
        item, old = kind.make(Knitting=1.0), kind.make(Python=1.0)
        tagging.hide(person, taxonomy=terms["python"])
        rows = kind.model.objects.all()
        assert list(personalize(rows, person)) == [item]
        new = kind.make(pYTHON=1.0)
        # The latest names are one query.
        with django_assert_num_queries(3):
            assert list(personalize(rows, person)) == [item]
        assert [explain(row, person).is_left_out for row in (item, old, new)] == [
            False,
            True,
            True,
        ]

    def test_a_label_that_nothing_had_when_it_was_counted_is_known(self, kind, person, terms):
        label_model = item_terms.term_model(Content(kind.model, **kind.declaration))
        label_model._base_manager.create(name="Python")
        item = kind.make(Knitting=1.0)
        tagging.pick(person, taxonomy=terms["python"])
        rows = kind.model.objects.all()
        assert [row.relevance for row in personalize(rows, person)] == [0.0]
        new = kind.make(Python=1.0)
        assert list(personalize(rows, person)) == [new, item]

    def test_a_name_that_can_be_no_tag_is_passed_over(self, kind, person, terms):
        kind.make(**{"\u200b": 1.0, "Python": 1.0})
        tagging.pick(person, taxonomy=terms["python"])
        assert [row.relevance > 0 for row in personalize(kind.model.objects.all(), person)] == [
            True
        ]


class TestShares:
    def test_rows_of_the_same_term_add_up(self, person, terms):
        with declared(Film, terms="links__topic", shares="links__weight") as films:
            film, plain = Film.objects.create(), Film.objects.create()
            for weight in ("0.25", "0.75", None, "0", "-1"):
                value = None if weight is None else Decimal(weight)
                film.links.create(topic=terms["python"], weight=value)
            plain.links.create(topic=terms["python"], weight=1)
            tagging.pick(person, taxonomy=terms["python"])
            found = {row.pk: row.relevance for row in personalize(Film.objects.all(), person)}
            assert found[film.pk] == pytest.approx(found[plain.pk])
            assert found[film.pk] == pytest.approx(rarity(2, 2))
            key = terms["python"].pk
            found = terms_of(films, [film.pk], current_vocabulary())
            assert found == {film.pk: [ItemTerm(film.pk, key, 1.0, key)]}
            [alike] = similar(film)
            assert alike.similarity == pytest.approx(rarity(2, 2) ** 2)

    @pytest.mark.parametrize("name", ["table between", "labels through", "generic relation"])
    def test_without_them_a_term_that_is_there_twice_counts_once(self, name, person, terms):
        kind = KINDS[name]
        with declared(kind.model, **kind.declaration) as rows:
            twice, once = kind.make(Python=1.0, Zig=1.0), kind.make(Python=1.0)
            kind.make(Nim=1.0)
            if name == "labels through":
                twice.mark_set.create(term=label("Python"))
            else:
                kind.add(twice, "Python", 1.0)
            forget_statistics()
            tagging.pick(person, taxonomy=terms["python"])
            found = relevance(kind, person)
            assert found[once.pk] == pytest.approx(rarity(2, 3))
            assert found[twice.pk] == pytest.approx(rarity(2, 3) / 2**0.5)
            assert len(terms_of(rows, [twice.pk], current_vocabulary())[twice.pk]) == 2


class TestStatistics:
    def test_are_shared_and_never_changed(self, terms):
        content = Content(Book, "topics")
        Book.objects.create().topics.add(terms["python"])
        statistics = statistics_of(content, current_vocabulary())
        assert statistics_of(content, current_vocabulary()) is statistics
        with pytest.raises(FrozenInstanceError):
            statistics.total = 5
        for mapping in (statistics.frequency, statistics.keys, statistics.identities):
            with pytest.raises(TypeError):
                mapping[0] = 1

    def test_are_counted_again_after_a_while(self, terms, monkeypatch, django_assert_num_queries):
        now = [1000.0]
        monkeypatch.setattr(term_statistics.time, "monotonic", lambda: now[0])
        content, vocabulary = Content(Book, "topics"), current_vocabulary()
        assert statistics_of(content, vocabulary).total == 0
        Book.objects.create().topics.add(terms["python"])
        Book.objects.create()
        now[0] += 9
        with django_assert_num_queries(0):
            assert statistics_of(content, vocabulary).total == 0
        now[0] += 2
        with django_assert_num_queries(0):
            assert statistics_of(content, vocabulary, recount=False).total == 0
        with django_assert_num_queries(1):
            assert statistics_of(content, vocabulary).total == 2
        now[0] += 9
        with django_assert_num_queries(0):
            assert statistics_of(content, vocabulary).total == 2

    def test_one_thread_counts_while_the_others_go_on(self, terms, monkeypatch):
        now, begun, counted = [1000.0], threading.Event(), threading.Event()
        monkeypatch.setattr(term_statistics.time, "monotonic", lambda: now[0])
        content, vocabulary = Content(Book, "topics"), current_vocabulary()
        old, count, counts = statistics_of(content, vocabulary), term_statistics._count, []

        def slow(content):
            counts.append(content)
            begun.set()
            assert counted.wait(10)
            return replace(count_now, total=7)

        count_now = count(content)
        monkeypatch.setattr(term_statistics, "_count", slow)
        now[0] += 61
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(statistics_of, content, vocabulary)
            assert begun.wait(10)
            assert all(statistics_of(content, vocabulary) is old for _ in range(8))
            counted.set()
            assert first.result(10).total == 7
        assert statistics_of(content, vocabulary).total == 7
        assert len(counts) == 1

    def test_who_counted_nothing_takes_no_count_away(self, terms, monkeypatch):
        """A slow reader of the names must not put the old count back."""
        content, vocabulary = Content(Book, "topics"), current_vocabulary()
        statistics_of(content, vocabulary)
        place = (Book, "topics", None)
        old = term_statistics._known[place]
        forget_statistics()
        Book.objects.create().topics.add(terms["python"])
        assert statistics_of(content, vocabulary).total == 1
        term_statistics._keep(place, replace(old, statistics=old.statistics), old)
        assert statistics_of(content, vocabulary).total == 1

    def test_an_edit_of_the_vocabulary_counts_nothing_again(self, terms, django_assert_num_queries):
        content = Content(Book, "topics")
        statistics_of(content, current_vocabulary())
        zig = Taxonomy.objects.create(name="Zig", category="skill")
        vocabulary = current_vocabulary()
        with django_assert_num_queries(0):
            assert statistics_of(content, vocabulary).keys_of(zig.pk) == (zig.pk,)

    def test_a_rare_term_says_more_and_an_unknown_one_most(self, terms):
        for number in range(8):
            book = Book.objects.create()
            book.topics.add(terms["python"])
            if number == 0:
                book.topics.add(terms["ai"])
        statistics = statistics_of(Content(Book, "topics"), current_vocabulary())
        ai, python, cpp = (statistics.rarity(terms[name].pk) for name in ("ai", "python", "cpp"))
        assert python == pytest.approx(rarity(8, 8))
        assert python < ai == cpp == 1.0


WRONG = [
    (Book, {"terms": "topic"}, "'topic' does not exist", ["topics"]),
    (Book, {"terms": "title"}, "'title' leads to no term: 'title' is no relation", ["topics"]),
    (Book, {"terms": "title__topics"}, "'title' is no relation", ["topics"]),
    (Book, {"terms": "author"}, "has no field called name", ["topics"]),
    (Book, {"terms": "topics__name"}, "'name' is no relation", ["topics__parent"]),
    (Book, {"terms": ""}, "is no path", ["topics"]),
    (Book, {"terms": None}, "is no path", ["topics"]),
    (Film, {"terms": "links"}, "library.Link has no field called name", ["links__topic"]),
    (Film, {"terms": "topics"}, "does not exist", ["links__topic", "remarks__topic"]),
    (Film, {"terms": "links__subject"}, "library.Link has no 'subject'", ["links__topic"]),
    (Film, {"terms": "link"}, "does not exist", ["links__topic"]),
    (Remark, {"terms": "target"}, "'target' may lead to any model", ["topic"]),
    (Remark, {"terms": "target__topics"}, "'target' may lead to any model", ["topic"]),
    (Chapter, {"terms": "topics"}, "does not exist", ["book__topics"]),
    (Chapter, {"terms": "book__labels"}, "library.Book has no 'labels'", ["book__topics"]),
    (Gadget, {"terms": "mark"}, "library.Mark has no field called name", ["marks", "mark__term"]),
    (Post, {"terms": "tag"}, "does not exist", ["tags"]),
    (Book, {"terms": "topics", "owner": "writer"}, "owner='writer' does not exist", ["author"]),
    (Book, {"terms": "topics", "owner": "title"}, "does not lead to", ["author"]),
    (Book, {"terms": "topics", "owner": "topics"}, "does not lead to", ["author"]),
    (Chapter, {"terms": "book__topics", "owner": "book"}, "does not lead to", []),
    (Chapter, {"terms": "book__topics", "owner": "book__by"}, "no 'by'", ["book__author"]),
    (Remark, {"terms": "topic", "owner": "target"}, "does not lead to", []),
    (Book, {"terms": "topics", "published_at": "title"}, "is no date", ["created_at"]),
    (Book, {"terms": "topics", "published_at": "when"}, "does not exist", ["created_at"]),
    (Chapter, {"terms": "book__topics", "published_at": "book"}, "is no date", []),
    (Chapter, {"terms": "book__topics", "published_at": "book__x"}, "no 'x'", ["book__created_at"]),
    (Film, {"terms": "links__topic", "shares": "weight"}, "is no number", ["links__weight"]),
    (Film, {"terms": "links__topic", "shares": "links__topic"}, "is no number", ["links__weight"]),
    (Film, {"terms": "links__topic", "shares": "remarks__id"}, "is no number", ["links__weight"]),
    (Film, {"terms": "links__topic", "shares": 5}, "is no number", ["links__weight"]),
    (Film, {"terms": "remarks__topic", "shares": "links__weight"}, "is no number", ["object_id"]),
    (
        Gadget,
        {"terms": "marks", "shares": "mark__share"},
        "is not on the rows",
        ["mark__share with terms='mark__term'"],
    ),
    (Book, {"terms": "topics", "shares": "id"}, "is not on the rows", []),
    (Post, {"terms": "tags", "shares": "tags__id"}, "is not on the rows", []),
]


@pytest.mark.parametrize(("model", "declaration", "words", "right"), WRONG)
def test_a_wrong_path_is_reported_with_the_right_ones(model, declaration, words, right):
    with declared(model, **declaration):
        [message] = [found for found in check_content() if found.obj is model]
    assert message.id == "django_personalization.E012"
    assert f"register({model._meta.label_lower}): " in message.msg
    assert words in message.msg
    assert all(path in message.hint for path in right)
    assert right or "nothing that could be" in message.hint


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_right_paths_are_not_reported(kind):
    assert list(path_problems(Content(kind.model, **kind.declaration))) == []
    rows = Content(Chapter, "book__topics", "book__author", "book__created_at")
    assert list(path_problems(rows)) == []
    assert list(path_problems(Content(Essay, "topic", "writer", shares="rank"))) == []


NAMES = """
topics topic author title name labels links film weight remarks target content_type tags tag
tagged_items mark marks item term share book book_ptr novel chapter id pk parent writer created_at
taxonomy_set user x
"""
parts = st.sampled_from([*NAMES.split(), "", "\x00"])
paths = st.lists(parts, min_size=1, max_size=3).map("__".join)


@settings(few, max_examples=200)
@given(model=st.sampled_from(MODELS), terms=paths, owner=paths, at=paths, shares=st.none() | paths)
def test_no_path_crashes_and_what_is_advised_is_right(db, model, terms, owner, at, shares):
    declaration = Content(model, terms, owner, at, None, shares)
    problems = {problem.argument: problem for problem in path_problems(declaration)}
    for argument in {"terms", "owner", "published_at"} & problems.keys():
        for path in problems[argument].legal:
            right = replace(declaration, **{argument: path})
            assert argument not in {problem.argument for problem in path_problems(right)}
    if "terms" not in problems and "shares" not in problems:
        list(item_terms.term_pairs(declaration))
        statistics_of(declaration, current_vocabulary())


def test_every_advice_about_shares_is_right():
    for model in MODELS:
        for terms in ("links__topic", "mark__term", "topic", "remarks__topic"):
            for problem in path_problems(Content(model, terms, shares="nothing")):
                for path in problem.legal if problem.argument == "shares" else ():
                    assert not list(path_problems(Content(model, terms, shares=path)))
    [problem] = path_problems(Content(Gadget, "marks", shares="x"))
    assert problem.legal == (
        "mark__score with terms='mark__term'",
        "mark__share with terms='mark__term'",
    )
