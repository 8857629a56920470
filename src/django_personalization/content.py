"""How a host declares its own content: which terms it has, whose it is, who may see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from django_personalization.exceptions import InvalidInput
from django_personalization.validation import shown

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

Visibility = Q | Callable[["AbstractBaseUser"], Q]


@dataclass(frozen=True)
class Content:
    """A registered model. ``terms`` is the path from it to models with a ``name``."""

    model: type[Model]
    terms: str
    owner: str | None = None
    published_at: str | None = None
    visible: Visibility | None = None
    shares: str | None = None

    @property
    def label(self) -> str:
        """The name by which HTTP clients call the model: ``app_label.model_name``."""
        return self.model._meta.label_lower

    def visible_to(self, user: AbstractBaseUser) -> QuerySet[Any]:
        """Return the rows that ``user`` may see."""
        rows: QuerySet[Any] = self.model._default_manager.all()
        if self.visible is None:
            return rows
        condition = self.visible if isinstance(self.visible, Q) else self.visible(user)
        seen = rows.filter(condition)
        # A condition on other tables may find a row several times; DISTINCT would sort them all.
        joined = len(seen.query.alias_map) > 1
        return rows.filter(pk__in=seen.order_by().values("pk")) if joined else seen

    def names(self, ids: Iterable[Any]) -> dict[str, list[str]]:
        """Return the term names of the rows with these ids, by id as text. One query."""
        pairs = (
            self.model._default_manager.filter(pk__in=list(ids))
            .exclude(**{self.terms: None})
            .order_by("pk", f"{self.terms}__pk")
            .values_list("pk", f"{self.terms}__name")
        )
        names: dict[str, list[str]] = {}
        for pk, name in pairs:
            names.setdefault(str(pk), []).append(name)
        return names


_registry: Final[dict[type[Model], Content]] = {}


def register(
    model: type[Model],
    *,
    terms: str,
    owner: str | None = None,
    published_at: str | None = None,
    visible: Visibility | None = None,
    shares: str | None = None,
) -> None:
    """Declare a model as content; call it in ``AppConfig.ready()``.

    ``terms`` is a relation path to :class:`~django_personalization.models.Taxonomy` or to any
    model with a ``name``; ``owner`` a path to the user; ``published_at`` a date field; ``visible``
    a condition (or a function of the user that returns one) for rows that people may see.
    ``shares`` is a path to a number above 0 that says how much of the item each term is, on the
    same rows that ``terms`` goes through: ``terms="links__topic", shares="links__weight"``. A
    system check reports paths that do not exist and conditions that cannot be. Registering again
    replaces.
    """
    _registry[model] = Content(model, terms, owner, published_at, visible, shares)


def unregister(model: type[Model]) -> None:
    """Forget a registered model; unknown ones are ignored."""
    _registry.pop(model, None)


def registered() -> list[Content]:
    """Return every registered model's declaration."""
    return list(_registry.values())


def declaration_of(model: type[Model]) -> Content | None:
    """Return the declaration of ``model``, or of the concrete model behind a proxy."""
    return _registry.get(model) or _registry.get(model._meta.concrete_model or model)


def content_of(model: type[Model]) -> Content:
    """Return the declaration of ``model``.

    Raises :class:`InvalidInput`, naming the registered models, where there is none.
    """
    declaration = declaration_of(model)
    if declaration is None:
        values = {"value": model._meta.label_lower, "legal": legal_labels()}
        message = _("%(value)s is not registered as content; these are: %(legal)s.") % values
        raise InvalidInput({"model": [message]})
    return declaration


def legal_labels() -> str:
    """Return the names of the registered models, for a message."""
    return ", ".join(sorted(content.label for content in registered())) or _("none")


def content_named(label: str) -> Content:
    """Return the declaration of the model that ``label`` names: ``app_label.model_name``.

    Raises :class:`InvalidInput`, naming the registered models, for any other text: the answer
    does not tell models that exist from those that do not.
    """
    declarations = {content.label.lower(): content for content in registered()}
    declaration = declarations.get(label.lower())
    if declaration is None:
        values = {"value": shown(label), "legal": legal_labels()}
        raise InvalidInput({"model": [_("%(value)s is not one of: %(legal)s.") % values]})
    return declaration


def find_visible(
    references: Iterable[tuple[str, str]], user: AbstractBaseUser
) -> Mapping[tuple[str, str], Model]:
    """Look up ``(label, id)`` references, one query for each model.

    Returns those that exist and that ``user`` may see; ids that the key's type refuses are
    treated as unknown.
    """
    declarations = {content.label: content for content in registered()}
    wanted: dict[str, dict[str, Any]] = {}
    for label, text in references:
        key = _clean_pk(declarations[label].model, text) if label in declarations else None
        if key is not None:
            wanted.setdefault(label, {})[text] = key
    found = {}
    for label, keys in wanted.items():
        rows = declarations[label].visible_to(user).filter(pk__in=set(keys.values()))
        by_key = {row.pk: row for row in rows}
        found.update({(label, t): by_key[key] for t, key in keys.items() if key in by_key})
    return found


def _clean_pk(model: type[Model], value: str) -> Any:
    """Return ``value`` as a key of ``model``, or ``None`` when it cannot be one."""
    field: Any = model._meta.pk
    while field.remote_field is not None:  # the key of a child model is that of its parent
        field = field.target_field
    try:
        cleaned = field.to_python(value)
        field.run_validators(cleaned)
    except (TypeError, ValueError, OverflowError, ValidationError):
        return None
    return cleaned
