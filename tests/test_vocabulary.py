"""Names and texts become terms, and a change is seen at once."""

import time

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from django_personalization.models import Taxonomy, TaxonomyAlias, TaxonomyRelation
from django_personalization.vocabulary import Term, Vocabulary, current_vocabulary

pytestmark = pytest.mark.django_db


def names(found):
    return [term.name for term in found]


@pytest.mark.parametrize("spelling", ["Python", "python", " PYTHON "])
def test_a_name_resolves_in_any_spelling(terms, spelling):
    assert current_vocabulary().resolve(spelling).taxonomy_id == terms["python"].pk


def test_an_alias_resolves_in_one_hop_and_nonsense_does_not(terms):
    assert current_vocabulary().resolve("ml").name == "AI & Machine Learning"
    assert current_vocabulary().resolve("Pythonic") is None


LABELS = ["C", "C++", "C#", ".NET", "Go", "Google Cloud", "Google", "東京", "Café", "R"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I write C++.", ["C++"]),
        ("c is old, c++ is not", ["C", "C++"]),
        ("C# and .NET", ["C#", ".NET"]),
        ("see example.net for more", []),
        ("Go beside Google, and Google Cloud", ["Go", "Google", "Google Cloud"]),
        ("going to Googleplex", []),
        ("我住在東京。", ["東京"]),
        ("the cafe\u0301 round the corner", ["Café"]),
        ("go go GO", ["Go"]),
        ("", []),
    ],
)
def test_texts(text, expected):
    vocabulary = Vocabulary([Term(f"{i:032}", name, i) for i, name in enumerate(LABELS)], [])
    assert names(vocabulary.match(text)) == expected


def test_matching_is_linear_and_quick():
    labels = [Term(f"{i:032}", f"label {i} of many words", i) for i in range(10_000)]
    vocabulary = Vocabulary(labels, [])
    sentence = "nothing here but label 7 of many words and label 9999 of many words "
    text = (sentence * 7)[:450]

    def seconds(repeats, of):
        start = time.process_time()
        for _ in range(repeats):
            vocabulary.match(of)
        return time.process_time() - start

    seconds(10, text)
    assert seconds(1000, text) < 3
    assert seconds(10, text * 100) < 20 * 100 * max(seconds(10, text), 1e-4)


def test_a_snapshot_is_kept_until_something_changes(terms, django_assert_num_queries):
    current_vocabulary()
    with django_assert_num_queries(1):
        first = current_vocabulary()
    with django_assert_num_queries(1):
        assert current_vocabulary() is first


@pytest.mark.parametrize(
    "change",
    [
        lambda t: Taxonomy.objects.create(name="Zig", category="skill"),
        lambda t: TaxonomyAlias.objects.create(name="Zig", taxonomy=t["python"]),
        lambda t: TaxonomyAlias.objects.bulk_create(
            [TaxonomyAlias(name="Zig", taxonomy=t["python"])]
        ),
        lambda t: Taxonomy.objects.filter(pk=t["python"].pk).update(name="Zig"),
        lambda t: Taxonomy.objects.bulk_create([Taxonomy(name="Zig", category="skill")]),
    ],
)
def test_every_kind_of_change_is_seen_at_once(terms, change):
    before = current_vocabulary()
    assert before.resolve("Zig") is None
    change(terms)
    assert current_vocabulary() is not before
    assert names(current_vocabulary().match("zig and zag"))


def test_a_deletion_is_seen_at_once(terms):
    assert current_vocabulary().resolve("python")
    terms["python"].delete()
    assert current_vocabulary().resolve("python") is None


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_is_never_seen():
    class Oops(Exception):
        pass

    Taxonomy.objects.create(name="Python", category="skill")
    current_vocabulary()

    def fail_after_a_change():
        with transaction.atomic():
            Taxonomy.objects.create(name="Zig", category="skill")
            assert current_vocabulary().resolve("Zig")
            raise Oops

    with pytest.raises(Oops):
        fail_after_a_change()
    assert current_vocabulary().resolve("Zig") is None
    assert current_vocabulary().resolve("Python")


def test_slugs_tell_apart_what_names_tell_apart():
    rows = [Taxonomy.objects.create(name=n, category="skill") for n in ("C", "C++", "C#", "東京")]
    assert rows[0].slug == "c"
    assert len({row.slug for row in rows}) == 4


def test_a_name_in_another_spelling_is_refused(terms):
    with pytest.raises(ValidationError, match="Python"):
        Taxonomy(name="PYTHON", category="skill").full_clean()
    with pytest.raises(ValidationError, match="already another name"):
        Taxonomy(name="ml", category="skill").full_clean()
    with pytest.raises(ValidationError, match="already means"):
        TaxonomyAlias(name="python", taxonomy=terms["ai"]).full_clean()
    Taxonomy(name="Kotlin", category="skill").full_clean()
    terms["python"].full_clean()
    terms["ai"].aliases.first().full_clean()


def test_parents_make_no_circle(terms):
    terms["cpp"].parent = terms["python"]
    terms["cpp"].save()
    terms["python"].parent = terms["cpp"]
    with pytest.raises(ValidationError, match="narrower"):
        terms["python"].full_clean()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t: Taxonomy.objects.create(name="python", category="skill"),
        lambda t: Taxonomy.objects.filter(pk=t["ai"].pk).update(parent=t["ai"]),
        lambda t: Taxonomy.objects.filter(pk=t["ai"].pk).update(key=""),
        lambda t: TaxonomyAlias.objects.create(name="MACHINE  Learning", taxonomy=t["cpp"]),
        lambda t: TaxonomyAlias.objects.filter(taxonomy=t["faith"]).update(key=""),
        lambda t: TaxonomyRelation.objects.create(source=t["ai"], target=t["ai"]),
        lambda t: TaxonomyRelation.objects.create(source=t["ai"], target=t["cpp"], weight=0),
        lambda t: TaxonomyRelation.objects.create(source=t["ai"], target=t["cpp"], weight=1.1),
        lambda t: TaxonomyRelation.objects.bulk_create(
            [TaxonomyRelation(source=t["ai"], target=t["cpp"])] * 2
        ),
    ],
)
def test_the_database_keeps_the_vocabulary_sound(terms, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        wrong(terms)


def test_a_category_that_a_host_adds_needs_no_migration(settings, terms):
    settings.DJANGO_PERSONALIZATION = {"TAXONOMY_CATEGORIES": {"mood": "Mood"}}
    row = Taxonomy(name="Calm", category="mood")
    row.full_clean()
    row.save()
    assert row.get_category_display() == "Mood"


def test_an_alias_wins_over_the_name_of_a_term_that_is_offered_no_more(terms):
    Taxonomy.objects.create(name="Snakes", category="topic")
    # What the admin refuses: only merging terms writes it, while it is under way.
    TaxonomyAlias.objects.bulk_create(
        [TaxonomyAlias(taxonomy=terms["python"], name=name) for name in ("Flash", "Snakes")]
    )
    vocabulary = current_vocabulary()
    assert vocabulary.resolve("flash").name == "Python"
    assert [term.name for term in vocabulary.match("flash, snakes")] == ["Python", "Snakes"]
