"""Where the term that stays belongs among broader terms. Pure: keys in, keys out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

Parents = Mapping[int, int | None]


def broader_term(keep: int, merged: Sequence[int], parents: Parents) -> int | None:
    """Return the broader term of ``keep`` once ``merged`` are one with it; there is no circle.

    ``parents`` maps every term to its broader one. Its own broader term stays, but where merged
    ones are above it, it goes to where the highest of them was. A term that has none takes that
    of the first merged one that has.
    """
    above = list(_ancestors(keep, parents))
    highest = max((above.index(pk) for pk in merged if pk in above), default=-1)
    own = above[highest + 1 : highest + 2]
    if own:
        return own[0]
    candidates = (_first_other(pk, {keep, *merged}, parents) for pk in merged)
    fine = (pk for pk in candidates if pk is not None and not _is_below(pk, keep, merged, parents))
    return next(fine, None)


def _first_other(pk: int, one: Collection[int], parents: Parents) -> int | None:
    return next((above for above in _ancestors(pk, parents) if above not in one), None)


def _is_below(pk: int, keep: int, merged: Sequence[int], parents: Parents) -> bool:
    return any(above in {keep, *merged} for above in _ancestors(pk, parents))


def _ancestors(pk: int, parents: Parents) -> Iterator[int]:
    """Yield the broader terms, the nearest first; ends where rows that are wrong make a circle."""
    seen = {pk}
    above = parents.get(pk)
    while above is not None and above not in seen:
        yield above
        seen.add(above)
        above = parents.get(above)
