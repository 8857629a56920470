"""Compare JSON that a page shows with JSON that the API answered."""

from __future__ import annotations

import re
from typing import Any

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


def differences(shown: Any, actual: Any, path: str = "$") -> list[str]:
    """Return where ``actual`` is not what is shown; empty when it is.

    Times differ from run to run, so any other will do, and a number with decimals is compared to as
    many as are shown. Everything else must be equal.
    """
    if isinstance(shown, dict) and isinstance(actual, dict):
        return _object_differences(shown, actual, path)
    if isinstance(shown, list) and isinstance(actual, list):
        return _list_differences(shown, actual, path)
    if _same(shown, actual):
        return []
    return [f"{path}: shown {shown!r}, answered {actual!r}"]


def _object_differences(shown: dict[str, Any], actual: dict[str, Any], path: str) -> list[str]:
    found = [f"{path}.{key}: shown, not answered" for key in shown.keys() - actual.keys()]
    found += [f"{path}.{key}: answered, not shown" for key in actual.keys() - shown.keys()]
    for key in shown.keys() & actual.keys():
        found += differences(shown[key], actual[key], f"{path}.{key}")
    return found


def _list_differences(shown: list[Any], actual: list[Any], path: str) -> list[str]:
    if len(shown) != len(actual):
        return [f"{path}: {len(shown)} rows shown, {len(actual)} answered"]
    pairs = enumerate(zip(shown, actual, strict=True))
    return [line for i, (a, b) in pairs for line in differences(a, b, f"{path}[{i}]")]


def _same(shown: Any, actual: Any) -> bool:
    if isinstance(shown, str) and isinstance(actual, str) and _TIME.fullmatch(shown):
        return bool(_TIME.fullmatch(actual))
    if isinstance(shown, float) and isinstance(actual, float):
        decimals = len(repr(shown).partition(".")[2])
        return round(actual, decimals) == shown
    return type(shown) is type(actual) and bool(shown == actual)
