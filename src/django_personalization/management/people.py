"""How commands are told whom they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management.base import CommandError

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def person_help() -> str:
    """Return the help of an argument that names a person, in the words of the host's user model."""
    name = get_user_model().USERNAME_FIELD
    return f"the person's {name} or primary key; {name}=… or pk=… where that could be either"


def find_person(text: str) -> AbstractBaseUser:
    """Return the person whom ``text`` names by natural key or by primary key.

    Raises :class:`CommandError` where there is nobody, and where it names two people: one by each.
    """
    natural = get_user_model().USERNAME_FIELD
    kind, separator, value = text.partition("=")
    by_natural = _by_natural_key(text)
    if by_natural is None and separator and kind in {"pk", natural}:
        found = [_by_key(value) if kind == "pk" else _by_natural_key(value)]
    else:
        found = [by_natural, _by_key(text)]
    people = {person.pk: person for person in found if person is not None}
    if not people:
        raise CommandError(f"There is nobody whose {natural} or primary key is {text!r}.")
    if len(people) > 1:
        raise CommandError(
            f"{text!r} is the {natural} of one person and the primary key of another. "
            f"Write {natural}={text} or pk={text}."
        )
    return next(iter(people.values()))


def _by_natural_key(text: str) -> AbstractBaseUser | None:
    """Ask as signing in does, which may ignore case, and then those whom the host leaves out."""
    model = get_user_model()
    ask: Any = getattr(model._default_manager, "get_by_natural_key", None)
    try:
        if ask is not None:
            return ask(text)  # type: ignore[no-any-return]
    except (ObjectDoesNotExist, ValueError):
        pass
    try:
        return model._base_manager.filter(**{model.USERNAME_FIELD: text}).first()
    except (ValidationError, ValueError):  # such as bytes of a terminal that are no text
        return None


def _by_key(text: str) -> AbstractBaseUser | None:
    model = get_user_model()
    try:
        person: Any = model._base_manager.filter(pk=text).first()
    except (ValidationError, ValueError):  # not a key of this model
        return None
    # Python reads "1_0" and " 10" as 10, who is somebody else.
    key: object = None if person is None else person.pk
    is_other = isinstance(key, int) and str(key) != text
    return None if is_other else person
