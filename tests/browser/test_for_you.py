"""The catalogue in a person's own order, and what the buttons on its cards do to the database."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from catalogue.models import Project
from django_personalization import tagging
from django_personalization.explaining import explain
from django_personalization.models import Taxonomy, UserTag
from django_personalization.ranking import personalize, similar

LIST, SIGN_IN = "/projects/", "/projects/add/"


@pytest.fixture(autouse=True)
def _patience():
    expect.set_options(timeout=15_000)


@pytest.fixture
def tag(visitor):
    """The visitor cares about Python, and a little less about databases."""
    tagging.weigh(tagging.pick(visitor, taxonomy=Taxonomy.objects.get(slug="postgresql"))[0], 0.5)
    return tagging.pick(visitor, taxonomy=Taxonomy.objects.get(slug="python"))[0]


def titles(page):
    return page.locator("main .cards .card-title").all_inner_texts()


def in_the_database(person, count=24):
    ranked = personalize(Project.objects.listed(), person)
    return [project.name for project in ranked[:count]]


def card_of(page, name):
    return page.locator(".card").filter(has=page.get_by_role("heading", name=name, exact=True))


def press(card, name):
    card.get_by_role("button", name=name).click()


def test_the_order_is_that_of_the_database_on_every_page(page, sign_in, visitor, tag):
    sign_in(SIGN_IN)
    page.goto(LIST)
    expected = in_the_database(visitor, 48)
    assert titles(page) == expected[:24]
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2**")
    assert titles(page) == expected[24:]
    page.get_by_label("Order").select_option("By name")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**order=name**")
    names = Project.objects.listed().values_list("name", flat=True)
    assert titles(page) == list(names[:24])


def test_a_card_says_why_it_is_there(page, sign_in, visitor, tag):
    sign_in(SIGN_IN)
    page.goto(LIST)
    first = Project.objects.get(name=in_the_database(visitor)[0])
    explanation = explain(first, visitor)
    card = card_of(page, first.name)
    card.locator("summary").click()
    reasons = card.locator("details li")
    expect(reasons).to_have_count(len(explanation.reasons))
    for number, reason in enumerate(explanation.reasons):
        percent = f"{reason.share * 100:.0f} % of it."
        expect(reasons.nth(number)).to_have_text(f"{reason.text} {percent}")


NO_REASON = {
    "no_match": "None of its topics has to do with your interests yet.",
    "no_terms": "It has no topics by which it could suit you.",
}


def test_every_card_says_why_it_is_where_it_is(page, sign_in, visitor, tag):
    last = in_the_database(visitor, 1000)[-1]
    Project.objects.get(name=last).taxonomies.clear()
    sign_in(SIGN_IN)
    codes = set()
    for path in (LIST, f"{LIST}?page=3", f"{LIST}?q={last}"):
        page.goto(path)
        for card in page.locator("main .card").all():
            project = Project.objects.get(name=card.locator(".card-title").inner_text())
            explanation = explain(project, visitor)
            assert says(card) == should_say(explanation)
            codes.update(obstacle.code for obstacle in explanation.obstacles)
    assert codes == set(NO_REASON)


def says(card):
    """The reasons on a card, or why there are none, and what can be pressed."""
    for summary in card.locator("summary").all():
        summary.click()
    sentences = card.locator(".reason li, .reason .no-reason").all_inner_texts()
    buttons = card.locator(".reason button").all_inner_texts()
    return sentences, [" ".join(text.split()) for text in buttons]


def should_say(explanation):
    if not explanation.reasons:
        [obstacle] = explanation.obstacles
        topic = explanation.obj.taxonomies.active().first()
        return [NO_REASON[obstacle.code]], [f"Hide {topic.name}"] if topic else []
    sentences = [f"{r.text} {r.share * 100:.0f} % of it." for r in explanation.reasons]
    first = explanation.reasons[0]
    return sentences, [
        f"Less of {first.tag.name}",
        f"More of {first.tag.name}",
        f"Hide {first.term}",
    ]


def test_a_card_without_a_reason_can_be_hidden(page, sign_in, visitor, tag):
    sign_in(SIGN_IN)
    page.goto(f"{LIST}?topic=javascript")
    card = page.locator(".card").filter(has=page.locator(".no-reason")).first
    button = card.locator(".reason button")
    name = button.inner_text().removeprefix("Hide ")
    about = set(Project.objects.filter(taxonomies__name=name).values_list("name", flat=True))
    button.click()
    expect(page.get_by_role("status").first).to_contain_text(f"What is about {name} is hidden.")
    assert UserTag.objects.get(user=visitor, name=name).state == "hidden"
    page.goto(LIST)
    assert about.isdisjoint(titles(page))
    assert titles(page) == in_the_database(visitor)


def test_less_and_more_change_the_weight_and_the_order(page, sign_in, visitor, tag):
    sign_in(SIGN_IN)
    page.goto(LIST)
    before = titles(page)
    name = next(n for n in before if explains_by(n, visitor) == tag.pk)
    press(card_of(page, name), "Less of Python")
    expect(page.get_by_role("status").first).to_have_text("Python counts less from now on.")
    tag.refresh_from_db()
    assert tag.weight == 0.5
    assert titles(page) == in_the_database(visitor)
    expect(card_of(page, titles(page)[0]).get_by_role("button", name="Less of")).to_be_disabled()
    name = next(n for n in titles(page) if explains_by(n, visitor) == tag.pk)
    press(card_of(page, name), "More of Python")
    expect(page.get_by_role("status").first).to_have_text("Python counts more from now on.")
    tag.refresh_from_db()
    assert tag.weight == 1
    assert titles(page) == before == in_the_database(visitor)


def explains_by(name, person):
    """The tag behind the first reason of a project."""
    reasons = explain(Project.objects.get(name=name), person).reasons
    return reasons[0].tag.pk if reasons else None


def test_hide_takes_away_all_that_is_about_it(page, sign_in, visitor, tag):
    sign_in(SIGN_IN)
    page.goto(LIST)
    about = set(Project.objects.filter(taxonomies=tag.taxonomy).values_list("name", flat=True))
    name = next(n for n in titles(page) if explains_by(n, visitor) == tag.pk)
    press(card_of(page, name), "Hide Python")
    expect(page.get_by_role("status").first).to_contain_text("What is about Python is hidden.")
    tag.refresh_from_db()
    assert tag.state == "hidden"
    assert about
    assert about.isdisjoint(titles(page))
    assert titles(page) == in_the_database(visitor)


def test_the_filter_keeps_what_has_one_of_my_tags(page, sign_in, visitor, tag):
    sign_in(SIGN_IN)
    page.goto(LIST)
    page.get_by_label("Only my interests").check()
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**mine=on**")
    mine = UserTag.objects.filter(user=visitor, state="active").values("taxonomy")
    about = Project.objects.listed().filter(taxonomies__in=mine).distinct()
    expect(page.get_by_role("status").first).to_contain_text(f"{about.count()} project")
    assert set(titles(page)) <= {project.name for project in about}


def test_a_project_leads_to_similar_ones(page, sign_in, site):
    project = Project.objects.get(slug="django")
    page.goto(project.get_absolute_url())
    region = page.get_by_role("region", name="Similar projects")
    alike = [other.name for other in similar(project, Project.objects.listed())[:3]]
    assert region.locator(".card-title").all_inner_texts() == alike
    region.get_by_role("link", name=alike[0], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(alike[0])
