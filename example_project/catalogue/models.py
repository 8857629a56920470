"""What the site shows: projects, each with facts, one line and terms of the vocabulary."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from django_personalization.models import Taxonomy

MAX_SEARCH_WORDS = 8
NAME_TAKEN = "The catalogue has a project of this name already."
# Addresses below /projects/ that are pages of their own.
RESERVED_SLUGS = frozenset({"add", "interest"})


def validate_release_year(year: int) -> None:
    """Raise ValidationError for a year that has not come yet."""
    if year > timezone.now().year:
        message = f"{year} is in the future; give the year of the first public release."
        raise ValidationError(message, code="future_year")


class ProjectQuerySet(models.QuerySet["Project"]):
    """Questions that the pages ask."""

    def listed(self) -> ProjectQuerySet:
        """Only projects that visitors may see."""
        return self.filter(is_listed=True)

    def with_topics(self) -> ProjectQuerySet:
        """Load the active terms of each project, in one more query for all of them."""
        return self.prefetch_related(Prefetch("taxonomies", Taxonomy.objects.active()))

    def about(self, topic: Taxonomy) -> ProjectQuerySet:
        """Only projects with ``topic``."""
        return self.filter(taxonomies=topic)

    def search(self, query: str) -> ProjectQuerySet:
        """Only projects in whose name, line, language or topics every word of ``query`` occurs.

        Words after the eighth are ignored: each one is a condition of its own in SQL.
        """
        found = self
        for word in query.split()[:MAX_SEARCH_WORDS]:
            found = found.filter(
                Q(name__icontains=word)
                | Q(description__icontains=word)
                | Q(language__icontains=word)
                | Exists(_topics_of_project().filter(name__icontains=word))
                | Exists(_topics_of_project().filter(aliases__name__iexact=word))
            )
        return found

    def languages(self) -> list[tuple[str, int]]:
        """Return every language with the number of its projects, in alphabetical order."""
        counted = self.exclude(language="").values("language").annotate(projects=Count("pk"))
        return list(counted.order_by("language").values_list("language", "projects"))


def _topics_of_project() -> models.QuerySet[Any]:
    return Taxonomy.objects.active().filter(projects=OuterRef("pk"))


class Project(models.Model):
    """An open-source project of the catalogue."""

    name = models.CharField(
        max_length=100,
        unique=True,
        error_messages={"unique": NAME_TAKEN},
    )
    slug = models.SlugField(
        max_length=100, unique=True, blank=True, help_text="Its address; empty: from the name."
    )
    description = models.CharField(max_length=300, help_text="What it is, in one line.")
    homepage = models.URLField(max_length=300)
    repository = models.URLField(max_length=300, blank=True)
    language = models.CharField(
        max_length=50, blank=True, db_index=True, help_text="The main programming language."
    )
    license = models.CharField(
        "licence",
        max_length=60,
        blank=True,
        help_text="SPDX identifier, for example MIT or Apache-2.0.",
    )
    first_release = models.PositiveSmallIntegerField(
        "first release",
        null=True,
        blank=True,
        validators=[MinValueValidator(1950), validate_release_year],
        help_text="The year of the first public release.",
    )
    taxonomies = models.ManyToManyField(
        Taxonomy, verbose_name="topics", related_name="projects", blank=True
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="added_projects",
        help_text="Empty for projects that came with the site.",
    )
    is_listed = models.BooleanField(
        "listed", default=True, help_text="Switch off to take the project from the site."
    )
    created_at = models.DateTimeField("added", default=timezone.now, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="catalogue_newest")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the project, under an address made from its name where it has none."""
        if not self.slug:
            self.slug = self._free_slug()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("project_detail", args=[self.slug])

    def _free_slug(self) -> str:
        stem = slugify(self.name)[:90] or "project"
        taken = RESERVED_SLUGS | set(
            Project.objects.filter(slug__startswith=stem).values_list("slug", flat=True)
        )
        numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
        return next(slug for slug in (stem, *numbered) if slug not in taken)
