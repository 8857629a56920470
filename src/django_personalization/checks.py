"""System checks: one for each setting, for the declared content, and for the host's database."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.core.checks import Warning as Reminder
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, router
from django.utils.functional import Promise

from django_personalization import content, retention, scoring
from django_personalization.choices import TagSource
from django_personalization.conf import DEFAULTS, SETTINGS_NAME, app_settings
from django_personalization.content_paths import path_problems
from django_personalization.indexes import term_index
from django_personalization.models import AuditEntry, UserInteraction, UserTag

Problems = Iterator[str]
_SOURCES: Final = [source.value for source in TagSource if source != TagSource.MANUAL]
_PERIODS: Final = ("s", "sec", "m", "min", "h", "hour", "d", "day")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _code_problems(codes: Any) -> Problems:
    for code in codes:
        if not isinstance(code, str) or not code or len(code) > 32:
            yield f"{code!r} is not a code of 1 to 32 characters."


def _category_problems(value: Any) -> Problems:
    if not isinstance(value, Mapping) or not value:
        yield "It must be a dictionary of at least one code and label."
        return
    yield from _code_problems(value)
    for code, label in value.items():
        if not isinstance(label, (str, Promise)):
            yield f"The label of {code!r} is not text."


def _interaction_type_problems(value: Any) -> Problems:
    if not isinstance(value, Mapping) or not value:
        yield "It must be a dictionary of at least one code and its label, weight and source."
        return
    yield from _code_problems(value)
    for code, spec in value.items():
        if not isinstance(spec, Mapping) or set(spec) != {"label", "weight", "source"}:
            yield f"{code!r} must have exactly the keys label, weight and source."
            continue
        if not _is_number(spec["weight"]) or not 0 < spec["weight"] <= 1000:
            yield f"The weight of {code!r} is {spec['weight']!r}, not a number in (0, 1000]."
        if spec["source"] not in _SOURCES:
            yield f"The source of {code!r} is {spec['source']!r}, not one of {_SOURCES}."
        if not isinstance(spec["label"], (str, Promise)):
            yield f"The label of {code!r} is not text."


def _half_life_problems(value: Any) -> Problems:
    shortest = scoring.shortest_half_life_days()
    if not _is_number(value) or value < shortest:
        yield (
            f"{value!r} is not a number of days of at least {shortest:.2f}; with a shorter "
            "half-life stored evidence would overflow within 20 years."
        )


def _min_confidence_problems(value: Any) -> Problems:
    if not _is_number(value) or not 0 <= value < 1:
        yield f"{value!r} is not a number from 0 to below 1."


def _boolean_problems(value: Any) -> Problems:
    if not isinstance(value, bool):
        yield f"{value!r} is not True or False."


def _repeat_window_problems(value: Any) -> Problems:
    if not _is_number(value) or not 0 <= value <= 60 * 24 * 365:
        yield f"{value!r} is not a number of minutes from 0 (off) to one year."


def _retention_problems(value: Any) -> Problems:
    if value is not None and (not _is_number(value) or not 0 < value <= 36525):
        yield f"{value!r} is neither None nor a number of days above 0 and up to 36525."


def _throttle_problems(value: Any) -> Problems:
    scopes = DEFAULTS["THROTTLE_RATES"]
    if not isinstance(value, Mapping):
        yield "It must be a dictionary of scope and rate."
        return
    for scope, rate in value.items():
        if scope not in scopes:
            yield f"{scope!r} is not one of the scopes {sorted(scopes)}."
        elif rate is not None and not _is_rate(rate):
            yield f"{rate!r} is not a rate such as '300/min', nor None for no limit."


def _is_rate(rate: object) -> bool:
    count, _slash, period = rate.partition("/") if isinstance(rate, str) else ("", "", "")
    return count.isdecimal() and int(count) > 0 and period in _PERIODS


_CHECKS: Final[dict[str, tuple[str, Callable[[Any], Problems], str]]] = {
    "TAXONOMY_CATEGORIES": (
        "E001",
        _category_problems,
        'Write {"interest": "Interest", …}: the code is stored, the label is shown.',
    ),
    "INTERACTION_TYPES": (
        "E002",
        _interaction_type_problems,
        'Write {"search": {"label": "Search", "weight": 1, "source": "auto_activity"}, …}.',
    ),
    "HALF_LIFE_DAYS": ("E003", _half_life_problems, "The default is 30."),
    "MIN_CONFIDENCE": ("E004", _min_confidence_problems, "The default is 0.1."),
    "INFER_UNKNOWN_KEYWORDS": ("E005", _boolean_problems, "The default is True."),
    "REPEAT_WINDOW_MINUTES": ("E006", _repeat_window_problems, "The default is 30."),
    "INTERACTION_RETENTION_DAYS": (
        "E007",
        _retention_problems,
        "The default is 365; None keeps activity without limit.",
    ),
    "REQUIRE_CONSENT": ("E008", _boolean_problems, "The default is False."),
    "PUBLIC_TAXONOMIES": ("E009", _boolean_problems, "The default is False."),
    "THROTTLE_RATES": (
        "E010",
        _throttle_problems,
        'Write {"tracking": "300/min", "export": "10/hour"}; periods: s, min, hour, day.',
    ),
}


@register(Tags.compatibility)
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Report every setting whose value cannot work, and every key that is none."""
    host = getattr(django_settings, SETTINGS_NAME, {})
    if not isinstance(host, Mapping):
        message = f"{SETTINGS_NAME} must be a dictionary, not {type(host).__name__}."
        hint = 'Write {"HALF_LIFE_DAYS": 30}, for instance.'
        return [Error(message, hint=hint, id="django_personalization.E000")]
    return [*_unknown_keys(host), *_wrong_values()]


def _unknown_keys(host: Mapping[Any, Any]) -> Iterator[Error]:
    for name in host:
        if name not in DEFAULTS:
            close = difflib.get_close_matches(str(name), DEFAULTS, n=1)
            guess = f"Did you mean {close[0]}? " if close else ""
            yield Error(
                f"{SETTINGS_NAME} has no setting {name!r}.",
                hint=f"{guess}The settings are: {', '.join(DEFAULTS)}.",
                id="django_personalization.E011",
            )


def _wrong_values() -> Iterator[Error]:
    for name, (code, problems, hint) in _CHECKS.items():
        for problem in problems(app_settings.raw(name)):
            yield Error(
                f"{SETTINGS_NAME}[{name!r}]: {problem}",
                hint=hint,
                id=f"django_personalization.{code}",
            )


@register(Tags.models)
def check_content(**kwargs: Any) -> list[CheckMessage]:
    """Report paths and conditions of registered content that cannot work."""
    return [
        Error(
            f"register({declaration.label}): {problem.argument}="
            f"{getattr(declaration, problem.argument)!r} {problem.reason}.",
            hint=f"Possible there: {', '.join(problem.legal)}."
            if problem.legal
            else f"{declaration.label} has nothing that could be {problem.argument}.",
            obj=declaration.model,
            id="django_personalization.E012",
        )
        for declaration in content.registered()
        for problem in path_problems(declaration)
    ]


@register(Tags.compatibility)
def check_time_zones(**kwargs: Any) -> list[CheckMessage]:
    """Report a host without time zones: evidence is a matter of absolute time."""
    if django_settings.USE_TZ:
        return []
    hint = "Set USE_TZ = True, Django's default."
    return [Error("USE_TZ is False.", hint=hint, id="django_personalization.E013")]


@register(Tags.models)
def check_database_router(**kwargs: Any) -> list[CheckMessage]:
    """Report a router that would tear apart what has to be one transaction."""
    aliases = {router.db_for_read(UserTag), router.db_for_write(UserTag)}
    if aliases == {DEFAULT_DB_ALIAS}:
        return []
    return [
        Error(
            f"The app's models are read or written in {', '.join(sorted(aliases))}.",
            hint=f"Let the router return {DEFAULT_DB_ALIAS!r} for the app django_personalization: "
            "events and tags are read and written in one transaction.",
            id="django_personalization.E014",
        )
    ]


@register(Tags.models)
def check_isolation(**kwargs: Any) -> list[CheckMessage]:
    """Report transactions that would not see what somebody decided while they waited for it."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    level = connection.settings_dict.get("OPTIONS", {}).get("isolation_level")
    name = getattr(level, "name", str(level))
    if connection.vendor != "postgresql" or level is None or name == "READ_COMMITTED":
        return []
    return [
        Error(
            f"DATABASES['default']['OPTIONS']['isolation_level'] is {name}.",
            hint="Leave it out: PostgreSQL's default is READ COMMITTED. With another level an "
            "event that waited while somebody refused would be stored after the refusal.",
            id="django_personalization.E015",
        )
    ]


@register(Tags.database)
def check_retention(databases: Collection[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Remind a host that keeps activity for a period, but has never deleted what is older.

    The default is a period, too: people are told of it. Asks the database, so it runs only where
    that may be asked: ``migrate`` and ``check --database default``.
    """
    days = app_settings.raw("INTERACTION_RETENTION_DAYS")
    if days is None or list(_retention_problems(days)) or not _can_ask(databases or ()):
        return []
    if not retention.was_never_pruned():
        return []
    return [
        Reminder(
            f"{SETTINGS_NAME}['INTERACTION_RETENTION_DAYS'] is {days!r}, but activity that is "
            "older is still stored, and prune_interactions has never run.",
            hint="Run `manage.py prune_interactions` every day or week; nothing else deletes it. "
            "None keeps activity without limit, and says so to people.",
            id="django_personalization.W001",
        )
    ]


@register(Tags.database)
def check_term_indexes(
    databases: Collection[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Recommend the index by which ranking finds the items of a term, where it is missing."""
    if not _can_ask(databases or ()):
        return []
    right = [made for made in content.registered() if not list(path_problems(made))]
    wanted = [(declaration, term_index(declaration)) for declaration in right]
    return [
        Info(
            f"Ranking {declaration.label} would be quicker with an index on "
            f"{index.table} ({', '.join(index.columns)}).",
            hint=index.hint,
            obj=declaration.model,
            id="django_personalization.I001",
        )
        for declaration, index in wanted
        if index is not None and not index.is_there(DEFAULT_DB_ALIAS)
    ]


def _can_ask(databases: Collection[str]) -> bool:
    """Whether the database may be asked and has the tables: ``migrate`` checks before it starts."""
    if DEFAULT_DB_ALIAS not in databases:
        return False
    try:
        tables = connections[DEFAULT_DB_ALIAS].introspection.table_names()
    except DatabaseError:  # which others report better
        return False
    return {model._meta.db_table for model in (AuditEntry, UserInteraction)} <= set(tables)
