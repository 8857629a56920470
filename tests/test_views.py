"""Class-based views of hosts: lists in the person's order, and details that are tracked."""

import logging

import pytest
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.http import HttpResponse
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import path
from django.views.generic import DetailView, ListView

from django_personalization import tagging, visits
from django_personalization.choices import Mode
from django_personalization.models import PersonalizationSettings, UserInteraction, UserTag
from django_personalization.views import PersonalizedListMixin, TracksViewMixin
from tests.hosts.library.models import Book, Note

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.test_views")]


class Inline:
    """A view whose template is text."""

    text = "{% for book in object_list %}{{ book.title }} {% endfor %}"

    def render_to_response(self, context, **kwargs):
        kwargs.setdefault("content_type", self.content_type)
        template = engines["django"].from_string(self.text)
        return self.response_class(self.request, template, context, **kwargs)


class Books(Inline, PersonalizedListMixin, ListView):
    model = Book
    ordering = "title"
    paginate_by = 2


class MatchingBooks(Books):
    only_matching = True


class Notes(Inline, PersonalizedListMixin, ListView):
    model = Note


class BookPage(Inline, TracksViewMixin, DetailView):
    text = "{{ object.title }}"
    model = Book


class MembersPage(LoginRequiredMixin, BookPage):
    login_url = "/login/"
    tracked_interaction_type = "project_view"


class PlainPage(BookPage):
    def render_to_response(self, context, **kwargs):
        return HttpResponse("plain")


class GonePage(BookPage):
    def render_to_response(self, context, **kwargs):
        return super().render_to_response(context, status=410)


class BrokenPage(BookPage):
    text = "{{ object.title|divisibleby:'x' }}"


urlpatterns = [
    path("books/", Books.as_view()),
    path("matching/", MatchingBooks.as_view()),
    path("notes/", Notes.as_view()),
    *(
        path(f"{name}/<int:pk>/", view.as_view())
        for name, view in {
            "book": BookPage,
            "members": MembersPage,
            "plain": PlainPage,
            "gone": GonePage,
            "broken": BrokenPage,
        }.items()
    ),
]


def book(title, *topics, **fields):
    made = Book.objects.create(title=title, **fields)
    made.topics.set(topics)
    return made


@pytest.fixture
def reader(client, person):
    client.force_login(person)
    return client


@pytest.fixture
def shelf(terms):
    return {
        "a": book("a", terms["ai"]),
        "b": book("b", terms["python"], terms["cpp"]),
        "c": book("c", terms["python"]),
    }


def text(response):
    assert response.status_code == 200
    return response.content.decode().strip()


class TestList:
    def test_the_persons_order_in_pages(self, reader, person, shelf, terms):
        tagging.pick(person, taxonomy=terms["python"])
        assert text(reader.get("/books/")) == "c b"
        second = reader.get("/books/?page=2")
        assert text(second) == "a"
        assert second.context_data["paginator"].count == 3
        assert second.context_data["object_list"][0].relevance == 0
        assert reader.get("/books/?page=3").status_code == 404

    def test_pages_never_overlap(self, reader, person, terms):
        for number in range(15):
            book(f"b{number:02}", terms["python"])
        tagging.pick(person, taxonomy=terms["python"])
        pages = [text(reader.get(f"/books/?page={page}")) for page in range(1, 9)]
        assert " ".join(pages).split() == [f"b{number:02}" for number in range(15)]

    def test_only_what_matches(self, reader, person, shelf, terms):
        tagging.pick(person, taxonomy=terms["ai"])
        assert text(reader.get("/matching/")) == "a"
        assert text(Client().get("/matching/")) == ""

    def test_strangers_and_people_in_mode_none(self, reader, person, shelf, terms):
        tagging.pick(person, taxonomy=terms["python"])
        assert text(Client().get("/books/")) == "a b"
        PersonalizationSettings.objects.create(user=person, mode=Mode.NONE)
        assert text(reader.get("/books/")) == "a b"

    def test_a_site_without_sign_in(self, shelf):
        """No middleware has put a user into the request."""
        response = Books.as_view()(RequestFactory().get("/books/")).render()
        assert text(response) == "a b"

    def test_hidden_and_own_items_are_left_out(self, reader, person, shelf, terms):
        tagging.hide(person, taxonomy=terms["cpp"])
        Book.objects.filter(title="a").update(author=person)
        assert text(reader.get("/books/")) == "c"

    def test_an_unregistered_model_is_named(self, reader):
        with pytest.raises(ImproperlyConfigured, match=r"Notes: .*library\.note.*library\.book"):
            reader.get("/notes/")

    def test_the_number_of_queries(
        self, reader, person, shelf, terms, monkeypatch, django_assert_num_queries
    ):
        monkeypatch.setattr("django_personalization.term_statistics._MIN_AGE", 600.0)
        tagging.pick(person, taxonomy=terms["python"])
        reader.get("/books/")
        for _ in range(2):
            with django_assert_num_queries(2 + 3):  # who it is; profile, count and page
                reader.get("/books/")
            for number in range(20):
                book(f"more {number}", terms["python"])


class TestTracking:
    def test_a_view_is_tracked_and_teaches(self, reader, person, shelf):
        assert text(reader.get(f"/book/{shelf['c'].pk}/")) == "c"
        [row] = UserInteraction.objects.filter(user=person)
        assert (row.interaction_type, row.content) == ("content_view", shelf["c"])
        assert [tag.name for tag in UserTag.objects.of(person)] == ["Python"]
        reader.get(f"/members/{shelf['a'].pk}/")
        reader.get(f"/plain/{shelf['b'].pk}/")
        rows = UserInteraction.objects.filter(user=person).order_by("pk")[1:]
        assert [(row.interaction_type, row.content) for row in rows] == [
            ("project_view", shelf["a"]),
            ("content_view", shelf["b"]),
        ]

    def test_nothing_else_is(self, reader, shelf):
        pk = shelf["c"].pk
        assert reader.get("/book/4711/").status_code == 404
        assert reader.get(f"/gone/{pk}/").status_code == 410
        assert reader.head(f"/book/{pk}/").status_code == 200
        assert reader.options(f"/book/{pk}/").status_code == 200
        assert reader.post(f"/book/{pk}/").status_code == 405
        assert reader.get(f"/book/{pk}/", headers={"Sec-Purpose": "prefetch"}).status_code == 200
        assert reader.get(f"/book/{pk}/", headers={"Sec-GPC": "1"}).status_code == 200
        assert Client().get(f"/book/{pk}/").status_code == 200
        assert Client().get(f"/members/{pk}/").status_code == 302
        with pytest.raises(ValueError, match="invalid literal"):
            reader.get(f"/broken/{pk}/")
        assert not UserInteraction.objects.exists()

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("route", ["book", "plain"])
    @pytest.mark.parametrize("atomic", [False, True])
    def test_a_database_that_refuses_breaks_nothing(
        self, reader, shelf, monkeypatch, caplog, atomic, route
    ):
        def fail(*args, **kwargs):
            with connection.cursor() as cursor:
                cursor.execute("SELECT secret FROM nowhere")

        monkeypatch.setattr(visits, "track", fail)
        monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", atomic)
        with caplog.at_level(logging.ERROR, "django_personalization"):
            assert reader.get(f"/{route}/{shelf['c'].pk}/").status_code == 200
        [record] = caplog.records
        assert record.getMessage().startswith("Tracking content_view of library.book failed: ")
        assert (
            "OperationalError" in record.getMessage() or "ProgrammingError" in record.getMessage()
        )

    def test_a_site_without_sign_in(self, shelf):
        response = BookPage.as_view()(RequestFactory().get("/"), pk=shelf["c"].pk).render()
        assert text(response) == "c"
        assert not UserInteraction.objects.exists()
