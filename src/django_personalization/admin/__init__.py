"""The admin: the vocabulary, and what the app knows about people.

One module for each module of models. Every write goes through the doors that the API uses.
"""

from django_personalization.admin.activity import UserInteractionAdmin
from django_personalization.admin.audit import AuditEntryAdmin
from django_personalization.admin.profile import PersonalizationSettingsAdmin, UserTagAdmin
from django_personalization.admin.suggestions import RelationSuggestionAdmin
from django_personalization.admin.taxonomy import TaxonomyAdmin

__all__ = [
    "AuditEntryAdmin",
    "PersonalizationSettingsAdmin",
    "RelationSuggestionAdmin",
    "TaxonomyAdmin",
    "UserInteractionAdmin",
    "UserTagAdmin",
]
