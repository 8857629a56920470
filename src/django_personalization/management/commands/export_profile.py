"""``manage.py export_profile``."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_personalization.choices import AuditOrigin
from django_personalization.management.people import find_person, person_help
from django_personalization.management.terminal import HelpWithExamples
from django_personalization.privacy import export_profile

HELP: Final = """\
Write all that is known about a person as JSON: tags, history, settings and the audit, each row
marked as provided, observed or inferred. The same as the person gets by the API.

The audit notes that it was done. A file is readable by its owner only, and is there when it is
whole: until then, and if something fails, a file of that name stays as it was.

examples:
  manage.py export_profile ada                        print it
  manage.py export_profile ada --output ada.json      write a file
  manage.py export_profile ada --indent               one value to a line
  manage.py export_profile pk=17                      by primary key
"""


class Command(BaseCommand):
    """Give a person's data out."""

    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let the help keep its line breaks."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=HelpWithExamples, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("user", help=person_help())
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="the file to write, instead of printing"
        )
        parser.add_argument("--indent", action="store_true", help="one value to a line")

    def handle(
        self,
        *args: Any,
        user: str,
        output: Path | None,
        indent: bool,
        verbosity: int,
        **options: Any,
    ) -> None:
        """Export, and say where it is."""
        person = find_person(user)
        chunks = export_profile(person, indent=indent, origin=AuditOrigin.COMMAND)
        if output is None:
            for chunk in chunks:
                self.stdout.write(chunk, ending="")
            return
        try:
            _write(chunks, output)
        except OSError as error:
            reason = error.strerror or error
            raise CommandError(f"{output} cannot be written: {reason}.") from error
        if verbosity > 0:
            self.stdout.write(f"The profile is in {output}.")


def _write(chunks: Iterable[str], path: Path) -> None:
    """Write a file that is either whole or not there, and that only its owner may read."""
    if path.is_dir():
        raise IsADirectoryError(None, "it is a directory")
    if path.exists() and not path.is_file():  # replaced, a device would be one no more
        raise OSError(None, "it is no ordinary file")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=True)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(chunks)
        unfinished.replace(path)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
