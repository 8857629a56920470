"""What the command prints."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_personalization import seeding
from django_personalization.models import (
    Taxonomy,
    VocabularyRevision,
)
from django_personalization.seeding.files import load
from tests.seeding.support import (
    COLUMNS,
    ORIGINAL,
    command,
    snapshot,
    term,
)

pytestmark = pytest.mark.django_db

UPDATE_OF_JAZZ = (
    'update     jazz ("Jazz"): name "Modern jazz" → "Jazz", category "interest" → "topic", '
    'description "By staff." → "Old.", parent none → "music", adds alias "Jass", '
    "adds relation to blues"
)
CLOSING_LINE = (
    "Vocabulary: 1 would be created, 1 would be updated, 1 unchanged, 1 in conflict. "
    "Nothing was written."
)


def test_dry_run_prints_the_plan_and_writes_nothing(edited, write):
    Taxonomy.objects.create(name="Soul", slug="staff-soul", category="skill")
    path = write(
        [
            term("Pop"),
            term("Soul"),
            term("Music"),
            term("Jazz", **ORIGINAL),
        ]
    )
    before = snapshot()
    with CaptureQueriesContext(connection) as queries:
        lines = command("--file", path, "--update", "--dry-run").splitlines()
    assert snapshot() == before
    assert all(query["sql"].startswith("SELECT") for query in queries)
    assert lines == [
        'create     pop ("Pop")',
        'conflict   soul ("Soul"): the name is taken by "Soul" (slug staff-soul)',
        UPDATE_OF_JAZZ,
        'unchanged  music ("Music")',
        CLOSING_LINE,
    ]
    lines = command("--file", path, "--dry-run").splitlines()
    assert 'unchanged  jazz ("Jazz"): differs from the file and is kept' in lines
    assert lines[-1] == "1 unchanged: the file says otherwise; --update overwrites them."


def test_dry_run_works_before_anything_was_seeded():
    before = list(VocabularyRevision.objects.values())
    assert command("--dry-run").count("create ") == 130
    assert not Taxonomy.objects.exists()
    assert list(VocabularyRevision.objects.values()) == before


def test_many_unchanged_terms_are_summed_up(seed, write):
    path = write([term(f"Term {number}") for number in range(11)])
    command("--file", path)
    assert command("--file", path, "--dry-run").splitlines()[0] == "unchanged  11 terms"


def test_dry_run_says_what_a_run_does(edited, write):
    path = write([term("Pop"), term("Jazz", **ORIGINAL)])
    planned = seeding.seed([path], update=True, dry_run=True)
    assert seeding.seed([path], update=True) == planned


def test_a_refused_file_is_a_command_error_with_exit_code_1(write):
    path = write([term("Jazz", "x")])
    with pytest.raises(CommandError) as caught:
        command("--file", path)
    assert caught.value.returncode == 1
    first, second = str(caught.value).splitlines()
    assert first == "Refused; nothing was written."
    assert second.startswith(f'{path}, row 1: category "x"')


def test_verbosity_0_is_silent():
    assert command(verbosity=0) == ""


def test_help_teaches(capsys):
    with pytest.raises(SystemExit):
        call_command("seed_taxonomies", "--help")
    text = capsys.readouterr().out
    assert "\nexamples:\n  manage.py seed_taxonomies  " in text
    assert "--dry-run" in text


def test_the_examples_of_the_help_are_true(capsys, write):
    with pytest.raises(SystemExit):
        call_command("seed_taxonomies", "--help")
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip() == COLUMNS)
    header, row = (line.strip() for line in lines[start : start + 2])
    start = next(i for i, line in enumerate(lines) if line.startswith("JSON")) + 1
    json_text = "\n".join(lines[start : start + 3])
    others = write([term(name) for name in ("Music", "Blues", "Swing")], "others.json")
    as_csv = load([others, write(f"{header}\n{row}\n", "a.csv")])
    as_json = load([others, write(json_text, "a.json")])
    assert [vars(row) | {"place": ""} for row in as_csv] == [
        vars(row) | {"place": ""} for row in as_json
    ]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_long_files_get_a_progress_bar_on_a_terminal(write):
    path = write([term(f"Term {number}") for number in range(600)])
    stderr = Terminal()
    command("--file", path, stderr=stderr)
    assert stderr.getvalue().startswith("\r[#")
    assert stderr.getvalue().endswith("] 1,200 of 1,200\n")


def test_short_files_and_pipes_get_none(write):
    path = write([term(f"Term {number}") for number in range(600)])
    short = write([term(f"Short {number}") for number in range(499)], "short.json")
    pipe, terminal = io.StringIO(), Terminal()
    command("--file", path, stderr=pipe)
    command("--file", short, stderr=terminal)
    assert pipe.getvalue() == terminal.getvalue() == ""


def test_progress_ends_where_it_said(edited, write):
    steps = []
    path = write([term("Pop", parent="jazz", aliases=["P"]), term("Jazz", **ORIGINAL)])
    seeding.seed([path], update=True, progress=lambda *step: steps.append(step))
    assert steps[-1][0] == steps[-1][1]
    assert steps == sorted(steps)
