"""Merging that was stopped goes on, and merging is taken back."""

import io
import json
import operator
import stat
from copy import deepcopy
from functools import reduce

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from django_personalization import scoring, tagging
from django_personalization.choices import AuditOrigin
from django_personalization.exceptions import InvalidInput
from django_personalization.merging import merge_terms, undo_merge
from django_personalization.merging.rows import written_value
from django_personalization.models import (
    AuditEntry,
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    UserTag,
)
from django_personalization.tracking import take_back
from django_personalization.vocabulary import current_vocabulary
from tests.hosts.library.models import Book
from tests.synonyms import (
    a_busy_site,
    differences,
    drop_picked,
    hide,
    pick,
    relate,
    search,
    snapshot,
    stopped_after,
    tags_of,
    term,
)

pytestmark = pytest.mark.django_db


# Stopping and going on


@pytest.mark.parametrize("lines", range(0, 24, 3))
def test_a_merge_that_was_stopped_goes_on(make_person, py, snake, tmp_path, lines):
    people, third = a_busy_site(make_person, py, snake)
    before = snapshot()
    total = UserTag.objects.exclude(taxonomy=None).count()
    counts = sum(UserTag.objects.values_list("interaction_count", flat=True))
    file = tmp_path / "undo.jsonl"
    with stopped_after(lines):
        merge_terms(py, [snake, third], batch_size=2, undo=file)
    with file.open("a") as stream:
        stream.write('{"record": "ta')  # the power went
    refused = UserTag.objects.exclude(state="active").values_list("user", flat=True).distinct()
    assert sum(UserTag.objects.values_list("interaction_count", flat=True)) == counts
    merge_terms(py, [snake, third], batch_size=2, undo=file)
    tags = UserTag.objects.filter(taxonomy=py)
    assert tags.count() == len(people)
    assert total > len(people)
    assert set(tags.exclude(state="active").values_list("user", flat=True)) == set(refused)
    assert sum(UserTag.objects.values_list("interaction_count", flat=True)) == counts
    assert not Taxonomy.objects.filter(pk__in=[snake.pk, third.pk]).exists()
    undo_merge(file)
    assert differences(before, snapshot()) == {}


@pytest.mark.parametrize(("batch_size", "lines"), [(2, 3), (500, 2)])
def test_people_are_asked_for_their_no_before_names_change_their_meaning(
    make_person, py, snake, batch_size, lines
):
    people = [make_person(f"p{number}") for number in range(4)]
    for someone in people:
        drop_picked(someone, snake)
    with stopped_after(lines):
        merge_terms(py, [snake], batch_size=batch_size)
    assert current_vocabulary().resolve("python 3").name == "Python"
    assert UserTag.objects.filter(taxonomy=snake).count() == 4
    for someone in people:
        assert search(someone, "py3k", "python").fed_terms == {}


def test_a_merge_that_was_stopped_and_went_on_elsewhere(make_person, py, snake, tmp_path):
    _people, third = a_busy_site(make_person, py, snake)
    before = snapshot()
    with stopped_after(6):
        merge_terms(py, [snake, third], batch_size=2, undo=tmp_path / "first")
    merge_terms(py, [snake, third], batch_size=2, undo=tmp_path / "second")
    undo_merge(tmp_path / "second")
    undo_merge(tmp_path / "first")
    assert differences(before, snapshot()) == {}


def test_a_merge_that_was_stopped_is_taken_back(make_person, py, snake, tmp_path):
    _people, third = a_busy_site(make_person, py, snake)
    before = snapshot()
    with stopped_after(9):
        merge_terms(py, [snake, third], batch_size=2, undo=tmp_path / "undo")
    with (tmp_path / "undo").open("a") as file:
        file.write('{"record": "tags", "peo')  # the power went
    undo_merge(tmp_path / "undo")
    assert differences(before, snapshot()) == {}


# Undoing


@pytest.mark.parametrize("way", ["statement", "portable"])
@pytest.mark.parametrize("batch_size", [1, 5, 500])
def test_undone_is_as_if_nothing_had_been(
    make_person, py, snake, tmp_path, batch_size, way, monkeypatch
):
    if way == "portable":
        monkeypatch.setattr(connection.features, "supports_update_conflicts_with_target", False)
    _people, third = a_busy_site(make_person, py, snake)
    before = snapshot()
    file = tmp_path / "undo.jsonl"
    merge_terms(py, [snake, third], batch_size=batch_size, undo=file)
    assert differences(before, snapshot()) != {}
    undone = undo_merge(file)
    assert differences(before, snapshot()) == {}
    moved = UserTag.objects.filter(taxonomy__in=[snake, third]).values("user").distinct()
    assert (undone.terms, undone.people) == (2, moved.count())
    assert (undone.changed, undone.gone, undone.content_gone, undone.left) == (0, 0, 0, [])
    again = undo_merge(file)
    assert differences(before, snapshot()) == {}
    assert (again.terms, again.people) == (0, 0)
    merge_terms(py, [snake, third], undo=tmp_path / "again")
    undo_merge(tmp_path / "again")
    assert differences(before, snapshot()) == {}


def test_the_file_is_for_its_owner_and_names_nobody(person, py, snake, tmp_path):
    search(person, "py3k")
    file = tmp_path / "undo.jsonl"
    merge_terms(py, [snake], undo=file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert person.get_username() not in text
    head, *lines = map(json.loads, text.splitlines())
    assert (head["format"], head["version"]) == ("django-personalization merge", 1)
    py.refresh_from_db()
    made = py.created_at.isoformat()
    assert head["keep"] == {"id": py.pk, "slug": "python", "created_at": made}
    assert head["merged"] == [{"id": snake.pk, "slug": snake.slug}]
    assert [line["record"] for line in lines] == ["vocabulary", "tags", "terms", "end"]
    assert lines[1]["people"][0]["before"][0]["name"] == "Python 3"


def test_an_open_file_will_do(person, py, snake, tmp_path):
    search(person, "py3k")
    before = snapshot()
    stream = io.StringIO()
    merge_terms(py, [snake], undo=stream)
    (tmp_path / "undo").write_text(stream.getvalue())
    undo_merge(tmp_path / "undo")
    assert differences(before, snapshot()) == {}


def test_what_came_since_stays_with_the_term_that_stayed(person, other, py, snake, tmp_path):
    search(person, "py3k", "python")
    search(other, "py3k")
    before = {tag.pk: tag.evidence for tag in UserTag.objects.all()}
    merge_terms(py, [snake], undo=tmp_path / "undo")
    for someone in (person, other):
        search(someone, "py3k", times=2)
    one = scoring.growth(timezone.now(), 30)
    undone = undo_merge(tmp_path / "undo")
    assert (undone.people, undone.changed) == (2, 2)
    for someone, count in ((person, 3), (other, 2)):
        tags = tags_of(someone)
        assert tags["Python"].interaction_count == count
        assert tags["Python"].taxonomy == py
        assert tags["Python"].evidence == pytest.approx(count * one, rel=1e-3)
        assert tags["Python 3"].evidence == before[tags["Python 3"].pk]
        assert tags["Python 3"].taxonomy == snake
        assert tags["Python 3"].key == snake.key


def test_what_went_since_is_taken_from_what_stayed_first(person, py, snake, tmp_path):
    events = [search(person, "py3k"), search(person, "py3k"), search(person, "python")]
    merge_terms(py, [snake], undo=tmp_path / "undo")
    for event in events[:2]:
        take_back(event)
    undo_merge(tmp_path / "undo")
    tags = tags_of(person)
    assert {name: tag.interaction_count for name, tag in tags.items()} == {
        "Python": 0,
        "Python 3": 1,
    }
    assert tags["Python"].evidence == 0
    one = scoring.growth(timezone.now(), 30)
    assert tags["Python 3"].evidence == pytest.approx(one, rel=1e-3)


def test_what_people_said_since_holds_for_all(person, other, py, snake, tmp_path):
    search(person, "py3k", "python")
    drop_picked(other, snake)
    merge_terms(py, [snake], undo=tmp_path / "undo")
    hide(person, py)
    tagging.weigh(tags_of(person)["Python"], 0.5)
    pick(other, py)
    undo_merge(tmp_path / "undo")
    for tag in UserTag.objects.of(person):
        assert (tag.state, tag.weight) == ("hidden", 0.5)
    assert {tag.name: tag.state for tag in UserTag.objects.of(other)}["Python 3"] == "active"


def test_who_has_left_is_passed_over(person, other, make_person, py, snake, tmp_path):
    third = make_person("third")
    for someone in (person, other, third):
        search(someone, "py3k")
        Book.objects.create(author=someone).topics.set([py, snake])
    merge_terms(py, [snake], undo=tmp_path / "undo")
    other.delete()
    UserTag.objects.of(third).delete()
    undone = undo_merge(tmp_path / "undo")
    assert (undone.people, undone.gone) == (1, 2)
    assert (undone.content, undone.content_gone) == (2, 1)
    assert UserTag.objects.get().taxonomy == snake


def test_what_staff_changed_since_stays(py, snake, tmp_path):
    django = term("Django", parent=snake)
    languages = term("Languages")
    relation = relate(snake, django, 0.4)
    merge_terms(py, [snake], undo=tmp_path / "undo")
    TaxonomyRelation.objects.filter(pk=relation.pk).update(source=languages)
    django.refresh_from_db()
    django.parent, django.description = languages, "A framework."
    django.save()
    TaxonomyAlias.objects.get(name="Py3k").delete()
    undone = undo_merge(tmp_path / "undo")
    django.refresh_from_db()
    assert (django.parent, django.description) == (languages, "A framework.")
    assert TaxonomyRelation.objects.get().source == languages
    assert len(undone.left) == 2
    assert current_vocabulary().resolve("python 3").name == "Python 3"


def test_the_term_that_stayed_may_be_renamed_meanwhile(person, py, snake, tmp_path):
    search(person, "py3k", "python")
    merge_terms(py, [snake], undo=tmp_path / "undo")
    py.refresh_from_db()
    py.name = "Python language"
    py.save()
    undo_merge(tmp_path / "undo")
    tags = tags_of(person)
    assert {(name, tag.taxonomy.name) for name, tag in tags.items()} == {
        ("Python language", "Python language"),
        ("Python 3", "Python 3"),
    }
    assert all(tag.key == tag.taxonomy.key for tag in tags.values())


def test_a_file_of_another_database_is_refused(person, py, snake, tmp_path):
    search(person, "py3k")
    merge_terms(py, [snake], undo=tmp_path / "undo")
    Taxonomy.objects.filter(pk=py.pk).update(created_at=timezone.now())
    before = snapshot()
    with pytest.raises(InvalidInput, match="another database"):
        undo_merge(tmp_path / "undo")
    assert snapshot() == before


@pytest.mark.parametrize("taken", ["name", "slug", "kept"])
def test_what_stands_in_the_way_of_undoing_is_said(person, py, snake, tmp_path, taken):
    search(person, "py3k")
    merge_terms(py, [snake], undo=tmp_path / "undo")
    if taken == "kept":
        Taxonomy.objects.get(pk=py.pk).delete()
    else:
        TaxonomyAlias.objects.all().delete()
        names = {"name": "python 3"} if taken == "name" else {"name": "x", "slug": snake.slug}
        term(**names)
    before = snapshot()
    with pytest.raises(InvalidInput) as refusal:
        undo_merge(tmp_path / "undo")
    assert list(refusal.value.errors) == ["undo"]
    assert snapshot() == before


HEAD = b'{"format": "django-personalization merge", "version": 1'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"", "empty"),
        (b"x\n", "not JSON"),
        (b"[]\n", "not of an undo file"),
        (b'{"format": "x"}\n', "does not begin"),
        (b'{"format": "django-personalization merge", "version": 2}\n', "version is 2"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[" * 200_000 + b"\n", "not JSON"),
        (HEAD + b"}\n", "Line 1 is not of an undo file"),
        (HEAD + b', "keep": {"id": "x"}, "merged": []}\n', "Line 1 is not of an undo file"),
        (
            HEAD + b', "keep": {"id": 1}, "merged": 3}\n',
            "Line 1 is not of an undo file: see merged",
        ),
        (HEAD + b', "keep": {"id": 1}, "merged": []}\n', "Line 1 .* see merged"),
        (HEAD + b', "keep": {"id": true}, "merged": [{"id": 2}]}\n', "Line 1 .* see keep"),
        (HEAD + b', "keep": {"id": 1}, "merged": [{"id": 1}]}\n', "Line 1 .* see merged"),
        (HEAD + b', "keep": {"id": 1}, "merged": [{"id": 99999999999999999999}]}\n', "Line 1"),
        (HEAD + b', "keep": {"id": 1, "slug": "\\u0000"}, "merged": [{"id": 2}]}\n', "see text"),
    ],
)
def test_what_is_no_undo_file_is_refused(tmp_path, content, words):
    file = tmp_path / "undo"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidInput, match=words):
        undo_merge(file)


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ({"record": "tags"}, "people"),
        ({"record": "tags", "people": [3]}, "people[0].before"),
        ({"record": "tags", "people": [{"before": []}]}, "people[0]"),
        ({"record": "tags", "people": [{"before": [{"id": 1}]}]}, "people[0].before[0]"),
        ({"record": "tags", "people": [{"before": [], "after": []}]}, "people[0].after"),
        ({"record": "terms", "rows": 5}, "rows"),
        ({"record": "terms", "rows": [{}]}, "rows[0]"),
        ({"record": "vocabulary", "rows": [{}]}, "rows[0]"),
        ({"record": "vocabulary", "rows": [{"model": [], "before": 1, "after": 1}]}, "rows[0]"),
        ({"record": "vocabulary", "rows": [{"model": "auth.user", "before": None}]}, "rows[0]"),
        ({"record": "links"}, "link"),
        ({"record": "links", "link": "x", "moved": [], "dropped": []}, "moved"),
        ({"record": "links", "link": "x", "moved": {"x": []}, "dropped": []}, "moved"),
        ({"record": "links", "link": "x", "moved": {}, "dropped": {}}, "dropped"),
        ({"record": "links", "link": "x", "moved": {}, "dropped": [1]}, "dropped[0]"),
        ({"record": "end", "x": "\ud800"}, "text"),
        ({"record": "end", "x": float("inf")}, "number"),
        ({"record": "end", "x": 2**63}, "number"),
    ],
)
def test_a_line_that_no_merge_wrote_is_named_before_anything_changes(
    person, py, snake, tmp_path, line, where
):
    search(person, "py3k")
    file = tmp_path / "undo"
    merge_terms(py, [snake], undo=file)
    head, *lines = file.read_text().splitlines()
    file.write_text("\n".join([head, json.dumps(line), *lines, ""]))
    before = snapshot()
    with pytest.raises(InvalidInput) as refusal:
        undo_merge(file)
    assert refusal.value.errors == {
        "undo": [f"{file}: Line 2 is not of an undo file: see {where}."]
    }
    assert snapshot() == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", None),
        ("id", 1.5),
        ("user_id", [1]),
        ("taxonomy_id", "x"),
        ("name", ""),
        ("name", "x" * 101),
        ("name", 7),
        ("source", "nobody"),
        ("state", "nowhere"),
        ("evidence", "much"),
        ("weight", None),
        ("interaction_count", -1),
        ("created_at", "yesterday"),
        ("created_at", "2026-01-01T00:00:00"),
        ("created_at", "0001-01-01T00:00:00+14:00"),
        ("updated_at", 5),
    ],
)
def test_a_value_that_no_tag_can_have_is_named(person, py, snake, tmp_path, column, value):
    search(person, "py3k")
    file = tmp_path / "undo"
    merge_terms(py, [snake], undo=file)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[2]["people"][0]["before"][0][column] = value
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    before = snapshot()
    with pytest.raises(InvalidInput, match=rf"Line 3 .*people\[0\]\.before\[0\]\.{column}\."):
        undo_merge(file)
    assert snapshot() == before


def test_another_persons_tag_is_not_taken_for_that_of_the_file(person, other, py, snake, tmp_path):
    search(person, "py3k")
    file = tmp_path / "undo"
    merge_terms(py, [snake], undo=file)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    user = UserTag._meta.get_field("user")
    lines[2]["people"][0]["before"][0]["user_id"] = written_value(user, other.pk)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    undone = undo_merge(file)
    assert (undone.people, undone.gone) == (0, 1)
    assert tags_of(other) == {}
    assert list(tags_of(person)) == ["Python"]


def _places(value, path=()):
    """Yield the path of every value in a piece of JSON."""
    yield path
    items = (
        value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    )
    for key in items:
        yield from _places(value[key], (*path, key))


def _at(value, path):
    return reduce(operator.getitem, path, value)


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=0, max_value=40),
    st.floats(),
    st.text(max_size=120),
    st.sampled_from(["2026-01-01T00:00:00+00:00", "0001-01-01", "9" * 30, "active", "x" * 101]),
    st.just([]),
    st.just({}),
)


def _mutate(data, lines):
    """Change one value, key or item of the lines."""
    line = data.draw(st.sampled_from(range(len(lines))))
    place = data.draw(st.sampled_from(list(_places(lines[line]))[1:]))
    holder, key = _at(lines[line], place[:-1]), place[-1]
    way = data.draw(st.sampled_from(["set", "copy", "drop", "rename", "twice", "move line"]))
    if way == "set":
        holder[key] = data.draw(ODD)
    elif way == "copy":
        source = lines[data.draw(st.sampled_from(range(len(lines))))]
        holder[key] = deepcopy(_at(source, data.draw(st.sampled_from(list(_places(source))))))
    elif way == "drop":
        del holder[key]
    elif way == "rename" and isinstance(holder, dict):
        holder[data.draw(st.text(max_size=20))] = holder.pop(key)
    elif way == "twice" and isinstance(holder, list):
        holder.append(deepcopy(holder[key]))
    elif way == "move line":
        lines.insert(data.draw(st.integers(0, len(lines))), lines.pop(line))


def test_a_file_with_a_wrong_value_is_undone_or_refused_whole(make_person, py, snake, tmp_path):
    _people, third = a_busy_site(make_person, py, snake)
    file, broken = tmp_path / "undo", tmp_path / "broken"
    merge_terms(py, [snake, third], batch_size=5, undo=file)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    before = snapshot()

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def try_one(data):
        changed = deepcopy(lines)
        _mutate(data, changed)
        broken.write_text("".join(json.dumps(line) + "\n" for line in changed))
        with transaction.atomic():
            try:
                undo_merge(broken)
            except InvalidInput:
                assert snapshot() == before
            connection.check_constraints()
            transaction.set_rollback(True)

    try_one()


def test_a_file_that_is_there_is_not_overwritten(py, snake, tmp_path):
    (tmp_path / "note").write_text("hello")
    before = snapshot()
    with pytest.raises(InvalidInput, match="Name another"):
        merge_terms(py, [snake], undo=tmp_path / "note")
    assert (tmp_path / "note").read_text() == "hello"
    with pytest.raises(InvalidInput, match="cannot be written"):
        merge_terms(py, [snake], undo=tmp_path / "none" / "undo")
    assert snapshot() == before
    merge_terms(py, [snake], undo=tmp_path / "undo")
    with pytest.raises(InvalidInput, match="Name another"):
        merge_terms(py, [term("CPython")], undo=tmp_path / "undo")


def test_who_merged_is_noted(person, staff, py, snake, tmp_path):
    search(person, "py3k")
    merge_terms(py, [snake], undo=tmp_path / "undo", actor=staff, origin=AuditOrigin.ADMIN)
    undo_merge(tmp_path / "undo")
    merged, undone = AuditEntry.objects.order_by("pk")
    assert (merged.person, merged.actor, merged.origin, merged.action) == (
        None,
        staff,
        "admin",
        "merge",
    )
    assert merged.counts == {"terms": 1, "tags": 1, "people": 1}
    assert (undone.actor, undone.origin) == (None, "command")
    assert undone.counts == {"terms_restored": 1, "people": 1, "content": 0}
