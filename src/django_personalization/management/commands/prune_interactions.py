"""``manage.py prune_interactions``."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_personalization.exceptions import InvalidInput
from django_personalization.management.arguments import MOST, batch_size
from django_personalization.management.terminal import HelpWithExamples, ProgressBar
from django_personalization.retention import BATCH, MOST_DAYS, prune_interactions

HELP: Final = """\
Delete activity that is older than INTERACTION_RETENTION_DAYS.

What it taught stays: the tags keep their evidence, which fades by itself. With --forget it is
taken back, as if the old events had never been. Run it every day or week; nothing is deleted
otherwise. It may be stopped and started again at any time: what is done is done, and the next run
does the rest. The audit notes each run.

examples:
  manage.py prune_interactions                     what is older than the setting says
  manage.py prune_interactions --dry-run           count it
  manage.py prune_interactions --days 90           what is older than 90 days
  manage.py prune_interactions --forget            and what it taught
  manage.py prune_interactions --batch-size 200    shorter transactions on a busy database
"""


def period(text: str) -> float:
    """Read a number of days."""
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= MOST_DAYS:
        message = f"{text!r} is not a number of days above 0 and up to {MOST_DAYS:,}"
        raise ArgumentTypeError(message)
    return days


class Command(BaseCommand):
    """Let old activity go."""

    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let the help keep its line breaks."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=HelpWithExamples, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--days", type=period, metavar="N", help="instead of INTERACTION_RETENTION_DAYS"
        )
        parser.add_argument(
            "--forget", action="store_true", help="take back what the old activity taught, too"
        )
        parser.add_argument(
            "--batch-size",
            type=batch_size,
            default=BATCH,
            metavar="N",
            help=f"interactions in one transaction, from 1 to {MOST:,} (default: {BATCH:,})",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="count what would be done and write nothing"
        )

    def handle(
        self,
        *args: Any,
        days: float | None,
        forget: bool,
        batch_size: int,
        dry_run: bool,
        verbosity: int,
        **options: Any,
    ) -> None:
        """Prune, and say what happened."""
        progress = ProgressBar(self.stderr)
        try:
            count = prune_interactions(
                days=days,
                forget=forget,
                batch_size=batch_size,
                dry_run=dry_run,
                progress=progress,
            )
        except InvalidInput as error:
            reason = " ".join(error.errors["days"])
            raise CommandError(f"{reason} Give the period with --days.") from error
        finally:
            progress.close()
        if verbosity > 0:
            done = "taken back" if forget else "deleted"
            would_be, end = ("would be ", " Nothing was written.") if dry_run else ("", "")
            self.stdout.write(f"Old interactions: {count:,} {would_be}{done}.{end}")
