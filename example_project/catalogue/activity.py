"""Tracking what signed-in people do on the site."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest

from django_personalization.tracking import track

logger = logging.getLogger(__name__)


def note_activity(request: HttpRequest, interaction_type: str, **details: Any) -> None:
    """Track what the person behind ``request`` did, if they are signed in.

    ``details`` go to :func:`django_personalization.tracking.track`. A page is worth more than
    what it teaches, so a failure is logged and the page goes on. A browser that fetches a page
    before anybody asked for it teaches nothing.
    """
    if not request.user.is_authenticated or _is_prefetch(request):
        return
    try:
        track(request.user, interaction_type, **details)
    except Exception:  # Whatever it is, the page is not to blame.
        logger.exception("Tracking %s failed", interaction_type)


def _is_prefetch(request: HttpRequest) -> bool:
    return request.headers.get("Sec-Purpose", "").startswith("prefetch")
