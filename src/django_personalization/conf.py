"""Every setting of the app, typed, in one place.

A host writes one dictionary, ``DJANGO_PERSONALIZATION``, in its Django settings. It is read
again at every access, so ``override_settings`` works and importing this module costs nothing.
Wrong values are reported by the system checks (see ``checks.py``), one check for each setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings as django_settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

SETTINGS_NAME: Final = "DJANGO_PERSONALIZATION"

DEFAULTS: Final[Mapping[str, Any]] = {
    "TAXONOMY_CATEGORIES": {
        "interest": _("Interest"),
        "skill": _("Skill"),
        "goal": _("Goal"),
        "topic": _("Topic"),
        "industry": _("Industry"),
    },
    "INTERACTION_TYPES": {
        "project_view": {"label": _("Project view"), "weight": 0.5, "source": "auto_project"},
        "project_create": {"label": _("Project created"), "weight": 3, "source": "auto_project"},
        "conversation": {"label": _("Conversation"), "weight": 1.5, "source": "auto_conversation"},
        "search": {
            "label": pgettext_lazy("interaction type", "Search"),
            "weight": 1,
            "source": "auto_activity",
        },
        "content_view": {"label": _("Content view"), "weight": 0.5, "source": "auto_activity"},
    },
    "HALF_LIFE_DAYS": 30,
    "MIN_CONFIDENCE": 0.1,
    "INFER_UNKNOWN_KEYWORDS": True,
    "REPEAT_WINDOW_MINUTES": 30,
    "INTERACTION_RETENTION_DAYS": 365,
    "REQUIRE_CONSENT": False,
    "PUBLIC_TAXONOMIES": False,
    "THROTTLE_RATES": {
        "default": "600/min",
        "tracking": "300/min",
        "export": "10/hour",
        "erase": "10/hour",
    },
}


@dataclass(frozen=True)
class InteractionType:
    """One kind of tracked activity: its ``code``, what people read, how much it counts."""

    code: str
    label: str | Promise
    weight: float
    source: str


class AppSettings:
    """Typed, lazy view of ``DJANGO_PERSONALIZATION``; every property falls back to its default."""

    def raw(self, name: str) -> Any:
        """Return the host's value of ``name``, unchecked, or the default."""
        host = getattr(django_settings, SETTINGS_NAME, None)
        if isinstance(host, Mapping) and name in host:
            return host[name]
        return DEFAULTS[name]

    @property
    def taxonomy_categories(self) -> dict[str, str | Promise]:
        """Category code → label, in the order in which they are shown."""
        return dict(self.raw("TAXONOMY_CATEGORIES"))

    @property
    def interaction_types(self) -> dict[str, InteractionType]:
        """Interaction code → its label, weight (units of evidence) and tag source."""
        return {
            code: InteractionType(code, spec["label"], float(spec["weight"]), spec["source"])
            for code, spec in self.raw("INTERACTION_TYPES").items()
        }

    @property
    def half_life_days(self) -> float:
        """Days in which evidence loses half its worth."""
        return float(self.raw("HALF_LIFE_DAYS"))

    @property
    def min_confidence(self) -> float:
        """Confidence from which an inferred tag is listed and used."""
        return float(self.raw("MIN_CONFIDENCE"))

    @property
    def infer_unknown_keywords(self) -> bool:
        """Whether a keyword that the vocabulary lacks becomes a free tag."""
        return bool(self.raw("INFER_UNKNOWN_KEYWORDS"))

    @property
    def repeat_window_minutes(self) -> float:
        """Minutes in which the same person, type and object counts once; 0 switches it off."""
        return float(self.raw("REPEAT_WINDOW_MINUTES"))

    @property
    def interaction_retention_days(self) -> float | None:
        """Days for which activity is kept; ``None`` keeps it without limit."""
        days = self.raw("INTERACTION_RETENTION_DAYS")
        return None if days is None else float(days)

    @property
    def require_consent(self) -> bool:
        """Whether nothing is collected from people who have not said yes."""
        return bool(self.raw("REQUIRE_CONSENT"))

    @property
    def public_taxonomies(self) -> bool:
        """Whether strangers may read the vocabulary."""
        return bool(self.raw("PUBLIC_TAXONOMIES"))

    @property
    def throttle_rates(self) -> dict[str, str | None]:
        """Throttle scope → rate such as ``"300/min"``; ``None`` means no limit."""
        return {**DEFAULTS["THROTTLE_RATES"], **self.raw("THROTTLE_RATES")}


app_settings: Final = AppSettings()
