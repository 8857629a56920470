"""The catalogues hold every string of the package, translated, and people read the translation."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from scripts import messages

import django_personalization
from django_personalization import tagging
from django_personalization.choices import TagSource
from django_personalization.exceptions import InvalidInput
from django_personalization.models import UserTag

PACKAGE = Path(django_personalization.__file__).parent
LANGUAGES = messages.languages(PACKAGE)
REMAKE = "Run `make messages`, fill the empty translations in {path}, and run it again."
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+ #0]*[\d.]*[a-zA-Z%]|\{\w*\}")


def remake(language):
    return REMAKE.format(path=messages.po_file(Path("src/django_personalization"), language))


def stored(language):
    return messages.read(messages.po_file(PACKAGE, language))


def ids(catalogue):
    """What tells strings apart: context, text and plural."""
    return {(message.context, message.id) for message in catalogue if message.id}


def disagreement(message):
    """Return the first translation whose placeholders are not those of the text."""
    texts = message.id if message.pluralizable else (message.id,)
    expected = Counter(PLACEHOLDER.findall(texts[-1]))
    found = messages.strings(message)
    return next((text for text in found if Counter(PLACEHOLDER.findall(text)) != expected), None)


def test_there_is_german():
    assert "de" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
class TestCatalogue:
    def test_it_holds_exactly_the_strings_of_the_sources(self, language):
        sources, catalogue = ids(messages.from_sources(PACKAGE, language)), ids(stored(language))
        assert len(sources) > 50
        assert not sources - catalogue, f"These strings are new. {remake(language)}"
        assert not catalogue - sources, f"These strings are gone. {remake(language)}"

    def test_every_string_is_translated(self, language):
        missing = [m.id for m in stored(language) if m.id and not all(messages.strings(m))]
        assert not missing, f"These strings have no translation. {remake(language)}"

    def test_nothing_is_uncertain_or_obsolete(self, language):
        catalogue = stored(language)
        uncertain = [message.id for message in catalogue if message.id and message.fuzzy]
        assert not uncertain, f"Check these, and delete their mark `fuzzy`. {remake(language)}"
        assert not catalogue.obsolete, f"Obsolete strings have no use. {remake(language)}"

    def test_placeholders_are_those_of_the_text(self, language):
        wrong = {m.id: disagreement(m) for m in stored(language) if m.id and disagreement(m)}
        assert not wrong, f"These translations lack placeholders or have others. {remake(language)}"

    def test_the_compiled_catalogue_is_made_from_it(self, language):
        path = messages.po_file(PACKAGE, language)
        same = path.with_suffix(".mo").read_bytes() == messages.compiled(path)
        assert same, f"django.mo is not what django.po compiles to. {remake(language)}"

    def test_it_says_nothing_of_the_machine_or_the_day(self, language):
        text = messages.po_file(PACKAGE, language).read_text(encoding="utf-8")
        places = re.findall(r"^#: (.+)$", text, flags=re.MULTILINE)
        files = {file for line in places for file in line.split()}
        assert files, "The catalogue does not say where its strings are."
        assert [file for file in files if not (PACKAGE / file).is_file()] == []
        assert "-Date:" not in text, f"Dates change without a reason. {remake(language)}"


@pytest.fixture
def small_package(tmp_path):
    """A package with a module, a template and a German catalogue that lags behind."""
    (tmp_path / "templates" / "small").mkdir(parents=True)
    (tmp_path / "labels.py").write_text(
        "from django.utils.translation import gettext_lazy as _, ngettext_lazy, pgettext\n"
        'LABELS = [_("kept"), ngettext_lazy("%d row", "%d rows"), pgettext("verb", "Open")]\n'
    )
    (tmp_path / "templates" / "small" / "page.html").write_text(
        "{% load i18n %}\n<p>\n      it's <b>{% translate 'Hello' %}</b>\n  </p>\n"
        "{% blocktranslate count n=n %}{{ n }} tag{% plural %}{{ n }} tags{% endblocktranslate %}\n"
    )
    path = messages.po_file(tmp_path, "de")
    path.parent.mkdir(parents=True)
    path.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "kept"\nmsgstr "behalten"\n\nmsgid "gone"\nmsgstr "weg"\n',
        encoding="utf-8",
    )
    return tmp_path


class TestRemaking:
    def test_modules_and_templates_are_read(self, small_package):
        assert ids(messages.from_sources(small_package, "de")) == {
            (None, "kept"),
            (None, ("%d row", "%d rows")),
            ("verb", "Open"),
            (None, "Hello"),
            (None, ("%(n)s tag", "%(n)s tags")),
        }

    def test_translations_stay_and_what_is_gone_is_dropped(self, small_package):
        waiting = messages.remake(small_package, "de")
        catalogue = messages.read(messages.po_file(small_package, "de"))
        assert catalogue.get("kept").string == "behalten"
        assert catalogue.get("gone") is None
        assert ids(waiting) == ids(catalogue) - {(None, "kept")}

    def test_a_string_that_got_a_plural_waits_for_a_translator(self, small_package):
        source = small_package / "labels.py"
        source.write_text('ngettext("kept", "all kept", 2)\n')
        waiting = messages.remake(small_package, "de")
        assert (None, ("kept", "all kept")) in ids(waiting)

    def test_a_second_run_changes_nothing(self, small_package):
        path = messages.po_file(small_package, "de")
        messages.remake(small_package, "de")
        first = path.read_bytes(), path.with_suffix(".mo").read_bytes()
        messages.remake(small_package, "de")
        assert (path.read_bytes(), path.with_suffix(".mo").read_bytes()) == first

    def test_a_new_language_has_its_own_plural_forms(self, small_package):
        messages.remake(small_package, "pl")
        catalogue = messages.read(messages.po_file(small_package, "pl"))
        assert catalogue.num_plurals == 3
        assert messages.languages(small_package) == ["de", "pl"]


class TestGerman:
    def test_labels(self):
        assert TagSource.MANUAL.label == "Picked by hand"
        with override("de"):
            assert [str(label) for label in TagSource.labels] == [
                "Von Hand gewählt",
                "Aus Projekten",
                "Aus Gesprächen",
                "Aus Aktivitäten",
            ]

    def test_what_a_refused_pick_says(self, person):
        with override("de"), pytest.raises(InvalidInput) as refused:
            tagging.pick_many(person, [404])
        assert refused.value.errors == {"taxonomy_ids": ["Keine aktive Taxonomie hat die ID 404."]}

    @pytest.fixture
    def client(self, staff, settings):
        """Signed in at a site that speaks its visitors' languages, with a German browser."""
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
        client = Client(headers={"accept-language": "de"})
        client.force_login(staff)
        # The middleware leaves the language of the last request behind.
        with override("en"):
            yield client

    def test_pages_of_the_admin(self, client, person, terms):
        page = client.get(reverse("admin:django_personalization_taxonomy_changelist"))
        assert "Taxonomie zur Änderung auswählen" in page.text
        assert "Durchsucht Namen, Kürzel und Aliasse." in page.text

        tagging.pick(person, taxonomy=terms["python"])
        chosen = UserTag.objects.values_list("pk", flat=True)
        page = client.post(
            reverse("admin:django_personalization_usertag_changelist"),
            {"action": "dismiss", "_selected_action": list(chosen)},
            follow=True,
        )
        assert "1 Schlagwort wurde verworfen." in page.text
        assert "<h1>Benutzer-Schlagwort zur Änderung auswählen</h1>" in page.text
