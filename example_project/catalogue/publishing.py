"""The one door through which people add projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from catalogue.models import Project

if TYPE_CHECKING:
    from django.db.models import Model

    from catalogue.forms import ProjectForm


def publish(form: ProjectForm, *, added_by: Model) -> Project | None:
    """Save a valid form as a project of ``added_by``.

    Returns ``None``, with the reason on the form, when somebody else has just taken the name.
    """
    form.instance.added_by = added_by
    try:
        with transaction.atomic():
            return form.save()
    except IntegrityError:
        form.add_error("name", Project._meta.get_field("name").error_messages["unique"])
        return None
