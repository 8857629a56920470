"""Relations that suggest themselves: counted right, shown to staff, applied by nobody else."""

import io
import math

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from django_personalization import preferences, tagging
from django_personalization.association import association, combined
from django_personalization.content import register, unregister
from django_personalization.models import (
    RelationSuggestion,
    Taxonomy,
    TaxonomyRelation,
    UserTag,
)
from django_personalization.suggesting import (
    accept_suggestions,
    reject_suggestions,
    reopen_suggestions,
    suggest_relations,
)
from django_personalization.vocabulary import current_vocabulary
from tests.hosts.library.models import Book, Essay, Film, Link
from tests.synonyms import relate, search, suggest, term
from tests.test_admin import said

pytestmark = pytest.mark.django_db
LIST = reverse("admin:django_personalization_relationsuggestion_changelist")


@pytest.fixture
def three(db):
    """Two terms that go together, and one that goes with nothing."""
    return [term("Django"), term("Python"), term("Gardening")]


def books(count, *topics, **fields):
    for _number in range(count):
        Book.objects.create(title="x", **fields).topics.set(topics)


def people(make_person, count, *picks, prefix="p"):
    found = [make_person(f"{prefix}{number}") for number in range(count)]
    for someone in found:
        tagging.pick_many(someone, [row.pk for row in picks])
    return found


def names(suggested):
    return [
        "–".join(Taxonomy.objects.get(pk=pk).name for pk in candidate.pair)
        for candidate in suggested.candidates
    ]


# The measure


def test_the_measure():
    # Bouma 2009, discounted: 8 of 10 together, of 100.
    expected = math.log(8 * 100 / (10 * 10)) / -math.log(8 / 100) * (8 / 9) * (10 / 11)
    assert association(8, 10, 10, 100) == pytest.approx(expected)
    assert association(0, 10, 10, 100) == 0
    assert association(1, 10, 10, 100) == 0  # as often as by chance
    assert association(10, 10, 100, 100) == 0  # one has everything
    assert association(50, 50, 50, 100) == pytest.approx(50 / 51 * 50 / 51)
    assert combined([0.5, 0.5]) == 0.75
    assert combined([]) == 0
    with pytest.raises(ValueError, match="No counts"):
        association(5, 4, 9, 10)


@given(*[st.integers(0, 300)] * 4)
def test_the_measure_is_sound(both, first, second, neither):
    one, other, total = both + first, both + second, both + first + second + neither
    value = association(both, one, other, total)
    assert 0 <= value <= 1
    assert value == association(both, other, one, total)
    if one * other >= both * total:
        assert value == 0
    elif neither:  # what has neither makes it less of a coincidence
        assert value >= association(both, one, other, total - 1) - 1e-12


# What is counted


def test_terms_of_the_same_items(three):
    django, python, gardening = three
    books(5, django, python)
    books(10, gardening)
    suggested = suggest_relations()
    assert names(suggested) == ["Django–Python"]
    row = RelationSuggestion.objects.get()
    assert (row.source, row.target, row.status) == (django, python, "open")
    assert (row.people_support, row.item_support) == (0, 5)
    assert row.score == pytest.approx(association(5, 5, 5, 15))
    assert (suggested.created, suggested.withdrawn) == (1, 0)
    assert not TaxonomyRelation.objects.exists()


def test_terms_that_the_same_people_picked(make_person, three):
    django, python, gardening = three
    people(make_person, 6, django, python)
    people(make_person, 6, gardening, prefix="q")
    suggest_relations()
    row = RelationSuggestion.objects.get()
    assert (row.people_support, row.item_support) == (6, 0)
    assert row.score == pytest.approx(association(6, 6, 6, 12))


def test_both_kinds_add_to_each_other(make_person, three):
    django, python, gardening = three
    people(make_person, 6, django, python)
    people(make_person, 6, gardening, prefix="q")
    books(5, django, python)
    books(10, gardening)
    suggest_relations()
    strengths = [association(6, 6, 6, 12), association(5, 5, 5, 15)]
    row = RelationSuggestion.objects.get()
    assert row.score == pytest.approx(combined(strengths))
    assert (row.people_support, row.item_support) == (6, 5)


def test_fewer_people_than_the_least_are_shown_nowhere(make_person, three):
    django, python, gardening = three
    people(make_person, 4, django, python)
    people(make_person, 4, gardening, prefix="q")
    assert suggest_relations().candidates == []
    books(5, django, python)
    books(9, gardening)
    suggest_relations()
    assert RelationSuggestion.objects.get().people_support == 0
    for limits in ({"min_support": 1}, {"max_suggestions": 0}):
        with pytest.raises(ValueError, match="at least"):
            suggest_relations(**limits)


def test_only_picks_of_people_who_want_a_profile_count(make_person, three):
    django, python, gardening = three
    people(make_person, 5, gardening, prefix="q")
    [inferred, dropped, hidden, off, *_rest] = people(make_person, 8, django, python)
    UserTag.objects.of(inferred).delete()
    search(inferred, "Django", "Python")
    tagging.drop(UserTag.objects.of(dropped).first())
    tagging.hide(hidden, taxonomy=python)
    preferences.change_settings(off, mode="none")
    assert suggest_relations().candidates == []
    preferences.change_settings(off, mode="explicit")
    [candidate] = suggest_relations().candidates
    assert candidate.people == 5


@pytest.mark.parametrize("way", ["sensitive", "inactive"])
def test_sensitive_and_inactive_terms_never(make_person, three, way):
    django, python, gardening = three
    Taxonomy.objects.filter(pk=python.pk).update(
        is_sensitive=way == "sensitive", is_active=way != "inactive"
    )
    books(5, django, python)
    books(9, gardening)
    UserTag.objects.bulk_create(
        UserTag(user=someone, taxonomy=row, name=row.name, key=row.key)
        for someone in people(make_person, 9)
        for row in (django, python)
    )
    people(make_person, 9, gardening, prefix="q")
    assert suggest_relations().candidates == []


def test_what_the_vocabulary_says_already_is_not_suggested(three):
    django, python, gardening = three
    flask, html = term("Flask"), term("HTML")
    web = term("Web", parent=python)
    jinja = term("Jinja", parent=web)
    relate(python, django, is_symmetric=False)
    books(5, django, python, flask)
    books(5, python, jinja, web)
    books(30, gardening)
    books(5, html)
    assert names(suggest_relations()) == ["Django–Flask", "Python–Flask"]


def test_items_that_nobody_sees_do_not_count(three):
    django, python, gardening = three
    books(5, django, python, is_public=False)
    books(9, gardening)
    assert suggest_relations().candidates == []


def test_every_way_of_keeping_terms(three):
    django, python, gardening = three
    for number in range(12):
        film = Film.objects.create(title="x")
        for topic in [django, python, django] if number < 6 else [gardening]:
            Link.objects.create(film=film, topic=topic, weight=1)
        Essay.objects.create(title="x", topic=django)
    register(Film, terms="links__topic", shares="links__weight")
    register(Essay, terms="topic")
    try:
        [candidate] = suggest_relations().candidates
    finally:
        unregister(Film)
        unregister(Essay)
    assert (candidate.items, candidate.score) == (6, pytest.approx(association(6, 6, 6, 12)))


def test_who_picks_everything_ties_nothing(make_person, three, monkeypatch):
    django, python, gardening = three
    people(make_person, 6, django, python)
    people(make_person, 6, gardening, prefix="q")
    people(make_person, 6, *three, prefix="r")
    monkeypatch.setattr("django_personalization.cooccurrence.MOST_TERMS", 2)
    [candidate] = suggest_relations().candidates
    assert candidate.people == 6


def test_the_number_of_queries_is_that_of_the_kinds(
    make_person, three, django_assert_max_num_queries
):
    django, python, gardening = three
    rest = [term(f"Term {number}") for number in range(10)]

    def count():
        with django_assert_max_num_queries(18):
            return suggest_relations(min_support=2)

    count()
    books(5, django, python)
    books(5, gardening)
    people(make_person, 6, *rest)
    people(make_person, 6, gardening, prefix="q")
    assert count().created == 46
    assert count().created == 0


# What becomes of the list


def test_what_waits_is_counted_anew_and_withdrawn(three):
    django, python, gardening = three
    books(5, django, python)
    books(10, gardening)
    suggest_relations()
    before = RelationSuggestion.objects.get()
    books(5, django, python)
    suggest_relations()
    after = RelationSuggestion.objects.get()
    assert (after.pk, after.created_at) == (before.pk, before.created_at)
    assert (after.item_support, after.updated_at > before.updated_at) == (10, True)
    Book.objects.all().delete()
    suggested = suggest_relations()
    assert (suggested.created, suggested.withdrawn) == (0, 1)
    assert not RelationSuggestion.objects.exists()


def test_the_strongest_come_first_and_no_more_than_asked_for(three):
    django, python, gardening = three
    books(9, django, python)
    books(5, python, gardening)
    books(5, gardening)
    books(30, term("Knitting"))
    both = suggest_relations(min_support=2)
    assert names(both) == ["Django–Python", "Python–Gardening"]
    one = suggest_relations(min_support=2, max_suggestions=1)
    assert (names(one), one.withdrawn) == (["Django–Python"], 1)
    assert RelationSuggestion.objects.count() == 1


@pytest.mark.parametrize("status", ["rejected", "accepted"])
def test_what_was_decided_is_not_suggested_again(three, status):
    django, python, gardening = three
    suggest(django, python, status=status)
    books(5, django, python)
    books(9, gardening)
    assert suggest_relations().candidates == []
    assert RelationSuggestion.objects.get().status == status


def test_a_dry_run_writes_nothing(three):
    django, python, gardening = three
    books(5, django, python)
    books(9, gardening)
    suggested = suggest_relations(dry_run=True)
    assert suggested.created == 1
    assert not RelationSuggestion.objects.exists()


def test_accepting_relates(three):
    django, python, _gardening = three
    row = suggest(django, python, score=0.4567)
    before = current_vocabulary()
    assert accept_suggestions([row]) == 1
    relation = TaxonomyRelation.objects.get()
    assert (relation.source, relation.target) == (django, python)
    assert (relation.weight, relation.is_symmetric) == (0.46, True)
    row.refresh_from_db()
    assert row.status == "accepted"
    assert current_vocabulary() is not before
    assert accept_suggestions([row]) == 0


def test_accepting_changes_no_relation_and_makes_none_of_what_must_not(three):
    django, python, gardening = three
    relate(python, django, 0.9, is_symmetric=False)
    related, sensitive = suggest(django, python, score=0.4), suggest(django, gardening, score=0.4)
    Taxonomy.objects.filter(pk=gardening.pk).update(is_sensitive=True)
    weak = suggest(python, term("Rust"), score=0.001)
    assert accept_suggestions([related, sensitive, weak]) == 1
    weights = TaxonomyRelation.objects.order_by("pk").values_list("weight", flat=True)
    assert list(weights) == [0.9, 0.05]
    statuses = RelationSuggestion.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["accepted", "open", "accepted"]


def test_rejecting_and_reviewing_again(three):
    django, python, _gardening = three
    row = suggest(django, python, score=0.4)
    assert (reopen_suggestions([row]), reject_suggestions([row])) == (0, 1)
    assert (reject_suggestions([row]), reopen_suggestions([row])) == (0, 1)
    row.refresh_from_db()
    assert row.status == "open"
    assert not TaxonomyRelation.objects.exists()


# The command


def run(*words, **options):
    out = io.StringIO()
    call_command("suggest_relations", *words, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue().splitlines()


def test_the_command(three):
    django, python, gardening = three
    books(4, django, python)
    books(9, gardening)
    assert run() == [
        "Suggested relations: 0 wait for staff, 0 of them new; 0 withdrawn.",
    ]
    lines = run("--min-support", "4", "--dry-run")
    assert lines[0] == "0.64  Django – Python (0 people, 4 items)"
    assert lines[1].startswith("Suggested relations: 1 would wait for staff, 1 of them new; ")
    assert lines[1].endswith("0 would be withdrawn. Nothing was written.")
    assert not RelationSuggestion.objects.exists()
    assert run(min_support=4, limit=1)[-1].startswith("Suggested relations: 1 wait for staff, 1")
    assert run(verbosity=0) == []
    assert not RelationSuggestion.objects.exists()


@pytest.mark.parametrize(
    "words", [("--min-support", "1"), ("--limit", "0"), ("--limit", "x"), ("--min-support", "-3")]
)
def test_what_the_command_refuses(words):
    with pytest.raises(CommandError, match=r"is not a whole number|expected one"):
        run(*words)


# The list in the admin


@pytest.fixture
def office(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def waiting(three):
    django, python, gardening = three
    return [
        suggest(django, python, score=0.5, people_support=7),
        suggest(python, gardening, score=0.3, item_support=9),
        suggest(django, gardening, score=0.2, status="rejected"),
    ]


def shown(response):
    assert response.status_code == 200
    return [str(row) for row in response.context["cl"].result_list]


def act(client, action, *rows):
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(f"{LIST}?status=all", chosen)


def test_what_waits_is_listed_first(office, waiting):
    assert shown(office.get(LIST)) == ["Django – Python", "Python – Gardening"]
    assert shown(office.get(LIST, {"status": "rejected"})) == ["Django – Gardening"]
    assert len(shown(office.get(LIST, {"status": "all"}))) == 3
    assert shown(office.get(LIST, {"q": "garden"})) == ["Python – Gardening"]
    assert office.get(LIST, {"status": "nonsense"}).status_code in {200, 302}


def test_staff_decide(office, waiting):
    first, second, third = waiting
    assert said(act(office, "accept", first)) == "1 relation was made."
    assert said(act(office, "reject", second)) == "1 suggestion was rejected."
    assert said(act(office, "reopen", third)) == "1 suggestion waits again."
    assert TaxonomyRelation.objects.get().weight == 0.5
    statuses = RelationSuggestion.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["accepted", "rejected", "open"]


def test_suggestions_are_made_changed_and_deleted_by_nobody(office, waiting):
    row = waiting[0]
    page = "admin:django_personalization_relationsuggestion"
    assert office.get(reverse(f"{page}_add")).status_code == 403
    assert office.post(reverse(f"{page}_delete", args=[row.pk])).status_code == 403
    change = reverse(f"{page}_change", args=[row.pk])
    assert office.get(change).status_code == 200
    assert office.post(change, {"status": "accepted"}).status_code == 403
    assert RelationSuggestion.objects.filter(status="open").count() == 2
    # With its terms it goes.
    delete = reverse("admin:django_personalization_taxonomy_delete", args=[row.source_id])
    assert office.post(delete, {"post": "yes"}).status_code == 302
    assert not RelationSuggestion.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("missing", ["change_relationsuggestion", "add_taxonomyrelation", None])
def test_deciding_takes_two_permissions(client, make_person, waiting, missing):
    needed = {"view_relationsuggestion", "change_relationsuggestion", "add_taxonomyrelation"}
    clerk = make_person("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=needed - {missing}))
    client.force_login(clerk)
    assert len(shown(client.get(LIST))) == 2
    for action in ("accept", "reject"):
        act(client, action, waiting[0])
    assert TaxonomyRelation.objects.exists() is (missing is None)
    waiting[0].refresh_from_db()
    assert waiting[0].status == ("open" if missing else "accepted")


def test_the_list_takes_a_fixed_number_of_queries(office, django_assert_num_queries):
    def load():
        with django_assert_num_queries(5):
            shown(office.get(LIST))

    rows = [term(f"Term {number}") for number in range(12)]
    suggest(rows[0], rows[1])
    load()
    for row in rows[2:]:
        suggest(rows[0], row)
    load()
