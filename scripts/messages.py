"""Remake the translation catalogues from the strings of the package, and compile them.

    make messages                       every language that has a catalogue
    python scripts/messages.py fr       begin a new one

Strings that are new get an empty translation, those that are gone are dropped, and what is
translated stays. Fill the empty ones in locale/<language>/LC_MESSAGES/django.po and run it again.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "django_personalization"
LAZY = ("gettext", "ngettext", "pgettext", "npgettext")
KEYWORDS = {**DEFAULT_KEYWORDS, **{f"{name}_lazy": DEFAULT_KEYWORDS[name] for name in LAZY}}
HEADER = "# {language} translations of django-personalization."


class Catalogue(Catalog):
    """A catalogue whose header says nothing that differs between two runs, such as a date."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Return what gettext needs to know."""
        return [
            ("Project-Id-Version", "django-personalization"),
            ("Last-Translator", "django-personalization contributors"),
            ("Language", str(self.locale)),
            ("Language-Team", str(self.locale_identifier)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


def po_file(package: Path, language: str) -> Path:
    """Return where the catalogue of a language is; the compiled one is beside it."""
    return package / "locale" / language / "LC_MESSAGES" / "django.po"


def languages(package: Path) -> list[str]:
    """Return the languages that have a catalogue."""
    return sorted(path.parts[-3] for path in package.glob("locale/*/LC_MESSAGES/django.po"))


def from_sources(package: Path, language: str) -> Catalogue:
    """Return a catalogue of all strings in the modules and templates, none of them translated."""
    locale = Locale.parse(language)
    comment = HEADER.format(language=locale.english_name)
    catalogue = Catalogue(locale=locale, header_comment=comment, fuzzy=False)
    methods = [("**/templates/**", _extract_template), ("**.py", "python")]
    found = extract_from_dir(package, methods, keywords=KEYWORDS, comment_tags=("Translators:",))
    for file, line, message, comments, context in found:
        place = [(file, line)]
        catalogue.add(message, locations=place, auto_comments=comments, context=context)
    return catalogue


def _extract_template(
    source: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[Any]:
    # Django turns a template into calls of gettext; their indentation means nothing.
    lines = templatize(source.read().decode()).splitlines(keepends=True)
    code = io.BytesIO("".join(line.lstrip(" \t") for line in lines).encode())
    return extract_python(code, keywords, comment_tags, options)


def remade(package: Path, language: str) -> Catalogue:
    """Return the catalogue of the sources with the translations that the stored one has."""
    fresh, path = from_sources(package, language), po_file(package, language)
    stored = read(path) if path.exists() else Catalog(locale=language)
    for message in fresh:
        old = stored.get(message.id, message.context) if message.id else None
        if old is not None and old.pluralizable == message.pluralizable:
            message.string = old.string
            message.flags |= old.flags & {"fuzzy"}
            message.user_comments = old.user_comments
    return fresh


def read(path: Path) -> Catalog:
    """Read a catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def compiled(path: Path) -> bytes:
    """Return what the catalogue compiles to, without its strings that are not translated."""
    catalogue = Catalogue(locale=path.parts[-3], fuzzy=False)
    for message in read(path):
        if message.id and all(strings(message)):
            flags = message.flags
            catalogue.add(message.id, message.string, context=message.context, flags=flags)
    output = io.BytesIO()
    write_mo(output, catalogue)
    return output.getvalue()


def strings(message: Message) -> tuple[str, ...]:
    """Return the translation, one text for each plural form."""
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(string)


def remake(package: Path, language: str) -> list[Message]:
    """Rewrite and compile a catalogue; return the messages that need a translator."""
    catalogue, path = remade(package, language), po_file(package, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        # Lines change with every edit of the sources, files seldom.
        write_po(file, catalogue, sort_by_file=True, include_lineno=False)
    path.with_suffix(".mo").write_bytes(compiled(path))
    return [m for m in catalogue if m.id and (m.fuzzy or not all(strings(m)))]


def main() -> None:
    """Read the command line, remake the catalogues and say what there is to translate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("language", nargs="*", help="only these languages, such as fr or pt_BR")
    for language in parser.parse_args().language or languages(PACKAGE):
        try:
            waiting = remake(PACKAGE, language)
        except (UnknownLocaleError, ValueError) as error:
            sys.exit(f"{language!r} is no language such as fr or pt_BR: {error}.")
        path = po_file(PACKAGE, language).relative_to(PACKAGE.parents[1])
        print(f"Written and compiled: {path}, {len(waiting)} strings to translate.")
        for message in waiting:
            print(f"  {message.id}")


if __name__ == "__main__":
    main()
