"""Tracking what signed-in people do on the site."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest

from django_personalization.tracking import sends_gpc, track

logger = logging.getLogger(__name__)


def note_activity(request: HttpRequest, interaction_type: str, **details: Any) -> None:
    """Track what the person behind ``request`` did, if they are signed in.

    ``details`` go to :func:`django_personalization.tracking.track`, with what the browser says
    about privacy. A page is worth more than what it teaches, so a failure is logged and the page
    goes on. What no one reads teaches nothing: a HEAD request, or a page that a browser fetches
    before anybody asked for it.
    """
    if not request.user.is_authenticated or not _is_for_a_reader(request):
        return
    try:
        track(request.user, interaction_type, gpc=sends_gpc(request), **details)
    except Exception:  # Whatever it is, the page is not to blame.
        logger.exception("Tracking %s failed", interaction_type)


def _is_for_a_reader(request: HttpRequest) -> bool:
    prefetched = request.headers.get("Sec-Purpose", "").startswith("prefetch")
    return request.method != "HEAD" and not prefetched
