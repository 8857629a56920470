"""Signing in, and the demo accounts."""

from __future__ import annotations

from io import StringIO
from uuid import UUID

import pytest
from django.conf import settings as site_settings
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import User

LOGIN = "/accounts/login/"
SETTINGS_PAGE = "/account/settings/personalization"
VISITOR = site_settings.DEMO_ACCOUNTS["visitor"]
STAFF = site_settings.DEMO_ACCOUNTS["staff"]


def create_demo_account() -> str:
    out = StringIO()
    call_command("create_demo_account", stdout=out)
    return out.getvalue()


def test_a_user_has_a_uuid_key_and_an_address_but_no_username(visitor):
    assert isinstance(visitor.pk, UUID)
    assert not hasattr(visitor, "username")
    assert visitor.get_username() == "visitor@example.org"


def test_an_account_needs_an_address(db):
    with pytest.raises(ValueError, match="email address"):
        User.objects.create_user("  ")


@pytest.mark.parametrize("email", ["visitor@example.org", "Visitor@Example.ORG"])
def test_signing_in_whatever_the_case_of_the_address(client, visitor, email):
    response = client.post(LOGIN, {"username": email, "password": "a long password"})
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(visitor.pk)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"username": "visitor@example.org", "password": "wrong"}, "No account has this email"),
        ({"username": "nobody@example.org", "password": "x"}, "No account has this email"),
        ({"username": "no address", "password": "x"}, "Enter a valid email address"),
        ({"username": "a\x00b@example.org", "password": "x"}, "Null characters are not allowed"),
        ({}, "This field is required"),
    ],
)
def test_a_failed_login_says_why(client, visitor, form, sentence):
    response = client.post(LOGIN, form)
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_signing_in_leads_back_and_never_to_another_site(client, visitor):
    form = {"username": "visitor@example.org", "password": "a long password"}
    assert client.post(LOGIN, {**form, "next": SETTINGS_PAGE}).url == SETTINGS_PAGE
    client.logout()
    assert client.post(LOGIN, {**form, "next": "https://evil.example/"}).url == "/"


def test_signing_out_takes_a_post(signed_in):
    assert signed_in.get("/accounts/logout/").status_code == 405
    assert signed_in.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in signed_in.session


def test_the_login_page_shows_only_accounts_that_one_can_sign_in_with(client, db):
    assert VISITOR["email"] not in client.get(LOGIN).content.decode()
    create_demo_account()
    page = client.get(LOGIN).content.decode()
    for account in (VISITOR, STAFF):
        assert account["email"] in page
        assert account["password"] in page


def test_the_login_page_shows_no_account_where_they_are_switched_off(client, db, settings):
    create_demo_account()
    settings.DEMO_ACCOUNTS_ENABLED = False
    assert VISITOR["password"] not in client.get(LOGIN).content.decode()


@pytest.mark.parametrize("account", [VISITOR, STAFF], ids=["visitor", "staff"])
def test_one_can_sign_in_with_what_the_command_prints(client, db, account):
    printed = create_demo_account()
    assert f"{account['email']} / {account['password']}" in printed
    client.post(LOGIN, {"username": account["email"], "password": account["password"]})
    assert client.get("/admin/").status_code == (200 if account["is_staff"] else 302)


def test_create_demo_account_twice_changes_nothing(db):
    create_demo_account()
    before = list(User.objects.order_by("pk").values())
    assert "ready now" not in create_demo_account()
    assert list(User.objects.order_by("pk").values()) == before


def test_create_demo_account_repairs_an_account_and_keeps_its_person(db):
    create_demo_account()
    user = User.objects.get(email=VISITOR["email"])
    user.set_password("changed")
    user.is_active = False
    user.is_staff = True
    user.save()
    assert create_demo_account().count("ready now") == 1
    again = User.objects.get(email=VISITOR["email"])
    assert again.pk == user.pk
    assert again.is_active
    assert again.check_password(VISITOR["password"])
    assert not again.is_staff


def test_create_demo_account_refuses_where_it_is_switched_off(db, settings):
    settings.DEMO_ACCOUNTS_ENABLED = False
    with pytest.raises(CommandError, match="DEMO_ACCOUNTS=1"):
        create_demo_account()
    assert not User.objects.exists()


def test_staff_add_and_change_accounts_in_the_admin(client, staff):
    client.force_login(staff)
    form = {
        "email": "New@Example.org",
        "name": "New",
        "usable_password": "true",
        "password1": "quite-a-long-one",
        "password2": "quite-a-long-one",
    }
    response = client.post(reverse("admin:accounts_user_add"), form)
    user = User.objects.get(email="new@example.org")
    assert response.url == reverse("admin:accounts_user_change", args=[user.pk])
    assert user.check_password("quite-a-long-one")
    assert client.get(response.url).status_code == 200
    assert client.get(reverse("admin:accounts_user_changelist"), {"q": "new"}).status_code == 200


def test_a_second_account_with_the_same_address_is_refused(client, staff):
    client.force_login(staff)
    form = {"email": "STAFF@example.org", "password1": "quite-a-long-one"}
    form |= {"password2": "quite-a-long-one", "usable_password": "true"}
    response = client.post(reverse("admin:accounts_user_add"), form)
    assert "There is an account with this address already." in response.content.decode()
    assert User.objects.count() == 1
