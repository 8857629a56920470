"""Files that are refused whole: where the mistake is, and what it is."""

import pytest
from django.core.management import CommandError

from django_personalization import seeding
from django_personalization.exceptions import VocabularyFileError
from django_personalization.models import Taxonomy
from django_personalization.seeding import Action
from tests.seeding.support import command, refused, stored, term

pytestmark = pytest.mark.django_db

ROW_PROBLEMS = {
    "an unknown category": (
        term("Jazz", "topics"),
        'categories: interest, skill, goal, topic, industry. Did you mean "topic"?',
    ),
    "a category of another type": (term("Jazz", ["topic"]), "category ['topic']: Is not one of"),
    "no category": ({"name": "Jazz"}, "row 2: Has no category."),
    "no name": ({"category": "topic"}, "row 2: Has no name."),
    "null as a name": (term(None), "row 2: Has no name."),
    "a blank name": (term(" \u3000"), "May not be blank."),
    "a long name": (term("x" * 101), "Is 101 characters long; at most 100 are allowed."),
    "a name of another type": (term(7), "name 7: Expected text, got int."),
    "NUL": (term("Ja\0zz"), "Contains a NUL character (position 2)."),
    "a lone surrogate": (term("Ja\ud800zz"), "Contains a lone surrogate (position 2)"),
    "NUL in a description": (term("Jazz", description="\0"), "description"),
    "a long description": (term("Jazz", description="x" * 9000), "at most 8,192 are allowed"),
    "an unknown column": (
        term("Jazz", descripton="x"),
        'row 2: There is no column "descripton". Did you mean "description"? The columns are: slug',
    ),
    "an unknown column without a value": (term("Jazz", is_active=None), "no column"),
    "a wrong slug": (term("Jazz", slug="ja zz"), 'slug "ja zz": Is not a slug'),
    "a slug that ends a line": (term("Jazz", slug="jazz\n"), "Is not a slug"),
    "a long slug": (term("Jazz", slug="x" * 101), "Is 101 characters long"),
    "aliases that are no list": (term("Jazz", aliases="Jass"), "Expected a list, got str."),
    "a blank alias": (term("Jazz", aliases=["Jass", ""]), 'aliases[1] "": May not be blank.'),
    "a long alias": (term("Jazz", aliases=["x" * 101]), "Is 101 characters long"),
    "an alias like the name": (
        term("Jazz", aliases=[" JAZZ"]),
        'row 2: "JAZZ" is the same name as "Jazz" in this row.',
    ),
    "an alias twice": (term("Jazz", aliases=["Jass", "ｊａｓｓ"]), "is the same name as"),
    "an alias like another name": (
        term("Jazz", aliases=["ROCK"]),
        'row 2: "ROCK" is the same name as "Rock" in ',
    ),
    "a name again": (term("rock", slug="other"), '"rock" is the same name as "Rock" in '),
    "a slug again": (term("Pop", slug="rock"), 'The slug "rock" is also that of '),
    "an unknown parent": (
        term("Jazz", parent="rok"),
        'have a term with this slug. Did you mean "rock"?',
    ),
    "a parent of another type": (term("Jazz", parent=["rock"]), "parent ['rock']: Expected text"),
    "itself as parent": (term("Jazz", parent="jazz"), "Makes a circle: jazz → jazz."),
    "an unknown related slug": (term("Jazz", related=[{"slug": "pop"}]), 'related "pop": Neither'),
    "a related slug without object": (term("Jazz", related=["rock"]), "Expected an object"),
    "related without a slug": (term("Jazz", related=[{"weight": 1}]), "Has no slug."),
    "related with another key": (
        term("Jazz", related=[{"slug": "rock", "wieght": 1}]),
        'There is no column "wieght". Did you mean "weight"?',
    ),
    "related to itself": (term("Jazz", related=[{"slug": "jazz"}]), "Is the term itself."),
    "related twice": (
        term("Jazz", related=[{"slug": "rock"}, {"slug": "rock"}]),
        'related "rock": Is also in this row.',
    ),
    "related from the other side": (
        term("Jazz", slug="folk", related=[{"slug": "rock"}]),
        'related "rock": Is also in ',
    ),
    "a direction that is no truth value": (
        term("Jazz", related=[{"slug": "rock", "is_symmetric": 1}]),
        "is_symmetric is neither true nor false",
    ),
    "sensitive as text": (term("Jazz", is_sensitive="true"), "Is neither true nor false."),
    "a row that is no object": (["Jazz"], "row 2: Expected an object, got ['Jazz']."),
    "a large number": (term(10**4000), "Expected text, got int."),
}


@pytest.mark.parametrize(("row", "reason"), ROW_PROBLEMS.values(), ids=ROW_PROBLEMS)
def test_a_bad_row_is_refused(write, row, reason):
    folk = [{"slug": "folk"}] if isinstance(row, dict) and row.get("slug") == "folk" else []
    text = refused(write([term("Rock", related=folk), row]))
    assert reason in text
    assert "terms.json, row 2" in text


@pytest.mark.parametrize("weight", [0, -0.1, 1.01, "0.5", True, float("nan"), float("inf"), None])
def test_a_weight_is_above_0_and_up_to_1(write, weight):
    rows = [term("Rock"), term("Jazz", related=[{"slug": "rock", "weight": weight}])]
    assert "is not a number above 0 and up to 1." in refused(write(rows))


FILE_PROBLEMS = {
    "no JSON": ("t.json", '{"taxonomies": [\n{"name" "x"}]}', "line 2, column 9: Is not JSON"),
    "nothing": ("t.json", "", "line 1, column 1: Is not JSON"),
    "another document": ("t.json", '{"terms": []}', 'Has "terms" beside "taxonomies".'),
    "a list": ("t.json", "[]", ""),
    "text": ("t.json", '"x"', 'Expected {"taxonomies": [...]}, a list of objects.'),
    "deep nesting": ("t.json", "[" * 100_000, "Is nested too deeply to be read."),
    "UTF-16": ("t.json", "[]".encode("utf-16"), "Is not UTF-8 text (byte 1)."),
    "Latin 1": ("t.csv", "name,category\nCafé,topic".encode("latin-1"), "(byte 18)"),
    "another suffix": ("t.yaml", "x", 'Its name must end in .json or .csv, not in ".yaml".'),
    "no suffix": ("terms", "x", 'not in "".'),
    "no header": ("t.csv", "", "line 1: Has no column name."),
    "another column": (
        "t.csv",
        "name,categroy\n",
        't.csv, line 1: There is no column "categroy". Did you mean "category"?',
    ),
    "a column twice": ("t.csv", "name,category,name\n", 'the column "name" more than once'),
    "semicolons": ("t.csv", "name;category\nJazz;topic\n", "separated by commas"),
    "a missing cell": ("t.csv", "name,category\nJazz\n", "line 2: Has 1 cells, but the header has"),
    "one more cell": ("t.csv", "name,category\nJazz,topic,\n", "line 2: Has 3 cells"),
    "an open quote": ("t.csv", 'name,category\nJazz,topic\n"Rock,x\ny\n', "line 3: Is not CSV"),
    "the line after one of two lines": (
        "t.csv",
        'name,category,description\nJazz,topic,"two\nlines"\n\nRock,tpic,\n',
        "t.csv, line 5: category",
    ),
    "a record of two lines": (
        "t.csv",
        'name,category,description\nJazz,tpic,"two\nlines"\n',
        "t.csv, line 2: category",
    ),
    "a weight of words": (
        "t.csv",
        "name,category,related\nJazz,topic,rock:much\nRock,topic,\n",
        'The weight "much" is not a number',
    ),
    "an empty alias": ("t.csv", "name,category,aliases\nJazz,topic,a||b\n", "aliases[1]"),
    "a truth value": ("t.csv", "name,category,is_sensitive\nJazz,topic,maybe\n", '"maybe": Is nei'),
    "NUL": ("t.csv", "name,category\nJa\0zz,topic\n", "NUL"),
}


@pytest.mark.parametrize(("name", "text", "reason"), FILE_PROBLEMS.values(), ids=FILE_PROBLEMS)
def test_a_bad_file_is_refused(write, name, text, reason):
    path = write(text, name)
    if not reason:
        assert seeding.seed([path]).steps == ()
    else:
        assert reason in refused(path)
        assert str(path) in refused(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "Cannot be read: No such file or directory." in refused(tmp_path / "none.json")
    (tmp_path / "folder.csv").mkdir()
    assert "Cannot be read: Is a directory." in refused(tmp_path / "folder.csv")


def test_a_number_of_too_many_digits_is_refused(write):
    text = '{"taxonomies": [{"name": ' + "9" * 5000 + ', "category": "topic"}]}'
    assert "t.json" in refused(write(text, "t.json"))


def test_all_problems_are_listed_up_to_a_cap(write):
    rows = [term(f"Term {number}", "x", slug="?") for number in range(30)]
    lines = refused(write(rows)).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "… and 40 more."
    assert "row 10: category" in lines[-2]


def test_unknown_slugs_of_large_files_are_told_quickly(write):
    rows = [term(f"Term {number}", parent=f"unknown-{number}") for number in range(3000)]
    assert refused(write(rows)).splitlines()[-1] == "… and 2,980 more."


def test_circles_within_files_are_refused(write):
    rows = [
        term("Root"),
        term("A", parent="b"),
        term("B", parent="c"),
        term("C", parent="a"),
        term("D", parent="a"),
    ]
    text = refused(write(rows))
    assert text.endswith('row 2: parent "b": Makes a circle: a → b → c → a.')
    assert text.count("Makes a circle") == 1
    # Also when the terms exist and would stay as they are.
    Taxonomy.objects.create(name="A", category="topic")
    assert "Makes a circle" in refused(write([term("A", parent="a")]))


def test_circles_through_the_database_are_refused(seed, write):
    seed(term("A"), term("B", parent="a"), term("C", parent="b"))
    path = write([term("A", parent="c")], "more.json")
    with pytest.raises(VocabularyFileError, match=r"row 1: .* circle: a → c → b → a"):
        seeding.seed([path], update=True)
    assert stored("a").parent is None
    # What exists is not touched without `update`, so nothing can go wrong.
    assert seeding.seed([path]).counts[Action.UNCHANGED] == 1


def test_a_file_may_turn_a_hierarchy_round(seed):
    seed(term("A"), term("B", parent="a"))
    seed(term("A", parent="b"), term("B", parent=None), update=True)
    assert (stored("a").parent, stored("b").parent) == (stored("b"), None)


def test_categories_are_those_of_the_host(settings, seed):
    settings.DJANGO_PERSONALIZATION = {"TAXONOMY_CATEGORIES": {"genre": "Genre"}}
    seed(term("Jazz", "genre"))
    assert stored("jazz").category == "genre"
    with pytest.raises(CommandError, match="give a file of your own: --file PATH"):
        command()
