"""``manage.py merge_taxonomies``: what it says, asks and refuses."""

import io

import pytest
from django.core.management import CommandError, call_command

from django_personalization import merging
from django_personalization.models import AuditEntry, Taxonomy, UserTag
from tests.hosts.clubs.models import Badge
from tests.hosts.library.models import Book
from tests.synonyms import differences, search, snapshot, stopped_after, term

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Let the undo file that nobody named be written into a directory of the test."""
    monkeypatch.chdir(tmp_path)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def merge(*words, **options):
    out = io.StringIO()
    call_command("merge_taxonomies", *words, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def test_a_dry_run_counts_and_warns(person, other, py, snake):
    search(person, "py3k", "python")
    search(other, "py3k")
    Book.objects.create(title="x").topics.set([py, snake])
    Book.objects.create(title="y").topics.set([snake])
    term("asyncio", parent=snake)
    snake.category = "topic"
    snake.save()
    before = snapshot()
    said = merge("python", "python-3", dry_run=True)
    assert snapshot() == before
    assert said.splitlines() == [
        "Merge Python 3 (python-3) into Python (python):",
        "  tags              2 of 2 people",
        "    joining others  1, since their person has several of these terms",
        "    saying no       0, and they go on saying it",
        "  aliases           Py3k, Python 3",
        "  narrower terms    asyncio",
        "  relations         0 change or go",
        "  suggestions       0 change or go",
        "  library.book_topics.taxonomy  1 rows; 1 go, since their like is there",
        "  Warning: The terms are of different categories; “Python” stays in its own.",
        "Nothing was written.",
    ]


def test_merging_and_taking_it_back(person, py, snake, tmp_path):
    search(person, "py3k")
    before = snapshot()
    said = merge("python", "PYTHON  3", yes=True)
    file = tmp_path / "merge-python-3-into-python.undo.jsonl"
    assert said.splitlines()[-2:] == [
        "Merged 1 into Python: 1 tags of 1 people, 0 rows of content.",
        f"To take it back: manage.py merge_taxonomies --undo {file.name}",
    ]
    assert UserTag.objects.get().taxonomy == py
    said = merge("--undo", str(file), yes=True)
    assert said.splitlines() == [
        "Taken back: 1 terms, the tags of 1 people (0 with what came since), 0 rows of content."
    ]
    assert differences(before, snapshot()) == {}
    assert set(AuditEntry.objects.values_list("origin", flat=True)) == {"command"}


def test_what_cannot_be_taken_back_is_said(person, other, py, snake):
    for someone in (person, other):
        search(someone, "py3k")
    relation = term("asyncio", parent=snake)
    merge("python", "python-3", yes=True, undo_file="undo")
    search(person, "python")
    other.delete()
    Taxonomy.objects.filter(pk=relation.pk).update(parent=None)
    said = merge(undo="undo", yes=True)
    assert "the tags of 1 people (1 with what came since)" in said
    assert "No longer there: tags of 1 people, 0 rows of content." in said
    assert f"left as it is: taxonomy {relation.pk}, parent_id" in said


def test_the_same_command_goes_on(make_person, py, snake, monkeypatch):
    for number in range(4):
        search(make_person(f"p{number}"), "py3k")
    before = snapshot()
    with stopped_after(2):
        merge("python", "python-3", yes=True, batch_size=1)
    assert 0 < UserTag.objects.filter(taxonomy=py).count() < 4
    merge("python", "python-3", yes=True)
    assert UserTag.objects.filter(taxonomy=py).count() == 4
    merge("--undo", "merge-python-3-into-python.undo.jsonl", yes=True)
    assert differences(before, snapshot()) == {}


def test_an_interruption_is_no_traceback(py, snake, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    name = "django_personalization.management.commands.merge_taxonomies.merge_terms"
    monkeypatch.setattr(name, interrupt)
    with pytest.raises(CommandError, match="The same command goes on"):
        merge("python", "python-3", yes=True)


@pytest.mark.parametrize(("answer", "done"), [("yes\n", True), ("y\n", False), ("\n", False)])
def test_it_asks(py, snake, monkeypatch, answer, done):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    if done:
        assert "Type yes to go on" in merge("python", "python-3")
    else:
        with pytest.raises(CommandError, match=r"Nothing was done\."):
            merge("python", "python-3")
    assert Taxonomy.objects.filter(pk=snake.pk).exists() is not done


@pytest.mark.parametrize("words", [["python", "python-3"], ["--undo", "undo"]])
def test_it_asks_nobody_where_nobody_is(py, snake, monkeypatch, words):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    with pytest.raises(CommandError, match="--yes"):
        merge(*words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Name the term that stays"),
        (["python"], "at least one"),
        (
            ["python", "pyhton-3"],
            'No term has the slug or name "pyhton-3". Did you mean "python-3"',
        ),
        (["python", "python"], "merged into itself"),
        (["python", "python-3", "--undo", "x"], "--undo takes its file"),
        (["--undo", "x", "--dry-run"], "--undo takes its file"),
        (["--undo", "nothing-here"], "nothing-here cannot be read: No such file"),
        (["python", "python-3", "--undo-file", "none/x"], "none/x cannot be written: No such file"),
        (["python", "python-3", "--batch-size", "0"], "not a whole number from 1"),
    ],
)
def test_what_it_refuses(py, snake, words, message):
    before = snapshot()
    with pytest.raises(CommandError, match=message.replace("?", r"\?")):
        merge(*words, "--yes")
    assert snapshot() == before


def test_what_is_in_the_way_is_said(py, snake):
    Badge.objects.create(topic=snake)
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"Nothing was written\."):
        call_command("merge_taxonomies", "python", "python-3", yes=True, stdout=out)
    assert "Not possible: A row of clubs.Badge" in out.getvalue()
    assert "Not possible" in merge("python", "python-3", dry_run=True)


def test_quiet_is_quiet(py, snake):
    assert merge("python", "python-3", yes=True, verbosity=0) == ""
    assert merge(undo="merge-python-3-into-python.undo.jsonl", yes=True, verbosity=0) == ""


def test_batches_are_those_that_were_asked_for(py, snake, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        "django_personalization.management.commands.merge_taxonomies.merge_terms",
        lambda *args, batch_size, **options: sizes.append(batch_size) or merging.Merged(),
    )
    merge("python", "python-3", yes=True, batch_size=7)
    assert sizes == [7]
