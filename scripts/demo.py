"""Set the example site up and serve it.

    make demo                 on http://127.0.0.1:8000/, or the next free port
    make demo PORT=9000       on another one

The database is SQLite beside example_project/manage.py unless DATABASE_URL names another. Every
step is safe to repeat: a second run only does what changed, and starts in seconds.
"""

from __future__ import annotations

import argparse
import errno
import os
import socket
import subprocess
import sys
import time

import bootstrap
import frontend

HOST = "127.0.0.1"
SITE = bootstrap.ROOT / "example_project"
SETUP = (
    ("Preparing the database", ["migrate", "--verbosity", "0"]),
    ("Seeding the vocabulary", ["seed_taxonomies"]),
    ("Loading the catalogue", ["load_catalogue"]),
)


def manage(*arguments: str) -> list[str]:
    """Return the command line of a Django command of the example site."""
    return [str(bootstrap.python_in(bootstrap.VENV)), str(SITE / "manage.py"), *arguments]


def free_port(first: int) -> int:
    """Return the first port from ``first`` on that nobody listens on."""
    for port in range(first, min(first + 100, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                if error.errno == errno.EACCES:
                    sys.exit(f"Port {port} is reserved for root. Try make demo PORT=8000")
                continue
        if port != first:
            print(f"Port {first} is taken by another program, so the site uses {port}.")
        return port
    sys.exit(f"The ports from {first} on are all taken. Choose another: make demo PORT=9000")


def prepare() -> str:
    """Build the page and fill the database; return how to sign in."""
    frontend.build()
    for title, arguments in SETUP:
        print(f"{title} ...", flush=True)
        subprocess.run(manage(*arguments), check=True)
    return subprocess.run(
        manage("create_demo_account"), check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def serve(port: int, logins: str) -> int:
    """Serve until Ctrl-C, and say where and how to sign in as soon as the site answers."""
    command = manage("runserver", "--noreload", "--verbosity", "0", f"{HOST}:{port}")
    environment = {**os.environ, "DJANGO_RUNSERVER_HIDE_WARNING": "true"}
    server = subprocess.Popen(command, env=environment)
    try:
        if not _wait_until_it_answers(server, port):
            return server.wait() or 1
        print(
            f"\nThe site is ready at  http://{HOST}:{port}/\n{logins}\n"
            f"Your interests are at http://{HOST}:{port}/account/settings/personalization\n"
            "Ctrl-C stops it.\n",
            flush=True,
        )
        return server.wait()
    except KeyboardInterrupt:
        server.wait()
        print("\nStopped. `make demo` starts it again with everything as it was.")
        return 0
    finally:
        if server.poll() is None:
            server.terminate()


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int) -> bool:
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(0.1)
    return False


def main() -> int:
    """Read the command line, prepare the site and serve it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8000, help="default: 8000")
    parser.add_argument("--prepare-only", action="store_true", help="set up, but serve nothing")
    options = parser.parse_args()
    if not 0 < options.port < 65536:
        parser.error(f"{options.port} is no port; choose one from 1024 to 65535")
    try:
        logins = prepare()
    except subprocess.CalledProcessError as error:
        print("\nThe site could not be set up; what failed is above.", file=sys.stderr)
        return error.returncode or 1
    return 0 if options.prepare_only else serve(free_port(options.port), logins)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
