"""The one registry of personal data: which rows concern a person, and what becomes of them.

Every model that holds rows about people is declared here once. What exports, counts or erases a
profile walks the declarations, so that none of them can miss a table; a test walks the models and
fails for one that is declared neither here nor among those that hold nothing about anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from django_personalization.choices import DataOrigin, TagSource, interaction_types
from django_personalization.evidence import tags_fed_by
from django_personalization.models import (
    AuditEntry,
    ItemStatistics,
    PersonalizationSettings,
    RelationSuggestion,
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    UserInteraction,
    UserTag,
    VocabularyRevision,
)

Row = dict[str, Any]

BATCH: Final = 500
"""Rows in memory at a time: a row of the history takes up to some 10 kB."""


@dataclass(frozen=True)
class PersonalData:
    """How the rows of one model are found for a person, exported and erased.

    ``name`` is what they are called in exports and counts; ``person`` the path to the person whose
    rows they are, ``other_people`` paths to others whom a row concerns as well. ``export_rows``
    turns one batch of at most ``batch`` rows, all found for the person with the given key, into
    JSON objects. ``derived`` are the columns that an export leaves out, each with what stands
    for it. Where ``erased`` is false, ``kept_because`` says why the rows outlive an erased profile;
    with the account they go in any case. ``lock_by`` is the order in which rows are locked before
    they go, where other writers lock several of them.
    """

    model: type[Model]
    name: str
    export_rows: Callable[[Any, Sequence[Any]], list[Row]]
    person: str = "user"
    other_people: tuple[str, ...] = ()
    derived: Mapping[str, str] = field(default_factory=dict)
    related: tuple[str, ...] = ()
    batch: int = BATCH
    erased: bool = True
    kept_because: str = ""
    lock_by: str | None = None

    def rows(self, *user_ids: Any) -> QuerySet[Any]:
        """Return the rows that are these people's, in no order; none for a stranger."""
        return self._rows(user_ids, [self.person])

    def rows_to_export(self, user_id: Any) -> QuerySet[Any]:
        """Return all rows that concern the person, in no order; none for a stranger."""
        return self._rows([user_id], [self.person, *self.other_people])

    def export(self, user_id: Any) -> Iterator[list[Row]]:
        """Yield the JSON objects of the rows that concern the person, batch by batch."""
        rows = self.rows_to_export(user_id).select_related(*self.related or (None,))
        for batch in in_batches(rows, self.batch):
            yield self.export_rows(user_id, batch)

    def erase(self, user_id: Any) -> int:
        """Delete the person's rows and return how many there were.

        Call it in a transaction that holds the person exclusively.
        """
        rows = self.rows(user_id)
        if self.lock_by is not None:
            list(rows.order_by(self.lock_by).select_for_update().values_list("pk"))
        return rows.delete()[1].get(self.model._meta.label, 0)

    def _rows(self, user_ids: Iterable[Any], paths: Iterable[str]) -> QuerySet[Any]:
        # Without a key it would be the rows that concern nobody in particular.
        keys = [user_id for user_id in user_ids if user_id is not None]
        found = Q(*((f"{path}__in", keys) for path in paths), _connector=Q.OR)
        return self.model._default_manager.filter(found)


def registered_personal_data() -> tuple[PersonalData, ...]:
    """Return the declaration of every model that holds rows about people, in order of export."""
    return _REGISTRY


def in_batches(rows: QuerySet[Any], size: int) -> Iterator[list[Any]]:
    """Yield rows that have a ``created_at``, the oldest first, ``size`` at a time.

    Each batch is a query of its own that begins where the last one ended: no cursor stays open, and
    no database or driver keeps more than a batch in memory.
    """
    rows, rest = rows.order_by("created_at", "pk"), Q()
    while batch := list(rows.filter(rest)[:size]):
        yield batch
        at, pk = batch[-1].created_at, batch[-1].pk
        rest = Q(created_at__gte=at) & (Q(created_at__gt=at) | Q(pk__gt=pk))


def _tag_rows(user_id: Any, tags: Sequence[UserTag]) -> list[Row]:
    now, sources = timezone.now(), _inferred_from(user_id, tags)
    return [{**_tag_row(tag, now), "inferred_from": sources.get(tag.pk, [])} for tag in tags]


def _tag_row(tag: UserTag, now: datetime) -> Row:
    term = tag.taxonomy
    # Without any event behind it, what is left of a tag is what the person said about it.
    is_inferred = tag.source != TagSource.MANUAL and tag.interaction_count > 0
    return {
        "origin": DataOrigin.INFERRED if is_inferred else DataOrigin.PROVIDED,
        "id": tag.pk,
        "name": tag.name,
        "taxonomy": tag.taxonomy_id,
        "taxonomy_name": None if term is None else term.name,
        "taxonomy_category": None if term is None else term.category,
        "source": tag.source,
        "source_display": tag.get_source_display(),
        "confidence_score": tag.confidence_at(now),
        "interaction_count": tag.interaction_count,
        "weight": tag.weight,
        "state": tag.state,
        "created_at": tag.created_at,
        "updated_at": tag.updated_at,
    }


def _inferred_from(user_id: Any, tags: Sequence[UserTag]) -> dict[int, list[Row]]:
    """Return, for each of the tags that events fed, how many of each type did, and when.

    One pass over the person's events, however many tags there are.
    """
    fed = {tag.pk for tag in tags if tag.interaction_count}
    found: dict[int, dict[str, Row]] = {}
    rows = UserInteraction.objects.filter(user=user_id, fed_weight__gt=0)
    slim = rows.only("user", "interaction_type", "fed_terms", "created_at")
    for batch in in_batches(slim, BATCH) if fed else ():
        for row, taught in zip(batch, tags_fed_by(batch), strict=True):
            for pk in {tag.pk for tag in taught} & fed:
                _count(found.setdefault(pk, {}), row)
    return {pk: list(by_type.values()) for pk, by_type in found.items()}


def _count(by_type: dict[str, Row], row: UserInteraction) -> None:
    """Count an event, which is not older than those that were counted before."""
    kind = row.interaction_type
    new = {"interaction_type": kind, "count": 0, "first": row.created_at, "last": None}
    entry = by_type.setdefault(kind, new)
    entry["count"] += 1
    entry["last"] = row.created_at


def _interaction_rows(user_id: Any, rows: Sequence[UserInteraction]) -> list[Row]:
    # Looked up once: asking each row for its display would be a third of the time.
    labels = {code: str(label) for code, label in interaction_types()}
    return [
        _interaction_row(row, labels, sorted({tag.name for tag in tags}))
        for row, tags in zip(rows, tags_fed_by(rows), strict=True)
    ]


def _interaction_row(row: UserInteraction, labels: Mapping[str, str], taught: list[str]) -> Row:
    kind = row.interaction_type
    return {
        "origin": DataOrigin.OBSERVED,
        "id": row.pk,
        "interaction_type": kind,
        "interaction_type_display": labels.get(kind, kind),
        "metadata": row.metadata,
        "extracted_keywords": row.extracted_keywords,
        "content": _content(row),
        "event_id": row.event_id,
        "created_at": row.created_at,
        "taught": taught,
        "units": row.fed_weight,
    }


def _content(row: UserInteraction) -> Row | None:
    if row.content_type_id is None:
        return None
    kind = ContentType.objects.get_for_id(row.content_type_id)
    return {"type": f"{kind.app_label}.{kind.model}", "id": row.object_id}


def _settings_rows(user_id: Any, rows: Sequence[PersonalizationSettings]) -> list[Row]:
    names = ("consent", "paused", "mode", "discovery", "created_at", "updated_at")
    return [
        {"origin": DataOrigin.PROVIDED, **{name: getattr(row, name) for name in names}}
        for row in rows
    ]


def _audit_rows(user_id: Any, rows: Sequence[AuditEntry]) -> list[Row]:
    return [
        {
            "origin": DataOrigin.OBSERVED,
            "id": row.pk,
            "action": row.action,
            "action_display": row.get_action_display(),
            "through": row.origin,
            "actor": _role(row.actor_id, user_id, "staff"),
            "person": _role(row.person_id, user_id, "somebody else"),
            "counts": row.counts,
            "created_at": row.created_at,
        }
        for row in rows
    ]


def _role(pk: Any, user_id: Any, otherwise: str) -> str | None:
    """Say whether a key is the person's own; whose else it is does not concern them."""
    return None if pk is None else "you" if pk == user_id else otherwise


_ROW: Final = {"user": "whose export it is"}

_REGISTRY: tuple[PersonalData, ...] = (
    PersonalData(
        PersonalizationSettings, "settings", _settings_rows, derived={**_ROW, "id": "one row each"}
    ),
    PersonalData(
        UserTag,
        "tags",
        _tag_rows,
        derived={**_ROW, "key": "name", "evidence": "confidence_score"},
        related=("taxonomy",),
        # Each batch is one pass over the history: a person has hundreds of tags, rarely thousands.
        batch=2000,
        lock_by="key",
    ),
    PersonalData(
        UserInteraction,
        "interactions",
        _interaction_rows,
        derived={
            **_ROW,
            "content_type": "content",
            "object_id": "content",
            "fed_terms": "taught",
            "fed_weight": "units",
        },
    ),
    PersonalData(
        AuditEntry,
        "audit",
        _audit_rows,
        person="person",
        other_people=("actor",),
        # The column is called as what every row of an export has.
        derived={"origin": "through"},
        erased=False,
        kept_because="It says who did what with the person's data, and holds nothing of it.",
    ),
)
"""In the order of export. Profiles are erased in the opposite order: events before the tags that
they fed, as those who take events back lock them."""

IMPERSONAL: Final[Mapping[type[Model], str]] = {
    Taxonomy: "the vocabulary",
    TaxonomyAlias: "the vocabulary",
    TaxonomyRelation: "the vocabulary",
    VocabularyRevision: "the vocabulary",
    RelationSuggestion: "counts over everybody",
    ItemStatistics: "counts over everybody",
}
"""The models that hold nothing about anybody, each with what it holds."""
