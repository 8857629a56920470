"""The mode is honoured by every reader of the profile, and nobody reads it past profile_of.

A reader shows, orders or recommends something by what is known about a person. Add each new one to
``READERS``: a function that returns which of the person's tags had an effect. Where people see,
correct, export or erase what is stored, the mode has no say.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth import get_user_model
from django.template import RequestContext, Template
from django.test import RequestFactory
from rest_framework.request import Request

import django_personalization
from django_personalization import tagging
from django_personalization.explaining import explain
from django_personalization.models import UserTag
from django_personalization.preferences import change_settings
from django_personalization.profiles import profile_of
from django_personalization.ranking import personalize, queryset_filter
from django_personalization.recommendations import recommend
from django_personalization.rest.hosts import PersonalizedOrdering
from django_personalization.tracking import track
from tests.hosts.library.models import Book
from tests.rest.host_api import BookListView
from tests.test_views import Books

TAGS = {"picked": "cpp", "inferred": "python", "hidden": "ai"}


@dataclass(frozen=True)
class Scene:
    """A person with a tag of each kind, and a book about each; one more is about nothing."""

    person: Any
    api: Any
    terms: dict[str, Any]
    books: dict[str, Book]

    def kinds(self, books):
        """Return the kinds of tags that these books are about."""
        titles = {book.title for book in books}
        return {kind for kind in TAGS if kind in titles}

    def missing(self, books):
        """Return "hidden" where the book with the hidden tag is left out."""
        return {"hidden"} - self.kinds(books)


@pytest.fixture
def scene(person, api, terms, db):
    books = {kind: Book.objects.create(title=kind) for kind in (*TAGS, "nothing")}
    for kind, term in TAGS.items():
        books[kind].topics.add(terms[term])
    tagging.pick(person, taxonomy=terms["cpp"])
    track(person, "project_create", extracted_keywords=["Python"])
    tagging.hide(person, taxonomy=terms["ai"])
    return Scene(person, api, terms, books)


def profile(scene):
    found = profile_of(scene.person)
    assert len(found.tags) == len(found.picked) + len(found.inferred)
    kinds = {"picked": found.picked, "inferred": found.inferred, "hidden": found.hidden}
    return {kind for kind, tags in kinds.items() if tags}


def overview(scene):
    answer = scene.api.get("/api/v1/me/personalization/").json()
    lists = {"picked": answer["manual_tags"], "inferred": answer["auto_generated_tags"]}
    return {kind for kind, tags in lists.items() if tags}


def order(scene):
    rows = list(personalize(Book.objects.all(), scene.person))
    return scene.kinds(row for row in rows if row.relevance) | scene.missing(rows)


def matches(scene):
    return scene.kinds(personalize(Book.objects.all(), scene.person, only_matching=True))


def content_filter(scene):
    return scene.kinds(queryset_filter(Book.objects.all(), tags_of=scene.person))


def recommendations(scene):
    found = recommend(Book, scene.person)
    used = {item.obj for item in found if item.score or item.explanation.reasons}
    return scene.kinds(used) | scene.missing(item.obj for item in found)


def recommendations_over_http(scene):
    rows = scene.api.get("/api/v1/me/recommendations/", {"model": "library.book"}).json()
    books = {str(book.pk): book for book in scene.books.values()}
    used = [books[row["id"]] for row in rows if row["score"] or row["reasons"]]
    return scene.kinds(used) | scene.missing(books[row["id"]] for row in rows)


def explanations(scene):
    explained = {kind: explain(scene.books[kind], scene.person) for kind in TAGS}
    used = {kind for kind, found in explained.items() if found.score or found.reasons}
    obstacles = {obstacle.code for obstacle in explained["hidden"].obstacles}
    return used | ({"hidden"} & obstacles)


def rest_ordering(scene):
    request = Request(RequestFactory().get("/", {"ordering": "relevance"}))
    request.user, view = scene.person, BookListView(kwargs={})
    rows = list(PersonalizedOrdering().filter_queryset(request, Book.objects.all(), view))
    return scene.kinds(row for row in rows if row.relevance) | scene.missing(rows)


def list_view(scene):
    request = RequestFactory().get("/")
    request.user, view = scene.person, Books()
    view.setup(request)
    rows = list(view.get_queryset())
    return scene.kinds(row for row in rows if row.relevance) | scene.missing(rows)


def template_tags(scene):
    request = RequestFactory().get("/")
    request.user = scene.person
    context = RequestContext(request, {"books": Book.objects.all()})
    source = (
        "{% load personalization %}{% personalized books as mine %}"
        '{% why_each mine as explained %}{% recommended "library.book" as found %}'
    )
    with context.bind_template(Template(source)):
        context.template.nodelist.render(context)
    mine, explained, found = context["mine"], context["explained"], context["found"]
    ordered = scene.kinds(row for row in mine if row.relevance)
    assert ordered == scene.kinds(item.obj for item in explained if item.reasons)
    assert ordered == scene.kinds(item.obj for item in found if item.score)
    assert scene.missing(mine) == scene.missing(item.obj for item in found)
    return ordered | scene.missing(mine)


def inspector(scene):
    staff = get_user_model()(is_staff=True, is_superuser=True, is_active=True)
    staff.pk = scene.person.pk
    request = RequestFactory().get("/")
    request.user, request.resolver_match = staff, None
    page = site._registry[UserTag].inspect_view(request, str(scene.person.pk))
    rows = [row for row, _address in page.context_data["rows"]]
    used = scene.kinds(row.obj for row in rows if row.score or row.explanation.reasons)
    return used | scene.missing(row.obj for row in rows)


Reader = Callable[[Scene], set[str]]
# Each with the kinds of tags that it uses in mode full.
READERS: dict[Reader, set[str]] = {
    profile: {"picked", "inferred", "hidden"},
    overview: {"picked", "inferred"},
    order: {"picked", "inferred", "hidden"},
    matches: {"picked", "inferred"},
    content_filter: {"picked", "inferred"},
    recommendations: {"picked", "inferred", "hidden"},
    recommendations_over_http: {"picked", "inferred", "hidden"},
    explanations: {"picked", "inferred", "hidden"},
    rest_ordering: {"picked", "inferred", "hidden"},
    list_view: {"picked", "inferred", "hidden"},
    template_tags: {"picked", "inferred", "hidden"},
    inspector: {"picked", "inferred", "hidden"},
}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_readers_honour_the_mode(scene, reader):
    for mode, allowed in (
        ("full", {"picked", "inferred", "hidden"}),
        ("explicit", {"picked", "hidden"}),
        ("none", set()),
        ("full", {"picked", "inferred", "hidden"}),
    ):
        change_settings(scene.person, mode=mode)
        assert reader(scene) == READERS[reader] & allowed, mode


LISTS = {
    "me/tags/": 3,
    "me/tags/manual/": 1,
    "me/tags/auto_generated/": 1,
    "me/tags/hidden/": 1,
}


@pytest.mark.parametrize("mode", ["full", "explicit", "none"])
def test_lists_show_all_that_is_stored(scene, mode):
    change_settings(scene.person, mode=mode)
    counts = {route: len(scene.api.get(f"/api/v1/{route}").json()) for route in LISTS}
    assert counts == LISTS


@pytest.mark.parametrize("mode", ["explicit", "none"])
def test_what_the_mode_keeps_back_is_still_learned_or_kept(scene, mode):
    """Explicit goes on learning, for the day on which the person wants it; none does not."""
    change_settings(scene.person, mode=mode)
    result = track(scene.person, "project_create", extracted_keywords=["Zig"])
    assert result.stored == (mode == "explicit")
    change_settings(scene.person, mode="full")
    names = {tag.name for tag in profile_of(scene.person).inferred}
    assert names == ({"Python", "Zig"} if mode == "explicit" else {"Python"})


# Who may query tags at all

PACKAGE = Path(django_personalization.__file__).parent
# Modules that write tags, show people or staff what is stored, or keep the tables in order. None
# of them shows, orders or recommends anything by a profile: that goes through profile_of.
MAY_QUERY = {
    "admin": "staff see what is stored",
    "alignment": "tags follow their terms",
    "checks": "asks the database router about the model",
    "evidence": "why a tag is there",
    "merging": "tags follow terms that become one",
    "migrations": "the tables",
    "models": "the model itself",
    "personal_data": "what is exported and erased",
    "privacy": "what is exported and erased",
    "profiles": "the one reader",
    "querysets": "the queryset itself",
    "refreshing": "housekeeping",
    "rest/serializers": "how a tag looks",
    "rest/tags": "people see and correct what is stored",
    "retention": "housekeeping",
    "cooccurrence": "counts over all people for staff",
    "suggesting": "counts over all people for staff",
    "tagging": "a write door",
    "tracking": "a write door",
    "upsert": "a write door",
}
# The model by its name, its table, and the paths that lead to it from people and terms.
NAMES = re.compile(
    r"\busertag(?:_set)?\b|_usertag\b|personalization_tags|\buser_tags(?:\b|__)", re.I
)


def module_of(path):
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def is_allowed(module):
    parts = module.split("/")
    return any("/".join(parts[:end]) in MAY_QUERY for end in range(1, len(parts) + 1))


def annotations(tree):
    """Yield the nodes that say of what type something is."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            stated = getattr(node, name, None)
            if stated is not None:
                yield from ast.walk(stated)


def docstrings(tree):
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            yield body[0].value


def mentions(code):
    """Return the lines in which tags are reached otherwise than as a type."""
    tree = ast.parse(code)
    silent = {*annotations(tree), *docstrings(tree)}
    found = []
    for node in ast.walk(tree):
        words = {
            ast.Name: lambda n: n.id,
            ast.Attribute: lambda n: n.attr,
            ast.keyword: lambda n: n.arg or "",
            ast.Constant: lambda n: n.value if isinstance(n.value, str) else "",
            ast.alias: lambda n: n.name if n.asname else "",
        }.get(type(node))
        if words is not None and node not in silent and NAMES.search(words(node)):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("UserTag.objects.filter(user=1)", True),
        ("models.UserTag._base_manager.all()", True),
        ("apps.get_model('django_personalization', 'UserTag')", True),
        ("apps.get_model('django_personalization.usertag')", True),
        ("user.personalization_tags.all()", True),
        ("Taxonomy.objects.filter(user_tags__user=1)", True),
        ("Prefetch('user_tags')", True),
        ("cursor.execute('SELECT 1 FROM django_personalization_usertag')", True),
        ("from django_personalization.models import UserTag as Tag", True),
        ("rows = list(map(UserTag, [1]))", True),
        ("from django_personalization.models import UserTag", False),
        ("def f(tag: UserTag) -> list[UserTag]: return [tag]", False),
        ("class A:\n    '''Holds UserTag.'''\n    tags: tuple[UserTag, ...] = ()", False),
        ("profile_of(user).tags", False),
    ],
)
def test_what_counts_as_a_query(code, is_found):
    assert bool(mentions(code)) is is_found


SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if not is_allowed(module_of(path))]


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_nobody_else_queries_tags(path):
    lines = mentions(path.read_text(encoding="utf-8"))
    assert not lines, f"{module_of(path)}, lines {lines}: read the profile through profile_of()."


def test_templates_do_not_query_tags():
    for path in PACKAGE.rglob("*.html"):
        assert not NAMES.search(path.read_text(encoding="utf-8")), path


def test_readers_are_looked_at():
    """The walk is not over an empty list, and what it lets pass is there or about to be."""
    modules = {module_of(path) for path in SOURCES}
    assert {"ranking", "explaining", "recommendations", "rest/overview"} <= modules
