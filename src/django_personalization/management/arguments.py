"""Values that several commands take."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Final

MOST: Final = 10_000


def batch_size(text: str) -> int:
    """Read the size of a batch."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        message = f"{text!r} is not a whole number from 1 to {MOST:,}"
        raise ArgumentTypeError(message)
    return int(text)
