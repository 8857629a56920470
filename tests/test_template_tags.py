"""{% personalized %}, {% why %}, {% why_each %} and {% recommended %} in the templates of hosts."""

import warnings

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template, TemplateSyntaxError, engines
from django.test import RequestFactory

from django_personalization import tagging
from django_personalization.choices import Mode
from django_personalization.explaining import explain
from django_personalization.models import PersonalizationSettings
from django_personalization.ranking import personalize
from django_personalization.tracking import track
from tests.hosts.library.models import Book, Note

pytestmark = pytest.mark.django_db

TITLES = "{% for book in mine %}{{ book.title }} {% endfor %}"


def book(title, *topics, **fields):
    made = Book.objects.create(title=title, **fields)
    made.topics.set(topics)
    return made


def render(source, reader=None, **context):
    """Render for ``reader``, with the request in the context as a view does it."""
    request = RequestFactory().get("/")
    if reader is not None:
        request.user = reader
    template = engines["django"].from_string("{% load personalization %}" + source)
    return template.render(context, request).strip()


@pytest.fixture
def shelf(person, terms):
    tagging.pick(person, taxonomy=terms["python"])
    return {
        "ai": book("ai", terms["ai"]),
        "both": book("both", terms["python"], terms["cpp"]),
        "python": book("python", terms["python"]),
    }


class TestPersonalized:
    def show(self, options="", user=None, books=None, **context):
        books = Book.objects.order_by("title") if books is None else books
        tag = "{% personalized books " + options + " as mine %}"
        return render(tag + TITLES, user, books=books, **context)

    def test_a_queryset_in_the_persons_order(self, person, shelf):
        assert self.show(user=person) == "python both ai"
        assert self.show("limit=1", person) == "python"
        assert self.show("limit=n", person, n=2) == "python both"
        assert self.show("only_matching=True", person) == "python both"
        assert self.show("limit=5 only_matching=yes", person, yes=False) == "python both ai"

    def test_a_manager_is_as_good(self, person, shelf):
        assert self.show(user=person, books=Book.objects) == "python both ai"

    def test_it_stays_a_queryset(self, person, shelf):
        source = "{% personalized books as mine %}{{ mine.count }} {{ mine.reverse.0.title }}"
        assert render(source, person, books=Book.objects.all()) == "3 ai"

    @pytest.mark.parametrize("user", [None, AnonymousUser()])
    def test_strangers_get_the_hosts_order(self, user, shelf):
        assert self.show(user=user) == "ai both python"
        assert self.show("only_matching=True", user) == ""

    def test_mode_none(self, person, shelf):
        PersonalizationSettings.objects.create(user=person, mode=Mode.NONE)
        assert self.show(user=person) == "ai both python"

    def test_for_somebody_else(self, person, other, shelf):
        assert self.show("user=member", other, member=person) == "python both ai"

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("{% personalized %}", "What it is about is missing. Write {% personalized queryset"),
            ("{% personalized as mine %}", "What it is about is missing."),
            ("{% personalized books %}", "A name for what it finds is missing."),
            ("{% personalized books limt=3 as mine %}", '"limt" is not one of its options: limit,'),
            ("{% personalized books 3 as mine %}", '"3" is not one of its options'),
            (
                "{% personalized books limit=0 as mine %}",
                "limit=0 is not a whole number from 1 to 10,000.",
            ),
            ("{% personalized books limit=10001 as mine %}", "limit=10001 is not a whole number"),
            ("{% personalized books user=group as mine %}", "user=<Group: A> is no user."),
            ("{% why book user=group %}", "is no user."),
            ("{% personalized books limit='6' as mine %}", 'limit="6" is not a whole number'),
            ("{% personalized books limit=yes as mine %}", "limit=True is not a whole number"),
            ("{% personalized boks as mine %}", '"" is no queryset. Write {% personalized quer'),
            ("{% personalized books user=me as mine %}", 'user="" is no user.'),
            ("{% personalized notes as mine %}", "library.note is not registered as content"),
            ('{% recommended "auth.user" as items %}', '"auth.user" is not one of: library.book.'),
            ("{% recommended nothing as items %}", '"" is not one of: library.book.'),
            ('{% recommended "library.book" %}', "A name for what it finds is missing."),
            ('{% recommended "library.book" only_matching=True as i %}', "is not one of its opt"),
            ("{% why %}", "What it is about is missing. Write {% why object %}"),
            ("{% why boks %}", '"" is no object of a registered model.'),
            ("{% why note %}", "library.note is not registered as content"),
            ("{% why_each boks %}", '"" is no list of objects.'),
            ("{% why_each yes %}", "True is no list of objects."),
        ],
    )
    def test_mistakes_are_named(self, person, shelf, source, message):
        context = {"books": Book.objects.all(), "notes": Note.objects.all(), "yes": True}
        context |= {"group": Group(pk=person.pk, name="A"), "book": Book.objects.first()}
        with pytest.raises(TemplateSyntaxError) as caught:
            render(source, person, note=Note.objects.create(), **context)
        assert message in str(caught.value)


class TestWhy:
    def test_the_reasons_as_html(self, person, terms, shelf):
        both = shelf["both"]
        tagging.pick(person, taxonomy=terms["cpp"])
        html = render("{% why book %}", person, book=both)
        first, second = explain(both, person).reasons
        assert html == (
            f'<ul class="personalization-why"><li>{first.text}</li><li>{second.text}</li></ul>'
        )
        assert "“Python”, which you picked" in html

    def test_what_people_write_is_escaped(self, person, terms):
        tagging.pick(person, name="<script>alert(1)</script>")
        from django_personalization import content
        from tests.hosts.library.models import Label

        content.register(Note, terms="labels")
        try:
            note = Note.objects.create()
            note.labels.add(Label.objects.create(name="<script>alert(1)</script>"))
            for source in (
                "{% why note %}",
                "{% autoescape off %}{% why note %}{% endautoescape %}",
            ):
                html = render(source, person, note=note)
                assert "&lt;script&gt;alert(1)" in html
                assert "<script" not in html
        finally:
            content.unregister(Note)

    def test_as_a_name_it_prints_nothing(self, person, shelf):
        source = "{% why book as reason %}[{{ reason.score|floatformat:3 }}]"
        score = explain(shelf["both"], person).score
        assert render(source, person, book=shelf["both"]) == f"[{score:.3f}]"

    @pytest.mark.parametrize("user", [None, AnonymousUser()])
    def test_strangers_are_told_nothing(self, shelf, user):
        assert render("{% why book %}", user, book=shelf["both"]) == ""
        codes = "{% why book as reason %}{% for o in reason.obstacles %}{{ o.code }}{% endfor %}"
        assert render(codes, user, book=shelf["both"]) == "anonymous"

    def test_mode_none(self, person, shelf):
        PersonalizationSettings.objects.create(user=person, mode=Mode.NONE)
        assert render("{% why book %}", person, book=shelf["both"]) == ""

    def test_where_nothing_speaks_for_it(self, person, shelf):
        assert render("{% why book %}", person, book=shelf["ai"]) == ""
        text = "{% why book as reason %}{{ reason.obstacles.0.text }}"
        assert "None of its terms" in render(text, person, book=shelf["ai"])

    def test_a_host_may_say_it_otherwise(self, person, shelf, settings, tmp_path):
        own = tmp_path / "django_personalization" / "why.html"
        own.parent.mkdir()
        own.write_text("Because of {{ explanation.reasons.0.tag.name }}")
        [engine] = settings.TEMPLATES
        settings.TEMPLATES = [{**engine, "DIRS": [tmp_path]}]
        assert render("{% why book %}", person, book=shelf["both"]) == "Because of Python"


class TestLists:
    CARDS = "{% for book in books %}{{ book.title }}: {% why book %}\n{% endfor %}"

    def books(self, terms, count=20):
        for number in range(count):
            book(f"b{number}", *list(terms.values())[: 1 + number % 4])
        return Book.objects.order_by("pk")[:count]

    @pytest.fixture(autouse=True)
    def _statistics_last(self, monkeypatch):
        monkeypatch.setattr("django_personalization.term_statistics._MIN_AGE", 600.0)

    def test_three_queries_for_twenty_cards(self, person, terms, django_assert_num_queries):
        books = self.books(terms)
        track(person, "project_create", extracted_keywords=["Python", "ML"])
        explain(books[0], person)
        with django_assert_num_queries(1 + 3):
            html = render("{% why_each books %}" + self.CARDS, person, books=books.all())
        assert html.count("<ul") == 20
        with django_assert_num_queries(1 + 20 * 3):
            one_by_one = render(self.CARDS, person, books=books.all())
        assert one_by_one == html

    def test_also_for_a_page_in_templates_that_are_included(
        self, person, terms, settings, tmp_path, django_assert_num_queries
    ):
        (tmp_path / "_card.html").write_text("{% load personalization %}{% why book %}")
        [engine] = settings.TEMPLATES
        settings.TEMPLATES = [{**engine, "DIRS": [tmp_path]}]
        tagging.pick(person, taxonomy=terms["python"])
        page = Paginator(self.books(terms), 6).page(2)
        explain(page[0], person)
        source = (
            "{% why_each page %}{% for book in page %}"
            "{% include '_card.html' %}{% include '_card.html' with book=book only %}{% endfor %}"
        )
        with django_assert_num_queries(3):
            assert render(source, person, page=page).count("<ul") == 12

    def test_the_explanations_have_a_name_on_demand(self, person, shelf):
        source = (
            "{% why_each books as explained %}{% for found in explained %}"
            "{{ found.obj.title }}{% why found %} {% endfor %}"
        )
        html = render(source, person, books=Book.objects.order_by("title"))
        text = explain(shelf["both"], person).reasons[0].text
        reasons = f'<ul class="personalization-why"><li>{text}</li></ul>'
        assert html == f"ai both{reasons} python{reasons}"

    def test_lists_of_nothing_and_of_different_things(self, person, shelf):
        assert render("{% why_each books %}", person, books=[]) == ""
        assert render("{% why_each books %}", person, books=Book.objects.none()) == ""
        source = "{% why_each books as e %}{% for x in e %}{{ x.obj.title }} {% endfor %}"
        twice = [shelf["ai"], shelf["both"], shelf["ai"]]
        assert render(source, person, books=twice) == "ai both ai"

    def test_what_one_person_is_told_no_other_is(self, person, other, shelf):
        """Also where a request stands for two people, or an object outlives its request."""
        both = shelf["both"]
        source = "{% why_each books %}{% why book user=member %}"
        assert render(source, person, books=[both], book=both, member=other) == ""
        assert render("{% why_each books %}", person, books=[both]) == ""
        assert render("{% why book %}", other, book=both) == ""

    def test_a_page_of_a_personal_list(self, person, shelf, django_assert_num_queries):
        source = (
            "{% personalized books limit=2 as mine %}{% why_each mine %}"
            "{% for book in mine %}{{ book.title }}{% why book as w %}={{ w.reasons|length }} "
            "{% endfor %}"
        )
        personalize(Book.objects.all(), person)
        explain(shelf["both"], person)
        with django_assert_num_queries(2 + 3):
            assert render(source, person, books=Book.objects.all()) == "python=1 both=1"


class TestRecommended:
    SHOW = (
        '{% recommended "library.Book" limit=2 as items %}{% for item in items %}'
        "{{ item.obj.title }}{% why item %}{% why item.obj %} {% endfor %}"
    )

    def test_the_best_with_reasons(self, person, shelf, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr("django_personalization.term_statistics._MIN_AGE", 600.0)
        Book.objects.filter(title="python").update(is_public=False)
        render(self.SHOW, person)  # counts the terms, and looks the content type up
        with django_assert_num_queries(4):
            html = render(self.SHOW, person)
        assert html.replace("\n", "").startswith("both<ul")
        assert html.count("<ul") == 2
        assert html.endswith(" ai")

    def test_strangers_get_what_is_popular(self, other, shelf):
        track(other, "content_view", content=shelf["both"])
        assert render(self.SHOW) == "both ai"

    def test_mode_none(self, person, other, shelf):
        track(other, "content_view", content=shelf["ai"])
        PersonalizationSettings.objects.create(user=person, mode=Mode.NONE)
        assert render(self.SHOW, person) == "ai both"

    def test_twenty_is_usual(self, person, terms):
        for number in range(25):
            book(f"b{number}")
        source = '{% recommended "library.book" as items %}{{ items|length }}'
        assert render(source, person) == "20"


class TestWithoutRequest:
    """Templates of mails, and of errors, have none."""

    def show(self, source, **context):
        return Template("{% load personalization %}" + source).render(Context(context)).strip()

    def test_it_is_for_a_stranger(self, shelf):
        source = "{% personalized books as mine %}" + TITLES + "{% why mine.0 %}"
        assert self.show(source, books=Book.objects.order_by("title")) == "ai both python"

    def test_or_for_whom_it_is_said_to_be(self, person, shelf):
        source = (
            "{% personalized books user=member as mine %}"
            "{% why_each mine user=member as explained %}{{ mine.0.title }}{% why explained.0 %}"
        )
        html = self.show(source, books=Book.objects.all(), member=person)
        assert html.startswith("python<ul")

    def test_a_user_who_merely_is_on_the_page_is_not_meant(self, person, shelf):
        """A profile page has its owner as ``user``, and whoever reads it is somebody else."""

        class Ticket:
            user = person

        source = "{% personalized books as mine %}" + TITLES
        books = Book.objects.order_by("title")
        assert self.show(source, books=books, user=person) == "ai both python"
        assert self.show(source, books=books, request=Ticket()) == "ai both python"
        shadowed = "{% with user=person request=ticket %}" + source + "{% endwith %}"
        strangers = {"person": person, "ticket": Ticket(), "books": books}
        assert render(shadowed, AnonymousUser(), **strangers) == "ai both python"

    def test_developers_are_warned(self, shelf, settings):
        settings.DEBUG = True
        source = "{% why book %}"
        with pytest.warns(UserWarning, match="the context has no request"):
            self.show(source, book=shelf["ai"])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            request = RequestFactory().get("/")
            template = Template("{% load personalization %}" + source)
            assert template.render(RequestContext(request, {"book": shelf["ai"]})) == ""
