"""The admin: merging terms, and what it asks before."""

import re
from base64 import b64decode

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from django_personalization import admin as pages
from django_personalization import merging
from django_personalization.exceptions import InvalidInput
from django_personalization.models import (
    AuditEntry,
    Taxonomy,
    TaxonomyRelation,
    UserTag,
    VocabularyRevision,
)
from tests.hosts.clubs.models import Badge
from tests.hosts.library.models import Book
from tests.synonyms import differences, drop_picked, search, snapshot, term
from tests.test_admin import said, taxonomy_form
from tests.test_admin import url as url_of

pytestmark = pytest.mark.django_db
LIST = reverse("admin:django_personalization_taxonomy_changelist")
NEEDED = ("change_taxonomy", "delete_taxonomy", "view_taxonomy", "change_usertag")


@pytest.fixture
def office(client, staff):
    client.force_login(staff)
    return client


def ask(client, *terms, **more):
    chosen = {"action": "merge", "_selected_action": [row.pk for row in terms]}
    return client.post(LIST, {**chosen, **more})


def merge_for_real(client, keep, *others):
    return ask(client, keep, *others, keep=keep.pk, previewed=keep.pk, merge="Merge")


def words(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(text.split())


def undo_file(response, path):
    [link] = re.findall(r'href="data:application/octet-stream;base64,([^"]+)"', text_of(response))
    path.write_bytes(b64decode(link))
    return path


def text_of(response):
    return response.content.decode()


def test_the_page_shows_what_would_be_done(office, person, other, py, snake):
    for someone in (person, other):
        search(someone, "py3k")
    drop_picked(person, py)
    Book.objects.create(title="x").topics.set([py, snake])
    snake.category = "topic"
    snake.save()
    before = snapshot()
    page = ask(office, py, snake)
    assert snapshot() == before
    text = words(page)
    # What most people have is proposed.
    assert "What would be done if “Python 3” stays" in text
    assert "Tags 1 Of 1 person. 1 become one with another" in text
    assert "1 are removed or hidden" in text
    page = ask(office, py, snake, keep=py.pk, preview="")
    text = words(page)
    assert "What would be done if “Python” stays" in text
    assert "Tags 2 Of 2 people. 1 become one with another" in text
    assert "Aliases 2 Py3k, Python 3" in text
    assert "library.book_topics.taxonomy 0 1 more goes" in text
    assert "different categories" in text
    assert "Merge into “Python”" in text_of(page)
    assert snapshot() == before


def test_merging_from_the_page_and_back(office, staff, person, py, snake, tmp_path):
    search(person, "py3k", "python")
    before = snapshot()
    page = merge_for_real(office, py, snake)
    assert said(page) == "1 term was merged into “Python”."
    assert "1 tags of 1 people are tags of “Python” now." in words(page)
    assert UserTag.objects.get().taxonomy == py
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.origin, entry.counts["tags"]) == (staff, "admin", 1)
    merging.undo_merge(undo_file(page, tmp_path / "undo"))
    assert differences(before, snapshot()) == {}


def test_only_what_was_seen_is_done(office, py, snake):
    page = ask(office, py, snake, keep=py.pk, previewed=snake.pk, merge="Merge")
    assert "What would be done if “Python” stays" in words(page)
    assert Taxonomy.objects.count() == 2


@pytest.mark.parametrize("count", [1, 21])
def test_too_few_and_too_many_are_refused(office, count):
    page = ask(office, *[term(f"Term {number}") for number in range(count)])
    assert page.status_code == 302
    assert said(page) == "Select at least two terms to merge, and at most 20."
    assert Taxonomy.objects.count() == count


def test_a_term_that_meanwhile_went(office, py, snake):
    Taxonomy.objects.filter(pk=snake.pk).delete()
    page = merge_for_real(office, py, snake)
    assert said(page).startswith("Select at least two terms")


def test_a_merge_that_fails_says_so(office, py, snake, monkeypatch):
    def fail(*args, **options):
        raise InvalidInput({"keep": ["It has gone."]})

    monkeypatch.setattr(pages.merging, "merge_terms", fail)
    page = merge_for_real(office, py, snake)
    assert "It has gone." in words(page)
    assert "Nothing was done." in words(page)
    assert "base64" not in text_of(page)


def test_much_is_for_the_command(office, person, py, snake, monkeypatch):
    search(person, "py3k")
    monkeypatch.setattr(pages.merging, "MOST_ROWS", 0)
    page = merge_for_real(office, py, snake)
    assert "manage.py merge_taxonomies python python-3" in words(page)
    assert "Merge into" not in text_of(page)
    assert Taxonomy.objects.count() == 2


def test_what_is_in_the_way_is_shown(office, py, snake):
    Badge.objects.create(topic=snake)
    page = merge_for_real(office, py, snake)
    assert "A row of clubs.Badge" in words(page)
    assert "Merge into" not in text_of(page)
    assert Taxonomy.objects.count() == 2


@pytest.mark.parametrize("missing", [*NEEDED[:2], NEEDED[3], None])
def test_it_takes_three_permissions(client, make_person, py, snake, missing):
    clerk = make_person("clerk", is_staff=True)
    held = [name for name in NEEDED if name != missing]
    clerk.user_permissions.set(Permission.objects.filter(codename__in=held))
    client.force_login(clerk)
    assert (b"Merge into one term" in client.get(LIST).content) is (missing is None)
    merge_for_real(client, py, snake)
    assert Taxonomy.objects.filter(pk=snake.pk).exists() is (missing is not None)


def test_names_are_escaped(office, person, py):
    evil = term("<b>Py</b>")
    page = ask(office, py, evil)
    assert "<b>Py</b>" not in text_of(page)
    assert "&lt;b&gt;Py&lt;/b&gt;" in text_of(page)


def test_the_page_takes_a_fixed_number_of_queries(
    office, make_person, py, snake, django_assert_num_queries
):
    def load(*terms):
        with django_assert_num_queries(EXPECTED):
            assert ask(office, *terms).status_code == 200

    ask(office, py, snake)
    more = [term(f"Term {number}", parent=py) for number in range(10)]
    for number in range(5):
        search(make_person(f"p{number}"), "py3k", "Term 1", "Term 2")
    load(py, snake)
    load(py, snake, *more)


# Two for each relation of a host to terms, among others.
EXPECTED = 34


# Relations are edited on the page of a term


def test_a_changed_relation_makes_a_new_revision(office, py, snake):
    def revision():
        return VocabularyRevision.objects.values_list("token", flat=True).get()

    def save(**values):
        before = revision()
        form = taxonomy_form(py, **values)
        assert office.post(url_of("taxonomy", "change", py.pk), form).status_code == 302
        assert revision() != before

    save(relations=[{"target": snake.pk, "weight": "0.4", "is_symmetric": "on"}])
    relation = TaxonomyRelation.objects.get()
    assert (relation.source, relation.target, relation.weight) == (py, snake, 0.4)
    save(**{"relations-0-weight": "0.9"})
    assert TaxonomyRelation.objects.get().weight == 0.9
    save(**{"relations-0-DELETE": "on"})
    assert not TaxonomyRelation.objects.exists()
