"""``manage.py refresh_tags``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser

from django_personalization.management.arguments import MOST, batch_size
from django_personalization.management.terminal import HelpWithExamples, ProgressBar
from django_personalization.refreshing import BATCH, refresh_confidence

HELP: Final = """\
Set the stored confidence of inferred tags to what their evidence is worth now, and drop those
that have faded below 2 percent.

Nothing depends on it: people see the confidence of the moment anyway. Run it once a day or week
where reports read the table, or to keep it small. Picked, removed, hidden and weighed tags are
never dropped. It may be stopped and started again at any time. The audit notes each run.

examples:
  manage.py refresh_tags                       all inferred tags, 1,000 in a transaction
  manage.py refresh_tags --dry-run             count what would be rewritten and dropped
  manage.py refresh_tags --batch-size 200      shorter transactions on a busy database
"""


class Command(BaseCommand):
    """Let the stored confidence of inferred tags follow time."""

    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let the help keep its line breaks."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=HelpWithExamples, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--batch-size",
            type=batch_size,
            default=BATCH,
            metavar="N",
            help=f"tags in one transaction, from 1 to {MOST:,} (default: {BATCH:,})",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="count what would be done and write nothing"
        )

    def handle(
        self, *args: Any, batch_size: int, dry_run: bool, verbosity: int, **options: Any
    ) -> None:
        """Refresh, and say what happened."""
        progress = ProgressBar(self.stderr)
        try:
            result = refresh_confidence(batch_size=batch_size, dry_run=dry_run, progress=progress)
        finally:
            progress.close()
        if verbosity > 0:
            would_be, end = ("would be ", " Nothing was written.") if dry_run else ("", "")
            self.stdout.write(
                f"Inferred tags: {result.rewritten:,} {would_be}rewritten, "
                f"{result.dropped:,} faded and {would_be}dropped.{end}"
            )
