"""What the models that hold personal data have in common."""

from __future__ import annotations

from django.db import models


class PersonalRow(models.Model):
    """A row about a person, whose name tells nothing of what is in it.

    Names get to where nobody asks for a permission: into logs, into the pages on which the admin
    says what goes with an account, into the choices of a form of the host. ``shown_as`` is what a
    page sets that has asked.
    """

    shown_as: str | None = None

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"#{self.pk}" if self.shown_as is None else self.shown_as

    def __repr__(self) -> str:
        """Name the row without what is in it: this ends up in logs."""
        return f"<{type(self).__name__}: {self.pk}>"
