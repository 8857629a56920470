"""The admin: what staff see, what they may change, and that it stays quick."""

import time
from datetime import timedelta
from unittest.mock import ANY

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import get_deleted_objects
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.messages import get_messages
from django.db.models import CharField, JSONField, TextField
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst

from django_personalization import audit, tagging
from django_personalization.admin.pages import PersonalDataAdmin, PersonListFilter
from django_personalization.models import (
    PersonalizationSettings,
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    UserInteraction,
    UserTag,
)
from django_personalization.personal_data import registered_personal_data
from django_personalization.signals import tags_changed
from django_personalization.text import term_key
from django_personalization.tracking import track
from django_personalization.vocabulary import current_vocabulary
from tests.hosts.library.models import Book

pytestmark = pytest.mark.django_db

MODELS = ["taxonomy", "usertag", "userinteraction", "personalizationsettings"]


def url(model, page="changelist", *args):
    return reverse(f"admin:django_personalization_{model}_{page}", args=args)


@pytest.fixture
def office(client, staff):
    """A client that a superuser has signed in with."""
    client.force_login(staff)
    return client


@pytest.fixture
def clerk(client, make_person):
    """A client that a member of staff with these permissions has signed in with."""

    def sign_in(*codenames):
        clerk = make_person("clerk", is_staff=True)
        permissions = Permission.objects.filter(codename__in=codenames)
        assert len(permissions) == len(codenames)
        clerk.user_permissions.set(permissions)
        client.force_login(clerk)
        return client

    return sign_in


def rows(response):
    return list(response.context["cl"].result_list)


def run(client, model, action, *objects, **more):
    chosen = {"action": action, "_selected_action": [row.pk for row in objects], **more}
    return client.post(url(model), chosen)


def said(response):
    """Return the latest message."""
    return [str(message) for message in get_messages(response.wsgi_request)][-1]


def errors(response):
    """Return all messages of the form and of the rows inline."""
    assert response.status_code == 200
    return [message for message in response.context["errors"] for message in message]


def taxonomy_form(taxonomy=None, *, aliases=(), relations=(), **values):
    """Return what the browser sends: the taxonomy with all its rows inline, and new ones."""
    form = {"name": "", "category": "skill", "is_active": "on"}
    stored_aliases, stored_relations = [], []
    if taxonomy is not None:
        form |= {"name": taxonomy.name, "slug": taxonomy.slug, "category": taxonomy.category}
        stored_aliases = [{"id": row.pk, "name": row.name} for row in taxonomy.aliases.all()]
        stored_relations = [
            {"id": row.pk, "target": row.target_id, "weight": row.weight, "is_symmetric": "on"}
            for row in taxonomy.relations.all()
        ]
        incoming = "incoming_relations"
        form |= {f"{incoming}-TOTAL_FORMS": 0, f"{incoming}-INITIAL_FORMS": 0}
    for prefix, stored, new in (
        ("aliases", stored_aliases, [{"name": name} for name in aliases]),
        ("relations", stored_relations, relations),
    ):
        form[f"{prefix}-INITIAL_FORMS"] = len(stored)
        form[f"{prefix}-TOTAL_FORMS"] = len(stored) + len(new)
        for index, row in enumerate([*stored, *new]):
            form |= {f"{prefix}-{index}-{name}": value for name, value in row.items()}
    return {**form, **values}


# Who sees what


@pytest.mark.parametrize("model", MODELS)
def test_staff_without_permissions_see_nothing(clerk, model, person, terms):
    client = clerk()
    assert client.get(url(model)).status_code == 403
    assert b"personalization" not in client.get(reverse("admin:index")).content.lower()
    query = {"app_label": "django_personalization", "model_name": "taxonomy", "term": "py"}
    found = client.get(reverse("admin:autocomplete"), {**query, "field_name": "parent"})
    assert found.status_code == 403


def test_one_who_may_only_look_changes_nothing(clerk, person, terms):
    client = clerk(*(f"view_{model}" for model in MODELS))
    tag, _created = tagging.pick(person, taxonomy=terms["python"])
    python = terms["python"]
    assert client.get(url("usertag", "change", tag.pk)).status_code == 200
    assert client.get(url("taxonomy", "change", python.pk)).status_code == 200
    run(client, "usertag", "dismiss", tag)
    run(client, "taxonomy", "deactivate", python)
    form = {"weight": "2.0", "state": "hidden"}
    assert client.post(url("usertag", "change", tag.pk), form).status_code == 403
    tag.refresh_from_db()
    python.refresh_from_db()
    assert (tag.state, tag.weight, python.is_active) == ("active", 1, True)


@pytest.mark.parametrize("model", ["usertag", "userinteraction", "personalizationsettings"])
def test_rows_about_people_are_not_made_by_staff(office, model):
    assert office.get(url(model, "add")).status_code == 403


def test_the_revision_is_not_shown(office):
    names = {model.__name__ for model in admin.site._registry}
    assert "VocabularyRevision" not in names
    assert office.get(reverse("admin:index")).status_code == 200


# Taxonomies


def test_people_who_picked_a_term_are_counted(office, person, other, terms):
    tagging.pick(person, taxonomy=terms["python"])
    tagging.pick(other, taxonomy=terms["python"])
    tagging.pick(person, taxonomy=terms["ai"])
    tagging.drop(tagging.pick(person, taxonomy=terms["cpp"])[0])
    track(other, "search", extracted_keywords=["C++"])
    counts = {row.name: row.people for row in rows(office.get(url("taxonomy")))}
    assert counts == {
        "Python": 2,
        "AI & Machine Learning": 1,
        "C++": 0,
        "Religion": 0,
        "Flash": 0,
    }
    by_people = office.get(url("taxonomy"), {"o": "-6"})
    assert [row.name for row in rows(by_people)][:2] == ["Python", "AI & Machine Learning"]


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("pyth", ["Python"]),
        ("ML", ["AI & Machine Learning"]),
        ("ai-machine", ["AI & Machine Learning"]),
        ("nothing like it", []),
        ("word " * 5000, []),
        ("p" * 101, []),
        ("py\x00thon", None),
    ],
)
def test_terms_are_found_by_name_slug_and_alias(office, terms, term, found):
    listed = office.get(url("taxonomy"), {"q": term})
    assert listed.status_code == 200
    if found is not None:
        assert [row.name for row in rows(listed)] == found
    query = {"app_label": "django_personalization", "model_name": "taxonomy", "term": term}
    typed = office.get(reverse("admin:autocomplete"), {**query, "field_name": "parent"})
    assert [row["text"] for row in typed.json()["results"]] == (found or [])


def test_terms_are_filtered(office, terms):
    query = {"category__exact": "skill", "is_active__exact": "0", "is_sensitive__exact": "0"}
    assert [row.name for row in rows(office.get(url("taxonomy"), query))] == ["Flash"]


def test_terms_are_activated_and_deactivated(office, terms):
    vocabulary = current_vocabulary()
    long_ago = timezone.now() - timedelta(days=9)
    Taxonomy.objects.update(updated_at=long_ago)
    vocabulary = current_vocabulary()
    response = run(office, "taxonomy", "deactivate", *terms.values())
    assert said(response) == "4 taxonomies were deactivated."
    assert not Taxonomy.objects.active().exists()
    assert current_vocabulary() is not vocabulary
    assert not current_vocabulary().resolve("python").is_active
    assert Taxonomy.objects.get(name="Python").updated_at > long_ago
    assert Taxonomy.objects.get(name="Flash").updated_at == long_ago
    assert said(run(office, "taxonomy", "activate", terms["cpp"])) == "1 taxonomy was activated."
    assert [row.name for row in Taxonomy.objects.active()] == ["C++"]


def test_actions_reach_all_that_was_searched_for(office, person, terms):
    tagging.pick(person, taxonomy=terms["ai"])
    chosen = {"action": "deactivate", "_selected_action": [terms["ai"].pk], "select_across": "1"}
    response = office.post(f"{url('taxonomy')}?q=a&o=-6.1", chosen)
    # All but C++ have an "a" in the name, the slug or an alias; Python has not.
    assert said(response) == "2 taxonomies were deactivated."


def test_a_term_is_made_with_aliases_and_relations(office, terms):
    form = taxonomy_form(
        name="Django",
        slug="django",
        parent=terms["python"].pk,
        aliases=["Django framework"],
        relations=[{"target": terms["ai"].pk, "weight": "0.4", "is_symmetric": "on"}],
    )
    response = office.post(url("taxonomy", "add"), form)
    assert response.status_code == 302, response.context["errors"]
    django = Taxonomy.objects.get(slug="django")
    assert django.parent == terms["python"]
    assert current_vocabulary().resolve("django FRAMEWORK").taxonomy_id == django.pk
    assert django.relations.get().target == terms["ai"]


def test_a_renamed_term_takes_peoples_tags_along(office, person, terms):
    tag, _created = tagging.pick(person, taxonomy=terms["cpp"])
    form = taxonomy_form(terms["cpp"], name="C plus plus")
    assert office.post(url("taxonomy", "change", terms["cpp"].pk), form).status_code == 302
    tag.refresh_from_db()
    assert (tag.name, tag.key) == ("C plus plus", term_key("C plus plus"))
    assert Taxonomy.objects.get(pk=terms["cpp"].pk).slug == terms["cpp"].slug


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (" PYTHON ", "“Python” is the same name."),
        ("ｍｌ", "“ML” is already another name of “AI & Machine Learning”."),
    ],
)
def test_a_name_that_is_taken_is_refused_in_the_form(office, terms, name, message):
    response = office.post(url("taxonomy", "add"), taxonomy_form(name=name, slug="other"))
    assert errors(response) == [message]
    assert Taxonomy.objects.count() == 5


def test_a_circle_is_refused_in_the_form(office, terms):
    terms["ai"].parent = terms["python"]
    terms["ai"].save()
    for parent in (terms["ai"], terms["python"]):
        form = taxonomy_form(terms["python"], parent=parent.pk)
        response = office.post(url("taxonomy", "change", terms["python"].pk), form)
        assert errors(response) == [f"“{parent}” is narrower than this term itself."]
    assert Taxonomy.objects.get(name="Python").parent is None


@pytest.mark.parametrize(
    ("aliases", "message"),
    [
        (["py", "PY"], "This alias is here twice."),
        (["python"], "This already means “Python”."),
        (["faith"], "This already means “Religion”."),
    ],
)
def test_aliases_that_mean_something_are_refused_in_the_form(office, terms, aliases, message):
    form = taxonomy_form(terms["python"], aliases=aliases)
    response = office.post(url("taxonomy", "change", terms["python"].pk), form)
    assert errors(response) == [message]
    assert not terms["python"].aliases.exists()


def test_an_alias_like_the_new_name_is_refused_in_the_form(office):
    form = taxonomy_form(name="Zig", slug="zig", aliases=["ZIG"])
    response = office.post(url("taxonomy", "add"), form)
    assert errors(response) == ["This is the name of the term itself."]
    assert not TaxonomyAlias.objects.exists()


def test_an_alias_that_is_removed_is_free_for_another_row(office, terms):
    form = taxonomy_form(terms["ai"], aliases=["deep things"])
    form |= {"aliases-0-DELETE": "on", "aliases-1-name": "Deep  Thought"}
    response = office.post(url("taxonomy", "change", terms["ai"].pk), form)
    assert response.status_code == 302, response.context["errors"]
    names = set(terms["ai"].aliases.values_list("name", flat=True))
    # ML was renamed, and still means the term; AI was removed.
    assert names == {"Deep  Thought", "ML", "machine learning", "deep things"}


@pytest.mark.parametrize(
    "changes",
    [
        {"aliases-0-name": "Deep Thought", "aliases-1-name": "ai"},
        {"aliases-0-name": "ml", "aliases-1-name": "Deep Thought"},
        {"aliases-0-name": "ML", "aliases-1-name": "AI"},
        {"aliases-0-name": "ML", "aliases-1-DELETE": "on"},
        {"aliases-0-DELETE": "on", "aliases-1-name": "AI"},
        {"name": "Machines", "aliases-0-name": "AI & Machine Learning"},
    ],
)
def test_no_row_takes_a_spelling_that_another_one_leaves(office, terms, changes):
    """It goes on meaning the term, so it would be there twice."""
    ai = terms["ai"]
    response = office.post(url("taxonomy", "change", ai.pk), taxonomy_form(ai) | changes)
    assert set(errors(response)) == {f"This already means “{changes.get('name', ai.name)}”."}
    assert set(ai.aliases.values_list("name", flat=True)) == {"AI", "ML", "machine learning"}


def test_an_alias_may_be_respelled_and_the_term_renamed_to_it(office, terms):
    ai = terms["ai"]
    form = taxonomy_form(ai) | {"name": "ML", "aliases-1-name": "MLearning", "aliases-0-name": "ai"}
    response = office.post(url("taxonomy", "change", ai.pk), form)
    assert response.status_code == 302, response.context["errors"]
    names = set(ai.aliases.values_list("name", flat=True))
    assert names == {"AI & Machine Learning", "MLearning", "ai", "machine learning"}
    assert current_vocabulary().resolve("ml").name == "ML"


@pytest.mark.parametrize(
    ("relations", "message"),
    [
        ([("python", 1)], "A term is not related to itself."),
        ([("ai", 0)], "0 is not above 0 and at most 1."),
        ([("ai", 1.5)], "1.5 is not above 0 and at most 1."),
        ([("ai", 1), ("ai", 0.5)], ANY),
    ],
)
def test_relations_that_cannot_be_are_refused_in_the_form(office, terms, relations, message):
    new = [{"target": terms[name].pk, "weight": weight} for name, weight in relations]
    form = taxonomy_form(terms["python"], relations=new)
    response = office.post(url("taxonomy", "change", terms["python"].pk), form)
    assert message in errors(response)
    assert not TaxonomyRelation.objects.exists()


def test_deleted_terms_leave_peoples_tags_by_name(office, person, terms):
    tagging.pick_many(person, [terms["python"].pk, terms["ai"].pk])
    gone = office.post(url("taxonomy", "delete", terms["python"].pk), {"post": "yes"})
    assert gone.status_code == 302
    assert run(office, "taxonomy", "delete_selected", terms["ai"], post="yes").status_code == 302
    tags = UserTag.objects.of(person).values_list("name", "taxonomy", "state")
    assert set(tags) == {("Python", None, "active"), ("AI & Machine Learning", None, "active")}


# Tags


@pytest.fixture
def inferred(person, terms):
    track(person, "search", extracted_keywords=["Python"])
    return UserTag.objects.of(person).get(name="Python")


def test_tags_are_listed_with_the_confidence_of_this_moment(office, person, inferred, terms):
    UserTag.objects.update(confidence_score=0.77)
    tagging.pick(person, taxonomy=terms["ai"])
    page = office.get(url("usertag")).content.decode()
    # One search is one unit: 1 - 2 ** -0.5.
    assert ">29%<" in page
    assert ">100%<" in page
    assert "77%" not in page
    assert str(person) in page
    strongest = office.get(url("usertag"), {"o": "-4"})
    assert [tag.name for tag in rows(strongest)] == ["AI & Machine Learning", "Python"]


def test_tags_are_filtered_and_not_searched(office, person, other, inferred, terms):
    tagging.drop(tagging.pick(other, taxonomy=terms["cpp"])[0])
    for query, found in [
        ({"source__exact": "manual"}, ["C++"]),
        ({"state__exact": "active"}, ["Python"]),
        ({"q": "pyth"}, ["C++", "Python"]),
        ({"q": "ada"}, ["C++", "Python"]),
        ({"user": str(other.pk)}, ["C++"]),
    ]:
        assert [tag.name for tag in rows(office.get(url("usertag"), query))] == found, query
    page = office.get(url("usertag"), {"user": str(person.pk)}).content.decode()
    assert "By user" in page
    assert str(other) not in page


@pytest.mark.parametrize("value", ["nobody", "999999999", "99999999999999999999999", "\x00", ""])
def test_a_person_who_does_not_exist_is_no_error(office, inferred, value):
    response = office.get(url("usertag"), {"user": value})
    assert (response.status_code, response["Location"]) == (302, f"{url('usertag')}?e=1")


PERSONAL_ADMINS = [
    page for page in admin.site._registry.values() if isinstance(page, PersonalDataAdmin)
]


def words_of(page):
    """Return every lookup that would find words in a column of text or of JSON."""
    fields = [
        field.name
        for field in page.model._meta.concrete_fields
        if isinstance(field, (TextField, CharField, JSONField))
    ]
    suffixes = ("contains", "icontains", "startswith", "regex", "gte", "in")
    for field in fields:
        if field not in page.list_filter:
            yield from (field, f"{field}__exact", f"{field}__gte", f"{field}__q")
        yield from (f"{field}__{suffix}" for suffix in suffixes if suffix != "gte")
        yield f"{field}__0__icontains"


@pytest.mark.parametrize("page", PERSONAL_ADMINS, ids=lambda page: page.opts.model_name)
def test_people_cannot_be_guessed_by_filters(office, inferred, page):
    person = page.person_path
    lookups = [f"{person}__password__startswith", f"{person}__email__contains", f"{person}__gte"]
    for lookup in [*lookups, *words_of(page), "pk__gte", "no_field", ""]:
        answer = office.get(url(page.opts.model_name), {lookup: "a"})
        assert answer.status_code == 400, lookup


def test_every_model_of_personal_data_is_such_a_page():
    assert {page.model for page in PERSONAL_ADMINS} == {
        data.model for data in registered_personal_data()
    }


def test_whom_a_tag_belongs_to_cannot_be_asked_of_terms(office, inferred):
    """By the key of a tag one list would name the term of it, and another the person."""
    for lookup in ("user_tags", "user_tags__in", "user_tags__isnull", "user_tags__name"):
        assert office.get(url("taxonomy"), {lookup: inferred.pk}).status_code == 400
    children = {"parent__isnull": "1", "slug__startswith": "p"}
    assert [row.name for row in rows(office.get(url("taxonomy"), children))] == ["Python"]


@pytest.mark.parametrize("page", PERSONAL_ADMINS, ids=lambda page: page.opts.model_name)
def test_every_link_of_a_list_leads_somewhere(office, staff, person, inferred, page):
    """What the filters offer is asked with the lookups that are allowed."""
    PersonalizationSettings.objects.create(user=person)
    audit.record("export", actor=staff, origin="admin", person_counts={person.pk: {"tags": 1}})
    listed = office.get(url(page.opts.model_name), {page.person_path: str(person.pk)})
    assert [getattr(row, page.person_path) for row in rows(listed)] == [person]
    links = {
        choice["query_string"]
        for spec in listed.context["cl"].filter_specs
        for choice in spec.choices(listed.context["cl"])
    }
    assert len(links) > 5
    for link in links:
        assert office.get(url(page.opts.model_name) + link).status_code == 200, link


@pytest.mark.parametrize(
    ("column", "lookups"),
    [
        ("taxonomy", {"taxonomy__id__exact": True, "taxonomy__name": False}),
        ("taxonomy__category", {"taxonomy__category": True, "taxonomy__category__regex": False}),
        (("source", admin.ChoicesFieldListFilter), {"source__exact": True, "source__in": False}),
        (PersonListFilter, {"user": True, "user__gte": False}),
    ],
)
def test_a_host_may_filter_by_more(rf, staff, column, lookups):
    class HostAdmin(PersonalDataAdmin):
        list_filter = [column]
        date_hierarchy = "created_at"

    page = HostAdmin(UserTag, admin.site)
    request = rf.get("/")
    request.user = staff
    dates = {"created_at__year": True, "created_at__day": True, "created_at__hour": False}
    for lookup, allowed in {**lookups, **dates}.items():
        assert page.lookup_allowed(lookup, "1", request) is allowed, lookup


def test_staff_change_weight_and_state_and_nothing_else(
    office, person, other, inferred, django_capture_on_commit_callbacks
):
    heard = []
    tags_changed.connect(lambda **event: heard.append(event["keys"]), weak=False, dispatch_uid="a")
    form = {"weight": "2.0", "state": "hidden", "name": "Evil", "source": "manual", "evidence": 9}
    form |= {"user": other.pk, "confidence_score": 1, "interaction_count": 99}
    with django_capture_on_commit_callbacks(execute=True):
        assert office.post(url("usertag", "change", inferred.pk), form).status_code == 302
    tags_changed.disconnect(dispatch_uid="a")
    tag = UserTag.objects.get()
    assert (tag.weight, tag.state) == (2, "hidden")
    assert tag.updated_at > inferred.updated_at
    for name in ("user", "name", "key", "source", "evidence", "interaction_count"):
        assert getattr(tag, name) == getattr(inferred, name)
    assert heard == [[tag.key]]


def test_a_form_that_is_sent_late_undoes_nothing(office, person, inferred):
    """Only what staff changed in the form is written, not what it happened to be filled with."""
    page = url("usertag", "change", inferred.pk)
    form = office.get(page).context["adminform"].form
    filled = {field.html_name: field.value() for field in form}
    filled |= {field.html_initial_name: field.value() for field in form}
    track(person, "search", extracted_keywords=["Python"])
    tagging.drop(inferred)
    assert office.post(page, {**filled, "weight": "0.5"}).status_code == 302
    tag = UserTag.objects.get()
    assert (tag.weight, tag.state, tag.interaction_count) == (0.5, "dismissed", 2)


@pytest.mark.parametrize("form", [{"weight": "3", "state": "active"}, {"weight": "1", "state": ""}])
def test_values_that_cannot_be_are_refused_in_the_form(office, inferred, form):
    assert errors(office.post(url("usertag", "change", inferred.pk), form))
    assert UserTag.objects.get().updated_at == inferred.updated_at


def test_tags_are_dismissed_hidden_and_restored(office, person, other, terms):
    mine = tagging.pick_many(person, [terms["python"].pk, terms["ai"].pk])
    theirs = tagging.pick_many(other, [terms["python"].pk])

    def state(action, *tags):
        return said(run(office, "usertag", action, *tags)), {
            (tag.user_id, tag.name): tag.state for tag in UserTag.objects.all()
        }

    message, states = state("dismiss", *mine, *theirs)
    assert message == "3 tags were dismissed."
    assert set(states.values()) == {"dismissed"}
    message, states = state("hide", mine[0])
    assert message == "1 tag was hidden."
    assert states[person.pk, "Python"] == "hidden"
    assert states[other.pk, "Python"] == "dismissed"
    message, states = state("restore", *mine)
    assert message == "2 tags were restored."
    assert state("restore", *mine)[0] == "0 tags were restored."
    assert states[person.pk, "Python"] == "active"


def test_many_tags_change_in_a_bounded_number_of_queries(
    make_person, django_assert_num_queries, django_capture_on_commit_callbacks
):
    people = [make_person(f"p{number}") for number in range(3)]
    make_tags(people, 1500)
    heard = {}
    tags_changed.connect(
        lambda **event: heard.update({event["user_id"]: event["keys"]}),
        weak=False,
        dispatch_uid="a",
    )
    # Savepoint, the rows, two batches of them, end of the savepoint.
    with django_capture_on_commit_callbacks(execute=True), django_assert_num_queries(5):
        assert tagging.change_many(UserTag.objects.all(), state="dismissed") == 1500
    tags_changed.disconnect(dispatch_uid="a")
    assert {pk: len(keys) for pk, keys in heard.items()} == {person.pk: 500 for person in people}
    with pytest.raises(ValueError, match="active, dismissed, hidden"):
        tagging.change_many(UserTag.objects.all(), state="gone")


def test_decisions_are_deleted_with_their_person_only(office, staff, person, inferred):
    choice = PersonalizationSettings.objects.create(user=person, consent="denied")
    for model, row in (("usertag", inferred), ("personalizationsettings", choice)):
        assert office.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        run(office, model, "delete_selected", row, post="yes")
        assert b"deletelink" not in office.get(url(model, "change", row.pk)).content
    assert UserTag.objects.exists()
    assert PersonalizationSettings.objects.exists()
    request = RequestFactory().get("/")
    request.user = staff
    _tree, counts, refused, _protected = get_deleted_objects([person], request, admin.site)
    assert not refused
    assert counts["user tags"] == 1
    if admin.site.is_registered(type(person)):
        page = reverse("admin:auth_user_delete", args=[person.pk])
        assert office.post(page, {"post": "yes"}).status_code == 302
        assert not UserTag.objects.exists()


HIDDEN_ROWS = ["usertag", "personalizationsettings", "userinteraction", "auditentry"]


@pytest.fixture
def divorcing(person):
    """A person with a row of each kind, none of which is for everybody to read."""
    tagging.hide(person, name="Divorce")
    track(person, "conversation", extracted_keywords=["Lawyer"], metadata={"page": "Divorce"})
    PersonalizationSettings.objects.create(user=person, consent="denied", mode="explicit")
    audit.record("export", origin="command", person_counts={person.pk: {"tags": 1}})
    return person


SECRETS = ["Divorce", "Lawyer", "conversation", "Conversation", "Denied", "Picked tags", "Exported"]


def assert_silent(page):
    assert [secret for secret in SECRETS if secret in page] == []


def test_what_goes_with_an_account_is_not_told(clerk, divorcing, rf):
    """Who may delete a person and not view the profile sees how many rows go, not which."""
    deletes = [f"delete_{model}" for model in HIDDEN_ROWS]
    user = divorcing._meta.model_name
    client = clerk(f"view_{user}", f"delete_{user}", *deletes)
    request = rf.get("/")
    request.user = type(divorcing)._default_manager.get(pk=client.session["_auth_user_id"])
    tree, counts, refused, _protected = get_deleted_objects([divorcing], request, admin.site)
    assert not refused
    assert counts["user tags"] == 2
    assert_silent(repr(tree))
    if not admin.site.is_registered(type(divorcing)):
        return
    app = divorcing._meta.app_label
    page = client.get(reverse(f"admin:{app}_{user}_delete", args=[divorcing.pk]))
    assert "User tag: " in page.content.decode()
    assert_silent(page.content.decode())
    chosen = {"action": "delete_selected", "_selected_action": [divorcing.pk]}
    page = client.post(reverse(f"admin:{app}_{user}_changelist"), chosen)
    assert "User tag: " in page.content.decode()
    assert_silent(page.content.decode())


def test_who_may_delete_history_and_not_view_it_is_not_told(clerk, divorcing):
    client = clerk("delete_userinteraction")
    row = UserInteraction.objects.get()
    page = client.get(url("userinteraction", "delete", row.pk)).content.decode()
    assert f"#{row.pk}" in page
    assert_silent(page)


@pytest.mark.parametrize("model", HIDDEN_ROWS)
def test_rows_have_neutral_names(divorcing, model):
    for row in apps.get_model("django_personalization", model).objects.all():
        assert (str(row), repr(row)) == (f"#{row.pk}", f"<{type(row).__name__}: {row.pk}>")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("usertag", "Divorce"),
        ("userinteraction", "Conversation · "),
        ("personalizationsettings", "ada@example.org"),
        ("auditentry", "Exported the profile · "),
    ],
)
def test_pages_name_what_they_show(office, divorcing, model, name):
    row = apps.get_model("django_personalization", model).objects.earliest("pk")
    page = office.get(url(model, "change", row.pk))
    assert page.context["subtitle"].startswith(name)
    crumbs = page.content.decode().partition("breadcrumbs")[2].partition('id="content')[0]
    assert f"{capfirst(row._meta.verbose_name_plural)}</a>" in crumbs
    assert name.rstrip() in crumbs
    listed = office.get(url(model)).content.decode()
    if "action-checkbox-column" in listed:
        assert f"Select this object for an action - {name}" in listed


@pytest.mark.parametrize("model", ["usertag", "userinteraction", "personalizationsettings"])
@pytest.mark.parametrize("key", ["9" * 30, "x", "\x00"])
def test_a_person_who_cannot_be_has_no_rows(office, model, key):
    assert office.get(url(model), {"user": key}).status_code in {302, 400}


def test_pages_name_what_they_delete_and_change(office, divorcing):
    row, tag = UserInteraction.objects.get(), UserTag.objects.get(name="Divorce")
    page = office.get(url("userinteraction", "delete", row.pk)).content.decode()
    selected = run(office, "userinteraction", "delete_selected", row).content.decode()
    for shown in (page, selected):
        assert f">Conversation · {date_format(row.created_at, 'DATETIME_FORMAT')}</a>" in shown
    form = {"weight": "2.0", "state": "hidden"}
    assert ">Divorce</a>" in said(office.post(url("usertag", "change", tag.pk), form))


# Interactions


def test_interactions_are_read_only_and_escaped(office, person, terms):
    words = ["<b>bold</b>", "x" * 60, "Python", "Zig", "Nim", "Odin"]
    book = Book.objects.create(title="A book")
    track(person, "search", extracted_keywords=words, metadata={"page": "<i>"}, content=book)
    interaction = UserInteraction.objects.get()
    listed = office.get(url("userinteraction")).content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;, " in listed
    assert f"{'x' * 23}…, Python, Zig, Nim …" in listed
    assert "x" * 24 not in listed
    assert "Odin" not in listed
    assert f"book {book.pk}" in listed
    page = office.get(url("userinteraction", "change", interaction.pk)).content.decode()
    for shown in ("Odin", "&lt;b&gt;", "&lt;i&gt;", "(+1)", str(person)):
        assert shown in page
    assert "<b>" not in listed + page
    form = {"interaction_type": "conversation"}
    response = office.post(url("userinteraction", "change", interaction.pk), form)
    assert response.status_code == 403


def test_interactions_are_filtered(office, person, other):
    track(person, "search", extracted_keywords=["Zig"])
    track(other, "conversation", occurred_at=timezone.now() - timedelta(days=40))
    for query, found in [
        ({"interaction_type__exact": "search"}, ["search"]),
        ({"created_at__gte": str(timezone.now() - timedelta(days=7))}, ["search"]),
        ({"user": str(other.pk)}, ["conversation"]),
    ]:
        listed = rows(office.get(url("userinteraction"), query))
        assert [row.interaction_type for row in listed] == found


def test_deleted_interactions_take_their_evidence_back(office, person, terms):
    for _time in range(4):
        track(person, "search", extracted_keywords=["Python"])
    first, second, third, _last = UserInteraction.objects.order_by("pk")
    before = UserTag.objects.get()
    page = url("userinteraction", "delete", first.pk)
    assert office.post(page, {"post": "yes"}).status_code == 302
    run(office, "userinteraction", "delete_selected", second, third, post="yes")
    tag = UserTag.objects.get()
    assert (tag.interaction_count, UserInteraction.objects.count()) == (1, 1)
    assert tag.evidence == pytest.approx(before.evidence / 4, rel=1e-3)


# Cost


def make_terms(count):
    Taxonomy.objects.bulk_create(
        Taxonomy(name=f"Filler {number}", category="topic") for number in range(count)
    )
    return list(Taxonomy.objects.filter(name__startswith="Filler").order_by("pk"))


def make_tags(people, count, taxonomies=(None,)):
    UserTag.objects.bulk_create(
        UserTag(
            user=people[number % len(people)],
            name=f"Tag {number}",
            key=term_key(f"Tag {number}"),
            taxonomy=taxonomies[number % len(taxonomies)],
        )
        for number in range(count)
    )


def make_interactions(people, count):
    about = ContentType.objects.get_for_model(Book)
    UserInteraction.objects.bulk_create(
        UserInteraction(
            user=people[number % len(people)],
            interaction_type="search",
            extracted_keywords=["Python", f"Word {number}"],
            metadata={"filler": "x" * 200},
            content_type=about,
            object_id=number,
            fed_terms={term_key(f"Tag {number}"): None},
            fed_weight=1,
        )
        for number in range(count)
    )


def fill(count, make_person):
    """Make ``count`` terms with parents, and as many rows of everything about people."""
    people = [make_person(f"p{number}") for number in range(min(count, 50))]
    taxonomies = make_terms(count + 1)
    for taxonomy in taxonomies[1:]:
        taxonomy.parent = taxonomies[0]
    Taxonomy.objects.bulk_update(taxonomies[1:], ["parent"])
    make_tags(people, count, taxonomies)
    make_interactions(people, count)
    PersonalizationSettings.objects.bulk_create(
        PersonalizationSettings(user=person) for person in people
    )
    return people, taxonomies


# Session and user, then: number of rows, their keys, the rows, and for taxonomies their people.
LISTS = [
    ("taxonomy", 6),
    ("usertag", 5),
    ("userinteraction", 5),
    ("personalizationsettings", 5),
]


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize(("model", "queries"), LISTS)
def test_lists_take_a_fixed_number_of_queries(
    office, make_person, model, queries, count, django_assert_num_queries
):
    fill(count, make_person)
    with django_assert_num_queries(queries):
        listed = rows(office.get(url(model)))
    assert len(listed) >= count
    if model == "userinteraction":
        assert listed[0].get_deferred_fields() == {"metadata", "fed_terms"}


@pytest.mark.parametrize("count", [1, 50])
def test_a_page_of_a_term_takes_a_fixed_number_of_queries(
    office, make_person, count, django_assert_num_queries
):
    _people, (first, *others) = fill(count, make_person)
    TaxonomyAlias.objects.bulk_create(
        TaxonomyAlias(taxonomy=others[0], name=f"Alias {number}") for number in range(count)
    )
    for source, target in [(others[0], row) for row in (first, *others[1:])]:
        TaxonomyRelation.objects.create(source=source, target=target)
        TaxonomyRelation.objects.create(source=target, target=source)
    page = url("taxonomy", "change", others[0].pk)
    office.get(page)  # loads the content types, which stay in memory
    # Session, user, the term, its parent, aliases, relations, and those from other terms.
    with django_assert_num_queries(7):
        page = office.get(page).content.decode()
    assert f"Alias {count - 1}" in page
    assert page.count("selected>Filler") == count + 1


@pytest.mark.parametrize("count", [1, 50])
# Session, user, the row, its person; a tag has a term, an interaction a type of content and tags.
@pytest.mark.parametrize(
    ("model", "queries"), [("usertag", 5), ("userinteraction", 6), ("personalizationsettings", 4)]
)
def test_pages_about_people_take_a_fixed_number_of_queries(
    office, make_person, model, queries, count, django_assert_num_queries
):
    fill(count, make_person)
    row = apps.get_model("django_personalization", model).objects.first()
    page = url(model, "change", row.pk)
    office.get(page)  # loads the content types, which stay in memory
    with django_assert_num_queries(queries):
        assert office.get(page).status_code == 200


def test_pages_do_not_list_the_vocabulary_or_the_people(office, make_person):
    people, taxonomies = fill(300, make_person)
    tag, interaction = UserTag.objects.first(), UserInteraction.objects.first()
    chosen = taxonomies[7]
    TaxonomyRelation.objects.create(source=chosen, target=taxonomies[8])
    for page in (
        url("taxonomy", "add"),
        url("taxonomy", "change", chosen.pk),
        url("usertag", "change", tag.pk),
        url("userinteraction", "change", interaction.pk),
        url("usertag"),
        url("userinteraction"),
    ):
        html = office.get(page).content.decode()
        assert html.count("<option") < 40, page
        assert sum(f">{taxonomy.name}</option>" in html for taxonomy in taxonomies) <= 2, page
        assert not any(f">{person}</option>" in html for person in people), page


@pytest.mark.slow
def test_lists_stay_quick_with_many_rows(office, make_person, django_assert_num_queries):
    people, taxonomies = fill(50, make_person)
    UserTag.objects.all().delete()
    make_tags(people, 20_000, taxonomies)
    make_interactions(people, 20_000)
    by_people, by_confidence, by_time = {"o": "-6"}, {"o": "-4"}, {"o": "3"}
    for model, queries, query in [
        ("taxonomy", 6, {}),
        ("taxonomy", 6, by_people),
        ("usertag", 5, {}),
        ("usertag", 5, {"p": "300", **by_confidence}),
        ("userinteraction", 5, {}),
        ("userinteraction", 5, {"p": "300", **by_time}),
        ("userinteraction", 6, {"user": str(people[0].pk)}),
    ]:
        began = time.perf_counter()
        with django_assert_num_queries(queries):
            assert len(rows(office.get(url(model), query))) == 50
        took = time.perf_counter() - began
        assert took < 2, f"{model} {query} took {took:.1f} s"
