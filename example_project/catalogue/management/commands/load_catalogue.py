"""``manage.py load_catalogue``."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalogue.loading import CatalogueFileError, load_projects, read_projects
from django_personalization.models import Taxonomy

CATALOGUE_FILE = Path(__file__).resolve().parents[2] / "data" / "projects.json"
PROBLEMS_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Load the projects of the catalogue. Projects that exist are left as they are, so running "
        "it again changes nothing. The vocabulary comes first: manage.py seed_taxonomies."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--file",
            type=Path,
            default=CATALOGUE_FILE,
            metavar="PATH",
            help="another file in the format of catalogue/data/projects.json",
        )
        parser.add_argument(
            "--update",
            action="store_true",
            help="set projects that differ back to what the file says",
        )

    def handle(self, *args: Any, file: Path, update: bool, **options: Any) -> None:
        if not Taxonomy.objects.exists():
            msg = "The vocabulary is empty. Run this first: manage.py seed_taxonomies"
            raise CommandError(msg)
        try:
            result = load_projects(read_projects(file), update=update)
        except CatalogueFileError as error:
            raise CommandError(_refusal(file, error.problems)) from error
        self.stdout.write(
            f"Catalogue: {result.created} created, {result.updated} updated, "
            f"{result.unchanged} unchanged, {result.differing} differ from the file and were kept."
        )
        if result.differing:
            self.stdout.write("To set those back to the file: manage.py load_catalogue --update")


def _refusal(file: Path, problems: list[str]) -> str:
    shown = problems[:PROBLEMS_SHOWN]
    if len(problems) > len(shown):
        shown.append(f"… and {len(problems) - len(shown)} more.")
    return "\n".join([f"{file} was refused; nothing has changed.", *shown])
