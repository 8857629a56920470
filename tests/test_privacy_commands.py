"""export_profile and erase_profile: whom they mean, what they ask, what they leave behind."""

import io
import json
import os
import stat
import sys

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from django_personalization import tagging
from django_personalization.models import AuditEntry, UserInteraction, UserTag
from django_personalization.privacy import count_profile
from django_personalization.tracking import track

pytestmark = pytest.mark.django_db
NAME = get_user_model().USERNAME_FIELD


@pytest.fixture
def known(person, terms):
    tagging.pick(person, taxonomy=terms["python"])
    track(person, "search", extracted_keywords=["Zig"])
    return person


def run(name, *arguments, **options):
    out = io.StringIO()
    call_command(name, *arguments, stdout=out, **options)
    return out.getvalue()


def natural(person):
    return getattr(person, NAME)


def audited():
    return list(AuditEntry.objects.values_list("person", "actor", "origin", "action", "counts"))


# Whom


def test_people_are_named_by_either_key(known, other):
    texts = [natural(known), str(known.pk), f"pk={known.pk}", f"{NAME}={natural(known)}"]
    documents = [json.loads(run("export_profile", text)) for text in texts]
    assert all(len(document["tags"]) == 2 for document in documents)
    assert len(documents) == AuditEntry.objects.count()


@pytest.mark.parametrize("text", ["nobody", "0", "pk=nobody", "pk=", "9" * 40, "é=1", "", "\udcff"])
@pytest.mark.parametrize("name", ["export_profile", "erase_profile"])
def test_nobody_is_told_by_the_names_of_the_keys(known, name, text):
    with pytest.raises(CommandError) as error:
        run(name, text)
    assert str(error.value) == f"There is nobody whose {NAME} or primary key is {text!r}."
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("form", ["0_{}", " {}", "0{}", "pk=0_{}"])
def test_a_key_is_taken_as_it_is_written(known, form):
    with pytest.raises(CommandError, match="There is nobody"):
        run("erase_profile", form.format(known.pk), "--yes")
    assert UserTag.objects.filter(user=known).exists()


def test_a_name_that_is_anothers_key_is_refused(known, other):
    get_user_model()._base_manager.filter(pk=other.pk).update(**{NAME: str(known.pk)})
    text = str(known.pk)
    with pytest.raises(CommandError) as error:
        run("erase_profile", text, "--yes")
    assert f"Write {NAME}={text} or pk={text}." in str(error.value)
    assert count_profile(known)["tags"] == 2
    assert len(json.loads(run("export_profile", f"pk={text}"))["tags"]) == 2
    assert json.loads(run("export_profile", f"{NAME}={text}"))["tags"] == []


def test_a_name_may_begin_like_a_key(known):
    get_user_model()._base_manager.filter(pk=known.pk).update(**{NAME: "pk=ada"})
    assert len(json.loads(run("export_profile", "pk=ada"))["tags"]) == 2


def test_people_whom_the_hosts_manager_leaves_out_are_found(known, monkeypatch):
    manager = type(get_user_model()._default_manager)
    nobody = get_user_model()._base_manager.none()
    monkeypatch.setattr(manager, "get_queryset", lambda self: nobody)
    assert len(json.loads(run("export_profile", natural(known)))["tags"]) == 2


# Export


def test_an_export_is_printed_and_recorded(known):
    document = json.loads(run("export_profile", natural(known)))
    counts = {"settings": 0, "tags": 2, "interactions": 1, "audit": 0}
    assert audited() == [(known.pk, None, "command", "export", counts)]
    # The document is honest about itself: what is recorded of it is in it.
    assert [row["action"] for row in document["audit"]] == ["export"]


def test_an_export_may_be_indented(known):
    text = run("export_profile", natural(known), "--indent")
    assert '\n  "name": "Python",\n' in text
    assert json.loads(text)["version"] == 1


def test_a_file_is_its_owners_only(known, tmp_path):
    path = tmp_path / "ada.json"
    path.write_text("an older one, that everybody may read")
    path.chmod(0o644)
    said = run("export_profile", natural(known), "--output", str(path))
    assert said == f"The profile is in {path}.\n"
    assert len(json.loads(path.read_text())["tags"]) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["ada.json"]
    assert run("export_profile", natural(known), "--output", str(path), verbosity=0) == ""


def test_a_file_is_whole_or_not_there(known, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no database any more")

    monkeypatch.setattr("django_personalization.personal_data._interaction_row", fail)
    for before in (None, "an older one"):
        path = tmp_path / "ada.json"
        if before:
            path.write_text(before)
        with pytest.raises(RuntimeError):
            run("export_profile", natural(known), "--output", str(path))
        assert [file.read_text() for file in tmp_path.iterdir()] == ([before] if before else [])


def test_what_is_no_ordinary_file_stays_what_it_is(known, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(CommandError, match="cannot be written: it is no ordinary file"):
        run("export_profile", natural(known), "--output", str(pipe))
    assert pipe.is_fifo()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("place", ["nowhere/ada.json", "."])
def test_a_file_that_cannot_be_written_is_named(known, tmp_path, place):
    path = tmp_path / place
    with pytest.raises(CommandError, match="cannot be written: "):
        run("export_profile", natural(known), "--output", str(path))
    assert not AuditEntry.objects.exists()


# Erase


class Keyboard(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def answer(monkeypatch):
    """Sit at a terminal and answer the question."""

    def give(text):
        monkeypatch.setattr(sys, "stdin", Keyboard(f"{text}\n"))

    return give


def test_it_says_what_will_go_and_asks(known, answer, capsys):
    for text in ("no", "", "y"):
        answer(text)
        out = io.StringIO()
        with pytest.raises(CommandError, match=r"Nothing was done\."):
            call_command("erase_profile", natural(known), stdout=out)
        assert f"The profile of {known}: 0 settings, 2 tags, 1 interactions." in out.getvalue()
        assert "All of it goes. This cannot be undone." in out.getvalue()
    assert count_profile(known)["tags"] == 2
    assert audited() == []
    answer("yes")
    said = run("erase_profile", natural(known))
    assert said.endswith("Erased: 1 interactions, 2 tags, 0 settings.\n")
    assert not UserTag.objects.exists()
    counts = {"settings": 0, "tags": 2, "interactions": 1}
    assert audited() == [(known.pk, None, "command", "erase", counts)]
    assert "Type yes" in capsys.readouterr().out


def test_it_refuses_where_nobody_can_answer(known, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    with pytest.raises(CommandError, match=r"no terminal to ask on\. Give --yes"):
        run("erase_profile", natural(known))
    assert count_profile(known)["tags"] == 2


@pytest.mark.parametrize("option", ["--yes", "--no-input", "--noinput"])
def test_a_script_is_not_asked(known, other, option):
    track(other, "search", extracted_keywords=["Nim"])
    assert run("erase_profile", natural(known), option, verbosity=0) == ""
    assert UserInteraction.objects.get().user_id == other.pk
    assert count_profile(known) == {"settings": 0, "tags": 0, "interactions": 0, "audit": 1}


def test_a_reset_keeps_what_the_person_said(known, answer):
    answer("YES ")
    said = run("erase_profile", natural(known), "--reset")
    assert "what the person said stays" in said
    assert said.endswith("Reset: 1 tags, 1 interactions.\n")
    assert UserTag.objects.get().name == "Python"
    assert audited() == [(known.pk, None, "command", "reset", {"tags": 1, "interactions": 1})]


def test_nothing_is_recorded_of_an_erasure_that_fails(known, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the audit cannot be written")

    monkeypatch.setattr("django_personalization.audit.record", fail)
    with pytest.raises(RuntimeError):
        run("erase_profile", natural(known), "--yes")
    assert count_profile(known)["tags"] == 2


@pytest.mark.parametrize("name", ["export_profile", "erase_profile"])
def test_help_teaches(name, capsys):
    with pytest.raises(SystemExit):
        call_command(name, "--help")
    text = capsys.readouterr().out
    assert f"\nexamples:\n  manage.py {name}" in text
    assert f"{NAME} or primary key" in " ".join(text.split())
