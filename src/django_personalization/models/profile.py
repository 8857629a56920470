"""What is known about a person: tags and settings."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from model_utils.fields import AutoCreatedField, AutoLastModifiedField

from django_personalization import scoring
from django_personalization.choices import Consent, Mode, TagSource, TagState
from django_personalization.conf import app_settings
from django_personalization.models.personal import PersonalRow
from django_personalization.models.taxonomy import Taxonomy
from django_personalization.querysets import UserTagQuerySet
from django_personalization.text import KEY_LENGTH
from django_personalization.validation import MAX_NAME_LENGTH


class UserTag(PersonalRow):
    """One thing that a person cares about, picked by hand or inferred from activity.

    Write through :mod:`django_personalization.tagging` and
    :mod:`django_personalization.tracking`, which keep ``key`` and ``name`` together and settle
    races in the database.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="personalization_tags",
    )
    taxonomy = models.ForeignKey(
        Taxonomy,
        verbose_name=_("taxonomy"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="user_tags",
    )
    name = models.CharField(_("name"), max_length=MAX_NAME_LENGTH)
    key = models.CharField(max_length=KEY_LENGTH, editable=False)
    source = models.CharField(
        _("source"), max_length=20, choices=TagSource.choices, default=TagSource.MANUAL
    )
    confidence_score = models.FloatField(
        _("confidence"), default=1.0, help_text=_("At the last write; see confidence_at().")
    )
    evidence = models.FloatField(_("evidence"), default=0.0, editable=False)
    interaction_count = models.PositiveIntegerField(_("interactions"), default=0)
    weight = models.FloatField(_("weight"), default=1.0)
    state = models.CharField(
        _("state"), max_length=10, choices=TagState.choices, default=TagState.ACTIVE
    )
    created_at = AutoCreatedField(_("created"))
    updated_at = AutoLastModifiedField(_("updated"))

    objects = UserTagQuerySet.as_manager()

    class Meta:
        verbose_name = _("user tag")
        verbose_name_plural = _("user tags")
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="personalization_tag_unique"),
            models.CheckConstraint(
                condition=Q(confidence_score__gte=0, confidence_score__lte=1),
                name="personalization_tag_confidence_in_range",
            ),
            models.CheckConstraint(
                condition=Q(evidence__gte=0), name="personalization_tag_evidence_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(interaction_count__gte=0), name="personalization_tag_count_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(weight__gte=0), name="personalization_tag_weight_not_negative"
            ),
            models.CheckConstraint(condition=~Q(key=""), name="personalization_tag_has_key"),
        ]

    def confidence_at(self, now: datetime) -> float:
        """Return the confidence at ``now``, in [0, 1]: 1.0 when picked, else from the evidence."""
        if self.source == TagSource.MANUAL:
            return 1.0
        return scoring.confidence_at(self.evidence, now, app_settings.half_life_days)


class PersonalizationSettings(PersonalRow):
    """What a person has decided about personalization; the row is made on the first change."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="personalization_settings",
    )
    consent = models.CharField(
        _("consent"), max_length=10, choices=Consent.choices, default=Consent.UNSET
    )
    paused = models.BooleanField(
        _("paused"), default=False, help_text=_("Keeps the profile and stops learning.")
    )
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices, default=Mode.FULL)
    discovery = models.PositiveSmallIntegerField(
        _("discovery"),
        default=50,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    created_at = AutoCreatedField(_("created"))
    updated_at = AutoLastModifiedField(_("updated"))

    class Meta:
        verbose_name = _("personalization settings")
        verbose_name_plural = _("personalization settings")
        constraints = [
            models.CheckConstraint(
                condition=Q(discovery__gte=0, discovery__lte=100),
                name="personalization_settings_discovery_in_range",
            ),
        ]
