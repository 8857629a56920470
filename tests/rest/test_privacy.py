"""Export, erasure and reset over HTTP."""

import asyncio
import json
from functools import partial

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test import AsyncClient, Client

from django_personalization import preferences, privacy, tagging
from django_personalization.models import (
    AuditEntry,
    PersonalizationSettings,
    UserInteraction,
    UserTag,
)
from django_personalization.tracking import track

pytestmark = pytest.mark.django_db
EXPORT = "/api/v1/me/personalization/export/"
ERASE = "/api/v1/me/personalization/"
RESET = "/api/v1/me/personalization/reset/"


@pytest.fixture
def known(person, other, terms):
    """The person has picked Python, did two searches and said yes; the other one did, too."""
    for somebody in (person, other):
        tagging.pick(somebody, taxonomy=terms["python"])
        track(somebody, "search", extracted_keywords=["Python", f"Of {somebody.pk}"])
        track(somebody, "search", text="ml")
        preferences.change_settings(somebody, consent="granted")
    return person


def counts(user):
    return privacy.count_profile(user)


def test_an_export_is_a_file_that_nobody_caches(api, known, other):
    response = api.get(EXPORT)
    assert response.status_code == 200
    assert response.streaming
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == 'attachment; filename="personalization.json"'
    assert "no-store" in response["Cache-Control"]
    text = response.getvalue().decode()
    document = json.loads(text)
    assert list(document) == [
        "format",
        "version",
        "exported_at",
        "settings",
        "tags",
        "interactions",
        "audit",
    ]
    lengths = {name: len(rows) for name, rows in document.items() if isinstance(rows, list)}
    assert lengths == {"settings": 1, "tags": 3, "interactions": 2, "audit": 0}
    assert f"Of {known.pk}" in text
    assert f"Of {other.pk}" not in text
    # People's own doings are no affair of the audit.
    assert not AuditEntry.objects.exists()


def test_another_formats_and_names_are_not_asked_for(api, known, other):
    for query in ({"format": "csv"}, {"user": other.pk}, {"id": other.pk}):
        text = api.get(EXPORT, query, headers={"Accept": "text/html"}).getvalue().decode()
        assert len(json.loads(text)["tags"]) == 3
        assert f"Of {other.pk}" not in text


def test_an_export_that_fails_at_once_is_an_error(api, known, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no database")
        yield

    monkeypatch.setattr(privacy, "export_profile", fail)
    api.raise_request_exception = False
    assert api.get(EXPORT).status_code == 500


def test_an_export_that_fails_on_the_way_is_not_whole(api, known, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no database any more")

    monkeypatch.setattr("django_personalization.personal_data._interaction_row", fail)
    response = api.get(EXPORT)
    arrived = []
    with pytest.raises(RuntimeError):
        arrived.extend(chunk for chunk in iter(response.streaming_content))
    assert b'"tags"' in b"".join(arrived)
    with pytest.raises(json.JSONDecodeError):
        json.loads(b"".join(arrived))
    assert "Content-Length" not in response


def test_a_head_request_tells_the_name_and_reads_nothing(api, known):
    response = api.head(EXPORT)
    assert response["Content-Disposition"].endswith('"personalization.json"')
    assert response.getvalue() == b""


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="threads share no database in memory")
def test_an_asynchronous_server_streams_as_well(known):
    """Django would collect an ordinary iterator as a whole, and warn, which is an error here."""

    async def export():
        client = AsyncClient()
        await client.aforce_login(known)
        response = await client.get(EXPORT)
        assert response.is_async
        chunks = [chunk async for chunk in response.streaming_content]
        await sync_to_async(connections.close_all)()
        return chunks

    chunks = asyncio.run(export())
    assert len(chunks) > 8
    assert len(json.loads(b"".join(chunks))["tags"]) == 3


def test_all_is_erased(api, known, other):
    before = counts(other)
    response = api.delete(ERASE)
    assert response.status_code == 200
    deleted = {"tags": 3, "interactions": 2, "settings": 1}
    assert response.json() == {"deleted": deleted, "consent": "unset"}
    assert set(counts(known).values()) == {0}
    assert counts(other) == before
    assert api.get(ERASE).json()["settings"]["consent"] == "unset"
    again = api.delete(ERASE)
    assert again.json()["deleted"] == {"tags": 0, "interactions": 0, "settings": 0}
    assert not AuditEntry.objects.exists()


def test_all_is_erased_and_the_person_refuses_from_then_on(api, known, other):
    before = counts(other)
    response = api.delete(ERASE, {"consent": "denied"}, format="json")
    assert response.status_code == 200
    deleted = {"tags": 3, "interactions": 2, "settings": 1}
    assert response.json() == {"deleted": deleted, "consent": "denied"}
    assert counts(known) == {"settings": 1, "tags": 0, "interactions": 0, "audit": 0}
    settings = {"consent": "denied", "paused": False, "mode": "full", "discovery": 50}
    assert api.get(ERASE).json()["settings"] == settings
    event = {"interaction_type": "search", "text": "python"}
    refused = api.post("/api/v1/me/interactions/", event, format="json")
    assert (refused.status_code, refused.json()["reason"]) == (202, "consent_denied")
    assert counts(other) == before


def test_a_reset_keeps_what_was_said(api, known, other):
    before = counts(other)
    response = api.post(RESET)
    assert response.status_code == 200
    assert response.json() == {"deleted": {"tags": 2, "interactions": 2}}
    [tag] = api.get("/api/v1/me/tags/").json()
    assert (tag["name"], tag["interaction_count"], tag["confidence_score"]) == ("Python", 0, 1)
    assert api.get(ERASE).json()["settings"]["consent"] == "granted"
    assert counts(other) == before


@pytest.mark.parametrize(
    "body", [{"user": 1}, {"tags": []}, {"": None}, {"\ud800": 1}, {"consent": "denied"}]
)
def test_who_wants_less_than_a_reset_is_told(api, known, body):
    before = counts(known)
    response = api.post(RESET, json.dumps(body), content_type="application/json")
    assert response.status_code == 400
    assert response.json() == {"non_field_errors": ["This request takes no fields."]}
    assert counts(known) == before
    assert api.post(RESET, "{}", content_type="application/json").status_code == 200


@pytest.mark.parametrize(
    ("body", "name", "words"),
    [
        ({"user": 1}, "user", '"user" is not one of: consent.'),
        ({"tags": []}, "tags", '"tags" is not one of: consent.'),
        ({"": None}, "", '"" is not one of: consent.'),
        ({"\ud800": 1}, '"\\ud800"', "is not one of: consent."),
        ({"mode": "none"}, "mode", '"mode" is not one of: consent.'),
        ({"consent": "granted"}, "consent", '"granted" is not one of: denied.'),
        ({"consent": "unset"}, "consent", '"unset" is not one of: denied.'),
        ({"consent": "DENIED"}, "consent", '"DENIED" is not one of: denied.'),
        ({"consent": None}, "consent", "null is not one of: denied."),
        ({"consent": False}, "consent", "false is not one of: denied."),
        ({"consent": ["denied"]}, "consent", "['denied'] is not one of: denied."),
        ({"consent": "denied", "tags": []}, "tags", '"tags" is not one of: consent.'),
    ],
)
def test_who_wants_less_than_an_erasure_is_told(api, known, body, name, words):
    before = counts(known)
    response = api.delete(ERASE, json.dumps(body), content_type="application/json")
    assert response.status_code == 400
    assert list(response.json()) == [name]
    assert response.json()[name][0].endswith(words)
    assert counts(known) == before
    assert preferences.settings_of(known).consent == "granted"
    empty = api.delete(ERASE, "{}", content_type="application/json")
    assert (empty.status_code, empty.json()["consent"]) == (200, "unset")


@pytest.mark.parametrize(
    ("method", "url", "allowed"),
    [("get", RESET, "POST"), ("post", EXPORT, "GET"), ("delete", EXPORT, "GET")],
)
def test_other_methods_do_nothing(api, known, method, url, allowed):
    before = counts(known)
    response = getattr(api, method)(url)
    assert response.status_code == 405
    assert allowed in response["Allow"]
    assert counts(known) == before


@pytest.mark.parametrize(("method", "url"), [("delete", ERASE), ("post", RESET)])
def test_another_site_cannot_do_it(known, method, url):
    client = Client(enforce_csrf_checks=True)
    client.force_login(known)
    before = counts(known)
    call = partial(getattr(client, method), url, content_type="application/json")
    response = call()
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]
    assert counts(known) == before
    token = "a" * 32
    client.cookies["csrftoken"] = token
    assert call(headers={"X-CSRFToken": token}).status_code == 200
    assert counts(known) != before


def test_exports_and_erasures_have_rates_of_their_own(api, known, settings):
    settings.DJANGO_PERSONALIZATION = {
        "THROTTLE_RATES": {"export": "2/hour", "erase": "3/hour", "default": "4/hour"}
    }
    assert [api.get(EXPORT).status_code for _ in "123"] == [200, 200, 429]
    track(known, "search", text="ml")
    codes = [api.post(RESET).status_code, api.delete(ERASE).status_code]
    codes += [api.post(RESET).status_code]
    assert codes == [200, 200, 200]
    PersonalizationSettings.objects.create(user=known, consent="denied")
    assert api.delete(ERASE).status_code == 429
    refused = api.post(RESET)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 3000
    assert PersonalizationSettings.objects.filter(user=known).exists()
    assert [api.get(ERASE).status_code for _ in "12345"] == [200] * 4 + [429]


def test_ten_an_hour_by_default(api, known, settings):
    del settings.DJANGO_PERSONALIZATION
    assert [api.get(EXPORT).status_code for _ in range(11)] == [200] * 10 + [429]
    assert [api.delete(ERASE).status_code for _ in range(11)] == [200] * 10 + [429]


@pytest.mark.parametrize("size", [1, 15])
def test_queries_do_not_grow(api, known, size, django_assert_max_num_queries):
    for number in range(size):
        track(known, "search", extracted_keywords=[f"Word {number} {i}" for i in range(10)])
    with django_assert_max_num_queries(18):
        api.get(EXPORT).getvalue()
    with django_assert_max_num_queries(14):
        api.post(RESET)
    with django_assert_max_num_queries(12):
        api.delete(ERASE)
    # A look for settings that are not there any more, and the new ones.
    with django_assert_max_num_queries(14):
        api.delete(ERASE, {"consent": "denied"}, format="json")
    assert not UserTag.objects.filter(user=known).exists()
    assert not UserInteraction.objects.filter(user=known).exists()
