"""Random requests made from the OpenAPI description: no 500, and what is refused is not stored."""

from pathlib import Path

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from django_personalization import tagging
from django_personalization.models import PersonalizationSettings, UserInteraction, UserTag
from django_personalization.tracking import track

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SNAPSHOT = Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml"
TOKEN = "a" * 32

schema = schemathesis.openapi.from_path(SNAPSHOT)
site = get_wsgi_application()
session = {}


def signed_in_site(environ, start_response):
    return site({**environ, **session}, start_response)


schema.app = signed_in_site
# A refusal (4xx) is described by REST framework's own shapes, which the snapshot leaves out.
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@pytest.fixture(autouse=True)
def _one_connection():
    """Keep the test's own connection, as Django's test client does."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def known_person(person, terms):
    """Somebody who is signed in and has tags and a history."""
    client = Client()
    client.force_login(person)
    cookies = f"sessionid={client.cookies['sessionid'].value}; csrftoken={TOKEN}"
    session.update(HTTP_COOKIE=cookies, HTTP_X_CSRFTOKEN=TOKEN)
    tagging.pick(person, taxonomy=terms["python"])
    track(person, "search", text="ml", event_id="first")
    return person


def stored():
    tags = UserTag.objects.order_by("pk").values_list("pk", "state", "weight", "evidence")
    settings = PersonalizationSettings.objects.values_list("consent", "paused", "mode", "discovery")
    return list(tags), UserInteraction.objects.count(), list(settings)


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_fails(case, known_person):
    if "id" in case.path_parameters and case.path_parameters["id"] in range(1, 50):
        case.path_parameters["id"] = UserTag.objects.of(known_person).first().pk
    if isinstance(case.body, dict) and isinstance(case.body.get("interaction_type"), str):
        # The legal types are the host's; a random word would never come further than that.
        case.body["interaction_type"] = "search"
    before = stored()
    response = case.call(base_url="http://testserver")
    # Without a session every request would be refused and nothing be tested.
    assert response.status_code not in {401, 403}, response.text
    if response.status_code >= 400:
        assert response.status_code < 500
        assert stored() == before
    elif not {"limit", "offset"} & set(case.query):  # pages have a shape of their own
        case.validate_response(response, checks=[*CHECKS, status_code_conformance])
