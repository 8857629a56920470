"""What an event is: what it may hold, and which terms it mentions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from django.db.models import Model
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _

from django_personalization.conf import app_settings
from django_personalization.content import declaration_of
from django_personalization.text import MOST_EXPANSION, normalize, term_key, tidy
from django_personalization.validation import (
    MAX_BYTES,
    json_problem,
    matched_text_problem,
    name_problem,
    shown,
)
from django_personalization.vocabulary import Term, Vocabulary

MAX_KEYWORDS: Final = 20
MAX_EVENT_ID_LENGTH: Final = 64
MAX_OBJECT_ID_LENGTH: Final = 255
_DAWN: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Event:
    """Something that a person did.

    ``text`` is matched against the vocabulary and never stored; ``content`` is the host's object
    that it was about; ``event_id`` makes a repeated delivery count once; ``occurred_at`` is an
    aware time, by default now. Its ``repr()``, which ends up in logs, shows none of what it holds.
    """

    interaction_type: str
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)
    extracted_keywords: Sequence[str] = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    content: Model | None = field(default=None, repr=False)
    event_id: str | None = field(default=None, repr=False)
    occurred_at: datetime | None = None

    def problems(self) -> dict[str, list[str]]:
        """Return what is wrong with each field; empty when the event can be stored."""
        found = {
            "interaction_type": _type_problem(self.interaction_type),
            "metadata": json_problem(self.metadata),
            "extracted_keywords": keywords_problem(self.extracted_keywords),
            "text": _text_problem(self.text),
            "content": _content_problem(self.content),
            "event_id": _event_id_problem(self.event_id),
            "occurred_at": _time_problem(self.occurred_at),
        }
        return {name: [problem] for name, problem in found.items() if problem is not None}

    def time(self, now: datetime) -> datetime:
        """Return when it happened, kept between the start of the retention period and ``now``."""
        if self.occurred_at is None:
            return now
        days = app_settings.interaction_retention_days
        earliest = _DAWN if days is None else now - timedelta(days=days)
        return min(max(self.occurred_at, earliest), now)


def keywords_problem(keywords: object) -> str | None:
    """Return what is wrong with a list of keywords, naming the bad one, or ``None``."""
    if isinstance(keywords, (str, bytes, Mapping)) or not isinstance(keywords, Sequence):
        return _("Expected a list of keywords, got %s.") % type(keywords).__name__
    if len(keywords) > MAX_KEYWORDS:
        return _("Has %(count)s keywords; at most %(most)s are allowed.") % {
            "count": len(keywords),
            "most": MAX_KEYWORDS,
        }
    problems = ((index, name_problem(keyword)) for index, keyword in enumerate(keywords))
    return next((f"[{i}] {p[0].lower()}{p[1:]}" for i, p in problems if p is not None), None)


def _type_problem(code: object) -> str | None:
    legal = app_settings.interaction_types
    if isinstance(code, str) and code in legal:
        return None
    return _("%(value)s is not one of: %(legal)s.") % {
        "value": shown(code),
        "legal": ", ".join(legal),
    }


def _content_problem(content: object) -> str | None:
    if content is None:
        return None
    if not isinstance(content, Model) or content.pk is None:
        return _("Expected a saved model instance, got %s.") % type(content).__name__
    if len(str(content.pk)) > MAX_OBJECT_ID_LENGTH:
        return _("Its key has more than %s characters.") % MAX_OBJECT_ID_LENGTH
    return None


def _text_problem(text: object) -> str | None:
    problem = matched_text_problem(text)
    if problem is None and _is_too_long(str(text)):
        problem = _("Is longer than %s characters in its normalized form.") % f"{MAX_BYTES:,}"
    return problem


def _is_too_long(text: str) -> bool:
    # Most texts are so short that they need not be normalised to know; ASCII stays as long.
    may_be = not text.isascii() and len(text) * MOST_EXPANSION > MAX_BYTES
    return may_be and len(normalize(text)) > MAX_BYTES


def _event_id_problem(event_id: object) -> str | None:
    if event_id is None:
        return None
    problem = name_problem(event_id)
    if problem is None and len(str(event_id)) > MAX_EVENT_ID_LENGTH:
        problem = _("Has more than %s characters.") % MAX_EVENT_ID_LENGTH
    return problem


def _time_problem(at: object) -> str | None:
    if at is None:
        return None
    if not isinstance(at, datetime) or is_naive(at):
        return _("Expected a time with a time zone, got %s.") % shown(at)
    return None


def content_names(events: Iterable[Event]) -> dict[tuple[type[Model], str], list[str]]:
    """Return the term names of the events' objects, one query for each registered model."""
    objects: dict[type[Model], list[Any]] = {}
    for event in events:
        if event.content is not None:
            objects.setdefault(event.content._meta.model, []).append(event.content.pk)
    names = {}
    for model, ids in objects.items():
        declaration = declaration_of(model)
        if declaration is not None:
            names.update({(model, pk): n for pk, n in declaration.names(ids).items()})
    return names


def mentions(
    event: Event, names: Mapping[tuple[type[Model], str], list[str]], vocabulary: Vocabulary
) -> list[Term]:
    """Return what the event mentions, each term once: its keywords, its text, its object's terms.

    Sensitive terms, and free keywords that mention one, are left out altogether; inactive terms
    only where nobody named them.
    """
    named = [term_called(name, vocabulary) for name in event.extracted_keywords]
    found = [term for term in vocabulary.match(event.text) if term.is_active]
    if event.content is not None:
        key = (event.content._meta.model, str(event.content.pk))
        usable = (name for name in names.get(key, ()) if name_problem(name) is None)
        about = (term_called(name, vocabulary) for name in usable)
        found += [term for term in about if term.is_active]
    terms = {term.key: term for term in [*found[::-1], *named[::-1]] if not term.is_sensitive}
    return list(reversed(terms.values()))[:MAX_KEYWORDS]


def term_called(name: str, vocabulary: Vocabulary) -> Term:
    """Return the term that ``name`` means, or a free one of that name.

    A free one that mentions a sensitive term is sensitive too.
    """
    term = vocabulary.resolve(name)
    if term is not None:
        return term
    sensitive = vocabulary.mentions_sensitive(name)
    return Term(term_key(name), tidy(name), None, is_sensitive=sensitive)


def keywords_to_store(event: Event, terms: Sequence[Term], vocabulary: Vocabulary) -> list[str]:
    """Return the keywords that the history shows: as they were given, then what was found."""
    given: dict[str, str] = {}
    for keyword in event.extracted_keywords:
        term = term_called(keyword, vocabulary)
        if not term.is_sensitive:
            given.setdefault(term.key, tidy(keyword))
    return [*given.values(), *(term.name for term in terms if term.key not in given)]
