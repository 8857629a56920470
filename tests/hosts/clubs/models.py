"""A host whose rows point at terms, and at people, in ways that are not usual."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from django_personalization.models import Taxonomy

# Django's own user has no unique e-mail address, the other one of the tests no username.
UNIQUE_NAME = "username" if settings.AUTH_USER_MODEL == "auth.User" else "email"


class Club(models.Model):
    name = models.CharField(max_length=100)
    topics = models.ManyToManyField(Taxonomy, through="Interest", related_name="clubs")


class Interest(models.Model):
    """A table in between of the host's own: nothing keeps a club from having a topic twice."""

    topic = models.ForeignKey(Taxonomy, on_delete=models.PROTECT)
    club = models.ForeignKey(Club, on_delete=models.CASCADE)
    strength = models.DecimalField(max_digits=4, decimal_places=2, default=1)
    since = models.DateTimeField(auto_now_add=True)


class Vote(models.Model):
    """Goes when the interest goes."""

    interest = models.ForeignKey(Interest, on_delete=models.CASCADE)


class Prize(models.Model):
    """Points at a term by its slug; one for a term and year, but not in the early years."""

    topic = models.ForeignKey(Taxonomy, to_field="slug", on_delete=models.CASCADE)
    year = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "year"], condition=Q(year__gte=2000), name="one_prize_a_year"
            )
        ]


class Guide(models.Model):
    """One for a term."""

    topic = models.OneToOneField(Taxonomy, on_delete=models.CASCADE, related_name="guide")
    text = models.TextField()


class Badge(models.Model):
    """Has the term as its own key."""

    topic = models.OneToOneField(Taxonomy, primary_key=True, on_delete=models.CASCADE)


class Minutes(models.Model):
    """Knows its writer by name, not by key."""

    title = models.CharField(max_length=100)
    topics = models.ManyToManyField(Taxonomy)
    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL, to_field=UNIQUE_NAME, null=True, on_delete=models.CASCADE
    )
