"""People's tags of the merged terms become tags of the one that stays, some people at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby
from typing import Any, Final

from django.db import connections
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from django_personalization.alignment import ABSORBED, absorb, stronger
from django_personalization.choices import TagSource, TagState
from django_personalization.merging.rows import written
from django_personalization.models import Taxonomy, UserTag
from django_personalization.querysets import UserTagQuerySet
from django_personalization.upsert import announce_tags

_NAMED: Final = ("taxonomy", "key", "name")


@dataclass(frozen=True)
class Names:
    """What tells the tags of the merged terms: the terms' ids, and their keys."""

    ids: tuple[int, ...]
    keys: tuple[str, ...]


@dataclass
class Step:
    """What was done with the tags of some people, and what undoing it needs.

    ``people`` has one entry for each: the rows ``before``, and the one row ``after``, which is
    left out where the row before only got another term.
    """

    people: list[dict[str, Any]] = field(default_factory=list)
    tags: int = 0


def to_move(merged_ids: Collection[int], keys: Collection[str] = ()) -> UserTagQuerySet:
    """Return the tags of the merged terms, and free ones with these keys."""
    tags = UserTag.objects.filter(taxonomy__in=merged_ids)
    return tags | UserTag.objects.filter(taxonomy=None, key__in=keys) if keys else tags


def to_refuse(keep_id: int, merged_ids: Collection[int]) -> UserTagQuerySet:
    """Return the tags with a "no" that the same person's tag of the term to keep has not got."""
    key = Taxonomy.objects.filter(pk=keep_id).values("key")
    kept = UserTag.objects.filter(user=OuterRef("user"), key__in=key)
    hidden = Q(state=TagState.HIDDEN) & ~Exists(kept.filter(state=TagState.HIDDEN))
    refused = Q(state=TagState.DISMISSED) & ~Exists(kept.exclude(state=TagState.ACTIVE))
    return UserTag.objects.filter(hidden | refused, taxonomy__in=merged_ids)


def people_of(tags: UserTagQuerySet, limit: int | None) -> list[Any]:
    """Return whose the first tags are that the database finds, each person once."""
    return list(dict.fromkeys(tags.order_by().values_list("user_id", flat=True)[:limit]))


def refuse(keep: Taxonomy, gone: Names, user_ids: Collection[Any]) -> Step:
    """Let the tags of the term to keep say no where these people's tags of merged ones do.

    Done before the names of the merged terms mean the other one: what a person refused must not
    come back meanwhile. Call it with the people and the terms held.
    """
    step, now = Step(), timezone.now()
    changed: dict[str, list[int]] = {}
    made = []
    for rows in _by_person(keep, gone, user_ids):
        own, others = _parted(rows, keep)
        state = reduce(stronger, (row.state for row in others), TagState.ACTIVE.value)
        if own is None and state != TagState.ACTIVE:
            made.append(_refusing(keep, others[0], state))
        elif own is not None and stronger(own.state, state) != own.state:
            before = written(own)
            own.state, own.updated_at = state, now
            changed.setdefault(state, []).append(own.pk)
            step.people.append({"before": [before], "after": written(own)})
            announce_tags(own.user_id, [keep.key])
    for state, pks in changed.items():
        UserTag.objects.filter(pk__in=pks).update(state=state, updated_at=now)
    for row in _stored(made, keep):
        step.people.append({"before": [], "after": written(row)})
        announce_tags(row.user_id, [keep.key])
    return step


def move(keep: Taxonomy, gone: Names, user_ids: Collection[Any]) -> Step:
    """Make one tag of all that these people have of the terms; call it with the terms held."""
    step = Step()
    renamed: list[int] = []
    joined: list[UserTag] = []
    dropped: list[int] = []
    for rows in _by_person(keep, gone, user_ids):
        own, others = _parted(rows, keep)
        if not others:
            continue
        first, *twins = others if own is None else [own, *others]
        entry: dict[str, Any] = {"before": [written(row) for row in (first, *twins)]}
        announce_tags(first.user_id, {keep.key, *(row.key for row in others)})
        _join(first, twins, keep)
        if twins:
            joined.append(first)
            dropped += [twin.pk for twin in twins]
            entry["after"] = written(first)
        else:
            renamed.append(first.pk)
        step.people.append(entry)
        step.tags += len(others)
    UserTag.objects.filter(pk__in=dropped).delete()
    UserTag.objects.filter(pk__in=renamed).update(taxonomy=keep, key=keep.key, name=keep.name)
    overwrite(joined)
    return step


def overwrite(tags: Sequence[UserTag]) -> None:
    """Store tags that exist and are held, with all that a merge may change."""
    names = [*_NAMED, *ABSORBED]
    if connections[UserTag.objects.db].features.supports_update_conflicts_with_target:
        # What bulk_update() says with a condition for each value takes ten times as long.
        UserTag.objects.bulk_create(
            tags, update_conflicts=True, unique_fields=["id"], update_fields=names
        )
    else:
        UserTag.objects.bulk_update(tags, names)


def _by_person(keep: Taxonomy, gone: Names, user_ids: Collection[Any]) -> list[list[UserTag]]:
    """Lock the people's tags of the terms and return each person's."""
    ours = Q(key=keep.key) | Q(taxonomy__in=[keep.pk, *gone.ids])
    free = Q(taxonomy=None, key__in=gone.keys)
    rows = UserTag.objects.filter(ours | free, user__in=user_ids)
    held = list(rows.order_by("user_id", "key").select_for_update())
    return [list(group) for _user_id, group in groupby(held, key=lambda row: row.user_id)]


def _parted(rows: Iterable[UserTag], keep: Taxonomy) -> tuple[UserTag | None, list[UserTag]]:
    """Return the person's tag of the term to keep, if there is one, and the others."""
    by_whose: dict[bool, list[UserTag]] = {True: [], False: []}
    for row in rows:
        by_whose[row.key == keep.key].append(row)
    own = by_whose[True]
    return (own[0] if own else None), by_whose[False]


def _join(tag: UserTag, twins: Sequence[UserTag], keep: Taxonomy) -> None:
    for twin in twins:
        absorb(tag, twin)
    tag.taxonomy_id, tag.key, tag.name = keep.pk, keep.key, keep.name
    if twins:
        tag.confidence_score = tag.confidence_at(timezone.now())


def _refusing(keep: Taxonomy, twin: UserTag, state: str) -> UserTag:
    """Return a tag of the term to keep that has nothing of its twin but the "no"."""
    return UserTag(
        user_id=twin.user_id,
        taxonomy=keep,
        name=keep.name,
        key=keep.key,
        source=twin.source,
        confidence_score=1.0 if twin.source == TagSource.MANUAL else 0.0,
        state=state,
        created_at=twin.created_at,
        updated_at=twin.updated_at,
    )


def _stored(rows: Sequence[UserTag], keep: Taxonomy) -> Sequence[UserTag]:
    stored = UserTag.objects.bulk_create(rows)
    if all(row.pk is not None for row in stored):
        return stored
    # A database that does not tell the keys of new rows.
    return list(UserTag.objects.filter(key=keep.key, user__in=[row.user_id for row in rows]))
