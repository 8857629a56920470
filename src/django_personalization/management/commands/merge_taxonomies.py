"""``manage.py merge_taxonomies``."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from django_personalization.exceptions import InvalidInput
from django_personalization.management.arguments import MOST, batch_size
from django_personalization.management.terminal import (
    HelpWithExamples,
    ProgressBar,
    require_yes,
)
from django_personalization.merging import (
    BATCH,
    Merged,
    MergePlan,
    Unmerged,
    merge_terms,
    plan_merge,
    undo_merge,
)
from django_personalization.models import Taxonomy
from django_personalization.seeding.rows import closest
from django_personalization.text import term_key
from django_personalization.validation import shown

_LONGEST_STEM: Final = 100

HELP: Final = """\
Merge synonyms into one term, KEEP. Everyone's tags, with their evidence, weights and every "no",
become tags of KEEP; so do aliases, relations, narrower terms and the rows of your own models that
point at the others. Then the others are deleted; their names become aliases of KEEP.

People may go on meanwhile. The work is done in short transactions: what was stopped goes on when
the same command is given again. Terms are named by their slug, or by their name.

An undo file is written as it goes. It holds people's tags, so keep it safe, and delete it when you
are sure. What people did after the merge stays when it is undone.

examples:
  manage.py merge_taxonomies python python-3 --dry-run    count what would move, and warn
  manage.py merge_taxonomies python python-3 "Py 3"       the same and do it, after asking
  manage.py merge_taxonomies python python-3 --yes --undo-file /safe/python.jsonl
  manage.py merge_taxonomies --undo /safe/python.jsonl    take it back
"""


class Command(BaseCommand):
    """Merge terms, or take a merge back."""

    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let the help keep its line breaks."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=HelpWithExamples, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("keep", nargs="?", metavar="KEEP", help="the term that stays")
        parser.add_argument("others", nargs="*", metavar="OTHER", help="the terms merged into it")
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be done and write nothing"
        )
        parser.add_argument(
            "--undo-file",
            type=Path,
            metavar="FILE",
            help="where to write what undoing needs (default: a file here, named by the terms)",
        )
        parser.add_argument("--undo", type=Path, metavar="FILE", help="take back what wrote FILE")
        parser.add_argument(
            "--batch-size",
            type=batch_size,
            default=BATCH,
            metavar="N",
            help=f"tags or rows in one transaction, from 1 to {MOST:,} (default: {BATCH:,})",
        )
        parser.add_argument(
            "--yes",
            "--no-input",
            "--noinput",
            action="store_true",
            help="do not ask; needed where there is no terminal",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Merge or undo, and say what happened."""
        progress = ProgressBar(self.stderr)
        try:
            if options["undo"] is not None:
                self._undo(progress, **options)
            else:
                self._merge(progress, **options)
        except InvalidInput as error:
            problems = [problem for found in error.errors.values() for problem in found]
            raise CommandError("\n".join(problems)) from error
        except KeyboardInterrupt as error:
            message = "Stopped in between. The same command goes on from here."
            raise CommandError(message) from error
        finally:
            progress.close()

    def _merge(
        self,
        progress: ProgressBar,
        *,
        keep: str | None,
        others: Sequence[str],
        undo_file: Path | None,
        **options: Any,
    ) -> None:
        if keep is None or not others:
            raise CommandError("Name the term that stays, and at least one to be merged into it.")
        plan = plan_merge(_find(keep), [_find(name) for name in others])
        if options["verbosity"] > 0 or options["dry_run"]:
            self._describe(plan)
        if options["dry_run"]:
            self.stdout.write("Nothing was written.")
            return
        if plan.problems:
            raise CommandError("Nothing was written.")
        if not options["yes"]:
            require_yes(self.stdout)
        file = undo_file or _default_file(plan)
        size = options["batch_size"]
        merged = merge_terms(plan.keep, plan.merged, batch_size=size, progress=progress, undo=file)
        if options["verbosity"] > 0:
            progress.close()
            self._tell(merged, plan.keep, file)

    def _describe(self, plan: MergePlan) -> None:
        names = ", ".join(f"{term} ({term.slug})" for term in plan.merged)
        self.stdout.write(f"Merge {names} into {plan.keep} ({plan.keep.slug}):")
        for label, text in _lines(plan):
            self.stdout.write(f"  {label:<16}  {text}")
        for warning in plan.warnings:
            self.stdout.write(f"  Warning: {warning}", self.style.WARNING)
        for problem in plan.problems:
            self.stdout.write(f"  Not possible: {problem}", self.style.ERROR)

    def _tell(self, merged: Merged, keep: Taxonomy, file: Path) -> None:
        moved = sum(sum(numbers) for numbers in merged.content.values())
        self.stdout.write(
            f"Merged {merged.terms:,} into {keep}: {merged.tags:,} tags of {merged.people:,} "
            f"people, {moved:,} rows of content."
        )
        self.stdout.write(f"To take it back: manage.py merge_taxonomies --undo {file}")

    def _undo(
        self,
        progress: ProgressBar,
        *,
        undo: Path,
        keep: str | None,
        undo_file: Path | None,
        **options: Any,
    ) -> None:
        if keep is not None or undo_file is not None or options["dry_run"]:
            raise CommandError("--undo takes its file and no terms, --undo-file or --dry-run.")
        if not options["yes"]:
            self.stdout.write(f"The merge that wrote {undo} is taken back.")
            require_yes(self.stdout)
        undone = undo_merge(undo, progress=progress)
        if options["verbosity"] > 0:
            progress.close()
            self._tell_undone(undone)

    def _tell_undone(self, undone: Unmerged) -> None:
        self.stdout.write(
            f"Taken back: {undone.terms:,} terms, the tags of {undone.people:,} people "
            f"({undone.changed:,} with what came since), {undone.content:,} rows of content."
        )
        if undone.gone or undone.content_gone:
            self.stdout.write(
                f"No longer there: tags of {undone.gone:,} people, "
                f"{undone.content_gone:,} rows of content."
            )
        for row in undone.left:
            self.stdout.write(f"Changed since, and left as it is: {row}", self.style.WARNING)


def _find(name: str) -> Taxonomy:
    """Return the term of this slug, or else of this name in any spelling."""
    found = Taxonomy.objects.filter(Q(slug=name) | Q(key=term_key(name)))
    terms: list[Taxonomy] = sorted(found, key=lambda term: term.slug != name)
    if not terms:
        slugs = Taxonomy.objects.values_list("slug", flat=True)
        raise CommandError(f"No term has the slug or name {shown(name)}.{closest(name, slugs)}")
    return terms[0]


def _default_file(plan: MergePlan) -> Path:
    """Name a file here by the terms, so that the same command finds it again."""
    slugs = "-and-".join(term.slug for term in plan.merged)
    stem = f"merge-{slugs}-into-{plan.keep.slug}"[:_LONGEST_STEM]
    return Path(f"{stem}.undo.jsonl")


def _lines(plan: MergePlan) -> list[tuple[str, str]]:
    lines = [
        ("tags", f"{plan.tags:,} of {plan.people:,} people"),
        ("  joining others", f"{plan.joined:,}, since their person has several of these terms"),
        ("  saying no", f"{plan.refused:,}, and they go on saying it"),
        ("aliases", ", ".join(plan.aliases) or "none"),
        ("narrower terms", ", ".join(plan.narrower) or "none"),
        ("relations", f"{plan.relations:,} change or go"),
        ("suggestions", f"{plan.suggestions:,} change or go"),
    ]
    for label, (moved, dropped) in plan.content.items():
        double = f"; {dropped:,} go, since their like is there" if dropped else ""
        lines.append((label, f"{moved:,} rows{double}"))
    return lines
