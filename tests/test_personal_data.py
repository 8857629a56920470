"""The registry of personal data: no model is missing, no column is left out of an export."""

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models
from django.test.utils import isolate_apps
from django.utils import timezone

from django_personalization import personal_data
from django_personalization.choices import DataOrigin
from django_personalization.models import AuditEntry, PersonalizationSettings, UserTag
from django_personalization.personal_data import IMPERSONAL, registered_personal_data
from django_personalization.privacy import erase_profile
from django_personalization.tracking import track
from tests.hosts.library.models import Book

OURS = list(apps.get_app_config("django_personalization").get_models(include_auto_created=True))


def relations(model):
    """Yield the models that ``model`` points at, by foreign keys and by tables between."""
    for field in [*model._meta.get_fields(), *model._meta.private_fields]:
        if field.is_relation and not field.auto_created and field.related_model is not None:
            yield field.related_model


def is_about_people(model, seen=()):
    """Whether rows of the model point at people, by themselves or through other models of ours."""
    return any(
        target is get_user_model()
        or (target in OURS and target not in seen and is_about_people(target, (*seen, model)))
        for target in relations(model)
    )


def missing():
    """Return the models of ours that nobody has declared, and those declared wrongly."""
    personal = {data.model for data in registered_personal_data()}
    return {
        model.__name__
        for model in OURS
        if (is_about_people(model) and model not in personal)
        or (model in personal) == (model in IMPERSONAL)
    }


def test_every_model_is_declared():
    assert missing() == set()


@pytest.mark.parametrize("data", registered_personal_data(), ids=lambda data: data.name)
def test_a_model_that_is_not_declared_is_noticed(data, monkeypatch):
    rest = tuple(other for other in registered_personal_data() if other is not data)
    monkeypatch.setattr(personal_data, "_REGISTRY", rest)
    assert missing() == {data.model.__name__}
    # Nor is it enough to say that it holds nothing about anybody.
    monkeypatch.setitem(personal_data.IMPERSONAL, data.model, "nothing, says somebody")
    assert missing() == {data.model.__name__}


def test_an_impersonal_model_that_is_not_declared_is_noticed(monkeypatch):
    for model in list(IMPERSONAL):
        assert not is_about_people(model)
        monkeypatch.delitem(personal_data.IMPERSONAL, model)
        assert model.__name__ in missing()


@isolate_apps("django_personalization")
def test_relations_through_other_models_are_followed():
    class Remark(models.Model):
        tag = models.ForeignKey(UserTag, models.CASCADE)

        class Meta:
            app_label = "django_personalization"

    assert is_about_people(Remark)


@pytest.mark.parametrize("data", registered_personal_data(), ids=lambda data: data.name)
def test_paths_lead_to_people(data):
    paths = {data.person, *data.other_people}
    pointing = {f.name for f in data.model._meta.fields if f.related_model is get_user_model()}
    assert paths == pointing
    assert data.erased is not bool(data.kept_because)


def test_names_differ():
    names = [data.name for data in registered_personal_data()]
    assert len(set(names)) == len(names)


@pytest.fixture
def known(person, terms):
    """A person with a row of every kind."""
    book = Book.objects.create(title="A book")
    track(person, "search", extracted_keywords=["Python"], metadata={"page": 2}, content=book)
    PersonalizationSettings.objects.create(user=person, consent="granted")
    AuditEntry.objects.create(person=person, origin="admin", action="export", counts={"tags": 1})
    return person


@pytest.mark.parametrize("data", registered_personal_data(), ids=lambda data: data.name)
def test_every_column_is_exported_or_stood_for(data, known):
    [[row]] = list(data.export(known.pk))
    columns = {field.name for field in data.model._meta.concrete_fields}
    exported = columns & row.keys()
    # What the exports of all kinds share is not the column of that name.
    derived = set(data.derived)
    assert exported - derived | derived == columns
    assert derived <= columns
    assert row["origin"] in DataOrigin.values
    stand_ins = {name for name in data.derived.values() if " " not in name}
    assert stand_ins <= row.keys()


def test_nobodys_rows_are_nobodys(known):
    AuditEntry.objects.create(person=None, origin="command", action="prune")
    for data in registered_personal_data():
        assert not data.rows(None).exists()
        assert list(data.export(None)) == []


def test_others_rows_are_not_found(known, other):
    for data in registered_personal_data():
        assert not data.rows(other.pk).exists()
        assert list(data.export(other.pk)) == []


def test_what_is_not_erased_says_why_and_goes_with_the_account(known):
    erase_profile(known)
    kept = {data.name for data in registered_personal_data() if data.rows(known.pk).exists()}
    assert kept == {data.name for data in registered_personal_data() if data.kept_because}
    pk = known.pk
    known.delete()
    assert not any(data.rows(pk).exists() for data in registered_personal_data())


def test_batches_begin_where_the_last_one_ended(person):
    """Also among rows of the same moment."""
    now = timezone.now()
    AuditEntry.objects.bulk_create(
        AuditEntry(person=person, origin="admin", action="export", created_at=now)
        for _number in range(7)
    )
    rows = AuditEntry.objects.filter(person=person)
    batches = list(personal_data.in_batches(rows, 3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert [row.pk for batch in batches for row in batch] == sorted(
        rows.values_list("pk", flat=True)
    )
