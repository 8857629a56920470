"""Evidence, decay and confidence: pure arithmetic.

Evidence is a forward-decayed counter (Cormode, Shkapenyuk, Srivastava & Xu, "Forward Decay:
A Practical Time Decay Model for Streaming Systems", ICDE 2009). An event of weight ``w`` at time
``s`` adds ``w * 2 ** ((s - EPOCH) / H)`` to a stored sum; at time ``t`` the sum is worth itself
times ``2 ** (-(t - EPOCH) / H)``. Stored sums never have to be rewritten: they can be added to,
subtracted from and compared in any order and at any time.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Final

EPOCH: Final = datetime(2025, 1, 1, tzinfo=timezone.utc)
"""The fixed landmark of the decay; changing it would change the meaning of every stored sum."""

UNITS_PER_HALVING: Final = 2.0
"""Units of evidence that halve the doubt."""

MAX_UNITS: Final = 100.0
"""Beyond this confidence is 1 - 2**-50; the cap keeps it below 1 and SQL's power() in range."""

NOTHING: Final = 1e-6
"""Units below which a sum may be what rounding has left of larger ones."""

_DAY: Final = timedelta(days=1)
_MAX_EXPONENT: Final = 1000.0
_HORIZON: Final = timedelta(days=20 * 365.25)


def growth(at: datetime, half_life_days: float) -> float:
    """Return the factor by which one unit of evidence at time ``at`` is stored.

    A dimensionless number above 0, doubling every ``half_life_days``; not below 2**-20, which is
    worth nothing today, so that no database has to divide what is too small for a double.
    """
    return math.pow(2.0, max((at - EPOCH) / _DAY / half_life_days, -20.0))


def units_at(evidence: float, now: datetime, half_life_days: float) -> float:
    """Return what a stored sum is worth ``now``, in units (one unit: one search, by default)."""
    return evidence / growth(now, half_life_days)


def confidence(units: float) -> float:
    """Return the confidence, in [0, 1), that ``units`` of evidence justify: ``1 - 2**(-units/2)``.

    Two units give 50 %, and every two more halve the doubt.
    """
    return 1.0 - math.pow(2.0, -min(max(units, 0.0), MAX_UNITS) / UNITS_PER_HALVING)


def confidence_at(evidence: float, now: datetime, half_life_days: float) -> float:
    """Return the confidence that a stored sum of evidence justifies ``now``."""
    return confidence(units_at(evidence, now, half_life_days))


def evidence_for(minimum: float, now: datetime, half_life_days: float) -> float:
    """Return the stored sum from which confidence ``now`` is at least ``minimum`` (in [0, 1)).

    The inverse of :func:`confidence_at`, so that a database can filter by confidence with one
    comparison of the stored column.
    """
    units = -UNITS_PER_HALVING * math.log2(1.0 - minimum)
    return units * growth(now, half_life_days)


def without(
    evidence: float, count: int, amount: float, now: datetime, half_life_days: float
) -> tuple[float, int]:
    """Return the stored sum and the number of events that are left without one event's ``amount``.

    With the last event the whole sum goes, rounding included. Where more than rounding is left,
    the event was not the last one: the rest stays, as of one event.
    """
    left = max(evidence - amount, 0.0)
    if count > 1:
        return left, count - 1
    return (left, 1) if units_at(left, now, half_life_days) > NOTHING else (0.0, 0)


def shortest_half_life_days() -> float:
    """Return the shortest half-life for which 20 years of growth fit into a double."""
    return _HORIZON / _DAY / _MAX_EXPONENT
