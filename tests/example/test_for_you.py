"""The catalogue for one person: order, reasons, and what pressing them does."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from catalogue.models import Project
from django_personalization import tagging
from django_personalization.models import PersonalizationSettings, Taxonomy, UserTag
from django_personalization.reasons import _OBSTACLES, Obstacle
from django_personalization.tracking import track

LIST, CHANGE = "/projects/", "/projects/interest/"


@pytest.fixture
def catalogue(make_project):
    make_project("Django", "python", "web-development")
    make_project("PyTorch", "python", "deep-learning")
    make_project("Vue", "javascript", "web-development")
    make_project("Zig", "compilers") if Taxonomy.objects.filter(slug="compilers") else None


def term(slug):
    return Taxonomy.objects.get(slug=slug)


def names(response):
    return [project.name for project in response.context["page"]]


def test_what_suits_comes_first_with_the_reason(signed_in, visitor, catalogue):
    tagging.pick(visitor, taxonomy=term("javascript"))
    response = signed_in.get(LIST)
    assert names(response)[0] == "Vue"
    assertContains(response, "It is about “JavaScript”, which you picked.")
    assertContains(response, "What suits your interests comes first")


def test_strangers_see_the_catalogue_by_name(client, catalogue):
    response = client.get(LIST)
    assert names(response) == sorted(names(response))
    assertNotContains(response, "For you")
    assertNotContains(response, "Only my interests")
    assert client.get(LIST, {"order": "for_you"}).status_code == 400


def test_other_orders(signed_in, visitor, catalogue):
    track(visitor, "project_create", content=Project.objects.get(name="PyTorch"))
    assert names(signed_in.get(LIST, {"order": "popular"}))[0] == "PyTorch"
    newest = Project.objects.order_by("-created_at", "-pk")
    assert names(signed_in.get(LIST, {"order": "fresh"})) == [row.name for row in newest]
    by_name = names(signed_in.get(LIST, {"order": "name"}))
    assert by_name == sorted(by_name)
    assertContains(signed_in.get(LIST, {"order": "price"}), "is not an order", status_code=400)


def test_what_is_hidden_is_only_in_the_catalogue_itself(signed_in, visitor, catalogue):
    tagging.hide(visitor, taxonomy=term("javascript"))
    for order, is_there in {
        "name": True,
        "popular": False,
        "fresh": False,
        "for_you": False,
    }.items():
        assert ("Vue" in names(signed_in.get(LIST, {"order": order}))) is is_there
    for path, key in {"/": "newest", "/projects/django/": "similar"}.items():
        assert "Vue" not in [row.name for row in signed_in.get(path).context[key]]
        assert "Vue" in [row.name for row in Client().get(path).context[key]]


def test_only_my_interests(signed_in, visitor, catalogue):
    tagging.pick(visitor, taxonomy=term("web-development"))
    for order in ("for_you", "name"):
        found = names(signed_in.get(LIST, {"mine": "on", "order": order}))
        assert set(found) == {"Django", "Vue"}
    UserTag.objects.all().delete()
    assertContains(signed_in.get(LIST, {"mine": "on"}), "You asked for your interests only")


def test_own_projects_are_left_out_of_the_personal_order_only(signed_in, visitor, catalogue):
    Project.objects.filter(name="Vue").update(added_by=visitor)
    assert "Vue" not in names(signed_in.get(LIST))
    assert "Vue" in names(signed_in.get(LIST, {"order": "name"}))


def test_the_start_page_has_projects_for_you(signed_in, client, visitor, catalogue):
    assertNotContains(signed_in.get("/"), "for-you-heading")
    tagging.pick(visitor, taxonomy=term("python"))
    response = signed_in.get("/")
    assertContains(response, "for-you-heading")
    assert {row.name for row in response.context["for_you"]} == {"Django", "PyTorch"}


def test_similar_projects(client, catalogue, make_project):
    response = client.get("/projects/django/")
    assertContains(response, "Similar projects")
    assert [row.name for row in response.context["similar"]] == ["PyTorch", "Vue"]
    make_project("Alone")
    assertNotContains(client.get("/projects/alone/"), "Similar projects")


def cards(response):
    """What the cards of a page say below their topics, by project; blanks joined."""
    text = re.sub(r"<(?!/?article)[^>]*>", " ", response.text)
    found = re.findall(r"<article.*?</article>", text, flags=re.DOTALL)
    said = [" ".join(re.sub(r"<[^>]*>", " ", card).split()) for card in found]
    return dict(zip(names(response), said, strict=True))


class TestEveryCardSaysWhy:
    def test_what_has_nothing_to_do_with_ones_interests(self, signed_in, visitor, catalogue):
        tagging.pick(visitor, taxonomy=term("deep-learning"))
        found = cards(signed_in.get(LIST))
        assert "Because of Deep Learning" in found["PyTorch"]
        assert "None of its topics has to do with your interests yet." in found["Vue"]
        assert "None of its topics" not in found["PyTorch"]
        assert all("Hide" in text for text in found.values())

    def test_what_one_removed_does_not_count(self, signed_in, visitor, catalogue, make_project):
        make_project("Svelte", "web-development")
        for slug in ("javascript", "web-development"):
            tagging.drop(tagging.pick(visitor, taxonomy=term(slug))[0])
        tagging.pick(visitor, taxonomy=term("deep-learning"))
        found = cards(signed_in.get(LIST))
        assert re.search(
            "You removed “(JavaScript” and “Web Development|Web Development” and “JavaScript)”, "
            "so they do not count.",
            found["Vue"],
        )
        assert "You removed “Web Development”, so it does not count." in found["Svelte"]

    def test_who_has_no_interests_yet(self, signed_in, catalogue):
        found = cards(signed_in.get(LIST))
        sentence = "You have no interests yet that could bring it to the front."
        assert all(sentence in text for text in found.values())

    def test_what_has_no_topics(self, signed_in, visitor, make_project):
        tagging.pick(visitor, taxonomy=term("python"))
        make_project("Blank")
        found = cards(signed_in.get(LIST))
        assert "It has no topics by which it could suit you." in found["Blank"]
        assert "Hide" not in found["Blank"]

    def test_who_has_switched_it_off(self, signed_in, visitor, catalogue):
        tagging.pick(visitor, taxonomy=term("python"))
        PersonalizationSettings.objects.create(user=visitor, mode="none")
        found = cards(signed_in.get(LIST))
        sentence = "Personalization is off, so the order is the same for everybody."
        assert all(sentence in text for text in found.values())
        assert not any("Hide" in text for text in found.values())

    def test_every_obstacle_has_a_sentence(self):
        said = {
            code: render_to_string(
                "catalogue/_no_reason.html", {"obstacle": Obstacle(code, (UserTag(name="x"),))}
            ).strip()
            for code in _OBSTACLES
            if code != "anonymous"
        }
        assert all(said.values())
        assert len(set(said.values())) == len(said)

    @pytest.mark.parametrize("query", [{"order": "name"}, {"order": "popular"}])
    def test_other_orders_need_no_reason(self, signed_in, visitor, catalogue, query):
        tagging.pick(visitor, taxonomy=term("deep-learning"))
        found = cards(signed_in.get(LIST, query))
        assert not any("Because" in text or "None of" in text for text in found.values())

    def test_they_cost_no_queries_of_their_own(
        self, signed_in, visitor, catalogue, make_project, django_assert_max_num_queries
    ):
        tagging.pick(visitor, taxonomy=term("deep-learning"))
        with CaptureQueriesContext(connection) as few:
            signed_in.get(LIST)
        for number in range(12):
            make_project(f"P{number}", "javascript", "web-development")
        with django_assert_max_num_queries(len(few)):
            signed_in.get(LIST)

    def test_what_has_no_reason_can_be_hidden(self, signed_in, visitor, catalogue):
        tagging.pick(visitor, taxonomy=term("deep-learning"))
        values = {"term": term("javascript").pk, "action": "hide", "next": LIST}
        response = signed_in.post(CHANGE, values, follow=True)
        assertContains(response, "What is about JavaScript is hidden.")
        assert "Vue" not in names(response)
        assert UserTag.objects.get(taxonomy__slug="javascript").state == "hidden"
        for action in ("less", "more"):
            assert signed_in.post(CHANGE, {**values, "action": action}).status_code == 404
        assert signed_in.post(CHANGE, {"action": "hide"}).status_code == 404


class TestPressing:
    @pytest.fixture
    def tag(self, visitor, catalogue):
        return tagging.pick(visitor, taxonomy=term("python"))[0]

    def press(self, client, pressed, press, **data):
        values = {"tag": pressed.pk, "term": pressed.taxonomy_id, "action": press, "next": LIST}
        return client.post(CHANGE, {**values, **data}, follow=True)

    def test_less_and_more(self, signed_in, tag):
        weights = []
        for action in ("less", "less", "more", "more", "more"):
            response = self.press(signed_in, tag, action)
            assertRedirects(response, LIST)
            tag.refresh_from_db()
            weights.append(tag.weight)
        assert weights == [0.5, 0.5, 1, 2, 2]
        assertContains(response, "Python counts more from now on.")

    def test_hide_takes_the_projects_away(self, signed_in, tag):
        response = self.press(signed_in, tag, "hide")
        assertContains(response, "What is about Python is hidden.")
        assert names(response) == [name for name in names(response) if name in {"Vue", "Zig"}]
        tag.refresh_from_db()
        assert tag.state == "hidden"

    def test_hide_a_term_that_only_came_from_a_relative(self, signed_in, visitor, tag):
        self.press(signed_in, tag, "hide", term=term("web-development").pk)
        tag.refresh_from_db()
        assert tag.state == "active"
        assert UserTag.objects.get(taxonomy__slug="web-development").state == "hidden"

    @pytest.mark.parametrize(
        "wrong", [{"tag": 0}, {"tag": "x\x00"}, {"action": "erase"}, {"term": 10**30}]
    )
    def test_what_is_not_there_is_404_and_changes_nothing(self, signed_in, tag, wrong):
        before = list(UserTag.objects.values())
        assert self.press(signed_in, tag, "less", **wrong).status_code == 404
        assert list(UserTag.objects.values()) == before

    def test_what_is_offered_no_more_can_be_hidden(self, signed_in, tag):
        Taxonomy.objects.filter(pk=tag.taxonomy_id).update(is_active=False)
        assert self.press(signed_in, tag, "hide").status_code == 200
        tag.refresh_from_db()
        assert tag.state == "hidden"
        other = term("javascript")
        Taxonomy.objects.filter(pk=other.pk).update(is_active=False)
        assert self.press(signed_in, tag, "hide", term=other.pk).status_code == 404

    def test_other_peoples_tags_are_not_there(self, signed_in, staff, tag):
        theirs, _new = tagging.pick(staff, taxonomy=term("javascript"))
        assert self.press(signed_in, theirs, "less").status_code == 404
        theirs.refresh_from_db()
        assert theirs.weight == 1

    @pytest.mark.parametrize(
        "page", ["https://evil.example/", "//evil.example", "javascript:1", "x"]
    )
    def test_it_leads_to_pages_of_this_site_only(self, signed_in, tag, page):
        response = signed_in.post(CHANGE, {"tag": tag.pk, "action": "less", "next": page})
        assertRedirects(response, LIST)

    def test_only_for_people_who_are_signed_in(self, client, tag):
        response = client.post(CHANGE, {"tag": tag.pk, "action": "less"})
        assert response.status_code == 302
        assert response.url.startswith("/accounts/login/")


def test_mode_none_shows_no_reasons(signed_in, visitor, catalogue):
    tagging.pick(visitor, taxonomy=term("javascript"))
    PersonalizationSettings.objects.create(user=visitor, mode="none")
    response = signed_in.get(LIST)
    assert names(response) == sorted(names(response))
    assertNotContains(response, "which you picked")
    assertNotContains(signed_in.get("/"), "for-you-heading")
