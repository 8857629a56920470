"""What the app keeps about the host's content."""

from __future__ import annotations

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_personalization.querysets import ItemStatisticsQuerySet


class ItemStatistics(models.Model):
    """How much one row of the host's content is used, by everybody together.

    ``popularity`` is a forward-decayed counter, as the evidence of a tag is: ordering by the
    stored number is ordering by what it is worth now.
    """

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.CharField(max_length=255)
    popularity = models.FloatField(_("popularity"), default=0.0)
    interaction_count = models.PositiveIntegerField(_("interactions"), default=0)

    objects = ItemStatisticsQuerySet.as_manager()

    class Meta:
        verbose_name = _("item statistics")
        verbose_name_plural = _("item statistics")
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id"], name="personalization_item_unique"
            ),
            models.CheckConstraint(
                condition=Q(popularity__gte=0), name="personalization_item_popularity_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(interaction_count__gte=0),
                name="personalization_item_count_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content_type_id}:{self.object_id}"
