"""A host's content, in all the ways in which hosts keep the terms of things."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from django_personalization.models import Taxonomy


class Book(models.Model):
    title = models.CharField(max_length=100)
    topics = models.ManyToManyField(Taxonomy, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    is_public = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.title


class Bestseller(Book):
    """A proxy."""

    class Meta:
        proxy = True
        ordering = ["-title"]


class Novel(Book):
    """A child with a table of its own, and its parent's topics."""

    pages = models.PositiveIntegerField(default=0)


class Chapter(models.Model):
    """Two hops away from its terms, and from its owner."""

    title = models.CharField(max_length=100)
    book = models.ForeignKey(Book, on_delete=models.CASCADE)


class Label(models.Model):
    name = models.CharField(max_length=100)


class Note(models.Model):
    """A model that tests register when they need labels instead of taxonomies."""

    labels = models.ManyToManyField(Label)


class Film(models.Model):
    """Its terms are in a table in between, each with a weight."""

    title = models.CharField(max_length=100)
    remarks = GenericRelation("library.Remark")


class Link(models.Model):
    film = models.ForeignKey(Film, related_name="links", on_delete=models.CASCADE)
    topic = models.ForeignKey(Taxonomy, related_name="film_links", on_delete=models.CASCADE)
    weight = models.DecimalField(max_digits=6, decimal_places=2, null=True)


class EssayQuerySet(models.QuerySet):
    def ranked(self):
        return self.filter(rank__gt=0)


class Essay(models.Model):
    """One term by a foreign key, a UUID as its own key, an order and a queryset of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=100)
    rank = models.IntegerField(default=0)
    topic = models.ForeignKey(Taxonomy, null=True, on_delete=models.SET_NULL)
    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="essays"
    )

    objects = EssayQuerySet.as_manager()

    class Meta:
        ordering = [models.F("rank").desc(), "title"]


class Gadget(models.Model):
    """Text as its key, and labels in a table whose columns have the names that we use as well."""

    code = models.CharField(max_length=20, primary_key=True)
    marks = models.ManyToManyField(Label, through="Mark")


class Mark(models.Model):
    item = models.ForeignKey(Gadget, on_delete=models.CASCADE)
    term = models.ForeignKey(Label, on_delete=models.CASCADE)
    share = models.FloatField(default=1.0)
    score = models.FloatField(default=0.0)


class Remark(models.Model):
    """About anything at all: what it is about is no path that a query could follow."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey()
    topic = models.ForeignKey(Taxonomy, null=True, on_delete=models.SET_NULL)
