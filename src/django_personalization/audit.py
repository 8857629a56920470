"""Who did what with people's data: the one place where that is written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django_personalization.models import AuditEntry

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def record(
    action: str,
    *,
    actor: AbstractBaseUser | None = None,
    origin: str,
    person_counts: Mapping[Any, Mapping[str, int]],
) -> None:
    """Note that ``actor``, through ``origin``, did ``action``: one entry for each person.

    ``person_counts`` maps people's ids to how much of what was concerned, never to what it was;
    ``None`` stands for many people at once. One statement however many people there are.
    """
    AuditEntry.objects.bulk_create(
        AuditEntry(
            person_id=person_id,
            actor_id=None if actor is None else actor.pk,
            origin=origin,
            action=action,
            counts=dict(counts),
        )
        for person_id, counts in person_counts.items()
    )
