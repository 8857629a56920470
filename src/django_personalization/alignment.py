"""People's tags follow the vocabulary when its terms are made or renamed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from django_personalization.choices import TagSource, TagState
from django_personalization.models import Taxonomy, UserTag
from django_personalization.querysets import UserTagQuerySet

ALIGN_BATCH: Final = 300

# Of two states that meet in one tag, the later one here wins: a "no" is never lost.
_STRENGTH: Final = [state.value for state in (TagState.ACTIVE, TagState.DISMISSED, TagState.HIDDEN)]


def align_tags(taxonomy_ids: Collection[int]) -> None:
    """Let people's tags follow terms that were made or renamed.

    Tags of a renamed term take its name; free tags that are called like a term become its tags.
    Where a person has both, the two become one: evidence and counts are added, a pick and a "no"
    both survive. Called whenever terms are saved, in the same transaction.
    """
    ids = list(taxonomy_ids)
    for start in range(0, len(ids), ALIGN_BATCH):
        with transaction.atomic():
            _align(ids[start : start + ALIGN_BATCH])


def _align(taxonomy_ids: list[int]) -> None:
    terms = Taxonomy.objects.filter(pk__in=taxonomy_ids)
    renamed = UserTag.objects.filter(taxonomy__in=taxonomy_ids).exclude(
        key=F("taxonomy__key"), name=F("taxonomy__name")
    )
    _merge_twins(renamed.exclude(key=F("taxonomy__key")))
    by_id = terms.filter(pk=OuterRef("taxonomy"))
    renamed.update(key=Subquery(by_id.values("key")), name=Subquery(by_id.values("name")))
    by_key = terms.filter(key=OuterRef("key"))
    UserTag.objects.filter(taxonomy=None, key__in=terms.values("key")).update(
        taxonomy=Subquery(by_key.values("pk")), name=Subquery(by_key.values("name"))
    )


def _merge_twins(renamed: UserTagQuerySet) -> None:
    """Where a person already has a tag with a term's new name, fold it into the term's own."""
    twin = UserTag.objects.filter(user=OuterRef("user"), key=OuterRef("taxonomy__key"))
    pairs = dict(
        renamed.annotate(twin=Subquery(twin.values("pk")))
        .exclude(twin=None)
        .values_list("pk", "twin")
    )
    if not pairs:
        return
    rows = UserTag.objects.filter(pk__in=[*pairs, *pairs.values()]).order_by("user", "key")
    tags = {tag.pk: tag for tag in rows.select_for_update()}
    for pk, twin_pk in pairs.items():
        _absorb(tags[pk], tags[twin_pk])
    UserTag.objects.filter(pk__in=pairs.values()).delete()
    UserTag.objects.bulk_update(
        [tags[pk] for pk in pairs],
        ["evidence", "interaction_count", "source", "confidence_score", "state", "weight"],
    )


def _absorb(tag: UserTag, twin: UserTag) -> None:
    tag.evidence += twin.evidence
    tag.interaction_count += twin.interaction_count
    tag.state = max(tag.state, twin.state, key=_STRENGTH.index)
    if twin.source == TagSource.MANUAL:
        tag.source, tag.confidence_score, tag.weight = TagSource.MANUAL, 1.0, twin.weight
