"""The closed vocabularies of the data model, and the open ones that settings fill."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_personalization.conf import app_settings


class TagSource(models.TextChoices):
    """Where a tag comes from: picked by hand, or inferred from one kind of activity."""

    MANUAL = "manual", _("Picked by hand")
    AUTO_PROJECT = "auto_project", _("From projects")
    AUTO_CONVERSATION = "auto_conversation", _("From conversations")
    AUTO_ACTIVITY = "auto_activity", _("From activity")


class TagState(models.TextChoices):
    """What the person has said about a tag."""

    ACTIVE = "active", _("Active")
    DISMISSED = "dismissed", _("Dismissed")
    HIDDEN = "hidden", _("Hidden")


class Consent(models.TextChoices):
    """Whether the person allows activity to be collected."""

    UNSET = "unset", _("Not chosen")
    GRANTED = "granted", _("Granted")
    DENIED = "denied", _("Denied")


class Mode(models.TextChoices):
    """How much of the profile is used."""

    FULL = "full", _("Picked and inferred tags")
    EXPLICIT = "explicit", _("Picked tags only")
    NONE = "none", _("No personalization")


class DataOrigin(models.TextChoices):
    """How a row about a person has come to be, as an export says it."""

    PROVIDED = "provided", _("Provided by the person")
    OBSERVED = "observed", _("Observed")
    INFERRED = "inferred", _("Inferred")


class SuggestionStatus(models.TextChoices):
    """What staff have said about a suggested relation."""

    OPEN = "open", _("To be reviewed")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")


class AuditAction(models.TextChoices):
    """What staff and commands do with people's data."""

    INSPECT = "inspect", _("Looked at the profile")
    CHANGE_TAGS = "change_tags", _("Changed tags")
    DELETE_ACTIVITY = "delete_activity", _("Deleted activity")
    EXPORT = "export", _("Exported the profile")
    RESET = "reset", _("Reset the profile")
    ERASE = "erase", _("Erased the profile")
    PRUNE = "prune", _("Removed old activity")
    REFRESH = "refresh", _("Refreshed inferred tags")
    MERGE = "merge", _("Merged terms")


class AuditOrigin(models.TextChoices):
    """The way by which staff and commands act."""

    ADMIN = "admin", _("Admin")
    COMMAND = "command", _("Command")


TAG_WEIGHTS: Final[dict[float, str | Promise]] = {0.5: _("Less"), 1.0: _("Normal"), 2.0: _("More")}


def taxonomy_categories() -> list[tuple[str, str | Promise]]:
    """Return the categories of ``TAXONOMY_CATEGORIES`` as Django choices."""
    return list(app_settings.taxonomy_categories.items())


def interaction_types() -> list[tuple[str, str | Promise]]:
    """Return the types of ``INTERACTION_TYPES`` as Django choices."""
    return [(kind.code, kind.label) for kind in app_settings.interaction_types.values()]
