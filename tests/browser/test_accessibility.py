"""axe-core finds nothing to complain about, and every page fits a phone."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AXE

SETTINGS_PAGE = "/account/settings/personalization"
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
