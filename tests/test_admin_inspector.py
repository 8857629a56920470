"""The admin's page on what a person sees, and why."""

import html
import re

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.models import Permission
from django.urls import path, reverse

from django_personalization import content, tagging
from django_personalization.admin import UserTagAdmin
from django_personalization.choices import Mode
from django_personalization.explaining import explain
from django_personalization.models import AuditEntry, PersonalizationSettings, UserTag
from django_personalization.tracking import track
from tests.hosts.library.models import Book, Label, Note

pytestmark = pytest.mark.django_db
QUESTION = "What does this person see, and why?"


class BookAdmin(ModelAdmin):
    """A host's page for books, one of which nobody may open."""

    def has_view_permission(self, request, obj=None):
        return obj is None or obj.title != "locked"

    has_change_permission = has_view_permission


# A site of the host's own, for the test that names this module as the routes.
site = AdminSite("admin")
site.register(UserTag, UserTagAdmin)
site.register(Book, BookAdmin)
urlpatterns = [path("office/", site.urls)]


def book(title, *topics, **fields):
    made = Book.objects.create(title=title, **fields)
    made.topics.set(topics)
    return made


@pytest.fixture
def office(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def clerk(client, make_person):
    """A client that a member of staff with these permissions has signed in with."""

    def sign_in(*codenames):
        clerk = make_person("clerk", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        assert clerk.user_permissions.count() == len(codenames)
        client.force_login(clerk)
        return client

    return sign_in


def address(person):
    return reverse("admin:django_personalization_usertag_inspect", args=[person.pk])


def cells(response):
    """Return the rows of the table as text."""
    page = response.content.decode()
    tables = re.findall(r'<table id="result_list">(.*?)</table>', page, flags=re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", "".join(tables), flags=re.DOTALL)[1:]
    bare = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, flags=re.DOTALL) for row in rows]
    return [
        [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row]
        for row in bare
    ]


def test_the_best_with_their_reasons(office, person, terms):
    both = book("both", terms["python"], terms["ai"])
    book("nothing", terms["cpp"])
    tagging.pick(person, taxonomy=terms["python"])
    track(person, "project_create", extracted_keywords=["ML"])
    response = office.get(address(person))
    assert response.status_code == 200
    explanation = explain(both, person)
    reasons = " ".join(f"{r.text} +{r.contribution:.3f}" for r in explanation.reasons)
    assert len(explanation.reasons) == 2
    assert cells(response) == [
        ["1", "both", f"{explanation.score:.3f}", reasons],
        ["2", "nothing", "0.000", "None of its terms has to do with the person's tags."],
    ]
    page = " ".join(response.content.decode().split())
    assert "Mode: Picked and inferred tags." in page
    assert "Tags in use: 1 picked, 1 inferred. Removed or hidden: 0." in page
    assert str(person) in page


def test_not_more_than_fifty(office, person, terms):
    for number in range(60):
        book(f"b{number}")
    assert len(cells(office.get(address(person)))) == 50


def test_nothing_of_what_the_person_may_not_see(office, person, terms):
    book("for nobody yet", terms["python"], is_public=False)
    book("hidden away", terms["python"], terms["ai"])
    book("of their own", terms["python"], author=person)
    tagging.pick(person, taxonomy=terms["python"])
    tagging.hide(person, taxonomy=terms["ai"])
    response = office.get(address(person))
    page = response.content.decode()
    for title in ("for nobody yet", "hidden away", "of their own"):
        assert title not in page
    assert "There is nothing of this kind that the person may see." in page
    assert "Removed or hidden: 1." in page


def test_titles_and_names_are_escaped(office, person, terms):
    book("<script>alert(1)</script>", terms["python"])
    terms["python"].name = "<script>alert(2)</script>"
    terms["python"].save()
    tagging.pick(person, taxonomy=terms["python"])
    page = office.get(address(person)).content.decode()
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") == 1
    assert "&lt;script&gt;alert(2)" in page
    wrong = office.get(address(person), {"model": "<script>alert(3)"}).content.decode()
    assert "<script>alert" not in wrong


class TestModes:
    def test_picked_tags_only(self, office, person, terms):
        book("python", terms["python"])
        book("c++", terms["cpp"])
        track(person, "project_create", extracted_keywords=["Python"])
        tagging.pick(person, taxonomy=terms["cpp"])
        PersonalizationSettings.objects.create(user=person, mode=Mode.EXPLICIT)
        response = office.get(address(person))
        assert [row[1] for row in cells(response)] == ["c++", "python"]
        assert cells(response)[1][2] == "0.000"
        assert "1 picked, 0 inferred" in response.content.decode()

    def test_personalization_is_off(self, office, person, terms):
        book("first", terms["cpp"])
        book("second", terms["python"])
        tagging.pick(person, taxonomy=terms["python"])
        PersonalizationSettings.objects.create(user=person, mode=Mode.NONE)
        response = office.get(address(person))
        assert [row[1:] for row in cells(response)] == [
            ["first", "0.000", "Personalization is off."],
            ["second", "0.000", "Personalization is off."],
        ]
        assert "the order is the one that everybody gets." in response.content.decode()

    def test_no_tags(self, office, person, terms, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr("django_personalization.term_statistics._MIN_AGE", 600.0)
        book("first", terms["cpp"])
        office.get(address(person))
        # As with tags: each profile costs one more, and there is no evidence to read.
        with django_assert_num_queries(10):
            response = office.get(address(person))
        assert cells(response) == [["1", "first", "0.000", "The person has no tags yet."]]
        assert "No tags are in use" in response.content.decode()


class TestChoice:
    @pytest.fixture(autouse=True)
    def _notes(self):
        content.register(Note, terms="labels")
        yield
        content.unregister(Note)

    def test_every_registered_model(self, office, person, terms):
        book("a book")
        note = Note.objects.create()
        note.labels.add(Label.objects.create(name="Python"))
        tagging.pick(person, taxonomy=terms["python"])
        first = office.get(address(person))
        assert cells(first)[0][1] == "a book"
        page = first.content.decode()
        assert '<option value="library.book" selected>Books</option>' in page
        assert '<option value="library.note">Notes</option>' in page
        second = office.get(address(person), {"model": "library.note"})
        [[_place, _item, relevance, why]] = cells(second)
        assert (float(relevance) > 0, "“Python”, which you picked" in why) == (True, True)
        assert '<option value="library.note" selected>' in second.content.decode()

    @pytest.mark.parametrize("model", ["auth.user", "library.label", "x", "", "\x00"])
    def test_a_wrong_one_is_named_with_the_right_ones(self, office, person, model):
        response = office.get(address(person), {"model": model})
        assert response.status_code == 400
        page = html.unescape(response.content.decode())
        assert "is not one of: library.book, library.note." in page
        assert not AuditEntry.objects.exists()

    def test_models_that_the_reader_may_not_view_are_not_offered(self, clerk, person):
        book("a book")
        client = clerk("view_usertag", "view_note")
        page = client.get(address(person)).content.decode()
        assert "library.note" in page
        assert "library.book" not in page
        assert client.get(address(person), {"model": "library.book"}).status_code == 400

    def test_none_at_all(self, clerk, person, office, monkeypatch):
        sentence = "no model that you may view is registered as content"
        assert sentence not in office.get(address(person)).content.decode()
        monkeypatch.setattr(content, "_registry", {})
        assert sentence in office.get(address(person)).content.decode()
        monkeypatch.undo()
        assert sentence in clerk("view_usertag").get(address(person)).content.decode()


class TestPermission:
    def test_who_may_not_view_tags_gets_nothing(self, clerk, person, terms):
        tagging.pick(person, taxonomy=terms["python"])
        assert clerk("view_userinteraction", "view_book").get(address(person)).status_code == 403
        assert not AuditEntry.objects.exists()

    def test_neither_does_who_is_no_staff(self, client, person, other):
        client.force_login(other)
        assert client.get(address(person)).status_code == 302
        client.logout()
        assert client.get(address(person)).status_code == 302

    def test_who_may_view_tags_may_look(self, clerk, person, terms):
        book("a book")
        tag, _created = tagging.pick(person, taxonomy=terms["python"])
        client = clerk("view_usertag", "view_book")
        form = reverse("admin:django_personalization_usertag_change", args=[tag.pk])
        page = client.get(form).content.decode()
        assert QUESTION in page
        assert f'href="{address(person)}"' in page
        assert len(cells(client.get(address(person)))) == 1

    def test_nothing_is_done_here(self, office, person):
        assert office.post(address(person)).status_code == 405
        assert office.head(address(person)).status_code == 405
        assert not AuditEntry.objects.exists()

    @pytest.mark.parametrize("key", ["4711", "x", "9" * 50, "5/6", "%00"])
    def test_unknown_people(self, office, key):
        assert (
            office.get(f"/admin/django_personalization/usertag/inspect/{key}/").status_code == 404
        )


def test_every_look_is_written_down(office, staff, person, terms):
    book("a book")
    office.get(address(person))
    office.get(address(person), {"model": "library.book"})
    first, second = AuditEntry.objects.order_by("pk")
    for entry in (first, second):
        assert (entry.person, entry.actor) == (person, staff)
        assert (entry.action, entry.origin) == ("inspect", "admin")
        assert entry.counts == {"items": 1}


def test_items_are_linked_where_they_have_a_page_of_their_own(office, person, settings):
    shown = book("a book")
    book("locked")
    assert "/admin/library/" not in office.get(address(person)).content.decode()
    settings.ROOT_URLCONF = "tests.test_admin_inspector"
    page = office.get(address(person)).content.decode()
    [table] = re.findall(r'<table id="result_list">(.*?)</table>', page, flags=re.DOTALL)
    links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', table)
    assert links == [(f"/office/library/book/{shown.pk}/change/", "a book")]
    assert office.get(links[0][0]).status_code == 200


def test_the_number_of_queries(office, person, terms, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("django_personalization.term_statistics._MIN_AGE", 600.0)
    topics = list(terms.values())
    for size in (5, 45):
        for number in range(size):
            book(f"{size} {number}", *topics[: 1 + number % 4])
        tagging.pick(person, taxonomy=terms["python"])
        track(person, "search", extracted_keywords=["ML", f"word {size}"])
        office.get(address(person))
        # Who asks (2), about whom, the profile, the four of recommend(), the entry.
        with django_assert_num_queries(9):
            assert len(cells(office.get(address(person)))) >= size
    assert UserTag.objects.of(person).count() == 4
