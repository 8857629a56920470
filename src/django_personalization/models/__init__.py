"""The app's models, one module for each concern."""

from django_personalization.models.activity import UserInteraction
from django_personalization.models.profile import PersonalizationSettings, UserTag
from django_personalization.models.taxonomy import (
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    VocabularyRevision,
)

__all__ = [
    "PersonalizationSettings",
    "Taxonomy",
    "TaxonomyAlias",
    "TaxonomyRelation",
    "UserInteraction",
    "UserTag",
    "VocabularyRevision",
]
