"""What ordering depends on, how much, and how to change it, in words that anybody can read.

The sentences are made from the settings, the registered content and the constants of the ranking
at the moment of asking, in the language that is active: they say what is done, not what once was.
A host that orders content for people has to tell them this (Regulation (EU) 2022/2065, the Digital
Services Act, article 27).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_personalization import scoring
from django_personalization.affinity import BROADER_STEP, NARROWER_STEP, RELATED
from django_personalization.choices import TAG_WEIGHTS, Mode
from django_personalization.conf import InteractionType, app_settings
from django_personalization.content import Content, registered


@dataclass(frozen=True)
class Parameter:
    """One thing on which the order depends.

    ``importance`` says how much it counts, from 0 to 1, where 1 is as much as a tag that the
    person picked; ``None`` for a rule that has no amount of its own.
    """

    code: str
    text: str
    importance: float | None = None


@dataclass(frozen=True)
class Control:
    """One way to change the order."""

    code: str
    text: str


@dataclass(frozen=True)
class Parameters:
    """What is ordered, what the order depends on, and how people change it."""

    intro: str
    parameters: tuple[Parameter, ...]
    controls: tuple[Control, ...]


def ranking_parameters() -> Parameters:
    """Return the main parameters of the ranking, as configured now, in the active language."""
    content = registered()
    parameters = (*_tags(), *_learning(), *_collecting(), *_matching(), *_leaving_out(content))
    return Parameters(_intro(content), parameters, tuple(_controls()))


def _intro(content: list[Content]) -> str:
    names = dict.fromkeys(str(item.model._meta.verbose_name_plural) for item in content)
    if not names:
        return _("This site orders nothing by what you are interested in.")
    ordered = _("This site puts these in an order for you: %s.") % _listed(names)
    depends = _(
        "The order depends on your tags: those that you picked, and those that follow from what "
        "you do here. How much something counts is compared with a tag that you picked."
    )
    return f"{ordered} {depends}"


def _tags() -> Iterator[Parameter]:
    """Say what a tag counts: picked, changed by the person, or inferred from each activity."""
    yield Parameter("picked", _("A tag that you picked counts in full."), 1.0)
    kinds = app_settings.interaction_types.values()
    for kind in sorted(kinds, key=lambda kind: -kind.weight):
        yield _activity(kind)
    yield Parameter(
        "adding_up",
        _("What you do adds up, but it never counts quite as much as a tag that you picked."),
    )
    factors = [f"“{label}” ({_number(weight)} ×)" for weight, label in TAG_WEIGHTS.items()]
    text = _("You can change how much each of your tags counts: %s.")
    yield Parameter("weights", text % _listed(factors))


def _activity(kind: InteractionType) -> Parameter:
    worth = scoring.confidence(kind.weight)
    text = _(
        "After one “%(label)s” its subjects count %(percent)s as much as a tag that you picked."
    )
    values = {"label": kind.label, "percent": _percent(worth)}
    return Parameter(f"activity:{kind.code}", text % values, worth)


def _learning() -> Iterator[Parameter]:
    """Say how activity becomes tags, and how they fade."""
    days = app_settings.half_life_days
    text = ngettext(
        "What you do fades: after %s day it counts half as much, after twice that time a quarter.",
        "What you do fades: after %s days it counts half as much, after twice that time a quarter.",
        _plural(days),
    )
    yield Parameter("fading", text % _number(days))
    yield Parameter("minimum", _minimum(app_settings.min_confidence))
    if app_settings.infer_unknown_keywords:
        text = _("Words that are not in the vocabulary of this site become tags as well.")
    else:
        text = _("Only words that are in the vocabulary of this site become tags.")
    yield Parameter("unknown_keywords", text)
    yield Parameter("repeats", _repeats(app_settings.repeat_window_minutes))
    text = _("Sensitive subjects count only where you picked them. They are never guessed.")
    yield Parameter("sensitive", text)


def _minimum(confidence: float) -> str:
    if confidence <= 0:
        return _("A tag that follows from what you do is used however little speaks for it.")
    text = _(
        "A tag that follows from what you do is used once it counts at least %s as much as a tag "
        "that you picked."
    )
    return text % _percent(confidence)


def _repeats(minutes: float) -> str:
    if minutes <= 0:
        return _("Doing the same with the same thing again counts every time.")
    text = ngettext(
        "Doing the same with the same thing again within %s minute counts once.",
        "Doing the same with the same thing again within %s minutes counts once.",
        _plural(minutes),
    )
    return text % _number(minutes)


def _collecting() -> Iterator[Parameter]:
    """Say when anything is recorded at all, and for how long."""
    if app_settings.require_consent:
        text = _("What you do is recorded only if you have agreed to it.")
    else:
        text = _(
            "What you do is recorded unless you say no, or your browser says it for you (Global "
            "Privacy Control)."
        )
    yield Parameter("consent", text)
    days = app_settings.interaction_retention_days
    if days is None:
        text = _("The record of what you did is kept until you delete it.")
    else:
        # Nothing goes by itself, and whether a host deletes is not in its settings.
        text = ngettext(
            "The record of what you did is kept until you delete it, or until this site deletes "
            "what is older than %s day. What follows from it may stay longer, and fades.",
            "The record of what you did is kept until you delete it, or until this site deletes "
            "what is older than %s days. What follows from it may stay longer, and fades.",
            _plural(days),
        ) % _number(days)
    yield Parameter("retention", text)


def _matching() -> Iterator[Parameter]:
    """Say how tags meet the subjects of content."""
    text = _(
        "A subject that is related to one of your tags counts up to %s as much as that tag: the "
        "more, the closer the two are related."
    )
    yield Parameter("related", text % _percent(RELATED), RELATED)
    text = _(
        "A subject that is broader than one of your tags counts %s as much as that tag, with every "
        "further step the same again; several such tags together count more."
    )
    yield Parameter("broader", text % _percent(BROADER_STEP), BROADER_STEP)
    text = _(
        "A subject that is narrower than a tag that you picked counts %s as much as that tag, with "
        "every further step the same again."
    )
    yield Parameter("narrower", text % _percent(NARROWER_STEP), NARROWER_STEP)
    yield Parameter("rarity", _("A subject that few things have counts more than a common one."))
    text = _("Where something has many subjects, each of them counts less.")
    yield Parameter("many_subjects", text)
    text = _(
        "Where your tags make no difference, what many people use, or what this site puts first, "
        "comes first."
    )
    yield Parameter("popularity", text)


def _leaving_out(content: list[Content]) -> Iterator[Parameter]:
    """Say what is not shown at all."""
    yield Parameter("hidden", _("What has a tag that you hid is left out."), 1.0)
    own = dict.fromkeys(
        str(item.model._meta.verbose_name_plural) for item in content if item.owner is not None
    )
    if own:
        text = _("What is your own is left out: your own %s.")
        yield Parameter("own", text % _listed(own), 1.0)


def _controls() -> Iterator[Control]:
    categories = _listed(app_settings.taxonomy_categories.values())
    yield Control("pick", _("Pick tags. You find them under these headings: %s.") % categories)
    labels = _listed([f"“{label}”" for label in TAG_WEIGHTS.values()])
    yield Control("weigh", _("Say how much each tag counts: %s.") % labels)
    yield Control("hide", _("Hide a subject: what is about it is left out until you restore it."))
    text = _("Remove a tag that is wrong. It does not come back unless you restore or pick it.")
    yield Control("remove", text)
    text = _("See why you have a tag, and delete what it follows from. It counts less at once.")
    yield Control("delete", text)
    yield Control("pause", _("Pause: your tags stay, and nothing that you do is recorded."))
    modes = _listed([f"“{label}”" for label in Mode.labels])
    yield Control("mode", _("Choose how much of it is used: %s.") % modes)
    text = _("Say no, or withdraw your consent. From then on nothing that you do is recorded.")
    yield Control("withdraw", text)
    yield Control("export", _("Download all that is known about you."))
    text = _("Start again: delete what was recorded and what follows from it. What you said stays.")
    yield Control("reset", text)
    yield Control("erase", _("Delete all that is known about you."))


def _listed(items: Iterable[object]) -> str:
    """Return items as a list in a sentence: “a, b and c”."""
    return get_text_list([str(item) for item in items], _("and"))


def _percent(share: float) -> str:
    # What was inferred never looks as certain as what was picked.
    return _("%d%%") % min(round(share * 100), 99)


def _number(value: float) -> str:
    return number_format(int(value) if value == int(value) else value)


def _plural(value: float) -> int:
    """Return a whole number that takes the same form as ``value``: 1.5 days are several."""
    return 1 if value == 1 else max(2, math.ceil(value))
