"""The person behind a request, and what they have been shown.

For views that have a page to give: what tracking cannot do must not keep the page from coming out.
"""

from __future__ import annotations

import logging
import traceback
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse

from django_personalization.exceptions import InvalidInput
from django_personalization.tracking import sends_gpc, track

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

logger: Final = logging.getLogger(__name__)


def visitor_of(request: HttpRequest | None) -> AbstractBaseUser | AnonymousUser:
    """Return who is signed in, or a stranger: also where there is no request, or nobody in it.

    Takes a request of Django or of REST framework.
    """
    return getattr(request, "user", None) or AnonymousUser()


def track_view(
    request: HttpRequest, content: Model, interaction_type: str = "content_view"
) -> None:
    """Track that the person behind ``request`` was shown ``content``, and never fail.

    Nothing is tracked for strangers, nor for what no one reads: a HEAD request, or a page that a
    browser fetches before anybody asked for it. A failure is logged, without anything about the
    person, and a transaction that the view is in goes on as if nothing had happened.
    """
    if not _is_for_a_reader(request):
        return
    try:
        # A statement that fails would otherwise break the transaction of the whole request. Where
        # there is none, tracking's own must be the outermost: it queues fairly with decisions.
        in_transaction = transaction.get_connection().in_atomic_block
        with transaction.atomic() if in_transaction else nullcontext():
            track(visitor_of(request), interaction_type, content=content, gpc=sends_gpc(request))
    except InvalidInput as error:
        # It names the wrong argument, which is the view's and not a person's.
        logger.error("Cannot track %s: %s", content._meta.label_lower, error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the page is not to blame
        # A database says in its messages which row it was about: where it failed, not with what.
        place = "".join(traceback.format_tb(error.__traceback__))
        logger.error(
            "Tracking %s of %s failed: %s\n%s",
            interaction_type,
            content._meta.label_lower,
            type(error).__name__,
            place,
        )


def track_when_shown(
    response: HttpResponseBase,
    request: HttpRequest,
    content: Model,
    interaction_type: str = "content_view",
) -> None:
    """Call :func:`track_view` if ``response`` turns out to be a 200.

    What is still to be rendered is waited for: then also the transaction of the view is over
    (``ATOMIC_REQUESTS``), and nothing that tracking locks stays locked while a page is made.
    """

    def note(shown: HttpResponseBase) -> None:
        if shown.status_code == 200:
            track_view(request, content, interaction_type)

    if isinstance(response, SimpleTemplateResponse):
        response.add_post_render_callback(note)
    else:
        note(response)


def _is_for_a_reader(request: HttpRequest) -> bool:
    prefetched = str(request.META.get("HTTP_SEC_PURPOSE", "")).startswith("prefetch")
    return request.method == "GET" and not prefetched
