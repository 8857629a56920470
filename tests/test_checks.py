"""Every setting has a check, an id and a hint."""

from functools import partial

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from django_personalization import content
from django_personalization.checks import (
    check_content,
    check_database_router,
    check_isolation,
    check_settings,
    check_time_zones,
)
from django_personalization.conf import DEFAULTS, app_settings
from tests.hosts.library.models import Book

TYPE = {"label": "Vote", "weight": 1, "source": "auto_activity"}

WRONG = [
    ("TAXONOMY_CATEGORIES", {}, "E001"),
    ("TAXONOMY_CATEGORIES", ["interest"], "E001"),
    ("TAXONOMY_CATEGORIES", {"x" * 33: "Long"}, "E001"),
    ("TAXONOMY_CATEGORIES", {"x": 3}, "E001"),
    ("INTERACTION_TYPES", {}, "E002"),
    ("INTERACTION_TYPES", {"vote": {"label": "Vote"}}, "E002"),
    ("INTERACTION_TYPES", {"vote": {**TYPE, "weight": 0}}, "E002"),
    ("INTERACTION_TYPES", {"vote": {**TYPE, "weight": "1"}}, "E002"),
    ("INTERACTION_TYPES", {"vote": {**TYPE, "source": "manual"}}, "E002"),
    ("INTERACTION_TYPES", {"vote": {**TYPE, "label": None}}, "E002"),
    ("INTERACTION_TYPES", {3: TYPE}, "E002"),
    ("HALF_LIFE_DAYS", 7, "E003"),
    ("HALF_LIFE_DAYS", "30", "E003"),
    ("HALF_LIFE_DAYS", float("inf"), "E003"),
    ("MIN_CONFIDENCE", 1, "E004"),
    ("MIN_CONFIDENCE", -0.1, "E004"),
    ("INFER_UNKNOWN_KEYWORDS", "yes", "E005"),
    ("REPEAT_WINDOW_MINUTES", -1, "E006"),
    ("INTERACTION_RETENTION_DAYS", 0, "E007"),
    ("INTERACTION_RETENTION_DAYS", True, "E007"),
    ("REQUIRE_CONSENT", 1, "E008"),
    ("PUBLIC_TAXONOMIES", None, "E009"),
    ("THROTTLE_RATES", {"tracking": "many"}, "E010"),
    ("THROTTLE_RATES", {"tracking": "0/min"}, "E010"),
    ("THROTTLE_RATES", {"trakking": "1/min"}, "E010"),
    ("THROTTLE_RATES", "1/min", "E010"),
]


def test_the_defaults_are_fine(settings):
    del settings.DJANGO_PERSONALIZATION
    assert check_settings() == []


@pytest.mark.parametrize(("name", "value", "code"), WRONG)
def test_a_wrong_value_is_reported(settings, name, value, code):
    settings.DJANGO_PERSONALIZATION = {name: value}
    messages = check_settings()
    assert {message.id for message in messages} == {f"django_personalization.{code}"}
    assert all(message.hint and name in message.msg for message in messages)


def test_every_setting_has_a_check():
    assert {name for name, _value, _code in WRONG} == set(DEFAULTS)


@pytest.mark.django_db
def test_manage_py_check_stops_on_a_wrong_value(settings):
    settings.DJANGO_PERSONALIZATION = {"HALF_LIFE_DAYS": 1}
    with pytest.raises(SystemCheckError, match="E003"):
        call_command("check")


def test_an_unknown_setting_is_reported_with_a_guess(settings):
    settings.DJANGO_PERSONALIZATION = {"HALF_LIFE_DAY": 30}
    [message] = check_settings()
    assert message.id == "django_personalization.E011"
    assert "Did you mean HALF_LIFE_DAYS?" in message.hint


def test_something_else_than_a_dictionary_is_reported(settings):
    settings.DJANGO_PERSONALIZATION = ["HALF_LIFE_DAYS"]
    [message] = check_settings()
    assert message.id == "django_personalization.E000"
    assert app_settings.half_life_days == 30


def test_settings_are_read_at_every_access(settings):
    settings.DJANGO_PERSONALIZATION = {"HALF_LIFE_DAYS": 60, "INTERACTION_TYPES": {"vote": TYPE}}
    assert app_settings.half_life_days == 60
    assert list(app_settings.interaction_types) == ["vote"]
    settings.DJANGO_PERSONALIZATION = {}
    assert app_settings.half_life_days == 30


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_another_isolation_level_is_reported(monkeypatch):
    from psycopg import IsolationLevel

    assert check_isolation() == []
    for level in IsolationLevel:
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"isolation_level": level})
        found = check_isolation()
        assert len(found) == (level != IsolationLevel.READ_COMMITTED)
        assert all(message.id.endswith("E015") and level.name in message.msg for message in found)


@pytest.fixture
def declare():
    """Return how to declare books otherwise, for one test."""
    right = content.declaration_of(Book)
    yield partial(content.register, Book)
    content.register(
        Book,
        terms=right.terms,
        owner=right.owner,
        published_at=right.published_at,
        visible=right.visible,
    )


@pytest.fixture
def _registered_wrongly(declare):
    declare(terms="topic", owner="author__nobody", published_at="created_at")


@pytest.mark.usefixtures("_registered_wrongly")
def test_a_wrong_path_is_reported_with_the_right_ones():
    owner, terms = sorted(check_content(), key=lambda message: message.msg)
    assert terms.id == owner.id == "django_personalization.E012"
    assert "terms='topic'" in terms.msg
    assert "topics" in terms.hint
    assert "nobody" in owner.msg
    assert check_settings() == []


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (Q(is_publc=True), "Cannot resolve keyword 'is_publc' into field"),
        (Q(author__nam="x") & Q(is_public=True), "nam"),
        (~Q(is_public=True, title__contain="x"), "Unsupported lookup 'contain'"),
        (Q(is_public="perhaps"), "“perhaps” value must be either True or False"),
        (Q(created_at="yesterday"), "“yesterday” value has an invalid format"),
        (Q(created_at__range=5), "not iterable"),
        (Q(pk=[1]), "expected a number but got [1]"),
        (Q(pk__in=Book), "not iterable"),
        (Q(F("title")), "non-conditional expression"),
    ],
)
def test_a_condition_that_no_query_can_have_is_reported_with_the_fields(declare, condition, reason):
    declare(terms="topics", visible=condition)
    [message] = check_content()
    assert message.id == "django_personalization.E012"
    assert message.msg.startswith("register(library.book): visible=<Q: ")
    assert reason in message.msg
    assert "Choices are" not in message.msg
    assert "is_public" in message.hint.partition(": ")[2].rstrip(".").split(", ")


def test_a_condition_that_is_none_is_reported(declare):
    declare(terms="topics", visible="is_public")
    [message] = check_content()
    assert message.id == "django_personalization.E012"
    assert "visible='is_public' is no condition" in message.msg
    assert "Q(...)" in message.hint


@pytest.mark.parametrize(
    "condition",
    [
        Q(is_public=True),
        Q(),
        Q(topics__name__icontains="x") | ~Q(author__pk__in=[1]),
        Q(Exists(Book.objects.filter(pk=OuterRef("pk")))),
        Q(created_at__lt=Now()),
        lambda user: Q(nobody_knows=user),
    ],
)
def test_a_right_condition_and_a_function_are_no_problem(declare, condition):
    declare(terms="topics", visible=condition)
    assert check_content() == []


def test_a_host_without_time_zones_is_told(settings):
    settings.USE_TZ = False
    [message] = check_time_zones()
    assert message.id == "django_personalization.E013"


class ReadsElsewhere:
    def db_for_read(self, model, **hints):
        return "replica"


def test_a_router_that_splits_reads_and_writes_is_reported(settings):
    assert check_database_router() == []
    settings.DATABASE_ROUTERS = ["tests.test_checks.ReadsElsewhere"]
    [message] = check_database_router()
    assert message.id == "django_personalization.E014"
    assert "replica" in message.msg
