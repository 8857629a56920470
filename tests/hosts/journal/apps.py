from django.apps import AppConfig


class JournalConfig(AppConfig):
    """Tests register the models that they need."""

    name = "tests.hosts.journal"
    default_auto_field = "django.db.models.BigAutoField"
