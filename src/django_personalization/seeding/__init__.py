"""Taxonomy files: load, plan, apply.

:func:`seed` does all three. ``rows`` and ``files`` read files and know no database, ``plan``
compares their rows with it, and ``apply`` writes what the plan says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.db import transaction

from django_personalization.alignment import hold_vocabulary
from django_personalization.seeding.apply import Progress, apply_plan
from django_personalization.seeding.files import load, packaged_file
from django_personalization.seeding.plan import Action, Plan, Step, make_plan

__all__ = ["Action", "Plan", "Progress", "Step", "seed"]


def seed(
    paths: Sequence[Path] | None = None,
    *,
    update: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """Load taxonomy files, by default the one in the package, and return what became of each row.

    Terms are known by their slug. What is missing is made; what exists stays as it is, with its
    aliases, parent and relations, unless ``update`` is true: then the file's columns overwrite
    the term's, and missing aliases and relations are added. Nothing is ever removed, and an
    inactive term stays inactive. A row whose name is taken by another term is skipped, and the
    plan says so. With ``dry_run`` nothing is written.

    ``progress`` is called with the number of rows written so far and the number of all. All is
    one transaction; two of them at the same time take turns. Raises
    :class:`VocabularyFileError` when a file is refused, and then nothing has been written.
    """
    rows = load([packaged_file()] if paths is None else paths)
    if dry_run:
        return make_plan(rows, update=update)
    with transaction.atomic():
        hold_vocabulary()
        plan = make_plan(rows, update=update)
        apply_plan(plan, progress)
    return plan
