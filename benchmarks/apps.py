"""The benchmark's host app."""

from django.apps import AppConfig


class BenchmarksConfig(AppConfig):
    """Registers the items."""

    name = "benchmarks"

    def ready(self) -> None:
        """Declare what an item's terms are and whose it is."""
        from django_personalization.content import register

        register(self.get_model("Item"), terms="topics", owner="owner", published_at="published_at")
