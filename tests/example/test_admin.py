"""The catalogue in the admin."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from catalogue.models import Project
from django_personalization import tagging
from django_personalization.models import Taxonomy, UserTag

CHANGELIST = "admin:catalogue_project_changelist"


@pytest.fixture
def office(client, staff):
    """A client that a member of staff has signed in with."""
    client.force_login(staff)
    return client


@pytest.mark.parametrize("projects", [1, 30])
def test_the_list_takes_a_fixed_number_of_queries(
    office, make_project, projects, django_assert_num_queries
):
    for number in range(projects):
        make_project(f"Project {number}", "python", "django", language="Python")
    with django_assert_num_queries(9):
        assert office.get(reverse(CHANGELIST), {"q": "project"}).status_code == 200


def test_topics_are_found_by_typing(office):
    response = office.get(
        reverse("admin:autocomplete"),
        {
            "term": "pyth",
            "app_label": "catalogue",
            "model_name": "project",
            "field_name": "taxonomies",
        },
    )
    assert "Python" in [result["text"] for result in response.json()["results"]]


def test_staff_add_a_project(office, staff):
    page = office.get(reverse("admin:catalogue_project_add"))
    assert page.context["adminform"].form.initial["added_by"] == staff.pk
    form = {
        "name": "Flask",
        "slug": "flask",
        "description": "A small web framework.",
        "homepage": "flask.palletsprojects.com",
        "taxonomies": [Taxonomy.objects.get(slug="python").pk],
        "added_by": staff.pk,
        "is_listed": "on",
    }
    response = office.post(reverse("admin:catalogue_project_add"), form)
    assert response.status_code == 302, response.context["errors"]
    project = Project.objects.get(slug="flask")
    assert project.added_by == staff
    assert project.homepage == "https://flask.palletsprojects.com"
    change = reverse("admin:catalogue_project_change", args=[project.pk])
    assert office.get(change).status_code == 200


def test_staff_take_a_project_from_the_site(office, make_project):
    project = make_project("Flask", "python")
    change = reverse("admin:catalogue_project_change", args=[project.pk])
    form = {"name": "Flask", "slug": "flask", "description": "x", "homepage": project.homepage}
    assert office.post(change, form).status_code == 302
    assert office.get("/projects/flask/").status_code == 404


def test_staff_export_and_erase_what_is_known_of_selected_people(office, visitor):
    tagging.pick(visitor, name="Sourdough")
    accounts = reverse("admin:accounts_user_changelist")
    chosen = {"_selected_action": [visitor.pk]}
    exported = office.post(accounts, {**chosen, "action": "export_personalization"})
    assert json.loads(exported.getvalue())["tags"][0]["name"] == "Sourdough"
    question = office.post(accounts, {**chosen, "action": "erase_personalization"})
    assert "vi sitor" in question.content.decode().lower()
    assert UserTag.objects.exists()
    form = {**chosen, "action": "erase_personalization", "post": "yes"}
    assert office.post(accounts, form).status_code == 302
    assert not UserTag.objects.exists()
    visitor.refresh_from_db()
