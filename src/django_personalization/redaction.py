"""What errors tell of people's data: nothing.

Where something fails, Django's report to the administrators shows the variables of every function
that was running, and so does many a tool that collects errors. Below the doors through which
people's data come and go, those of the database's driver included, they would be people's texts,
keywords and tags. So each door empties them before it lets an error out; where it happened stays.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings

_P = ParamSpec("_P")
_R = TypeVar("_R")


def redact(error: BaseException) -> None:
    """Empty the variables of all functions that ``error``, and what led to it, has left behind.

    The row that a database quotes in its message is cut off as well. Functions that still run keep
    theirs. With ``DEBUG`` nothing is done: whoever develops wants to see it.
    """
    if settings.DEBUG:
        return
    for one in _with_causes(error):
        traceback.clear_frames(one.__traceback__)
        if one.args and isinstance(one.args[0], str):
            # PostgreSQL: "DETAIL:  Failing row contains (…)." or "Key (…)=(…) already exists."
            one.args = (one.args[0].partition("\nDETAIL:")[0], *one.args[1:])


def redacted(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let no error out of ``function`` with people's data in it."""

    @wraps(function)
    def door(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if not settings.DEBUG:
                del args, kwargs  # this function still runs
            redact(error)
            raise

    return door


@contextmanager
def redacting() -> Iterator[None]:
    """Do the same for a block, whose own variables stay."""
    try:
        yield
    except Exception as error:
        redact(error)
        raise


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            waiting += [e for e in (one.__cause__, one.__context__) if e is not None]
            yield one
