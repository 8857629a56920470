"""The site's settings, read by a fresh process as a deployment would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MANAGE = Path(__file__).resolve().parents[2] / "example_project" / "manage.py"
VARIABLES = {"DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DEMO_ACCOUNTS"}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, str(MANAGE), *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def setting(name: str, **environment: str) -> str:
    code = f"from django.conf import settings; print(repr(settings.{name}))"
    return manage("shell", "--no-imports", "--command", code, **environment).stdout.strip()


def test_the_checks_find_nothing():
    result = manage("check", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr


def test_the_migrations_are_complete():
    result = manage("makemigrations", "--check", "--dry-run")
    assert result.returncode == 0, result.stdout


def test_without_debug_a_secret_key_is_required():
    result = manage("check", DEBUG="0")
    assert "SECRET_KEY must hold a long random string" in result.stderr


def test_a_flag_is_yes_or_no():
    result = manage("check", DEBUG="maybe")
    assert "The environment variable DEBUG is 'maybe'; set it to 1 or 0." in result.stderr


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, "True"),
        ({"DEBUG": "0", "SECRET_KEY": "x" * 60}, "False"),
        ({"DEBUG": "0", "SECRET_KEY": "x" * 60, "DEMO_ACCOUNTS": "1"}, "True"),
        ({"DEMO_ACCOUNTS": "0"}, "False"),
    ],
)
def test_demo_accounts_follow_debug_unless_told(environment, shown):
    assert setting("DEMO_ACCOUNTS_ENABLED", **environment) == shown


def test_sqlite_waits_instead_of_failing():
    options = setting("DATABASES['default']['OPTIONS']", DATABASE_URL="sqlite:///site.sqlite3")
    assert "'transaction_mode': 'IMMEDIATE'" in options
    assert "journal_mode=WAL" in options


def test_another_database_is_named_by_its_url():
    url = "postgres://somebody:secret@db.example.org:5433/site"
    assert setting("DATABASES['default']['ENGINE']", DATABASE_URL=url).endswith("postgresql'")
    assert setting("DATABASES['default']['HOST']", DATABASE_URL=url) == "'db.example.org'"


def test_the_schema_describes_the_api(client, db):
    response = client.get("/api/schema/", headers={"accept": "application/json"})
    assert response.status_code == 200
    assert "/api/v1/me/tags/selection/" in response.json()["paths"]
