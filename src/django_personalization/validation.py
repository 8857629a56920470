"""The one validator of free-form JSON and text that stands at every door.

Everything that PostgreSQL, SQLite or a JSON encoder would choke on is refused here, with the path
to the bad value, so that no door has to know why.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

MAX_BYTES: Final = 8192
MAX_DEPTH: Final = 10
MAX_KEYS: Final = 50
MAX_NAME_LENGTH: Final = 100
_INT_LIMIT: Final = 2**63


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
    if not value.strip():
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
    problem = _problem_at(value, "", 1, counter)
    if problem is not None:
        return problem
    size = len(json.dumps(value, ensure_ascii=False).encode("utf-8"))
    if size > MAX_BYTES:
        return f"Is {size:,} bytes long as JSON; at most {MAX_BYTES:,} are allowed."
    return None


def _problem_at(value: object, path: str, depth: int, keys: list[int]) -> str | None:
    if isinstance(value, (dict, list, tuple)):
        if depth > MAX_DEPTH:
            return f"{_named(path)}is nested deeper than {MAX_DEPTH} levels."
        return _container_problem(value, path, depth, keys)
    return _scalar_problem(value, path)


def _container_problem(
    value: dict[Any, Any] | list[Any] | tuple[Any, ...], path: str, depth: int, keys: list[int]
) -> str | None:
    if not isinstance(value, dict):
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value[: MAX_BYTES + 1])]
    else:
        keys[0] += len(value)
        if keys[0] > MAX_KEYS:
            return f"Has more than {MAX_KEYS} keys."
        for key in value:
            problem = text_problem(key)
            if problem is not None:
                return f"{_named(path)}has a bad key: {problem}"
        items = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    for item_path, item in items:
        problem = _problem_at(item, item_path, depth + 1, keys)
        if problem is not None:
            return problem
    return None


def _scalar_problem(value: object, path: str) -> str | None:
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


def _named(path: str) -> str:
    shown = path if len(path) <= MAX_NAME_LENGTH else f"{path[:MAX_NAME_LENGTH]}…"
    return f"{shown} " if shown else "It "


def shown(value: object) -> str:
    """Return ``value`` fit for an error message: short, and printable everywhere."""
    try:
        text = ascii(value) if not isinstance(value, str) else _printable(value)
    except ValueError:  # an integer too large to be written out
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= 60 else f"{text[:60]}…"


def _printable(value: str) -> str:
    return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value[:80]) + '"'
