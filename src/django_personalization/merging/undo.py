"""Taking a merge back, from the last line of its undo file to the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction

from django_personalization import audit
from django_personalization.alignment import hold_vocabulary
from django_personalization.choices import AuditAction, AuditOrigin
from django_personalization.merging.locks import hold_people, hold_terms
from django_personalization.merging.run import Progress
from django_personalization.merging.undo_file import UndoFile, opened
from django_personalization.merging.undo_tags import people_in, restore_tags
from django_personalization.merging.undo_vocabulary import (
    restore_links,
    restore_terms,
    restore_vocabulary,
    terms_to_restore,
)
from django_personalization.models import Taxonomy

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass
class Unmerged:
    """How much is as it was before the merge, and what could not be.

    ``people`` have their tags back, ``changed`` of them with what they did since, which stays with
    the kept term; ``gone`` have not, since they erased or lost the merged tag. ``content`` counts
    the host's rows that point back, ``content_gone`` those that cannot. ``left`` names rows of the
    vocabulary that somebody has changed since, which stay as they are.
    """

    terms: int = 0
    people: int = 0
    changed: int = 0
    gone: int = 0
    content: int = 0
    content_gone: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """What the audit keeps."""
        return {"terms_restored": self.terms, "people": self.people, "content": self.content}


def undo_merge(
    file: Path | str,
    *,
    progress: Progress | None = None,
    actor: AbstractBaseUser | None = None,
    origin: str = AuditOrigin.COMMAND,
) -> Unmerged:
    """Take back the merge that wrote ``file``; return how much is as it was before.

    The terms come back with their ids, slugs, names and relations, people's tags with their
    values. What people did since stays: evidence with the kept term, what they said with all the
    tags. What is no longer there is passed over and counted. It may be stopped and run again;
    where a merge that was stopped wrote two files, undo the later one first. ``progress`` is
    called with the lines done so far and all of them.

    Raises :class:`InvalidInput` when it is no undo file or one of another database, a line of it is
    not what a merge writes, the kept term is gone, or another term has meanwhile got a name or slug
    of a merged one; then nothing has been changed. The whole file is read for that first.
    """
    done = Unmerged()
    with opened(file) as undo:
        undo.check()
        missing = terms_to_restore(undo)
        try:
            with transaction.atomic():
                hold_vocabulary()
                restore_terms(missing)
                done.terms = len(missing)
            for number, line in enumerate(undo.latest_first(), start=1):
                _undo_line(undo, line, done)
                if progress is not None:
                    progress(number, len(undo))
        finally:
            counts = {None: done.counts}
            audit.record(AuditAction.MERGE, actor=actor, origin=origin, person_counts=counts)
    return done


def _undo_line(undo: UndoFile, line: Mapping[str, Any], done: Unmerged) -> None:
    with transaction.atomic():
        if line["record"] == "tags":
            hold_people(people_in(line["people"]))
        elif line["record"] == "vocabulary":
            hold_vocabulary()
        keep, _merged = hold_terms(undo.keep_id, undo.merged_ids)
        _restore(line, keep, done)


def _restore(line: Mapping[str, Any], keep: Taxonomy, done: Unmerged) -> None:
    if line["record"] == "tags":
        tags = restore_tags(keep, line["people"])
        done.people += tags.people
        done.changed += tags.changed
        done.gone += tags.gone
    elif line["record"] == "links":
        back, gone = restore_links(line, keep)
        done.content += back
        done.content_gone += gone
    elif line["record"] == "vocabulary":
        done.left += restore_vocabulary(line["rows"])
