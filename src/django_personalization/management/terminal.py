"""What the commands show on a terminal."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from typing import Final

from django.core.management.base import CommandError, DjangoHelpFormatter, OutputWrapper

LONG_WORK: Final = 1000
_PAUSE: Final = 0.1


class HelpWithExamples(DjangoHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help whose text keeps its line breaks, so that it can hold examples."""


def require_yes(stdout: OutputWrapper) -> None:
    """Ask whether to go on; raise CommandError unless the answer is yes."""
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask on. Give --yes to do it unasked.")
    stdout.write("Type yes to go on: ", ending="")
    stdout.flush()
    if input().strip().lower() != "yes":
        raise CommandError("Nothing was done.")


class ProgressBar:
    """A line that fills while long work goes on; nothing for short work or without a terminal.

    Call it with how much is done and how much there is in all.
    """

    def __init__(self, stream: OutputWrapper, *, least: int = LONG_WORK) -> None:
        self._stream = stream
        self._least = least
        self._shown_at = 0.0
        self._is_open = False

    def __call__(self, done: int, total: int) -> None:
        """Draw the bar, at most ten times a second and once more at the end."""
        now = time.monotonic()
        if total < self._least or not self._stream.isatty():
            return
        if done < total and now - self._shown_at < _PAUSE:
            return
        self._shown_at, self._is_open = now, True
        numbers = f" {done:,} of {total:,}"
        width = max(min(shutil.get_terminal_size().columns - len(numbers) - 4, 40), 4)
        filled = width * min(done, total) // total
        self._write(f"\r[{'#' * filled}{'.' * (width - filled)}]{numbers}")

    def close(self) -> None:
        """End the line, if one was begun."""
        if self._is_open:
            self._write("\n")
            self._is_open = False

    def _write(self, text: str) -> None:
        # An error stream's style would colour the bar red.
        self._stream.write(text, style_func=str, ending="")
        self._stream.flush()
