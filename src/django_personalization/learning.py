"""What events leave in the database: their rows, and the tags that they raise.

Everything here runs in one transaction whose number of queries does not depend on the number of
events. :mod:`django_personalization.tracking` is the door to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connections, transaction
from django.db.models import Model
from django.utils import timezone

from django_personalization import scoring
from django_personalization.conf import InteractionType, app_settings
from django_personalization.content import declaration_of
from django_personalization.events import Event, content_names, keywords_to_store, mentions
from django_personalization.models import Taxonomy, UserInteraction
from django_personalization.popularity import Use, add_uses
from django_personalization.querysets import hold_person, keep_person
from django_personalization.signals import interactions_tracked
from django_personalization.upsert import TagRow, add_evidence, announce_tags, upsert_tags
from django_personalization.vocabulary import Term, current_vocabulary

_ATTEMPTS: Final = 4


@dataclass(frozen=True)
class TrackResult:
    """What became of one event.

    ``interaction`` is its row, ``created`` whether this call made it (a repeated ``event_id``
    gives the first one). Where nothing was stored, ``reason`` says why not (``anonymous``,
    ``consent_denied``, ``consent_missing``, ``global_privacy_control``, ``mode_none``,
    ``paused``), or ``errors`` what was wrong with it.
    """

    interaction: UserInteraction | None = None
    created: bool = False
    reason: str | None = None
    errors: Mapping[str, list[str]] = field(default_factory=dict, repr=False)

    @property
    def stored(self) -> bool:
        """Whether there is a row for the event."""
        return self.interaction is not None


@dataclass
class _Pending:
    """An event on its way into the database."""

    event: Event
    kind: InteractionType
    at: datetime
    keywords: list[str] = field(repr=False)
    terms: list[Term] = field(repr=False)
    # Not for a repeat, which stays in the history and changes nothing else.
    counts: bool = True
    row: UserInteraction | None = None

    @property
    def subject(self) -> tuple[str, type[Model] | None, str]:
        content = self.event.content
        # Proxies share a content type with the model that they stand for.
        model = None if content is None else content._meta.concrete_model
        return self.kind.code, model, "" if content is None else str(content.pk)


def store(
    user_id: Any, events: Sequence[Event], refusal: Callable[[], str | None]
) -> list[TrackResult]:
    """Store events that have been checked, all or none, and learn from them.

    Returns one result for each, in the same order. ``refusal`` is asked why nothing may be
    stored; its ``None`` holds until what is stored has committed. When another request stores one
    of the event ids at the same moment, its constraint settles who was first, and this call runs
    again; so it does when a term goes at this moment, whose name may mean another one now.
    """
    if not events:
        return []
    now = timezone.now()
    for attempt in range(_ATTEMPTS):
        pending = _prepare(events, now)
        try:
            with transaction.atomic():
                keep_person(user_id)
                reason = refusal()
                if reason is not None:
                    return [TrackResult(reason=reason) for _event in events]
                return _store_once(user_id, pending, now, is_last=attempt == _ATTEMPTS - 1)
        except _TermsGone:
            continue
        except IntegrityError:
            # Another request has just stored one of the event ids: the next try finds it.
            if attempt == _ATTEMPTS - 1 or not any(event.event_id for event in events):
                raise
    raise AssertionError("unreachable")


class _TermsGone(Exception):
    """Terms that the snapshot of the vocabulary has are not to be inferred any more."""


def _prepare(events: Sequence[Event], now: datetime) -> list[_Pending]:
    vocabulary, names = current_vocabulary(), content_names(events)
    kinds, unknown = app_settings.interaction_types, app_settings.infer_unknown_keywords
    pending = []
    for event in events:
        terms = mentions(event, names, vocabulary)
        keywords = keywords_to_store(event, terms, vocabulary)
        inferable = [term for term in terms if term.is_inferable and (unknown or term.taxonomy_id)]
        kind = kinds[event.interaction_type]
        pending.append(_Pending(event, kind, event.time(now), keywords, inferable))
    return pending


def _store_once(
    user_id: Any, pending: list[_Pending], now: datetime, *, is_last: bool
) -> list[TrackResult]:
    known = _known_events(user_id, pending)
    fresh: dict[str | int, _Pending] = {}
    for index, item in enumerate(pending):
        if item.event.event_id not in known:
            fresh.setdefault(item.event.event_id or index, item)
    _drop_repeats(user_id, list(fresh.values()))
    if _drop_stale_terms(fresh.values()) and not is_last:
        raise _TermsGone
    written = _feed(user_id, fresh.values(), now)
    _insert(user_id, list(fresh.values()), written)
    add_uses(_uses(fresh.values()))
    return _results(pending, known, fresh)


def _known_events(user_id: Any, pending: Iterable[_Pending]) -> dict[str, UserInteraction]:
    ids = [item.event.event_id for item in pending if item.event.event_id]
    if not ids:
        return {}
    rows = UserInteraction.objects.filter(user=user_id, event_id__in=ids)
    return {str(row.event_id): row for row in rows}


def _results(
    pending: Iterable[_Pending],
    known: Mapping[str, UserInteraction],
    fresh: Mapping[str | int, _Pending],
) -> list[TrackResult]:
    results = []
    for index, item in enumerate(pending):
        event_id = item.event.event_id
        if event_id is not None and event_id in known:
            results.append(TrackResult(known[event_id]))
        else:
            first = fresh[event_id or index]
            results.append(TrackResult(first.row, created=first is item))
    return results


def _drop_repeats(user_id: Any, pending: Sequence[_Pending]) -> None:
    """Let the same type about the same object count once within the window."""
    window = timedelta(minutes=app_settings.repeat_window_minutes)
    about = [item for item in pending if item.event.content is not None]
    if not about or not window:
        return
    hold_person(user_id)
    counted = _counted(user_id, about, window)
    for item in sorted(about, key=lambda item: item.at):
        times = counted.setdefault(item.subject, [])
        if any(abs(item.at - time) < window for time in times):
            item.terms, item.counts = [], False
        else:
            times.append(item.at)


def _counted(
    user_id: Any, about: Sequence[_Pending], window: timedelta
) -> dict[tuple[str, type[Model] | None, str], list[datetime]]:
    """Return when the same subjects have counted before, around the times of ``about``."""
    times = [item.at for item in about]
    models = {item.subject[1] for item in about if item.subject[1] is not None}
    types = {ContentType.objects.get_for_model(model).pk: model for model in models}
    rows = UserInteraction.objects.filter(
        user=user_id,
        content_type__in=types,
        object_id__in={item.subject[2] for item in about},
        created_at__gt=min(times) - window,
        created_at__lt=max(times) + window,
        fed_weight__gt=0,
    ).values_list("interaction_type", "content_type", "object_id", "created_at")
    counted: dict[tuple[str, type[Model] | None, str], list[datetime]] = {}
    for code, content_type, object_id, at in rows:
        counted.setdefault((code, types[content_type], object_id), []).append(at)
    return counted


def _drop_stale_terms(pending: Iterable[_Pending]) -> bool:
    """Keep only terms that are still to be inferred, under the names they have now.

    The snapshot of the vocabulary may be a moment old; the lock makes what is read here last
    until the transaction ends. Returns whether any term had to go.
    """
    ids = {term.taxonomy_id for item in pending for term in item.terms if term.taxonomy_id}
    if not ids:
        return False
    rows = Taxonomy.objects.filter(pk__in=ids, is_active=True, is_sensitive=False).held()
    held = {row.pk: Term(row.key, row.name, row.pk) for row in rows}
    for item in pending:
        current = (held.get(t.taxonomy_id) if t.taxonomy_id else t for t in item.terms)
        item.terms = list({term.key: term for term in current if term is not None}.values())
    return len(held) < len(ids)


def _feed(user_id: Any, pending: Iterable[_Pending], now: datetime) -> set[str]:
    """Raise the tags of all events with one upsert; return the keys of those that were raised."""
    half_life = app_settings.half_life_days
    terms: dict[str, Term] = {}
    totals: dict[str, list[float]] = {}
    sources: dict[str, str] = {}
    for item in sorted(pending, key=lambda item: item.at):
        amount = item.kind.weight * scoring.growth(item.at, half_life)
        for term in item.terms:
            terms[term.key], sources[term.key] = term, item.kind.source
            totals.setdefault(term.key, []).append(amount)
    rows = [
        TagRow(
            key=key,
            name=term.name,
            taxonomy_id=term.taxonomy_id,
            source=sources[key],
            confidence_score=scoring.confidence_at(sum(totals[key]), now, half_life),
            evidence=sum(totals[key]),
            interaction_count=len(totals[key]),
        )
        for key, term in terms.items()
    ]
    return upsert_tags(user_id, rows, add_evidence(now, half_life), now) if rows else set()


def _insert(user_id: Any, pending: Sequence[_Pending], written: set[str]) -> None:
    made = []
    for item in pending:
        item.row = row = _row(user_id, item, written)
        made.append((item.event.event_id or "", row))
    # In one order for every writer: two that share event ids cannot wait for each other.
    rows = [row for _id, row in sorted(made, key=lambda pair: pair[0])]
    if connections[UserInteraction.objects.db].features.can_return_rows_from_bulk_insert:
        UserInteraction.objects.bulk_create(rows)
    else:
        for row in rows:
            row.save(force_insert=True)
    if rows:
        transaction.on_commit(
            lambda: interactions_tracked.send_robust(
                UserInteraction, user_id=user_id, interactions=rows
            ),
            robust=True,
        )
    if written:
        announce_tags(user_id, written)


def _uses(pending: Iterable[_Pending]) -> Iterator[Use]:
    """Yield what the counted events are worth to the items of registered content."""
    half_life = app_settings.half_life_days
    for item in pending:
        content = item.event.content
        if content is None or not item.counts or declaration_of(content._meta.model) is None:
            continue
        kind = ContentType.objects.get_for_model(content)
        amount = item.kind.weight * scoring.growth(item.at, half_life)
        yield Use((kind.pk, str(content.pk)), amount)


def _row(user_id: Any, item: _Pending, written: set[str]) -> UserInteraction:
    content = item.event.content
    fed = {term.key: term.taxonomy_id for term in item.terms if term.key in written}
    return UserInteraction(
        user_id=user_id,
        interaction_type=item.kind.code,
        metadata=dict(item.event.metadata),
        extracted_keywords=item.keywords,
        content_type=None if content is None else ContentType.objects.get_for_model(content),
        object_id=item.subject[2],
        event_id=item.event.event_id,
        fed_terms=fed,
        fed_weight=item.kind.weight if item.counts and (fed or content is not None) else 0.0,
        created_at=item.at,
    )
