"""The catalogue in the order that suits one person, with the reasons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from catalogue.forms import FOR_YOU
from catalogue.models import Project, ProjectQuerySet
from django_personalization.explaining import explain_many
from django_personalization.ranking import fresh, personalize, popular, without_hidden


def in_order(projects: ProjectQuerySet, order: str, user: Any) -> ProjectQuerySet:
    """Return the projects in the order of that name; ``name`` is the catalogue's own.

    What ``user`` hid is in the catalogue and nowhere else: not among the popular or the latest.
    """
    if order == FOR_YOU:
        return personalize(projects, user)
    ways = {"popular": popular, "fresh": fresh}
    return ways[order](without_hidden(projects, user)) if order in ways else projects


def newest(projects: ProjectQuerySet, user: Any) -> ProjectQuerySet:
    """Return the projects that were added last, without what ``user`` hid."""
    return fresh(without_hidden(projects, user))


def for_you(projects: ProjectQuerySet, user: Any, *, limit: int) -> list[Project]:
    """Return the projects that suit ``user`` best, with reasons; none for strangers."""
    if not user.is_authenticated:
        return []
    return with_reasons(personalize(projects, user, only_matching=True)[:limit], user)


def with_reasons(projects: Iterable[Project], user: Any) -> list[Project]:
    """Give each project its ``explanation``: three queries for all of them."""
    rows = list(projects)
    for project, explanation in zip(rows, explain_many(rows, user), strict=True):
        project.explanation = explanation
    return rows
