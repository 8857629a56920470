"""The state machine of tags, sentence by sentence."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from django_personalization import tagging
from django_personalization.exceptions import InvalidInput
from django_personalization.models import Taxonomy, TaxonomyAlias, UserInteraction, UserTag
from django_personalization.profiles import profile_of
from django_personalization.signals import tags_changed
from django_personalization.tracking import take_back, track
from django_personalization.vocabulary import current_vocabulary
from tests.test_concurrency import together

pytestmark = pytest.mark.django_db


def infer(person, keyword="Python"):
    track(person, "search", extracted_keywords=[keyword])
    return UserTag.objects.of(person).get(name=keyword)


def test_a_pick_is_manual_and_certain(person, terms):
    tag, created = tagging.pick(person, taxonomy=terms["python"])
    assert created
    assert (tag.source, tag.confidence_score, tag.state) == ("manual", 1.0, "active")
    assert (tag.name, tag.taxonomy, tag.weight) == ("Python", terms["python"], 1.0)
    again, created = tagging.pick(person, name=" python")
    assert not created
    assert again == tag
    assert again.updated_at == tag.updated_at


def test_a_pick_by_an_alias_is_the_term(person, terms):
    tag, _created = tagging.pick(person, name="ml")
    assert tag.taxonomy == terms["ai"]
    assert tag.name == "AI & Machine Learning"


def test_a_pick_of_something_unknown_is_a_free_tag(person, terms):
    tag, _created = tagging.pick(person, name=" Zig  lang ")
    assert (tag.name, tag.taxonomy) == ("Zig lang", None)


def test_a_sensitive_term_may_be_picked(person, terms):
    assert tagging.pick(person, taxonomy=terms["faith"])[0].state == "active"


def test_a_pick_promotes_an_inferred_tag_and_keeps_its_evidence(person, terms):
    inferred = infer(person)
    tag, created = tagging.pick(person, taxonomy=terms["python"])
    assert not created
    assert tag.pk == inferred.pk
    assert (tag.source, tag.confidence_score) == ("manual", 1.0)
    assert (tag.evidence, tag.interaction_count) == (inferred.evidence, 1)


def test_evidence_adds_to_a_picked_tag_and_leaves_its_source(person, terms):
    tagging.pick(person, taxonomy=terms["python"])
    tag = infer(person)
    assert (tag.source, tag.confidence_score, tag.interaction_count) == ("manual", 1.0, 1)


@pytest.mark.parametrize("leave", [tagging.drop, lambda tag: tagging.change(tag, state="hidden")])
def test_a_pick_brings_back_what_was_dismissed_or_hidden(person, terms, leave):
    leave(infer(person))
    tag, created = tagging.pick(person, taxonomy=terms["python"])
    assert not created
    assert (tag.state, tag.source) == ("active", "manual")


def test_a_dismissed_tag_gets_no_evidence(person, terms):
    tag = tagging.drop(infer(person))
    infer(person)
    assert UserTag.objects.get(pk=tag.pk).evidence == tag.evidence
    assert UserTag.objects.get(pk=tag.pk).state == "dismissed"


def test_undo_restores_what_was(person, terms):
    before = infer(person)
    after = tagging.restore(tagging.drop(before))
    for name in ("source", "evidence", "confidence_score", "interaction_count", "weight", "state"):
        assert getattr(after, name) == getattr(before, name)


def test_hiding_makes_a_row_or_changes_it(person, terms):
    tag, created = tagging.hide(person, taxonomy=terms["python"])
    assert created
    assert tag.state == "hidden"
    infer(person)
    assert UserTag.objects.get(pk=tag.pk).interaction_count == 0
    kept = infer(person, "Zig")
    hidden, created = tagging.hide(person, name="zig")
    assert not created
    assert (hidden.pk, hidden.state, hidden.evidence) == (kept.pk, "hidden", kept.evidence)


def test_undo_of_hiding_is_no_pick(person, terms):
    """Who hides what they never had, and takes it back, has it as little as before."""
    tag, _created = tagging.hide(person, taxonomy=terms["python"])
    restored = tagging.restore(tag)
    assert (restored.state, restored.confidence_at(timezone.now())) == ("active", 0)
    now = timezone.now()
    tags = UserTag.objects.of(person)
    assert not tags.listed(now).exists()
    assert not tags.manual().exists()
    assert not profile_of(person).tags
    assert not profile_of(person).refused
    # Nothing is left that no list would have, so what is learned later is a tag of its own.
    assert not tags.exists()
    infer(person)
    assert tags.inferred(timezone.now()).get().name == tag.name


@pytest.mark.parametrize("weight", [None, 0.5, 2])
@pytest.mark.parametrize("many", [False, True])
def test_what_nothing_speaks_for_goes_when_it_is_restored(person, other, terms, weight, many):
    tag, _created = tagging.hide(person, taxonomy=terms["python"], weight=weight)
    kept = [
        tagging.drop(infer(person, "Zig")),
        tagging.drop(tagging.pick(person, name="Nim")[0]),
        tagging.hide(other, taxonomy=terms["python"])[0],
    ]
    if many:
        mine = UserTag.objects.of(person)
        assert tagging.change_many(mine, state="active") == 3
        assert tagging.change_many(mine, state="active") == 0
    else:
        restored = [tagging.restore(row) for row in (tag, *kept[:2])]
        assert [row.state for row in restored] == ["active"] * 3
        assert [row.pk for row in restored] == [tag.pk, kept[0].pk, kept[1].pk]
        with pytest.raises(UserTag.DoesNotExist):
            tagging.restore(tag)
    assert set(UserTag.objects.all()) == set(kept)


def test_what_lost_its_events_while_it_was_hidden_goes_when_it_is_restored(person):
    event = track(person, "search", extracted_keywords=["Zig"]).interaction
    tag = UserTag.objects.get()
    tagging.change(tag, state="dismissed", weight=2)
    take_back(event)
    tagging.change(tag, state="hidden")
    assert UserTag.objects.get().weight == 2
    assert tagging.change(tag, state="active").weight == 2
    assert not UserTag.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_learned_while_a_tag_is_restored_is_not_lost(person):
    """Whoever comes second finds the row of the first, or makes one: no event is lost."""

    def step(number):
        for turn in range(30):
            name = f"Word {turn}"
            if number == 0:
                tagging.restore(tagging.hide(person, name=name)[0])
            else:
                track(person, "search", extracted_keywords=[name])

    together(step, threads=2)
    for tag in UserTag.objects.of(person):
        assert tag.interaction_count == 1
    taught = UserInteraction.objects.exclude(fed_terms={}).count()
    assert UserTag.objects.of(person).count() == taught


def test_undo_of_hiding_a_pick_is_the_pick(person, terms):
    tag, _created = tagging.pick(person, taxonomy=terms["python"], weight=2)
    tagging.hide(person, taxonomy=terms["python"])
    restored = tagging.restore(tag)
    assert (restored.state, restored.source, restored.weight) == ("active", "manual", 2)
    assert restored.confidence_score == 1


def test_a_pick_with_a_weight(person, terms):
    less, created = tagging.pick(person, taxonomy=terms["python"], weight=0.5)
    assert created
    assert (less.weight, less.source, less.state) == (0.5, "manual", "active")
    kept, created = tagging.pick(person, taxonomy=terms["python"])
    assert not created
    assert (kept.weight, kept.updated_at) == (0.5, less.updated_at)
    more, _created = tagging.pick(person, name="python", weight=2)
    assert (more.pk, more.weight) == (less.pk, 2)
    assert more.updated_at > less.updated_at


@pytest.mark.parametrize("door", [tagging.pick, tagging.hide])
def test_a_weight_that_is_none_changes_nothing(person, terms, door):
    for wrong in (3, -1, float("nan"), "2"):
        with pytest.raises(InvalidInput, match=r"0\.5 \(Less\), 1 \(Normal\), 2 \(More\)"):
            door(person, taxonomy=terms["python"], weight=wrong)
    assert not UserTag.objects.exists()


def test_weights(person, terms):
    tag = infer(person)
    assert tagging.weigh(tag, 2).weight == 2
    for wrong in (3, -1, float("nan")):
        with pytest.raises(InvalidInput, match=r"0\.5 \(Less\), 1 \(Normal\), 2 \(More\)"):
            tagging.weigh(tag, wrong)
    with pytest.raises(InvalidInput, match="active, dismissed, hidden"):
        tagging.change(tag, state="gone")


@pytest.mark.parametrize("name", [None, "", "  ", "x" * 101, "a\x00b", "\ud800"])
def test_a_name_that_cannot_be_one_is_refused(person, name):
    with pytest.raises(InvalidInput, match="name"):
        tagging.pick(person, name=name)
    assert not UserTag.objects.exists()


def test_inactive_terms_cannot_be_picked(person, terms):
    with pytest.raises(InvalidInput, match="taxonomy: No active taxonomy"):
        tagging.pick(person, taxonomy=terms["retired"])
    with pytest.raises(InvalidInput, match="not offered any more"):
        tagging.pick(person, name="flash")


def test_many_picks_are_all_or_none(person, terms):
    ids = [terms["ai"].pk, terms["python"].pk, terms["ai"].pk]
    assert [tag.taxonomy_id for tag in tagging.pick_many(person, ids)] == ids[:2]
    with pytest.raises(InvalidInput, match="999"):
        tagging.pick_many(person, [terms["cpp"].pk, 999, terms["retired"].pk])
    assert UserTag.objects.of(person).count() == 2


def test_many_drops_count_only_ones_own(person, other, terms):
    mine, _ = tagging.pick(person, taxonomy=terms["python"])
    theirs, _ = tagging.pick(other, taxonomy=terms["python"])
    assert tagging.drop_many(person, [mine.pk, mine.pk, theirs.pk, 999]) == 1
    assert tagging.drop_many(person, [mine.pk]) == 0
    theirs.refresh_from_db()
    assert theirs.state == "active"


def test_the_selection_becomes_exactly_this(person, terms):
    tagging.pick(person, taxonomy=terms["python"])
    tagging.pick(person, name="Zig")
    picked = tagging.set_selection(person, [terms["ai"].pk, terms["cpp"].pk])
    assert {tag.name for tag in picked} == {"Zig", "C++", "AI & Machine Learning"}
    assert UserTag.objects.of(person).get(name="Python").state == "dismissed"
    with pytest.raises(InvalidInput):
        tagging.set_selection(person, [terms["python"].pk, 999])
    assert {t.name for t in UserTag.objects.of(person).manual()} == {tag.name for tag in picked}
    assert [tag.name for tag in tagging.set_selection(person, [])] == ["Zig"]


def test_a_term_that_was_retired_stays_picked(person, terms):
    tagging.pick(person, taxonomy=terms["python"])
    terms["python"].is_active = False
    terms["python"].save()
    assert len(tagging.set_selection(person, [terms["python"].pk])) == 1


def test_the_selection_needs_the_same_queries_whatever_its_size(person, django_assert_num_queries):
    rows = Taxonomy.objects.bulk_create(
        [Taxonomy(name=f"Term {i}", category="skill") for i in range(60)]
    )
    ids = [row.pk for row in rows]
    tagging.set_selection(person, ids[:2])
    with django_assert_num_queries(8):
        tagging.set_selection(person, ids[2:4])
    with django_assert_num_queries(8):
        tagging.set_selection(person, ids[30:])


def test_deleting_a_term_keeps_the_name(person, terms):
    tagging.pick(person, taxonomy=terms["python"])
    terms["python"].delete()
    tag = UserTag.objects.of(person).get()
    assert (tag.name, tag.taxonomy, tag.state) == ("Python", None, "active")


def test_tags_follow_a_rename(person, terms):
    tag = infer(person)
    terms["python"].name = "Python language"
    terms["python"].save()
    tag.refresh_from_db()
    assert tag.name == "Python language"
    assert tag.key == terms["python"].key


def test_a_rename_onto_a_free_tag_makes_one_of_two(person, terms):
    own = infer(person)
    free = tagging.weigh(tagging.pick(person, name="Zig")[0], 2)
    infer(person, "Zig")
    terms["python"].name = "Zig"
    terms["python"].save()
    tag = UserTag.objects.of(person).get()
    assert (tag.pk, tag.name, tag.taxonomy) == (own.pk, "Zig", terms["python"])
    assert (tag.source, tag.weight, tag.interaction_count) == ("manual", 2.0, 2)
    assert tag.evidence == pytest.approx(2 * own.evidence)
    assert free.pk != tag.pk


def test_a_no_survives_a_rename(person, terms):
    infer(person)
    tagging.drop(tagging.pick(person, name="Zig")[0])
    terms["python"].name = "Zig"
    terms["python"].save()
    assert UserTag.objects.of(person).get().state == "dismissed"


def test_a_new_term_adopts_free_tags(person):
    tag = infer(person, "zig")
    zig = Taxonomy.objects.create(name="Zig", category="skill")
    tag.refresh_from_db()
    assert (tag.taxonomy, tag.name) == (zig, "Zig")


@pytest.mark.parametrize(
    "wrong",
    [
        {"confidence_score": 1.1},
        {"confidence_score": -0.1},
        {"evidence": -1},
        {"interaction_count": -1},
        {"weight": -0.5},
        {"key": ""},
    ],
)
def test_the_database_keeps_tags_sound(person, terms, wrong):
    tag = infer(person)
    with pytest.raises(IntegrityError), transaction.atomic():
        UserTag.objects.filter(pk=tag.pk).update(**wrong)


def test_a_tag_exists_once(person, terms):
    tag = infer(person)
    with pytest.raises(IntegrityError), transaction.atomic():
        UserTag.objects.create(user=person, name="python", key=tag.key)


def test_hosts_hear_of_changes_after_commit(person, terms, django_capture_on_commit_callbacks):
    heard = []

    def listen(user_id, keys, **kwargs):
        heard.append((user_id, keys))

    tags_changed.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            tagging.pick(person, taxonomy=terms["python"])
            assert heard == []
    finally:
        tags_changed.disconnect(listen)
    assert heard == [(person.pk, [terms["python"].key])]


def test_a_former_name_still_means_the_term(person, terms):
    tagging.drop(infer(person))
    terms["python"].name = "Python language"
    terms["python"].save()
    terms["faith"].name = "Religion & belief"
    terms["faith"].save()
    row = track(person, "search", extracted_keywords=["Python", "Religion"]).interaction
    assert not UserTag.objects.of(person).filter(state="active").exists()
    assert row.extracted_keywords == ["Python"]


def spellings(term):
    return set(term.aliases.values_list("name", flat=True))


def test_a_former_alias_still_means_the_term(person, terms):
    alias = TaxonomyAlias.objects.create(taxonomy=terms["python"], name="Py")
    tagging.drop(infer(person))
    alias.name = "Pyx"
    alias.save()
    assert spellings(terms["python"]) == {"Py", "Pyx"}
    track(person, "search", extracted_keywords=["Py", "py"], text="py and pyx")
    assert UserTag.objects.of(person).get().state == "dismissed"
    alias.name = "PYX"
    alias.save()
    alias.name = "py 3"
    alias.save(update_fields=["name"])
    assert spellings(terms["python"]) == {"Py", "PYX", "py 3"}


def test_a_former_alias_stays_with_its_term_when_the_row_moves(terms):
    alias = TaxonomyAlias.objects.create(taxonomy=terms["python"], name="Py")
    alias.taxonomy, alias.name = terms["cpp"], "Cpp"
    alias.save()
    assert (spellings(terms["python"]), spellings(terms["cpp"])) == ({"Py"}, {"Cpp"})
    alias.taxonomy = terms["ai"]
    alias.save()
    assert (spellings(terms["cpp"]), spellings(terms["ai"]) & {"Cpp"}) == (set(), {"Cpp"})


def test_what_a_former_alias_means_by_now_it_goes_on_meaning(terms):
    """The retired term Flash is found under its name, and no alias takes that."""
    TaxonomyAlias.objects.bulk_create([TaxonomyAlias(taxonomy=terms["cpp"], name="Flash")])
    alias = TaxonomyAlias.objects.get(name="Flash")
    alias.name = "Flash lang"
    alias.save()
    assert spellings(terms["cpp"]) == {"Flash lang"}
    assert current_vocabulary().resolve("flash").name == "Flash"


def test_a_deleted_alias_means_nothing_any_more(person, terms):
    alias = TaxonomyAlias.objects.create(taxonomy=terms["python"], name="Py")
    tagging.drop(infer(person))
    alias.delete()
    track(person, "search", extracted_keywords=["Py"])
    states = UserTag.objects.of(person).values_list("name", "state")
    assert set(states) == {("Python", "dismissed"), ("Py", "active")}


def test_a_new_alias_adopts_free_tags_and_a_no_wins(person, terms):
    infer(person, "py")
    tagging.drop(infer(person, "snakelang"))
    infer(person, "Python")
    for name in ("py", "snakelang"):
        TaxonomyAlias.objects.create(taxonomy=terms["python"], name=name)
    tag = UserTag.objects.of(person).get()
    assert (tag.name, tag.state, tag.interaction_count) == ("Python", "dismissed", 3)


def test_a_merge_keeps_the_weight_that_the_person_set(person, terms):
    tagging.weigh(tagging.pick(person, name="Zig")[0], 0.5)
    tagging.pick(person, taxonomy=terms["python"])
    terms["python"].name = "Zig"
    terms["python"].save()
    assert UserTag.objects.of(person).get().weight == 0.5


@pytest.mark.parametrize(
    "name", ["\u200b", "\u202e\ufeff", "\u2800\u3164", "\ufe0f", "\x1b[2J", "a\x85b"]
)
def test_names_of_nothing_visible_are_refused(person, name):
    with pytest.raises(InvalidInput, match="name"):
        tagging.pick(person, name=name)


INVISIBLE = [
    *"\u200b\ufeff\u00ad\u200e\u200d\ufe0f\u034f\u3164\u2800\u180b\u17b4\u115f\ufffc",
    "\U000e0100",
]


@pytest.mark.parametrize("place", ["{}Python", "Py{}thon", "Python{}"])
@pytest.mark.parametrize("invisible", INVISIBLE, ids=ascii)
def test_invisible_characters_do_not_make_another_tag(person, terms, place, invisible):
    spelling = place.format(invisible)
    tagging.drop(infer(person))
    track(person, "search", extracted_keywords=[spelling], text=f"about {spelling}")
    assert UserTag.objects.of(person).get().state == "dismissed"
    free, _created = tagging.pick(person, name=f"Zi{invisible}g")
    assert free.name == "Zig"


def test_joiners_stay_where_scripts_and_emoji_need_them(person):
    for name in ("👩\u200d💻", "می\u200cخواهم", "❤\ufe0f"):
        assert tagging.pick(person, name=name)[0].name == name
