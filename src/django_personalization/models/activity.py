"""What people did: tracked interactions."""

from __future__ import annotations

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _
from model_utils.fields import AutoCreatedField

from django_personalization import choices
from django_personalization.models.fields import CodeField
from django_personalization.models.personal import PersonalRow


class UserInteraction(PersonalRow):
    """One tracked event, with what it taught, so that it can be taken back exactly.

    ``fed_terms`` maps the key of each tag that the event raised to the term it had then (``null``
    for a free tag), and ``fed_weight`` is the units of evidence that each of them got, and the
    item's popularity; 0 for an event that counted for nothing.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="personalization_interactions",
    )
    interaction_type = CodeField(_("type"), max_length=32, choices=choices.interaction_types)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    extracted_keywords = models.JSONField(_("keywords"), default=list, blank=True)
    content_type = models.ForeignKey(
        ContentType, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    object_id = models.CharField(max_length=255, blank=True)
    content = GenericForeignKey("content_type", "object_id")
    event_id = models.CharField(_("event id"), max_length=64, null=True, blank=True)  # noqa: DJ001
    fed_terms = models.JSONField(default=dict, editable=False)
    fed_weight = models.FloatField(default=0.0, editable=False)
    created_at = AutoCreatedField(_("time"))

    class Meta:
        verbose_name = _("interaction")
        verbose_name_plural = _("interactions")
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="personalization_ia_history"),
            models.Index(
                fields=["user", "content_type", "object_id", "created_at"],
                name="personalization_ia_repeats",
            ),
        ]
        constraints = [
            # A null event_id is distinct from every other one, on every database.
            models.UniqueConstraint(
                fields=["user", "event_id"], name="personalization_interaction_event_once"
            ),
        ]
