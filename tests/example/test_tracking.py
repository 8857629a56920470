"""What the site teaches the profile."""

from __future__ import annotations

import pytest
from django.db import connection

from django_personalization.models import UserInteraction, UserTag

pytestmark = pytest.mark.django_db


def interactions():
    return list(UserInteraction.objects.order_by("pk"))


def tags_of(user):
    return {tag.name: tag for tag in UserTag.objects.filter(user=user)}


def test_viewing_a_project_teaches_its_topics(signed_in, visitor, make_project):
    project = make_project("Django", "python", "web-development")
    signed_in.get("/projects/django/")
    (seen,) = interactions()
    assert seen.interaction_type == "project_view"
    assert seen.user == visitor
    assert seen.content == project
    assert set(tags_of(visitor)) == {"Python", "Web Development"}
    assert {tag.source for tag in tags_of(visitor).values()} == {"auto_project"}


def test_loading_a_page_again_teaches_nothing_more(signed_in, visitor, make_project):
    make_project("Django", "python")
    signed_in.get("/projects/django/")
    evidence = tags_of(visitor)["Python"].evidence
    signed_in.get("/projects/django/")
    assert tags_of(visitor)["Python"].evidence == evidence


def test_a_search_teaches_its_words_and_stores_only_the_number_of_results(
    signed_in, visitor, make_project
):
    make_project("Django", "python")
    signed_in.get("/projects/", {"q": "python for my confidential plan"})
    (seen,) = interactions()
    assert seen.interaction_type == "search"
    assert seen.metadata == {"results": 0}
    assert tags_of(visitor)["Python"].source == "auto_activity"
    row = UserInteraction.objects.filter(pk=seen.pk).values().get()
    assert "confidential" not in repr(row)


@pytest.mark.parametrize(
    "query", ["", "?q=", "?q=%20", "?topic=python", "?q=python&page=2", "?topic=nix&q=python"]
)
def test_a_list_that_is_no_new_search_teaches_nothing(signed_in, make_project, query):
    for number in range(30):
        make_project(f"Project {number}", "python")
    signed_in.get(f"/projects/{query}")
    assert interactions() == []


def test_adding_a_project_teaches_most(signed_in, visitor):
    form = {
        "name": "Flask",
        "description": "A small web framework.",
        "homepage": "https://example.org/",
        "taxonomies": ["python"],
    }
    response = signed_in.post("/projects/add/", form)
    (seen,) = interactions()
    assert seen.interaction_type == "project_create"
    assert seen.content.get_absolute_url() == response.url
    assert tags_of(visitor)["Python"].confidence_score > 0.6


def test_strangers_are_not_tracked(client, make_project):
    make_project("Django", "python")
    client.get("/projects/django/")
    client.get("/projects/", {"q": "python"})
    assert interactions() == []


def test_what_nobody_asked_to_see_teaches_nothing(signed_in, make_project):
    make_project("Django", "python")
    signed_in.get("/projects/django/", headers={"sec-purpose": "prefetch;prerender"})
    signed_in.head("/projects/django/")
    signed_in.get("/projects/nothing/")
    assert interactions() == []


def test_people_who_said_no_are_not_tracked(signed_in, visitor, make_project):
    from django_personalization.models import PersonalizationSettings

    PersonalizationSettings.objects.create(user=visitor, consent="denied")
    make_project("Django", "python")
    assert signed_in.get("/projects/django/").status_code == 200
    assert interactions() == []


def test_browsers_that_say_no_are_not_tracked(signed_in, visitor, make_project):
    from django_personalization.preferences import change_settings

    make_project("Django", "python")
    signed_in.get("/projects/django/", headers={"sec-gpc": "1"})
    signed_in.get("/projects/", {"q": "python"}, headers={"sec-gpc": "1"})
    assert interactions() == []
    change_settings(visitor, consent="granted")
    signed_in.get("/projects/django/", headers={"sec-gpc": "1"})
    assert len(interactions()) == 1


def test_a_failure_to_track_breaks_no_page(signed_in, make_project, caplog):
    make_project("Django", "python")
    table = UserInteraction._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    assert signed_in.get("/projects/django/").status_code == 200
    assert signed_in.get("/projects/", {"q": "django"}).status_code == 200
    assert [
        record.getMessage() for record in caplog.records if record.name.startswith("catal")
    ] == [
        "Tracking project_view failed",
        "Tracking search failed",
    ]
