"""A host's content with the tags of django-taggit, in the three ways of keeping them."""

import uuid

from django.db import models
from taggit.managers import TaggableManager
from taggit.models import GenericUUIDTaggedItemBase, TaggedItemBase


class Post(models.Model):
    """Tagged in the table that all models share."""

    title = models.CharField(max_length=100)
    tags = TaggableManager()


class UUIDTaggedItem(GenericUUIDTaggedItemBase, TaggedItemBase):
    pass


class Letter(models.Model):
    """Tagged in a table for UUID keys."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=100)
    tags = TaggableManager(through=UUIDTaggedItem)


class TaggedPage(TaggedItemBase):
    content_object = models.ForeignKey("journal.Page", on_delete=models.CASCADE, related_name="+")


class Page(models.Model):
    """Tagged in a table of its own, with a foreign key."""

    title = models.CharField(max_length=100)
    tags = TaggableManager(through=TaggedPage)
