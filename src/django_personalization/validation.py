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

from django_personalization.text import normalize

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
        return f"Expected text, got {type(value).__name__}."
    if "\x00" in value:
        return f"Contains a NUL character (position {value.index(chr(0))})."
    try:
        size = len(value.encode("utf-8"))
    except UnicodeEncodeError as error:
        return f"Contains a lone surrogate (position {error.start}), which is not text."
    if size > max_bytes:
        return f"Is {size:,} bytes long; at most {max_bytes:,} are allowed."
    return None


def name_problem(value: object) -> str | None:
    """Return what is wrong with ``value`` as the name of a tag or keyword, or ``None``."""
    problem = text_problem(value)
    if problem is not None or not isinstance(value, str):
        return problem
    control = next((char for char in value if unicodedata.category(char) == "Cc"), " ")
    if control not in " \t\n\r":
        return f"Contains the control character {control!a}."
    if not normalize(value):
        return "May not be blank."
    if len(value) > MAX_NAME_LENGTH:
        return f"Is {len(value)} characters long; at most {MAX_NAME_LENGTH} are allowed."
    return None


def json_problem(value: object) -> str | None:
    """Return what is wrong with ``value`` as a JSON object to store, or ``None``.

    At most 8,192 bytes, 10 levels and 50 keys; no NUL, lone surrogate, non-finite number or
    integer beyond 64 bits. The sentence names the path to the bad value, such as ``a.b[2]``.
    """
    if not isinstance(value, dict):
        return f"Expected a JSON object, got {type(value).__name__}."
    counter = [0]
    problem = _problem_at(value, (), counter)
    if problem is not None:
        return problem
    size = len(json.dumps(value, ensure_ascii=False).encode("utf-8"))
    if size > MAX_BYTES:
        return f"Is {size:,} bytes long as JSON; at most {MAX_BYTES:,} are allowed."
    return None


def _problem_at(value: object, path: _Path, keys: list[int]) -> str | None:
    if not isinstance(value, (dict, list, tuple)):
        return _scalar_problem(value, path)
    if len(path) >= MAX_DEPTH:
        return f"{_named(path)}is nested deeper than {MAX_DEPTH} levels."
    if isinstance(value, dict):
        keys[0] += len(value)
        if keys[0] > MAX_KEYS:
            return f"Has more than {MAX_KEYS} keys."
        bad_key = next((p for p in map(_key_problem, value) if p is not None), None)
        if bad_key is not None:
            return f"{_named(path)}has a bad key: {bad_key}"
        items: Iterable[tuple[str | int, object]] = value.items()
    elif len(value) > MAX_BYTES:
        return f"{_named(path)}has {len(value):,} items; at most {MAX_BYTES:,} bytes are allowed."
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
        return None if problem is None else f"{_named(path)}{problem[0].lower()}{problem[1:]}"
    if isinstance(value, int):
        inside = -_INT_LIMIT <= value < _INT_LIMIT
        return None if inside else f"{_named(path)}is an integer beyond 64 bits."
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{_named(path)}is not a finite number."
    return f"{_named(path)}is a {type(value).__name__}, which JSON cannot hold."


def _named(path: _Path) -> str:
    """Write a path as ``a.b[2]``; only done for the one bad value."""
    if not path:
        return "It "
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    whole = "".join(parts).removeprefix(".")
    return f"{whole if len(whole) <= MAX_NAME_LENGTH else whole[:MAX_NAME_LENGTH] + '…'} "


def shown(value: object) -> str:
    """Return ``value`` fit for an error message: short, and printable everywhere."""
    try:
        text = ascii(value) if not isinstance(value, str) else _printable(value)
    except ValueError:  # an integer too large to be written out
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= 60 else f"{text[:60]}…"


def _printable(value: str) -> str:
    return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value[:80]) + '"'
