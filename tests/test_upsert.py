"""The statement and its portable twin do the same."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from django_personalization import upsert
from django_personalization.models import UserTag
from django_personalization.text import term_key
from django_personalization.upsert import (
    HIDE,
    PICK,
    SELECT,
    TagRow,
    add_evidence,
    upsert_tags,
    weighed,
)

pytestmark = pytest.mark.django_db

NAMES = ["active", "picked", "dismissed", "hidden", "new"]


@pytest.fixture(params=["statement", "portable"])
def _way(request, monkeypatch):
    """Write with the one statement, or as on a database that does not know it."""
    if request.param == "portable":
        monkeypatch.setattr(upsert, "_knows_the_statement", lambda connection: False)


@pytest.fixture
def existing(person):
    old = timezone.now() - timedelta(days=9)
    for name in NAMES[:-1]:
        UserTag.objects.create(
            user=person,
            name=name,
            key=term_key(name),
            source="manual" if name == "picked" else "auto_project",
            state=name if name in {"dismissed", "hidden"} else "active",
            evidence=1e6,
            interaction_count=2,
            confidence_score=1.0 if name == "picked" else 0.3,
            weight=2,
            created_at=old,
            updated_at=old,
        )


def rows(**values):
    return [TagRow(key=term_key(n), name=n, taxonomy_id=None, **values) for n in NAMES]


def look(person):
    fields = ["source", "state", "interaction_count", "weight"]
    return {tag.name: tuple(getattr(tag, f) for f in fields) for tag in UserTag.objects.of(person)}


@pytest.mark.usefixtures("_way", "existing")
def test_evidence(person):
    now = timezone.now()
    evidence = rows(
        source="auto_activity", confidence_score=0.25, evidence=5e6, interaction_count=1
    )
    written = upsert_tags(person.pk, evidence, add_evidence(now, 30), now)
    assert written == {term_key(name) for name in ("active", "picked", "new")}
    assert look(person) == {
        "active": ("auto_activity", "active", 3, 2),
        "picked": ("manual", "active", 3, 2),
        "dismissed": ("auto_project", "dismissed", 2, 2),
        "hidden": ("auto_project", "hidden", 2, 2),
        "new": ("auto_activity", "active", 1, 1),
    }
    tags = {tag.name: tag for tag in UserTag.objects.of(person)}
    assert tags["active"].evidence == 6e6
    assert tags["active"].confidence_score == pytest.approx(tags["active"].confidence_at(now))
    assert tags["picked"].confidence_score == 1
    assert tags["active"].updated_at == tags["new"].created_at == now
    assert tags["dismissed"].updated_at < now


@pytest.mark.usefixtures("_way", "existing")
def test_picks(person):
    now = timezone.now()
    upsert_tags(person.pk, rows(source="manual", confidence_score=1.0), PICK, now)
    assert set(look(person).values()) == {
        ("manual", "active", 2, 2),
        ("manual", "active", 0, 1),
    }
    tags = {tag.name: tag for tag in UserTag.objects.of(person)}
    assert tags["picked"].updated_at < now
    assert tags["dismissed"].updated_at == now
    assert tags["active"].evidence == 1e6


@pytest.mark.parametrize(("weight", "unchanged"), [(2, {"picked"}), (0.5, set())])
@pytest.mark.usefixtures("_way", "existing")
def test_picks_with_a_weight(person, weight, unchanged):
    now = timezone.now()
    picks = rows(source="manual", confidence_score=1.0, weight=weight)
    upsert_tags(person.pk, picks, weighed(PICK), now)
    assert set(look(person).values()) == {
        ("manual", "active", 2, weight),
        ("manual", "active", 0, weight),
    }
    tags = UserTag.objects.of(person)
    assert {tag.name for tag in tags if tag.updated_at < now} == unchanged


@pytest.mark.usefixtures("_way", "existing")
def test_hiding_with_a_weight(person):
    now = timezone.now()
    hidden = rows(source="auto_activity", confidence_score=0.0, state="hidden", weight=0.5)
    upsert_tags(person.pk, hidden, weighed(HIDE), now)
    assert {(state, w) for _s, state, _c, w in look(person).values()} == {("hidden", 0.5)}
    assert look(person)["picked"][0] == "manual"
    assert {tag.updated_at for tag in UserTag.objects.of(person)} == {now}


@pytest.mark.usefixtures("_way", "existing")
def test_hiding(person):
    now = timezone.now()
    hidden = rows(source="manual", confidence_score=1.0, state="hidden")
    upsert_tags(person.pk, hidden, HIDE, now)
    assert {state for _s, state, _c, _w in look(person).values()} == {"hidden"}
    assert look(person)["active"][0] == "auto_project"


@pytest.mark.usefixtures("_way", "existing")
def test_a_selection_picks_and_drops_in_one_statement(person):
    now = timezone.now()
    picks = {"dismissed", "hidden", "new"}
    states = {name: "active" if name in picks else "dismissed" for name in NAMES}
    selection = [
        TagRow(term_key(name), name, None, "manual", 1.0, state=state)
        for name, state in states.items()
    ]
    upsert_tags(person.pk, selection, SELECT, now)
    assert look(person) == {
        "active": ("auto_project", "dismissed", 2, 2),
        "picked": ("manual", "dismissed", 2, 2),
        "dismissed": ("manual", "active", 2, 2),
        "hidden": ("manual", "active", 2, 2),
        "new": ("manual", "active", 0, 1),
    }
    confidence = {tag.name: tag.confidence_score for tag in UserTag.objects.of(person)}
    assert confidence["active"] == 0.3
    assert confidence["dismissed"] == 1.0


@pytest.mark.usefixtures("_way")
def test_more_rows_than_a_statement_takes(person, monkeypatch):
    monkeypatch.setattr(type(connection.features), "max_query_params", 50)
    now = timezone.now()
    many = [
        TagRow(
            term_key(str(i)), str(i), None, "auto_activity", 0.1, evidence=1, interaction_count=1
        )
        for i in range(40)
    ]
    assert len(upsert_tags(person.pk, many, add_evidence(now, 30), now)) == 40
    assert UserTag.objects.of(person).count() == 40


@pytest.mark.usefixtures("_way")
def test_an_enormous_sum_stays_below_certainty(person):
    now = timezone.now()
    growth = upsert.scoring.growth(now, 30)
    row = TagRow(term_key("x"), "x", None, "auto_activity", 0.5, evidence=1e9 * growth)
    for _ in range(2):
        upsert_tags(person.pk, [row], add_evidence(now, 30), now)
    assert 0.999 < UserTag.objects.get().confidence_score < 1
