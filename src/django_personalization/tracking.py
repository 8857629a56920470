"""The write door for activity: events come in, tags come out.

Nothing else stores what people do. Consent is checked here and nowhere else; what an event taught
is stored with it, so that it can be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Model, Q
from django.utils import timezone

from django_personalization import scoring
from django_personalization.choices import Consent, TagSource, TagState
from django_personalization.conf import app_settings
from django_personalization.events import Event
from django_personalization.exceptions import InvalidInput
from django_personalization.learning import TrackResult, store
from django_personalization.models import (
    PersonalizationSettings,
    Taxonomy,
    UserInteraction,
    UserTag,
)
from django_personalization.upsert import announce_tags

__all__ = ["Event", "TrackResult", "refusal", "take_back", "track", "track_many"]

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


def track(
    user: AbstractBaseUser | AnonymousUser,
    interaction_type: str,
    *,
    metadata: Mapping[str, Any] | None = None,
    extracted_keywords: Sequence[str] = (),
    text: str = "",
    content: Model | None = None,
    event_id: str | None = None,
    occurred_at: datetime | None = None,
) -> TrackResult:
    """Store what ``user`` did and learn from it.

    Keywords, the terms that ``text`` mentions (it is not stored) and those of registered
    ``content`` each raise one tag of the person by the weight of the type. Never raises for
    people from whom nothing may be collected: the result says so. Raises :class:`InvalidInput`
    for wrong arguments, and then stores nothing.
    """
    event = Event(
        interaction_type,
        {} if metadata is None else metadata,
        extracted_keywords,
        text,
        content,
        event_id,
        occurred_at,
    )
    [result] = track_many(user, [event])
    if result.errors:
        raise InvalidInput(result.errors)
    return result


def track_many(
    user: AbstractBaseUser | AnonymousUser, events: Sequence[Event]
) -> list[TrackResult]:
    """Track several events of one person, in a bounded number of queries.

    Returns one result for each event, in the same order; a wrong one is reported in its result's
    ``errors`` and does not keep the others from being stored.
    """
    reason = refusal(user)
    if reason is not None:
        return [TrackResult(reason=reason) for _event in events]
    problems = [event.problems() for event in events]
    good = [event for event, wrong in zip(events, problems, strict=True) if not wrong]
    stored = iter(store(user.pk, good))
    return [TrackResult(errors=wrong) if wrong else next(stored) for wrong in problems]


def refusal(user: AbstractBaseUser | AnonymousUser) -> str | None:
    """Return why nothing may be collected from ``user`` now, or ``None`` when it may."""
    if user.pk is None:
        return "anonymous"
    choice = PersonalizationSettings.objects.filter(user=user.pk).first()
    consent = Consent.UNSET if choice is None else choice.consent
    if consent == Consent.DENIED:
        return "consent_denied"
    if consent != Consent.GRANTED and app_settings.require_consent:
        return "consent_missing"
    return "paused" if choice is not None and choice.paused else None


def take_back(interaction: UserInteraction) -> None:
    """Delete an interaction together with what it taught.

    Its evidence leaves the tags that it fed, exactly; an inferred tag that nothing supports any
    more goes. Raises ``UserInteraction.DoesNotExist`` when it has already been deleted.
    """
    with transaction.atomic():
        row = UserInteraction.objects.select_for_update().get(pk=interaction.pk)
        terms = _terms_fed(row)
        fed = Q(key__in=list(terms)) | Q(taxonomy__in=[pk for pk in terms.values() if pk])
        tags = UserTag.objects.filter(fed, user=row.user_id)
        _subtract(_tags_fed(terms, list(tags.order_by("key").select_for_update())), row)
        row.delete()


def _terms_fed(row: UserInteraction) -> dict[str, int | None]:
    """Return the keys that an event fed, each with its term, also where it has become one since."""
    free = [key for key, term in row.fed_terms.items() if term is None]
    since = Taxonomy.objects.filter(Q(key__in=free) | Q(aliases__key__in=free))
    known = {
        key: pk for pk, *keys in since.values_list("pk", "key", "aliases__key") for key in keys
    }
    return {key: term or known.get(key) for key, term in row.fed_terms.items()}


def _tags_fed(terms: Mapping[str, int | None], tags: Sequence[UserTag]) -> list[UserTag]:
    """Find each fed tag by its term, which outlives a rename, or else by its key.

    A tag that was two when it was fed is in the list twice.
    """
    by_term = {tag.taxonomy_id: tag for tag in tags if tag.taxonomy_id is not None}
    by_key = {tag.key: tag for tag in tags}
    found = (
        (by_term.get(term) if term else None) or by_key.get(key) for key, term in terms.items()
    )
    return [tag for tag in found if tag is not None]


def _subtract(tags: Sequence[UserTag], row: UserInteraction) -> None:
    """Take one event's evidence from locked tags and drop those that have none left."""
    now, half_life = timezone.now(), app_settings.half_life_days
    amount = row.fed_weight * scoring.growth(row.created_at, half_life)
    for tag in tags:
        tag.interaction_count = max(tag.interaction_count - 1, 0)
        tag.evidence = max(tag.evidence - amount, 0.0) if tag.interaction_count else 0.0
        tag.confidence_score = tag.confidence_at(now)
        tag.updated_at = now
    changed = list({tag.pk: tag for tag in tags}.values())
    UserTag.objects.bulk_update(
        changed, ["evidence", "interaction_count", "confidence_score", "updated_at"]
    )
    empty = [tag.pk for tag in changed if _is_unsupported(tag)]
    UserTag.objects.filter(pk__in=empty).delete()
    if changed:
        announce_tags(row.user_id, [tag.key for tag in changed])


def _is_unsupported(tag: UserTag) -> bool:
    return (
        tag.interaction_count == 0
        and tag.source != TagSource.MANUAL
        and tag.state == TagState.ACTIVE
    )
