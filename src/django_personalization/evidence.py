"""Which events fed which tags, asked both ways, and what each of them is worth.

An event keeps the keys of the tags that it fed, each with the term that it had then. Since then a
term may have been renamed, merged into another one or deleted, and a free tag may have become a
term. One rule holds for both ways: what was fed belongs to the tag of its term; where it had none,
or the term is there no more, to the tag of the term that the key means today, or else of that key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    BigIntegerField,
    Exists,
    Func,
    Model,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from django.utils import timezone

from django_personalization import scoring
from django_personalization.choices import TagSource
from django_personalization.conf import app_settings
from django_personalization.content import find_visible, registered
from django_personalization.models import Taxonomy, TaxonomyAlias, UserInteraction, UserTag

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True)
class EventWorth:
    """What one event does for one tag.

    ``units`` is what its evidence is worth now, ``adds`` how much lower the tag's confidence now
    would be without it, from 0 to 1: 0 for a picked tag, which is certain anyway. ``about`` is the
    object that it was about, where the person may see it.
    """

    interaction: UserInteraction
    units: float
    adds: float
    about: Model | None = None


def events_that_fed(tag: UserTag) -> QuerySet[UserInteraction]:
    """Return the events whose evidence is part of ``tag``, in no order.

    At most three queries find the names that its term has had; the events are not read yet.
    """
    rows = UserInteraction.objects.filter(user=tag.user_id)
    found = [_lost_under(key, tag.user_id) for key in sorted(_keys_of(tag))]
    if tag.taxonomy_id is not None:
        # Written as {"key": 12, "key": null}: the keys are hexadecimal and hold no colon.
        rows = rows.alias(written=Cast("fed_terms", TextField()))
        found += [Q(written__contains=f": {tag.taxonomy_id}{end}") for end in (",", "}")]
    return rows.filter(Q(*found, _connector=Q.OR)) if found else rows.none()


def tags_fed_by(rows: Sequence[UserInteraction], *, lock: bool = False) -> list[list[UserTag]]:
    """Return the tags that each of one person's events fed, as they are today.

    A tag that was two when it was fed is in the list twice. With ``lock`` they are held until the
    transaction ends, in the order of their keys. The number of queries does not grow.
    """
    fed = {item for row in rows for item in row.fed_terms.items()}
    if not fed:
        return [[] for _row in rows]
    user_id, had = rows[0].user_id, {term for _key, term in fed if term is not None}
    if lock:
        _hold(user_id, {key for key, _term in fed}, had)
    there = set(_there(user_id).filter(pk__in=had).values_list("pk", flat=True)) if had else set()
    meaning = _meanings(key for key, term in fed if term not in there)
    ours = Q(key__in={key for key, _term in fed}) | Q(taxonomy__in={*there, *meaning.values()})
    tags = UserTag.objects.filter(ours, user=user_id).order_by("key")
    held = list(tags.select_for_update() if lock else tags)
    by_term = {tag.taxonomy_id: tag for tag in held if tag.taxonomy_id is not None}
    by_key = {tag.key: tag for tag in held}

    def tag_of(key: str, term: int | None) -> UserTag | None:
        term_now = term if term in there else meaning.get(key)
        tag = by_key.get(key) if term_now is None else by_term.get(term_now)
        if tag is None and term not in there:  # a free tag that is not its term's yet
            tag = by_key.get(key)
            return tag if tag is not None and tag.taxonomy_id is None else None
        return tag

    found = ([tag_of(*item) for item in row.fed_terms.items()] for row in rows)
    return [[tag for tag in tags if tag is not None] for tags in found]


def evidence_of(
    tag: UserTag,
    rows: Sequence[UserInteraction],
    user: AbstractBaseUser,
    now: datetime | None = None,
) -> list[EventWorth]:
    """Return what each event of :func:`events_that_fed` does for ``tag``, as ``user`` may see it.

    ``rows`` are some of those events. One query for each kind of content they are about, and at
    most four for all of them together.
    """
    at = timezone.now() if now is None else now
    about = _subjects(rows, user)
    return [
        _weighed(tag, row, sum(fed == tag for fed in tags), about.get(row.pk), at)
        for row, tags in zip(rows, tags_fed_by(rows), strict=True)
    ]


def take_from(tag: UserTag, row: UserInteraction, now: datetime) -> None:
    """Take what an event fed from a loaded tag's evidence and count, once."""
    tag.evidence, tag.interaction_count = _without(tag.evidence, tag.interaction_count, row, now)


def _without(evidence: float, count: int, row: UserInteraction, now: datetime) -> tuple[float, int]:
    return scoring.without(evidence, count, _amount(row), now, app_settings.half_life_days)


def _amount(row: UserInteraction) -> float:
    return row.fed_weight * scoring.growth(row.created_at, app_settings.half_life_days)


def _weighed(
    tag: UserTag, row: UserInteraction, times: int, about: Model | None, now: datetime
) -> EventWorth:
    half_life = app_settings.half_life_days
    left, count = tag.evidence, tag.interaction_count
    for _time in range(times):
        left, count = _without(left, count, row, now)
    picked = tag.source == TagSource.MANUAL
    before = scoring.confidence_at(tag.evidence, now, half_life)
    adds = 0.0 if picked else before - scoring.confidence_at(left, now, half_life)
    units = times * scoring.units_at(_amount(row), now, half_life)
    return EventWorth(row, units, max(adds, 0.0), about)


def _subjects(rows: Iterable[UserInteraction], user: AbstractBaseUser) -> dict[int, Model]:
    """Return the objects that events were about, by the event, where ``user`` may see them."""
    labels = {ContentType.objects.get_for_model(c.model).pk: c.label for c in registered()}
    named = {
        row.pk: (labels[row.content_type_id], row.object_id)
        for row in rows
        if row.content_type_id in labels
    }
    found = find_visible(named.values(), user)
    return {pk: found[reference] for pk, reference in named.items() if reference in found}


def _there(user_id: Any) -> QuerySet[Taxonomy]:
    """Return the terms that still stand for what they were: offered, or a tag of the person.

    One that is neither may have been merged into the term that its name means now.
    """
    tags = UserTag.objects.filter(user=user_id, taxonomy=OuterRef("pk"))
    return Taxonomy.objects.filter(Q(is_active=True) | Exists(tags))


def _hold(user_id: Any, keys: set[str], terms: set[int]) -> None:
    """Lock the tags that may have been fed, before it is asked whose they are.

    Merging may be moving them to another term: it waits, or this waits until it is done.
    """
    ours = Q(key__in=keys) | Q(taxonomy__in=terms.union(_meanings(keys).values()))
    tags = UserTag.objects.filter(ours, user=user_id).order_by("key")
    list(tags.select_for_update().values_list("pk"))


def _meanings(keys: Iterable[str]) -> dict[str, int]:
    """Return the terms that keys mean, as the vocabulary resolves them."""
    wanted = set(keys)
    if not wanted:
        return {}
    names = Taxonomy.objects.filter(key__in=wanted).values_list("key", "pk", "is_active")
    aliases = TaxonomyAlias.objects.filter(key__in=wanted).values_list("key", "taxonomy_id")
    rows = list(names)
    retired = {key: pk for key, pk, is_active in rows if not is_active}
    offered = {key: pk for key, pk, is_active in rows if is_active}
    return {**retired, **dict(aliases), **offered}


def _keys_of(tag: UserTag) -> set[str]:
    """Return the keys under which what was fed without a term of today belongs to ``tag``."""
    if tag.taxonomy is None:
        term = _meanings([tag.key]).get(tag.key)
        taken = term is not None and UserTag.objects.filter(user=tag.user_id, taxonomy=term)
        return set() if taken else {tag.key}
    aliases = tag.taxonomy.aliases.values_list("key", flat=True)
    meaning = _meanings({tag.key, tag.taxonomy.key, *aliases})
    meaning.setdefault(tag.key, tag.taxonomy.pk)
    return {key for key, term in meaning.items() if term == tag.taxonomy_id}


def _lost_under(key: str, user_id: Any) -> Q:
    """Match events that fed ``key`` without a term, or with one that is not there any more."""
    there = Exists(_there(user_id).filter(pk=_TermUnder(key)))
    return Q(fed_terms__has_key=key) & ~Q(there)


class _TermUnder(Func):
    """The term under one key of the outer row's ``fed_terms``; null where there is none.

    Django's own key lookup would take a key of nothing but digits for a place in an array.
    """

    template = "JSON_EXTRACT(%(expressions)s)"
    output_field = BigIntegerField()

    def __init__(self, key: str) -> None:
        super().__init__(OuterRef("fed_terms"), Value(f'$."{key}"'))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Write the same path in PostgreSQL's words."""
        first = "JSONB_PATH_QUERY_FIRST(%(expressions)s::jsonpath)"
        return super().as_sql(compiler, connection, template=f"({first} #>> '{{}}')::bigint")
