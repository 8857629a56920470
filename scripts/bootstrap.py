"""Make .venv in this checkout hold what the project needs, and this package itself.

    python3 scripts/bootstrap.py          everything for tests, checks and documentation
    python3 scripts/bootstrap.py demo     what the example site needs, which is much less
    python3 scripts/bootstrap.py node     Node.js from a wheel, for machines without a recent one

A second run with nothing changed takes no time. This file also has to be understood by the old
Pythons that it turns away, so it keeps to the syntax of Python 3.6.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
MINIMUM = (3, 10)
NEWEST_FIRST = ["python3.13", "python3.12", "python3.11", "python3.10"]
SETS = {
    "dev": "tests, checks and documentation",
    "demo": "the example site",
    "node": "Node.js",
}
NETWORK_TROUBLE = ("No matching distribution found", "onnection", "timed out", "ProxyError")


def python_in(venv: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def rerun_with_newer_python() -> None:
    """Go on with a newer Python if this one is too old, or say that there is none."""
    if sys.version_info >= MINIMUM:
        return
    for name in NEWEST_FIRST:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            sys.exit(subprocess.call([path] + sys.argv))  # noqa: RUF005
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit(
        f"This is Python {found}, and the project needs {'.'.join(map(str, MINIMUM))} or newer.\n"
        "Install one (Debian 12, Ubuntu 22.04 and later have it as the package python3).\n"
        "If it has another name than python3, say it: make setup PYTHON=python3.12"
    )


def make_venv() -> None:
    """Create the virtual environment, or explain which package its tools are in."""
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        version = "{}.{}".format(*sys.version_info)
        sys.exit(
            "This Python has no complete venv module; Debian and Ubuntu package it separately.\n"
            f"Install it, then repeat: sudo apt install python{version}-venv"
        )
    print("Creating .venv ...", flush=True)
    venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt").create(VENV)


def venv_is_usable() -> bool:
    """Say whether .venv starts and belongs here: a moved or copied checkout needs a new one."""
    where = "import sys; print(sys.prefix); sys.exit(sys.version_info < (3, 10))"
    try:
        result = subprocess.run(
            [str(python_in(VENV)), "-c", where],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False
    prefix = Path(result.stdout.decode().strip() or ".").resolve()
    return result.returncode == 0 and prefix == VENV.resolve()


def fingerprint(name: str) -> str:
    """Return a digest of everything that decides what the set of packages is."""
    digest = hashlib.sha256()
    for path in (lock_of(name), ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def lock_of(name: str) -> Path:
    """Return the file that pins the versions of the set of packages."""
    return ROOT / "requirements" / f"{name}.txt"


def is_installed(name: str) -> bool:
    """Say whether .venv holds the set as it is described now."""
    stamp = VENV / f".{name}.stamp"
    return stamp.is_file() and stamp.read_text() == fingerprint(name)


def install(name: str) -> None:
    """Install one set of packages, and the project itself in editable form."""
    print(f"Installing {SETS[name]} into .venv ...", flush=True)
    pip("install", "--requirement", str(lock_of(name)))
    if name != "node":
        pip("install", "--no-deps", "--editable", str(ROOT))
    (VENV / f".{name}.stamp").write_text(fingerprint(name))


def pip(*arguments: str) -> None:
    """Run pip in .venv; explain a failure in a sentence under what pip said itself."""
    command = [str(python_in(VENV)), "-m", "pip", *arguments, "--quiet"]
    command.append("--disable-pip-version-check")
    result = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    if result.returncode == 0:
        return
    output = result.stdout.decode(errors="replace")
    advice = "pip failed; what it said is above."
    if any(trouble in output for trouble in NETWORK_TROUBLE):
        advice = (
            "The packages could not be downloaded. Check this machine's network (and, if it needs\n"
            "any, pip's proxy or index settings: `pip config list`), then repeat the command."
        )
    sys.exit(f"{output.rstrip()}\n\n{advice}")


def ensure(name: str) -> None:
    """Make .venv exist and hold the set of packages, doing only what is missing."""
    if not venv_is_usable():
        make_venv()
    covered_by = [name, "dev"] if name == "demo" else [name]
    if not any(is_installed(candidate) for candidate in covered_by):
        install(name)


def main() -> None:
    """Read the command line and install the set that it names."""
    rerun_with_newer_python()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", nargs="?", default="dev", choices=sorted(SETS), help="default: dev")
    ensure(parser.parse_args().set)


if __name__ == "__main__":
    main()
