"""A host's content: books with terms of the vocabulary, notes with named labels."""

from django.conf import settings
from django.db import models

from django_personalization.models import Taxonomy


class Book(models.Model):
    title = models.CharField(max_length=100)
    topics = models.ManyToManyField(Taxonomy, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    is_public = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)


class Label(models.Model):
    name = models.CharField(max_length=100)


class Note(models.Model):
    """A model that tests register when they need labels instead of taxonomies."""

    labels = models.ManyToManyField(Label)
