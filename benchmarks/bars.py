"""What is held to a bar, and how a figure that misses it is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Bar:
    """The most that a figure may be, and the words for it.

    Those ``of_time`` say nothing of few items: reading the profile takes longer than the rows.
    """

    text: str
    most: float
    of_time: bool = False


BARS: Final[Mapping[str, Bar]] = {
    "floor": Bar("{:.2f} times the floor", 1.5, of_time=True),
    "tags": Bar("500 tags cost {:.2f} times as much as 30", 4.0, of_time=True),
    "queries": Bar("{:.0f} queries", 4),
    "explain": Bar("the reasons of 20 take {:.0f} queries", 3),
    # The vocabulary and the terms' worth are about half of it, whatever the number of items. The
    # keys of a million items, as Python has them, are 40.
    "memory": Bar("{:.1f} MB of Python", 8.0),
}


def missed(figures: Mapping[str, float], *, is_large: bool) -> list[str]:
    """Return a sentence for each figure that is above its bar."""
    return [
        f"{bar.text.format(figures[name])}, at most {bar.most:g}"
        for name, bar in BARS.items()
        if figures[name] > bar.most and (is_large or not bar.of_time)
    ]
