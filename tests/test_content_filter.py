"""The content filter: any of, all of, none of, one's own tags, and what is narrower."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from django_personalization import scoring, tagging
from django_personalization.choices import Mode, TagSource
from django_personalization.exceptions import InvalidInput
from django_personalization.models import PersonalizationSettings, Taxonomy, UserTag
from django_personalization.ranking import personalize, queryset_filter
from django_personalization.term_statistics import forget_statistics
from tests.catalogues import KINDS, declared, few, taxonomy
from tests.hosts.library.models import Book

pytestmark = pytest.mark.django_db

BOOKS = {
    "a": ["Python"],
    "b": ["Python", "C++"],
    "c": ["C++"],
    "d": ["AI & Machine Learning"],
    "e": [],
    "f": ["Religion", "Flash", "C++"],
}


@pytest.fixture
def catalogue(terms):
    for title, names in BOOKS.items():
        Book.objects.create(title=title).topics.set([taxonomy(name) for name in names])
    forget_statistics()
    return terms


def found(rows=None, **conditions):
    rows = Book.objects.order_by("title") if rows is None else rows
    return "".join(row.title for row in queryset_filter(rows, **conditions))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, "abcdef"),
        ({"any_of": []}, "abcdef"),
        ({"any_of": (), "all_of": iter(()), "none_of": set()}, "abcdef"),
        ({"any_of": ["Python"]}, "ab"),
        ({"any_of": "python"}, "ab"),
        ({"any_of": ["Python", "ai"]}, "abd"),
        ({"any_of": {"ml", "machine learning"}}, "d"),
        ({"all_of": ["Python", "c++"]}, "b"),
        ({"all_of": ["Python", " PYTHON "]}, "ab"),
        ({"all_of": ["Python", "C++", "ML"]}, ""),
        ({"none_of": ["Python"]}, "cdef"),
        ({"none_of": ["Python", "C++", "AI"]}, "e"),
        ({"any_of": ["Python"], "none_of": ["C++"]}, "a"),
        ({"any_of": ["C++"], "all_of": ["faith"]}, "f"),
        ({"any_of": ["Python", "C++"], "all_of": ["C++"], "none_of": ["Python"]}, "cf"),
        ({"any_of": ["Python"], "none_of": ["Python"]}, ""),
        ({"any_of": ["Flash"]}, "f"),
    ],
)
def test_any_of_all_of_none_of(catalogue, conditions, expected):
    assert found(**conditions) == expected


def test_terms_themselves(catalogue):
    assert found(any_of=[catalogue["python"], "ai"]) == "abd"
    assert found(all_of=catalogue["cpp"], none_of=catalogue["python"]) == "cf"
    assert found(none_of=Taxonomy.objects.filter(category="skill")) == "de"


@pytest.mark.parametrize(
    "conditions",
    [
        {"any_of": ["Pyton", "Python", "Zigg"], "none_of": ["Nimm"]},
        {"any_of": iter(["Pyton", "Zigg"]), "none_of": "Nimm"},
    ],
)
def test_every_name_that_means_no_term_is_named(catalogue, conditions):
    with pytest.raises(InvalidInput) as refusal:
        found(**conditions)
    assert refusal.value.errors == {
        "any_of": [
            '"Pyton" is no term of the vocabulary.',
            '"Zigg" is no term of the vocabulary.',
        ],
        "none_of": ['"Nimm" is no term of the vocabulary.'],
    }


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        (5, "5"),
        (None, "None"),
        ("", '""'),
        ("\u0000", "x00"),
        ("\ud800", "ud800"),
        ("x" * 5000, "xxx…"),
        (Taxonomy(name="Unsaved"), "Unsaved"),
        (Taxonomy(pk=2**70, name="Far"), "Far"),
        (object, "class"),
    ],
)
def test_what_can_be_no_term_is_refused_in_words(catalogue, wrong, shown):
    with pytest.raises(InvalidInput, match="is no term of the vocabulary") as refusal:
        found(all_of=[wrong])
    assert shown in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_a_deleted_term_is_none(catalogue):
    python = catalogue["python"]
    Taxonomy.objects.filter(pk=python.pk).delete()
    with pytest.raises(InvalidInput, match="Python"):
        found(any_of=[python])


class TestNarrower:
    @pytest.fixture(autouse=True)
    def _hierarchy(self, catalogue):
        skills = Taxonomy.objects.create(name="Languages", category="topic")
        for name in ("python", "cpp"):
            Taxonomy.objects.filter(pk=catalogue[name].pk).update(parent=skills)
        Taxonomy.objects.filter(pk=catalogue["ai"].pk).update(parent=catalogue["python"])

    @pytest.mark.parametrize(
        ("conditions", "exact", "with_narrower"),
        [
            ({"any_of": ["Languages"]}, "", "abcdf"),
            ({"any_of": ["Python"]}, "ab", "abd"),
            ({"all_of": ["Python", "C++"]}, "b", "b"),
            ({"all_of": ["Languages", "C++"]}, "", "bcf"),
            ({"none_of": ["Languages"]}, "abcdef", "e"),
            ({"none_of": ["Python"], "any_of": ["Languages"]}, "", "cf"),
            ({"any_of": ["AI"]}, "d", "d"),
        ],
    )
    def test_only_on_demand(self, conditions, exact, with_narrower):
        assert found(**conditions) == exact
        assert found(**conditions, narrower=True) == with_narrower

    def test_of_ones_own_tags(self, person):
        tagging.pick(person, name="Languages")
        assert found(tags_of=person) == ""
        assert found(tags_of=person, narrower=True) == "abcdf"

    def test_a_circle_ends(self, catalogue):
        skills = Taxonomy.objects.get(name="Languages")
        Taxonomy.objects.filter(pk=skills.pk).update(parent=catalogue["ai"])
        assert found(any_of=["AI"], narrower=True) == "d"


class TestTagsOf:
    def test_what_has_one_of_the_persons_tags(self, catalogue, person, other):
        tagging.pick(person, taxonomy=catalogue["python"])
        tagging.pick(person, taxonomy=catalogue["faith"])
        assert found(tags_of=person) == "abf"
        assert found(tags_of=person, none_of=["C++"]) == "a"
        assert found(tags_of=other) == ""
        assert found(tags_of=AnonymousUser()) == ""

    def test_neither_removed_nor_hidden_nor_faded_ones(self, catalogue, person):
        tagging.drop(tagging.pick(person, taxonomy=catalogue["python"])[0])
        tagging.hide(person, taxonomy=catalogue["cpp"])
        UserTag.objects.create(
            user=person,
            taxonomy=catalogue["ai"],
            name="ai",
            key=catalogue["ai"].key,
            source=TagSource.AUTO_ACTIVITY,
            evidence=0.01 * scoring.growth(timezone.now(), 30),
        )
        assert found(tags_of=person) == ""

    def test_as_far_as_the_mode_lets(self, catalogue, person):
        tagging.pick(person, taxonomy=catalogue["python"])
        UserTag.objects.create(
            user=person,
            taxonomy=catalogue["ai"],
            name="ai",
            key=catalogue["ai"].key,
            source=TagSource.AUTO_PROJECT,
            evidence=5 * scoring.growth(timezone.now(), 30),
        )
        assert found(tags_of=person) == "abd"
        settings = PersonalizationSettings.objects.create(user=person, mode=Mode.EXPLICIT)
        assert found(tags_of=person) == "ab"
        settings.mode = Mode.NONE
        settings.save()
        assert found(tags_of=person) == ""
        assert found(any_of=["Python"]) == "ab", "what was asked for by name is no profile"


class TestComposition:
    def test_keeps_order_and_goes_on(self, catalogue, person):
        rows = queryset_filter(Book.objects.order_by("-title"), any_of=["Python", "C++"])
        assert "".join(rows.values_list("title", flat=True)) == "fcba"
        assert rows.count() == 4
        assert rows.filter(title__lt="c")[0].title == "b"
        assert not hasattr(rows[0], "relevance")
        again = queryset_filter(rows, none_of=["Python"])
        assert "".join(row.title for row in again) == "fc"
        assert "".join(row.title for row in rows & again) == "fc"
        either = queryset_filter(Book.objects.all(), any_of=["ML"]) | again
        assert sorted(row.title for row in either) == ["c", "d", "f"]
        assert Book.objects.filter(pk__in=again.values("pk")).count() == 2
        assert Book.objects.exclude(pk__in=again).count() == 4
        assert again.update(title="x") == 2

    def test_with_ranking_in_either_order(self, catalogue, person):
        tagging.pick(person, taxonomy=catalogue["cpp"])
        rows = Book.objects.order_by("title")
        for both in (
            queryset_filter(personalize(rows, person), none_of=["AI"]),
            personalize(queryset_filter(rows, none_of=["AI"]), person),
        ):
            assert "".join(row.title for row in both) == "cbfae"
            assert both[0].relevance > both[2].relevance > 0

    def test_a_manager_will_do(self, catalogue):
        assert queryset_filter(Book.objects, any_of=["ML"]).get().title == "d"
        assert queryset_filter(catalogue["cpp"].book_set, all_of=["Python"]).get().title == "b"

    def test_the_number_of_queries_does_not_grow(
        self, catalogue, person, django_assert_num_queries
    ):
        tagging.pick(person, taxonomy=catalogue["cpp"])
        found(any_of=["Python"])
        with django_assert_num_queries(2):
            found(any_of=["Python", "AI"], all_of=["Python"], none_of=["C++", "Flash"])
        with django_assert_num_queries(2):
            found(any_of=["Python", "AI"], tags_of=person)

    def test_an_unregistered_model_is_refused(self, catalogue):
        with pytest.raises(InvalidInput, match=r"taxonomy is not registered.*library\.book"):
            queryset_filter(Taxonomy.objects.all(), any_of=["Python"])


names = st.lists(st.sampled_from(["Python", "C++", "Zig"]), max_size=3, unique=True)


@pytest.mark.parametrize("name", ["many-to-many", "weighted", "taggit", "taggit, UUID"])
@few
@given(data=st.data())
def test_sets_say_the_same(name, terms, data):
    kind = KINDS[name]
    taxonomy("Zig")
    with declared(kind.model, **kind.declaration):
        kind.model.objects.all().delete()
        items = {}
        for some in data.draw(st.lists(names, max_size=6)):
            items[kind.make(**dict.fromkeys(some, 1.0)).pk] = set(some)
        forget_statistics()
        any_of, all_of, none_of = (set(data.draw(names)) for _ in range(3))
        expected = {
            pk
            for pk, has in items.items()
            if (not any_of or has & any_of) and has >= all_of and not has & none_of
        }
        rows = queryset_filter(
            kind.model.objects.all(), any_of=any_of, all_of=all_of, none_of=none_of
        )
        assert {row.pk for row in rows} == expected
        assert rows.count() == len(expected)
