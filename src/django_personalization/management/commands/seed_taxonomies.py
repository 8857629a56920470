"""``manage.py seed_taxonomies``."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_personalization.exceptions import VocabularyFileError
from django_personalization.management.terminal import HelpWithExamples, ProgressBar
from django_personalization.seeding import Action, Plan, Step, seed

UNCHANGED_SHOWN: Final = 10
_OWN_CATEGORIES: Final = (
    "The vocabulary in the package has the categories that TAXONOMY_CATEGORIES has by default. "
    "With categories of your own, give a file of your own: --file PATH."
)

HELP: Final = """\
Load the vocabulary: terms, their other spellings, broader and related terms.

Running it again changes nothing. A term whose slug exists stays as it is, with everything that
staff changed, unless --update is given. All is one transaction; a file with a mistake is refused
whole, with the row and the reason.

examples:
  manage.py seed_taxonomies                               the vocabulary in the package
  manage.py seed_taxonomies --dry-run                     what that would do
  manage.py seed_taxonomies --file genres.csv             a vocabulary of your own
  manage.py seed_taxonomies --file a.json --file b.csv    two files that refer to each other
  manage.py seed_taxonomies --file genres.csv --update    overwrite what exists

CSV (UTF-8, commas, a header; name and category are needed, the order is free):
  slug,name,category,description,aliases,parent,related,is_sensitive
  jazz,Jazz,interest,Improvised music.,Jass|Jazz music,music,blues:0.8|swing,false

JSON, the same:
  {"taxonomies": [{"slug": "jazz", "name": "Jazz", "category": "interest",
    "description": "Improvised music.", "aliases": ["Jass", "Jazz music"], "parent": "music",
    "related": [{"slug": "blues", "weight": 0.8}, {"slug": "swing"}], "is_sensitive": false}]}

Without a slug, one is made from the name. A weight is above 0 and up to 1, and 0.5 if there is
none. A sensitive term may be picked by hand and is never inferred. With --update a column that
the file does not have is left alone; missing aliases and relations are added, none is removed,
and an inactive term stays inactive.
"""


class Command(BaseCommand):
    """Load taxonomy files into the database."""

    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let the help keep its line breaks."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=HelpWithExamples, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--file",
            action="append",
            type=Path,
            metavar="PATH",
            help="a JSON or CSV file, instead of the vocabulary in the package; repeatable",
        )
        parser.add_argument(
            "--update", action="store_true", help="overwrite terms that exist with the file's"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be done and write nothing"
        )

    def handle(
        self,
        *args: Any,
        file: list[Path] | None,
        update: bool,
        dry_run: bool,
        verbosity: int,
        **options: Any,
    ) -> None:
        """Seed, and say what happened."""
        progress = ProgressBar(self.stderr)
        try:
            plan = seed(file, update=update, dry_run=dry_run, progress=progress)
        except VocabularyFileError as error:
            hint = [] if file else [_OWN_CATEGORIES]
            lines = ["Refused; nothing was written.", str(error), *hint]
            raise CommandError("\n".join(lines)) from error
        finally:
            progress.close()
        if verbosity > 0:
            self._report(plan, update=update, dry_run=dry_run, in_full=dry_run or verbosity > 1)

    def _report(self, plan: Plan, *, update: bool, dry_run: bool, in_full: bool) -> None:
        for step in plan.steps if in_full else plan.remarked:
            if step.action is not Action.UNCHANGED or step.remarks:
                self._print(step)
        if in_full:
            self._print_unchanged(plan.of(Action.UNCHANGED))
        self.stdout.write(_closing_line(plan, dry_run=dry_run))
        if plan.differing and not update:
            self.stdout.write(
                f"{plan.differing:,} unchanged: the file says otherwise; --update overwrites them."
            )

    def _print(self, step: Step) -> None:
        style = self.style.WARNING if step.remarks else None
        self.stdout.write(f"{step.action.value:<9}  {step}", style)

    def _print_unchanged(self, steps: list[Step]) -> None:
        quiet = [step for step in steps if not step.remarks]
        if len(quiet) <= UNCHANGED_SHOWN:
            for step in quiet:
                self._print(step)
        else:
            self.stdout.write(f"unchanged  {len(quiet):,} terms")


def _closing_line(plan: Plan, *, dry_run: bool) -> str:
    counts = plan.counts
    written = "would be " if dry_run else ""
    line = (
        f"Vocabulary: {counts[Action.CREATE]:,} {written}created, "
        f"{counts[Action.UPDATE]:,} {written}updated, {counts[Action.UNCHANGED]:,} unchanged, "
        f"{counts[Action.CONFLICT]:,} in conflict."
    )
    return f"{line} Nothing was written." if dry_run else line
