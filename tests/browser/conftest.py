"""The real page on the real server in a real browser, against a real database.

Run these tests by themselves, since one pytest process has one settings module::

    python -m pytest tests/browser

They need Chromium (``CHROMIUM_PATH``, or one on the ``PATH``) and the built bundle
(``python scripts/frontend.py build``). Without them they are skipped, and with ``CI=true`` they
fail. What a failed test saw is in ``test-results/browser``.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

# Playwright runs an event loop in the thread in which the tests ask the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

if os.environ.get("DJANGO_SETTINGS_MODULE") != "config.settings":
    collect_ignore_glob = ["test_*.py"]

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "example_project" / "frontend"
BUNDLE = FRONTEND / "dist" / "personalization.js"
AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = ROOT / "test-results" / "browser"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS_PAGE = "/account/settings/personalization"
TIMEOUT = 15_000  # milliseconds; a loaded machine is slow


def missing(reason: str) -> NoReturn:
    """Skip for ``reason``; in continuous integration, where nothing may be missing, fail."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"{reason} With CI set, that is a failure.", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium_path():
    paths = (os.environ.get("CHROMIUM_PATH"), *map(shutil.which, CHROMIUM_NAMES))
    path = next((path for path in paths if path), None)
    return path or missing("There is no Chromium: set CHROMIUM_PATH, or apt install chromium.")


@pytest.fixture(scope="session")
def _bundle():
    if not BUNDLE.is_file() or not AXE.is_file():
        missing("The page has not been built: python scripts/frontend.py build")


@pytest.fixture(scope="session")
def browser(chromium_path):
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed: make setup")
    # Chromium's sandbox refuses to start for root, who runs the tests in most containers.
    flags = [*CHROMIUM_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory):
    """SQLite in a file: one in memory is one connection, which requests would have to share."""
    from django.db import connection

    if connection.vendor == "sqlite":
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture
def site(_bundle, live_server):
    """The address of the running site, set up by the commands that ``make demo`` runs."""
    from django.core.management import call_command

    for command in ("seed_taxonomies", "load_catalogue", "create_demo_account"):
        call_command(command, verbosity=0)
    return live_server.url


@pytest.fixture
def visitor(site):
    """The visitor's account, which the login page offers."""
    from django.conf import settings

    from accounts.models import User

    return User.objects.get(email=settings.DEMO_ACCOUNTS["visitor"]["email"])


@pytest.fixture
def console_errors():
    """What the browser complains about; a test that expects a complaint takes it out."""
    return []


@pytest.fixture
def color_scheme():
    return "light"


@pytest.fixture
def page(request, browser, site, console_errors, color_scheme):
    """A browser tab at the site; the test fails if its console shows an error in the end."""
    context = browser.new_context(
        base_url=site, color_scheme=color_scheme, viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.on("pageerror", lambda error: console_errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            message.type in {"error", "warning"}
            and console_errors.append(f"{message.text} ({message.location.get('url')})")
        ),
    )
    yield page
    if getattr(request.node, "failed", False):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", request.node.name).strip("-")
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    # Requests that are under way would write into a database that is being emptied.
    page.goto("about:blank")
    context.close()
    assert console_errors == []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        item.failed = report.failed


@pytest.fixture
def sign_in(page):
    """Sign in as the visitor, with what the login page shows."""

    def run(path):
        page.goto(path)
        shown = page.get_by_role("listitem").filter(has_text="visitor@example.com")
        email, password = shown.locator("code").all_inner_texts()
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"**{path}")

    return run
