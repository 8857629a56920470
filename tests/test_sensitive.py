"""What is sensitive is never inferred, whichever way it comes in; people may still say it."""

from contextlib import contextmanager

import pytest
from django.utils import timezone

from django_personalization import tagging
from django_personalization.content import register, unregister
from django_personalization.models import Taxonomy, TaxonomyAlias, TaxonomyRelation, UserTag
from django_personalization.profiles import profile_of
from django_personalization.ranking import personalize
from django_personalization.text import words
from django_personalization.tracking import Event, track, track_many
from django_personalization.vocabulary import current_vocabulary
from tests.hosts.library.models import Book, Label, Note

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def health(terms):
    term = Taxonomy.objects.create(name="Mental Health", category="topic", is_sensitive=True)
    TaxonomyAlias.objects.create(taxonomy=term, name="Católico")
    TaxonomyAlias.objects.create(taxonomy=term, name="LGBTQ+")
    return term


def tags(person):
    return set(UserTag.objects.of(person).values_list("name", flat=True))


SPELLINGS = [
    "Religion",
    "religion",
    "RELIGION",
    "  Religion  ",
    "Ｒｅｌｉｇｉｏｎ",
    "Reli\u00adgion",
    "Reli\u200bgion",
    "\u200eReligion\u200f",
    "Religion\u3164",
    "Religion\ufe0f",
    "Religion\u2800",
    "reli\u3164gion",
    "Católico\u200d",
    "ca\u034ftólico",
    "faith",
    "FAITH",
    "ｆａｉｔｈ",
    "mental health",
    "Mental  Health",
    "mental\thealth",
    "mental\u00a0health",
    "católico",
    "cato\u0301lico",
    "lgbtq+",
]
PHRASES = [
    "my religion",
    "religion today",
    "Religion's history",
    "religion, politics",
    "#religion",
    "religion+politics",
    "religion#1",
    "C++ and religion",
    "religion-politics",
    "religion_politics",
    "ReligionNews",
    "myFaith",
    "religion2024",
    "2024religion",
    "mental-health",
    "mental_health",
    "mental/health",
    "MentalHealth",
    "mentalhealth",
    "#MentalHealthMatters",
    "mental–health day",
    "cátolico",
    "catolico",
    "CATOLICO",
    "católico practicante",
    "lgbtq",
    "LGBTQ rights",
    "Ｒｅｌｉｇｉｏｎ classes",
    "relıgion",
    "RELIGION\u20dd",
    "religion\u0903",
    "religion\u0345",
    "religion²",
    "reli-gion",
    "my reli-gion today",
    "reLiGion",
    "anti-reli_gion",
    "Re ligion",
    "r e l i g i o n",
    "fai th",
    "men-tal health",
    "my men-tal hea-lth",
    "men tal he alth",
]
HARMLESS = [
    "Mental arithmetic",
    "Public health",
    "faithful",
    "Health",
    "regional",
    "Zig",
    "mental or health",
    "if ai the lms",
    "a reli gion",
    "Fai, then",
    "☪",
]


@pytest.mark.parametrize("name", [*SPELLINGS, *PHRASES])
def test_not_by_a_keyword(person, name):
    result = track(person, "project_create", extracted_keywords=[name])
    assert result.stored
    assert tags(person) == set()
    assert result.interaction.extracted_keywords == []
    assert (result.interaction.fed_terms, result.interaction.fed_weight) == ({}, 0)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_alike_is_learned(person, name):
    track(person, "search", extracted_keywords=[name])
    assert tags(person) == {name}


@pytest.mark.parametrize("text", [*SPELLINGS, *PHRASES])
def test_not_by_text(person, text):
    for around in ("{}", "About {} and python.", "({})", "{}\n"):
        row = track(person, "conversation", text=around.format(text)).interaction
        assert set(row.extracted_keywords) <= {"Python", "C++"}
    assert tags(person) <= {"Python", "C++"}


def test_not_by_the_terms_of_content(person, terms, health):
    book = Book.objects.create(title="A history of religion")
    book.topics.add(terms["faith"], health, terms["python"])
    row = track(person, "content_view", content=book).interaction
    assert tags(person) == {"Python"}
    assert row.extracted_keywords == ["Python"]


@contextmanager
def notes_are_content():
    register(Note, terms="labels")
    try:
        yield
    finally:
        unregister(Note)


def test_not_by_labels_that_are_spelled_like_it(person):
    with notes_are_content():
        note = Note.objects.create()
        for name in (*SPELLINGS, *PHRASES, "Zig"):
            note.labels.add(Label.objects.create(name=name))
        row = track(person, "content_view", content=note).interaction
    assert tags(person) == {"Zig"}
    assert row.extracted_keywords == ["Zig"]


def test_not_in_bulk(person, terms):
    book = Book.objects.create(title="x")
    book.topics.add(terms["faith"])
    events = [Event("search", extracted_keywords=[n]) for n in (*SPELLINGS, *PHRASES)]
    events += [Event("search", text=n) for n in SPELLINGS]
    events += [Event("content_view", content=book), Event("search", extracted_keywords=["Zig"])]
    assert all(result.stored for result in track_many(person, events))
    assert tags(person) == {"Zig"}


def test_not_over_http(api, person):
    event = {"interaction_type": "search", "extracted_keywords": ["my religion"], "text": "FAITH"}
    url = "/api/v1/me/interactions/"
    assert api.post(url, event, format="json").json()["extracted_keywords"] == []
    bulk = api.post(f"{url}bulk/", {"interactions": [event] * 3}, format="json")
    assert [r["interaction"]["extracted_keywords"] for r in bulk.json()["results"]] == [[]] * 3
    assert tags(person) == set()


def test_not_under_a_former_name(person, terms):
    terms["faith"].name = "World views"
    terms["faith"].save()
    for name in ("Religion", "my religion", "world views", "faith"):
        track(person, "search", extracted_keywords=[name], text=name)
    assert tags(person) == set()


def test_not_under_a_former_alias(person, terms, health):
    alias = TaxonomyAlias.objects.create(taxonomy=health, name="Burnout")
    for name in ("Burn-out", "Burnout syndrome", "Exhaustion"):
        alias.name = name
        alias.save()
    for name in ("Burnout", "burn-out", "my burnout", "Burnout syndrome", "exhaustion"):
        track(person, "search", extracted_keywords=[name], text=name)
    assert tags(person) == set()


def test_not_after_it_was_retired(person, terms):
    terms["faith"].is_active = False
    terms["faith"].save()
    track(person, "search", extracted_keywords=["religion", "my faith"], text="religion")
    assert tags(person) == set()


def test_not_by_relation_nor_by_hierarchy(person, terms, health):
    """Terms around it may be inferred; it gets nothing from them and is in no profile."""
    faith, python = terms["faith"], terms["python"]
    church = Taxonomy.objects.create(name="Church music", category="topic", parent=faith)
    TaxonomyRelation.objects.create(source=python, target=faith, weight=1)
    TaxonomyRelation.objects.create(source=church, target=health, weight=1)
    health.parent = python
    health.save()
    for _ in range(9):
        track(person, "project_create", extracted_keywords=["Python", "Church music"])
    tagging.pick(person, taxonomy=python)
    assert tags(person) == {"Python", "Church music"}
    books = {name: Book.objects.create(title=name) for name in ("faith", "health", "python")}
    books["faith"].topics.add(faith)
    books["health"].topics.add(health)
    books["python"].topics.add(python)
    relevance = {book.title: book.relevance for book in personalize(Book.objects.all(), person)}
    assert relevance["python"] > 0
    assert relevance["faith"] == relevance["health"] == 0


def test_a_free_keyword_that_became_a_sensitive_term(person):
    track(person, "project_create", extracted_keywords=["Astrology"])
    assert tags(person) == {"Astrology"}
    Taxonomy.objects.create(name="Astrology", category="interest", is_sensitive=True)
    used_and_listed_nowhere(person)


def test_a_term_that_became_sensitive_after_it_was_inferred(person, terms):
    track(person, "project_create", extracted_keywords=["Python"])
    assert [tag.name for tag in profile_of(person).tags] == ["Python"]
    terms["python"].is_sensitive = True
    terms["python"].save()
    used_and_listed_nowhere(person)
    evidence = UserTag.objects.get().evidence
    track(person, "project_create", extracted_keywords=["Python"])
    assert UserTag.objects.get().evidence == evidence


def used_and_listed_nowhere(person):
    now = timezone.now()
    assert profile_of(person).tags == ()
    mine = UserTag.objects.of(person)
    assert not mine.inferred(now).exists()
    assert not mine.listed(now).exists()


def test_a_tag_made_sensitive_is_still_explained_and_taken_back(api, person, terms):
    row = track(person, "search", extracted_keywords=["Python"]).interaction
    Taxonomy.objects.filter(pk=terms["python"].pk).update(is_sensitive=True)
    tag = UserTag.objects.get()
    [reason] = api.get(f"/api/v1/me/tags/{tag.pk}/evidence/").json()["results"]
    assert reason["id"] == row.pk
    assert api.delete(f"/api/v1/me/interactions/{row.pk}/").status_code == 204
    assert not UserTag.objects.exists()


def test_people_may_pick_weigh_remove_and_hide_it(api, person, terms):
    def post(**body):
        body = {"taxonomy": terms["faith"].pk, **body}
        return api.post("/api/v1/me/tags/", body, format="json").json()

    tag = post()
    assert (tag["name"], tag["source"], tag["state"]) == ("Religion", "manual", "active")
    assert [picked.name for picked in profile_of(person).picked] == ["Religion"]
    assert post(weight=2)["weight"] == 2
    assert post(state="hidden")["state"] == "hidden"
    assert [hidden.name for hidden in profile_of(person).hidden] == ["Religion"]
    assert [row["name"] for row in api.get("/api/v1/me/tags/hidden/").json()] == ["Religion"]
    url = f"/api/v1/me/tags/{tag['id']}/"
    assert api.post(f"{url}restore/").json()["state"] == "active"
    assert api.delete(url).status_code == 204
    assert profile_of(person).tags == ()
    free = api.post("/api/v1/me/tags/", {"name": "my religion"}, format="json").json()
    assert free["source"] == "manual"


def test_what_was_picked_learns_nothing(person, terms):
    tagging.pick(person, taxonomy=terms["faith"])
    tagging.pick(person, name="my religion")
    track(person, "project_create", extracted_keywords=["Religion", "my religion"], text="faith")
    counts = UserTag.objects.of(person).values_list("interaction_count", "evidence")
    assert set(counts) == {(0, 0.0)}


def test_hiding_it_and_taking_that_back_infers_nothing(person, terms):
    tag, _created = tagging.hide(person, taxonomy=terms["faith"])
    tagging.restore(tag)
    track(person, "search", extracted_keywords=["Religion"])
    used_and_listed_nowhere(person)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ＭentalＨealth", ["mental", "health"]),
        ("Dépressıon\u20dd", ["depression"]),
        ("Mental-health", ["mental", "health"]),
        ("mental_health2024", ["mental", "health", "2024"]),
        ("MentalHealth", ["mental", "health"]),
        ("École Ａ", ["ecole", "a"]),
        ("東京", ["東", "京"]),
        ("+☪", ["+", "☪"]),
        ("C++", ["c"]),
    ],
)
def test_the_words_of_a_name(name, found):
    assert words(name) == found


def test_a_label_of_nothing_but_a_symbol(person):
    Taxonomy.objects.create(name="☪", category="interest", is_sensitive=True)
    track(person, "search", extracted_keywords=["☪", "☪☪", "+"])
    assert tags(person) == {"+"}
    assert current_vocabulary().mentions_sensitive("☪ news")
