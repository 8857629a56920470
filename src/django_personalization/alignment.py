"""People's tags follow the vocabulary when its terms are made, renamed or given aliases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from django.db import connections, router, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery

from django_personalization.choices import TagSource, TagState
from django_personalization.models import (
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    UserTag,
    VocabularyRevision,
)
from django_personalization.querysets import UserTagQuerySet, mark_vocabulary_changed
from django_personalization.text import term_key

ALIGN_BATCH: Final = 300

ABSORBED: Final = (
    "evidence",
    "interaction_count",
    "source",
    "confidence_score",
    "state",
    "weight",
    "created_at",
    "updated_at",
)
"""The fields that :func:`absorb` may change."""

# Of two states that meet in one tag, the later one here wins: a "no" is never lost.
_STRENGTH: Final = [state.value for state in (TagState.ACTIVE, TagState.DISMISSED, TagState.HIDDEN)]


def hold_vocabulary() -> None:
    """Let the next one who changes much of the vocabulary wait until this transaction has ended.

    On PostgreSQL everybody who writes the vocabulary waits: a row that somebody saves meanwhile
    could otherwise take a name after it was found free, or wait for this transaction while this
    one waits for it. Readers and trackers go on. Elsewhere the revision's row is the lock, and
    SQLite lets one writer in at a time anyway.
    """
    connection = connections[router.db_for_write(Taxonomy)]
    if connection.vendor == "postgresql":
        models = (Taxonomy, TaxonomyAlias, TaxonomyRelation)
        tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in models)
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
    elif not VocabularyRevision.objects.filter(pk=1).update(token=F("token")):
        mark_vocabulary_changed()


def align_tags(taxonomy_ids: Collection[int]) -> None:
    """Let people's tags follow terms that were made, renamed or given another spelling.

    Free tags that are called like a term, or like one of its aliases, become its tags, and all
    its tags take its name. Where a person has several, they become one: evidence and counts are
    added, a pick and a "no" both survive. Called whenever terms or aliases are saved, in the same
    transaction.
    """
    ids = list(taxonomy_ids)
    for start in range(0, len(ids), ALIGN_BATCH):
        with transaction.atomic():
            _align(ids[start : start + ALIGN_BATCH])


def keep_former_names(former: Iterable[Taxonomy], new_names: Mapping[int, str]) -> None:
    """Make the names that terms had until now aliases of theirs.

    Otherwise a term that was renamed would be inferred anew under its former name: a sensitive
    one would lose its protection, and a dismissed one come back. ``former`` are the terms as they
    were, ``new_names`` their new names by key; what already means something stays what it is.
    """
    renamed = [term for term in former if term.key != term_key(new_names[term.pk])]
    _keep([TaxonomyAlias(taxonomy_id=term.pk, name=term.name, key=term.key) for term in renamed])


def keep_former_aliases(former: Iterable[TaxonomyAlias], new: TaxonomyAlias) -> None:
    """Let the spelling that an alias had until now still mean the term that it meant.

    For the same reasons as :func:`keep_former_names`. ``former`` is the alias as it was.
    """
    renamed = [alias for alias in former if alias.key != new.key]
    _keep([TaxonomyAlias(taxonomy_id=a.taxonomy_id, name=a.name, key=a.key) for a in renamed])


def _keep(aliases: list[TaxonomyAlias]) -> None:
    if not aliases:
        return
    names = Taxonomy.objects.filter(key__in=[alias.key for alias in aliases])
    taken = set(names.values_list("key", flat=True))
    TaxonomyAlias.objects.bulk_create(
        [alias for alias in aliases if alias.key not in taken],
        ignore_conflicts=True,
        batch_size=ALIGN_BATCH,
    )


def _align(taxonomy_ids: list[int]) -> None:
    terms = Taxonomy.objects.filter(pk__in=taxonomy_ids)
    aliases = TaxonomyAlias.objects.filter(taxonomy__in=taxonomy_ids)
    free, key = UserTag.objects.filter(taxonomy=None), OuterRef("key")
    # Locks in the order in which trackers take theirs: the terms, then each person's tags by key.
    list(terms.order_by("pk").select_for_update().values_list("pk"))
    ours = Q(key__in=terms.values("key")) | Q(key__in=aliases.values("key"))
    if not free.filter(ours).order_by("user_id", "key").select_for_update().values_list("pk"):
        free = free.none()
    free.filter(key__in=terms.values("key")).update(
        taxonomy=Subquery(terms.filter(key=key).values("pk"))
    )
    free.filter(key__in=aliases.values("key")).update(
        taxonomy=Subquery(aliases.filter(key=key).values("taxonomy"))
    )
    tags = UserTag.objects.filter(taxonomy__in=taxonomy_ids)
    _merge_twins(tags)
    own = terms.filter(pk=OuterRef("taxonomy"))
    tags.exclude(key=F("taxonomy__key"), name=F("taxonomy__name")).update(
        key=Subquery(own.values("key")), name=Subquery(own.values("name"))
    )


def _merge_twins(tags: UserTagQuerySet) -> None:
    """Where a person has several tags of one term, keep one and fold the others into it."""
    pairs = tags.order_by().values("user", "taxonomy").annotate(count=Count("pk"))
    twins = UserTag.objects.filter(
        Exists(pairs.filter(count__gt=1, user=OuterRef("user"), taxonomy=OuterRef("taxonomy")))
    )
    kept: dict[tuple[object, int | None], UserTag] = {}
    gone = []
    for tag in twins.order_by("user_id", "key").select_for_update():
        first = kept.setdefault((tag.user_id, tag.taxonomy_id), tag)
        if first is not tag:
            absorb(first, tag)
            gone.append(tag.pk)
    UserTag.objects.filter(pk__in=gone).delete()
    UserTag.objects.bulk_update(kept.values(), ABSORBED, batch_size=500)


def absorb(tag: UserTag, twin: UserTag) -> None:
    """Make one tag of two of the same person's: ``tag`` takes what ``twin`` has; saves neither.

    Evidence and counts are added, a pick and a "no" both survive, and so does a weight that was
    set; the tag is as old as the older of the two and as new as the newer.
    """
    tag.evidence += twin.evidence
    tag.interaction_count += twin.interaction_count
    tag.state = stronger(tag.state, twin.state)
    tag.weight = twin.weight if tag.weight == 1 else tag.weight
    tag.created_at = min(tag.created_at, twin.created_at)
    tag.updated_at = max(tag.updated_at, twin.updated_at)
    if twin.source == TagSource.MANUAL:
        tag.source, tag.confidence_score = TagSource.MANUAL, 1.0


def stronger(state: str, other: str) -> str:
    """Return the state of a tag in which two meet: hidden before dismissed before active."""
    return max(state, other, key=_STRENGTH.index)
