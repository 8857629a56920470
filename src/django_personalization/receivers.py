"""What happens when the vocabulary changes through a single save or delete.

The order is that of the locks: the term, its aliases, people's tags, and last the revision, for
which all who change the vocabulary wait. Receivers run in the order in which they stand here.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps as installed
from django.db import router
from django.db.models.signals import post_delete, post_migrate, post_save, pre_save
from django.dispatch import receiver

from django_personalization.alignment import (
    align_tags,
    keep_former_aliases,
    keep_former_names,
)
from django_personalization.models import (
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    VocabularyRevision,
)
from django_personalization.querysets import mark_vocabulary_changed


@receiver(pre_save, sender=Taxonomy)
def remember_former_name(sender: Any, instance: Any, raw: bool, **kwargs: Any) -> None:
    """Read the name that a term has had until now."""
    known = not raw and instance.pk is not None
    instance.former = list(Taxonomy.objects.filter(pk=instance.pk)) if known else []


@receiver(post_save, sender=Taxonomy)
def let_tags_follow(sender: Any, instance: Any, raw: bool, **kwargs: Any) -> None:
    """Let the former name still mean the term, and people's tags follow a new or renamed one."""
    if not raw:
        keep_former_names(instance.former, {instance.pk: instance.name})
        align_tags([instance.pk])


@receiver(pre_save, sender=TaxonomyAlias)
def remember_former_spelling(sender: Any, instance: Any, raw: bool, **kwargs: Any) -> None:
    """Read the spelling that an alias has had until now."""
    known = not raw and instance.pk is not None
    instance.former = list(TaxonomyAlias.objects.filter(pk=instance.pk)) if known else []


@receiver(post_save, sender=TaxonomyAlias)
def let_tags_follow_aliases(sender: Any, instance: Any, raw: bool, **kwargs: Any) -> None:
    """Let the former spelling still mean its term, and free tags with a new one become its tags."""
    if not raw:
        keep_former_aliases(instance.former, instance)
        align_tags([instance.taxonomy_id])


@receiver([post_save, post_delete], sender=Taxonomy)
@receiver([post_save, post_delete], sender=TaxonomyAlias)
@receiver([post_save, post_delete], sender=TaxonomyRelation)
def mark_changed(sender: Any, using: str, **kwargs: Any) -> None:
    """Let every process see the change."""
    mark_vocabulary_changed(using)


@receiver(post_migrate)
def mark_migrated(app_config: Any, using: str, **kwargs: Any) -> None:
    """Give a new vocabulary its first token, and one that a host's migration may have changed."""
    known = kwargs.get("apps", installed).all_models.get("django_personalization", ())
    is_ours = app_config.name == "django_personalization" and "vocabularyrevision" in known
    if is_ours and router.allow_migrate_model(using, VocabularyRevision):
        mark_vocabulary_changed(using)
