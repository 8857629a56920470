"""The undo file of a merge: one JSON object in each line, the latest change last.

The first line says what it is and which terms were merged. Every other line is what one
transaction changed, written before it commits. Where a merge was stopped in between, the last
line may be cut off or may tell of what never happened; undoing copes with both.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from django_personalization.exceptions import InvalidInput
from django_personalization.merging.undo_lines import MalformedLine, check_head, check_line
from django_personalization.models import Taxonomy
from django_personalization.validation import shown

FORMAT: Final = "django-personalization merge"
VERSION: Final = 1
_RECORDS: Final = ("tags", "vocabulary", "links", "terms", "end")


class UndoLog:
    """Where a merge writes what it is about to change; a merge that was stopped goes on in it."""

    def __init__(self, target: IO[str] | Path | str | None) -> None:
        """Write to an open text file, to a new file of this name, or nowhere."""
        self._path: Path | None = None
        self._stream: IO[str] | None = None
        if isinstance(target, (str, Path)):
            self._path = Path(target)
        else:
            self._stream = target

    def open(self, keep: Taxonomy, merged: Sequence[Taxonomy]) -> None:
        """Write the first line; raise :class:`InvalidInput` where that cannot be done."""
        head = _head(keep, merged)
        if self._path is None:
            self.write(head)
        elif self._path.exists():
            self._stream = _continued(self._path, head)
        else:
            self._stream = _new_file(self._path)
            self.write(head)

    def write(self, line: Mapping[str, Any]) -> None:
        """Write a line so that it outlives this process."""
        if self._stream is None:
            return
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        if self._path is not None:
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file, if this object opened it."""
        if self._path is not None and self._stream is not None:
            self._stream.close()


class UndoFile:
    """An undo file as it is read: the first line, and the others from the latest on."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        """Read where the lines begin, and the first of them."""
        self._stream = stream
        self._name = name
        starts = [0]
        for line in iter(stream.readline, b""):
            if line.endswith(b"\n"):  # what follows the last newline was never finished
                starts.append(starts[-1] + len(line))
        self._starts, self.length = starts[:-1], starts[-1]
        self.head = self._checked_head()

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def has_ended(self) -> bool:
        """Whether the merge came to its end."""
        return len(self) > 0 and bool(self._line(len(self._starts) - 1)["record"] == "end")

    @property
    def keep_id(self) -> int:
        """The id of the term that stayed."""
        return int(self.head["keep"]["id"])

    @property
    def merged_ids(self) -> list[int]:
        """The ids of the terms that were merged into it."""
        return [term["id"] for term in self.head["merged"]]

    def check(self) -> None:
        """Raise :class:`InvalidInput`, naming the line, unless a merge can have written it all."""
        for number in range(1, len(self._starts)):
            self._check_line(number)

    def _check_line(self, number: int) -> None:
        try:
            check_line(self._line(number), self.merged_ids)
        except MalformedLine as error:
            raise self._malformed(number + 1, error) from error

    def latest_first(self) -> Iterator[dict[str, Any]]:
        """Yield the lines after the first, the last one first."""
        for number in range(len(self._starts) - 1, 0, -1):
            yield self._line(number)

    def _line(self, number: int) -> dict[str, Any]:
        self._stream.seek(self._starts[number])
        try:
            line = json.loads(self._stream.readline())
        except (ValueError, RecursionError) as error:
            raise self._refusal(_("Line %s is not JSON.") % (number + 1)) from error
        if not isinstance(line, dict) or (number and line.get("record") not in _RECORDS):
            raise self._refusal(_("Line %s is not of an undo file.") % (number + 1))
        return line

    def _checked_head(self) -> dict[str, Any]:
        if not self._starts:
            raise self._refusal(_("It is empty."))
        head = self._line(0)
        if head.get("format") != FORMAT:
            raise self._refusal(_("It does not begin as an undo file does."))
        if head.get("version") != VERSION:
            message = _("Its version is %(version)s; this one reads %(legal)s.")
            values = {"version": shown(head.get("version")), "legal": VERSION}
            raise self._refusal(message % values)
        try:
            check_head(head)
        except MalformedLine as error:
            raise self._malformed(1, error) from error
        return head

    def _malformed(self, number: int, error: MalformedLine) -> InvalidInput:
        message = _("Line %(line)s is not of an undo file: see %(path)s.")
        return self._refusal(message % {"line": number, "path": error.path})

    def _refusal(self, reason: str) -> InvalidInput:
        return InvalidInput({"undo": [f"{self._name}: {reason}"]})


@contextmanager
def opened(path: Path | str) -> Iterator[UndoFile]:
    """Open the undo file of this name; raise :class:`InvalidInput` when it is none."""
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        message = _("%(file)s cannot be read: %(reason)s.")
        values = {"file": path, "reason": error.strerror}
        raise InvalidInput({"undo": [message % values]}) from error
    with stream:
        yield UndoFile(stream, str(path))


def _head(keep: Taxonomy, merged: Sequence[Taxonomy]) -> dict[str, Any]:
    by_key = sorted(merged, key=lambda term: term.pk)
    return {
        "format": FORMAT,
        "version": VERSION,
        # Its time tells it from the term that has the same id in another database.
        "keep": {"id": keep.pk, "slug": keep.slug, "created_at": keep.created_at.isoformat()},
        "merged": [{"id": term.pk, "slug": term.slug} for term in by_key],
        "made_at": timezone.now().isoformat(),
    }


def _continued(path: Path, head: Mapping[str, Any]) -> IO[str]:
    """Open the file of a merge of the same terms that was stopped, behind its last whole line."""
    message = _("%s exists and is not of a stopped merge of these terms. Name another file.")
    other = InvalidInput({"undo": [message % path]})
    try:
        with opened(path) as known:
            same = all(known.head[name] == head[name] for name in ("keep", "merged"))
            if known.has_ended or not same:
                raise other
            length = known.length
    except InvalidInput as error:
        raise other from error
    stream = path.open("r+", encoding="utf-8")
    stream.truncate(length)
    stream.seek(0, os.SEEK_END)
    return stream


def _new_file(path: Path) -> IO[str]:
    """Create a file that its owner alone may read: it holds what people care about."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        message = _("%(file)s cannot be written: %(reason)s.")
        values = {"file": path, "reason": error.strerror}
        raise InvalidInput({"undo": [message % values]}) from error
    return os.fdopen(descriptor, "w", encoding="utf-8")
