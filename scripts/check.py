"""Check everything that is not a test, go on after a failure, and list the failures at the end.

    make check                      everything
    make check ONLY="ruff types"    some of it

The checks are: ruff, format, types, imports, migrations, schema, frontend, readme, links, docs,
package, smoke.
"""

from __future__ import annotations

import argparse
import difflib
import fnmatch
import functools
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import bootstrap
import frontend
import schema
from smoke_test import QUICK_START, smoke_test
from steps import FAILED, Step, require, run_steps, select_steps

ROOT = bootstrap.ROOT
PACKAGE = "src/django_personalization"
DIST = ROOT / "dist"
COMMANDS_IN_README = ("make demo", "make test")
# A link or picture in Markdown that is neither an address nor an anchor.
LOCAL_LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)")


def run(*command: str | Path) -> None:
    """Run a command in the checkout; raise CalledProcessError if it fails."""
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=True)


def tool(module: str, *arguments: str) -> Callable[[], None]:
    """Return the action that runs a Python tool."""
    return functools.partial(run, sys.executable, "-m", module, *arguments)


def migrations() -> None:
    """Fail if a model changed and no migration was written."""
    options = ("makemigrations", "--check", "--dry-run")
    run(sys.executable, "-m", "django", *options, "django_personalization", *TEST_SETTINGS)
    run(sys.executable, "example_project/manage.py", *options)
    run(sys.executable, "example_project/manage.py", "check", "--fail-level", "WARNING")


TEST_SETTINGS = ("--settings", "tests.settings")


def schema_drift() -> None:
    """Fail if the OpenAPI snapshot is not what the code generates."""
    with tempfile.TemporaryDirectory() as directory:
        fresh = Path(directory) / "openapi.yaml"
        schema.generate(fresh)
        _require_same(schema.SNAPSHOT, fresh.read_text())


def _require_same(snapshot: Path, fresh: str) -> None:
    old = snapshot.read_text().splitlines() if snapshot.exists() else []
    name = str(snapshot.relative_to(ROOT))
    changes = list(difflib.unified_diff(old, fresh.splitlines(), name, "generated", lineterm=""))
    print("\n".join(changes[:60]))
    require(not changes, f"{name} differs from the code; look at `make schema`")


def front_end() -> None:
    """Check the front end's types and style, and that its API types are the schema's."""
    for script in ("typecheck", "lint", "check:types"):
        frontend.run([script])


def readme() -> None:
    """Fail if README does not name the steps and commands that are tested."""
    path = ROOT / "README.md"
    require(path.is_file(), "there is no README.md")
    text = path.read_text()
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = {line.strip() for block in blocks for line in block.splitlines()}
    missing = [step for step in (*QUICK_START, *COMMANDS_IN_README) if not _has(lines, step)]
    require(not missing, f"README's code blocks lack {missing}")


def _has(lines: set[str], step: str) -> bool:
    return any(line == step or line.startswith((f"{step} ", f"{step}  #")) for line in lines)


def links() -> None:
    """Fail if a Markdown file names a file that does not exist."""
    broken = [f"{path.relative_to(ROOT)}: {target}" for path, target in _broken_links()]
    require(not broken, "these links lead nowhere: " + "; ".join(broken))


def _broken_links() -> Iterator[tuple[Path, str]]:
    for path in map(ROOT.joinpath, _tracked("*.md")):
        for target in LOCAL_LINK.findall(path.read_text()):
            found = [path.parent / target, path.parent / f"{target}.md"]
            if not any(candidate.exists() for candidate in found):
                yield path, target


def _tracked(*patterns: str) -> list[str]:
    command = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        *patterns,
    ]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in names.split("\0") if name and (ROOT / name).exists()]


def docs() -> None:
    """Build the documentation; a warning is an error."""
    output = ROOT / "docs" / "_build"
    run(
        sys.executable,
        "-m",
        "sphinx",
        "--fail-on-warning",
        "--keep-going",
        "--fresh-env",
        "--quiet",
        "--doctree-dir",
        output / "doctrees",
        ROOT / "docs",
        output / "html",
    )


def package() -> str:
    """Build sdist and wheel and look into both."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", DIST)
    run(sys.executable, "-m", "twine", "check", "--strict", *DIST.iterdir())
    expected = set(_tracked(PACKAGE))
    in_wheel, in_sdist = _wheel_content(), _sdist_content()
    for name, content in (("wheel", in_wheel), ("sdist", in_sdist)):
        missing = sorted(expected - content)
        require(not missing, f"the {name} lacks {missing}")
        require(any(path.endswith("LICENSE") for path in content), f"the {name} lacks LICENSE")
    extra = sorted(path for path in in_wheel - expected if ".dist-info/" not in path)
    require(not extra, f"the wheel holds what the checkout does not: {extra}")
    _require_kinds(in_wheel)
    return f"{len(expected)} files"


def _require_kinds(content: set[str]) -> None:
    # What the list of files cannot tell: that there is such a file at all.
    for kind in ("py.typed", "migrations/0001_*.py", "data/*.json"):
        found = fnmatch.filter(content, f"{PACKAGE}/{kind}")
        require(found, f"the wheel lacks {kind}")


def _wheel_content() -> set[str]:
    with zipfile.ZipFile(next(DIST.glob("*.whl"))) as archive:
        return {f"src/{name}" for name in archive.namelist()}


def _sdist_content() -> set[str]:
    with tarfile.open(next(DIST.glob("*.tar.gz"))) as archive:
        return {name.split("/", 1)[-1] for name in archive.getnames()}


def smoke() -> None:
    """Use the wheel as a newcomer does."""
    if not any(DIST.glob("*.whl")):
        package()
    smoke_test(next(DIST.glob("*.whl")))


STEPS = (
    Step("ruff", "Lint (ruff)", tool("ruff", "check", "--output-format", "concise")),
    Step("format", "Format (ruff)", tool("ruff", "format", "--check")),
    Step("types", "Types (mypy, strict on src)", tool("mypy")),
    Step(
        "imports", "Import contracts", lambda: run(Path(sys.executable).with_name("lint-imports"))
    ),
    Step("migrations", "Migrations and system checks", migrations),
    Step("schema", "OpenAPI snapshot", schema_drift),
    Step("frontend", "Front end: types, lint, generated types", front_end),
    Step("readme", "README names what is tested", readme),
    Step("links", "Links between files", links),
    Step("docs", "Documentation", docs),
    Step("package", "Package: build, metadata, content", package),
    Step("smoke", "The built wheel in an empty environment", smoke),
)


def main() -> int:
    """Read the command line, run the checks and sum up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("only", nargs="*", metavar="check", help="run only these checks")
    outcomes = run_steps(select_steps(STEPS, parser.parse_args().only))
    failed = [outcome.title for outcome in outcomes if outcome.status == FAILED]
    print(f"Failed: {', '.join(failed)}." if failed else "Every check passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
