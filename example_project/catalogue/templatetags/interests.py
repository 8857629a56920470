"""``{% interests_strip %}``: what the site takes the person to be interested in."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone

from django_personalization.choices import TagState
from django_personalization.models import UserTag

register = template.Library()

INTERESTS_SHOWN = 8


@register.inclusion_tag("catalogue/_interests.html", takes_context=True)
def interests_strip(context: RequestContext) -> dict[str, Any]:
    """Show the strongest interests of the person who is signed in, and nothing to anybody else."""
    user = context["request"].user
    if not user.is_authenticated:
        return {}
    listed = (
        UserTag.objects.of(user)
        .listed(timezone.now())
        .exclude(state=TagState.HIDDEN)
        .with_taxonomies()
    )
    return {"user": user, "tags": listed[:INTERESTS_SHOWN]}
