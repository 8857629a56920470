from django.apps import AppConfig
from django.db.models import Q


class LibraryConfig(AppConfig):
    name = "tests.hosts.library"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from django_personalization.content import register
        from tests.hosts.library.models import Book

        register(
            Book,
            terms="topics",
            owner="author",
            published_at="created_at",
            visible=Q(is_public=True),
        )
