"""What staff and commands do with people's data is recorded: who, what, how much; nothing of it."""

import io
import json

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.urls import reverse

from django_personalization import audit, tagging
from django_personalization.choices import AuditAction, AuditOrigin
from django_personalization.models import (
    AuditEntry,
    PersonalizationSettings,
    UserInteraction,
    UserTag,
)
from django_personalization.tracking import track
from tests.test_admin import clerk, office, run, said, url

__all__ = ["clerk", "office"]

pytestmark = pytest.mark.django_db

SECRET = "Sewing with asbestos"


@pytest.fixture
def secrets(person, other):
    """Two people with two tags of theirs each, one of them secret, and two events."""
    for somebody in (person, other):
        tagging.pick(somebody, name=SECRET)
        for _time in range(2):
            track(
                somebody,
                "search",
                extracted_keywords=[f"{SECRET} today"],
                metadata={"place": SECRET},
            )
    return person


def entries(**filters):
    rows = AuditEntry.objects.filter(**filters).order_by("person_id", "pk")
    return [(row.action, row.person_id, row.actor_id, row.origin, row.counts) for row in rows]


def test_one_statement_records_any_number_of_people(make_person, staff, django_assert_num_queries):
    people = [make_person(f"p{number}") for number in range(20)]
    counts = {person.pk: {"tags": number} for number, person in enumerate(people)}
    with django_assert_num_queries(1):
        audit.record("change_tags", actor=staff, origin="admin", person_counts=counts)
    assert {row.person_id: row.counts for row in AuditEntry.objects.all()} == counts
    with django_assert_num_queries(0):
        audit.record("change_tags", origin="command", person_counts={})


def test_changes_of_tags(office, staff, secrets, person, other):
    tags = list(UserTag.objects.all())
    mine = sorted(tag.pk for tag in tags if tag.user_id == person.pk)
    for action in ("dismiss", "hide", "restore"):
        run(office, "usertag", action, *tags)
        expected = ("change_tags", staff.pk, "admin", {"tags": 2})
        found = [(a, by, way, counts) for a, _person, by, way, counts in entries()]
        assert found == [expected, expected]
        assert {row[1] for row in entries()} == {person.pk, other.pk}
        AuditEntry.objects.all().delete()
    run(office, "usertag", "restore", *tags)
    assert entries() == []
    form = {"weight": "2.0", "state": "hidden"}
    assert office.post(url("usertag", "change", mine[0]), form).status_code == 302
    assert entries() == [("change_tags", person.pk, staff.pk, "admin", {"tags": 1})]


def test_a_form_that_changes_nothing_is_no_change(office, secrets):
    tag = UserTag.objects.first()
    page = url("usertag", "change", tag.pk)
    form = office.get(page).context["adminform"].form
    filled = {field.html_name: field.value() for field in form}
    filled |= {field.html_initial_name: field.value() for field in form}
    assert office.post(page, filled).status_code == 302
    assert entries() == []


def test_deleted_activity(office, staff, secrets, person, other):
    first, *rest = UserInteraction.objects.order_by("pk")
    page = url("userinteraction", "delete", first.pk)
    assert office.post(page, {"post": "yes"}).status_code == 302
    one, two = {"interactions": 1}, {"interactions": 2}
    assert entries() == [("delete_activity", person.pk, staff.pk, "admin", one)]
    run(office, "userinteraction", "delete_selected", *rest, post="yes")
    assert entries(person=person)[1:] == [("delete_activity", person.pk, staff.pk, "admin", one)]
    assert entries(person=other) == [("delete_activity", other.pk, staff.pk, "admin", two)]
    assert not UserInteraction.objects.exists()


def test_commands(secrets, person):
    name = person.get_username()
    call_command("export_profile", name, stdout=io.StringIO())
    call_command("prune_interactions", stdout=io.StringIO())
    call_command("refresh_tags", stdout=io.StringIO())
    call_command("erase_profile", name, "--reset", "--yes", stdout=io.StringIO())
    call_command("erase_profile", name, "--yes", stdout=io.StringIO())
    actions = AuditEntry.objects.order_by("pk").values_list("action", "person", "actor", "origin")
    assert list(actions) == [
        ("export", person.pk, None, "command"),
        ("prune", None, None, "command"),
        ("refresh", None, None, "command"),
        ("reset", person.pk, None, "command"),
        ("erase", person.pk, None, "command"),
    ]


def test_nothing_of_the_data_is_written_down(office, staff, secrets, person):
    """Neither into the audit nor into Django's own log, which would keep it for ever."""
    tag = UserTag.objects.filter(user=person, name=SECRET).get()
    interaction = UserInteraction.objects.filter(user=person).first()
    form = {"weight": "2.0", "state": "hidden"}
    assert office.post(url("usertag", "change", tag.pk), form).status_code == 302
    run(office, "usertag", "dismiss", tag)
    page = url("userinteraction", "delete", interaction.pk)
    assert office.post(page, {"post": "yes"}).status_code == 302
    rest = UserInteraction.objects.filter(user=person)
    run(office, "userinteraction", "delete_selected", *rest, post="yes")
    for page in ("person_export", "person_reset", "person_erase"):
        response = office.post(url("usertag", page, person.pk))
        response.getvalue()
    assert AuditEntry.objects.filter(person=person).count() == 7
    written = json.dumps([*AuditEntry.objects.values("action", "origin", "counts")])
    written += json.dumps([*LogEntry.objects.values("object_repr", "change_message")])
    for word in (SECRET, "Sewing", "asbestos", str(person)):
        assert word not in written
    assert not LogEntry.objects.exists()


def test_what_cannot_be_recorded_is_not_done(office, secrets, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the audit cannot be written")

    monkeypatch.setattr(AuditEntry.objects._queryset_class, "bulk_create", fail)
    office.raise_request_exception = False
    tag, interaction = UserTag.objects.first(), UserInteraction.objects.first()
    form = {"weight": "2.0", "state": "hidden"}
    assert office.post(url("usertag", "change", tag.pk), form).status_code == 500
    assert run(office, "usertag", "dismiss", tag).status_code == 500
    page = url("userinteraction", "delete", interaction.pk)
    assert office.post(page, {"post": "yes"}).status_code == 500
    for page in ("person_export", "person_reset", "person_erase"):
        assert office.post(url("usertag", page, tag.user_id)).status_code == 500
    assert UserTag.objects.filter(state="active", weight=1).count() == 4
    assert UserInteraction.objects.count() == 4


# The page


@pytest.fixture
def recorded(secrets, person, staff):
    audit.record("erase", actor=staff, origin="admin", person_counts={person.pk: {"tags": 3}})
    audit.record("prune", origin="command", person_counts={None: {"interactions": 4}})
    return AuditEntry.objects.order_by("pk").first()


def test_entries_are_read(office, recorded, person, staff):
    listed = office.get(url("auditentry")).content.decode()
    for shown in ("Erased the profile", "tags: 3", "interactions: 4", "many people", "Command"):
        assert shown in listed
    assert str(person) in listed
    assert str(staff) in listed
    page = office.get(url("auditentry", "change", recorded.pk))
    assert page.status_code == 200
    assert b"Erased the profile" in page.content
    assert office.get(url("auditentry", "history", recorded.pk)).status_code == 200


def test_entries_are_written_by_nobody(office, recorded):
    assert office.get(url("auditentry", "add")).status_code == 403
    page = url("auditentry", "change", recorded.pk)
    assert office.post(page, {"action": "export"}).status_code == 403
    assert office.post(url("auditentry", "delete", recorded.pk), {"post": "yes"}).status_code == 403
    run(office, "auditentry", "delete_selected", recorded, post="yes")
    assert AuditEntry.objects.count() == 2
    assert AuditEntry.objects.get(pk=recorded.pk).action == "erase"


@pytest.mark.parametrize(
    ("query", "count"),
    [({"person": "person"}, 1), ({"actor": "staff"}, 1), ({"actor": "person"}, 0)],
)
def test_entries_are_found_by_people(office, recorded, person, staff, query, count):
    keys = {"person": person.pk, "staff": staff.pk}
    listed = office.get(url("auditentry"), {name: keys[who] for name, who in query.items()})
    assert len(listed.context["cl"].result_list) == count


@pytest.mark.parametrize("value", ["nobody", "999999999", "\x00", ""])
def test_a_person_who_does_not_exist_is_no_error(office, recorded, value):
    response = office.get(url("auditentry"), {"person": value})
    assert (response.status_code, response["Location"]) == (302, f"{url('auditentry')}?e=1")


@pytest.mark.parametrize("count", [1, 50])
def test_the_list_takes_a_fixed_number_of_queries(
    office, make_person, count, django_assert_num_queries
):
    for number in range(count):
        somebody = make_person(f"p{number}")
        audit.record("export", actor=somebody, origin="admin", person_counts={somebody.pk: {}})
    with django_assert_num_queries(5):
        assert len(office.get(url("auditentry")).context["cl"].result_list) == count


def test_history_leads_to_the_audit(office, recorded, person):
    tag = UserTag.objects.filter(user=person).first()
    response = office.get(url("usertag", "history", tag.pk))
    assert response["Location"] == f"{url('auditentry')}?person={person.pk}"
    assert office.get(url("usertag", "history", 999999)).status_code == 404


def test_history_is_for_those_who_may_see_the_row(clerk, recorded, person):
    tag = UserTag.objects.filter(user=person).first()
    client = clerk("view_userinteraction")
    assert client.get(url("usertag", "history", tag.pk)).status_code == 403


def test_actions_and_ways_are_the_models_choices():
    for name, members in (("action", AuditAction), ("origin", AuditOrigin)):
        assert dict(AuditEntry._meta.get_field(name).choices) == dict(members.choices)


# Who may see what


PAGES = {
    "usertag": ["changelist", "change", "history"],
    "userinteraction": ["changelist", "change", "history", "delete"],
    "personalizationsettings": ["changelist", "change", "history"],
    "auditentry": ["changelist", "change", "history"],
}


@pytest.mark.parametrize(("model", "page"), [(m, p) for m, ps in PAGES.items() for p in ps])
def test_every_page_needs_the_permission_for_its_own_model(
    clerk, secrets, recorded, person, model, page
):
    """All other permissions of the app do not help."""
    from django.apps import apps
    from django.contrib.auth.models import Permission

    PersonalizationSettings.objects.create(user=person)
    codenames = Permission.objects.filter(
        content_type__app_label="django_personalization"
    ).values_list("codename", flat=True)
    client = clerk(*(name for name in codenames if not name.endswith(f"_{model}")))
    row = apps.get_model("django_personalization", model).objects.first()
    arguments = [] if page == "changelist" else [row.pk]
    response = client.get(url(model, page, *arguments))
    assert response.status_code == 403
    assert SECRET not in response.content.decode()
    index = client.get(reverse("admin:index")).content.decode()
    assert reverse(f"admin:django_personalization_{model}_changelist") not in index


def test_messages_name_no_data(office, secrets):
    message = said(run(office, "usertag", "dismiss", *UserTag.objects.all()))
    assert message == "4 tags were dismissed."
