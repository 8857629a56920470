"""The catalogue's pages."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from catalogue.models import Project
from catalogue.views import PROJECTS_PER_PAGE
from django_personalization.models import Taxonomy
from django_personalization.parameters import ranking_parameters

LIST = "/projects/"
ADD = "/projects/add/"


@pytest.fixture
def catalogue(make_project):
    make_project("Django", "python", "web-development", language="Python", license="BSD-3-Clause")
    make_project("PyTorch", "python", "deep-learning", language="C++", first_release=2016)
    make_project("Vue", "javascript", "web-development", language="JavaScript")
    make_project("Secret", "python", language="Python", is_listed=False)


def names(response):
    return [project.name for project in response.context["page"]]


def test_the_start_page_shows_projects_and_topics(client, catalogue):
    response = client.get("/")
    assertContains(response, "3 projects")
    assertContains(response, "PyTorch")
    assertContains(response, "?topic=deep-learning")
    assertNotContains(response, "Secret")
    assertNotContains(response, "Your interests</h2>")


def test_it_says_how_ordering_works(client, db):
    found = ranking_parameters()
    address = reverse("about_personalization")
    assertContains(client.get("/"), f'<a href="{address}">How ordering works</a>', html=True)
    page = client.get(address)
    assert "projects" in found.intro
    sentences = [found.intro, *(item.text for item in (*found.parameters, *found.controls))]
    for sentence in sentences:
        assertContains(page, escape(sentence), count=1)
    assertContains(page, f'href="{reverse("personalization_settings")}"')


@pytest.mark.parametrize("path", ["/", LIST])
def test_an_empty_catalogue_says_what_to_run(client, db, path):
    assertContains(client.get(path), "manage.py load_catalogue")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["Django", "PyTorch", "Vue"]),
        ({"q": "vue"}, ["Vue"]),
        ({"q": "PYTHON"}, ["Django", "PyTorch"]),
        ({"q": "web python"}, ["Django"]),
        ({"q": "JS"}, ["Vue"]),
        ({"q": "c++"}, ["PyTorch"]),
        ({"q": "100%"}, []),
        ({"q": "_"}, []),
        ({"topic": "web-development"}, ["Django", "Vue"]),
        ({"language": "Python"}, ["Django"]),
        ({"topic": "web-development", "language": "JavaScript"}, ["Vue"]),
        ({"topic": "deep-learning", "q": "django"}, []),
        ({"q": " "}, ["Django", "PyTorch", "Vue"]),
        ({"q": "word " * 40}, []),
    ],
)
def test_filters(client, catalogue, filters, found):
    response = client.get(LIST, filters)
    assert response.status_code == 200
    assert names(response) == found


def test_no_match_says_what_to_do(client, catalogue):
    assertContains(client.get(LIST, {"q": "zzz"}), "No project matches")


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"topic": "nix"}, "“nix” is not a topic"),
        ({"topic": "\x00"}, "is not a topic"),
        ({"language": "Klingon"}, "No project is written in “Klingon”"),
        ({"q": "a\x00b"}, "Null characters are not allowed"),
        ({"q": "x" * 201}, "at most 200 characters"),
    ],
)
def test_a_bad_filter_is_refused_with_a_reason(client, catalogue, filters, sentence):
    assertContains(client.get(LIST, filters), sentence, status_code=400)


def test_an_inactive_topic_is_neither_shown_nor_a_filter(client, catalogue):
    Taxonomy.objects.filter(slug="deep-learning").update(is_active=False)
    assertNotContains(client.get("/projects/pytorch/"), "deep-learning")
    assert client.get(LIST, {"topic": "deep-learning"}).status_code == 400


def test_pages_of_the_list_keep_the_filters(client, make_project):
    for number in range(PROJECTS_PER_PAGE + 1):
        make_project(f"Project {number:02}", "python", language="Python")
    first = client.get(LIST, {"topic": "python"})
    assert len(names(first)) == PROJECTS_PER_PAGE
    assertContains(first, 'href="?topic=python&amp;page=2"')
    second = client.get(LIST, {"topic": "python", "page": 2})
    assert names(second) == ["Project 24"]
    assertContains(second, 'rel="prev"')


@pytest.mark.parametrize("page", ["2", "0", "-1", "x", "", "9" * 5000, "\x00"])
def test_a_page_that_does_not_exist_is_not_found(client, catalogue, page):
    assert client.get(LIST, {"page": page}).status_code == 404


def test_a_project_shows_its_facts(client, make_project, visitor):
    make_project(
        "PyTorch <3",
        "python",
        language="C++",
        license="BSD-3-Clause",
        first_release=2016,
        repository="https://example.org/source",
        added_by=visitor,
    )
    response = client.get("/projects/pytorch-3/")
    for text in (
        "PyTorch &lt;3",
        "?language=C%2B%2B",
        "?topic=python",
        "BSD-3-Clause",
        "2016",
        'href="https://example.org/source"',
        "by Vi",
    ):
        assertContains(response, text)
    assertNotContains(response, "visitor@example.org")


@pytest.mark.parametrize("slug", ["secret", "nothing"])
def test_a_project_that_is_not_listed_is_not_found(client, catalogue, slug):
    assert client.get(f"/projects/{slug}/").status_code == 404


class TestAdding:
    @pytest.fixture
    def form(self, db):
        return {
            "name": "Flask",
            "description": "A small web framework.",
            "homepage": "flask.palletsprojects.com",
            "language": "Python",
            "license": "BSD-3-Clause",
            "first_release": "2010",
            "taxonomies": ["python"],
        }

    def test_it_is_for_people_who_are_signed_in(self, client, form):
        assertRedirects(client.get(ADD), f"/accounts/login/?next={ADD}")
        assert client.post(ADD, form).status_code == 302
        assert not Project.objects.exists()

    def test_a_project_appears_at_once(self, signed_in, visitor, form):
        response = signed_in.post(ADD, form, follow=True)
        project = Project.objects.get()
        assert response.redirect_chain == [("/projects/flask/", 302)]
        assertContains(response, "Flask is in the catalogue.")
        assert project.added_by == visitor
        assert project.homepage == "https://flask.palletsprojects.com"
        assert [term.slug for term in project.taxonomies.all()] == ["python"]

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"name": ""}, "This field is required"),
            ({"name": "a\x00b"}, "Null characters are not allowed"),
            ({"name": "x" * 101}, "at most 100 characters"),
            ({"description": "x" * 301}, "at most 300 characters"),
            ({"homepage": "javascript:alert(1)"}, "Enter a valid URL"),
            ({"repository": "nonsense"}, "Enter a valid URL"),
            ({"first_release": "1066"}, "greater than or equal to 1950"),
            ({"first_release": "3000"}, "3000 is in the future"),
            ({"first_release": "9" * 400}, "is in the future"),
            ({"first_release": "soon"}, "Enter a whole number"),
            ({"taxonomies": []}, "Choose at least one topic"),
            ({"taxonomies": ["nix"]}, "nix is not one of the available choices"),
            ({"taxonomies": ["9" * 30]}, "is not one of the available choices"),
            ({"taxonomies": ["a\x00b"]}, "Null characters are not allowed"),
        ],
    )
    def test_a_bad_field_is_refused_with_a_reason(self, signed_in, form, change, sentence):
        response = signed_in.post(ADD, {**form, **change})
        assertContains(response, sentence, status_code=400)
        assertContains(response, "Nothing was added yet", status_code=400)
        assert not Project.objects.exists()

    def test_what_was_typed_is_kept(self, signed_in, form):
        response = signed_in.post(ADD, {**form, "homepage": ""})
        assertContains(response, 'value="Flask"', status_code=400)
        assertContains(response, "checked", status_code=400)

    def test_everything_is_not_a_topic(self, signed_in, form):
        slugs = list(Taxonomy.objects.values_list("slug", flat=True)[:13])
        response = signed_in.post(ADD, {**form, "taxonomies": slugs})
        assertContains(response, "13 topics are too many", status_code=400)

    def test_an_inactive_topic_is_not_offered(self, signed_in, form):
        Taxonomy.objects.filter(slug="python").update(is_active=False)
        assert signed_in.post(ADD, form).status_code == 400

    @pytest.mark.parametrize("name", ["Flask", "flask"])
    def test_a_name_is_given_once(self, signed_in, make_project, form, name):
        make_project("Flask", "python")
        response = signed_in.post(ADD, {**form, "name": name})
        assertContains(response, "has a project of this name already", status_code=400)

    @pytest.mark.parametrize(
        ("name", "slug"),
        [("Add", "add-2"), ("C++", "c-2"), ("東京", "project"), ("x" * 100, "x" * 90)],
    )
    def test_every_name_gets_an_address_of_its_own(self, signed_in, make_project, form, name, slug):
        make_project("C", "python")
        response = signed_in.post(ADD, {**form, "name": name}, follow=True)
        assert response.status_code == 200
        assert response.redirect_chain == [(f"/projects/{slug}/", 302)]

    def test_a_form_without_its_token_changes_nothing(self, visitor, form):
        client = Client(enforce_csrf_checks=True)
        client.force_login(visitor)
        assertContains(client.post(ADD, form), "That form was out of date", status_code=403)
        assert not Project.objects.exists()


class TestInterestsStrip:
    def test_it_asks_people_without_interests_to_pick(self, signed_in, catalogue):
        assertContains(signed_in.get("/"), "pick what you care about")

    def test_it_shows_picked_and_inferred_interests_and_no_removed_ones(
        self, signed_in, visitor, catalogue
    ):
        from django_personalization import tagging
        from django_personalization.tracking import track

        tagging.pick(visitor, taxonomy=Taxonomy.objects.get(slug="music"))
        for _ in range(3):
            track(visitor, "project_create", extracted_keywords=["Python", "Rust", "My own word"])
        tagging.drop(visitor.personalization_tags.get(name="Rust"))
        page = signed_in.get("/")
        strip = page.content.decode().split('<section class="interests"')[1].split("</section>")[0]
        assert "?topic=music" in strip
        assert "?topic=python" in strip
        assert "?q=My%20own%20word" in strip
        assert "Rust" not in strip
        assert reverse("personalization_settings") in strip

    @pytest.mark.parametrize(
        ("mode", "shown"), [("full", {"music", "python"}), ("explicit", {"music"}), ("none", set())]
    )
    def test_it_honours_the_mode(self, signed_in, visitor, catalogue, mode, shown):
        from django_personalization import tagging
        from django_personalization.preferences import change_settings
        from django_personalization.tracking import track

        tagging.pick(visitor, taxonomy=Taxonomy.objects.get(slug="music"))
        track(visitor, "project_create", extracted_keywords=["Python"])
        change_settings(visitor, mode=mode)
        page = signed_in.get("/")
        strip = page.content.decode().split('<section class="interests"')[1].split("</section>")[0]
        assert {slug for slug in ("music", "python") if f"?topic={slug}" in strip} == shown
        assert ("Personalization is switched off" in strip) == (mode == "none")


class TestFailures:
    """What people see without DEBUG, which the test client always runs without."""

    def test_not_found(self, client, db):
        assertContains(client.get("/nothing/"), "There is nothing here", status_code=404)

    def test_a_page_that_breaks(self, client, db, make_project):
        from django.db import connection

        client.raise_request_exception = False
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE catalogue_project RENAME TO elsewhere")
        response = client.get(LIST)
        assertContains(response, "Something broke on our side", status_code=500)

    def test_a_host_that_is_not_ours(self, client, db):
        response = client.get("/", headers={"host": "evil.example"})
        assertContains(response, "could not read that request", status_code=400)
