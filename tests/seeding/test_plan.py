"""What becomes of rows: what staff changed stays, `update`, conflicts."""

import pytest

from django_personalization import seeding
from django_personalization.models import (
    Taxonomy,
    TaxonomyAlias,
)
from django_personalization.seeding import Action
from django_personalization.seeding.plan import VALUES
from django_personalization.text import term_key
from django_personalization.vocabulary import current_vocabulary
from tests.seeding.support import ORIGINAL, aliases_of, command, relations, snapshot, stored, term

pytestmark = pytest.mark.django_db


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
    # The name that staff had given stays a spelling of the term.
    assert aliases_of("jazz") == {"Bebop", "Jass", "Modern jazz"}
    assert relations() == [("jazz", "swing", 0.1, True), ("jazz", "blues", 0.8, True)]
    assert current_vocabulary().resolve("jazz").taxonomy_id == jazz.pk
    assert current_vocabulary().resolve("modern jazz").taxonomy_id == jazz.pk
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
    assert (stored("j").name, aliases_of("j")) == ("Jass", {"Jass", "Jazz"})


def test_the_name_may_become_an_alias(seed):
    seed(term("Jass", slug="j"))
    seed(term("Jazz", slug="j", aliases=["Jass"]), update=True)
    assert (stored("j").name, aliases_of("j")) == ("Jazz", {"Jass"})


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
    # Once the term is there, the file has no more to say about it.
    assert seed(term("Metal", aliases=["rock"])).remarked == []
    assert len(seed(term("Metal", aliases=["rock"]), update=True).remarked) == 1


def test_a_term_that_keeps_its_name_can_still_be_a_parent(seed):
    seed(term("Jazz", slug="a"), term("Rock", slug="b"))
    rows = [term("Rock", slug="a"), term("Bebop", parent="a", related=[{"slug": "a"}])]
    plan = seed(*rows, update=True)
    assert [step.action for step in plan.steps] == [Action.CONFLICT, Action.CREATE]
    assert plan.steps[1].remarks == ()
    assert stored("bebop").parent.name == "Jazz"
