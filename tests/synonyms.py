"""What the tests of merging share: synonyms, people who have them, and all that there is."""

from contextlib import contextmanager, suppress

from django.apps import apps

from django_personalization import tagging
from django_personalization.merging import run
from django_personalization.models import (
    AuditEntry,
    RelationSuggestion,
    Taxonomy,
    TaxonomyRelation,
    UserTag,
    VocabularyRevision,
)
from django_personalization.tracking import track
from tests.hosts.clubs.models import Club, Guide, Interest, Prize
from tests.hosts.library.models import Book, Essay


def term(name, **fields):
    return Taxonomy.objects.create(name=name, **{"category": "skill", **fields})


def relate(source, target, weight=0.5, **fields):
    return TaxonomyRelation.objects.create(source=source, target=target, weight=weight, **fields)


def suggest(one, other, **fields):
    source, target = sorted([one, other], key=lambda row: row.pk)
    return RelationSuggestion.objects.create(source=source, target=target, **fields)


def search(person, *keywords, times=1):
    for _time in range(times):
        result = track(person, "search", extracted_keywords=keywords)
    return result.interaction


def tags_of(person):
    return {tag.name: tag for tag in UserTag.objects.of(person)}


def snapshot():
    """Return all rows of all tables that a merge may touch."""
    kept = (VocabularyRevision, AuditEntry)
    models = [
        *apps.get_app_config("django_personalization").get_models(include_auto_created=True),
        *apps.get_app_config("clubs").get_models(include_auto_created=True),
        *apps.get_app_config("library").get_models(include_auto_created=True),
    ]
    return {
        model._meta.label: sorted(model._base_manager.values_list(), key=lambda row: str(row[0]))
        for model in models
        if model not in kept
    }


def differences(before, after):
    return {
        label: (set(before[label]) - set(after[label]), set(after[label]) - set(before[label]))
        for label in before
        if before[label] != after[label]
    }


def pick(person, which):
    tagging.pick(person, taxonomy=which)


def infer(person, which):
    search(person, which.name)


def dismiss(person, which):
    search(person, which.name)
    tagging.drop(UserTag.objects.of(person).get(taxonomy=which))


def drop_picked(person, which):
    tagging.drop(tagging.pick(person, taxonomy=which)[0])


def hide(person, which):
    tagging.hide(person, taxonomy=which)


def heavy(person, which):
    tagging.weigh(tagging.pick(person, taxonomy=which)[0], 2)


class Stop(Exception):
    """What somebody does who pulls the plug."""


@contextmanager
def stopped_after(lines):
    """Let the transactions of a merge fail at their end, after the first ones."""
    write = run.UndoLog.write
    left = iter(range(lines))

    def write_or_stop(log, line):
        write(log, line)
        if "record" in line and next(left, None) is None:
            raise Stop

    run.UndoLog.write = write_or_stop
    try:
        with suppress(Stop):
            yield
    finally:
        run.UndoLog.write = write


def a_busy_site(make_person, py, snake):
    """Fill the tables with all that a merge moves; return the people."""
    third, django = term("CPython", category="topic"), term("Django", parent=snake)
    relate(py, third, 0.2)
    relate(snake, django, 0.7)
    relate(third, django, 0.4, is_symmetric=False)
    relate(py, django, 0.3)
    suggest(snake, django, status="rejected", people_support=6)
    suggest(third, django, score=0.5)
    people = [make_person(f"p{number}") for number in range(12)]
    for number, someone in enumerate(people):
        search(someone, *["Python", "py3k", "CPython", "free"][number % 4 :])
        for do, which in zip([pick, dismiss, hide, heavy], [snake, third, py, snake], strict=True):
            if number % 5 == [pick, dismiss, hide, heavy].index(do):
                do(someone, which)
        book = Book.objects.create(title=number)
        book.topics.set([[py, snake], [snake], [third, snake], [py]][number % 4])
        club = Club.objects.create(name=number)
        Interest.objects.create(club=club, topic=[py, snake][number % 2], strength="0.25")
        Interest.objects.create(club=club, topic=third)
    Essay.objects.create(title="x", topic=snake)
    Prize.objects.create(topic=third, year=2020)
    Guide.objects.create(topic=snake, text="x")
    return people, third
