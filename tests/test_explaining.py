"""Reasons that are the score."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_personalization import ranking, scoring, tagging
from django_personalization.choices import Mode, TagSource, TagState
from django_personalization.exceptions import InvalidInput
from django_personalization.explaining import explain, explain_many
from django_personalization.models import (
    PersonalizationSettings,
    Taxonomy,
    TaxonomyRelation,
    UserTag,
)
from django_personalization.recommendations import recommend
from django_personalization.term_statistics import forget_statistics
from django_personalization.text import term_key
from django_personalization.tracking import track
from tests.catalogues import KINDS, declared, few, worlds
from tests.hosts.library.models import Book

pytestmark = pytest.mark.django_db


def book(title, *topics, **fields):
    made = Book.objects.create(title=title, **fields)
    made.topics.set(topics)
    return made


def ranked(person, **options):
    return {row.title: row for row in ranking.personalize(Book.objects.all(), person, **options)}


def test_a_picked_tag_is_the_reason(person, terms):
    both = book("both", terms["python"], terms["ai"])
    tagging.pick(person, taxonomy=terms["python"])
    explanation = explain(both, person)
    [reason] = explanation.reasons
    assert reason.contribution == explanation.score == ranked(person)["both"].relevance > 0
    assert (reason.term, reason.kind, reason.share) == ("Python", "own", 1.0)
    assert reason.text == "It is about “Python”, which you picked."
    assert reason.taxonomy_id == terms["python"].pk
    assert reason.tag.name == "Python"


def test_inferred_evidence_is_counted_dated_and_named(person, terms):
    read = book("read", terms["python"])
    last = timezone.now() - timedelta(days=1)
    track(person, "search", text="python", occurred_at=last - timedelta(days=2))
    track(person, "project_create", extracted_keywords=["Python"], occurred_at=last)
    [reason] = explain(read, person).reasons
    [evidence] = reason.evidence
    assert evidence.count == 2
    assert evidence.last == last
    assert evidence.kinds == ("project_create", "search")
    assert reason.text.startswith(
        "It is about “Python”, which follows from 2 interactions (Project created and Search), "
        "the last on "
    )


@pytest.mark.parametrize("kind", ["related", "broader", "narrower"])
def test_a_relative_is_explained_by_the_tag_that_it_comes_from(person, terms, kind):
    web = Taxonomy.objects.create(name="Web", category="topic")
    if kind == "related":
        TaxonomyRelation.objects.create(source=terms["python"], target=web, weight=0.8)
    else:
        child, parent = (terms["python"], web) if kind == "broader" else (web, terms["python"])
        child.parent = parent
        child.save()
    tagging.pick(person, taxonomy=terms["python"])
    site = book("site", web)
    explanation = explain(site, person)
    [reason] = explanation.reasons
    assert reason.kind == kind
    assert reason.tag.name == "Python"
    assert f"“Web” is {kind}" in reason.text
    assert "“Python”, which you picked" in reason.text
    assert explanation.score == pytest.approx(ranked(person)["site"].relevance, abs=1e-9)
    assert [control.action for control in reason.controls][-1] == "hide_term"


def test_a_term_that_is_no_tag_of_ones_own_can_be_hidden(api, person, terms):
    web = Taxonomy.objects.create(name="Web", category="topic")
    TaxonomyRelation.objects.create(source=terms["python"], target=web, weight=0.8)
    tagging.pick(person, taxonomy=terms["python"])
    site, snake = book("site", web), book("snake", terms["python"])
    [reason] = explain(site, person).reasons
    control = reason.controls[-1]
    assert (control.action, control.label) == ("hide_term", "Hide “Web”")
    answer = getattr(api, control.method.lower())(control.path, control.body, format="json")
    assert answer.status_code == 201
    assert (answer.data["name"], answer.data["state"]) == ("Web", "hidden")
    assert "site" not in ranked(person)
    [obstacle] = explain(site, person).obstacles
    assert [tag.name for tag in obstacle.tags] == ["Web"]
    assert explain(snake, person).score == ranked(person)["snake"].relevance > 0
    assert UserTag.objects.get(user=person, taxonomy=terms["python"]).state == "active"


def test_the_controls_are_calls_that_change_the_reason(api, person, terms):
    liked = book("liked", terms["python"])
    track(person, "project_create", content=liked)
    before = explain(liked, person)
    controls = {control.action: control for control in before.reasons[0].controls}
    assert set(controls) == {"less", "more", "hide", "remove", "why"}

    def call(action):
        control = controls[action]
        return getattr(api, control.method.lower())(control.path, control.body, format="json")

    assert call("less").status_code == 200
    assert explain(liked, person).score == pytest.approx(before.score / 2)
    assert call("more").status_code == 200
    assert explain(liked, person).score == pytest.approx(before.score * 2)
    assert call("hide").status_code == 200
    assert explain(liked, person).is_left_out
    assert call("remove").status_code == 204
    assert not explain(liked, person).is_left_out


class TestWhyNot:
    def test_hidden(self, api, person, terms):
        gone = book("gone", terms["python"], terms["ai"])
        tagging.pick(person, taxonomy=terms["ai"])
        tagging.hide(person, taxonomy=terms["python"])
        explanation = explain(gone, person)
        assert explanation.is_left_out
        assert "gone" not in ranked(person)
        [obstacle] = explanation.obstacles
        assert obstacle.text == "It is hidden, because it has what the person hid: “Python”."
        [control] = obstacle.controls
        assert api.post(control.path).status_code == 200
        assert not explain(gone, person).is_left_out

    def test_own(self, person, terms):
        own = book("own", terms["python"], author=person)
        tagging.pick(person, taxonomy=terms["python"])
        assert [o.code for o in explain(own, person).obstacles] == ["own"]
        assert "own" not in ranked(person)

    @pytest.mark.parametrize("code", ["no_terms", "no_tags", "no_match", "removed"])
    def test_worth_nothing(self, person, terms, code):
        topics = [] if code == "no_terms" else [terms["cpp"]]
        other = book("other", *topics)
        if code != "no_tags":
            tagging.pick(person, taxonomy=terms["python"])
        if code == "removed":
            tagging.drop(tagging.pick(person, taxonomy=terms["cpp"])[0])
        explanation = explain(other, person)
        assert explanation.score == ranked(person)["other"].relevance == 0
        assert not explanation.is_left_out
        assert code in [obstacle.code for obstacle in explanation.obstacles]
        assert all(obstacle.text for obstacle in explanation.obstacles)

    def test_strangers_and_people_without_personalization(self, person, terms):
        other = book("other", terms["python"])
        tagging.pick(person, taxonomy=terms["python"])
        assert [o.code for o in explain(other, AnonymousUser()).obstacles] == ["anonymous"]
        PersonalizationSettings.objects.create(user=person, mode=Mode.NONE)
        explanation = explain(other, person)
        assert [o.code for o in explanation.obstacles] == ["mode_none"]
        assert explanation.reasons == ()


def test_a_model_that_is_not_registered_is_named(person, terms):
    with pytest.raises(InvalidInput, match=r"taxonomy is not registered.*library\.book"):
        explain(terms["python"], person)


def test_three_queries_for_twenty(person, terms, django_assert_max_num_queries):
    books = [book(f"b{n}", *list(terms.values())[: n % 4]) for n in range(20)]
    for name in ("python", "ai"):
        track(person, "project_create", extracted_keywords=[terms[name].name])
    explain(books[1], person)
    with django_assert_max_num_queries(3):
        explanations = explain_many(books, person)
        texts = [reason.text for found in explanations for reason in found.reasons]
        controls = [reason.controls for found in explanations for reason in found.reasons]
    assert len(explanations) == 20
    assert all(texts)
    assert all(controls)
    with django_assert_max_num_queries(0):
        assert explain_many([], person) == []


@pytest.fixture
def vocabulary(db):
    found = [Taxonomy.objects.create(name=f"term {n}", category="topic") for n in range(12)]
    for child, parent in ((1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 9)):
        found[child].parent = found[parent]
        found[child].save()
    for source, target, weight in ((3, 7, 1.0), (7, 8, 0.4), (0, 10, 0.7), (6, 3, 0.2)):
        TaxonomyRelation.objects.create(
            source=found[source],
            target=found[target],
            weight=weight,
            is_symmetric=source != 7,
        )
    found[8].is_sensitive = True
    found[8].save()
    return found


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_contributions_sum_to_the_relevance_of_every_item(person, other, vocabulary, data):
    UserTag.objects.filter(user=person).delete()
    Book.objects.all().delete()
    forget_statistics()
    some = st.lists(st.sampled_from(vocabulary), max_size=5, unique=True)
    for number in range(data.draw(st.integers(1, 12))):
        book(f"b{number}", *data.draw(some), author=data.draw(st.sampled_from([other, None])))
    for term in data.draw(some):
        tag, _new = tagging.pick(person, taxonomy=term)
        tagging.weigh(tag, data.draw(st.sampled_from([0.5, 1, 2])))
    for term in data.draw(some):
        days = data.draw(st.integers(0, 100))
        at = timezone.now() - timedelta(days=days)
        track(person, "project_create", extracted_keywords=[term.name], occurred_at=at)
    for term in data.draw(some)[:2]:
        data.draw(st.sampled_from([tagging.hide, _dismiss]))(person, taxonomy=term)

    found = ranked(person)
    books = list(Book.objects.all())
    for row, explanation in zip(books, explain_many(books, person), strict=True):
        if row.title not in found:
            assert explanation.is_left_out
            continue
        assert not explanation.is_left_out
        total = sum(reason.contribution for reason in explanation.reasons)
        assert total == pytest.approx(found[row.title].relevance, abs=1e-9)
        assert explanation.score == pytest.approx(total, abs=1e-12)
        assert sum(reason.share for reason in explanation.reasons) in (0, pytest.approx(1))
        assert bool(explanation.reasons) != bool(explanation.obstacles)


profiles = st.tuples(
    st.sampled_from(["picked", "inferred", "dismissed", "hidden"]),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.floats(0.35, 12.0),
)
FREE = ("Bees", "Rare birds", "ängström")


@pytest.mark.parametrize("name", KINDS)
@settings(few, max_examples=15)
@given(world=worlds(), data=st.data())
def test_the_contributions_sum_to_the_relevance_of_every_kind(name, world, data, person, other):
    kind, now = KINDS[name], timezone.now()
    if kind.single:
        world = replace(world, items=tuple(dict(list(some.items())[:1]) for some in world.items))
    with declared(kind.model, **kind.declaration):
        world.store(kind, person, now)
        if kind.free:
            _give_free_tags(kind, person, now, data)
        mode = data.draw(st.sampled_from([Mode.FULL, Mode.EXPLICIT]))
        PersonalizationSettings.objects.update_or_create(user=person, defaults={"mode": mode})
        objects = list(kind.model.objects.all())
        scores = _scores(kind, person, now)
        found = explain_many(objects, person, now=now)
        for obj, explanation in zip(objects, found, strict=True):
            assert explanation.is_left_out == (obj.pk not in scores)
            total = sum(reason.contribution for reason in explanation.reasons)
            assert total == pytest.approx(scores.get(obj.pk, 0.0), abs=1e-9)
            assert explanation.score == pytest.approx(total, abs=1e-12)
            assert sum(reason.share for reason in explanation.reasons) in (0, pytest.approx(1))
            assert bool(explanation.reasons) != bool(explanation.obstacles)
            assert all(part.text for part in (*explanation.reasons, *explanation.obstacles))


def _scores(kind, person, now):
    rows = ranking.personalize(kind.model.objects.all(), person, now=now)
    return {row.pk: row.relevance for row in rows}


def _give_free_tags(kind, person, now, data):
    """Give the person tags that no term stands behind, and items with such labels."""
    growth = scoring.growth(now.replace(minute=0, second=0, microsecond=0), 30)
    tags = data.draw(st.dictionaries(st.sampled_from(FREE), profiles, max_size=3))
    for name, (what, weight, units) in tags.items():
        UserTag.objects.create(
            user=person,
            name=name,
            key=term_key(name),
            source=TagSource.AUTO_ACTIVITY if what == "inferred" else TagSource.MANUAL,
            state=what if what in {"hidden", "dismissed"} else TagState.ACTIVE,
            weight=weight,
            evidence=units * growth,
        )
    shares = st.dictionaries(st.sampled_from(FREE), st.sampled_from([0.25, 3.0]), max_size=3)
    for some in data.draw(st.lists(shares, max_size=4)):
        kind.make(**some)
    forget_statistics()


def _dismiss(person, taxonomy):
    tagging.drop(tagging.pick(person, taxonomy=taxonomy)[0])


class TestRecommend:
    def test_the_best_of_what_may_be_seen_with_reasons(self, person, terms):
        book("other", terms["cpp"])
        book("secret", terms["python"], is_public=False)
        book("mine", terms["python"], author=person)
        book("best", terms["python"])
        tagging.pick(person, taxonomy=terms["python"])
        first, second = recommend(Book, person, limit=5)
        assert [first.obj.title, second.obj.title] == ["best", "other"]
        assert first.score == pytest.approx(first.explanation.score)
        assert first.explanation.reasons[0].term == "Python"
        assert second.score == 0
        assert len(recommend(Book, person, limit=1)) == 1

    def test_the_number_of_queries_does_not_grow(
        self, person, terms, django_assert_max_num_queries
    ):
        for number in range(30):
            book(f"b{number}", terms["python"])
        track(person, "project_create", extracted_keywords=["Python"])
        recommend(Book, person)
        with django_assert_max_num_queries(6):
            assert len(recommend(Book, person, limit=30)) == 30
