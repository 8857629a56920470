"""Names and texts become terms, and a change is seen at once."""

import os
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError
from threading import Thread
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from django_personalization import vocabulary as vocabulary_module
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


class TestSnapshot:
    @pytest.fixture
    def snapshot(self, terms):
        TaxonomyRelation.objects.create(source=terms["python"], target=terms["ai"], weight=0.5)
        Taxonomy.objects.filter(pk=terms["cpp"].pk).update(parent=terms["python"])
        return current_vocabulary()

    def test_nothing_of_it_can_be_changed(self, snapshot, terms):
        python = terms["python"].pk
        with pytest.raises(FrozenInstanceError):
            snapshot.get(python).is_active = False
        with pytest.raises(AttributeError):
            snapshot.narrower(python).append(1)
        for related in (snapshot.related(python), snapshot.related(terms["cpp"].pk)):
            with pytest.raises(TypeError):
                related[1] = 1.0
        with pytest.raises(AttributeError):
            snapshot.ids().clear()
        for name in [*vars(snapshot), "new"]:
            with pytest.raises(FrozenInstanceError):
                setattr(snapshot, name, {})
        for name, index in vars(snapshot).items():
            with pytest.raises(FrozenInstanceError):
                delattr(snapshot, name)
            if name != "_is_frozen":
                with pytest.raises(TypeError):
                    index[1] = 1

    def test_what_it_returns_is_the_callers_own(self, snapshot, terms):
        python = terms["python"].pk
        snapshot.match("python").clear()
        snapshot.with_narrower([python]).clear()
        assert names(snapshot.match("python")) == ["Python"]
        assert snapshot.with_narrower([python]) == {python, terms["cpp"].pk}

    def test_all_threads_share_it(self, snapshot):
        found = []
        threads = [
            Thread(target=lambda: found.append(current_vocabulary(token_of(snapshot))))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        assert all(other is snapshot for other in found)

    def test_what_a_reader_holds_stays_as_it_was(self, snapshot, terms):
        terms["python"].delete()
        assert snapshot.resolve("python").name == "Python"
        assert current_vocabulary().resolve("python") is None

    def test_a_circle_that_a_bulk_change_made_is_no_hierarchy(self, snapshot, terms):
        Taxonomy.objects.filter(pk=terms["python"].pk).update(parent=terms["cpp"])
        Taxonomy.objects.filter(pk=terms["ai"].pk).update(parent=terms["cpp"])
        vocabulary = current_vocabulary()
        python, cpp, ai = (terms[name].pk for name in ("python", "cpp", "ai"))
        assert (vocabulary.broader(python), vocabulary.broader(cpp)) == (None, None)
        assert vocabulary.broader(ai) == cpp
        assert vocabulary.with_narrower([cpp]) == {cpp, ai}

    def test_a_host_that_never_changed_it_reads_it_once(self, django_assert_num_queries):
        """As after `migrate`, which gives it its first token."""
        assert not Taxonomy.objects.exists()
        current_vocabulary()
        with django_assert_num_queries(1):
            current_vocabulary()


def token_of(snapshot):
    token, vocabulary = vocabulary_module._current
    assert vocabulary is snapshot
    return token


@pytest.mark.django_db(transaction=True)
def test_migrating_lets_every_process_read_again():
    """A migration of the host's may have written terms past the managers."""
    before = current_vocabulary()
    call_command("migrate", verbosity=0)
    assert current_vocabulary() is not before


READER = """
import sys
import django
django.setup()
from django_personalization.models import Taxonomy
from django_personalization.vocabulary import current_vocabulary
for line in sys.stdin:
    what, name = line.rstrip("\\n").split(" ", 1)
    if what == "add":
        Taxonomy.objects.create(name=name, category="skill")
    print("known" if current_vocabulary().resolve(name) else "unknown", flush=True)
"""


@pytest.fixture
def process(transactional_db):
    """Another process, with its own memory, on the same database."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    url = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", READER],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:

        def ask(what, name):
            print(what, name, file=other.stdin, flush=True)
            return other.stdout.readline().strip()

        yield ask
        other.stdin.close()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_change_in_another_process_is_seen_as_soon_as_it_is_committed(process):
    assert process("find", "Zig") == "unknown"
    Taxonomy.objects.create(name="Zig", category="skill")
    assert process("find", "Zig") == "known"
    with transaction.atomic():
        Taxonomy.objects.create(name="Nim", category="skill")
        assert current_vocabulary().resolve("Nim")
        assert process("find", "Nim") == "unknown"
    assert process("find", "Nim") == "known"
    assert current_vocabulary().resolve("Go") is None
    assert process("add", "Go") == "known"
    assert current_vocabulary().resolve("Go")
    Taxonomy.objects.get(name="Go").delete()
    assert process("find", "Go") == "unknown"
