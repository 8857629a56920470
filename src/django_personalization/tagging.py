"""The write door for tags: pick, drop, weigh, hide and restore.

Views, the admin and commands call these functions and nothing else writes a person's tags, but
:mod:`django_personalization.tracking`, which adds evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from django_personalization.choices import TAG_WEIGHTS, TagSource, TagState
from django_personalization.exceptions import InvalidInput
from django_personalization.models import Taxonomy, UserTag
from django_personalization.querysets import hold_person, keep_person
from django_personalization.redaction import redacted
from django_personalization.text import tidy
from django_personalization.upsert import (
    HIDE,
    PICK,
    SELECT,
    Rule,
    TagRow,
    announce_tags,
    upsert_tags,
    weighed,
)
from django_personalization.validation import name_problem, shown
from django_personalization.vocabulary import current_vocabulary

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

STATE_BATCH: Final = 1000

_UNSUPPORTED: Final = Q(state=TagState.ACTIVE, interaction_count=0) & ~Q(source=TagSource.MANUAL)
"""What neither the person nor any event speaks for: no list has it, and none would ever."""


@redacted
def pick(
    user: AbstractBaseUser,
    *,
    taxonomy: Taxonomy | None = None,
    name: str | None = None,
    weight: float | None = None,
) -> tuple[UserTag, bool]:
    """Give ``user`` a tag by hand and return it, and whether it is new.

    By ``taxonomy``, or by ``name``, which becomes a term of the vocabulary where it means one and
    a free tag where it does not. An inferred tag is promoted, a dismissed or hidden one comes
    back. ``weight`` is 0.5 (Less), 1 (Normal) or 2 (More); without one a tag keeps the weight that
    it has. Raises :class:`InvalidInput` for an inactive taxonomy, for a name that cannot be one
    and for any other weight.
    """
    _check_change(weight, None)
    with transaction.atomic():
        # First of all: an erasure that has begun holds the person and waits for their tags.
        keep_person(user.pk)
        row = _row_for(taxonomy, name)
        return _write_one(user, row, PICK, weight)


@redacted
def pick_many(user: AbstractBaseUser, taxonomy_ids: Collection[int]) -> list[UserTag]:
    """Pick several terms at once, all or none, and return their tags in the order asked for.

    Raises :class:`InvalidInput`, naming the ids that are unknown or inactive.
    """
    with transaction.atomic():
        keep_person(user.pk)
        rows = [_row(taxonomy) for taxonomy in _active(taxonomy_ids, _held_terms(taxonomy_ids))]
        tags, _created = _write(user, rows, PICK)
    return tags


@redacted
def hide(
    user: AbstractBaseUser,
    *,
    taxonomy: Taxonomy | None = None,
    name: str | None = None,
    weight: float | None = None,
) -> tuple[UserTag, bool]:
    """Hide what is tagged so from ``user``; return the tag and whether it is new.

    Takes what :func:`pick` takes and raises what it raises. Who hides what was no tag of theirs
    has not picked it: :func:`restore` leaves nothing of it.
    """
    _check_change(weight, None)
    with transaction.atomic():
        keep_person(user.pk)
        row = _row_for(taxonomy, name, state=TagState.HIDDEN)
        row = replace(row, source=TagSource.AUTO_ACTIVITY, confidence_score=0.0)
        return _write_one(user, row, HIDE, weight)


@redacted
def change(tag: UserTag, *, weight: float | None = None, state: str | None = None) -> UserTag:
    """Change what the person says about a tag and return the stored row.

    ``weight`` is 0.5 (Less), 1 (Normal) or 2 (More); ``state`` one of active, dismissed, hidden.
    An inferred tag that becomes active while nothing speaks for it is returned as it was at last,
    and is gone. Raises :class:`InvalidInput` for any other value and ``UserTag.DoesNotExist`` when
    the tag has meanwhile gone.
    """
    _check_change(weight, state)
    values = {"weight": weight, "state": state}
    changes = {name: value for name, value in values.items() if value is not None}
    with transaction.atomic():
        row, changed = UserTag.objects.filter(pk=tag.pk), 0
        if changes:
            changed = row.exclude(**changes).update(**changes, updated_at=timezone.now())
            announce_tags(tag.user_id, [tag.key])
        stored = row.with_taxonomies().get()
        if changed and state == TagState.ACTIVE:
            row.filter(_UNSUPPORTED).delete()
    return stored


def change_many(tags: QuerySet[UserTag], *, state: str) -> int:
    """Change the state of tags, of one person or of many; return how many were in another state.

    ``state`` is one of active, dismissed, hidden; raises :class:`InvalidInput` for any other. An
    inferred tag that becomes active while nothing speaks for it goes, as by :func:`change`. The
    number of queries grows by one for every thousand tags, or by two where they become active.
    """
    return sum(change_many_by_person(tags, state=state).values())


@redacted
def change_many_by_person(tags: QuerySet[UserTag], *, state: str) -> dict[Any, int]:
    """Do the same as :func:`change_many`; return how many it were of each person, by their key."""
    _check_change(None, state)
    chosen = UserTag.objects.filter(pk__in=tags.values("pk"))
    with transaction.atomic():
        return _set_state(chosen.exclude(state=state), state)


def weigh(tag: UserTag, weight: float) -> UserTag:
    """Make a tag count less (0.5), normally (1) or more (2)."""
    return change(tag, weight=weight)


def drop(tag: UserTag) -> UserTag:
    """Remove a tag: it is listed no more and never inferred again until it is restored."""
    return change(tag, state=TagState.DISMISSED)


def restore(tag: UserTag) -> UserTag:
    """Undo :func:`drop` and :func:`hide`: the tag is what it was before.

    What was no tag before is none afterwards: the row is returned and is gone.
    """
    return change(tag, state=TagState.ACTIVE)


@redacted
def drop_many(user: AbstractBaseUser, tag_ids: Collection[int]) -> int:
    """Remove several tags of ``user`` and return how many there were.

    Ids of other people's tags, of unknown ones and of those already removed are not counted.
    """
    with transaction.atomic():
        tags = (
            UserTag.objects.of(user).filter(pk__in=list(tag_ids)).exclude(state=TagState.DISMISSED)
        )
        return sum(_set_state(tags, TagState.DISMISSED).values())


@redacted
def set_selection(user: AbstractBaseUser, taxonomy_ids: Collection[int]) -> list[UserTag]:
    """Make the picked terms of the vocabulary exactly these, atomically; return all picked tags.

    Terms that are no longer among them are dropped. Picked free tags, which are not terms of the
    vocabulary, stay. An inactive term may stay picked but not be picked anew. Raises
    :class:`InvalidInput`, naming the ids that are unknown or inactive.
    """
    wanted = list(dict.fromkeys(taxonomy_ids))
    picked = UserTag.objects.of(user).manual()
    with transaction.atomic():
        hold_person(user.pk)
        before = set(picked.exclude(taxonomy=None).values_list("taxonomy_id", flat=True))
        unpicked = before.difference(wanted)
        # What is dropped is held as well: its key must be the one that the term has now.
        held = _held_terms([*(pk for pk in wanted if pk not in before), *unpicked])
        added = _active([pk for pk in wanted if pk not in before], held)
        dropped = [_row(held[pk], TagState.DISMISSED) for pk in unpicked if pk in held]
        _write(user, [*map(_row, added), *dropped], SELECT)
        return list(picked.with_taxonomies())


def _set_state(tags: QuerySet[UserTag], state: str) -> dict[Any, int]:
    """Give ``tags`` a state, one person's after another's; return how many there were of each.

    Rows are locked in the order of their keys, as every writer of a person's tags does.
    """
    rows = tags.order_by("user_id", "key").select_for_update()
    locked = list(rows.values_list("pk", "user_id", "key"))
    now, pks = timezone.now(), [pk for pk, _user_id, _key in locked]
    keys: dict[Any, list[str]] = {}
    for start in range(0, len(locked), STATE_BATCH):
        batch = UserTag.objects.filter(pk__in=pks[start : start + STATE_BATCH])
        batch.update(state=state, updated_at=now)
        if state == TagState.ACTIVE:
            batch.filter(_UNSUPPORTED).delete()
    for _pk, user_id, key in locked:
        keys.setdefault(user_id, []).append(key)
    for user_id, changed in keys.items():
        announce_tags(user_id, changed)
    return {user_id: len(changed) for user_id, changed in keys.items()}


def _write_one(
    user: AbstractBaseUser, row: TagRow, rule: Rule, weight: float | None
) -> tuple[UserTag, bool]:
    """Write one row, with the weight where one is given; return its tag and whether it is new."""
    if weight is not None:
        row, rule = replace(row, weight=weight), weighed(rule)
    [tag], created = _write(user, [row], rule)
    return tag, bool(created)


def _write(
    user: AbstractBaseUser, rows: Sequence[TagRow], rule: Rule
) -> tuple[list[UserTag], list[UserTag]]:
    """Write ``rows`` and return their tags, in the same order, and those that are new."""
    if not rows:
        return [], []
    now = timezone.now()
    upsert_tags(user.pk, rows, rule, now)
    keys = [row.key for row in rows]
    stored = UserTag.objects.of(user).with_taxonomies().filter(key__in=keys)
    by_key = {tag.key: tag for tag in stored}
    announce_tags(user.pk, keys)
    tags = [by_key[key] for key in keys]
    return tags, [tag for tag in tags if tag.created_at == now]


def _row_for(taxonomy: Taxonomy | None, name: str | None, state: str = TagState.ACTIVE) -> TagRow:
    """Return the row for a taxonomy or a name, under a lock on the term that it means."""
    if taxonomy is not None:
        return _row(_held(taxonomy.pk, {"taxonomy": [no_active_taxonomy(taxonomy.pk)]}), state)
    problem = name_problem(name)
    if problem is not None or name is None:
        raise InvalidInput({"name": [problem or _("Give a name or a taxonomy.")]})
    term = _held_called(name)
    if term is not None:
        return _row(term, state)
    free = Taxonomy(name=tidy(name))
    free.derive()
    return _row(free, state)


def _held_called(name: str) -> Taxonomy | None:
    """Hold the term that ``name`` means; ``None`` where it means none."""
    for _attempt in range(2):  # at this moment the term may be merged into another one
        term = current_vocabulary().resolve(name)
        if term is None or term.taxonomy_id is None:
            return None
        held = Taxonomy.objects.active().filter(pk=term.taxonomy_id).held()
        if held:
            return held[0]
    raise InvalidInput({"name": [_retired(name)]})


def _held(taxonomy_id: int, errors: Mapping[str, list[str]]) -> Taxonomy:
    held = Taxonomy.objects.active().filter(pk=taxonomy_id).held()
    if not held:
        raise InvalidInput(errors)
    return held[0]


def _row(taxonomy: Taxonomy, state: str = TagState.ACTIVE) -> TagRow:
    return TagRow(
        key=taxonomy.key,
        name=taxonomy.name,
        taxonomy_id=taxonomy.pk,
        source=TagSource.MANUAL,
        confidence_score=1.0,
        state=state,
    )


def _held_terms(taxonomy_ids: Collection[int]) -> dict[int, Taxonomy]:
    held = Taxonomy.objects.filter(pk__in=list(taxonomy_ids)).held()
    return {taxonomy.pk: taxonomy for taxonomy in held}


def _active(taxonomy_ids: Collection[int], held: Mapping[int, Taxonomy]) -> list[Taxonomy]:
    """Return the terms with these ids, each once; raise unless all are there and active."""
    ids = dict.fromkeys(taxonomy_ids)
    wrong = [pk for pk in ids if pk not in held or not held[pk].is_active]
    if wrong:
        raise InvalidInput({"taxonomy_ids": [no_active_taxonomy(pk) for pk in wrong[:20]]})
    return [held[pk] for pk in ids]


def no_active_taxonomy(pk: int) -> str:
    """Return the sentence that refuses the id of a term that is unknown or inactive."""
    return _("No active taxonomy has the id %s.") % shown(pk)


def _retired(name: str) -> str:
    return _("%s is a taxonomy that is not offered any more.") % shown(name)


def _check_change(weight: float | None, state: str | None) -> None:
    errors = {}
    if weight is not None and weight not in TAG_WEIGHTS:
        legal = ", ".join(f"{value:g} ({label})" for value, label in TAG_WEIGHTS.items())
        errors["weight"] = [
            _("%(value)s is not one of: %(legal)s.") % {"value": shown(weight), "legal": legal}
        ]
    if state is not None and state not in TagState.values:
        errors["state"] = [
            _("%(value)s is not one of: %(legal)s.")
            % {"value": shown(state), "legal": ", ".join(TagState.values)}
        ]
    if errors:
        raise InvalidInput(errors)
