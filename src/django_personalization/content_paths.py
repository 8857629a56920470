"""What is wrong with what a host declares of its content, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.fields import GenericForeignKey
from django.core.exceptions import FieldDoesNotExist, FieldError, ValidationError
from django.db.models import (
    AutoField,
    BigAutoField,
    CharField,
    DateField,
    DecimalField,
    FloatField,
    IntegerField,
    ManyToManyField,
    Model,
    Q,
    SmallAutoField,
    TextField,
)

from django_personalization.content import Content
from django_personalization.models import Taxonomy

Path = list[Any]
"""The fields on the way, from the registered model on."""


@dataclass(frozen=True)
class PathProblem:
    """An argument of ``register()`` that cannot work: why not, and the paths that would."""

    argument: str
    reason: str
    legal: tuple[str, ...]


def path_problems(content: Content) -> Iterator[PathProblem]:
    """Yield what is wrong with each argument of a declaration."""
    checks: dict[str, Callable[[Content, Any], PathProblem | None]] = {
        "terms": _terms_problem,
        "owner": _owner_problem,
        "published_at": _date_problem,
        "shares": _shares_problem,
        "visible": _visible_problem,
    }
    for argument, check in checks.items():
        declared = getattr(content, argument)
        problem = None if declared is None and argument != "terms" else check(content, declared)
        if problem is not None:
            yield problem


class _Wrong(Exception):
    """Where a path breaks off: the part before, the model there, and why."""

    def __init__(self, before: str, model: Any, reason: str) -> None:
        self.before, self.model, self.reason = before, model, reason
        super().__init__(reason)


def _follow(model: Any, path: Any) -> Path:
    """Return the fields of a path, all but the last of them relations."""
    if not isinstance(path, str) or not path:
        raise _Wrong("", model, "is no path")
    found: Path = []
    parts = path.split("__")
    for place, part in enumerate(parts):
        before = "__".join(parts[:place])
        try:
            field = model._meta.get_field(part)
        except FieldDoesNotExist:
            raise _Wrong(
                before, model, f"does not exist: {_label(model)} has no {part!r}"
            ) from None
        found.append(field)
        if place + 1 < len(parts):
            target = _target(field)
            if target is None:
                raise _Wrong(before, model, f"does not exist: {_is_no_relation(field)}")
            model = target
    return found


def _target(field: Any) -> type[Model] | None:
    """Return the model to which a field leads, if it is one that a query can follow."""
    model = getattr(field, "related_model", None)
    return model if isinstance(model, type) and issubclass(model, Model) else None


def _is_no_relation(field: Any) -> str:
    if isinstance(field, GenericForeignKey):
        return f"{field.name!r} may lead to any model, which no query can follow"
    return f"{field.name!r} is no relation"


def _label(model: Any) -> str:
    return str(model._meta.label)


def _terms_problem(content: Content, path: str) -> PathProblem | None:
    try:
        field = _follow(content.model, path)[-1]
    except _Wrong as wrong:
        return _problem("terms", wrong.reason, wrong.before, _paths_to_terms(wrong.model))
    model = _target(field)
    if model is not None and _has_name(model):
        return None
    if model is None:
        before, legal = path.rpartition("__")[0], _paths_to_terms(field.model)
        return _problem("terms", f"leads to no term: {_is_no_relation(field)}", before, legal)
    further = [f"{path}__{name}" for name in _paths_to_terms(model)]
    reason = f"leads to no term: {_label(model)} has no field called name"
    right = dict.fromkeys([*further, *_paths_to_terms(content.model)])
    return PathProblem("terms", reason, tuple(right))


def _owner_problem(content: Content, path: str) -> PathProblem | None:
    try:
        field = _follow(content.model, path)[-1]
    except _Wrong as wrong:
        return _problem("owner", wrong.reason, wrong.before, _paths_to_people(wrong.model))
    if _is_person(_target(field)):
        return None
    reason = f"does not lead to {_label(get_user_model())}"
    before = path.rpartition("__")[0]
    return _problem("owner", reason, before, _paths_to_people(_model_at(content, before)))


def _date_problem(content: Content, path: str) -> PathProblem | None:
    try:
        field = _follow(content.model, path)[-1]
    except _Wrong as wrong:
        return _problem("published_at", wrong.reason, wrong.before, _fields(wrong.model, DateField))
    if isinstance(field, DateField):
        return None
    before = path.rpartition("__")[0]
    legal = _fields(_model_at(content, before), DateField)
    return _problem("published_at", "is no date", before, legal)


def _shares_problem(content: Content, path: str) -> PathProblem | None:
    if _terms_problem(content, content.terms) is not None:
        return None  # which is to be put right first
    rows, _dot, last = content.terms.rpartition("__")
    if _follow(content.model, content.terms)[-1].many_to_many:
        reason = f"is not on the rows that {content.terms!r} goes through"
        return PathProblem("shares", reason, tuple(_shares_of_table_between(content, rows, last)))
    model = _model_at(content, rows)
    numbers = [name for name in _fields(model, *_NUMBERS) if name not in _fields(model, *_KEYS)]
    if path in {f"{rows}__{name}" if rows else name for name in numbers}:
        return None
    reason = f"is no number on the rows that {content.terms!r} goes through"
    return _problem("shares", reason, rows, numbers)


_NUMBERS = (IntegerField, FloatField, DecimalField)
_KEYS = (AutoField, BigAutoField, SmallAutoField)


def _shares_of_table_between(content: Content, rows: str, last: str) -> Iterator[str]:
    """Yield how to write ``terms`` and ``shares`` over the rows that a many-to-many hides."""
    field = _model_at(content, rows)._meta.get_field(last)
    if not isinstance(field, ManyToManyField):
        return
    through: Any = field.remote_field.through
    link = through._meta.get_field(field.m2m_field_name()).remote_field
    if link.hidden or through._meta.auto_created:
        return
    name = "__".join(filter(None, [rows, link.name]))
    for number in _fields(through, *_NUMBERS):
        if number not in _fields(through, *_KEYS):
            terms = f"{name}__{field.m2m_reverse_field_name()}"
            yield f"{name}__{number} with terms={terms!r}"


def _visible_problem(content: Content, condition: object) -> PathProblem | None:
    """Make a query of the condition. What a function returns is known only when it is asked."""
    if callable(condition):
        return None
    fields = sorted(str(field.name) for field in content.model._meta.get_fields())
    if not isinstance(condition, Q):
        legal = ("Q(...)", "a function of the user that returns one")
        return PathProblem("visible", "is no condition", legal)
    try:
        content.model._base_manager.filter(condition)
    except (FieldError, ValidationError, TypeError, ValueError) as error:
        reason = f"is no condition on {_label(content.model)}: {_first_sentence(error)}"
        return PathProblem("visible", reason, ("pk", *fields))
    return None


def _first_sentence(error: Exception) -> str:
    """Return what an error says, without the fields that Django lists behind it."""
    text = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    return text.partition(". ")[0].rstrip(".")


def _model_at(content: Content, path: str) -> Any:
    return _target(_follow(content.model, path)[-1]) if path else content.model


def _problem(argument: str, reason: str, before: str, names: list[str]) -> PathProblem:
    legal = tuple(f"{before}__{name}" if before else name for name in names)
    return PathProblem(argument, reason, legal)


def _has_name(model: type[Model]) -> bool:
    return any(
        isinstance(f, (CharField, TextField)) and f.name == "name" for f in model._meta.fields
    )


def _is_person(model: type[Model] | None) -> bool:
    person = get_user_model()._meta.concrete_model
    return model is not None and model._meta.concrete_model is person


def _relations(model: Any) -> list[tuple[Any, type[Model]]]:
    fields = sorted(model._meta.get_fields(), key=lambda field: str(field.name))
    found = [(field, _target(field)) for field in fields]
    return [(field, target) for field, target in found if target is not None]


def _paths_to_terms(model: Any) -> list[str]:
    """Return the relations to named rows, and those to such rows over a table in between."""
    direct = [field.name for field, target in _relations(model) if _has_name(target)]
    further = [
        f"{field.name}__{last.name}"
        for field, between in _relations(model)
        if not _is_person(between) and not issubclass(between, (model, Taxonomy))
        for last, target in _relations(between)
        if issubclass(target, Taxonomy)
        or (field.one_to_many and last.many_to_one and _has_name(target))
    ]
    return [*direct, *further]


def _paths_to_people(model: Any) -> list[str]:
    return [field.name for field, target in _relations(model) if _is_person(target)]


def _fields(model: Any, *kinds: type[Any]) -> list[str]:
    return sorted(field.name for field in model._meta.fields if isinstance(field, kinds))
