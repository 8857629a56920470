"""The vocabulary as the site shows it: terms under the labels of their categories."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from django.db.models import Count, Q

from django_personalization.models import Taxonomy

TopicGroups = list[tuple[str, list[Taxonomy]]]


def topics_by_category() -> TopicGroups:
    """Return every active term, in the vocabulary's order."""
    return _grouped(Taxonomy.objects.active().in_category_order())


def used_topics_by_category() -> TopicGroups:
    """Return the active terms that projects have, each with its ``project_count``."""
    listed = Count("projects", filter=Q(projects__is_listed=True))
    terms = Taxonomy.objects.active().annotate(project_count=listed).filter(project_count__gt=0)
    return _grouped(terms.in_category_order())


def _grouped(terms: Iterable[Taxonomy]) -> TopicGroups:
    by_label = groupby(terms, key=lambda term: str(term.get_category_display()))
    return [(label, list(group)) for label, group in by_label]
