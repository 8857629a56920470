from django.apps import AppConfig


class ClubsConfig(AppConfig):
    name = "tests.hosts.clubs"
    default_auto_field = "django.db.models.BigAutoField"
