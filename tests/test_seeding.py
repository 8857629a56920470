"""Vocabulary files: what is refused, what is planned, what is written, and how often."""

import csv
import io
import json
import threading
import time
from contextlib import suppress

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from django_personalization import seeding, tagging
from django_personalization.exceptions import VocabularyFileError
from django_personalization.models import (
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    UserTag,
    VocabularyRevision,
)
from django_personalization.seeding import Action
from django_personalization.seeding.files import load
from django_personalization.seeding.plan import VALUES
from django_personalization.text import term_key
from django_personalization.tracking import track
from django_personalization.vocabulary import current_vocabulary

pytestmark = pytest.mark.django_db

COLUMNS = "slug,name,category,description,aliases,parent,related,is_sensitive"


@pytest.fixture
def write(tmp_path):
    """Write a file: rows or a document as JSON, text and bytes as they are; return its path."""

    def write(content, name="terms.json"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            document = {"taxonomies": content} if isinstance(content, list) else content
            path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.fixture
def seed(write):
    def seed(*rows, **options):
        return seeding.seed([write(list(rows))], **options)

    return seed


def term(name, category="topic", **columns):
    return {"name": name, "category": category, **columns}


def command(*arguments, name="seed_taxonomies", **options):
    out = io.StringIO()
    call_command(name, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def snapshot():
    """Everything in the vocabulary, keys of rows and times included."""
    models = (Taxonomy, TaxonomyAlias, TaxonomyRelation, VocabularyRevision)
    return [list(model.objects.order_by("pk").values()) for model in models]


def stored(slug):
    return Taxonomy.objects.get(slug=slug)


def aliases_of(slug):
    return set(TaxonomyAlias.objects.filter(taxonomy__slug=slug).values_list("name", flat=True))


def relations():
    return list(
        TaxonomyRelation.objects.order_by("pk").values_list(
            "source__slug", "target__slug", "weight", "is_symmetric"
        )
    )


def refused(*paths):
    before = snapshot()
    with pytest.raises(VocabularyFileError) as caught:
        seeding.seed(paths)
    assert snapshot() == before
    return str(caught.value)


# The vocabulary in the package


def test_the_package_brings_a_vocabulary():
    assert "130 created" in command()
    assert set(Taxonomy.objects.values_list("category", flat=True)) == {
        "interest",
        "skill",
        "goal",
        "topic",
        "industry",
    }
    assert Taxonomy.objects.count() >= 60
    assert not Taxonomy.objects.filter(description="").exists()
    assert Taxonomy.objects.exclude(parent=None).exists()
    assert TaxonomyRelation.objects.exists()
    vocabulary = current_vocabulary()
    meanings = {
        "AI": "AI & Machine Learning",
        "ML": "AI & Machine Learning",
        "machine learning": "AI & Machine Learning",
        "JS": "JavaScript",
        "k8s": "Kubernetes",
        "python": "Python",
    }
    assert {name: vocabulary.resolve(name).name for name in meanings} == meanings


def test_seeding_again_changes_nothing():
    command()
    before = snapshot()
    assert "0 created, 0 updated, 130 unchanged, 0 in conflict" in command()
    assert "0 created, 0 updated, 130 unchanged, 0 in conflict" in command("--update")
    assert snapshot() == before


# What files say


def test_json_says_everything(seed):
    seed(
        term("Music", "interest"),
        term(
            "  Jazz \n music ",
            slug="jazz",
            description=" Improvised. ",
            aliases=["Jass", "ジャズ"],
            parent="music",
            related=[{"slug": "blues", "weight": 0.8}, {"slug": "swing", "is_symmetric": False}],
            is_sensitive=True,
        ),
        term("Blues"),
        term("Swing"),
    )
    jazz = stored("jazz")
    assert (jazz.name, jazz.category, jazz.description) == ("Jazz music", "topic", "Improvised.")
    assert (jazz.is_sensitive, jazz.is_active, jazz.parent.slug) == (True, True, "music")
    assert aliases_of("jazz") == {"Jass", "ジャズ"}
    assert relations() == [("jazz", "blues", 0.8, True), ("jazz", "swing", 0.5, False)]
    assert current_vocabulary().resolve("JASS").name == "Jazz music"


def test_csv_says_the_same(write):
    lines = [
        f"\ufeff{COLUMNS}",
        'jazz,Jazz music,topic,"Improvised,\nmostly.",Jass| ジャズ,music,blues:0.8|swing,yes',
        "",
        ",Music,interest,,,,,",
        ",,,,,,,",
        ",Blues,topic,,,,,no",
        ",Swing,topic,,,,,0",
    ]
    plan = seeding.seed([write("\r\n".join(lines), "terms.CSV")])
    assert plan.counts[Action.CREATE] == 4
    jazz = stored("jazz")
    assert (jazz.name, jazz.description) == (
        "Jazz music",
        "Improvised,\nmostly.".replace("\n", "\n"),
    )
    assert (jazz.is_sensitive, jazz.parent.slug) == (True, "music")
    assert aliases_of("jazz") == {"Jass", "ジャズ"}
    assert relations() == [("jazz", "blues", 0.8, True), ("jazz", "swing", 0.5, True)]


def test_csv_needs_only_names_and_categories(write):
    seeding.seed([write("category, name\ntopic,C++\nskill,東京\n", "t.csv")])
    by_name = dict(Taxonomy.objects.values_list("name", "slug"))
    expected = {}
    for name in ("C++", "東京"):
        same = Taxonomy(name=name)
        same.derive()
        expected[name] = same.slug
    assert by_name == expected


def test_a_slug_fits_however_long_its_characters_are(seed):
    seed(term("ⅷ" * 100))
    assert len(Taxonomy.objects.get().slug) <= 100


def test_files_refer_to_each_other(write):
    first = write([term("Jazz", parent="music")], "a.json")
    second = write("name,category,related\nMusic,interest,jazz\n", "b.csv")
    assert "2 created" in command("--file", first, "--file", second)
    assert stored("jazz").parent.slug == "music"
    assert relations() == [("music", "jazz", 0.5, True)]


def test_files_refer_to_the_database(seed):
    seed(term("Music"))
    seed(term("Jazz", parent="music", related=[{"slug": "music"}]))
    assert stored("jazz").parent.slug == "music"


def test_an_empty_file_and_no_file_do_nothing(seed):
    assert seed().steps == ()
    assert seeding.seed([]).steps == ()


# What is refused

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


# What staff changed stays

ORIGINAL = {
    "slug": "jazz",
    "description": "Old.",
    "aliases": ["Jass"],
    "parent": "music",
    "related": [{"slug": "blues", "weight": 0.8}],
}


@pytest.fixture
def edited(seed):
    """A seeded term that staff renamed, deactivated, described, moved and relabelled."""
    seed(term("Music"), term("Blues"), term("Swing"), term("Jazz", **ORIGINAL))
    jazz = stored("jazz")
    jazz.name, jazz.is_active, jazz.description = "Modern jazz", False, "By staff."
    jazz.category, jazz.is_sensitive, jazz.parent = "interest", True, None
    jazz.save()
    jazz.aliases.all().delete()
    TaxonomyAlias.objects.create(taxonomy=jazz, name="Bebop")
    jazz.relations.all().delete()
    TaxonomyRelation.objects.create(source=jazz, target=stored("swing"), weight=0.1)
    return jazz


def test_seeding_never_undoes_what_staff_changed(edited, seed):
    before = snapshot()
    plan = seed(term("Jazz", **ORIGINAL))
    assert plan.counts[Action.UNCHANGED] == 1
    assert plan.differing == 1
    assert snapshot() == before


def test_update_overwrites_and_adds_and_removes_nothing(edited, seed):
    plan = seed(term("Jazz", is_sensitive=False, **ORIGINAL), update=True)
    assert plan.counts[Action.UPDATE] == 1
    jazz = stored("jazz")
    assert jazz.pk == edited.pk
    assert [getattr(jazz, name) for name in VALUES[:-1]] == ["Jazz", "topic", "Old.", False]
    assert jazz.parent.slug == "music"
    assert jazz.key == term_key("Jazz")
    assert not jazz.is_active
    assert jazz.created_at == edited.created_at
    assert jazz.updated_at > edited.updated_at
    assert aliases_of("jazz") == {"Bebop", "Jass"}
    assert relations() == [("jazz", "swing", 0.1, True), ("jazz", "blues", 0.8, True)]
    assert current_vocabulary().resolve("jazz").taxonomy_id == jazz.pk
    assert current_vocabulary().resolve("modern jazz") is None
    # Once more changes nothing.
    before = snapshot()
    assert seed(term("Jazz", is_sensitive=False, **ORIGINAL), update=True).differing == 0
    assert snapshot() == before


def test_update_leaves_columns_alone_that_the_file_lacks(edited, seed, write):
    seed(term("Jazz", slug="jazz"), update=True)
    jazz = stored("jazz")
    assert (jazz.description, jazz.is_sensitive, jazz.name) == ("By staff.", True, "Jazz")
    csv_file = write("slug,name,category,description\njazz,Jazz,topic,\n", "t.csv")
    seeding.seed([csv_file], update=True)
    assert stored("jazz").description == ""
    assert stored("jazz").is_sensitive


def test_update_can_take_a_parent_away(seed):
    seed(term("Music"), term("Jazz", parent="music"))
    seed(term("Jazz"), update=True)
    assert stored("jazz").parent.slug == "music"
    seed(term("Jazz", parent=None), update=True)
    assert stored("jazz").parent is None


def test_update_keeps_the_weight_and_direction_of_relations(seed):
    seed(term("Jazz"), term("Blues", related=[{"slug": "jazz", "weight": 0.9}]))
    seed(term("Jazz", related=[{"slug": "blues", "weight": 0.1}]), update=True)
    assert relations() == [("blues", "jazz", 0.9, True)]


def test_a_relation_that_leads_one_way_leaves_room_for_the_other(seed):
    seed(term("Jazz"), term("Blues", related=[{"slug": "jazz", "is_symmetric": False}]))
    seed(term("Jazz", related=[{"slug": "blues", "weight": 0.1}]), update=True)
    assert len(relations()) == 2


def test_an_alias_may_become_the_name(seed):
    seed(term("Jazz", slug="j", aliases=["Jass"]))
    seed(term("Jass", slug="j"), update=True)
    assert (stored("j").name, aliases_of("j")) == ("Jass", {"Jass"})


def test_the_name_may_become_an_alias(seed):
    seed(term("Jass", slug="j"))
    seed(term("Jazz", slug="j", aliases=["Jass"]), update=True)
    assert (stored("j").name, aliases_of("j")) == ("Jazz", {"Jass"})


# Conflicts


def test_a_name_that_is_taken_is_skipped_and_reported(seed, write):
    Taxonomy.objects.create(name="JAZZ", slug="staff-jazz", category="skill")
    rock = Taxonomy.objects.create(name="Rock", category="skill")
    TaxonomyAlias.objects.create(taxonomy=rock, name="Pop")
    path = write(
        [
            term("Jazz"),
            term("Pop"),
            term("Bebop", parent="jazz", related=[{"slug": "pop"}]),
            term("Blues"),
        ]
    )
    out = command("--file", path)
    assert 'conflict   jazz ("Jazz"): the name is taken by "JAZZ" (slug staff-jazz)' in out
    assert 'conflict   pop ("Pop"): the name is taken by an alias of "Rock" (slug rock)' in out
    assert (
        'create     bebop ("Bebop"): no parent jazz, which is skipped; '
        "no relation to pop, which is skipped" in out
    )
    assert "2 created, 0 updated, 0 unchanged, 2 in conflict" in out
    assert set(Taxonomy.objects.values_list("slug", flat=True)) == {
        "staff-jazz",
        "rock",
        "bebop",
        "blues",
    }


def test_a_rename_to_a_name_that_is_taken_is_skipped(seed):
    seed(term("Jazz", slug="a"), term("Rock", slug="b"))
    plan = seed(term("Rock", slug="a", description="x"), update=True)
    assert plan.counts[Action.CONFLICT] == 1
    assert 'taken by "Rock" (slug b)' in plan.remarked[0].remarks[0]
    assert (stored("a").name, stored("a").description) == ("Jazz", "")


def test_names_that_change_places_are_both_skipped(seed):
    seed(term("Jazz", slug="a"), term("Rock", slug="b"))
    plan = seed(term("Rock", slug="a"), term("Jazz", slug="b"), update=True)
    assert plan.counts[Action.CONFLICT] == 2


def test_a_name_may_change_its_case(seed):
    seed(term("jazz"))
    assert seed(term("JAZZ", slug="jazz"), update=True).counts[Action.UPDATE] == 1
    assert stored("jazz").name == "JAZZ"


def test_a_row_with_a_taken_alias_is_made_without_it(seed):
    rock = Taxonomy.objects.create(name="Rock", category="skill")
    TaxonomyAlias.objects.create(taxonomy=rock, name="Hard Rock")
    plan = seed(term("Metal", aliases=["rock", "hard rock", "Heavy"]))
    assert plan.counts[Action.CREATE] == 1
    assert plan.remarked[0].remarks == (
        'no alias "rock", which is taken by "Rock" (slug rock)',
        'no alias "hard rock", which is taken by an alias of "Rock" (slug rock)',
    )
    assert aliases_of("metal") == {"Heavy"}
    assert aliases_of("rock") == {"Hard Rock"}


# The plan, and what is printed


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
    assert command("--dry-run").count("create ") == 130
    assert not Taxonomy.objects.exists()
    assert not VocabularyRevision.objects.exists()


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
    pipe, terminal = io.StringIO(), Terminal()
    command("--file", path, stderr=pipe)
    command("--file", path, "--update", stderr=terminal)
    assert pipe.getvalue() == terminal.getvalue() == ""


def test_progress_ends_where_it_said(edited, write):
    steps = []
    path = write([term("Pop", parent="jazz", aliases=["P"]), term("Jazz", **ORIGINAL)])
    seeding.seed([path], update=True, progress=lambda *step: steps.append(step))
    assert steps[-1][0] == steps[-1][1]
    assert steps == sorted(steps)


# What follows in the database


def test_tags_follow_terms_that_are_made_and_renamed(person, seed):
    seed(term("Rock", slug="rock"))
    tagging.pick(person, name="Rock")
    tagging.pick(person, name="jazz")
    seed(term("Jazz", aliases=["Jass"]), term("Rock music", slug="rock"), update=True)
    tags = {tag.name: tag.taxonomy for tag in UserTag.objects.of(person).with_taxonomies()}
    assert tags == {"Jazz": stored("jazz"), "Rock music": stored("rock")}
    track(person, "search", extracted_keywords=["jass"])
    assert UserTag.objects.get(name="Jazz").interaction_count == 1


def test_every_process_sees_new_terms_at_once(seed):
    seed(term("Rock"))
    assert current_vocabulary().resolve("jazz") is None
    seed(term("Jazz"))
    assert current_vocabulary().resolve("jazz") is not None


def test_all_is_one_transaction(seed, monkeypatch):
    def fail(ids):
        raise RuntimeError

    monkeypatch.setattr("django_personalization.seeding.apply.align_tags", fail)
    with pytest.raises(RuntimeError):
        seed(term("Jazz", aliases=["Jass"]))
    assert not Taxonomy.objects.exists()


def many(count, description="", prefix="t"):
    return [
        term(
            f"Term {prefix} {number}",
            slug=f"{prefix}{number}",
            description=description,
            aliases=[f"Alias {prefix} {number}"],
            parent=f"{prefix}{number // 10}" if number else None,
            related=[{"slug": f"{prefix}{(number + 1) % count}"}],
        )
        for number in range(count)
    ]


def queries_for(write, rows, **options):
    path = write(rows)
    with CaptureQueriesContext(connection) as queries:
        plan = seeding.seed([path], **options)
    assert len(plan.steps) == len(rows)
    return len(queries)


def test_queries_grow_by_batches_only(write):
    def counts(size):
        prefix = f"t{size}-"
        rows, changed = many(size, prefix=prefix), many(size, "New.", prefix=prefix)
        return (
            queries_for(write, rows),
            queries_for(write, rows),
            queries_for(write, changed, update=True),
        )

    small, large = counts(2000), counts(4000)
    created, again, updated = (after - before for before, after in zip(small, large, strict=True))
    # 2,000 rows, 2,000 parents, 2,000 aliases, 2,000 relations and the tags of 2,000 terms.
    assert 0 < created <= 120
    assert 0 < updated <= 30
    assert again == 0
    # The lock, three queries of the plan, and the savepoint of the test.
    assert small[1] <= 6


@pytest.mark.slow
def test_ten_thousand_rows_take_seconds(write):
    path = write(many(10_000))
    started = time.perf_counter()
    assert seeding.seed([path]).counts[Action.CREATE] == 10_000
    assert time.perf_counter() - started < 60


# Two at the same time


def in_threads(*functions):
    """Run the functions at the same time; return what they raised."""
    barrier, errors = threading.Barrier(len(functions)), []

    def run(function):
        try:
            barrier.wait()
            function()
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[function]) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("update", [False, True])
def test_seeds_at_the_same_time_take_turns(write, update):
    path = write(many(300, "x"))
    plans = []

    def run():
        plans.append(seeding.seed([path], update=update))

    assert in_threads(*[run] * 4) == []
    assert sorted(plan.counts[Action.CREATE] for plan in plans) == [0, 0, 0, 300]
    assert TaxonomyAlias.objects.count() == TaxonomyRelation.objects.count() == 300


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_staff_may_save_meanwhile(write):
    seeding.seed([write(many(100, "x"))])

    def staff():
        for number in range(60):
            row = Taxonomy.objects.get(slug=f"t{number}")
            row.name = f"Renamed {number}"
            row.save()
            name = f"New {number}"
            # Whoever comes first makes the term; a name that is taken is an ordinary error.
            with suppress(IntegrityError), transaction.atomic():
                Taxonomy.objects.create(name=name, slug=f"staff-{number}", category="topic")

    def run():
        for turn in range(6):
            new = [term(f"New {number}") for number in range(turn * 10, turn * 10 + 10)]
            path = write([*many(100, f"x {turn}"), *new], f"{turn}.json")
            seeding.seed([path], update=True)

    assert in_threads(run, staff) == []
    made = Taxonomy.objects.filter(name__startswith="New ").count()
    assert made == 60


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_people_are_tracked_while_terms_are_renamed(write, make_person):
    seeding.seed([write(many(20))])
    people = [make_person(f"p{number}") for number in range(2)]

    def activity(person):
        for number in range(40):
            words = [f"Alias t {(number + step * 7) % 20}" for step in range(10)]
            track(person, "search", extracted_keywords=words)

    def rename():
        for turn in range(10):
            rows = [{**row, "name": f"{row['name']} {turn}"} for row in many(20)]
            path = write(rows, f"{turn}.json")
            seeding.seed([path], update=True)

    tasks = [rename, *[lambda person=person: activity(person) for person in people]]
    assert in_threads(*tasks) == []
    for person in people:
        tags = UserTag.objects.of(person)
        assert sum(tag.interaction_count for tag in tags) == 400
        assert {tag.name for tag in tags} == {f"Term t {number} 9" for number in range(20)}


def test_a_csv_file_may_be_written_by_a_spreadsheet(tmp_path):
    path = tmp_path / "sheet.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS.split(","))
        writer.writerow(["", 'The "Big" Band', "topic", "a, b", "", "", "", "FALSE"])
    seeding.seed([path])
    assert Taxonomy.objects.get().name == 'The "Big" Band'
