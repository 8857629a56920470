"""Who did what with a person's data."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from model_utils.fields import AutoCreatedField

from django_personalization.choices import AuditAction, AuditOrigin
from django_personalization.models.personal import PersonalRow


class AuditEntry(PersonalRow):
    """One thing that staff or a command did with a person's data: who, what, how much.

    Never the data itself. ``person`` is null for what concerned many people at once. The entry
    outlives an erased profile, and goes with the person's account.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="personalization_audit",
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("actor"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    origin = models.CharField(_("through"), max_length=10, choices=AuditOrigin.choices)
    action = models.CharField(_("action"), max_length=20, choices=AuditAction.choices)
    counts = models.JSONField(_("counts"), default=dict, blank=True)
    created_at = AutoCreatedField(_("time"))

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["person", "-created_at", "-id"], name="personalization_audit_time")
        ]
