"""The host's own REST framework views: ordered for the person, and tracked."""

import logging
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from django_personalization import tagging, visits
from django_personalization.choices import Mode
from django_personalization.models import PersonalizationSettings, UserInteraction, UserTag
from django_personalization.ranking import personalize
from django_personalization.rest.hosts import PersonalizedOrdering
from django_personalization.tracking import track
from tests.hosts.library.models import Book

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest.host_api")]


def book(title, *topics, **fields):
    made = Book.objects.create(title=title, **fields)
    made.topics.set(topics)
    return made


def titles(response):
    assert response.status_code == 200, response.content
    body = response.json()
    return [row["title"] for row in (body["results"] if isinstance(body, dict) else body)]


@pytest.fixture
def shelf(terms, other):
    """Four books; with a liking for Python and less for AI the order is d, b, a, c."""
    now = timezone.now()
    made = {
        "a": book("a", terms["ai"], terms["faith"]),
        "b": book("b", terms["python"], terms["cpp"]),
        "c": book("c"),
        "d": book("d", terms["python"]),
    }
    for age, name in enumerate("bdac"):
        Book.objects.filter(title=name).update(created_at=now - timedelta(days=age))
    for name, interaction_type in (("c", "project_create"), ("a", "project_view")):
        track(other, interaction_type, content=made[name])
    return made


@pytest.fixture
def reader(person, terms, shelf):
    tagging.pick(person, taxonomy=terms["python"])
    tagging.weigh(tagging.pick(person, taxonomy=terms["ai"])[0], 0.5)
    assert [row.title for row in personalize(Book.objects.all(), person)] == list("dbac")
    return person


class TestOrdering:
    @pytest.mark.parametrize(
        ("ordering", "expected"),
        [
            ("relevance", "dbac"),
            ("-relevance", "cabd"),
            ("title", "abcd"),
            ("-title", "dcba"),
            ("created_at", "cadb"),
            ("popularity", "cabd"),
            ("-popularity", "bdac"),
            ("fresh", "bdac"),
            ("-fresh", "cadb"),
            # Both are of the same popularity; then the person's order, or the title.
            ("popularity,relevance", "cadb"),
            ("popularity,-relevance", "cabd"),
            ("popularity,-title", "cadb"),
            ("title,relevance", "abcd"),
            ("relevance,fresh", "dbac"),
            # What nobody may order by is left out, as REST framework does.
            ("is_public", "abcd"),
            ("relevence,-title", "dcba"),
            ("", "abcd"),
        ],
    )
    def test_the_order_that_was_asked_for(self, api, reader, ordering, expected):
        found = titles(api.get("/books/", {"ordering": ordering}))
        assert "".join(found) == expected

    def test_an_order_counts_once_however_often_it_is_asked_for(self, api, reader):
        with CaptureQueriesContext(connection) as once:
            api.get("/books/", {"ordering": "relevance,popularity"})
        with CaptureQueriesContext(connection) as often:
            found = titles(
                api.get("/books/", {"ordering": "relevance,popularity,-relevance," * 300})
            )
        assert found == list("dbac")
        assert len(often) == len(once)

    def test_ties_keep_the_hosts_order(self, api, person, shelf):
        assert titles(api.get("/books/", {"ordering": "relevance"})) == list("abcd")
        assert titles(api.get("/books/", {"ordering": "relevance,-title"})) == list("dcba")

    def test_hidden_and_own_items_are_left_out_of_lists(self, api, person, reader, shelf, terms):
        tagging.hide(person, taxonomy=terms["cpp"])
        Book.objects.filter(title="a").update(author=person)
        assert titles(api.get("/books/", {"ordering": "relevance"})) == ["d", "c"]
        assert titles(api.get("/books/", {"ordering": "title"})) == list("abcd")

    @pytest.mark.parametrize(
        ("ordering", "expected"),
        [
            ("popularity", "cad"),
            ("-popularity", "dac"),
            ("fresh", "dac"),
            ("title,fresh", "acd"),
            ("popularity,relevance", "cad"),
        ],
    )
    def test_hidden_items_are_in_none_of_the_apps_orders(
        self, api, client_of, other, person, reader, terms, ordering, expected
    ):
        tagging.hide(person, taxonomy=terms["cpp"])
        assert "".join(titles(api.get("/books/", {"ordering": ordering}))) == expected
        assert len(titles(client_of(other).get("/books/", {"ordering": ordering}))) == 4
        assert len(titles(APIClient().get("/books/", {"ordering": ordering}))) == 4

    @pytest.mark.parametrize("ordering", ["relevance", "-relevance"])
    def test_strangers_and_people_in_mode_none_get_the_hosts_order(
        self, api, person, reader, ordering
    ):
        assert titles(APIClient().get("/books/", {"ordering": ordering})) == list("abcd")
        PersonalizationSettings.objects.create(user=person, mode=Mode.NONE)
        assert titles(api.get("/books/", {"ordering": ordering})) == list("abcd")

    def test_everybody_gets_their_own_order(self, client_of, reader, other, terms):
        tagging.pick(other, taxonomy=terms["cpp"])
        found = titles(client_of(other).get("/books/", {"ordering": "relevance"}))
        assert found == list("bacd")

    def test_pages_do_not_overlap(self, api, person, reader, terms):
        for number in range(20):
            book(f"e{number:02}", terms["python"])
        pages = [
            titles(api.get("/books/", {"ordering": "relevance", "size": 7, "page": page}))
            for page in (1, 2, 3, 4)
        ]
        found = [title for page in pages for title in page]
        assert len(found) == len(set(found)) == 24
        assert found == [row.title for row in personalize(Book.objects.order_by("title"), person)]

    @pytest.mark.parametrize("ordering", ["relevance", "-relevance", "popularity", "fresh"])
    def test_cursors_go_through_all_pages(self, api, person, reader, terms, ordering):
        for number in range(20):
            book(f"e{number:02}", terms["python"])
        found, url = [], f"/cursors/?size=5&ordering={ordering}"
        while url is not None:
            response = api.get(url)
            found += titles(response)
            url = response.json()["next"]
        assert len(found) == len(set(found)) == 24
        if ordering == "relevance":
            assert found[-3:] == ["b", "a", "c"]
        if ordering == "-relevance":
            assert found[:3] == ["c", "a", "b"]

    def test_a_view_may_begin_with_it(self, api, reader):
        assert titles(api.get("/best/")) == list("dbac")
        assert titles(api.get("/best/", {"ordering": "-title"})) == list("dcba")
        assert titles(api.get("/by-hand/")) == list("dbac")

    def test_a_list_below_another_object(self, api, reader):
        assert titles(api.get("/shelves/1/")) == list("dbac")

    @pytest.mark.parametrize("route", ["best", "one", "by-hand"])
    def test_own_items_are_found_by_their_address(self, api, person, reader, shelf, route):
        Book.objects.filter(title="a").update(author=person)
        url = f"/{route}/{shelf['a'].pk}/"
        assert titles(api.get("/best/")) == list("dbc")
        assert api.get(url, {"ordering": "relevance"}).json()["title"] == "a"
        assert api.patch(url, {"title": "mine"}, format="json").status_code == 200
        assert Book.objects.filter(title="mine").exists()

    def test_the_number_of_queries(
        self, api, person, reader, monkeypatch, django_assert_num_queries
    ):
        monkeypatch.setattr("django_personalization.term_statistics._MIN_AGE", 600.0)
        api.get("/shelves/1/")
        for _ in range(2):
            with django_assert_num_queries(2):  # the profile, and the rows
                titles(api.get("/shelves/1/"))
            for number in range(30):
                book(f"more {number}")

    def test_an_unregistered_model_is_named_whatever_is_asked_for(self, api):
        with pytest.raises(ImproperlyConfigured, match=r"library\.note.*library\.book"):
            api.get("/notes/")

    def test_a_host_keeps_names_of_its_own(self, api, reader, monkeypatch):
        from django.db.models import Count

        from tests.rest.host_api import BookViewSet

        counted = Book.objects.annotate(popularity=Count("topics"), fresh=Count("author"))
        monkeypatch.setattr(BookViewSet, "queryset", counted.order_by("title"))
        monkeypatch.setattr(BookViewSet, "ordering_fields", ["popularity", "title"])
        assert titles(api.get("/books/", {"ordering": "-popularity,title"})) == list("abdc")
        assert titles(api.get("/books/", {"ordering": "fresh"})) == list("abcd")

    def test_without_a_date_nothing_is_fresh(self, api, reader):
        from django_personalization import content

        declared = content.content_of(Book)
        content.register(Book, terms="topics")
        try:
            assert titles(api.get("/books/", {"ordering": "fresh"})) == list("abcd")
        finally:
            content._registry[Book] = declared

    def test_the_schema_names_the_orders(self):
        schema = SchemaGenerator(urlconf="tests.rest.host_api").get_schema(public=True)
        [parameter] = [
            p for p in schema["paths"]["/books/"]["get"]["parameters"] if p["name"] == "ordering"
        ]
        for name in ("relevance", "popularity", "fresh"):
            assert name in parameter["description"]

    def test_the_browsable_api_offers_them(self, api, reader):
        page = api.get("/books/", {"ordering": "relevance"}, HTTP_ACCEPT="text/html")
        html = page.content.decode()
        for order, label in (
            ("relevance", "Relevance"),
            ("popularity", "Popularity"),
            ("fresh", "Latest"),
            ("title", "title - ascending"),
            ("-title", "title - descending"),
        ):
            assert f'ordering={order}"' in html.replace("&amp;", "&")
            assert label in html
        assert "ordering=-relevance" not in html


class TestTracking:
    def test_a_view_is_tracked_and_teaches(self, api, person, shelf):
        assert api.get(f"/books/{shelf['d'].pk}/").status_code == 200
        [row] = UserInteraction.objects.filter(user=person)
        assert (row.interaction_type, row.content) == ("content_view", shelf["d"])
        assert [tag.name for tag in UserTag.objects.of(person)] == ["Python"]
        api.get(f"/one/{shelf['a'].pk}/")
        api.get("/titles/c/")
        tracked = UserInteraction.objects.filter(user=person).order_by("pk")
        assert [(row.interaction_type, row.content) for row in tracked[1:]] == [
            ("project_view", shelf["a"]),
            ("content_view", shelf["c"]),
        ]

    def test_nothing_else_is(self, api, person, reader, shelf):
        d = f"/books/{shelf['d'].pk}/"
        api.get("/books/")
        assert api.get(f"{d}cover/").json() == {"cover of": "d"}
        api.patch(d, {"title": "D"}, format="json")
        api.head(d)
        api.options(d)
        api.get(d, HTTP_SEC_PURPOSE="prefetch;prerender")
        assert api.get("/books/4711/").status_code == 404
        assert api.patch(f"/one/{shelf['a'].pk}/", {}, format="json").status_code == 200
        assert api.delete(d).status_code == 204
        APIClient().get(f"/books/{shelf['a'].pk}/")
        assert APIClient().get(f"/one/{shelf['a'].pk}/").status_code in {401, 403}
        assert not UserInteraction.objects.filter(user=person).exists()
        assert UserInteraction.objects.count() == 2  # those of the fixture

    def test_a_browser_that_says_no_is_obeyed(self, api, person, shelf):
        api.get(f"/books/{shelf['d'].pk}/", HTTP_SEC_GPC="1")
        assert not UserInteraction.objects.filter(user=person).exists()
        api.get(f"/books/{shelf['d'].pk}/", HTTP_SEC_GPC="0")
        assert UserInteraction.objects.filter(user=person).count() == 1

    @pytest.mark.parametrize("atomic", [False, True])
    @pytest.mark.django_db(transaction=True)
    def test_a_database_that_refuses_breaks_nothing(
        self, api, person, shelf, monkeypatch, caplog, atomic
    ):
        """The statement fails in the database itself, which spoils a transaction on PostgreSQL."""

        def fail(*args, **kwargs):
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM secrets_of_ada")

        monkeypatch.setattr(visits, "track", fail)
        monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", atomic)
        with caplog.at_level(logging.ERROR, "django_personalization"):
            response = api.get(f"/books/{shelf['d'].pk}/")
        assert response.status_code == 200
        assert response.json()["title"] == "d"
        [record] = caplog.records
        assert record.name == "django_personalization.visits"
        message = record.getMessage()
        assert message.startswith("Tracking content_view of library.book failed: ")
        assert "test_hosts.py" in message
        assert record.exc_info is None
        for private in ("secrets_of_ada\nLINE", "no such table", "does not exist", "ada@", "d\n"):
            assert private not in message.replace('"SELECT * FROM secrets_of_ada")\n', "")

    def test_a_transaction_around_it_goes_on(self, api, person, shelf, monkeypatch):
        def fail(*args, **kwargs):
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM nowhere")

        monkeypatch.setattr(visits, "track", fail)
        with transaction.atomic():
            assert api.get(f"/books/{shelf['d'].pk}/").status_code == 200
            book("written after it")
        assert Book.objects.filter(title="written after it").exists()

    @pytest.mark.django_db(transaction=True)
    def test_it_waits_for_the_end_of_the_requests_transaction(
        self, api, person, shelf, monkeypatch
    ):
        """What tracking locks is not locked while the page is being made."""
        inside = []

        def note(*args, **kwargs):
            inside.append(list(connection.savepoint_ids))

        monkeypatch.setattr(visits, "track", note)
        monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
        api.get(f"/books/{shelf['d'].pk}/")
        assert inside == [[]]

    def test_a_response_that_cannot_be_rendered_is_not_tracked(
        self, api, person, shelf, monkeypatch
    ):
        monkeypatch.setattr("rest_framework.renderers.JSONRenderer.render", _raise)
        with pytest.raises(DatabaseError):
            api.get(f"/books/{shelf['d'].pk}/")
        assert not UserInteraction.objects.filter(user=person).exists()

    def test_a_wrong_type_is_said_in_the_log(self, api, shelf, caplog):
        with caplog.at_level(logging.ERROR, "django_personalization"):
            assert api.get(f"/mistaken/{shelf['d'].pk}/").status_code == 200
        [record] = caplog.records
        assert 'Cannot track library.book: interaction_type: "readng" is not one of' in (
            record.getMessage()
        )

    def test_it_costs_a_bounded_number_of_queries(
        self, api, person, shelf, terms, django_assert_max_num_queries
    ):
        shelf["d"].topics.set(terms.values())
        with django_assert_max_num_queries(20):
            api.get(f"/books/{shelf['d'].pk}/")


def _raise(*args, **kwargs):
    raise DatabaseError


def test_the_filter_is_importable_where_the_docs_say():
    assert PersonalizedOrdering.__module__ == "django_personalization.rest.hosts"
