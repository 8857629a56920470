"""The one door through which people add projects."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Model

from catalogue.forms import ProjectForm
from catalogue.models import NAME_TAKEN, Project


def publish(form: ProjectForm, *, added_by: Model) -> Project | None:
    """Save a valid form as a project of ``added_by``.

    Returns ``None``, with the reason on the form, when somebody else has just taken the name.
    """
    form.instance.added_by = added_by
    try:
        with transaction.atomic():
            return form.save()
    except IntegrityError:
        form.add_error("name", NAME_TAKEN)
        return None
