"""preferences: what a person decides, changed through one door."""

import pytest
from django.contrib.auth.models import AnonymousUser

from django_personalization.choices import Consent, Mode
from django_personalization.exceptions import InvalidInput
from django_personalization.models import PersonalizationSettings
from django_personalization.preferences import change_settings, reset_settings, settings_of
from tests.test_concurrency import together

pytestmark = pytest.mark.django_db

DEFAULTS = ("unset", False, "full", 50)


def said(row):
    return (row.consent, row.paused, row.mode, row.discovery)


def test_who_has_decided_nothing_has_the_defaults_and_no_row(person):
    assert said(settings_of(person)) == DEFAULTS
    assert said(settings_of(AnonymousUser())) == DEFAULTS
    assert said(change_settings(person)) == DEFAULTS
    assert not PersonalizationSettings.objects.exists()


def test_a_change_leaves_the_rest(person, other):
    assert said(change_settings(person, consent="granted")) == ("granted", False, "full", 50)
    assert said(change_settings(person, mode=Mode.EXPLICIT)) == ("granted", False, "explicit", 50)
    changed = change_settings(person, paused=True, discovery=0)
    assert said(changed) == ("granted", True, "explicit", 0)
    assert said(change_settings(person, paused=False)) == ("granted", False, "explicit", 0)
    assert said(settings_of(person)) == ("granted", False, "explicit", 0)
    assert said(settings_of(other)) == DEFAULTS
    assert PersonalizationSettings.objects.count() == 1


def test_a_change_has_its_time(person):
    first = change_settings(person, paused=True)
    second = change_settings(person, paused=False)
    assert second.updated_at > first.updated_at
    assert settings_of(person).updated_at == second.updated_at
    assert second.created_at == first.created_at


@pytest.mark.parametrize("value", [0, 1, 99, 100])
def test_every_discovery_that_there_is(person, value):
    assert change_settings(person, discovery=value).discovery == value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"consent": "yes"}, '"yes" is not one of: unset, granted, denied.'),
        ({"consent": True}, "true is not one of: unset, granted, denied."),
        ({"consent": ["granted"]}, "['granted'] is not one of: unset, granted, denied."),
        ({"paused": "true"}, '"true" is not one of: true, false.'),
        ({"paused": 1}, "1 is not one of: true, false."),
        ({"mode": "off"}, '"off" is not one of: full, explicit, none.'),
        ({"mode": ""}, '"" is not one of: full, explicit, none.'),
        ({"discovery": 101}, "101 is not a whole number from 0 to 100."),
        ({"discovery": -1}, "-1 is not a whole number from 0 to 100."),
        ({"discovery": 50.0}, "50.0 is not a whole number from 0 to 100."),
        ({"discovery": True}, "true is not a whole number from 0 to 100."),
        ({"discovery": "50"}, '"50" is not a whole number from 0 to 100.'),
        ({"discovery": 10**5000}, "a int too large to show is not a whole number from 0 to 100."),
    ],
)
def test_wrong_values_are_refused_with_the_legal_ones(person, changes, message):
    change_settings(person, consent="denied")
    with pytest.raises(InvalidInput) as caught:
        change_settings(person, **{"consent": "granted", **changes})
    assert caught.value.errors == {next(iter(changes)): [message]}
    assert said(settings_of(person)) == ("denied", False, "full", 50)


def test_all_that_is_wrong_is_said_at_once(person):
    with pytest.raises(InvalidInput) as caught:
        change_settings(person, consent="no", mode="no", paused="no", discovery=7)
    assert set(caught.value.errors) == {"consent", "mode", "paused"}
    assert not PersonalizationSettings.objects.exists()


def test_a_reset_forgets_all_of_it(person, other):
    change_settings(person, consent="denied", paused=True, mode="none", discovery=3)
    change_settings(other, consent="denied")
    assert said(reset_settings(person)) == DEFAULTS
    assert said(reset_settings(person)) == DEFAULTS
    assert said(settings_of(person)) == DEFAULTS
    assert settings_of(other).consent == Consent.DENIED


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_first_changes_at_once_make_one_row_with_all_of_them(person):
    changes = [{"consent": "granted"}, {"paused": True}, {"mode": "explicit"}, {"discovery": 7}]
    for _ in range(10):
        reset_settings(person)
        together(lambda number: change_settings(person, **changes[number % 4]), threads=8)
        assert said(settings_of(person)) == ("granted", True, "explicit", 7)
        assert PersonalizationSettings.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_changes_against_resets(person):
    def work(number):
        for _ in range(20):
            if number % 2:
                reset_settings(person)
            else:
                change_settings(person, consent="denied", discovery=number)

    together(work, threads=8)
    change_settings(person, consent="granted")
    assert PersonalizationSettings.objects.get(user=person).consent == "granted"
