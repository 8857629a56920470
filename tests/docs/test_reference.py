"""The reference lists what the code has, all of it, with the values that it has."""

import ast
import importlib
import importlib.util
import re
import sys

import pytest
from django.apps import apps
from django.contrib import admin
from django.core import checks as django_checks
from django.core.management import load_command_class
from django.test import override_settings
from django.utils.functional import Promise

from django_personalization import checks, conf
from django_personalization.choices import TagSource
from tests.docs.pages import DOCS, ROOT, sections, table_rows

SETTINGS = sections("docs/reference/settings.md")
MODELS = sections("docs/reference/models.md")
COMMANDS = sections("docs/reference/commands.md")


def plain(value):
    """Return a setting's value with its lazy translations as text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, Promise) else value


def shown_default(text):
    block = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)
    return ast.literal_eval(block[1])


def test_every_setting_is_there_in_order():
    assert list(SETTINGS) == list(conf.DEFAULTS)


@pytest.mark.parametrize("name", conf.DEFAULTS)
def test_setting(name):
    text = SETTINGS[name]
    assert shown_default(text) == plain(conf.DEFAULTS[name])
    assert re.search(r"^:type: \S", text, flags=re.MULTILINE)
    shown_id = re.search(r"^:check: (E\d+)$", text, flags=re.MULTILINE)[1]
    with override_settings(DJANGO_PERSONALIZATION={name: object()}):
        ids = {message.id for message in django_checks.run_checks(tags=["compatibility"])}
    assert ids == {f"django_personalization.{shown_id}"}


def test_shortest_half_life():
    assert "number of days, at least 7.305" in SETTINGS["HALF_LIFE_DAYS"]
    for days, wrong in ((7.305, False), (7.3049, True)):
        with override_settings(DJANGO_PERSONALIZATION={"HALF_LIFE_DAYS": days}):
            assert bool(checks.check_settings()) is wrong


def test_every_check_is_there():
    code = (ROOT / "src/django_personalization/checks.py").read_text()
    rows = table_rows((DOCS / "reference/checks.md").read_text())
    assert [row[0] for row in rows] == sorted(set(re.findall(r"[EIW]\d{3}", code)))


def test_every_model_is_there():
    models = apps.get_app_config("django_personalization").get_models()
    assert set(MODELS) == {model.__name__ for model in models}


@pytest.mark.parametrize("name", MODELS)
def test_model(name):
    meta = apps.get_model("django_personalization", name)._meta
    before_state_machine = MODELS[name].partition("\n### ")[0]
    rows = table_rows(before_state_machine)
    constraints = {constraint.name for constraint in meta.constraints}
    shown = [row[0] for row in rows]
    assert {row for row in shown if row.startswith("personalization_")} == constraints
    fields = [field.name for field in meta.concrete_fields if not field.primary_key]
    assert [row for row in shown if not row.startswith("personalization_")] == fields


def test_every_command_is_there_with_its_options():
    package = ROOT / "src/django_personalization/management/commands"
    names = sorted(path.stem for path in package.glob("[!_]*.py"))
    assert sorted(COMMANDS) == names
    for name in names:
        command = load_command_class("django_personalization", name)
        parser = command.create_parser("manage.py", name)
        own = {
            option
            for action in parser._actions
            for option in action.option_strings
            if option.startswith("--") and option not in STANDARD
        }
        assert own == set(re.findall(r"^\| `(--[a-z-]+)", COMMANDS[name], flags=re.MULTILINE))


STANDARD = {
    "--force-color",
    "--help",
    "--no-color",
    "--pythonpath",
    "--settings",
    "--skip-checks",
    "--traceback",
    "--verbosity",
    "--version",
}


def test_every_page_of_the_admin_is_there():
    registered = admin.site._registry
    ours = {m.__name__: registered[m] for m in registered if m.__module__.startswith(PACKAGE)}
    shown = sections("docs/reference/admin.md")
    assert set(shown) == set(ours)
    for name, page in ours.items():
        labels = {str(getattr(page, action).short_description) for action in page.actions or ()}
        actions = re.search(r"^- Actions: (.+?\.)$", shown[name], flags=re.MULTILINE | re.DOTALL)
        assert set(re.findall(r"\*(.+?)\*", actions[1] if actions else "")) == labels


@pytest.mark.parametrize(
    "module",
    [
        "tagging",
        "tracking",
        "preferences",
        "evidence",
        "content",
        "ranking",
        "explaining",
        "reasons",
        "recommendations",
        "views",
        "visits",
        "rest.hosts",
        "parameters",
        "refreshing",
        "privacy",
        "retention",
        "audit",
        "exceptions",
    ],
)
def test_every_public_name_is_there(module):
    path = f"{PACKAGE}.{module}"
    code = importlib.import_module(path)
    public = {
        name
        for name, value in vars(code).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == path and callable(value)
    }
    text = (DOCS / "reference/python-api.md").read_text()
    listed = re.search(rf"automodule:: {path}\n   :members:(.*)", text)[1]
    if listed.strip():
        assert public - INTERNAL == set(listed.replace(" ", "").split(",")) - {"FADED"}


PACKAGE = "django_personalization"
# Called by the package itself: when terms are saved, events taken back, clients' settings or names
# of content looked at, settings stored by those who hold the person, events tracked by those who
# have asked before, terms refused, and interests used that were read before.
INTERNAL = {
    "align_tags",
    "change_problems",
    "declaration_of",
    "explained",
    "find_visible",
    "legal_labels",
    "no_active_taxonomy",
    "ranked",
    "refusal_problems",
    "store_settings",
    "take_from",
    "track_allowed",
}


def test_every_template_tag_is_there():
    library = importlib.import_module(f"{PACKAGE}.templatetags.personalization").register
    assert set(sections("docs/reference/templates.md")) == {*library.tags, *library.filters}


def test_weights_and_sources():
    evidence = table_rows((DOCS / "explanation/evidence.md").read_text())
    types = conf.DEFAULTS["INTERACTION_TYPES"]
    assert dict(evidence) == {code: f"{spec['weight']:g}" for code, spec in types.items()}
    sources = table_rows((DOCS / "howto/categories-and-types.md").read_text())
    assert sources == [
        [source.value, str(source.label)] for source in TagSource if source != TagSource.MANUAL
    ]


def test_the_plot_is_what_the_arithmetic_says(monkeypatch):
    spec = importlib.util.spec_from_file_location("plots", DOCS / "plots.py")
    plots = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up by name.
    monkeypatch.setitem(sys.modules, "plots", plots)
    spec.loader.exec_module(plots)
    stored = (DOCS / "images/confidence.svg").read_text(encoding="utf-8")
    assert plots.confidence_svg() == stored, "run `python docs/plots.py`"
