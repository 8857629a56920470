"""The parts of an explanation, the sentences that say them, and the calls that change them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_personalization.affinity import Kind
from django_personalization.choices import TAG_WEIGHTS, TagSource
from django_personalization.conf import app_settings
from django_personalization.models import UserTag


@dataclass(frozen=True)
class Evidence:
    """What a tag rests on: how many interactions, when the last one was, of which types."""

    tag: UserTag
    count: int
    last: datetime | None
    kinds: tuple[str, ...]

    @property
    def text(self) -> str:
        """A clause on it: “you picked it”, or “from 3 interactions (Search), the last on …”."""
        if self.tag.source == TagSource.MANUAL:
            return _("which you picked")
        text = ngettext(
            "which follows from %d interaction", "which follows from %d interactions", self.count
        )
        parts = [text % self.count]
        if self.kinds:
            types = app_settings.interaction_types
            labels = [str(types[code].label) if code in types else code for code in self.kinds]
            parts.append(f" ({get_text_list(labels, _('and'))})")
        if self.last is not None:
            day = date_format(timezone.localtime(self.last), "DATE_FORMAT")
            parts.append(_(", the last on %s") % day)
        return "".join(parts)


@dataclass(frozen=True)
class Control:
    """A call of the API that changes a reason.

    ``path`` is ``None`` where the host has not included the app's routes.
    """

    action: str
    label: str
    method: str
    path: str | None
    body: Mapping[str, Any] | None = None


_SENTENCES: Final[dict[Kind, Any]] = {
    "own": gettext_lazy("It is about “%(term)s”, %(evidence)s."),
    "related": gettext_lazy("“%(term)s” is related to “%(tag)s”, %(evidence)s."),
    "broader": gettext_lazy("“%(term)s” is broader than “%(tag)s”, %(evidence)s."),
    "narrower": gettext_lazy("“%(term)s” is narrower than “%(tag)s”, %(evidence)s."),
}


@dataclass(frozen=True)
class Reason:
    """One of the terms whose sum is the relevance.

    ``contribution`` is its part of the sum and ``share`` the same as a part of 1. ``kind`` says
    whether the item's ``term`` is a tag of the person's own, or related to, broader or narrower
    than ``evidence``, the tags that it comes from, the strongest first.
    """

    contribution: float
    share: float
    term: str
    taxonomy_id: int | None
    kind: Kind
    evidence: tuple[Evidence, ...]

    @property
    def tag(self) -> UserTag:
        """The person's tag that it mostly comes from."""
        return self.evidence[0].tag

    @property
    def text(self) -> str:
        """The reason as a sentence, in the language that is active."""
        first = self.evidence[0]
        values = {"term": self.term, "tag": first.tag.name, "evidence": first.text}
        return str(_SENTENCES[self.kind]) % values

    @property
    def controls(self) -> list[Control]:
        """The calls that would change it, those for the tag first."""
        return [*_tag_controls(self.tag), *self._term_controls()]

    def _term_controls(self) -> Iterator[Control]:
        if self.kind != "own":
            path, body = _path("tag-list"), {"taxonomy": self.taxonomy_id, "state": "hidden"}
            label = _("Hide “%s”") % self.term
            yield Control("hide_term", label, "POST", path, body)


def _tag_controls(tag: UserTag) -> Iterator[Control]:
    detail = _path("tag-detail", tag.pk)
    names = {0.5: "less", 1.0: "normal", 2.0: "more"}
    for weight, label in TAG_WEIGHTS.items():
        if weight != tag.weight:
            yield Control(names[weight], str(label), "PATCH", detail, {"weight": weight})
    yield Control("hide", _("Hide"), "PATCH", detail, {"state": "hidden"})
    yield Control("remove", _("Remove"), "DELETE", detail)
    if tag.interaction_count:
        yield Control("why", _("Why?"), "GET", _path("tag-evidence", tag.pk))


def _path(name: str, *args: Any) -> str | None:
    try:
        return reverse(f"django_personalization:{name}", args=args)
    except NoReverseMatch:
        return None


_OBSTACLES: Final[dict[str, Any]] = {
    "anonymous": gettext_lazy("Nobody is signed in, so nothing is personal."),
    "mode_none": gettext_lazy("Personalization is off."),
    "own": gettext_lazy("It is the person's own."),
    "no_terms": gettext_lazy("It has no terms."),
    "no_tags": gettext_lazy("The person has no tags yet."),
    "no_match": gettext_lazy("None of its terms has to do with the person's tags."),
    "hidden": gettext_lazy("It is hidden, because it has what the person hid: %s."),
    "removed": gettext_lazy("The person removed: %s."),
}


@dataclass(frozen=True)
class Obstacle:
    """Why an item is left out, or counts for nothing.

    ``code`` is one of ``anonymous``, ``mode_none``, ``hidden``, ``own`` (left out or unranked)
    and ``removed``, ``no_terms``, ``no_tags``, ``no_match`` (worth nothing); ``tags`` are the tags
    that are to blame.
    """

    code: str
    tags: tuple[UserTag, ...] = ()

    @property
    def text(self) -> str:
        """The obstacle as a sentence, in the language that is active."""
        sentence = str(_OBSTACLES[self.code])
        names = [f"“{tag.name}”" for tag in self.tags]
        return sentence % get_text_list(names, _("and")) if names else sentence

    @property
    def controls(self) -> list[Control]:
        """The calls that would take it away."""
        return [
            Control("restore", _("Undo"), "POST", _path("tag-restore", tag.pk)) for tag in self.tags
        ]


@dataclass(frozen=True)
class Explanation:
    """Why ``obj`` has its ``score``: the ``reasons`` add up to it; ``obstacles`` say why not."""

    obj: Model
    score: float
    reasons: tuple[Reason, ...]
    obstacles: tuple[Obstacle, ...]

    @property
    def is_left_out(self) -> bool:
        """Whether the item does not appear at all."""
        return any(obstacle.code in {"hidden", "own"} for obstacle in self.obstacles)
