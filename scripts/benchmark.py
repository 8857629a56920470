"""Measure ranking on SQLite and PostgreSQL beside hand-written SQL, and hold it to its bars.

    make benchmark                          100,000 items on both, a million on PostgreSQL
    make benchmark ARGS="--quick"           2,000 items on SQLite, to see that it runs
    make benchmark ARGS="--only sqlite"     one of sqlite, postgres and million

Times are milliseconds, median and 95th percentile, of calls that take turns. It ends with 1 when a
bar is missed: 1.5 times the best statement by hand, 4 queries, 3 for the reasons of 20 items, 4
times as long with 500 tags as with 30, 8 MB of Python.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = {"sqlite": 100_000, "postgres": 100_000, "million": 1_000_000}
QUICK = 2_000


def run_part(name: str, items: int, runs: int) -> int:
    """Measure one database, in a process of its own; return how it ended."""
    inner = [sys.executable, __file__, "--inside", name, "--items", str(items), "--runs", str(runs)]
    if name != "sqlite":
        server = [sys.executable, str(ROOT / "scripts" / "with_postgres.py")]
        environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        return subprocess.run([*server, *inner], env=environment, check=False).returncode
    with tempfile.TemporaryDirectory() as directory:
        url = {"DATABASE_URL": f"sqlite:///{directory}/benchmark.sqlite3"}
        return subprocess.run(inner, env={**os.environ, **url}, check=False).returncode


def measure_here(name: str, items: int, runs: int) -> int:
    """Fill the database that DATABASE_URL names, and measure it."""
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django

    django.setup()
    from benchmarks import ranking

    label = f"{'SQLite' if name == 'sqlite' else 'PostgreSQL'}, {items:,} items"
    print(f"{label}: filling ...", flush=True)
    ranking.build(items)
    missed = ranking.measure(label, runs)
    print(
        "\n".join(f"MISSED  {bar}" for bar in missed) or f"{label}: every bar is met.", flush=True
    )
    return 1 if missed else 0


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=PARTS, help="measure one of them")
    parser.add_argument("--runs", type=int, default=15, help="calls of each kind (default: 15)")
    parser.add_argument("--items", type=int, help="another number of items")
    parser.add_argument("--quick", action="store_true", help="a small run on SQLite")
    parser.add_argument("--inside", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return measure_here(options.inside, options.items, options.runs)
    names = ["sqlite"] if options.quick else [options.only] if options.only else list(PARTS)
    sizes = {name: QUICK if options.quick else options.items or PARTS[name] for name in names}
    runs = 3 if options.quick else options.runs
    return max(run_part(name, items, runs) for name, items in sizes.items())


if __name__ == "__main__":
    sys.exit(main())
