"""``{% interests_strip %}``: what the site takes the person to be interested in."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext

from django_personalization.choices import Mode
from django_personalization.profiles import profile_of

register = template.Library()

INTERESTS_SHOWN = 8


@register.inclusion_tag("catalogue/_interests.html", takes_context=True)
def interests_strip(context: RequestContext) -> dict[str, Any]:
    """Show the strongest interests of the person who is signed in, and nothing to anybody else."""
    user = context["request"].user
    if not user.is_authenticated:
        return {}
    profile = profile_of(user)
    return {
        "user": user,
        "tags": profile.tags[:INTERESTS_SHOWN],
        "switched_off": profile.mode == Mode.NONE,
    }
