"""Rewrite what is generated from the code: the OpenAPI snapshot and the front end's types.

    python scripts/schema.py

Look at what changed in docs/reference/openapi.yaml before committing it: it is the contract.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import bootstrap
import frontend

SNAPSHOT = bootstrap.ROOT / "docs" / "reference" / "openapi.yaml"


def generate(path: Path) -> None:
    """Write the schema of the package's routes, as a host mounts them, to ``path``."""
    command = [sys.executable, "-m", "django", "spectacular", "--settings", "tests.settings"]
    command += ["--validate", "--fail-on-warn", "--file", str(path)]
    subprocess.run(command, cwd=bootstrap.ROOT, check=True)


def main() -> None:
    """Rewrite both files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    SNAPSHOT.parent.mkdir(parents=True, exist_ok=True)
    try:
        generate(SNAPSHOT)
        frontend.run(["generate:types"])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    print(f"Written: {SNAPSHOT.relative_to(bootstrap.ROOT)} and the front end's types.")


if __name__ == "__main__":
    main()
