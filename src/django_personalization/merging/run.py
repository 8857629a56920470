"""Merging, one short transaction after another; what was stopped goes on when it is run again.

First people's tags of the term that stays learn to say no where their synonyms do. Then, in one
transaction, the vocabulary changes: from there on every name means the term that stays, and the
others are retired, so that nobody gets new tags of them. Then people's tags and the host's rows
move, batch by batch, and last the terms go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from django.db import transaction

from django_personalization import audit
from django_personalization.alignment import hold_vocabulary
from django_personalization.choices import AuditAction, AuditOrigin
from django_personalization.exceptions import InvalidInput
from django_personalization.merging.links import Link, links, move_links
from django_personalization.merging.locks import hold_people, hold_terms
from django_personalization.merging.plan import MergePlan, plan_merge
from django_personalization.merging.rows import written
from django_personalization.merging.tags import (
    Names,
    Step,
    move,
    people_of,
    refuse,
    to_move,
    to_refuse,
)
from django_personalization.merging.undo_file import UndoLog
from django_personalization.merging.vocabulary import apply_changes, changes_of
from django_personalization.models import Taxonomy

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

BATCH: Final = 500
"""Tags, or rows of the host, in one transaction."""

Progress = Callable[[int, int], None]


@dataclass
class Merged:
    """How much a merge moved. ``content`` maps the host's foreign keys to rows moved and dropped.

    A merge that goes on after a stop counts its own part only.
    """

    terms: int = 0
    tags: int = 0
    people: int = 0
    content: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """What the audit keeps."""
        moved = {label: sum(numbers) for label, numbers in self.content.items()}
        return {"terms": self.terms, "tags": self.tags, "people": self.people, **moved}


def merge_terms(
    keep: Taxonomy,
    merged: Collection[Taxonomy],
    *,
    batch_size: int = BATCH,
    progress: Progress | None = None,
    undo: IO[str] | Path | str | None = None,
    actor: AbstractBaseUser | None = None,
    origin: str = AuditOrigin.COMMAND,
) -> Merged:
    """Make ``merged`` one with ``keep`` and delete them; return how much was moved.

    Everyone's tags become tags of ``keep``: evidence and counts are added, a pick and a "no" both
    survive. Names and aliases become aliases of it, relations its relations, narrower terms its
    narrower ones, and every row of the host that points at a merged term points at it. Nothing
    that people do meanwhile is lost.

    Transactions hold at most ``batch_size`` tags or rows. A merge that was stopped has done a
    part; the same call does the rest. ``progress`` is called with the rows done so far and all of
    them. ``undo`` is an open text file, or the name of one to be made, that gets what
    :func:`undo_merge` needs; it holds people's tags, so keep it safe. Whoever asks for it is noted
    in the audit: ``actor``, through ``origin``.

    Raises :class:`InvalidInput` when the terms cannot be merged or the file cannot be written;
    then nothing has been changed.
    """
    plan = plan_merge(keep, merged)
    if plan.problems:
        raise InvalidInput({"merged": list(plan.problems)})
    log = UndoLog(undo)
    log.open(plan.keep, plan.merged)
    run = _Merge(plan, batch_size, log, progress)
    try:
        run.change_vocabulary()
        run.move_tags()
        for link in links():
            run.move_links(link)
        run.delete_terms()
    finally:
        log.close()
        counts = {None: run.done.counts}
        audit.record(AuditAction.MERGE, actor=actor, origin=origin, person_counts=counts)
    return run.done


class _Merge:
    """One merge under way. Every method commits what it does in transactions of its own."""

    def __init__(
        self, plan: MergePlan, batch_size: int, log: UndoLog, progress: Progress | None
    ) -> None:
        self.done = Merged()
        self._keep_id = plan.keep.pk
        self._ids = [term.pk for term in plan.merged]
        self._names = Names(tuple(self._ids), tuple(term.key for term in plan.merged))
        self._size = batch_size
        self._log = log
        self._progress = progress
        self._total = plan.rows

    def change_vocabulary(self) -> None:
        """Let all names mean the term that stays, and retire the others.

        What people refused must be refused under that term before.
        """
        while not self._change_vocabulary():
            self._refuse()

    def move_tags(self) -> None:
        """Let people's tags become tags of the term that stays, free ones of these names too."""
        for tags in (to_move(self._ids), to_move(self._ids, self._names.keys)):
            while users := people_of(tags, self._size):
                with transaction.atomic():
                    hold_people(users)
                    keep, _merged = hold_terms(self._keep_id, self._ids)
                    self._move_tags(keep, users)
                self._tell()

    def move_links(self, link: Link) -> None:
        """Let the host's rows point at the term that stays."""
        merged = Taxonomy.objects.filter(pk__in=self._ids)
        while link.at(list(merged)).exists():
            with transaction.atomic():
                self._move_links(*hold_terms(self._keep_id, self._ids), link)
            self._tell()

    def delete_terms(self) -> None:
        """Delete the terms that nothing points at any more."""
        while not self._delete_terms():
            pass
        self._log.write({"record": "end"})

    def _refuse(self) -> None:
        while users := people_of(to_refuse(self._keep_id, self._ids), self._size):
            with transaction.atomic():
                hold_people(users)
                keep, _merged = hold_terms(self._keep_id, self._ids)
                self._note(refuse(keep, self._names, users))

    def _change_vocabulary(self) -> bool:
        """Change it, unless people said no more often than one transaction holds."""
        with transaction.atomic():
            hold_vocabulary()
            keep, merged = hold_terms(self._keep_id, self._ids)
            late = to_refuse(self._keep_id, self._ids)
            if late.count() > self._size:
                return False
            users = people_of(late, None)
            hold_people(users)
            self._note(refuse(keep, self._names, users))
            changes = changes_of(keep, merged)
            if changes:
                apply_changes(changes)
                rows = [change.written() for change in changes]
                self._log.write({"record": "vocabulary", "rows": rows})
        return True

    def _delete_terms(self) -> bool:
        """Delete them, unless more came meanwhile than one transaction holds."""
        with transaction.atomic():
            hold_vocabulary()
            keep, merged = hold_terms(self._keep_id, self._ids)
            tags = to_move(self._ids)
            self._move_tags(keep, people_of(tags, self._size))
            for link in links():
                self._move_links(keep, merged, link)
            if tags.exists() or any(link.at(merged).exists() for link in links()):
                return False
            self._log.write({"record": "terms", "rows": [written(term) for term in merged]})
            Taxonomy.objects.filter(pk__in=self._ids).delete()
            self.done.terms += len(merged)
        return True

    def _move_tags(self, keep: Taxonomy, user_ids: list[Any]) -> None:
        step = move(keep, self._names, user_ids)
        self._note(step)
        self.done.tags += step.tags
        self.done.people += len(step.people)

    def _move_links(self, keep: Taxonomy, merged: list[Taxonomy], link: Link) -> None:
        moved = move_links(link, keep, merged, self._size)
        if moved.moved or moved.dropped:
            self._log.write(moved.line)
            before = self.done.content.get(link.label, (0, 0))
            numbers = (before[0] + moved.moved, before[1] + moved.dropped)
            self.done.content[link.label] = numbers

    def _note(self, step: Step) -> None:
        """Write what undoing a step needs; the transaction has not committed yet."""
        if step.people:
            self._log.write({"record": "tags", "people": step.people})

    def _tell(self) -> None:
        if self._progress is not None:
            done = self.done.tags + sum(map(sum, self.done.content.values()))
            self._progress(min(done, self._total), self._total)
