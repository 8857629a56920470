"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DjangoPersonalizationConfig(AppConfig):
    """Connects the system checks and the receivers."""

    name = "django_personalization"
    verbose_name = _("Personalization")
    # Without it a host's own default would make `makemigrations` write into this package.
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what listens."""
        from django_personalization import checks, receivers  # noqa: F401
