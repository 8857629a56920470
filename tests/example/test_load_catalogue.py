"""``manage.py load_catalogue`` and the catalogue's file."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.management.commands.load_catalogue import CATALOGUE_FILE
from catalogue.models import Project
from django_personalization.models import Taxonomy

pytestmark = pytest.mark.django_db

DJANGO = {
    "slug": "django",
    "name": "Django",
    "homepage": "https://www.djangoproject.com/",
    "repository": "https://github.com/django/django",
    "language": "Python",
    "license": "BSD-3-Clause",
    "first_release": 2005,
    "description": "A web framework with an ORM, forms, templates and an admin.",
    "taxonomies": ["python", "web-development"],
}


@pytest.fixture
def load(tmp_path):
    """Load entries, or whatever text a file holds, and return what the command printed."""

    def run(content, **options):
        path = tmp_path / "projects.json"
        text = content if isinstance(content, str) else json.dumps({"projects": content})
        path.write_text(text, encoding="utf-8")
        out = StringIO()
        call_command("load_catalogue", file=path, stdout=out, **options)
        return out.getvalue()

    return run


def snapshot():
    projects = list(Project.objects.order_by("pk").values())
    return projects, set(Project.taxonomies.through.objects.values_list())


def test_it_creates_projects_with_their_topics(load):
    assert load([DJANGO]).startswith("Catalogue: 1 created, 0 updated, 0 unchanged,")
    project = Project.objects.get()
    for fact, value in DJANGO.items():
        if fact != "taxonomies":
            assert getattr(project, fact) == value
    assert {term.slug for term in project.taxonomies.all()} == {"python", "web-development"}
    assert project.added_by is None


def test_running_it_again_changes_nothing(load):
    load([DJANGO])
    before = snapshot()
    assert load([DJANGO]).startswith("Catalogue: 0 created, 0 updated, 1 unchanged,")
    assert snapshot() == before


def test_what_staff_changed_stays_unless_update_is_given(load):
    load([DJANGO])
    project = Project.objects.get()
    project.description = "Changed by staff."
    project.save()
    project.taxonomies.clear()
    printed = load([DJANGO])
    assert "1 differ from the file and were kept" in printed
    assert "--update" in printed
    project.refresh_from_db()
    assert project.description == "Changed by staff."
    assert "1 updated" in load([DJANGO], update=True)
    project.refresh_from_db()
    assert project.description == DJANGO["description"]
    assert project.taxonomies.count() == 2


def test_what_the_file_does_not_know_is_empty(load):
    unknown = {"repository": None, "license": None, "first_release": None}
    load([DJANGO])
    load([{**DJANGO, **unknown}], update=True)
    project = Project.objects.get()
    assert (project.repository, project.license, project.first_release) == ("", "", None)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"taxonomies": ["python", "pithon"]}, "no taxonomy has the slug 'pithon'"),
        ({"taxonomies": []}, "taxonomies must not be empty"),
        ({"taxonomies": "python"}, "taxonomies must be a list of slugs"),
        ({"taxonomies": [7]}, "taxonomies must be a list of slugs"),
        ({"name": ""}, "name must not be empty"),
        ({"name": ["x"]}, "name must be one line of printable text, not ['x']"),
        ({"slug": 7}, "slug must be one line of printable text, not 7"),
        ({"slug": "no slug"}, "slug 'no slug':"),
        ({"slug": "add"}, "the address 'add' is taken"),
        ({"homepage": "javascript:x"}, "homepage 'javascript:x': Enter a valid URL"),
        ({"first_release": "old"}, "first_release must be a year, not 'old'"),
        ({"first_release": True}, "first_release must be a year, not True"),
        ({"first_release": 3000}, "3000 is in the future"),
        ({"description": "x" * 301}, "at most 300 characters"),
        ({"description": "a\x00b"}, "description must be one line of printable text"),
        ({"name": "half \ud83d"}, "name must be one line of printable text"),
        ({"stars": 5}, "unknown keys stars; known are slug, name"),
    ],
)
def test_a_bad_entry_is_refused_with_its_place_and_reason(load, change, sentence):
    good = {**DJANGO, "slug": "good", "name": "Good"}
    with pytest.raises(CommandError) as refusal:
        load([good, {**DJANGO, **change}])
    assert "Project 2" in str(refusal.value)
    assert sentence in str(refusal.value)
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "is not JSON"),
        ("{}", 'must hold {"projects": '),
        ("[1]", 'must hold {"projects": '),
        ('{"projects": [1]}', "an array of one object per project"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_bad_file_is_refused(load, text, sentence):
    with pytest.raises(CommandError, match=sentence):
        load(text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.json cannot be read"):
        call_command("load_catalogue", file=tmp_path / "nowhere.json")


def test_the_vocabulary_comes_first(load):
    Taxonomy.objects.all().delete()
    with pytest.raises(CommandError, match=r"manage\.py seed_taxonomies"):
        load([DJANGO])


def test_a_slug_or_name_that_comes_twice_is_refused(load):
    with pytest.raises(CommandError) as refusal:
        load([DJANGO, DJANGO])
    assert "its slug is that of project 1 as well" in str(refusal.value)
    assert "its name is that of project 1 as well" in str(refusal.value)


def test_a_name_that_somebody_has_taken_is_refused(load, make_project):
    make_project("Django", "python", slug="my-django")
    with pytest.raises(CommandError, match="belongs to the project 'my-django' already"):
        load([DJANGO])


def test_many_problems_are_cut_short(load):
    entries = [{**DJANGO, "slug": f"p-{n}", "name": f"P {n}", "stars": 1} for n in range(30)]
    with pytest.raises(CommandError, match=r"… and 10 more\."):
        load(entries)


def test_the_number_of_queries_does_not_grow_with_the_file(load):
    def entries(count):
        return [{**DJANGO, "slug": f"p-{n}", "name": f"P {n}"} for n in range(count)]

    def queries(count):
        with CaptureQueriesContext(connection) as captured:
            load(entries(count))
        return len(captured)

    few = queries(1)
    many = queries(200)
    assert few <= 10
    assert many <= few + 5
    with CaptureQueriesContext(connection) as captured:
        load(entries(200))
    assert len(captured) <= 8


@pytest.fixture(scope="module")
def entries():
    """What the file that comes with the site holds."""
    return json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))["projects"]


class TestTheFile:
    """The file that comes with the site."""

    def test_it_loads_and_loading_it_again_changes_nothing(self, entries):
        call_command("load_catalogue", stdout=StringIO())
        assert Project.objects.listed().count() == len(entries) >= 150
        before = snapshot()
        call_command("load_catalogue", stdout=StringIO())
        assert snapshot() == before

    def test_every_entry_has_every_key(self, entries):
        for entry in entries:
            assert set(entry) == set(DJANGO), entry["slug"]
            assert 1 <= len(set(entry["taxonomies"])) == len(entry["taxonomies"]), entry["slug"]
            assert "\n" not in entry["description"], entry["slug"]

    def test_descriptions_are_one_line_each_and_none_comes_twice(self, entries):
        lines = [entry["description"] for entry in entries]
        assert len(set(lines)) == len(lines)
