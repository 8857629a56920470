"""Where something fails, nothing of people's data is in logs, in reports or in what is shown."""

import logging
import traceback

import django
import pytest
from django.core import mail
from django.db import IntegrityError, connection
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter

from django_personalization import privacy, tagging
from django_personalization.events import Event
from django_personalization.exceptions import InvalidInput
from django_personalization.learning import TrackResult
from django_personalization.models import PersonalizationSettings, UserInteraction, UserTag
from django_personalization.redaction import redact, redacted, redacting
from django_personalization.tracking import take_back, take_back_many, track, track_many
from django_personalization.upsert import TagRow
from tests.hosts.library.models import Book

pytestmark = pytest.mark.django_db

SECRET = "zzsecretzz"
ANYTHING = {
    "metadata": {"place": {"name": f"{SECRET} town"}},
    "extracted_keywords": [f"{SECRET} knitting"],
    "text": f"python and {SECRET}",
    "event_id": f"{SECRET}-1",
}
# From the outermost to the database's driver: each of these is made to fail.
PLACES = [
    "rest.interactions._event",
    "rest.interactions.tracking.track_allowed",
    "events._text_problem",
    "events.json_problem",
    "events.name_problem",
    "events.term_key",
    "events.term_called",
    "learning.keywords_to_store",
    "vocabulary.Vocabulary.match",
    "learning.mentions",
    "learning._row",
    "learning.upsert_tags",
    "learning.add_uses",
    "upsert._compile",
]


def broken(*args, **kwargs):
    raise RuntimeError("broken")


def broken_statement(execute, sql, params, many, context):
    if "userinteraction" in sql and sql.startswith("INSERT"):
        detail = f"DETAIL:  Failing row contains (1, {SECRET})."
        raise IntegrityError(f"a constraint is violated\n{detail}")
    return execute(sql, params, many, context)


@pytest.fixture
def reports(settings, caplog):
    """Everything that anybody is told of an error: the log, and both mails to administrators."""
    # Django 6.0 takes plain addresses, and 6.1 warns of pairs.
    address = "admin@example.org"
    settings.ADMINS = [address] if django.VERSION >= (6,) else [("Admin", address)]
    settings.DEBUG = False
    logger = logging.getLogger("django.request")
    handlers = [AdminEmailHandler(include_html=True)]
    caplog.set_level(logging.DEBUG)
    for handler in handlers:
        logger.addHandler(handler)

    def read():
        letters = [
            part
            for letter in mail.outbox
            for part in (letter.subject, letter.body, letter.alternatives)
        ]
        return caplog.text + "".join(map(str, letters))

    yield read
    for handler in handlers:
        logger.removeHandler(handler)


@pytest.fixture
def visitor(api):
    """A browser that is shown what a person would be shown."""
    api.raise_request_exception = False
    return api


def html_of(error):
    """Return what Django's report says of an error, with all variables of all functions."""
    reporter = ExceptionReporter(None, type(error), error, error.__traceback__)
    return reporter.get_traceback_html() + reporter.get_traceback_text()


@pytest.mark.parametrize("place", PLACES)
def test_an_event_that_fails_is_not_told(visitor, reports, terms, monkeypatch, place):
    monkeypatch.setattr(f"django_personalization.{place}", broken)
    event = {"interaction_type": "search", **ANYTHING}
    for url, body in (
        ("/api/v1/me/interactions/", event),
        ("/api/v1/me/interactions/bulk/", {"interactions": [event]}),
    ):
        mail.outbox.clear()
        answer = visitor.post(url, body, format="json")
        assert answer.status_code == 500
        told = reports() + answer.content.decode()
        assert SECRET not in told
        # It is told what happened, and where.
        assert "RuntimeError" in told
        assert "broken" in told
        assert len(mail.outbox) >= 1
    assert not UserInteraction.objects.exists()


def test_what_the_database_says_is_not_told(visitor, reports, terms):
    with connection.execute_wrapper(broken_statement):
        event = {"interaction_type": "search", **ANYTHING}
        del event["event_id"]
        answer = visitor.post("/api/v1/me/interactions/", event, format="json")
    assert answer.status_code == 500
    told = reports() + answer.content.decode()
    assert SECRET not in told
    assert "a constraint is violated" in told
    assert "IntegrityError" in told


def test_without_this_it_would_be_told(visitor, reports, terms, monkeypatch):
    """The tests above can fail."""
    monkeypatch.setattr("django_personalization.redaction.redact", lambda error: None)
    monkeypatch.setattr("django_personalization.rest.contract.redact", lambda error: None)
    monkeypatch.setattr("django_personalization.events.term_key", broken)
    visitor.post("/api/v1/me/interactions/", {"interaction_type": "search", **ANYTHING}, "json")
    assert SECRET in reports()


def test_a_refused_request_is_not_told(visitor, reports):
    bodies = [
        {"interaction_type": SECRET},
        {"interaction_type": "search", "metadata": [SECRET]},
        {"interaction_type": "search", "event_id": SECRET * 20},
    ]
    for body in bodies:
        assert visitor.post("/api/v1/me/interactions/", body, format="json").status_code == 400
    assert (
        visitor.post("/api/v1/me/tags/", {"name": f"{SECRET}\x00"}, format="json").status_code
        == 400
    )
    assert SECRET not in reports()


@pytest.mark.parametrize(
    ("method", "url", "body", "place"),
    [
        ("post", "me/tags/", {"name": SECRET}, "tagging.upsert_tags"),
        ("get", "me/tags/", None, "rest.serializers.UserTagSerializer.get_confidence_score"),
        ("get", "me/personalization/", None, "rest.overview.settings_of"),
        ("get", "me/interactions/", None, "rest.serializers.UserInteractionSerializer.get_content"),
        ("delete", "me/personalization/", None, "privacy.announce_tags"),
        ("post", "me/personalization/reset/", {}, "privacy.announce_tags"),
        ("get", "me/personalization/export/", None, "privacy.registered_personal_data"),
    ],
)
def test_no_route_tells(visitor, reports, person, monkeypatch, method, url, body, place):
    track(person, "search", **ANYTHING)
    tagging.pick(person, name=SECRET)
    monkeypatch.setattr(f"django_personalization.{place}", broken)
    answer = getattr(visitor, method)(f"/api/v1/{url}", body, format="json")
    assert answer.status_code == 500
    assert SECRET not in reports() + answer.content.decode()
    assert "RuntimeError" in reports()


@pytest.mark.parametrize("place", ["_tag_row", "_interaction_row", "tags_fed_by", "_count"])
def test_an_export_that_fails_on_the_way_tells_nothing(person, monkeypatch, place):
    for _time in range(3):
        track(person, "search", extracted_keywords=[SECRET], metadata={"place": SECRET})
    monkeypatch.setattr(f"django_personalization.personal_data.{place}", broken)
    with pytest.raises(RuntimeError) as error:
        "".join(privacy.export_profile(person))
    assert SECRET not in html_of(error.value)


def test_an_export_that_fails_after_some_rows_tells_nothing(person, monkeypatch):
    """What has been sent already is held by functions that wait for more."""
    for _time in range(5):
        track(person, "search", extracted_keywords=[SECRET], metadata={"place": SECRET})
    rows = iter(range(4))
    encoded = privacy._encoded

    def tired(value, **options):
        if isinstance(value, dict) and next(rows, None) is None:
            raise RuntimeError("broken")
        return encoded(value, **options)

    monkeypatch.setattr(privacy, "_encoded", tired)
    with pytest.raises(RuntimeError) as error:
        "".join(privacy.export_profile(person))
    assert SECRET not in html_of(error.value)


DOORS = {
    "track": lambda person, tag, row: track(person, "search", **ANYTHING),
    "track_many": lambda person, tag, row: track_many(person, [Event("search", **ANYTHING)]),
    "take_back": lambda person, tag, row: take_back(row),
    "take_back_many": lambda person, tag, row: take_back_many(UserInteraction.objects.all()),
    "pick": lambda person, tag, row: tagging.pick(person, name=SECRET),
    "hide": lambda person, tag, row: tagging.hide(person, name=f"{SECRET}s"),
    "change": lambda person, tag, row: tagging.change(tag, weight=2),
    "drop": lambda person, tag, row: tagging.drop(tag),
    "drop_many": lambda person, tag, row: tagging.drop_many(person, [tag.pk]),
    "change_many": lambda person, tag, row: tagging.change_many(
        UserTag.objects.all(), state="hidden"
    ),
    "set_selection": lambda person, tag, row: tagging.set_selection(person, []),
    "erase_profile": lambda person, tag, row: privacy.erase_profile(person),
    "reset_profile": lambda person, tag, row: privacy.reset_profile(person),
}


@pytest.mark.parametrize("name", DOORS)
def test_no_door_of_python_tells(person, terms, monkeypatch, name):
    """A host's own view is told what failed and where; its own variables are its own."""
    row = track(person, "search", extracted_keywords=[SECRET]).interaction
    tag = UserTag.objects.get()
    tagging.pick(person, taxonomy=terms["python"])
    for place in ("tagging", "tracking", "learning", "privacy"):
        monkeypatch.setattr(f"django_personalization.{place}.announce_tags", broken)
    with pytest.raises(RuntimeError) as error:
        DOORS[name](person, tag, row)
    frames = [frame.name for frame in traceback.extract_tb(error.value.__traceback__)]
    assert frames[-1] == "broken"
    # The first two are the test's own, which hold what it wrote down itself.
    told = error.value.with_traceback(error.value.__traceback__.tb_next.tb_next)
    assert SECRET not in html_of(told)


def test_whoever_develops_sees_all(person, settings, monkeypatch):
    settings.DEBUG = True
    monkeypatch.setattr("django_personalization.learning.mentions", broken)
    with pytest.raises(RuntimeError) as error:
        track(person, "search", **ANYTHING)
    told = error.value.with_traceback(error.value.__traceback__.tb_next.tb_next)
    assert SECRET in html_of(told)


# The arithmetic of it


def test_causes_are_emptied_too():
    def read(secret):
        raise ValueError("first")

    @redacted
    def door(secret):
        try:
            read(secret)
        except ValueError as error:
            copy = secret
            raise RuntimeError(f"second {len(copy)}") from error

    with pytest.raises(RuntimeError, match="second 10") as error:
        door(SECRET.upper())
    told = html_of(error.value.with_traceback(error.value.__traceback__.tb_next))
    assert "first" in told
    assert SECRET.upper() not in told


def test_errors_that_cause_each_other_end():
    first, second = ValueError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first
    redact(first)


def test_what_a_database_quotes_is_cut_off():
    error = IntegrityError("duplicate key\nDETAIL:  Key (event_id)=(zz) already exists.\n", 7)
    with pytest.raises(IntegrityError) as caught, redacting():
        raise error
    assert caught.value.args == ("duplicate key", 7)


def test_results_and_expected_errors_come_through():
    @redacted
    def door(value, *, more=1):
        """Say what it is for."""
        if value < 0:
            raise InvalidInput({"value": [f"{value} is below 0."]})
        return value + more

    assert door(1, more=2) == 3
    assert door.__doc__ == "Say what it is for."
    with pytest.raises(InvalidInput, match="-1 is below 0"):
        door(-1)


@pytest.mark.parametrize(
    "thing",
    [
        Event("search", **ANYTHING),
        TagRow(SECRET, SECRET, 1, "manual", 1.0),
        TrackResult(errors={"metadata": [SECRET]}),
        UserTag(pk=1, name=SECRET, key=SECRET),
        UserInteraction(pk=1, extracted_keywords=[SECRET], metadata={SECRET: 1}),
        TrackResult(UserInteraction(pk=1, extracted_keywords=[SECRET])),
        PersonalizationSettings(pk=1, consent="denied"),
        Event("search", content=Book(title=SECRET)),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_is_logged_of_a_thing_is_not_what_it_holds(thing):
    assert SECRET not in repr(thing)
    assert "denied" not in repr(thing).lower()
