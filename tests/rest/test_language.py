"""Whoever asks in German is refused in German: wrong requests to every route, asked twice."""

import ast
import json
import re
from pathlib import Path

import pytest
from django.db import transaction
from django.utils.translation import override

import django_personalization.rest
from tests.rest.routes import ROUTES
from tests.rest.test_contract import BODIES
from tests.rest.test_security import NASTY, QUERIES, mine

__all__ = ["mine"]

pytestmark = pytest.mark.django_db
REST = Path(django_personalization.rest.__file__).parent
each_route = pytest.mark.parametrize("route", ROUTES, ids=str)

# What REST framework has not translated itself. Nothing of ours belongs in here.
NOT_OURS = {"Integer value too large to convert to float"}

WORDS = "+".join("abcdefghijk")
WRONG_QUERIES = [
    *(f"{name}={value}" for name in QUERIES for value in ("", "x", "-1", "%00", "9" * 400)),
    *("cursor=cD0x", "cursor=cD0lMDA=", f"search={WORDS}", f"search={'x' * 101}"),
]
UNWANTED = [{}, {"": None}, {"user": 1}, {"consent": "granted"}]
WRONG_BODIES = [
    *UNWANTED,
    {"taxonomy": 999_999, "taxonomy_ids": [999_999, "x"], "tag_ids": ["x"]},
    {"taxonomy": "{term}", "name": "Cobol"},
    {"name": "x" * 101},
    {"interaction_type": "search", "content": {"type": "library.book", "id": "4711"}},
    {"interaction_type": "search", "content": {"type": "auth.user", "id": "1"}},
    {"interaction_type": "search", "metadata": {"a": [{"b": float("nan")}]}},
    *({"interaction_type": "search", "metadata": {"a": [{"b": value}]}} for value in NASTY),
    {"interaction_type": "search", "metadata": {str(number): 1 for number in range(51)}},
    {"interaction_type": "search", "metadata": {"a": ["x" * 5000] * 2}},
    {"interaction_type": "search", "metadata": {"a": [[[[[[[[[[[1]]]]]]]]]]]}},
    {"interaction_type": "search", "text": "\ufdfa" * 2000},
    {"interaction_type": "search", "extracted_keywords": ["\u0007"]},
]


def wrong_bodies(route, ids):
    """Return bodies in bytes: each field wrong in many ways, fields together, and no JSON."""
    if not route.takes_a_body:
        return [*(json.dumps(body).encode() for body in UNWANTED), b"{", b"[]"]
    right = route.body_for(**ids)
    bodies = [{**right, name: value} for name in route.body for value in NASTY]
    bodies += WRONG_BODIES
    if "interactions" in right:
        bodies += [{"interactions": [body]} for body in WRONG_BODIES]
    filled = json.dumps(bodies).replace('"{term}"', str(ids["term"]))
    return [*(json.dumps(body).encode() for body in json.loads(filled)), *BODIES.values()]


def wrong_requests(route, ids):
    """Yield an address and a body for each request."""
    url = route.url(**ids)
    if route.is_writing:
        yield from ((url, body) for body in wrong_bodies(route, ids))
        yield route.url(**{**ids, "tag": 0, "event": 0}), b"{}"
        return
    plain, _mark, right = url.partition("?")
    yield plain, None
    for query in WRONG_QUERIES:
        # The last of two parameters of one name counts.
        yield f"{plain}?{right}&{query}", None


def answer(client, route, url, body, language):
    """Return what is answered in a language; nothing of it stays."""
    with override(language), transaction.atomic():
        response = client.generic(route.method.upper(), url, body or b"", "application/json")
        transaction.set_rollback(True)
        if response.streaming or response.status_code == 204:
            return response.status_code, None
        return response.status_code, response.json()


def problems(status, data):
    """Return what an answer says is wrong: all of a refusal, or a part of a bulk's."""
    if status >= 400:
        return data
    results = data.get("results", []) if isinstance(data, dict) else []
    return [row.get("problems") for row in results]


def sentences(data):
    """Return the texts in an answer, in order."""
    if isinstance(data, dict):
        return [text for value in data.values() for text in sentences(value)]
    if isinstance(data, list):
        return [text for value in data for text in sentences(value)]
    return [data] if isinstance(data, str) else []


def refusals(client, route, ids, language):
    """Return what is said to each wrong request, and to none that is accepted."""
    answers = (answer(client, route, *one, language) for one in wrong_requests(route, ids))
    return [sentences(problems(*one)) for one in answers]


@each_route
def test_every_refusal_is_translated(api, mine, route):
    english, german = (refusals(api, route, mine, language) for language in ("en", "de"))
    pairs = {pair for said in zip(english, german, strict=True) for pair in zip(*said, strict=True)}
    assert {said for said, translated in pairs if said == translated} <= NOT_OURS


def translatable():
    """Yield a pattern for each text that the REST layer has translated, beside hosts' views."""
    for path in REST.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())) if path.stem != "hosts" else ():
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                [text] = node.args
                escaped = re.escape(text.value)
                yield text.value, re.compile(re.sub(r"%(\\\(\w+\\\))?[sd]", ".*", escaped), re.S)


def test_these_requests_meet_every_refusal_of_the_rest_layer(api, mine, settings):
    """What nothing here asks for would not be missed above."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 600_000  # one of the bodies is larger
    found = (text for route in ROUTES for said in refusals(api, route, mine, "en") for text in said)
    said, texts = set(found), dict(translatable())
    assert len(texts) >= 11
    missing = [text for text, pattern in texts.items() if not any(map(pattern.fullmatch, said))]
    assert missing == []
