"""Find a Chromium that starts, or install one, for the browser tests.

    python scripts/chromium.py            print the path, installing the package if need be
    python scripts/chromium.py --find     print the path, and install nothing

The environment variable CHROMIUM names one that is somewhere else. The browser tests get the
path in CHROMIUM_PATH.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ADVICE = (
    "Install one (Debian: `sudo apt install chromium`; Ubuntu: `sudo snap install chromium`, or"
    " Google Chrome's own package), or say where it is: CHROMIUM=/path/to/chrome"
)


class NoChromium(Exception):
    """No Chromium was found, and none could be installed; the message says what to do."""


def find() -> str | None:
    """Return the path of the first Chromium that tells its version."""
    return next((path for path in _candidates() if _answers(path)), None)


def find_or_install() -> str:
    """Return the path of a Chromium, installing Debian's package if this machine allows it."""
    named = os.environ.get("CHROMIUM")
    if named and not _answers(named):
        raise NoChromium(f"CHROMIUM is {named!r}, which does not answer to --version.")
    path = find() or _install()
    if path is None:
        raise NoChromium(f"There is no Chromium on this machine. {ADVICE}")
    return path


def _candidates() -> Iterator[str]:
    if os.environ.get("CHROMIUM"):
        yield os.environ["CHROMIUM"]
    for name in NAMES:
        path = shutil.which(name)
        if path:
            yield path
    # What `playwright install chromium` leaves behind.
    downloads = Path.home() / ".cache/ms-playwright"
    yield from map(str, sorted(downloads.glob("chromium-*/chrome-linux*/chrome"), reverse=True))


def _answers(path: str) -> bool:
    # Ubuntu's chromium-browser package is a stub that only asks for a snap, so a file is no proof.
    command = [path, "--version"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return result.returncode == 0 and any(word in result.stdout for word in ("Chromium", "Chrome"))


def _install() -> str | None:
    prefix = _as_root()
    if prefix is None or not shutil.which("apt-get"):
        return None
    print("Installing Chromium from the distribution's packages ...", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in ("update", "install --yes --no-install-recommends chromium"):
        command = [*prefix, "apt-get", "-qq", *arguments.split()]
        subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )
    return find()


def _as_root() -> list[str] | None:
    """Return the words that make a command run as root without a password, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if not sudo:
        return None
    asked = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)
    return [sudo, "-n"] if asked.returncode == 0 else None


def main() -> None:
    """Read the command line and print the path."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--find", action="store_true", help="install nothing")
    try:
        path = find() if parser.parse_args().find else find_or_install()
    except NoChromium as problem:
        sys.exit(str(problem))
    print(path or sys.exit(ADVICE))


if __name__ == "__main__":
    main()
