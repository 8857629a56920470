"""Every request of the HTTP reference is sent, and every answer is the one that it shows."""

import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import get_resolver

from django_personalization import seeding
from tests.docs.compare import differences
from tests.docs.pages import steps
from tests.hosts.library.models import Book

PAGE = "docs/reference/http-api.md"
REQUEST = re.compile(r"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/1\.1\n(?P<headers>(?:\S+: .+\n)*)")
ANSWER = re.compile(r"HTTP/1\.1 (?P<status>\d+) [^\n]+\n(?P<headers>(?:\S+: .+\n)*)")


def exchanges():
    """Yield each request of the page with the answer that follows it."""
    blocks = [step for step in steps(PAGE) if step.kind == "http"]
    pairs = list(zip(blocks[::2], blocks[1::2], strict=True))
    for request, answer in pairs:
        asked, answered = REQUEST.match(request.text), ANSWER.match(answer.text)
        assert asked, f"{request.place} is no request"
        assert answered, f"{answer.place} is no answer"
        body = request.text[asked.end() :].strip()
        yield request.place, asked, body, answered, answer.text[answered.end() :].strip()


@pytest.fixture
def ada(transactional_db, django_db_reset_sequences, tmp_path):
    """The reader: signed in, and in front of the vocabulary and the book that the page names."""
    vocabulary = tmp_path / "terms.csv"
    vocabulary.write_text(next(step.text for step in steps(PAGE) if step.kind == "text"))
    seeding.seed([vocabulary])
    person = get_user_model().objects.create_user("ada")
    Book.objects.create(title="Learning Python").topics.add(1)
    client = Client()
    client.force_login(person)
    return client


def test_exchanges(ada):
    count = 0
    for place, asked, body, answered, shown in exchanges():
        headers = dict(re.findall(r"(\S+): (.+)", asked["headers"]))
        content_type = headers.pop("Content-Type", "application/json")
        response = ada.generic(
            asked["method"], asked["path"], body, content_type=content_type, headers=headers
        )
        answer = response.getvalue().decode()
        assert response.status_code == int(answered["status"]), f"{place}: {answer}"
        for name, value in re.findall(r"(\S+): (.+)", answered["headers"]):
            assert response[name] == value, place
        if shown or answer:
            found = differences(json.loads(shown or "null"), json.loads(answer or "null"))
            assert not found, f"{place}:\n" + "\n".join(found) + f"\n\n{answer}"
        count += 1
    assert count > 20


def test_every_route_and_method_is_shown():
    shown = {(m["method"], resolved(m["path"])) for _place, m, *_rest in exchanges()}
    assert {name for _method, name in shown} == {p.name for p in patterns()}
    allowed = {
        (method.upper(), pattern.name)
        for pattern in patterns()
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(pattern.callback.view_class, method)
    }
    # The page says in words that bulk_delete takes DELETE as well.
    assert allowed - shown == {("DELETE", "tag-bulk-delete")}


def patterns():
    return list(get_resolver("django_personalization.urls").url_patterns)


def resolved(path):
    return get_resolver().resolve(path.partition("?")[0]).url_name
