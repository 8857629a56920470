"""People's tags become again what they were before a merge; what came since stays where it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils import timezone

from django_personalization.choices import TagSource, TagState
from django_personalization.merging.rows import attempt, insert, read, with_references
from django_personalization.merging.tags import overwrite
from django_personalization.models import Taxonomy, UserTag
from django_personalization.upsert import announce_tags

_COMPARED: Final = ("evidence", "interaction_count", "source", "state", "weight")


@dataclass
class RestoredTags:
    """How many people's tags are as they were, how many people have more since, or none any more.

    ``changed`` are among the ``people``; ``gone`` are not.
    """

    people: int = 0
    changed: int = 0
    gone: int = 0


@dataclass(frozen=True)
class _Entry:
    """What a merge did with one person's tags: the rows ``before``, and the one ``after``."""

    before: list[UserTag]
    after: UserTag
    was_renamed: bool = False

    @property
    def own(self) -> UserTag | None:
        """The tag of the term to keep that the person had before, if any."""
        first = self.before[0] if self.before and not self.was_renamed else None
        return first if first is not None and first.key == self.after.key else None

    @property
    def is_refusal(self) -> bool:
        """Whether the merge only let the tag say no."""
        return not self.was_renamed and len(self.before) < 2

    def is_touched(self, now: UserTag) -> bool:
        """Whether evidence came, or the person said something, since the merge."""
        return any(getattr(now, name) != getattr(self.after, name) for name in _COMPARED)


@dataclass
class _Writing:
    """The rows to write for some people."""

    renamed: dict[tuple[int | None, str, str], list[UserTag]] = field(default_factory=dict)
    changed: list[UserTag] = field(default_factory=list)
    new: list[UserTag] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)

    def restore(self, rows: Sequence[UserTag], kept: int) -> None:
        self.changed += [row for row in rows if row.pk == kept]
        self.new += [row for row in rows if row.pk != kept]

    def write(self) -> set[Any]:
        """Write them; return whose rows the database refused."""
        UserTag.objects.filter(pk__in=self.dropped).delete()
        refused = [*self._write(self.changed, overwrite), *self._write(self.new, insert)]
        for rows in self.renamed.values():
            refused += self._write(rows, _rename)
        return {row.user_id for row in refused}

    @staticmethod
    def _write(
        rows: Sequence[UserTag], write: Callable[[Sequence[UserTag]], object]
    ) -> list[UserTag]:
        fine = with_references(rows)
        known = set(map(id, fine))
        return [row for row in rows if id(row) not in known] + attempt(write, fine)


def _rename(rows: Sequence[UserTag]) -> None:
    """Give rows that only got another term the one that they had, all of them the same."""
    first = rows[0]
    same = UserTag.objects.filter(pk__in=[row.pk for row in rows])
    same.update(taxonomy_id=first.taxonomy_id, key=first.key, name=first.name)


def restore_tags(keep: Taxonomy, lines: Sequence[Mapping[str, Any]]) -> RestoredTags:
    """Undo what one line tells of; call it with the terms held. What is undone already stays so."""
    entries = [_read(line) for line in lines]
    pks = {row.pk for entry in entries for row in (*entry.before, entry.after)}
    held = UserTag.objects.filter(pk__in=pks).order_by("user_id", "key").select_for_update()
    there = {row.pk: row for row in held}
    writing, done = _Writing(), RestoredTags()
    for entry in entries:
        now = there.get(entry.after.pk)
        if now is None or now.user_id != entry.after.user_id:
            done.gone += not entry.is_refusal
        elif entry.is_refusal:
            _take_back_refusal(entry, now, writing)
        elif not _is_undone(entry, now, there, keep):
            _part(entry, now, keep, writing)
            done.people += 1
            done.changed += entry.is_touched(now)
            announce_tags(now.user_id, {now.key, *(row.key for row in entry.before)})
    refused = writing.write()
    return RestoredTags(done.people - len(refused), done.changed, done.gone + len(refused))


def _read(line: Mapping[str, Any]) -> _Entry:
    before = [read(UserTag, values) for values in line["before"]]
    if "after" in line:
        return _Entry(before, read(UserTag, line["after"]))
    return _Entry(before, before[0], was_renamed=True)


def _is_undone(entry: _Entry, now: UserTag, there: Mapping[int, UserTag], keep: Taxonomy) -> bool:
    """Whether it is as before, because undoing has got here already or the merge never did."""
    if entry.was_renamed:
        return now.taxonomy_id != keep.pk
    return any(row.pk in there for row in entry.before if row.pk != entry.after.pk)


def _take_back_refusal(entry: _Entry, now: UserTag, writing: _Writing) -> None:
    """Take a "no" back that the merge wrote, unless the person has said something since."""
    if now.state != entry.after.state:
        return
    if entry.before:
        now.state, now.updated_at = entry.before[0].state, entry.before[0].updated_at
        writing.changed.append(now)
    elif not entry.is_touched(now):
        writing.dropped.append(now.pk)
    announce_tags(now.user_id, [now.key])


def _part(entry: _Entry, now: UserTag, keep: Taxonomy, writing: _Writing) -> None:
    """Make several tags of one again."""
    touched = entry.is_touched(now)
    if entry.was_renamed and not touched:
        row = entry.before[0]
        writing.renamed.setdefault((row.taxonomy_id, row.key, row.name), []).append(row)
        return
    rows = [copy(row) for row in entry.before]
    own = rows[0] if entry.own is not None else None
    if touched:
        if own is None and _needs_own(entry, now):
            own = UserTag(user_id=now.user_id, taxonomy=keep, source=now.source)
            rows.append(own)
        _hand_over(entry, now, own, rows)
    if own is not None:  # it may have been renamed since
        own.key, own.name = keep.key, keep.name
    writing.restore(rows, now.pk)


def _needs_own(entry: _Entry, now: UserTag) -> bool:
    """Whether something came since that belongs to the term to keep."""
    came = now.evidence > entry.after.evidence
    counted = now.interaction_count > entry.after.interaction_count
    return came or counted or (now.source == TagSource.MANUAL != entry.after.source)


def _hand_over(entry: _Entry, now: UserTag, own: UserTag | None, rows: Sequence[UserTag]) -> None:
    """Give what came since to ``own``, take what went from it first, and keep what was said."""
    first = [] if own is None else [own]
    ordered = [*first, *(row for row in rows if row is not own)]
    evidence = now.evidence - entry.after.evidence
    count = now.interaction_count - entry.after.interaction_count
    for row in ordered:
        left, row.evidence = min(row.evidence + evidence, 0.0), max(row.evidence + evidence, 0.0)
        evidence = left
        fewer = min(row.interaction_count + count, 0)
        row.interaction_count, count = max(row.interaction_count + count, 0), fewer
    if own is not None and now.source != entry.after.source:
        own.source = now.source
    for row in rows:
        if now.state != entry.after.state:
            row.state = TagState(now.state).value
        if now.weight != entry.after.weight:
            row.weight = now.weight
        row.confidence_score = row.confidence_at(timezone.now())
        row.updated_at = now.updated_at


def people_in(lines: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the ids of the people whom one line tells of."""
    rows = ((line["before"] or [line["after"]])[0] for line in lines)
    return [read(UserTag, {"user_id": row["user_id"]}).user_id for row in rows]
