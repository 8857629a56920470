"""A real project, made by django-admin in a directory of its own, that does what a page says."""

from __future__ import annotations

import ast
import http.cookiejar
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from html import unescape
from pathlib import Path
from typing import Any

from tests.docs.compare import differences
from tests.docs.pages import ROOT, Step, steps

# Commands of the reader that a test does not repeat, and what makes up for them.
SKIPPED = {
    "pip install ": "no network in tests; `make check` installs the built wheel",
    "python3 -m venv ": "the tests' own environment is used",
    ". .venv/": "the tests' own environment is used",
    "make ": "what these targets run is tested where they are",
}
DOCTEST = """
import django, doctest, sys
django.setup()
test = doctest.DocTestParser().get_doctest(sys.stdin.read(), {}, sys.argv[1], None, 0)
runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
sys.exit(bool(runner.run(test).failed))
"""


class Project:
    """Runs the steps of a page in order; ``directory`` is where the reader's terminal is."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ran: list[str] = []
        self.skipped: list[str] = []
        self._server: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._account = ("", "")
        self._visited = ""
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def follow(self, page: str) -> None:
        """Do everything that the page says, and check everything that it shows."""
        before = len(self.ran)
        for step in steps(page):
            action = getattr(self, f"do_{step.kind}", None)
            assert action is not None, f"{step.place}: nobody knows what to do with {step.kind}."
            try:
                action(step)
            except AssertionError as error:
                raise AssertionError(f"{step.place}:\n{error}") from error
        assert len(self.ran) > before, f"{page} shows nothing that was run"

    def close(self) -> None:
        """Stop the server, if the page started one."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()

    # --- what a reader types ---

    def do_sh(self, step: Step) -> None:
        """Run each line of a block without output."""
        for line in step.text.splitlines():
            if line.strip() and not line.startswith("#"):
                self._type(line)

    def do_console(self, step: Step) -> None:
        """Run each line after a ``$`` and compare what it prints with the lines below."""
        for command, expected in re.findall(
            r"^\$ (.+)\n((?:(?!\$ ).*\n?)*)", step.text, flags=re.MULTILINE
        ):
            printed = self._type(command)
            if expected.strip() and printed is not None:
                assert printed.strip() == expected.strip(), f"{command} printed:\n{printed}"

    def do_pycon(self, step: Step) -> None:
        """Run an interactive session and compare its answers."""
        self._run([sys.executable, "-c", DOCTEST, step.place], stdin=step.text)
        self.ran.append(step.place)

    def _type(self, line: str) -> str | None:
        if any(line.startswith(prefix) for prefix in SKIPPED):
            self.skipped.append(line)
            return None
        self.ran.append(line)
        variables, words = _split(line)
        if words[0] == "cd":
            self.directory /= words[1]
            return ""
        if words[:3] == ["python", "manage.py", "runserver"]:
            self._serve()
            return None
        if "createsuperuser" in words:
            name = words[words.index("--username") + 1]
            self._account = (name, variables["DJANGO_SUPERUSER_PASSWORD"])
        command = {"python": [sys.executable], "django-admin": [sys.executable, "-m", "django"]}
        assert words[0] in command, f"{words[0]} is not a program that this test knows"
        return self._run([*command[words[0]], *words[1:]], **variables)

    def _run(self, command: list[str], stdin: str | None = None, **variables: str) -> str:
        result = subprocess.run(
            command,
            cwd=self.directory,
            env=self._environment(variables),
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert result.returncode == 0, f"{command} failed:\n{result.stdout}{result.stderr}"
        assert not result.stderr, f"{command} warned:\n{result.stderr}"
        return result.stdout

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DJANGO", "PYTEST")) and name != "DATABASE_URL"
        }
        # The directory is the reader's: a session opened there finds the project.
        paths = {"PYTHONPATH": os.pathsep.join([str(self.directory), str(ROOT / "src")])}
        settings = {"DJANGO_SETTINGS_MODULE": "mysite.settings"} if self._has_project() else {}
        warnings = {"PYTHONWARNINGS": "error::DeprecationWarning:django_personalization"}
        return {**inherited, **paths, **settings, **warnings, "COLUMNS": "80", **variables}

    def _has_project(self) -> bool:
        return (self.directory / "mysite" / "settings.py").is_file()

    # --- what a reader writes ---

    def do_python(self, step: Step) -> None:
        """Write a file: settings are changed statement by statement, others written whole."""
        first, _newline, code = step.text.partition("\n")
        match = re.fullmatch(r"# ((?:mysite|library)/\w+\.py)", first)
        assert match, "a Python block must begin with the path of its file, as a comment"
        ast.parse(code)
        path = self.directory / match[1]
        if path.name == "settings.py":
            code = merged(path.read_text(), code)
        self._write(match[1], code)

    def do_html(self, step: Step) -> None:
        """Write a template."""
        first, _newline, html = step.text.partition("\n")
        match = re.fullmatch(r"{# ([\w/]+/templates/[\w/]+\.html) #}", first)
        assert match, "a template must begin with the path of its file, as a comment"
        self._write(match[1], html)

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.ran.append(name)

    # --- what a reader opens ---

    def do_link(self, step: Step) -> None:
        """Open a page of the site as a browser does, signing in where the admin asks for it."""
        assert self._server is not None, "the page opens the site before it starts the server"
        self._visited = self._open(step.text)
        if 'name="password"' in self._visited:
            self._sign_in(step.text)
        self.ran.append(step.text)

    def do_json(self, step: Step) -> None:
        """Compare the page that was opened last."""
        found = differences(json.loads(step.text), json.loads(self._visited))
        assert not found, "\n".join(found) + f"\n\n{self._visited}"

    def do_text(self, step: Step) -> None:
        """Look for each line on the page that was opened last."""
        bare = re.sub(r"<(script|style).*?</\1>", " ", self._visited, flags=re.DOTALL)
        words = " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())
        for line in step.text.splitlines():
            assert " ".join(line.split()) in words, f"{line!r} is not on the page:\n{words}"

    def _open(self, path: str, **form: str) -> str:
        url = f"http://127.0.0.1:{self._port}{path}"
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self._browser.open(url, data, timeout=30) as response:
                return str(response.read().decode())
        except urllib.request.HTTPError as error:
            raise AssertionError(f"{path} answers {error.code}") from error

    def _sign_in(self, path: str) -> None:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self._visited)
        assert token is not None
        name, password = self._account
        self._visited = self._open(
            f"/admin/login/?next={path}",
            username=name,
            password=password,
            csrfmiddlewaretoken=token[1],
        )
        assert 'name="password"' not in self._visited, "signing in failed"

    def _serve(self) -> None:
        self.close()  # started again, it runs the code as it is now
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        address = f"127.0.0.1:{self._port}"
        self._server = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", address],
            cwd=self.directory,
            env=self._environment({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the server did not start")


def _split(line: str) -> tuple[dict[str, str], list[str]]:
    words = shlex.split(line, comments=True)
    variables: dict[str, str] = {}
    while "=" in words[0]:
        name, _equals, value = words.pop(0).partition("=")
        variables[name] = value
    return variables, words


def merged(settings: str, change: str) -> str:
    """Return settings with the statements of ``change``.

    A list that shows its old content as a comment (``# …``) is added to the old one; everything
    else goes to the end, where it wins.
    """
    for statement in ast.parse(change).body:
        code = ast.get_source_segment(change, statement) or ""
        if re.search(r"^\s*# …", code, flags=re.MULTILINE):
            settings = _extended(settings, statement)
        else:
            settings += f"\n{code}\n"
    ast.parse(settings)
    return settings


def _extended(settings: str, statement: Any) -> str:
    name = statement.targets[0].id
    start = f"{name} = [\n"
    assert start in settings, f"the settings have no {name}"
    added = "".join(f"    {ast.unparse(item)},\n" for item in statement.value.elts)
    head, tail = settings.split(start)
    old, tail = tail.split("]\n", 1)
    return f"{head}{start}{old}{added}]\n{tail}"
