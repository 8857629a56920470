"""``manage.py suggest_relations``."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser

from django_personalization.cooccurrence import Candidate
from django_personalization.management.terminal import HelpWithExamples, ProgressBar
from django_personalization.models import Taxonomy
from django_personalization.suggesting import (
    MAX_SUGGESTIONS,
    MIN_SUPPORT,
    Suggested,
    suggest_relations,
)

HELP: Final = """\
Look for terms that go together, and put the strongest pairs on the list of suggested relations in
the admin, where staff accept or reject them. Nothing is related by itself.

Counted are people who picked both terms, and items of each registered model that have both.
Sensitive and inactive terms, people in mode "none", pairs that are related already and pairs that
staff decided about are left out. Run it as often as you like, once a week for instance: what waits
is counted anew, and what has not been found again is withdrawn.

examples:
  manage.py suggest_relations                      pairs that 5 people or 5 items have
  manage.py suggest_relations --dry-run            print them and write nothing
  manage.py suggest_relations --min-support 20     on a large site: only what is frequent
"""


class Command(BaseCommand):
    """Suggest relations between terms."""

    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let the help keep its line breaks."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=HelpWithExamples, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--min-support",
            type=min_support,
            default=MIN_SUPPORT,
            metavar="N",
            help=f"people or items that must have both terms, at least 2 (default: {MIN_SUPPORT})",
        )
        parser.add_argument(
            "--limit",
            type=limit,
            default=MAX_SUGGESTIONS,
            metavar="N",
            help=f"how many may wait for staff at once (default: {MAX_SUGGESTIONS})",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be suggested; write nothing"
        )

    def handle(
        self,
        *args: Any,
        min_support: int,
        limit: int,
        dry_run: bool,
        verbosity: int,
        **options: Any,
    ) -> None:
        """Suggest, and say what was found."""
        progress = ProgressBar(self.stderr, least=2)
        try:
            suggested = suggest_relations(
                min_support=min_support,
                max_suggestions=limit,
                dry_run=dry_run,
                progress=progress,
            )
        finally:
            progress.close()
        if dry_run or verbosity > 1:
            self._print(suggested.candidates)
        if verbosity > 0:
            self.stdout.write(_closing_line(suggested, dry_run=dry_run))

    def _print(self, candidates: Sequence[Candidate]) -> None:
        ids = {pk for candidate in candidates for pk in candidate.pair}
        names = dict(Taxonomy.objects.filter(pk__in=ids).values_list("pk", "name"))
        for candidate in candidates:
            self.stdout.write(_line(candidate, names))


def _closing_line(suggested: Suggested, *, dry_run: bool) -> str:
    waiting, would_be = len(suggested.candidates), "would be " if dry_run else ""
    line = (
        f"Suggested relations: {waiting:,} {'would ' if dry_run else ''}wait for staff, "
        f"{suggested.created:,} of them new; {suggested.withdrawn:,} {would_be}withdrawn."
    )
    return f"{line} Nothing was written." if dry_run else line


def _line(candidate: Candidate, names: dict[int, str]) -> str:
    one, other = (names.get(pk, "?") for pk in candidate.pair)
    support = f"{candidate.people:,} people, {candidate.items:,} items"
    return f"{candidate.score:.2f}  {one} – {other} ({support})"


def min_support(text: str) -> int:
    """Read a number of people or items."""
    return _whole(text, 2)


def limit(text: str) -> int:
    """Read a number of suggestions."""
    return _whole(text, 1)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        message = f"{text!r} is not a whole number from {least} on"
        raise ArgumentTypeError(message)
    return int(text)
