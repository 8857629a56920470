"""Run every test that this machine can run, and say what was skipped and why.

    make test                            everything
    make test ONLY="sqlite browser"      some of it
    make test ARGS="-k vocabulary"       with arguments for pytest

The parts are: sqlite (with Django's own user), postgres (a real server, started for the purpose
unless DATABASE_URL names one, and a user model that has a UUID key and no username), docs (the
code in README and docs), example (the example site), frontend, and browser (the real page on the
real server in Chromium). `make matrix` crosses databases and user models the other way as well.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

import bootstrap
import chromium
import frontend
from steps import FAILED, SKIPPED, Failed, Skipped, Step, run_steps, select_steps

ROOT = bootstrap.ROOT
RESULTS = ROOT / "test-results"
PYTHON = sys.executable
# Suites with a step of their own.
APART = ("browser", "docs", "example")


class Suites:
    """The test suites, and the counts of what they ran."""

    def __init__(self, pytest_arguments: Sequence[str], workers: int) -> None:
        self.pytest_arguments = list(pytest_arguments)
        self.in_parallel = ["--numprocesses", str(workers)] if workers > 1 else []
        self.counts: Counter[str] = Counter()

    def steps(self) -> list[Step]:
        """Return one step per suite, in the order in which they run."""
        return [
            Step("sqlite", "Python tests on SQLite", self.sqlite),
            Step("postgres", "Python tests on PostgreSQL, users with a UUID key", self.postgres),
            Step("docs", "Code in README and docs", self.docs),
            Step("example", "Example site", self.example),
            Step("frontend", "Front-end tests", self.frontend),
            Step("browser", "Browser tests", self.browser),
        ]

    def sqlite(self) -> str:
        """Run the Python tests on SQLite, whatever DATABASE_URL says, with Django's own user."""
        return self._python_tests("sqlite", DATABASE_URL="")

    def postgres(self) -> str:
        """Run the Python tests on a real PostgreSQL, with a user model unlike Django's own."""
        before = [PYTHON, "scripts/with_postgres.py"]
        return self._python_tests("postgres", before=before, TEST_USER_MODEL="uuid")

    def docs(self) -> str:
        """Run the code blocks of README and docs."""
        return self._pytest("docs", ["tests/docs", *self.in_parallel], DATABASE_URL="")

    def example(self) -> str:
        """Run the tests of the example site with its own settings."""
        return self._pytest("example", ["tests/example", *self.in_parallel], DATABASE_URL="")

    def frontend(self) -> str:
        """Run the component tests of the settings page."""
        report = RESULTS / "frontend.xml"
        reporters = ["--reporter=default", "--reporter=junit", f"--outputFile.junit={report}"]
        report.unlink(missing_ok=True)
        try:
            frontend.run(["test", "--", *reporters])
        finally:
            remark = self._count("frontend")
        return remark

    def browser(self) -> str:
        """Drive the real page on the real server in a real browser."""
        try:
            path = chromium.find_or_install()
        except chromium.NoChromium as problem:
            # Where nobody reads the summary, a skipped part would go unnoticed.
            raise (Failed if os.environ.get("CI") else Skipped)(str(problem)) from None
        frontend.build()
        environment = {
            "CHROMIUM_PATH": path,
            # Playwright's own Node.js needs a library that a bare Debian lacks.
            "PLAYWRIGHT_NODEJS_PATH": str(frontend.node_directory() / "node"),
            "DATABASE_URL": "",
        }
        return self._pytest("browser", ["tests/browser"], **environment)

    def _python_tests(self, name: str, *, before: Sequence[str] = (), **environment: str) -> str:
        apart = [f"--ignore=tests/{suite}" for suite in APART]
        return self._pytest(
            name, ["tests", *apart, *self.in_parallel], before=before, **environment
        )

    def _pytest(
        self, name: str, arguments: Sequence[str], *, before: Sequence[str] = (), **environment: str
    ) -> str:
        report = RESULTS / f"{name}.xml"
        report.unlink(missing_ok=True)
        command = [
            *before,
            PYTHON,
            "-m",
            "pytest",
            "--tb=short",
            f"--junitxml={report}",
            *arguments,
        ]
        command += self.pytest_arguments
        variables = _environment(environment)
        try:
            subprocess.run(command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, check=True)
        finally:
            remark = self._count(name)
        return remark

    def _count(self, name: str) -> str:
        report = RESULTS / f"{name}.xml"
        if not report.is_file():
            return ""
        counts = _read_report(ElementTree.parse(report).getroot())
        self.counts += counts
        return ", ".join(f"{number} {word}" for word, number in counts.items() if number)


def _read_report(root: ElementTree.Element) -> Counter[str]:
    counts: Counter[str] = Counter()
    for case in root.iter("testcase"):
        outcome = next((child.tag for child in case if child.tag in _WORDS), "")
        counts[_WORDS.get(outcome, "passed")] += 1
    return counts


_WORDS = {"failure": "failed", "error": "failed", "skipped": "skipped"}


def _environment(changes: dict[str, str]) -> dict[str, str]:
    """Return this environment with the changes; an empty value removes the variable."""
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value or name not in changes}


def main() -> int:
    """Read the command line, run the suites and sum up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("only", nargs="*", metavar="part", help="run only these parts")
    parser.add_argument("--args", default="", metavar="TEXT", help="arguments handed to pytest")
    parser.add_argument("--workers", type=int, default=2, help="pytest processes (default: 2)")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    suites = Suites(shlex.split(options.args), options.workers)
    started = time.monotonic()
    outcomes = run_steps(select_steps(suites.steps(), options.only))
    broken = sum(outcome.status == FAILED for outcome in outcomes)
    skipped = sum(outcome.status == SKIPPED for outcome in outcomes)
    print(f"{len(outcomes) - broken - skipped} of {len(outcomes)} parts passed", end=" ")
    print(f"in {(time.monotonic() - started) / 60:.1f} minutes.")
    # A suite that broke before it counted anything is a failure as well.
    failed = max(suites.counts["failed"], broken)
    print(f"{suites.counts['passed']} passed, {failed} failed, {suites.counts['skipped']} skipped")
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
