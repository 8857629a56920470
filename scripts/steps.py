"""Run named steps one after the other, go on after a failure, and sum up at the end."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from subprocess import CalledProcessError

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Skipped(Exception):
    """Raised by a step that cannot run on this machine; the message says why."""


class Failed(Exception):
    """Raised by a step that found a fault; the message names it."""


def require(condition: object, fault: str) -> None:
    """Raise ``Failed`` with that message unless the condition holds."""
    if not condition:
        raise Failed(fault)


@dataclass(frozen=True)
class Step:
    """One thing to run: a short key for the command line, a title and the action.

    The action returns a remark for the summary (or nothing), raises ``Skipped`` or ``Failed`` with
    a reason, or lets the CalledProcessError of a command pass.
    """

    key: str
    title: str
    action: Callable[[], str | None]


@dataclass(frozen=True)
class Outcome:
    """What became of a step, in how many seconds, and a remark."""

    title: str
    status: str
    seconds: float
    remark: str


def run_steps(steps: Sequence[Step]) -> list[Outcome]:
    """Run every step, print the summary table and return the outcomes."""
    outcomes = [_run(step, number, len(steps)) for number, step in enumerate(steps, start=1)]
    _print_summary(outcomes)
    return outcomes


def select_steps(steps: Sequence[Step], keys: Sequence[str]) -> list[Step]:
    """Return the steps with these keys in their usual order, or all if there are no keys."""
    known = {step.key for step in steps}
    unknown = sorted(set(keys) - known)
    if unknown:
        names = ", ".join(step.key for step in steps)
        sys.exit(f"There is no step {', '.join(map(repr, unknown))}. The steps are: {names}.")
    return [step for step in steps if not keys or step.key in keys]


def _run(step: Step, number: int, total: int) -> Outcome:
    print(f"\n=== {number}/{total} {step.title}", flush=True)
    started = time.monotonic()
    status, remark = _attempt(step)
    seconds = time.monotonic() - started
    print(f"--- {step.title}: {status} in {seconds:.0f} s", flush=True)
    return Outcome(step.title, status, seconds, remark)


def _attempt(step: Step) -> tuple[str, str]:
    try:
        return PASSED, step.action() or ""
    except Skipped as reason:
        return SKIPPED, str(reason)
    except CalledProcessError as error:
        return FAILED, f"exit code {error.returncode}"
    except Failed as fault:
        return FAILED, str(fault)
    except Exception as error:  # noqa: BLE001  # one broken step must not hide the others
        traceback.print_exc()
        return FAILED, f"{type(error).__name__}: {error}"


def _print_summary(outcomes: Sequence[Outcome]) -> None:
    width = max((len(outcome.title) for outcome in outcomes), default=0)
    print("\n" + "=" * (width + 24))
    for outcome in outcomes:
        line = f"{outcome.title:<{width}}  {outcome.status:<8}{outcome.seconds:6.0f} s"
        print(f"{line}  {outcome.remark}".rstrip())
    print("=" * (width + 24), flush=True)
