"""Run the Python tests with every supported Python and Django that this machine has.

    make matrix                                   all environments of tox.ini
    make matrix ENVS=py312-django61-sqlite        some of them (comma-separated)

Pythons that are missing are skipped with a notice.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys

import bootstrap


def every_python() -> dict[str, str]:
    """Return the environment in which every Python that pyenv holds can be found.

    pyenv puts a command for each on the PATH, but all except the chosen ones refuse to start.
    """
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    pyenv = shutil.which("pyenv")
    if pyenv:
        command = [pyenv, "versions", "--bare"]
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        environment["PYENV_VERSION"] = ":".join(["system", *_interpreters(listed)])
    return environment


def _interpreters(listed: str) -> list[str]:
    """Return the plain version numbers from 3.10 on: no virtual environments, no old Pythons."""
    numbers = [line.strip() for line in listed.splitlines()]
    parts = {text: text.split(".") for text in numbers if text.replace(".", "").isdigit()}
    return [text for text, part in parts.items() if tuple(map(int, part[:2])) >= bootstrap.MINIMUM]


def main() -> int:
    """Read the command line and run tox."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--envs", default="", help="comma-separated names; default: all")
    parser.add_argument("rest", nargs="*", help="arguments for pytest, after --")
    options = parser.parse_args()
    command = [sys.executable, "-m", "tox", "run"]
    command += ["-e", options.envs] if options.envs else []
    command += ["--", *options.rest] if options.rest else []
    return subprocess.run(
        command, cwd=bootstrap.ROOT, env=every_python(), stdin=subprocess.DEVNULL, check=False
    ).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
