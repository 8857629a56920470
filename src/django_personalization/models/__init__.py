"""The app's models, one module for each concern."""

from django_personalization.models.activity import UserInteraction
from django_personalization.models.audit import AuditEntry
from django_personalization.models.content import ItemStatistics
from django_personalization.models.profile import PersonalizationSettings, UserTag
from django_personalization.models.taxonomy import (
    RelationSuggestion,
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    VocabularyRevision,
)

__all__ = [
    "AuditEntry",
    "ItemStatistics",
    "PersonalizationSettings",
    "RelationSuggestion",
    "Taxonomy",
    "TaxonomyAlias",
    "TaxonomyRelation",
    "UserInteraction",
    "UserTag",
    "VocabularyRevision",
]
