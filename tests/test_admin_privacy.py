"""The pages of a person's data in the admin, and the actions for a host's own admin of users."""

import io
import json
import zipfile

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import include, path, reverse

from django_personalization import audit, preferences, tagging
from django_personalization.admin import UserInteractionAdmin, UserTagAdmin, privacy
from django_personalization.admin.privacy import erase_personalization, export_personalization
from django_personalization.models import AuditEntry, UserInteraction, UserTag
from django_personalization.privacy import count_profile
from django_personalization.tracking import track
from tests.test_admin import clerk, office, said, url

__all__ = ["clerk", "office"]

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.test_admin_privacy")]


class PeopleAdmin(admin.ModelAdmin):
    """A host's admin of users, in a site of its own."""

    actions = [export_personalization, erase_personalization]
    ordering = ["pk"]


people_site = admin.AdminSite(name="people")
people_site.register(get_user_model(), PeopleAdmin)
people_site.register(UserTag, UserTagAdmin)
people_site.register(UserInteraction, UserInteractionAdmin)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("people/", people_site.urls),
    path("api/v1/", include("django_personalization.urls")),
]

SEE = ["view_usertag", "view_userinteraction"]
ERASE = [*SEE, "change_usertag", "delete_userinteraction"]
PAGES = ["person", "person_export", "person_reset", "person_erase"]


@pytest.fixture
def known(person, other, terms):
    for somebody in (person, other):
        tagging.pick(somebody, taxonomy=terms["python"])
        track(somebody, "search", extracted_keywords=["Python", "Zig"])
        track(somebody, "search", text="ml")
        preferences.change_settings(somebody, consent="granted")
    return person


def page(name, person):
    return url("usertag", name, person.pk)


def shown_counts(response):
    return [(str(name), count) for name, count, _address in response.context["counts"]]


# The pages


def test_the_page_says_how_much_there_is(office, known):
    response = office.get(page("person", known))
    assert shown_counts(response) == [
        ("personalization settings", 1),
        ("user tags", 3),
        ("interactions", 2),
        ("audit entries", 0),
    ]
    html = response.content.decode()
    assert str(known) in html
    assert "Zig" not in html
    for name in ("person_export", "person_reset", "person_erase"):
        assert page(name, known) in html
    for _name, _count, address in response.context["counts"]:
        assert office.get(address).status_code == 200
    rows = office.get(response.context["counts"][1][2]).context["cl"].result_list
    assert {tag.user_id for tag in rows} == {known.pk}


def test_somebody_of_whom_nothing_is_known_has_a_page_too(office, other):
    response = office.get(page("person", other))
    assert [count for _name, count in shown_counts(response)] == [0, 0, 0, 0]


def test_links_lead_to_it(office, known):
    tag = UserTag.objects.filter(user=known).first()
    address = page("person", known)
    assert address in office.get(url("usertag", "change", tag.pk)).content.decode()
    assert address in office.get(url("usertag", "inspect", known.pk)).content.decode()
    for model, field in (
        ("usertag", "user"),
        ("userinteraction", "user"),
        ("auditentry", "person"),
    ):
        assert address not in office.get(url(model)).content.decode()
        assert address in office.get(url(model), {field: known.pk}).content.decode(), model


def test_links_are_shown_to_those_whom_they_lead_somewhere(clerk, known):
    client = clerk("view_usertag")
    tag = UserTag.objects.filter(user=known).first()
    address = page("person", known)
    for shown in (
        client.get(url("usertag"), {"user": known.pk}),
        client.get(url("usertag", "change", tag.pk)),
        client.get(url("usertag", "inspect", known.pk)),
    ):
        assert shown.status_code == 200
        assert address not in shown.content.decode()


def test_an_export_is_a_file_and_recorded(office, staff, known, other):
    response = office.post(page("person_export", known))
    document = json.loads(response.getvalue())
    assert response["Content-Disposition"] == 'attachment; filename="personalization.json"'
    assert "no-store" in response["Cache-Control"]
    assert (len(document["tags"]), len(document["interactions"])) == (3, 2)
    [entry] = AuditEntry.objects.all()
    counts = {"settings": 1, "tags": 3, "interactions": 2, "audit": 0}
    assert (entry.action, entry.person, entry.actor) == ("export", known, staff)
    assert (entry.origin, entry.counts) == ("admin", counts)


def test_a_reset_asks_first(office, staff, known, other):
    before = count_profile(other)
    question = office.get(page("person_reset", known))
    assert "What the person said stays" in question.content.decode()
    assert shown_counts(question)[1] == ("user tags", 3)
    assert count_profile(known)["tags"] == 3
    response = office.post(page("person_reset", known))
    assert response["Location"] == page("person", known)
    assert said(response) == "Forgotten: user tags: 2, interactions: 2."
    assert count_profile(known) == {"settings": 1, "tags": 1, "interactions": 0, "audit": 1}
    assert count_profile(other) == before
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.actor, entry.counts) == (
        "reset",
        staff,
        {"tags": 2, "interactions": 2},
    )


def test_an_erasure_asks_first(office, staff, known, other):
    before = count_profile(other)
    question = office.get(page("person_erase", known))
    assert "All of it goes" in question.content.decode()
    assert "This cannot be undone." in question.content.decode()
    assert count_profile(known)["tags"] == 3
    response = office.post(page("person_erase", known))
    assert response["Location"] == page("person", known)
    assert "user tags: 3" in said(response)
    assert count_profile(known) == {"settings": 0, "tags": 0, "interactions": 0, "audit": 1}
    assert count_profile(other) == before
    assert get_user_model()._base_manager.filter(pk=known.pk).exists()
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.actor, entry.person) == ("erase", staff, known)


@pytest.mark.parametrize("missing", SEE)
@pytest.mark.parametrize("name", PAGES)
def test_each_permission_to_see_is_needed(clerk, known, missing, name):
    every = [*ERASE, "delete_usertag", "add_usertag", "view_auditentry"]
    wanting = {missing, missing.replace("view", "change")}
    client = clerk(*(codename for codename in every if codename not in wanting))
    method = client.post if name == "person_export" else client.get
    assert method(page(name, known)).status_code == 403
    assert client.post(page(name, known)).status_code in {403, 405}
    assert count_profile(known)["tags"] == 3
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("missing", ["change_usertag", "delete_userinteraction"])
@pytest.mark.parametrize("name", ["person_reset", "person_erase"])
def test_each_permission_to_erase_is_needed(clerk, known, missing, name):
    client = clerk(*(codename for codename in ERASE if codename != missing))
    assert client.get(page(name, known)).status_code == 403
    assert client.post(page(name, known)).status_code == 403
    seen = client.get(page("person", known))
    assert page(name, known) not in seen.content.decode()
    assert json.loads(client.post(page("person_export", known)).getvalue())["tags"]
    assert count_profile(known)["tags"] == 3


def test_those_permissions_are_enough(clerk, known):
    client = clerk(*ERASE)
    assert client.get(page("person", known)).status_code == 200
    assert client.post(page("person_erase", known)).status_code == 302
    assert count_profile(known)["tags"] == 0


def test_strangers_and_people_without_staff_are_turned_away(client, known):
    for signed_in in (False, True):
        if signed_in:
            known.user_permissions.set(Permission.objects.filter(codename__in=ERASE))
            client.force_login(known)
        for name in PAGES:
            response = client.post(page(name, known))
            assert response.status_code == 302
            assert "/login/" in response["Location"]
    assert count_profile(known)["tags"] == 3


@pytest.mark.parametrize("key", ["nobody", "0", "999999999", "9" * 40, "\x00"])
@pytest.mark.parametrize("name", PAGES)
def test_nobody_is_404(office, known, name, key):
    address = url("usertag", name, key)
    response = office.get(address) if name == "person" else office.post(address)
    assert response.status_code == 404
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("name", ["person_export", "person_reset", "person_erase"])
def test_another_site_cannot_do_it(staff, known, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    assert client.post(page(name, known)).status_code == 403
    assert count_profile(known)["tags"] == 3
    form = client.get(page("person", known))
    token = form.context["csrf_token"]
    done = client.post(page(name, known), {"csrfmiddlewaretoken": str(token)})
    assert done.status_code in {200, 302}


@pytest.mark.parametrize(
    ("name", "method", "status"),
    [
        ("person", "post", 405),
        ("person_export", "get", 405),
        ("person_reset", "put", 405),
        ("person_erase", "delete", 405),
    ],
)
def test_a_link_changes_nothing(office, known, name, method, status):
    assert getattr(office, method)(page(name, known)).status_code == status
    assert count_profile(known)["tags"] == 3
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("count", [0, 60])
def test_the_pages_take_a_fixed_number_of_queries(
    office, person, count, django_assert_max_num_queries
):
    for number in range(count):
        track(person, "search", extracted_keywords=[f"Word {number}"])
        audit.record("inspect", origin="admin", person_counts={person.pk: {}})
    for name in ("person", "person_reset", "person_erase"):
        # Session, user, person and one count for each of the four kinds.
        with django_assert_max_num_queries(7):
            assert office.get(page(name, person)).status_code == 200


# The actions for a host's admin of users


def people_url():
    meta = get_user_model()._meta
    name = f"admin:{meta.app_label}_{meta.model_name}_changelist"
    return reverse(name, current_app="people")


def act(client, action, *people, **more):
    chosen = {"action": action, "_selected_action": [person.pk for person in people], **more}
    return client.post(people_url(), chosen)


def test_one_selected_person_is_one_file(office, known):
    response = act(office, "export_personalization", known)
    assert len(json.loads(response.getvalue())["tags"]) == 3
    assert response["Content-Disposition"].endswith('"personalization.json"')


def test_several_selected_people_are_an_archive(office, staff, known, other):
    response = act(office, "export_personalization", known, other)
    assert response["Content-Type"] == "application/zip"
    assert "no-store" in response["Cache-Control"]
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    # As its close() does, but for the database connection, which it would close as well.
    for close in response._resource_closers:
        close()
    assert archive.testzip() is None
    documents = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert len(documents) == 2
    for person in (known, other):
        [document] = [d for name, d in documents.items() if str(person.pk).split("-")[0] in name]
        assert len(document["tags"]) == 3
    recorded = AuditEntry.objects.values_list("person", "actor", "action")
    assert set(recorded) == {(p.pk, staff.pk, "export") for p in (known, other)}


def test_an_archive_is_whole_or_not_sent(office, known, other, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no database any more")

    monkeypatch.setattr("django_personalization.personal_data._interaction_row", fail)
    office.raise_request_exception = False
    assert act(office, "export_personalization", known, other).status_code == 500


def test_selected_people_are_erased_once_that_is_confirmed(
    office, staff, known, other, make_person
):
    third = make_person("third")
    track(third, "search", extracted_keywords=["Nim"])
    question = act(office, "erase_personalization", known, other)
    assert shown_counts(question)[1:3] == [("user tags", 6), ("interactions", 4)]
    html = question.content.decode()
    assert "about 2 people goes" in html
    assert str(known) in html
    assert str(third) not in html
    assert count_profile(known)["tags"] == 3
    response = act(office, "erase_personalization", known, other, post="yes")
    assert said(response).startswith("Erased of 2 people: ")
    assert "user tags: 6" in said(response)
    for person in (known, other):
        assert count_profile(person)["tags"] == 0
        assert get_user_model()._base_manager.filter(pk=person.pk).exists()
    assert count_profile(third)["tags"] == 1
    recorded = AuditEntry.objects.values_list("person", "actor", "action")
    assert set(recorded) == {(p.pk, staff.pk, "erase") for p in (known, other)}


def test_one_person_is_one_person(office, known):
    html = act(office, "erase_personalization", known).content.decode()
    assert "about 1 person goes" in html
    assert said(act(office, "erase_personalization", known, post="yes")).startswith(
        "Erased of 1 person: "
    )


@pytest.mark.parametrize("action", ["export_personalization", "erase_personalization"])
def test_an_action_is_bounded(office, known, other, monkeypatch, action):
    monkeypatch.setattr(privacy, "MOST_PEOPLE", 1)
    response = act(office, action, known, other, post="yes")
    assert said(response) == "Select at most 1 people. Nothing was done."
    assert count_profile(known)["tags"] == 3
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("action", "needed"),
    # Who may change tags may view them.
    [("export_personalization", SEE), ("erase_personalization", ERASE[1:])],
)
def test_who_may_see_users_may_not_do_this_for_that(clerk, known, action, needed):
    users = f"view_{get_user_model()._meta.model_name}"
    for codename in needed:
        client = clerk(users, *(other for other in needed if other != codename))
        assert act(client, action, known, post="yes").status_code == 403
        get_user_model()._base_manager.get(pk=client.session["_auth_user_id"]).delete()
    assert count_profile(known)["tags"] == 3
    assert not AuditEntry.objects.exists()
    done = act(clerk(users, *needed), action, known, post="yes")
    assert done.status_code in {200, 302}
    assert AuditEntry.objects.count() == 1


def test_another_site_cannot_select_people(staff, known):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    assert act(client, "erase_personalization", known, post="yes").status_code == 403
    assert count_profile(known)["tags"] == 3


def test_pages_work_in_an_admin_site_of_the_hosts(office, known):
    address = reverse(
        "admin:django_personalization_usertag_person_erase", args=[known.pk], current_app="people"
    )
    assert address.startswith("/people/")
    assert office.get(address).status_code == 200
    assert office.post(address)["Location"].startswith("/people/")
