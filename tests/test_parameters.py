"""The main parameters say what is done now: whatever changes it changes the sentences."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.template import Context, Template
from django.utils import timezone, translation
from rest_framework.test import APIClient

from django_personalization import affinity, choices, parameters, scoring
from django_personalization.choices import TAG_WEIGHTS, Mode
from django_personalization.conf import DEFAULTS, app_settings
from django_personalization.content import register, unregister
from django_personalization.models import UserInteraction
from django_personalization.parameters import ranking_parameters
from django_personalization.retention import prune_interactions
from django_personalization.tracking import track
from tests.hosts.library.models import Book, Note

URL = "/api/v1/personalization/parameters/"


@pytest.fixture(autouse=True)
def only_books(monkeypatch):
    """Books are all that is registered, with an owner."""
    monkeypatch.setattr("django_personalization.content._registry", {})
    apps.get_app_config("library").ready()
    for model in {item.model for item in parameters.registered()} - {Book}:
        unregister(model)


def texts(found=None):
    found = found or ranking_parameters()
    return {item.code: item.text for item in (*found.parameters, *found.controls)}


def worth():
    return {item.code: item.importance for item in ranking_parameters().parameters}


def test_every_sentence_is_one():
    found = ranking_parameters()
    sentences = [found.intro, *texts().values()]
    assert all(re.fullmatch(r"[A-Z“].*[.]", text, flags=re.DOTALL) for text in sentences)
    assert not any("%(" in text or "%s" in text or "  " in text for text in sentences)
    codes = [item.code for item in (*found.parameters, *found.controls)]
    assert len(set(codes)) == len(codes)


def test_importance_is_compared_with_a_picked_tag():
    found = worth()
    assert found["picked"] == 1
    assert all(value is None or 0 <= value <= 1 for value in found.values())
    assert found["activity:search"] == scoring.confidence(1)
    assert (found["related"], found["broader"], found["narrower"]) == (
        affinity.RELATED,
        affinity.BROADER_STEP,
        affinity.NARROWER_STEP,
    )


def test_activities_come_with_the_one_that_counts_most_first():
    codes = [code for code in worth() if code.startswith("activity:")]
    assert codes == [
        "activity:project_create",
        "activity:conversation",
        "activity:search",
        "activity:project_view",
        "activity:content_view",
    ]
    assert texts()["activity:search"] == (
        "After one “Search” its subjects count 29% as much as a tag that you picked."
    )


VOTE = {"label": "Vote", "weight": 2, "source": "auto_activity"}
CHANGES = [
    (
        {"TAXONOMY_CATEGORIES": {"hobby": "Hobby", "sport": "Sport"}},
        {"pick": "Pick tags. You find them under these headings: Hobby and Sport."},
    ),
    (
        {"TAXONOMY_CATEGORIES": {"hobby": "Hobby"}},
        {"pick": "Pick tags. You find them under these headings: Hobby."},
    ),
    (
        {"INTERACTION_TYPES": {"vote": VOTE, "stay": {**VOTE, "label": "Stay", "weight": 100}}},
        {
            "activity:stay": "After one “Stay” its subjects count 99% as much as a tag that you "
            "picked.",
            "activity:vote": "After one “Vote” its subjects count 50% as much as a tag that you "
            "picked.",
        },
    ),
    (
        {"HALF_LIFE_DAYS": 7.5},
        {
            "fading": "What you do fades: after 7.5 days it counts half as much, after twice that "
            "time a quarter."
        },
    ),
    (
        {"HALF_LIFE_DAYS": 365},
        {
            "fading": "What you do fades: after 365 days it counts half as much, after twice that "
            "time a quarter."
        },
    ),
    (
        {"MIN_CONFIDENCE": 0.25},
        {
            "minimum": "A tag that follows from what you do is used once it counts at least 25% as "
            "much as a tag that you picked."
        },
    ),
    (
        {"MIN_CONFIDENCE": 0},
        {"minimum": "A tag that follows from what you do is used however little speaks for it."},
    ),
    (
        {"INFER_UNKNOWN_KEYWORDS": False},
        {"unknown_keywords": "Only words that are in the vocabulary of this site become tags."},
    ),
    (
        {"REPEAT_WINDOW_MINUTES": 1},
        {"repeats": "Doing the same with the same thing again within 1 minute counts once."},
    ),
    (
        {"REPEAT_WINDOW_MINUTES": 0.5},
        {"repeats": "Doing the same with the same thing again within 0.5 minutes counts once."},
    ),
    (
        {"REPEAT_WINDOW_MINUTES": 0},
        {"repeats": "Doing the same with the same thing again counts every time."},
    ),
    (
        {"INTERACTION_RETENTION_DAYS": 1},
        {
            "retention": "The record of what you did is kept until you delete it, or until this "
            "site deletes what is older than 1 day. What follows from it may stay longer, and "
            "fades."
        },
    ),
    (
        {"INTERACTION_RETENTION_DAYS": 30},
        {
            "retention": "The record of what you did is kept until you delete it, or until this "
            "site deletes what is older than 30 days. What follows from it may stay longer, and "
            "fades."
        },
    ),
    (
        {"INTERACTION_RETENTION_DAYS": None},
        {"retention": "The record of what you did is kept until you delete it."},
    ),
    (
        {"REQUIRE_CONSENT": True},
        {"consent": "What you do is recorded only if you have agreed to it."},
    ),
]


@pytest.mark.parametrize(("change", "sentences"), CHANGES, ids=lambda value: str(value)[:40])
def test_a_setting_changes_what_is_said(settings, change, sentences):
    before = texts()
    settings.DJANGO_PERSONALIZATION = change
    after = texts()
    for code, sentence in sentences.items():
        assert after[code] == sentence
        assert sentence not in before.values()


# What has no part in the order: who may read the vocabulary, and how often one may ask.
NO_PARAMETERS = {"PUBLIC_TAXONOMIES", "THROTTLE_RATES"}


def test_every_setting_that_matters_is_in_the_list_above():
    assert {name for change, _s in CHANGES for name in change} == set(DEFAULTS) - NO_PARAMETERS


def test_settings_that_do_not_matter_change_nothing(settings):
    before = ranking_parameters()
    settings.DJANGO_PERSONALIZATION = {
        "PUBLIC_TAXONOMIES": True,
        "THROTTLE_RATES": {"default": "1/min"},
    }
    assert ranking_parameters() == before


def test_what_is_registered_is_named():
    assert "puts these in an order for you: books. The" in ranking_parameters().intro
    assert texts()["own"] == "What is your own is left out: your own books."
    register(Note, terms="labels")
    assert "an order for you: books and notes. The" in ranking_parameters().intro
    assert texts()["own"] == "What is your own is left out: your own books."
    unregister(Book)
    assert "an order for you: notes. The" in ranking_parameters().intro
    assert "own" not in texts()
    unregister(Note)
    assert ranking_parameters().intro == ("This site orders nothing by what you are interested in.")


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        ("RELATED", 0.25, "related", "counts up to 25% as much"),
        ("BROADER_STEP", 0.7, "broader", "counts 70% as much"),
        ("NARROWER_STEP", 0.1, "narrower", "counts 10% as much"),
    ],
)
def test_the_ranking_changes_what_is_said(monkeypatch, name, value, code, words):
    assert words not in texts()[code]
    monkeypatch.setattr(parameters, name, value)
    assert words in texts()[code]
    assert worth()[code] == value


def test_weights_and_modes_are_named(monkeypatch):
    assert "“Less” (0.5 ×), “Normal” (1 ×) and “More” (2 ×)." in texts()["weights"]
    assert all(str(label) in texts()["mode"] for label in Mode.labels)
    monkeypatch.setattr(parameters, "TAG_WEIGHTS", {**TAG_WEIGHTS, 3.0: "Most"})
    assert "“Most” (3 ×)." in texts()["weights"]
    assert "“Most”." in texts()["weigh"]


def test_a_host_may_label_as_it_likes(settings):
    kinds = {"x": {"label": "100 % <b>%s</b>", "weight": 1, "source": "auto_activity"}}
    settings.DJANGO_PERSONALIZATION = {"INTERACTION_TYPES": kinds}
    assert "“100 % <b>%s</b>”" in texts()["activity:x"]
    template = Template(
        "{% load personalization %}{% personalization_parameters as found %}"
        "{{ found.intro }}{% for item in found.parameters %}<p>{{ item.text }}</p>{% endfor %}"
    )
    page = template.render(Context())
    assert "&lt;b&gt;%s&lt;/b&gt;" in page
    assert ranking_parameters().intro in page


def test_sentences_are_in_the_language_that_is_active():
    english = ranking_parameters()
    with translation.override("de"):
        german = ranking_parameters()
        assert "0,5" in texts(german)["weights"]
    assert [item.code for item in german.parameters] == [item.code for item in english.parameters]


def test_over_http(client_of, person):
    answer = client_of(person).get(URL)
    assert answer.status_code == 200
    body, found = answer.json(), ranking_parameters()
    assert list(body) == ["intro", "parameters", "controls"]
    assert body["intro"] == found.intro
    assert body["parameters"] == [
        {"code": item.code, "text": item.text, "importance": item.importance}
        for item in found.parameters
    ]
    assert body["controls"] == [{"code": item.code, "text": item.text} for item in found.controls]


@pytest.mark.django_db
def test_who_may_read_it(settings, client_of, person):
    assert APIClient().get(URL).status_code in {401, 403}
    settings.DJANGO_PERSONALIZATION = {"PUBLIC_TAXONOMIES": True}
    answer = APIClient().get(URL)
    assert answer.status_code == 200
    again = APIClient().get(URL, HTTP_IF_NONE_MATCH=answer["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    settings.DJANGO_PERSONALIZATION = {"PUBLIC_TAXONOMIES": True, "HALF_LIFE_DAYS": 60}
    assert APIClient().get(URL, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 200


@pytest.mark.django_db
def test_what_is_said_of_keeping_is_true_of_a_host_that_never_deletes(person):
    """The default: 365 days are said, and nothing goes unless the host runs a command."""
    long_ago = timezone.now() - timedelta(days=3000)
    row = track(person, "search", extracted_keywords=["Zig"]).interaction
    UserInteraction.objects.update(created_at=long_ago)
    said = texts()["retention"]
    assert "kept for" not in said
    assert "until you delete it, or until this site deletes what is older than 365 days." in said
    assert UserInteraction.objects.get() == row
    prune_interactions()
    assert not UserInteraction.objects.exists()
    assert texts()["retention"] == said


def test_it_costs_no_query(client_of, person, django_assert_num_queries):
    api = client_of(person)
    with django_assert_num_queries(0):
        assert api.get(URL).status_code == 200


def test_the_types_that_are_shown_are_those_that_count():
    shown = {code.removeprefix("activity:") for code in worth() if code.startswith("activity:")}
    assert (
        shown == set(app_settings.interaction_types) == {c for c, _l in choices.interaction_types()}
    )
