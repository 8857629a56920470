"""What a person does on the settings page, and what the database then holds."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from django_personalization.models import UserInteraction, UserTag
from tests.browser.conftest import SETTINGS_PAGE

PICKS = {"Skill": "Python", "Topic": "AI & Machine Learning", "Interest": "Music"}


@pytest.fixture(autouse=True)
def _patience():
    expect.set_options(timeout=15_000)


def tags_of(person):
    """Every tag row of the person by its name, with its state and source."""
    rows = UserTag.objects.filter(user=person)
    return {tag.name: (tag.state, tag.source) for tag in rows}


def section(page, title):
    return page.get_by_role("region", name=title)


def tab(page, name):
    return page.get_by_role("tab", name=name, exact=True)


def interest(page, name):
    return page.get_by_role("tabpanel").get_by_role("button", name=name, exact=True)


def save_changes(page):
    page.get_by_role("button", name="Save Changes").click()


def pick_one_of_each_category(page):
    for category, name in PICKS.items():
        tab(page, category).click()
        interest(page, name).click()
        expect(interest(page, name)).to_have_attribute("aria-pressed", "true")


def expect_picked(page):
    for category, name in PICKS.items():
        tab(page, category).click()
        expect(interest(page, name)).to_have_attribute("aria-pressed", "true")


def test_pick_from_different_categories_and_save(page, sign_in, visitor):
    sign_in(SETTINGS_PAGE)
    expect(page.get_by_role("tab")).to_have_text(
        ["All", "Interest", "Skill", "Goal", "Topic", "Industry"]
    )
    saves = []
    page.on("request", lambda request: request.method != "GET" and saves.append(request.url))

    pick_one_of_each_category(page)
    assert tags_of(visitor) == {}

    save_changes(page)
    expect(page.get_by_text("Your changes are saved.")).to_be_visible()
    assert tags_of(visitor) == dict.fromkeys(PICKS.values(), ("active", "manual"))
    assert set(UserTag.objects.filter(user=visitor).values_list("confidence_score", flat=True)) == {
        1.0
    }
    assert [url.rpartition("/api/v1/")[2] for url in saves] == ["me/tags/selection/"]
    for name in PICKS.values():
        expect(section(page, "Your picks")).to_contain_text(name)

    page.reload()
    expect_picked(page)
    expect(page.locator('[aria-pressed="true"]')).to_have_count(1)  # One tab is shown at a time.
    tab(page, "All").click()
    expect(page.locator('[aria-pressed="true"]')).to_have_count(3)

    interest(page, "Music").click()
    assert tags_of(visitor)["Music"] == ("active", "manual")
    save_changes(page)
    expect(page.get_by_text("Your changes are saved.")).to_be_visible()
    assert tags_of(visitor).get("Music", ("dismissed",))[0] == "dismissed"
    expect(section(page, "Your picks")).not_to_contain_text("Music")


def visit_projects_about_python(page, *, skip=0, count):
    for number in range(skip, skip + count):
        page.goto("/projects/?topic=python")
        card = page.get_by_role("article").nth(number)
        name = card.get_by_role("heading").inner_text()
        card.get_by_role("heading").get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_browsing_infers_interests_and_a_removed_one_stays_away(page, sign_in, visitor):
    sign_in("/projects/add/")
    visit_projects_about_python(page, count=3)
    assert (
        UserInteraction.objects.filter(user=visitor, interaction_type="project_view").count() == 3
    )
    python = UserTag.objects.get(user=visitor, name="Python")
    assert (python.state, python.source, python.interaction_count) == ("active", "auto_project", 3)

    page.goto(SETTINGS_PAGE)
    inferred = section(page, "From your activity")
    row = inferred.get_by_role("listitem").filter(
        has=page.get_by_role("button", name="Remove Python", exact=True)
    )
    # Three views of half a unit each: 1 - 2^(-1.5 / 2) is 41 percent.
    assert python.confidence_at(timezone.now()) == pytest.approx(0.405, abs=0.001)
    expect(row.get_by_role("meter")).to_have_attribute("aria-valuetext", "41%")
    expect(row).to_contain_text("3 interactions")
    expect(inferred.get_by_role("listitem")).to_have_count(len(tags_of(visitor)))

    row.get_by_role("button", name="Remove Python", exact=True).click()
    expect(section(page, "Removed")).to_contain_text("Python")
    expect(row).to_have_count(0)
    assert tags_of(visitor)["Python"][0] == "dismissed"

    page.get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("3 interactions")
    assert tags_of(visitor)["Python"] == ("active", "auto_project")

    row.get_by_role("button", name="Remove Python", exact=True).click()
    expect(row).to_have_count(0)
    removed = UserTag.objects.get(user=visitor, name="Python")
    assert removed.state == "dismissed"

    visit_projects_about_python(page, skip=3, count=3)
    assert (
        UserInteraction.objects.filter(user=visitor, interaction_type="project_view").count() == 6
    )
    after = UserTag.objects.get(user=visitor, name="Python")
    assert (after.state, after.evidence, after.interaction_count) == (
        "dismissed",
        removed.evidence,
        removed.interaction_count,
    )
    page.goto(SETTINGS_PAGE)
    expect(section(page, "Removed")).to_contain_text("Python")
    expect(inferred.get_by_role("listitem").first).to_be_visible()
    expect(row).to_have_count(0)


def test_a_failed_save_loses_nothing_and_can_be_repeated(page, sign_in, visitor, console_errors):
    sign_in(SETTINGS_PAGE)
    pick_one_of_each_category(page)
    page.route("**/me/tags/selection/", lambda route: route.abort("connectionfailed"))

    save_changes(page)
    expect(page.get_by_role("alert")).to_contain_text("Your changes were not saved.")
    expect_picked(page)
    assert tags_of(visitor) == {}
    # The browser itself reports a request that never reached the server.
    assert [error for error in console_errors if "net::ERR_CONNECTION_FAILED" not in error] == []
    assert console_errors
    console_errors.clear()

    page.unroute("**/me/tags/selection/")
    save_changes(page)
    expect(page.get_by_text("Your changes are saved.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert tags_of(visitor) == dict.fromkeys(PICKS.values(), ("active", "manual"))
