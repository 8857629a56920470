"""Which terms the items of a host have.

Whatever the host declared (a many-to-many relation, a foreign key, a table in between with a
weight, tags of another app), here it becomes rows of item, term and share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, FloatField, Model, QuerySet, Value
from django.db.models.fields.related import ManyToManyField
from django.db.models.fields.reverse_related import ManyToOneRel
from django.db.models.functions import Cast

from django_personalization.content import Content
from django_personalization.models import Taxonomy
from django_personalization.text import term_key
from django_personalization.validation import name_problem
from django_personalization.vocabulary import Vocabulary

Identity = int | str
"""What a term is known by: its taxonomy's id, or its key where it is a free tag."""

# No field of a host's is called so.
ITEM: Final = "personalization_item"
TERM: Final = "personalization_term"
SHARE: Final = "personalization_share"
NAME: Final = "personalization_name"


def term_pairs(content: Content, *, with_names: bool = False) -> QuerySet[Any, dict[str, Any]]:
    """Return rows of ``ITEM`` (the item's key), ``TERM`` (its term's key) and ``SHARE``.

    Read from the table in between where there is one, so that the items themselves need not be
    touched. ``SHARE`` is 1 where the host declared none, and then there is one row for each item
    and term; otherwise the shares of several rows add up. ``with_names`` adds ``NAME``, the
    term's, which costs a join.
    """
    first, _dot, rest = content.terms.partition("__")
    field: Any = content.model._meta.get_field(first)
    # An inherited relation is of other rows as well.
    is_own = field.model is content.model._meta.concrete_model
    if is_own and isinstance(field, ManyToManyField) and not rest and content.shares is None:
        through: Any = field.remote_field.through
        pairs = through._base_manager.all()
        path = field.m2m_reverse_field_name()
        rows = _rows(pairs, field.m2m_field_name(), path, None, with_names=with_names)
    elif is_own and isinstance(field, ManyToOneRel) and rest:
        between: Any = field.related_model._base_manager.all()
        share = content.shares.partition("__")[2] if content.shares else None
        rows = _rows(between, field.field.name, rest, share, with_names=with_names)
    else:
        items = content.model._base_manager.all()
        rows = _rows(items, "pk", content.terms, content.shares, with_names=with_names)
    return rows if content.shares is not None or has_no_twins(content) else rows.distinct()


def _rows(
    rows: QuerySet[Any], item: str, term: str, share: str | None, *, with_names: bool
) -> QuerySet[Any, dict[str, Any]]:
    key = item if item == "pk" else f"{item}__pk"
    amount = Value(1) if share is None else Cast(F(share), FloatField())
    name = {NAME: F(f"{term}__name")} if with_names else {}
    pairs = rows.order_by().values(**{ITEM: F(key), TERM: F(f"{term}__pk"), SHARE: amount}, **name)
    pairs = pairs.filter(**{f"{TERM}__isnull": False})
    if item != "pk" and rows.model._meta.get_field(item).null:
        pairs = pairs.filter(**{f"{ITEM}__isnull": False})
    return pairs if share is None else pairs.filter(**{f"{SHARE}__gt": 0})


def has_no_twins(content: Content) -> bool:
    """Whether no item can have the same term twice, as far as the schema says."""
    first, _dot, rest = content.terms.partition("__")
    field: Any = content.model._meta.get_field(first)
    if isinstance(field, ManyToOneRel):
        return "__" not in rest and _is_unique(field.related_model, {field.field.name}, rest)
    through = getattr(field.remote_field, "through", None)
    if through is not None and not rest:
        links = {"content_type", "object_id", "content_object"}  # of django-taggit
        if isinstance(field, ManyToManyField):
            links = {field.m2m_field_name()}
        return _is_unique(through, links, field.m2m_reverse_field_name())
    return _is_one(content.model, content.terms)


def _is_unique(model: type[Model], links: set[str], term: str) -> bool:
    groups = [set(group) for group in model._meta.unique_together]
    groups += [set(constraint.fields) for constraint in model._meta.total_unique_constraints]
    return any(term in group and group <= {term, *links} for group in groups)


def _is_one(model: Any, path: str) -> bool:
    """Whether ``path`` leads to one row at most."""
    for part in path.split("__"):
        field = model._meta.get_field(part)
        if not (field.many_to_one or field.one_to_one):
            return False
        model = field.related_model
    return True


@dataclass(frozen=True)
class ItemTerm:
    """One term of one item: the host's keys of both, and what the term is known by."""

    item: Any
    key: Any
    share: float
    identity: Identity | None


def terms_of(
    content: Content, items: Iterable[Any], vocabulary: Vocabulary
) -> dict[Any, list[ItemTerm]]:
    """Return the terms of the items with these keys, by item. One query.

    What the host's own tags are called is read with them: also one that was made just now means
    what it means.
    """
    is_named = not issubclass(term_model(content), Taxonomy)
    pairs = term_pairs(content, with_names=is_named).filter(**{f"{ITEM}__in": list(items)})
    columns = [ITEM, TERM, SHARE, NAME if is_named else TERM]
    shares: dict[tuple[Any, Any, Any], float] = {}
    for item, key, share, name in pairs.values_list(*columns):
        shares[item, key, name] = shares.get((item, key, name), 0.0) + share
    found: dict[Any, list[ItemTerm]] = {}
    for (item, key, name), share in shares.items():
        identity = meaning_of(name, vocabulary) if is_named else key
        found.setdefault(item, []).append(ItemTerm(item, key, share, identity))
    return found


def term_model(content: Content) -> type[Model]:
    """Return the model of the items' terms: ``Taxonomy``, or the host's own tags."""
    model: Any = content.model
    for part in content.terms.split("__"):
        model = model._meta.get_field(part).related_model
    return model  # type: ignore[no-any-return]


def meaning_of(name: str, vocabulary: Vocabulary) -> Identity | None:
    """Return which term the host's name means: none where no tag could be called so."""
    if name_problem(name) is not None:
        return None
    return vocabulary.identity_of(term_key(name))
