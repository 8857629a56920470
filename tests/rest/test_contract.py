"""The contract holds whatever the host's defaults are, and whoever asks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from rest_framework.test import APIClient

from django_personalization.models import UserInteraction, UserTag
from django_personalization.tracking import track
from tests.rest.routes import ROUTES as TABLE

pytestmark = pytest.mark.django_db
# The sampled row is the first one; what a request asks for is in test_security.py.
ROUTES = [
    (route.method, route.path.partition("?")[0].format(tag=1, event=1, term=1)) for route in TABLE
]


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "sqlite", reason="runs on SQLite, whatever runs it")
def test_a_hosts_unhelpful_defaults_change_nothing():
    """Run the tests of the API again in a host whose defaults are at their worst.

    REST framework reads its defaults when it is imported, so that this needs a new process.
    """
    environment = {name: v for name, v in os.environ.items() if not name.startswith("PYTEST")}
    environment.pop("DATABASE_URL", None)
    names = ["tags", "evidence", "taxonomies", "interactions", "privacy", "settings"]
    files = [f"tests/rest/test_{name}.py" for name in (*names, "recommendations")]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--ds=tests.hostile_settings", *files],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-5000:]
    assert " passed" in result.stdout


def test_personal_answers_are_not_cached(api, terms):
    assert "no-store" in api.get("/api/v1/me/tags/")["Cache-Control"]
    assert "no-cache" in api.get("/api/v1/taxonomies/")["Cache-Control"]


def test_throttles_count_by_person(api, client_of, other, settings, terms):
    settings.DJANGO_PERSONALIZATION = {
        "THROTTLE_RATES": {"tracking": "2/min", "default": "3/min"},
        "PUBLIC_TAXONOMIES": True,
    }
    event = {"interaction_type": "search", "text": "python"}
    codes = [api.post("/api/v1/me/interactions/", event, format="json").status_code for _ in "123"]
    assert codes == [201, 201, 429]
    bulk = api.post("/api/v1/me/interactions/bulk/", {"interactions": [event]}, format="json")
    assert bulk.status_code == 429
    assert int(bulk["Retry-After"]) > 0
    assert UserInteraction.objects.count() == 2
    assert (
        client_of(other).post("/api/v1/me/interactions/", event, format="json").status_code == 201
    )
    assert [api.get("/api/v1/me/tags/").status_code for _ in "1234"] == [200, 200, 200, 429]


def test_strangers_are_counted_by_their_real_address(settings, terms):
    settings.DJANGO_PERSONALIZATION = {
        "THROTTLE_RATES": {"default": "2/min"},
        "PUBLIC_TAXONOMIES": True,
    }
    codes = [
        APIClient()
        .get("/api/v1/taxonomies/", HTTP_X_FORWARDED_FOR=f"10.0.0.{i}", REMOTE_ADDR="192.0.2.1")
        .status_code
        for i in range(3)
    ]
    assert codes == [200, 200, 429]
    assert APIClient().get("/api/v1/taxonomies/", REMOTE_ADDR="192.0.2.2").status_code == 200


BODIES = {
    "not JSON": b"{",
    "an array": b"[]",
    "a number": b"1",
    "null": b"null",
    "NaN": b'{"interaction_type": NaN}',
    "infinity": b'{"metadata": {"a": -Infinity}, "interaction_type": "search"}',
    "a float beyond all": b'{"metadata": {"a": 1e999}, "interaction_type": "search"}',
    "bad UTF-8": b'{"interaction_type": "\xff"}',
    "deep arrays": b'{"metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
    "a long integer": b'{"taxonomy": ' + b"9" * 10_000 + b', "interaction_type": "search"}',
    "a surrogate as a key": b'{"\\ud800": 1, "metadata": {"\\ud800": 1}}',
    "a NUL": b'{"name": "\\u0000", "interaction_type": "\\u0000"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(
    ("method", "route"), [pair for pair in ROUTES if pair[0] in {"post", "put", "patch"}]
)
def test_bodies_that_cannot_be_read(api, person, terms, method, route, body):
    if "1/" in route:
        tag = track(person, "search", text="python").interaction and UserTag.objects.get()
        route = route.replace("1/", f"{tag.pk}/")
    before = (UserTag.objects.count(), UserInteraction.objects.count())
    response = getattr(api, method)(f"/api/v1/{route}", body, content_type="application/json")
    harmless = route.endswith(("restore/", "settings/reset/")) or (
        method == "patch" and response.status_code == 200
    )
    assert harmless or response.status_code == 400
    json.loads(response.content)
    assert (UserTag.objects.count(), UserInteraction.objects.count()) == before


def test_a_body_that_is_too_large_is_413(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = api.post("/api/v1/me/tags/", {"name": "x" * 2000}, format="json")
    assert response.status_code == 413
    assert "1,000 bytes" in response.json()["detail"]


def test_other_content_types_are_415(api):
    assert api.post("/api/v1/me/tags/", {"name": "Zig"}, format="multipart").status_code == 415


def test_the_schema_is_complete(tmp_path):
    path = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(path))
    text = path.read_text()
    for _method, route in ROUTES:
        assert f"/api/v1/{route.replace('1/', '{id}/')}" in text.replace("{pk}", "{id}")
