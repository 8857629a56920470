"""A catalogue of open-source and AI projects, the site's content."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models import Q


class CatalogueConfig(AppConfig):
    name = "catalogue"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare to django-personalization what a project is about and who may see it."""
        from django_personalization.content import register

        register(
            self.get_model("Project"),
            terms="taxonomies",
            owner="added_by",
            published_at="created_at",
            visible=Q(is_listed=True),
        )
