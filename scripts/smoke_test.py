"""Install a built wheel into an empty environment and use it as README's quick start says.

    python scripts/smoke_test.py dist/django_personalization-0.1.0-py3-none-any.whl

A new project is made by django-admin, the app is added, mounted, migrated and seeded, and its
API is asked by Django's test client. Nothing of this checkout is importable there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import bootstrap

APP = '"django_personalization",'
ROUTE = 'path("api/v1/", include("django_personalization.urls")),'
# What README has to say, so that this file and its readers do the same.
QUICK_START = (
    "pip install django-personalization",
    APP,
    ROUTE,
    "python manage.py migrate",
    "python manage.py seed_taxonomies",
)
VISIT = """
from django.contrib.auth import get_user_model
from django.test import Client
from django_personalization.tracking import track

person = get_user_model().objects.create_user("ada", password="a")
client = Client(HTTP_HOST="localhost")

def ask(method, path, expected, **body):
    response = getattr(client, method)(
        "/api/v1/" + path, body or None, content_type="application/json"
    )
    assert response.status_code == expected, (path, response.status_code, response.content)
    return response.json() if response.content else None

assert client.get("/api/v1/me/personalization/").status_code in {401, 403}
client.force_login(person)
terms = {row["name"]: row["id"] for row in ask("get", "taxonomies/", 200)}
assert len(terms) >= 60, len(terms)
assert {"Python", "AI & Machine Learning"} <= set(terms), sorted(terms)
ask("post", "me/tags/bulk_create/", 201, taxonomy_ids=[terms["Python"]])
track(person, "project_create", extracted_keywords=["ML"])
profile = ask("get", "me/personalization/", 200)
assert [tag["name"] for tag in profile["manual_tags"]] == ["Python"], profile
inferred = [tag["name"] for tag in profile["auto_generated_tags"]]
assert inferred == ["AI & Machine Learning"], profile
ask("post", "me/tags/", 400, taxonomy=0)
print("The API answers as it should: picked", "Python,", "inferred", inferred[0] + ".")
"""


def smoke_test(wheel: Path) -> None:
    """Follow the quick start with ``wheel``; raise CalledProcessError where it does not work."""
    with tempfile.TemporaryDirectory(prefix="smoke-") as directory:
        home = Path(directory)
        python = _empty_environment(home / "venv")
        _run(home, python, "-m", "pip", "install", "--quiet", str(wheel.resolve()))
        _run(home, python, "-m", "pip", "check")
        _run(home, python, "-m", "django", "startproject", "mysite", ".")
        add_app(home / "mysite/settings.py")
        mount(home / "mysite/urls.py")
        warnings = ["-W", "error::DeprecationWarning:django_personalization"]
        for command in ("check", "migrate --verbosity 0", "seed_taxonomies", "seed_taxonomies"):
            _run(home, python, *warnings, "manage.py", *command.split())
        # A host's own makemigrations must find nothing to write into the package.
        _run(home, python, "manage.py", "makemigrations", "--check", "--dry-run")
        _run(home, python, *warnings, "manage.py", "shell", "--verbosity", "0", "-c", VISIT)


def add_app(settings: Path) -> None:
    """Do README's second step: add the app to INSTALLED_APPS."""
    start = "INSTALLED_APPS = [\n"
    _replace(settings, start, f"{start}    {APP}\n")


def mount(urls: Path) -> None:
    """Do README's third step: include the package's routes."""
    _replace(urls, "from django.urls import path", "from django.urls import include, path")
    start = "urlpatterns = [\n"
    _replace(urls, start, f"{start}    {ROUTE}\n")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        msg = f"startproject wrote no {old!r} into {path.name}; the smoke test has to follow."
        raise ValueError(msg)
    path.write_text(text.replace(old, new, 1))


def _empty_environment(directory: Path) -> Path:
    venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(directory)
    return bootstrap.python_in(directory)


def _run(directory: Path, *command: str | Path) -> None:
    inherited = {name: os.environ[name] for name in os.environ if not name.startswith("DJANGO")}
    subprocess.run(command, cwd=directory, env=inherited, stdin=subprocess.DEVNULL, check=True)


def main() -> None:
    """Read the command line and test the wheel that it names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    try:
        smoke_test(parser.parse_args().wheel)
    except subprocess.CalledProcessError as error:
        sys.exit(f"This command failed with exit code {error.returncode}: {error.cmd}")


if __name__ == "__main__":
    main()
