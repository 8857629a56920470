"""What happens when the vocabulary changes through a single save or delete."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver

from django_personalization.alignment import align_tags, keep_former_names
from django_personalization.models import Taxonomy, TaxonomyAlias, TaxonomyRelation
from django_personalization.querysets import mark_vocabulary_changed


@receiver([post_save, post_delete], sender=Taxonomy)
@receiver([post_save, post_delete], sender=TaxonomyAlias)
@receiver([post_save, post_delete], sender=TaxonomyRelation)
def mark_changed(sender: Any, using: str, **kwargs: Any) -> None:
    """Let every process see the change."""
    mark_vocabulary_changed(using)


@receiver(pre_save, sender=Taxonomy)
def keep_former_name(sender: Any, instance: Taxonomy, raw: bool, **kwargs: Any) -> None:
    """Let the name that a term has had until now still mean it."""
    if not raw and instance.pk is not None:
        keep_former_names(Taxonomy.objects.filter(pk=instance.pk), {instance.pk: instance.name})


@receiver(post_save, sender=Taxonomy)
def let_tags_follow(sender: Any, instance: Taxonomy, raw: bool, **kwargs: Any) -> None:
    """Let people's tags follow a new or renamed term."""
    if not raw:
        align_tags([instance.pk])


@receiver(post_save, sender=TaxonomyAlias)
def let_tags_follow_aliases(sender: Any, instance: TaxonomyAlias, raw: bool, **kwargs: Any) -> None:
    """Let free tags with another spelling of a term become its tags."""
    if not raw:
        align_tags([instance.taxonomy_id])
