"""What a person decides, corrects, downloads and deletes on the settings page, and the database."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from django_personalization.models import PersonalizationSettings, UserInteraction, UserTag
from tests.browser.conftest import SETTINGS_PAGE

DEFAULTS = ("unset", False, "full", 50)


@pytest.fixture(autouse=True)
def _patience():
    expect.set_options(timeout=15_000)


def settings_of(person):
    """The stored consent, pause, mode and discovery; None without a row."""
    names = ("consent", "paused", "mode", "discovery")
    return PersonalizationSettings.objects.filter(user=person).values_list(*names).first()


def activity_of(person):
    return UserInteraction.objects.filter(user=person)


def tag_of(person, name):
    return UserTag.objects.get(user=person, name=name)


def section(page, title):
    return page.get_by_role("region", name=title)


def choose(page, text):
    """Choose a radio, tick a box or switch a switch by what is written beside it."""
    page.locator("label").filter(has_text=re.compile(rf"^\s*{re.escape(text)}\s*$")).click()


def saved(page, text="Saved."):
    expect(section(page, "Settings").get_by_role("status").filter(has_text=text)).to_be_visible()


def button(scope, name):
    return scope.get_by_role("button", name=name, exact=True)


def visit(page, *slugs):
    for slug in slugs:
        page.goto(f"/projects/{slug}/")


def open_settings(page):
    page.goto(SETTINGS_PAGE)
    expect(section(page, "Settings").get_by_role("slider")).to_be_visible()


@pytest.fixture
def learned(page, sign_in, visitor):
    """A visitor who picked Music, looked at three projects about Python, and removed one tag."""
    sign_in(SETTINGS_PAGE)
    page.get_by_role("tab", name="Interest", exact=True).click()
    button(page.get_by_role("tabpanel"), "Music").click()
    button(page, "Save Changes").click()
    expect(page.get_by_text("Your changes are saved.")).to_be_visible()
    visit(page, "django", "flask", "fastapi")
    assert activity_of(visitor).count() == 3
    assert tag_of(visitor, "Python").interaction_count == 3
    open_settings(page)
    expect(button(page, "Why Python")).to_be_visible()
    return visitor


def test_every_setting_is_saved_as_it_is_changed(page, sign_in, visitor):
    sign_in(SETTINGS_PAGE)
    question = page.get_by_role("radiogroup", name="May this site learn from what you do?")
    expect(question).to_contain_text("Not chosen yet.")
    assert settings_of(visitor) is None

    choose(page, "Yes")
    saved(page)
    expect(question).to_contain_text("You said yes.")
    assert settings_of(visitor) == ("granted", False, "full", 50)

    choose(page, "Pause learning")
    saved(page, "Learning is paused.")
    assert settings_of(visitor) == ("granted", True, "full", 50)

    choose(page, "Only my picks")
    saved(page, "kept, and not used.")
    assert settings_of(visitor) == ("granted", True, "explicit", 50)

    slider = page.get_by_role("slider", name="Discovery")
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    saved(page, "Discovery is at 99.")
    assert settings_of(visitor) == ("granted", True, "explicit", 99)

    page.reload()
    expect(slider).to_have_value("99")
    expect(page.get_by_role("switch", name="Pause learning")).to_be_checked()
    expect(page.get_by_role("radio", name="Only my picks")).to_be_checked()

    button(page, "Back to defaults").click()
    saved(page, "Your settings are back to their defaults.")
    assert settings_of(visitor) in {None, DEFAULTS}
    expect(question).to_contain_text("Not chosen yet.")


def test_the_slider_is_dragged(page, sign_in, visitor):
    sign_in(SETTINGS_PAGE)
    slider = page.get_by_role("slider", name="Discovery")
    expect(slider).to_have_value("50")
    track = page.locator(".pz-slider-track")
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, middle, steps=5)
    page.mouse.up()
    saved(page, "Discovery is at")
    stored = settings_of(visitor)[3]
    assert 20 <= stored <= 30
    expect(slider).to_have_value(str(stored))


def test_a_pause_and_a_no_stop_the_learning(page, learned):
    before = tag_of(learned, "Python").evidence

    choose(page, "Pause learning")
    saved(page, "Learning is paused.")
    visit(page, "numpy")
    assert activity_of(learned).count() == 3

    open_settings(page)
    expect(section(page, "From your activity")).to_contain_text("Learning is paused")
    choose(page, "Pause learning")
    saved(page, "Learning is not paused.")
    visit(page, "numpy")
    assert activity_of(learned).count() == 4
    assert tag_of(learned, "Python").evidence > before

    open_settings(page)
    choose(page, "No")
    button(page.get_by_role("dialog"), "Keep it").click()
    visit(page, "pytorch")
    assert activity_of(learned).count() == 4
    assert settings_of(learned)[0] == "denied"


def test_a_no_with_deletion_takes_what_was_collected_and_leaves_the_picks(page, learned):
    choose(page, "No")
    dialog = page.get_by_role("dialog", name="Delete what was collected?")
    expect(dialog).to_contain_text("3 interactions")
    listed = section(page, "From your activity").locator("li").count()
    expect(dialog).to_contain_text(f"{listed} tags that your activity suggested")
    assert settings_of(learned)[0] == "denied"
    assert activity_of(learned).count() == 3

    button(dialog, "Delete it").click()
    saved(page, "3 interactions.")
    assert activity_of(learned).count() == 0
    assert {tag.name: tag.source for tag in UserTag.objects.filter(user=learned)} == {
        "Music": "manual"
    }
    expect(section(page, "From your activity")).to_contain_text("Nothing yet.")
    expect(section(page, "Your picks")).to_contain_text("Music")


def test_global_privacy_control_is_said_and_obeyed(page, sign_in, visitor):
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.set_extra_http_headers({"Sec-GPC": "1"})
    sign_in("/projects/add/")
    visit(page, "django")
    assert activity_of(visitor).count() == 0

    open_settings(page)
    question = page.get_by_role("radiogroup", name="May this site learn from what you do?")
    expect(question).to_contain_text("nothing is collected because of it")
    choose(page, "Yes")
    saved(page)
    expect(question).not_to_contain_text("Global Privacy Control")
    visit(page, "django")
    assert activity_of(visitor).count() == 1


def test_personalization_is_switched_off_and_on_without_a_loss(page, learned):
    before = list(UserTag.objects.filter(user=learned).order_by("pk").values())

    choose(page, "Nothing: personalization is off")
    picking = section(page, "Pick tags")
    expect(picking).to_contain_text("Personalization is off; your tags are kept.")
    assert settings_of(learned)[2] == "none"
    expect(button(page, "Save Changes")).to_have_count(0)
    expect(section(page, "Your picks")).to_contain_text("Music")
    visit(page, "numpy")
    assert activity_of(learned).count() == 3

    page.goto(SETTINGS_PAGE)
    button(picking, "Switch personalization on").click()
    expect(button(page, "Save Changes")).to_be_visible()
    expect(button(picking, "Music")).to_have_attribute("aria-pressed", "true")
    assert settings_of(learned)[2] == "full"
    assert list(UserTag.objects.filter(user=learned).order_by("pk").values()) == before


def test_inferred_tags_that_are_not_used_are_still_shown(page, learned):
    inferred = section(page, "From your activity")
    rows = inferred.get_by_role("listitem").count()
    choose(page, "Only my picks")
    saved(page)
    expect(inferred).to_contain_text("These are not used at the moment")
    expect(inferred.get_by_text("Not in use")).to_have_count(rows)


def test_why_a_tag_is_there_and_what_it_rests_on_is_deleted(page, learned):
    inferred = section(page, "From your activity")
    python = tag_of(learned, "Python")
    why = button(inferred, "Why Python")
    why.click()
    dialog = page.get_by_role("dialog", name="Why Python?")
    rows = dialog.get_by_role("listitem")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("FastAPI")
    expect(dialog).to_contain_text("Confidence today: 41%.")

    # Two of the three views are left: 1 - 2^(-1 / 2) is 29 percent.
    rows.first.get_by_role("button").click()
    expect(rows).to_have_count(2)
    expect(dialog).to_contain_text("Confidence today: 29%.")
    expect(rows.first.get_by_role("button")).to_be_focused()
    assert activity_of(learned).count() == 2
    after = tag_of(learned, "Python")
    assert after.interaction_count == 2
    assert after.confidence_at(timezone.now()) == pytest.approx(0.293, abs=0.001)
    assert after.evidence < python.evidence

    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(why).to_be_focused()
    expect(inferred.get_by_role("meter", name="Python: Confidence")).to_have_attribute(
        "aria-valuetext", "29%"
    )

    why.click()
    rows.first.get_by_role("button").click()
    expect(rows).to_have_count(1)
    rows.first.get_by_role("button").click()
    expect(dialog).to_contain_text("Python is no longer suggested")
    expect(dialog.get_by_role("heading")).to_be_focused()
    assert activity_of(learned).count() == 0
    assert [tag.name for tag in UserTag.objects.filter(user=learned)] == ["Music"]
    button(dialog, "Close").click()
    expect(page.locator("#pz-inferred")).to_be_focused()


def test_a_long_history_comes_in_pages(page, sign_in, visitor):
    from django_personalization.tracking import Event, track_many

    events = [
        Event(interaction_type="search", extracted_keywords=["Python"], event_id=f"e{number}")
        for number in range(25)
    ]
    assert all(result.stored for result in track_many(visitor, events))
    sign_in(SETTINGS_PAGE)
    button(page, "Why Python").click()
    rows = page.get_by_role("dialog").get_by_role("listitem")
    expect(rows).to_have_count(10)
    for count in (20, 25):
        button(page, "Show more").click()
        expect(rows).to_have_count(count)
    expect(rows.nth(20).get_by_role("button")).to_be_focused()
    expect(button(page, "Show more")).to_have_count(0)


@pytest.mark.parametrize(
    ("choice", "weight", "shown"), [("Less", 0.5, "Less"), ("More", 2.0, "More")]
)
def test_a_tag_counts_less_or_more(page, learned, choice, weight, shown):
    for title, name in (("Your picks", "Music"), ("From your activity", "Python")):
        button(section(page, title), f"Normal: how much {name} counts").click()
        page.get_by_role("menuitemradio", name=choice).click()
        changed = button(section(page, title), f"{shown}: how much {name} counts")
        expect(changed).to_be_visible()
        assert tag_of(learned, name).weight == weight


def test_a_tag_is_hidden_by_keyboard_and_comes_back(page, learned):
    hidden, inferred = section(page, "Hidden"), section(page, "From your activity")
    before = tag_of(learned, "Python")

    for way in ("Undo", "Restore Python"):
        button(inferred, "Normal: how much Python counts").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("menuitemradio", name="Less")).to_be_focused()
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        expect(hidden).to_contain_text("Python")
        expect(button(inferred, "Why Python")).to_have_count(0)
        assert tag_of(learned, "Python").state == "hidden"

        if way == "Restore Python":
            page.reload()
        button(page, way).click()
        expect(hidden).to_contain_text("Nothing hidden.")
        expect(button(inferred, "Why Python")).to_be_visible()
        after = tag_of(learned, "Python")
        assert (after.state, after.source, after.evidence) == (
            "active",
            "auto_project",
            before.evidence,
        )


def test_the_data_is_downloaded(page, learned):
    with page.expect_download() as download:
        button(page, "Download my data").click()
    assert download.value.suggested_filename == "personalization.json"
    expect(section(page, "Your data")).to_contain_text("Downloaded personalization.json.")

    document = json.loads(Path(download.value.path()).read_text())
    assert document["format"] == "django-personalization"
    assert len(document["interactions"]) == 3
    stored = UserTag.objects.filter(user=learned).values_list("name", flat=True)
    assert sorted(tag["name"] for tag in document["tags"]) == sorted(stored)


def ask_to_delete(page):
    button(page, "Delete my data…").click()
    dialog = page.get_by_role("alertdialog", name="Delete all your data?")
    expect(dialog).to_contain_text("3 interactions")
    return dialog


def test_everything_is_deleted_once_it_is_confirmed(page, learned):
    choose(page, "Yes")
    saved(page)
    tags = UserTag.objects.filter(user=learned).count()
    dialog = ask_to_delete(page)
    expect(dialog).to_contain_text(f"{tags} tags: 1 picked, {tags - 1} from your activity")

    button(dialog, "Delete my data").click()
    expect(dialog.get_by_role("checkbox", name="Yes, delete all of it")).to_be_focused()
    expect(dialog).to_contain_text("Tick this box first")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button(page, "Delete my data…")).to_be_focused()
    assert UserTag.objects.filter(user=learned).count() == tags

    dialog = ask_to_delete(page)
    choose(page, "Yes, delete all of it")
    button(dialog, "Delete my data").click()
    expect(section(page, "Your data")).to_contain_text(
        f"Deleted: {tags} tags, 3 interactions, and your settings."
    )
    assert not UserTag.objects.filter(user=learned).exists()
    assert not activity_of(learned).exists()
    assert settings_of(learned) is None
    expect(section(page, "Your picks")).to_contain_text("not saved any picks yet")
    expect(section(page, "From your activity")).to_contain_text("Nothing yet.")
    expect(section(page, "Settings")).to_contain_text("Not chosen yet.")
    expect(button(page, "Delete my data…")).to_be_focused()


def test_everything_is_deleted_and_nothing_is_collected_from_then_on(page, learned):
    dialog = ask_to_delete(page)
    choose(page, "Yes, delete all of it")
    choose(page, "Do not collect anything from now on")
    writes = []
    page.on("request", lambda sent: sent.method == "GET" or writes.append(sent))
    button(dialog, "Delete my data").click()
    expect(section(page, "Your data")).to_contain_text("Nothing is collected from now on.")
    expect(section(page, "Settings")).to_contain_text("You said no.")
    # One request: between two of them something might be collected, and stay.
    sent = [(request.method, request.post_data_json) for request in writes]
    assert sent == [("DELETE", {"consent": "denied"})]
    assert not UserTag.objects.filter(user=learned).exists()
    assert settings_of(learned) == ("denied", False, "full", 50)
    visit(page, "django")
    assert not activity_of(learned).exists()


def test_a_setting_that_cannot_be_saved_goes_back_and_is_saved_with_retry(
    page, sign_in, visitor, console_errors
):
    sign_in(SETTINGS_PAGE)
    expect(page.get_by_role("slider")).to_be_visible()
    page.route("**/me/personalization/settings/", lambda route: route.abort("connectionfailed"))
    choose(page, "Only my picks")
    alert = section(page, "Settings").get_by_role("alert")
    expect(alert).to_contain_text("Your settings were not saved. The server could not be reached.")
    expect(page.get_by_role("radio", name="My picks and what my activity suggests")).to_be_checked()
    assert settings_of(visitor) is None
    assert console_errors
    assert [error for error in console_errors if "net::ERR_CONNECTION_FAILED" not in error] == []
    console_errors.clear()

    page.unroute("**/me/personalization/settings/")
    button(alert, "Retry").click()
    saved(page)
    expect(alert).to_have_count(0)
    assert settings_of(visitor) == ("unset", False, "explicit", 50)


def test_how_ordering_works_is_said_from_the_live_configuration(page, sign_in, settings):
    sign_in(SETTINGS_PAGE)
    ordering = section(page, "How ordering works")
    expect(ordering).to_contain_text("after 30 days it counts half as much")
    expect(ordering.get_by_role("listitem").first).not_to_be_visible()
    button(ordering, "What it depends on").click()
    expect(ordering.get_by_role("meter").first).to_have_attribute("aria-valuetext", "100%")

    settings.DJANGO_PERSONALIZATION = {"HALF_LIFE_DAYS": 7}
    page.reload()
    expect(ordering).to_contain_text("after 7 days it counts half as much")
