"""The write door for what a person decides about personalization.

Consent, pause, mode and discovery are read with :func:`settings_of` and changed here and nowhere
else: a change waits for the events that are under way, so that none is stored after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from django_personalization.choices import Consent, Mode
from django_personalization.exceptions import InvalidInput
from django_personalization.models import PersonalizationSettings
from django_personalization.querysets import hold_person
from django_personalization.validation import not_among, not_whole, shown

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

MOST_DISCOVERY: Final = 100
_MOST_ERRORS: Final = 20
_Rules = Mapping[str, Callable[[object], str | None]]


def settings_of(user: AbstractBaseUser | AnonymousUser) -> PersonalizationSettings:
    """Return what ``user`` has decided: the stored row, or the defaults, which are not stored."""
    if user.pk is None:
        return PersonalizationSettings()
    row = PersonalizationSettings.objects.filter(user=user.pk).first()
    return row or PersonalizationSettings(user_id=user.pk)


def change_settings(
    user: AbstractBaseUser,
    *,
    consent: str | None = None,
    paused: bool | None = None,
    mode: str | None = None,
    discovery: int | None = None,
) -> PersonalizationSettings:
    """Change what ``user`` has decided and return all of it; what is not given stays.

    ``consent`` is a :class:`~django_personalization.choices.Consent`, ``mode`` a
    :class:`~django_personalization.choices.Mode` and ``discovery`` a whole number from 0 to 100.
    Once a change has committed, nothing that it forbids is stored any more. Raises
    :class:`InvalidInput`, naming the legal values, and then changes nothing.
    """
    given = {"consent": consent, "paused": paused, "mode": mode, "discovery": discovery}
    changes = {name: value for name, value in given.items() if value is not None}
    errors = change_problems(changes)
    if errors:
        raise InvalidInput(errors)
    if not changes:
        return settings_of(user)
    with transaction.atomic():
        hold_person(user.pk, exclusive=True)
        return store_settings(user, **changes)


def store_settings(user: AbstractBaseUser, **changes: Any) -> PersonalizationSettings:
    """Store legal ``changes`` of what ``user`` has decided and return all of it.

    Call it in a transaction that holds the person exclusively: nobody else makes their row then.
    """
    # Locked against who changes the row past this door, and loses nothing of it.
    found = PersonalizationSettings.objects.filter(user=user.pk).select_for_update().first()
    row = found or PersonalizationSettings(user_id=user.pk)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()
    return row


def reset_settings(user: AbstractBaseUser) -> PersonalizationSettings:
    """Forget what ``user`` has decided and return the defaults: consent is not chosen any more."""
    with transaction.atomic():
        hold_person(user.pk, exclusive=True)
        PersonalizationSettings.objects.filter(user=user.pk).delete()
    return PersonalizationSettings(user_id=user.pk)


def change_problems(changes: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what is wrong with each of ``changes``, whose names and values may be anything."""
    return _problems(changes, _PROBLEMS)


def refusal_problems(fields: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what is wrong with ``fields``, of which only a denied consent is none."""
    return _problems(fields, {"consent": _denial_problem})


def _problems(fields: Mapping[str, Any], rules: _Rules) -> dict[str, list[str]]:
    errors = {}
    for name, value in fields.items():
        problem = rules[name](value) if name in rules else _not_among(name, rules)
        if problem is not None:
            errors[name if name in rules else _label(name)] = [problem]
        if len(errors) == _MOST_ERRORS:
            break
    return errors


def _denial_problem(value: object) -> str | None:
    return None if value == Consent.DENIED else _not_among(value, [Consent.DENIED])


def _consent_problem(value: object) -> str | None:
    return None if value in Consent.values else _not_among(value, Consent.values)


def _mode_problem(value: object) -> str | None:
    return None if value in Mode.values else _not_among(value, Mode.values)


def _paused_problem(value: object) -> str | None:
    return None if isinstance(value, bool) else _not_among(value, ["true", "false"])


def _discovery_problem(value: object) -> str | None:
    # True and False are whole numbers to Python and to nobody else.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DISCOVERY:
        return None
    return not_whole(_shown(value), 0, MOST_DISCOVERY)


_PROBLEMS: Final[_Rules] = {
    "consent": _consent_problem,
    "paused": _paused_problem,
    "mode": _mode_problem,
    "discovery": _discovery_problem,
}


def _not_among(value: object, legal: Iterable[str]) -> str:
    return not_among(_shown(value), legal)


def _shown(value: object) -> str:
    """Return a refused value as its sender wrote it: most of them come as JSON."""
    constants = {None: "null", True: "true", False: "false"}
    return constants[value] if value is None or isinstance(value, bool) else shown(value)


def _label(name: str) -> str:
    """Return an unknown name as the key of its error: it comes from outside."""
    return name if name.isprintable() and len(name) <= 60 else shown(name)
