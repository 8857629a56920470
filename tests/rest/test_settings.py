"""me/personalization/settings/: consent, pause, mode and discovery over HTTP."""

import json

import pytest
from django.test import Client

from django_personalization.models import PersonalizationSettings
from django_personalization.preferences import change_settings, settings_of
from tests.test_concurrency import together

pytestmark = pytest.mark.django_db
URL = "/api/v1/me/personalization/settings/"
RESET = f"{URL}reset/"
DEFAULTS = {"consent": "unset", "paused": False, "mode": "full", "discovery": 50}


def patch(client, body):
    return client.patch(URL, body, content_type="application/json")


def test_a_new_person_has_the_defaults(api, person, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = api.get(URL)
    assert (response.status_code, response.json()) == (200, DEFAULTS)
    assert "no-store" in response["Cache-Control"]
    assert not PersonalizationSettings.objects.exists()


def test_changes(api, person, other):
    changes = {"consent": "granted", "paused": True, "mode": "explicit", "discovery": 0}
    shown = dict(DEFAULTS)
    for name, value in changes.items():
        shown[name] = value
        response = patch(api, json.dumps({name: value}))
        assert (response.status_code, response.json()) == (200, shown)
    assert api.get(URL).json() == shown == changes
    assert api.get("/api/v1/me/personalization/").json()["settings"] == shown
    assert patch(api, json.dumps(DEFAULTS)).json() == DEFAULTS
    assert patch(api, "{}").json() == DEFAULTS
    assert not PersonalizationSettings.objects.filter(user=other).exists()


@pytest.mark.parametrize(
    ("body", "name", "words"),
    [
        ('{"consent": "yes"}', "consent", '"yes" is not one of: unset, granted, denied.'),
        ('{"consent": null}', "consent", "null is not one of: unset, granted, denied."),
        ('{"consent": {"a": 1}}', "consent", "is not one of: unset, granted, denied."),
        ('{"paused": "true"}', "paused", '"true" is not one of: true, false.'),
        ('{"paused": 0}', "paused", "0 is not one of: true, false."),
        ('{"paused": null}', "paused", "null is not one of: true, false."),
        ('{"mode": "FULL"}', "mode", '"FULL" is not one of: full, explicit, none.'),
        ('{"mode": null}', "mode", "null is not one of: full, explicit, none."),
        ('{"mode": ["full"]}', "mode", "is not one of: full, explicit, none."),
        ('{"mode": "\\u0000"}', "mode", "is not one of: full, explicit, none."),
        ('{"mode": "\\ud800"}', "mode", "is not one of: full, explicit, none."),
        *(
            (f'{{"discovery": {value}}}', "discovery", "is not a whole number from 0 to 100.")
            for value in [
                "101",
                "-1",
                "true",
                "null",
                '"50"',
                "50.5",
                "50.0",
                "1e2",
                "[]",
                "2147483648",
                "9223372036854775808",
                "9" * 4000,
            ]
        ),
    ],
)
def test_wrong_values_change_nothing(api, person, body, name, words):
    change_settings(person, consent="denied", discovery=20)
    # What is right in the same request is not changed either.
    both = json.dumps({"paused": True, "mode": "none"})[:-1] + ", " + body[1:]
    for sent in (body, both):
        response = patch(api, sent)
        assert response.status_code == 400, sent
        assert list(response.json()) == [name]
        assert response.json()[name][0].endswith(words)
    assert api.get(URL).json() == {**DEFAULTS, "consent": "denied", "discovery": 20}


@pytest.mark.parametrize(
    "key", ["user", "user_id", "id", "pk", "created_at", "updated_at", "Consent", "", "__class__"]
)
def test_nothing_else_can_be_changed(api, person, other, key):
    change_settings(other, consent="denied")
    response = patch(api, json.dumps({key: str(other.pk), "mode": "none"}))
    assert response.status_code == 400
    assert response.json() == {key: [f'"{key}" is not one of: consent, paused, mode, discovery.']}
    assert api.get(URL).json() == DEFAULTS
    assert settings_of(other).consent == "denied"


@pytest.mark.parametrize("key", ["\\ud800", "\\u0000", "x" * 5000, "\\u202e"])
def test_keys_that_cannot_be_repeated(api, key):
    response = patch(api, f'{{"{key}": 1}}')
    assert response.status_code == 400
    [(name, [message])] = response.json().items()
    assert len(name) < 70
    assert name.isprintable()
    assert message.endswith("is not one of: consent, paused, mode, discovery.")


def test_many_unknown_keys_are_not_all_repeated(api):
    response = patch(api, json.dumps({f"key {i}": i for i in range(5000)}))
    assert response.status_code == 400
    assert len(response.json()) == 20


def test_reset(api, person, other, client_of):
    change_settings(person, consent="denied", paused=True, mode="none", discovery=3)
    change_settings(other, consent="denied")
    response = api.post(RESET)
    assert (response.status_code, response.json()) == (200, DEFAULTS)
    assert api.get(URL).json() == DEFAULTS
    assert client_of(other).get(URL).json()["consent"] == "denied"
    assert api.get(RESET).status_code == 405
    assert api.put(URL, DEFAULTS, format="json").status_code == 405


@pytest.mark.parametrize(
    "body", ['{"mode": "full"}', '{"consent": "denied"}', '{"user": 1}', '{"": null}']
)
def test_who_wants_less_than_a_reset_is_told(api, person, body):
    change_settings(person, consent="denied", mode="none")
    response = api.post(RESET, body, content_type="application/json")
    assert response.status_code == 400
    assert response.json() == {"non_field_errors": ["This request takes no fields."]}
    assert api.get(URL).json() == {**DEFAULTS, "consent": "denied", "mode": "none"}
    assert api.post(RESET, "{}", content_type="application/json").status_code == 200


def test_queries(api, person, django_assert_num_queries):
    """The person is held, and their row read and written, between two savepoints of the test."""
    for body in ('{"consent": "denied"}', '{"mode": "none", "discovery": 3, "paused": true}'):
        with django_assert_num_queries(5):
            assert patch(api, body).status_code == 200
    for _time in range(2):
        with django_assert_num_queries(4):
            assert api.post(RESET).status_code == 200


def test_a_session_changes_them_with_its_token_only(person):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    change_settings(person, consent="denied")
    body, kind = json.dumps({"consent": "granted"}), "application/json"
    assert client.patch(URL, body, content_type=kind).status_code == 403
    assert client.post(RESET, content_type=kind).status_code == 403
    assert settings_of(person).consent == "denied"
    client.cookies["csrftoken"] = token = "a" * 32
    headers = {"X-CSRFToken": token}
    assert client.patch(URL, body, content_type=kind, headers=headers).status_code == 200
    assert settings_of(person).consent == "granted"


def test_they_are_throttled_as_most_routes_are(api, settings):
    settings.DJANGO_PERSONALIZATION = {"THROTTLE_RATES": {"default": "3/min"}}
    codes = [patch(api, '{"paused": true}').status_code, api.get(URL).status_code]
    codes += [api.post(RESET).status_code, patch(api, '{"paused": true}').status_code]
    assert codes == [200, 200, 200, 429]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_first_changes_at_once(client_of, person):
    bodies = ['{"consent": "granted"}', '{"discovery": 7}']
    for _ in range(10):
        PersonalizationSettings.objects.all().delete()
        codes = together(
            lambda number: patch(client_of(person), bodies[number]).status_code, threads=2
        )
        assert codes == [200, 200]
        changed = {"consent": "granted", "discovery": 7}
        assert client_of(person).get(URL).json() == {**DEFAULTS, **changed}
