"""axe-core finds nothing to complain about, and every page fits a phone."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from django_personalization.preferences import change_settings
from tests.browser.conftest import AXE, SETTINGS_PAGE

FOR_EVERYBODY = [
    "/",
    "/accounts/login/",
    "/projects/",
    "/projects/?topic=python&page=2",
    "/projects/?q=nothing+of+the+kind",
    "/projects/?language=Klingon",
    "/projects/django/",
    "/nothing-here/",
]
REFUSED = {"/projects/?language=Klingon", "/nothing-here/"}
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(params=["light", "dark"])
def color_scheme(request):
    return request.param


def violations(page):
    """What axe finds on the page as it is: rule, help and the first elements."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        (rule["id"], rule["help"], [node["html"] for node in rule["nodes"][:3]]) for rule in found
    ]


def expect_accessible(page):
    found = violations(page)
    assert not found, json.dumps(found, indent=2)


def expect_to_fit_a_phone(page):
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
    expect_accessible(page)
    page.set_viewport_size(DESKTOP)


def test_pages_for_everybody(page, console_errors):
    for path in FOR_EVERYBODY:
        page.goto(path)
        expect_accessible(page)
        expect_to_fit_a_phone(page)
        # The browser repeats in its console that a page answered with an error.
        assert len(console_errors) == (path in REFUSED), path
        console_errors.clear()


def test_the_form_and_its_errors(page, sign_in, console_errors):
    sign_in("/projects/add/")
    expect_accessible(page)
    page.get_by_role("button", name="Add the project").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was added yet")
    expect_to_fit_a_phone(page)
    assert ["400" in error for error in console_errors] == [True]
    console_errors.clear()


def test_the_settings_page_empty_and_in_use(page, sign_in):
    sign_in(SETTINGS_PAGE)
    expect(page.get_by_role("tab", name="All", exact=True)).to_be_visible()
    expect_accessible(page)
    for slug in ("django", "pytorch"):
        page.goto(f"/projects/{slug}/")
    expect_accessible(page)
    page.goto(SETTINGS_PAGE)
    page.get_by_role("tab", name="Topic", exact=True).click()
    page.get_by_role("tabpanel").get_by_role("button").first.click()
    page.get_by_role("button", name="Remove Django", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect_accessible(page)
    page.get_by_role("button", name="Save Changes").click()
    expect(page.get_by_text("Your changes are saved.")).to_be_visible()
    expect_accessible(page)
    expect_to_fit_a_phone(page)


def show(page, name):
    """Open the dialog or the menu of a button, and check what it opens on a desktop and a phone."""
    page.get_by_role("button", name=name, exact=True).click()
    opened = (
        page.get_by_role("alertdialog")
        .or_(page.get_by_role("dialog"))
        .or_(page.get_by_role("menu"))
    )
    expect(opened.first).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Loading")).to_have_count(0)
    expect_to_fit_a_phone(page)
    expect_accessible(page)
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)


def test_dialogs_menus_and_disclosures(page, sign_in):
    sign_in("/projects/add/")
    for slug in ("django", "flask"):
        page.goto(f"/projects/{slug}/")
    page.goto(SETTINGS_PAGE)
    expect(page.get_by_role("slider")).to_be_visible()
    show(page, "Why Python")
    show(page, "Normal: how much Python counts")
    show(page, "Delete my data…")
    for part in ("What it depends on", "How to change it"):
        page.get_by_role("button", name=part).click()
    expect_to_fit_a_phone(page)
    page.locator("label").get_by_text("No", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("2 interactions")
    expect_to_fit_a_phone(page)
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect_to_fit_a_phone(page)


def test_settings_of_every_kind(page, sign_in, visitor):
    sign_in(SETTINGS_PAGE)
    for choices in (
        {"consent": "granted", "paused": True, "mode": "explicit", "discovery": 0},
        {"consent": "denied", "mode": "none", "discovery": 100},
    ):
        change_settings(visitor, **choices)
        page.reload()
        expect(page.get_by_role("slider")).to_have_value(str(choices["discovery"]))
        expect_accessible(page)
        expect_to_fit_a_phone(page)


def test_the_settings_page_fits_the_smallest_window(page, sign_in):
    sign_in("/projects/add/")
    page.goto("/projects/django/")
    page.set_viewport_size({"width": 320, "height": 568})
    page.goto(SETTINGS_PAGE)
    for name in ("Why Python", "Normal: how much Python counts", "Delete my data…"):
        page.get_by_role("button", name=name, exact=True).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
        page.keyboard.press("Escape")
