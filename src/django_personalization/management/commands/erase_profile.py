"""``manage.py erase_profile``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_personalization.choices import AuditOrigin
from django_personalization.management.people import find_person, person_help
from django_personalization.management.terminal import HelpWithExamples
from django_personalization.privacy import count_profile, erase_profile, reset_profile

HELP: Final = """\
Erase all that is known about a person: tags, also those removed and hidden, the history and the
settings, a refused consent included. The account stays. It cannot be undone.

With --reset only what was observed and inferred goes; picked, removed and hidden tags and the
settings stay. The command asks before it does anything, and the audit notes that it was done.

examples:
  manage.py erase_profile ada                 say what would go, and ask
  manage.py erase_profile ada --reset         only the history and what was inferred from it
  manage.py erase_profile pk=17 --yes         without asking, as a script needs it
  manage.py export_profile ada --output f     before that: what is known
"""


class Command(BaseCommand):
    """Erase or reset a person's profile."""

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
            "--reset", action="store_true", help="keep what the person said; forget the rest"
        )
        parser.add_argument(
            "--yes",
            "--no-input",
            "--noinput",
            action="store_true",
            help="do not ask; needed where there is no terminal",
        )

    def handle(
        self, *args: Any, user: str, reset: bool, yes: bool, verbosity: int, **options: Any
    ) -> None:
        """Ask, do it, and say what went."""
        person = find_person(user)
        if not yes:
            self._ask(str(person), count_profile(person), reset=reset)
        work = reset_profile if reset else erase_profile
        counts = work(person, origin=AuditOrigin.COMMAND)
        if verbosity > 0:
            self.stdout.write(f"{'Reset' if reset else 'Erased'}: {_listed(counts)}.")

    def _ask(self, name: str, counts: Mapping[str, int], *, reset: bool) -> None:
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask on. Give --yes to do it unasked.")
        there = {kind: count for kind, count in counts.items() if kind != "audit"}
        self.stdout.write(f"The profile of {name}: {_listed(there)}.")
        what = (
            "The history and what was inferred from it go; what the person said stays."
            if reset
            else "All of it goes."
        )
        self.stdout.write(f"{what} This cannot be undone.")
        if input("Type yes to go on: ").strip().lower() != "yes":
            raise CommandError("Nothing was done.")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
