"""What files may say, and the one in the package."""

import csv

import pytest

from django_personalization import seeding
from django_personalization.models import (
    Taxonomy,
    TaxonomyRelation,
)
from django_personalization.seeding import Action
from django_personalization.vocabulary import current_vocabulary
from tests.seeding.support import (
    COLUMNS,
    aliases_of,
    command,
    relations,
    snapshot,
    stored,
    term,
)

pytestmark = pytest.mark.django_db


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
        ', "Blues", topic,,,,,no',
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


def test_a_csv_file_may_be_written_by_a_spreadsheet(tmp_path):
    path = tmp_path / "sheet.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS.split(","))
        writer.writerow(["", 'The "Big" Band', "topic", "a, b", "", "", "", "FALSE"])
    seeding.seed([path])
    assert Taxonomy.objects.get().name == 'The "Big" Band'
