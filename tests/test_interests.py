"""What a profile means for content: one reading of it, under whatever names its tags have."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.utils import timezone

from django_personalization import recommendations, tagging
from django_personalization.choices import Mode
from django_personalization.content import content_of
from django_personalization.explaining import explain, explain_many
from django_personalization.interests import interests_of
from django_personalization.models import (
    PersonalizationSettings,
    Taxonomy,
    TaxonomyAlias,
    UserTag,
)
from django_personalization.ranking import (
    fresh,
    personalize,
    popular,
    queryset_filter,
    similar,
    without_hidden,
)
from django_personalization.recommendations import recommend
from django_personalization.term_statistics import forget_statistics
from django_personalization.tracking import track
from tests.catalogues import declared
from tests.hosts.clubs.models import Minutes
from tests.hosts.journal.models import Post
from tests.hosts.library.models import Book

pytestmark = pytest.mark.django_db


def book(title, *topics, **fields):
    made = Book.objects.create(title=title, **fields)
    made.topics.set(topics)
    return made


def titles(rows):
    return [row.title for row in rows]


@pytest.fixture
def long_counts(monkeypatch):
    """How common terms are is counted once, however long that takes."""
    monkeypatch.setattr("django_personalization.term_statistics._MIN_AGE", 600.0)


class TestFreeTags:
    """Terms that are made in bulk let no tags follow; what a tag is called counts all the same."""

    @pytest.fixture(params=["name", "alias"])
    def late(self, request, person, terms):
        """Make two terms after the person hid Zig and picked Nim, free words until then."""
        tagging.hide(person, name="Zig")
        tagging.pick(person, name="Nim")
        names = ("Zig", "Nim") if request.param == "name" else ("Zig language", "Nim language")
        made = [Taxonomy(name=name, category="skill") for name in names]
        Taxonomy.objects.bulk_create(made)
        if request.param == "alias":
            TaxonomyAlias.objects.bulk_create(
                TaxonomyAlias(taxonomy=term, name=name)
                for term, name in zip(made, ("zig", "nim"), strict=True)
            )
        assert set(UserTag.objects.values_list("taxonomy", flat=True)) == {None}
        return made

    def test_what_was_hidden_stays_hidden_and_what_was_picked_counts(self, person, late):
        hidden, other, liked = book("zig", late[0]), book("other"), book("nim", late[1])
        assert titles(personalize(Book.objects.order_by("title"), person)) == ["nim", "other"]
        assert explain(hidden, person).is_left_out
        assert explain(liked, person).score == pytest.approx(1.0)
        assert [reason.tag.name for reason in explain(liked, person).reasons] == ["Nim"]
        assert list(queryset_filter(Book.objects.all(), tags_of=person)) == [liked]
        assert titles(without_hidden(Book.objects.order_by("title"), person)) == ["nim", "other"]
        assert explain(other, person).obstacles[0].code == "no_terms"

    @pytest.mark.parametrize("late", ["alias"], indirect=True)
    def test_a_no_wins_over_another_tag_of_the_same_term(self, person, late):
        tagging.pick(person, taxonomy=late[0])
        # Picking lets nothing follow either: the hidden free tag is still there.
        assert UserTag.objects.filter(state="hidden", taxonomy=None).exists()
        assert titles(personalize(Book.objects.all(), person)) == []
        shown = book("zig", late[0])
        assert titles(personalize(Book.objects.all(), person)) == []
        assert explain(shown, person).is_left_out

    @pytest.mark.parametrize("late", ["alias"], indirect=True)
    def test_what_was_removed_under_another_name_is_worth_nothing(self, person, late):
        tagging.drop(UserTag.objects.get(name="Zig"))
        tagging.pick(person, taxonomy=late[0])
        shown = book("zig", late[0])
        assert [row.relevance for row in personalize(Book.objects.all(), person)] == [0.0]
        assert explain(shown, person).obstacles[0].code == "removed"

    def test_the_evidence_is_known_as_well(self, person, terms):
        track(person, "project_create", extracted_keywords=["Nim"])
        [term] = Taxonomy.objects.bulk_create([Taxonomy(name="Nim", category="skill")])
        [reason] = explain(book("nim", term), person).reasons
        assert (reason.evidence[0].count, reason.evidence[0].kinds) == (1, ("project_create",))
        assert reason.evidence[0].last is not None


class TestSensitive:
    def test_a_free_tag_that_mentions_what_became_sensitive_counts_no_more(self, person, terms):
        for name in ("divorce lawyer", "gardening"):
            track(person, "project_create", extracted_keywords=[name])
        with declared(Post, terms="tags"):
            posts = [Post.objects.create(title=name) for name in ("law", "garden")]
            for post, name in zip(posts, ("divorce lawyer", "gardening"), strict=True):
                post.tags.add(name)
            rows = Post.objects.order_by("title")
            assert {row.relevance > 0 for row in personalize(rows, person)} == {True}
            Taxonomy.objects.create(name="Divorce", category="topic", is_sensitive=True)
            found = {row.title: row.relevance > 0 for row in personalize(rows, person)}
            assert found == {"law": False, "garden": True}
            assert list(queryset_filter(rows, tags_of=person)) == [posts[1]]
            assert not explain(posts[0], person).reasons

    def test_unless_it_was_picked(self, person, terms):
        tagging.pick(person, name="divorce lawyer")
        with declared(Post, terms="tags"):
            post = Post.objects.create(title="law")
            post.tags.add("divorce lawyer")
            Taxonomy.objects.create(name="Divorce", category="topic", is_sensitive=True)
            assert explain(post, person).score > 0


class TestHiddenEverywhere:
    @pytest.fixture
    def shelf(self, person, terms):
        tagging.hide(person, taxonomy=terms["cpp"])
        tagging.pick(person, taxonomy=terms["ai"])
        forget_statistics()
        return {
            "a": book("a", terms["python"], terms["ai"]),
            "b": book("b", terms["python"], terms["cpp"]),
            "c": book("c", terms["python"]),
            "d": book("d", terms["ai"]),
        }

    def test_similar(self, shelf, person, other):
        assert set(titles(similar(shelf["a"]))) == {"b", "c", "d"}
        alike = titles(similar(shelf["a"], Book.objects.exclude(title="b")))
        # The order is that of likeness, and no other.
        assert titles(similar(shelf["a"], user=person)) == alike
        assert titles(similar(shelf["a"], Book.objects.exclude(title="c"), user=person)) == ["d"]
        assert len(similar(shelf["a"], user=other)) == len(similar(shelf["a"])) == 3
        assert len(similar(shelf["a"], user=AnonymousUser())) == 3

    def test_popular_fresh_and_the_hosts_own(self, shelf, person):
        rows = Book.objects.order_by("-title")
        assert titles(without_hidden(rows, person)) == ["d", "c", "a"]
        assert titles(without_hidden(Book.objects, person)) == ["a", "c", "d"]
        assert set(titles(popular(without_hidden(rows, person)))) == {"a", "c", "d"}
        assert titles(fresh(without_hidden(rows, person))) == ["d", "c", "a"]

    @pytest.mark.parametrize("mode", [Mode.NONE, Mode.EXPLICIT])
    def test_modes(self, shelf, person, mode):
        PersonalizationSettings.objects.create(user=person, mode=mode)
        count = 4 if mode == Mode.NONE else 3
        assert len(without_hidden(Book.objects.all(), person)) == count
        assert len(similar(shelf["a"], user=person)) == count - 1

    def test_queries(self, shelf, person, other, django_assert_num_queries, long_counts):
        list(without_hidden(Book.objects.all(), person))
        with django_assert_num_queries(2):
            list(without_hidden(Book.objects.all(), person))
        with django_assert_num_queries(3):
            list(without_hidden(Book.objects.all(), other))


class TestOwners:
    def test_one_that_is_known_by_another_column(self, person, other, terms):
        with declared(Minutes, terms="topics", owner="writer"):
            tagging.pick(person, taxonomy=terms["python"])
            rows = [
                Minutes.objects.create(title=title, writer=writer)
                for title, writer in (("own", person), ("other", other), ("nobody", None))
            ]
            for row in rows:
                row.topics.add(terms["python"])
            shown = titles(personalize(Minutes.objects.order_by("title"), person))
            assert shown == ["nobody", "other"]
            found = [explanation.is_left_out for explanation in explain_many(rows, person)]
            assert found == [True, False, False]


class TestOneReading:
    """Scores and reasons of recommend() are of the same profile and the same counts."""

    @pytest.fixture
    def between(self, monkeypatch):
        """Let something happen between the scores and the reasons."""

        def happens(what):
            explained = recommendations.explained

            def late(*args):
                what()
                return explained(*args)

            monkeypatch.setattr(recommendations, "explained", late)

        return happens

    @pytest.fixture
    def books(self, person, terms):
        tagging.pick(person, taxonomy=terms["python"])
        track(person, "project_create", extracted_keywords=["ML"])
        forget_statistics()
        return [book("python", terms["python"], terms["ai"]), book("ai", terms["ai"])]

    def test_counting_again(self, books, person, terms, between):
        def grow():
            for number in range(20):
                book(f"more {number}", terms["python"])
            forget_statistics()

        between(grow)
        self.check(recommend(Book, person, limit=2))

    def test_another_weight(self, books, person, terms, between):
        between(lambda: tagging.weigh(tagging.pick(person, taxonomy=terms["python"])[0], 2))
        self.check(recommend(Book, person))

    def test_a_changed_vocabulary(self, books, person, terms, between):
        between(lambda: Taxonomy.objects.filter(name="Python").update(is_sensitive=True))
        self.check(recommend(Book, person))

    @staticmethod
    def check(found):
        assert found
        for item in found:
            assert item.score == pytest.approx(item.explanation.score, abs=1e-9)
            assert item.score > 0


@pytest.mark.usefixtures("long_counts")
class TestQueries:
    """As many as promised, also for who has just come, and when terms are counted again."""

    @pytest.fixture
    def clock(self, monkeypatch):
        now = [1000.0]
        monkeypatch.setattr("django_personalization.term_statistics.time.monotonic", lambda: now[0])
        return now

    @pytest.fixture(params=["vocabulary", "own tags"])
    def rows(self, request, terms):
        model, path = (Book, "topics") if request.param == "vocabulary" else (Post, "tags")
        with declared(model, terms=path):
            for number in range(5):
                row = model.objects.create(title=f"{number}")
                getattr(row, path).add(terms["python"] if path == "topics" else "Python")
            yield model.objects.all()

    @pytest.mark.parametrize("who", ["new", "refused", "known"])
    @pytest.mark.parametrize("is_due", [False, True])
    def test_at_most_four_three_and_six(
        self, rows, person, terms, clock, who, is_due, django_assert_max_num_queries
    ):
        if who != "new":
            track(person, "project_create", extracted_keywords=["ML"])
            tagging.pick(person, taxonomy=terms["python"])
        if who == "refused":
            tagging.hide(person, taxonomy=terms["cpp"])
        list(personalize(rows, person))
        recommend(rows.model, person)
        for most, call in [
            (4, lambda: list(personalize(rows, person)[:20])),
            (3, lambda: explain_many(rows._result_cache or [], person)),
            (6, lambda: recommend(rows.model, person)),
        ]:
            list(rows)
            clock[0] += 10_000 if is_due else 1
            with django_assert_max_num_queries(most):
                call()

    def test_who_has_just_come_reads_no_vocabulary(self, rows, person, django_assert_num_queries):
        interests = interests_of(person, content_of(rows.model))
        with django_assert_num_queries(0):
            assert not interests.worth
            assert not interests.hidden
            assert not interests.affinities


def test_it_is_of_the_full_hour(person, terms):
    now = timezone.now()
    interests = interests_of(person, content_of(Book), now)
    assert interests.profile.now == now.replace(minute=0, second=0, microsecond=0)
    assert not interests_of(AnonymousUser(), content_of(Book)).is_personal


def test_a_template_shows_hidden_things_nowhere(person, terms):
    """The tags of the app go the same way."""
    tagging.hide(person, taxonomy=terms["cpp"])
    book("gone", terms["cpp"])
    book("there", terms["python"])
    page = Template(
        "{% load personalization %}{% personalized books user=person as mine %}"
        "{% for book in mine %}{{ book.title }} {% endfor %}"
    )
    context = Context({"books": Book.objects.all(), "person": person})
    assert page.render(context).split() == ["there"]
