"""How strongly two terms go together, from how often they are seen together: pure arithmetic.

The measure is normalised pointwise mutual information (Bouma, "Normalized (Pointwise) Mutual
Information in Collocation Extraction", GSCL 2009): 0 for what meets as often as by chance, 1 for
what is never seen apart. Few observations make any such measure bold, so it is discounted as in
Pantel & Ravichandran, "Automatically Labeling Semantic Classes", HLT-NAACL 2004.
"""

from __future__ import annotations

import math
from collections.abc import Iterable


def association(together: int, one: int, other: int, total: int) -> float:
    """Return how strongly two terms go together, from 0 to 1; 0 for chance and below.

    Of ``total`` people or items, ``one`` have the first term, ``other`` the second, ``together``
    both. Raises ValueError for counts that cannot be.
    """
    if not 0 <= together <= min(one, other) <= max(one, other) <= total:
        message = f"No counts: {together} of both, {one} and {other} of each, {total} in all."
        raise ValueError(message)
    if together == 0 or max(one, other) == total:
        return 0.0  # what everything has goes with nothing in particular
    information = math.log(together * total / (one * other)) / -math.log(together / total)
    return max(information, 0.0) * _discount(together, min(one, other))


def combined(strengths: Iterable[float]) -> float:
    """Return one strength for several independent observations: the noisy-or, from 0 to 1."""
    return 1.0 - math.prod(1.0 - strength for strength in strengths)


def _discount(together: int, rarer: int) -> float:
    return together / (together + 1) * rarer / (rarer + 1)
