"""All routes against somebody else: their ids, their rows, their session and their rate."""

import json
import logging

import pytest
from django.apps import apps
from django.test import Client
from django.urls import get_resolver
from rest_framework.test import APIClient

from django_personalization import preferences, tagging
from django_personalization.conf import DEFAULTS
from django_personalization.models import PersonalizationSettings, UserInteraction, UserTag
from django_personalization.tracking import track
from tests.hosts.library.models import Book
from tests.rest.routes import METHODS, PREFIX, ROUTES

pytestmark = pytest.mark.django_db
SECRET = "Zanzibar"
each_route = pytest.mark.parametrize("route", ROUTES, ids=str)
each_write = pytest.mark.parametrize("route", [r for r in ROUTES if r.is_writing], ids=str)
each_own_row = pytest.mark.parametrize(
    "route", [r for r in ROUTES if "{tag}" in r.path or "{event}" in r.path], ids=str
)


def profile(somebody, terms, name):
    """Give somebody a tag of every kind, a history and settings; return ids that name them."""
    preferences.change_settings(somebody, consent="granted", discovery=60)
    event = track(
        somebody, "search", extracted_keywords=[name], metadata={"q": name}, event_id=f"e-{name}"
    ).interaction
    tagging.pick(somebody, taxonomy=terms["python"])
    tagging.hide(somebody, name=f"{name} hidden")
    tagging.drop(tagging.pick(somebody, name=f"{name} removed")[0])
    tag = UserTag.objects.of(somebody).get(name=name)
    return {"tag": tag.pk, "event": event.pk}


@pytest.fixture
def mine(person, terms):
    book = Book.objects.create(title="A book")
    book.topics.add(terms["cpp"])
    return {**profile(person, terms, "Zig"), "term": terms["cpp"].pk, "book": str(book.pk)}


@pytest.fixture
def theirs(other, terms, mine):
    return {**mine, **profile(other, terms, SECRET)}


def rows(**who):
    """Return every row of the app, or of somebody: what must not have changed."""
    models = apps.get_app_config("django_personalization").get_models()
    found = {}
    for model in models:
        names = {field.name for field in model._meta.fields}
        chosen = {name: value for name, value in who.items() if name in names}
        if chosen or not who:
            found[model.__name__] = list(
                model._default_manager.filter(**chosen).order_by("pk").values()
            )
    return found


def send(client, route, ids, body=None):
    body = route.body_for(**ids) if body is None else body
    call = getattr(client, route.method)
    return call(route.url(**ids), json.dumps(body), content_type="application/json")


def ask(client, route, ids):
    return client.get(route.url(**ids)) if not route.is_writing else send(client, route, ids)


def text_of(response):
    return response.getvalue().decode()


def test_every_route_and_method_is_in_the_table():
    patterns = get_resolver("django_personalization.urls").url_patterns
    there = {
        (method, pattern.name, str(pattern.pattern))
        for pattern in patterns
        for method in METHODS
        if hasattr(pattern.callback.view_class, method)
    }
    assert there == {(route.method, route.name, route.pattern) for route in ROUTES}


@each_route
def test_the_table_is_right_about_requests_that_are_answered(api, mine, route):
    """What the tests below refuse would otherwise be accepted."""
    response = ask(api, route, mine)
    assert response.status_code == route.status, text_of(response)


@each_route
def test_strangers_are_turned_away(settings, mine, route):
    before = rows()
    response = ask(APIClient(), route, mine)
    assert response.status_code in {401, 403}
    assert SECRET not in text_of(response)
    settings.DJANGO_PERSONALIZATION = {"PUBLIC_TAXONOMIES": True}
    opened = ask(APIClient(), route, mine).status_code
    assert opened == 200 if route.is_open else opened in {401, 403}
    assert rows() == before


@each_own_row
def test_another_persons_ids_are_unknown(api, mine, theirs, route):
    before = rows()
    answer = ask(api, route, theirs)
    assert answer.status_code == 404
    unknown = {**theirs, "tag": 999_999_999, "event": 999_999_999}
    # Nobody can tell what exists from what does not.
    assert (answer.status_code, answer.content) == (404, ask(api, route, unknown).content)
    assert rows() == before


@each_own_row
@pytest.mark.parametrize("pk", [0, 2**63, 2**64, 10**40])
def test_ids_that_cannot_be(api, mine, route, pk):
    before = rows()
    assert ask(api, route, {**mine, "tag": pk, "event": pk}).status_code == 404
    assert rows() == before


@each_route
def test_nothing_of_others_is_told_or_changed(api, other, mine, theirs, route):
    before = rows(user=other.pk, person=other.pk)
    response = ask(api, route, mine)
    assert response.status_code == route.status
    assert SECRET not in text_of(response)
    assert rows(user=other.pk, person=other.pk) == before


def test_ids_in_bodies_reach_nobody_else(api, other, mine, theirs):
    before = rows(user=other.pk)
    for route in ROUTES:
        if "{tag}" in str(route.body):
            assert send(api, route, theirs).json() == {"deleted": 0}
    event = {"interaction_type": "search", "event_id": f"e-{SECRET}"}
    # An event id of somebody else's is as free as any.
    assert api.post(f"{PREFIX}me/interactions/", event, format="json").status_code == 201
    assert rows(user=other.pk) == before


FORGED = {
    "id": 1,
    "pk": 1,
    "user": "{other}",
    "user_id": "{other}",
    "person": "{other}",
    "source": "auto_project",
    "source_display": "x",
    "confidence_score": 0.123,
    "evidence": 1e200,
    "interaction_count": 77,
    "key": "0" * 32,
    "fed_terms": {"0" * 32: 1},
    "fed_weight": 99.0,
    "origin": "provided",
    "created_at": "2001-01-01T00:00:00Z",
    "updated_at": "2001-01-01T00:00:00Z",
}


@each_write
def test_what_people_may_not_write_is_not_written(api, person, other, mine, theirs, route):
    """Refused or ignored: whichever it is, nothing of it is stored and nobody else has a row."""
    forged = {name: other.pk if value == "{other}" else value for name, value in FORGED.items()}
    forged = json.loads(json.dumps(forged, default=str))
    body = {**forged, **route.body_for(**mine)}
    if "interactions" in body:
        body["interactions"] = [{**forged, **event} for event in body["interactions"]]
    before = rows(user=other.pk, person=other.pk)
    response = send(api, route, mine, body)
    assert response.status_code in {route.status, 400}
    assert rows(user=other.pk, person=other.pk) == before
    for tag in UserTag.objects.of(person):
        assert (tag.source == "manual") == (tag.confidence_score == 1)
        assert (tag.source, tag.key) != ("auto_project", "0" * 32)
        assert tag.evidence < 1e100
        assert tag.interaction_count < 77
        assert min(tag.created_at, tag.updated_at).year > 2001
    for event in UserInteraction.objects.filter(user=person):
        assert event.fed_weight < 99
        assert "0" * 32 not in event.fed_terms
        assert event.created_at.year > 2001
    everybody = {person.pk, other.pk}
    for model in (UserTag, UserInteraction, PersonalizationSettings):
        assert set(model.objects.values_list("user", flat=True)) <= everybody


@each_write
def test_a_session_needs_a_csrf_token(person, mine, route):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    before = rows()
    response = send(client, route, mine)
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]
    assert rows() == before
    token = "a" * 32
    client.cookies["csrftoken"] = token
    call = getattr(client, route.method)
    body = json.dumps(route.body_for(**mine))
    response = call(
        route.url(**mine), body, content_type="application/json", HTTP_X_CSRFTOKEN=token
    )
    assert response.status_code == route.status


def test_every_scope_has_a_rate_and_a_route():
    assert {route.scope for route in ROUTES} == set(DEFAULTS["THROTTLE_RATES"])


@each_route
def test_every_route_has_the_rate_of_its_scope(api, client_of, other, settings, mine, route):
    settings.DJANGO_PERSONALIZATION = {
        "THROTTLE_RATES": dict.fromkeys(DEFAULTS["THROTTLE_RATES"], "1000/min")
        | {route.scope: "1/min"}
    }
    assert ask(api, route, mine).status_code == route.status
    before = rows()
    refused = ask(api, route, mine)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert rows() == before
    # Other scopes are not used up, and others have a rate of their own.
    for free in ROUTES:
        if free.scope != route.scope and free.name in {"tag-list", "interaction-list", "export"}:
            assert ask(api, free, mine).status_code != 429
    assert ask(client_of(other), route, mine).status_code != 429


@pytest.mark.parametrize("name", sorted({route.name for route in ROUTES}))
def test_other_methods_are_refused(api, mine, name):
    [path] = {route.path for route in ROUTES if route.name == name}
    allowed = {route.method for route in ROUTES if route.name == name}
    url = PREFIX + path.format(**mine)
    before = rows()
    for method in {*METHODS, "trace"} - allowed:
        response = api.generic(method.upper(), url, "{}", content_type="application/json")
        assert response.status_code == 405, method
        assert set(response["Allow"].lower().split(", ")) - {"head", "options"} == allowed
    assert api.options(url).status_code == 200
    assert APIClient().options(url).status_code in {401, 403}
    assert rows() == before


NASTY = [
    None,
    True,
    -1,
    1.5,
    10**400,
    2**63,
    "",
    "x" * 9000,
    "\u0000",
    "\ud800",
    [],
    [[[[]]]],
    [None] * 501,
    {},
    {"": {"\u0000": "\ud800"}},
]


@pytest.mark.parametrize("route", [r for r in ROUTES if r.takes_a_body], ids=str)
def test_values_that_make_no_sense(api, mine, route):
    """One field at a time, and one level down: an answer below 500, and nothing half done."""
    for name in route.body:
        for value in NASTY:
            before = rows()
            bodies = [{**route.body_for(**mine), name: value}]
            if name == "interactions":
                [event] = route.body_for(**mine)[name]
                bodies += [{name: [{**event, field: value}]} for field in event]
            for body in bodies:
                response = send(api, route, mine, body)
                assert response.status_code < 500, (name, value)
                if response.status_code >= 400:
                    json.loads(response.content)
                    assert rows() == before, (name, value)
                before = rows()


QUERIES = ["limit", "offset", "cursor", "search", "category", "model", "format", "_method"]


@pytest.mark.parametrize("route", [r for r in ROUTES if not r.is_writing], ids=str)
def test_queries_that_make_no_sense(api, mine, route):
    url, _mark, query = route.url(**mine).partition("?")
    nonsense = ["", "%00", "%ff", "%ED%A0%80", "9" * 400, "-1", "a+" * 300, "{}", "cD0lMDA="]
    for name in QUERIES:
        for value in nonsense:
            # The last of two parameters of one name counts.
            response = api.get(f"{url}?{query}&{name}={value}")
            assert response.status_code < 500, (name, value)
            assert "json" in response["Content-Type"]


def test_logs_name_nobody_and_nothing(api, client_of, other, mine, theirs, caplog):
    """What people have and did is in no log line, whether a request succeeds or fails."""
    caplog.set_level(logging.DEBUG)
    stranger, owner = APIClient(), client_of(other)
    for route in ROUTES:
        for client in (stranger, api, owner):
            ask(client, route, theirs)
            api.get(f"{route.url(**theirs).partition('?')[0]}?search={SECRET}&limit={SECRET}")
        if route.takes_a_body:
            send(owner, route, theirs, dict.fromkeys(route.body, SECRET))
    lines = [
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    ]
    assert lines
    assert not [line for line in lines if SECRET in line or "ada@" in line or "grace@" in line]
