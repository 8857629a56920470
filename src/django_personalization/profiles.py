"""What of a person's profile may be used: the one place where the mode is honoured.

Whoever reads a profile to show, order or recommend something calls :func:`profile_of`. In mode
``explicit`` it holds picked tags only, in mode ``none`` nothing. Lists that show people what is
stored, to be corrected, exported or erased, are no readers: they show all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Subquery
from django.utils import timezone

from django_personalization.choices import Mode, TagSource, TagState
from django_personalization.models import PersonalizationSettings, UserTag, VocabularyRevision

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

_MODE: Final = "personalization_mode"
_REVISION: Final = "personalization_revision"


@dataclass(frozen=True)
class Profile:
    """What may be used of what is known about a person at one moment.

    ``tags`` are those that count, picked ones first and then the strongest; ``refused`` those
    that the person removed or hid. Both have their taxonomies loaded. ``revision`` is the token
    of the vocabulary at that moment, ``None`` where it was not read.
    """

    now: datetime
    mode: str = Mode.FULL
    tags: tuple[UserTag, ...] = ()
    refused: tuple[UserTag, ...] = ()
    revision: str | None = None

    @property
    def picked(self) -> list[UserTag]:
        """The tags that were picked by hand, in the order in which they were made."""
        picked = [tag for tag in self.tags if tag.source == TagSource.MANUAL]
        return sorted(picked, key=lambda tag: (tag.created_at, tag.pk))

    @property
    def inferred(self) -> list[UserTag]:
        """The tags that were inferred, strongest first."""
        return [tag for tag in self.tags if tag.source != TagSource.MANUAL]

    @property
    def hidden(self) -> list[UserTag]:
        """The tags whose content is kept out."""
        return [tag for tag in self.refused if tag.state == TagState.HIDDEN]


def profile_of(user: AbstractBaseUser | AnonymousUser, now: datetime | None = None) -> Profile:
    """Return what may be used about ``user`` at ``now``: one query, two for who has no tags yet.

    Strangers have an empty profile.
    """
    at = timezone.now() if now is None else now
    if user.pk is None:
        return Profile(at)
    settings = PersonalizationSettings.objects.filter(user=user.pk)
    beside = {  # no field of a host's user is called so
        _MODE: Subquery(settings.values("mode")[:1]),
        _REVISION: Subquery(VocabularyRevision.objects.values("token")[:1]),
    }
    rows = UserTag.objects.filter(user=user.pk).in_use(at).with_taxonomies()
    tags = list(rows.annotate(**beside))
    people = get_user_model()._base_manager.filter(pk=user.pk).order_by()
    first: Any = tags[0] if tags else people.only("pk").annotate(**beside).first()
    mode = getattr(first, _MODE, None) or Mode.FULL
    revision = getattr(first, _REVISION, None) or ""
    if mode == Mode.NONE:
        return Profile(at, mode, revision=revision)
    return Profile(
        at,
        mode,
        tuple(tag for tag in tags if _counts(tag, mode)),
        tuple(tag for tag in tags if tag.state != TagState.ACTIVE),
        revision,
    )


def _counts(tag: UserTag, mode: str) -> bool:
    picked = tag.source == TagSource.MANUAL
    return tag.state == TagState.ACTIVE and (picked or mode == Mode.FULL)
