"""Whether anything may be collected: decided in tracking, failing closed, also against races."""

import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework.request import Request

from django_personalization import learning, tracking
from django_personalization.models import (
    ItemStatistics,
    PersonalizationSettings,
    UserInteraction,
    UserTag,
)
from django_personalization.preferences import change_settings, reset_settings
from django_personalization.privacy import erase_profile
from django_personalization.querysets import hold_person, keep_person
from django_personalization.signals import interactions_tracked, tags_changed
from django_personalization.tracking import refusal, sends_gpc, track, track_many
from tests.hosts.library.models import Book
from tests.test_concurrency import together

pytestmark = pytest.mark.django_db
URL = "/api/v1/me/interactions/"

# The first reason whose condition holds.
REASONS = {
    "consent_denied": lambda d: d["consent"] == "denied",
    "consent_missing": lambda d: d["consent"] == "unset" and d["required"],
    "global_privacy_control": lambda d: d["consent"] == "unset" and d["gpc"],
    "mode_none": lambda d: d["mode"] == "none",
    "paused": lambda d: d["paused"],
}
CONDITIONS = {
    "consent": ["unset", "granted", "denied"],
    "gpc": [False, True],
    "required": [False, True],
    "paused": [False, True],
    "mode": ["full", "explicit", "none"],
}
CASES = [
    dict(zip(CONDITIONS, values, strict=True)) for values in itertools.product(*CONDITIONS.values())
]


def expected(conditions):
    return next((name for name, holds in REASONS.items() if holds(conditions)), None)


def label(conditions):
    named = [name for name in ("gpc", "required", "paused") if conditions[name]]
    return "-".join([conditions["consent"], conditions["mode"], *named])


def test_every_reason_is_tried():
    assert {expected(case) for case in CASES} == {*REASONS, None}


@pytest.fixture
def heard():
    """What hosts hear of."""
    signals = []

    def listen(signal, **kwargs):
        signals.append(signal)

    for signal in (interactions_tracked, tags_changed):
        signal.connect(listen)
    yield signals
    for signal in (interactions_tracked, tags_changed):
        signal.disconnect(listen)


def counts():
    return [model.objects.count() for model in (UserInteraction, UserTag, ItemStatistics)]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_every_decision(
    case, api, person, terms, settings, heard, django_capture_on_commit_callbacks
):
    settings.DJANGO_PERSONALIZATION = {"REQUIRE_CONSENT": case["required"]}
    if case != {**case, "consent": "unset", "paused": False, "mode": "full"}:
        change_settings(person, consent=case["consent"], paused=case["paused"], mode=case["mode"])
    book = Book.objects.create(title="x")
    book.topics.add(terms["python"])
    reason, gpc = expected(case), case["gpc"]
    assert refusal(person, gpc=gpc) == reason
    event = {
        "interaction_type": "content_view",
        "text": "ml",
        "extracted_keywords": ["Zig"],
        "content": {"type": "library.book", "id": book.pk},
    }
    headers = {"Sec-GPC": "1"} if gpc else {}
    with django_capture_on_commit_callbacks(execute=True):
        result = track(person, "content_view", text="c++", content=book, gpc=gpc)
        one = api.post(URL, event, format="json", headers=headers)
        many = api.post(
            f"{URL}bulk/", {"interactions": [event] * 2}, format="json", headers=headers
        )
    assert result.reason == reason
    assert result.stored == (reason is None)
    if reason is None:
        assert (one.status_code, many.status_code) == (201, 200)
        assert counts() == [4, 2, 1]  # the others are repeats within the window
        assert heard
        return
    for response in (one, many):
        assert response.status_code == 202
        assert response.json() == {"stored": False, "reason": reason}
    assert counts() == [0, 0, 0]
    assert not heard


@pytest.mark.parametrize("gpc", [False, True])
def test_strangers(terms, gpc):
    assert refusal(AnonymousUser(), gpc=gpc) == "anonymous"
    assert track(AnonymousUser(), "search", text="python", gpc=gpc).reason == "anonymous"
    assert not UserInteraction.objects.exists()


@pytest.mark.parametrize("consent", ["", "yes", "GRANTED"])
def test_what_cannot_be_read_as_a_yes_is_a_no(person, terms, consent):
    change_settings(person, consent="granted")
    PersonalizationSettings.objects.update(consent=consent)
    assert track(person, "search", text="python").reason == "consent_denied"


def test_a_host_is_never_failed_by_people_who_said_no(person, terms):
    change_settings(person, consent="denied")
    nonsense = {"metadata": [], "text": 3, "extracted_keywords": "x", "content": "book"}
    assert track(person, "vote", **nonsense).reason == "consent_denied"
    events = [tracking.Event("vote"), tracking.Event("search")]
    assert [result.reason for result in track_many(person, events)] == ["consent_denied"] * 2


def test_a_refusal_costs_one_query(person, terms, django_assert_num_queries):
    change_settings(person, paused=True)
    with django_assert_num_queries(1):
        track(person, "search", text="python")


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        (None, False),
        ("1", True),
        (" 1 ", True),
        ("1, 1", True),
        ("0", False),
        ("", False),
        ("true", False),
        ("11", False),
    ],
)
def test_the_header(header, sent):
    request = RequestFactory().get("/", headers={} if header is None else {"Sec-GPC": header})
    assert sends_gpc(request) is sent
    assert sends_gpc(Request(request)) is sent


def test_a_pause_keeps_the_profile_and_stops_learning(person, terms):
    track(person, "search", text="python")
    change_settings(person, paused=True)
    assert track(person, "search", text="ml").reason == "paused"
    assert UserTag.objects.of(person).get().name == "Python"
    change_settings(person, paused=False)
    assert track(person, "search", text="ml").stored


def test_a_reset_asks_again(person, terms, settings):
    settings.DJANGO_PERSONALIZATION = {"REQUIRE_CONSENT": True}
    change_settings(person, consent="granted")
    assert refusal(person) is None
    reset_settings(person)
    assert refusal(person) == "consent_missing"


def test_to_erase_and_stay_away(person, terms):
    """As the how-to guide says."""
    track(person, "search", text="python")
    with transaction.atomic():
        erase_profile(person)
        change_settings(person, consent="denied")
    assert track(person, "search", text="python").reason == "consent_denied"
    assert counts() == [0, 0, 0]


# Races


@pytest.mark.parametrize("decision", [{"consent": "denied"}, {"paused": True}, {"mode": "none"}])
def test_a_decision_made_while_an_event_is_prepared(person, terms, monkeypatch, decision):
    """The first look found nothing against it; the second, under the lock, does."""
    prepare = learning._prepare

    def decide_meanwhile(events, now):
        change_settings(person, **decision)
        return prepare(events, now)

    monkeypatch.setattr(learning, "_prepare", decide_meanwhile)
    events = [tracking.Event("vote"), tracking.Event("search", text="python", event_id="e")]
    results = track_many(person, events)
    assert not any(result.errors or result.stored for result in results)
    assert len({result.reason for result in results}) == 1
    assert results[0].reason is not None
    assert counts() == [0, 0, 0]


def track_once(person, number, i, book):
    """Track in one of four ways."""
    if number % 4 == 0:
        return track(person, "content_view", content=book)
    if number % 4 == 1:
        return track(person, "search", text="ml", event_id=f"{i}")
    if number % 4 == 2:
        return track_many(person, [tracking.Event("search", text="c++, python")] * 5)[0]
    time.sleep(0.03)  # these do not queue, and would leave no gap otherwise
    with transaction.atomic():  # as under ATOMIC_REQUESTS
        return track(person, "search", extracted_keywords=["Python", "Zig"])


def track_until_refused(person, number, book):
    """Track as fast as can be and return why that came to an end.

    A decision that had to wait for the trackers to grow tired would come too late.
    """
    try:
        results = (track_once(person, number, i, book) for i in range(200))
        return next((result.reason for result in results if not result.stored), None)
    finally:
        connection.close()


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("decision", [{"consent": "denied"}, {"paused": True}])
def test_nothing_is_stored_after_a_decision(person, terms, decision):
    book = Book.objects.create(title="x")
    book.topics.add(terms["python"], terms["cpp"])
    for _ in range(5):
        UserInteraction.objects.all().delete()
        reset_settings(person)
        with ThreadPoolExecutor(16) as pool:
            ends = [pool.submit(track_until_refused, person, n, book) for n in range(16)]
            wait_for(lambda: UserInteraction.objects.count() > 50)
            began = time.monotonic()
            change_settings(person, **decision)
            waited = time.monotonic() - began
            stored = counts(), evidence()
        assert {end.result() for end in ends} == {refusal(person)}
        assert (counts(), evidence()) == stored
        # However busy the trackers are, a decision takes its turn among them.
        assert waited < 5


def evidence():
    return sorted(UserTag.objects.values_list("name", "evidence", "interaction_count"))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("nested", [False, True])
def test_who_holds_a_person_waits_for_those_who_keep_them(person, nested):
    kept, let_go = Event(), Event()

    def keep():
        with transaction.atomic():
            if nested:
                with transaction.atomic():
                    keep_person(person.pk)
            else:
                keep_person(person.pk)
            kept.set()
            let_go.wait(10)
        connection.close()

    order = []

    def hold():
        with transaction.atomic():
            hold_person(person.pk, exclusive=True)
            order.append("held")
        connection.close()

    keeper, holder = Thread(target=keep), Thread(target=hold)
    keeper.start()
    kept.wait(10)
    with transaction.atomic():
        keep_person(person.pk)  # another tracker does not wait
        hold_person(person.pk)  # nor does who takes turns with trackers
    holder.start()
    time.sleep(0.3)
    order.append("let go")
    let_go.set()
    keeper.join()
    holder.join()
    assert order == ["let go", "held"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_people_who_decide_while_they_are_tracked_and_tag(person, terms):
    """Nobody fails, whatever meets: decisions, resets, events with and without content."""
    book = Book.objects.create(title="x")
    book.topics.add(terms["python"])

    def work(number):
        for i in range(12):
            if number == 0:
                change_settings(person, consent=["denied", "granted"][i % 2])
            elif number == 1:
                reset_settings(person)
            elif number % 2:
                track(person, "content_view", content=book, event_id=f"{number}-{i}")
            else:
                with transaction.atomic():
                    track(person, "content_view", text="ml and c++", content=book)

    together(work, threads=16)
    fed = sum(len(row.fed_terms) for row in UserInteraction.objects.all())
    assert sum(tag.interaction_count for tag in UserTag.objects.of(person)) == fed


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_decision_waits_for_its_own_person_only(person, other):
    with transaction.atomic():
        keep_person(other.pk)
        done = Event()

        def decide():
            change_settings(person, consent="denied")
            done.set()
            connection.close()

        thread = Thread(target=decide)
        thread.start()
        assert done.wait(5)
        thread.join()


@pytest.mark.postgres
def test_other_databases_lock_the_row_itself(person, monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql")
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        keep_person(person.pk)
    [statement] = [query["sql"] for query in captured if "SELECT" in query["sql"]]
    assert statement.endswith("FOR UPDATE")


def test_body_of_the_answer_is_documented():
    """The HTTP reference lists every reason that the API gives."""
    from tests.docs.pages import DOCS

    page = (DOCS / "reference/http-api.md").read_text()
    howto = (DOCS / "howto/consent.md").read_text()
    for reason in REASONS:
        assert f"`{reason}`" in page
        assert f"`{reason}`" in howto
    assert json.dumps({"stored": False, "reason": "consent_missing"}) in page
