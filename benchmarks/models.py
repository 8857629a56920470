"""What the benchmark ranks: items of about 300 bytes with five terms each."""

from django.conf import settings
from django.db import models

from django_personalization.models import Taxonomy


class Item(models.Model):
    """One item of the catalogue."""

    title = models.CharField(max_length=100)
    summary = models.CharField(max_length=250)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    published_at = models.DateTimeField()
    topics = models.ManyToManyField(Taxonomy)

    def __str__(self) -> str:
        return self.title
