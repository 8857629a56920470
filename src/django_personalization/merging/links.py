"""The host's own rows that point at terms: items with topics, and whatever else there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, Final

from django.apps import apps
from django.db.models import Exists, ForeignKey, Model, OuterRef, Q, QuerySet, UniqueConstraint

from django_personalization.content import registered
from django_personalization.merging.rows import written, written_value
from django_personalization.models import Taxonomy

_OURS: Final = Taxonomy._meta.app_label


@dataclass(frozen=True)
class Link:
    """A foreign key of a host's model to ``Taxonomy``, also one of a table in between.

    ``alone`` holds what makes two of its rows the same but for the term: each time the names of
    other fields, with the condition under which it holds.
    """

    field: ForeignKey[Any, Any]
    alone: tuple[tuple[tuple[str, ...], Q], ...]

    @property
    def model(self) -> type[Model]:
        """The host's model."""
        return self.field.model

    @property
    def label(self) -> str:
        """The model and the field, as a line of the undo file names them."""
        return f"{self.model._meta.label_lower}.{self.field.name}"

    @property
    def rows(self) -> QuerySet[Any]:
        """All rows of the model."""
        return self.model._base_manager.all()

    def at(self, terms: Sequence[Taxonomy]) -> QuerySet[Any]:
        """Return the rows that point at these terms."""
        return self.rows.filter(**{f"{self.field.name}__in": list(terms)})

    def doubles(self, keep: Taxonomy, merged: Sequence[Taxonomy]) -> QuerySet[Any]:
        """Return the rows at merged terms whose like points at the kept one, or will before."""
        found = []
        for names, condition in self.alone:
            same = {name: OuterRef(name) for name in names}
            kept = self.at([keep]).filter(condition, **same)
            earlier = self.at(merged).filter(condition, pk__lt=OuterRef("pk"), **same)
            found.append(condition & (Q(Exists(kept)) | Q(Exists(earlier))))
        theirs = self.at(merged)
        return theirs.filter(reduce(or_, found)) if found else theirs.none()

    @property
    def has_dependents(self) -> bool:
        """Whether other rows go when one of these does."""
        return any(
            relation.auto_created and not relation.concrete and not relation.many_to_many
            for relation in self.model._meta.get_fields(include_hidden=True)
        )


@dataclass
class Moved:
    """How many rows point at the kept term now, how many had a like there, and the undo line."""

    moved: int = 0
    dropped: int = 0
    line: dict[str, Any] = field(default_factory=dict)


def links() -> list[Link]:
    """Return every foreign key of the host's models to ``Taxonomy``, in a fixed order."""
    found = []
    relations: list[Any] = list(Taxonomy._meta.get_fields(include_hidden=True))
    for relation in relations:
        to_one = relation.auto_created and not relation.concrete and not relation.many_to_many
        if to_one and relation.related_model._meta.app_label != _OURS:
            found.append(Link(relation.field, tuple(_what_is_alone(relation.field))))
    return sorted(found, key=lambda link: link.label)


def move_links(link: Link, keep: Taxonomy, merged: Sequence[Taxonomy], limit: int | None) -> Moved:
    """Let some rows point at ``keep`` that point at merged terms; drop those it has already.

    Call it with the terms held: nobody can add rows for them meanwhile.
    """
    name, column, key = link.field.name, link.field.attname, link.model._meta.pk
    chosen = list(link.at(merged).order_by().values_list("pk", flat=True)[:limit])
    doubles = list(link.doubles(keep, merged).filter(pk__in=chosen))
    gone = {row.pk for row in doubles}
    pks = [pk for pk in chosen if pk not in gone]
    moved: dict[str, list[Any]] = {}
    by_value = {getattr(term, link.field.target_field.attname): term.pk for term in merged}
    for pk, value in link.rows.filter(pk__in=pks).order_by("pk").values_list("pk", column):
        moved.setdefault(str(by_value[value]), []).append(written_value(key, pk))
    line = {
        "record": "links",
        "link": link.label,
        "moved": moved,
        "dropped": [written(row) for row in doubles],
    }
    link.rows.filter(pk__in=gone).delete()
    link.rows.filter(pk__in=pks).update(**{name: keep})
    return Moved(len(pks), len(gone), line)


def _what_is_alone(key: ForeignKey[Any, Any]) -> Iterator[tuple[tuple[str, ...], Q]]:
    """Yield the sets of other fields that may be there once for each term."""
    meta = key.model._meta
    if key.unique:
        yield (), Q()
    for names in (*meta.unique_together, *_between(key)):
        if key.name in names:
            yield _without(names, key.name), Q()
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint) and key.name in constraint.fields:
            yield _without(constraint.fields, key.name), constraint.condition or Q()


def _without(names: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(other for other in names if other != name)


def _between(key: ForeignKey[Any, Any]) -> Iterator[tuple[str, str]]:
    """Yield the two ends of the relations for which the model is the table in between.

    An item has a term once, whether the database says so or not.
    """
    for model in apps.get_models():
        for relation in model._meta.local_many_to_many:
            if relation.remote_field.through is key.model:
                yield relation.m2m_field_name(), relation.m2m_reverse_field_name()
    for content in registered():
        first, _dots, rest = content.terms.partition("__")
        field: Any = content.model._meta.get_field(first)
        if rest == key.name and field.one_to_many and field.related_model is key.model:
            yield field.field.name, key.name
