"""README and the tutorial do what they say, in a project made by django-admin."""

import subprocess
import sys

import pytest

from tests.docs.project import Project, merged


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    yield project
    project.close()


def test_tutorial(project):
    project.follow("docs/tutorial.md")
    assert "pip install django-personalization" in project.skipped
    assert len(project.skipped) == 3


def test_readme(project, tmp_path):
    command = [sys.executable, "-m", "django", "startproject", "mysite", "."]
    subprocess.run(command, cwd=tmp_path, check=True)
    project.follow("README.md")
    assert project.skipped == ["pip install django-personalization", "make demo", "make test"]
    assert project.ran[:4] == [
        "mysite/settings.py",
        "mysite/urls.py",
        "python manage.py migrate",
        "python manage.py seed_taxonomies",
    ]


def test_ranking(project, tmp_path):
    for arguments in (["startproject", "mysite", "."], ["startapp", "library"]):
        subprocess.run([sys.executable, "-m", "django", *arguments], cwd=tmp_path, check=True)
    project.follow("docs/howto/ranking.md")
    assert not project.skipped
    written = [name for name in project.ran if name.startswith("library/")]
    assert len(written) == 6


def test_wrong_output_is_noticed(project, tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    monkeypatch.setattr("tests.docs.pages.ROOT", tmp_path)
    for text in (
        "```console\n$ python -c 'print(1)'\n2\n```\n",
        "```console\n$ python -c 'exit(1)'\n```\n",
        "```python\nprint()\n```\n",
        "```perl\nprint\n```\n",
        "nothing at all\n",
    ):
        page.write_text(text)
        with pytest.raises(AssertionError):
            project.follow("page.md")


def test_settings_are_merged():
    settings = 'DEBUG = True\n\nINSTALLED_APPS = [\n    "a",\n]\nB = [1]\n'
    change = 'INSTALLED_APPS = [\n    # … the apps that are there\n    "c",\n]\nB = [2]\n'
    names = {}
    exec(merged(settings, change), names)
    assert names["INSTALLED_APPS"] == ["a", "c"]
    assert names["B"] == [2]
