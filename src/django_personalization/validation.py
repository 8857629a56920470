"""The one validator of free-form JSON and text that stands at every door.

Everything that PostgreSQL, SQLite or a JSON encoder would choke on is refused here, with the path
to the bad value, so that no door has to know why.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

from django_personalization.text import MOST_MARKS, normalize, too_many_marks

MAX_BYTES: Final = 8192
MAX_DEPTH: Final = 10
MAX_KEYS: Final = 50
MAX_KEY_BYTES: Final = 400
MAX_NAME_LENGTH: Final = 100
_INT_LIMIT: Final = 2**63
_Path = tuple[str | int, ...]


def text_problem(value: object, *, max_bytes: int = MAX_BYTES) -> str | None:
    """Return what is wrong with ``value`` as text, or ``None`` when it can be stored."""
    if not isinstance(value, str):
        return _("Expected text, got %s.") % type(value).__name__
    if "\x00" in value:
        return _("Contains a NUL character (position %d).") % value.index("\x00")
    try:
        size = len(value.encode("utf-8"))
    except UnicodeEncodeError as error:
        message = _("Contains a lone surrogate (position %d), which is not text.")
        return message % error.start
    if size > max_bytes:
        return _("Is %(size)s bytes long; at most %(most)s are allowed.") % {
            "size": f"{size:,}",
            "most": f"{max_bytes:,}",
        }
    return None


def matched_text_problem(value: object) -> str | None:
    """Return what is wrong with ``value`` as text that is normalised, or ``None``."""
    problem = text_problem(value)
    if problem is not None or not isinstance(value, str):
        return problem
    position = too_many_marks(value)
    if position is None:
        return None
    return _("Has more than %(most)d combining marks in a row (position %(position)d).") % {
        "most": MOST_MARKS,
        "position": position,
    }


def name_problem(value: object) -> str | None:
    """Return what is wrong with ``value`` as the name of a tag or keyword, or ``None``."""
    problem = matched_text_problem(value)
    if problem is not None or not isinstance(value, str):
        return problem
    control = next((char for char in value if unicodedata.category(char) == "Cc"), " ")
    if control not in " \t\n\r":
        return _("Contains the control character %s.") % ascii(control)
    if not normalize(value):
        return _("May not be blank.")
    if len(value) > MAX_NAME_LENGTH:
        return _("Is %(length)d characters long; at most %(most)d are allowed.") % {
            "length": len(value),
            "most": MAX_NAME_LENGTH,
        }
    return None


def json_problem(value: object) -> str | None:
    """Return what is wrong with ``value`` as a JSON object to store, or ``None``.

    At most 8,192 bytes, 10 levels and 50 keys; no NUL, lone surrogate, non-finite number or
    integer beyond 64 bits. The sentence names the path to the bad value, such as ``a.b[2]``.
    """
    if not isinstance(value, dict):
        return no_object(value)
    counter = [0]
    problem = _problem_at(value, (), counter)
    if problem is not None:
        return problem
    size = len(json.dumps(value, ensure_ascii=False).encode("utf-8"))
    if size > MAX_BYTES:
        return _("Is %(size)s bytes long as JSON; at most %(most)s are allowed.") % {
            "size": f"{size:,}",
            "most": f"{MAX_BYTES:,}",
        }
    return None


def no_object(value: object) -> str:
    """Return the sentence that refuses JSON that is not an object."""
    return _("Expected a JSON object, got %s.") % type(value).__name__


def not_among(text: str, legal: Iterable[str]) -> str:
    """Return the sentence that refuses a value, written by :func:`shown`, and names the legal."""
    return _("%(value)s is not one of: %(legal)s.") % {"value": text, "legal": ", ".join(legal)}


def not_whole(text: str, least: int, most: int) -> str:
    """Return the sentence that refuses what is not a whole number in a range."""
    message = _("%(value)s is not a whole number from %(least)d to %(most)d.")
    return message % {"value": text, "least": least, "most": most}


def _problem_at(value: object, path: _Path, keys: list[int]) -> str | None:
    if not isinstance(value, (dict, list, tuple)):
        return _scalar_problem(value, path)
    if len(path) >= MAX_DEPTH:
        message = _("%(path)s is nested deeper than %(most)d levels.")
        return message % {"path": _named(path), "most": MAX_DEPTH}
    if isinstance(value, dict):
        keys[0] += len(value)
        if keys[0] > MAX_KEYS:
            return _("Has more than %d keys.") % MAX_KEYS
        bad_key = next((p for p in map(_key_problem, value) if p is not None), None)
        if bad_key is not None:
            message = _("%(path)s has a bad key: %(problem)s")
            return message % {"path": _named(path), "problem": bad_key}
        items: Iterable[tuple[str | int, object]] = value.items()
    elif len(value) > MAX_BYTES:
        message = _("%(path)s has %(count)s items; at most %(most)s bytes are allowed.")
        sizes = {"count": f"{len(value):,}", "most": f"{MAX_BYTES:,}"}
        return message % {"path": _named(path), **sizes}
    else:
        items = enumerate(value)
    problems = (_problem_at(item, (*path, key), keys) for key, item in items)
    return next((problem for problem in problems if problem is not None), None)


def _key_problem(key: object) -> str | None:
    return text_problem(key, max_bytes=MAX_KEY_BYTES)


def _scalar_problem(value: object, path: _Path) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        problem = text_problem(value)
        return None if problem is None else f"{_named(path)} {problem[0].lower()}{problem[1:]}"
    if isinstance(value, int):
        inside = -_INT_LIMIT <= value < _INT_LIMIT
        return None if inside else _("%s is an integer beyond 64 bits.") % _named(path)
    if isinstance(value, float):
        return None if math.isfinite(value) else _("%s is not a finite number.") % _named(path)
    message = _("%(path)s is a %(type)s, which JSON cannot hold.")
    return message % {"path": _named(path), "type": type(value).__name__}


def _named(path: _Path) -> str:
    """Write a path as ``a.b[2]``; only done for the one bad value."""
    if not path:
        return _("It")
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    whole = "".join(parts).removeprefix(".")
    return whole if len(whole) <= MAX_NAME_LENGTH else f"{whole[:MAX_NAME_LENGTH]}…"


def shown(value: object) -> str:
    """Return ``value`` fit for an error message: short, and printable everywhere."""
    try:
        text = ascii(value) if not isinstance(value, str) else _printable(value)
    except ValueError:  # an integer too large to be written out
        return _("a %s too large to show") % type(value).__name__
    return text if len(text) <= 60 else f"{text[:60]}…"


def _printable(value: str) -> str:
    return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value[:80]) + '"'
