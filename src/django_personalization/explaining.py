"""Why an item is where it is, in terms that add up to its relevance; and why it is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Model

from django_personalization.affinity import Affinity
from django_personalization.choices import Mode, TagState
from django_personalization.content import Content, content_of
from django_personalization.interests import Interests, interests_of
from django_personalization.item_terms import Identity, ItemTerm, terms_of
from django_personalization.models import UserInteraction, UserTag
from django_personalization.reasons import Evidence, Explanation, Obstacle, Reason

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

LATEST: Final = 1000
"""How many of a person's latest interactions are read for the times and kinds of evidence."""


def explain(
    obj: Model, user: AbstractBaseUser | AnonymousUser, *, now: datetime | None = None
) -> Explanation:
    """Return why ``obj`` is as relevant to ``user`` as it is, or why it is not.

    The contributions of the reasons sum to the ``relevance`` that
    :func:`~django_personalization.ranking.personalize` gives in the same hour. At most three
    queries. Raises :class:`InvalidInput` when the model is not registered.
    """
    [explanation] = explain_many([obj], user, now=now)
    return explanation


def explain_many(
    objects: Iterable[Model],
    user: AbstractBaseUser | AnonymousUser,
    *,
    now: datetime | None = None,
) -> list[Explanation]:
    """Return an explanation for each of ``objects``, which are of one model, in their order.

    At most three queries, however many there are; one more where the owner is a path over other
    models.
    """
    rows = list(objects)
    if not rows:
        return []
    content = content_of(rows[0]._meta.model)
    return explained(rows, interests_of(user, content, now, recount=False))


def explained(rows: Sequence[Model], interests: Interests) -> list[Explanation]:
    """Return an explanation for each row, of interests that have been read: one query or two.

    See :func:`explain_many`.
    """
    if not rows:
        return []
    obstacle = _general_obstacle(interests)
    if obstacle is not None:
        return [Explanation(row, 0.0, (), (obstacle,)) for row in rows]
    terms = terms_of(interests.content, [row.pk for row in rows], interests.vocabulary)
    reader = _Reader(interests, _evidence_of(interests) if terms else {})
    own = _own(interests.content, rows, interests.user_id)
    return [reader.explain(row, terms.get(row.pk, ()), is_own=row.pk in own) for row in rows]


def _general_obstacle(interests: Interests) -> Obstacle | None:
    if interests.user_id is None:
        return Obstacle("anonymous")
    return Obstacle("mode_none") if interests.profile.mode == Mode.NONE else None


def _own(content: Content, rows: Sequence[Model], user_id: Any) -> set[Any]:
    """Return the keys of those that are the person's own."""
    path = content.owner
    if path is None:
        return set()
    field: Any = None if "__" in path else rows[0]._meta.get_field(path)
    is_plain = field is not None and field.concrete and not field.many_to_many
    if is_plain and field.target_field.primary_key:
        return {row.pk for row in rows if getattr(row, field.attname) == user_id}
    keys = [row.pk for row in rows]
    own = content.model._base_manager.filter(pk__in=keys, **{f"{path}__pk": user_id})
    return set(own.values_list("pk", flat=True))


def _evidence_of(interests: Interests) -> dict[Identity, Evidence]:
    """Return the last time and the kinds of what fed each tag. One query, none without tags.

    The counts are those of the tags; times and kinds are looked up among the person's latest
    interactions only.
    """
    if not interests.tags:
        return {}
    fed = UserInteraction.objects.filter(user=interests.user_id, fed_weight__gt=0)
    latest = fed.order_by("-created_at", "-pk")[:LATEST]
    times: dict[Identity, datetime] = {}
    kinds: dict[Identity, dict[str, None]] = {}
    for code, at, terms in latest.values_list("interaction_type", "created_at", "fed_terms"):
        for key, taxonomy_id in terms.items():
            identity = taxonomy_id or interests.vocabulary.identity_of(key)
            times.setdefault(identity, at)
            kinds.setdefault(identity, {})[code] = None
    return {
        term: Evidence(tag, tag.interaction_count, times.get(term), tuple(kinds.get(term, ())))
        for term, tag in interests.tags.items()
    }


@dataclass(frozen=True)
class _Reader:
    """What explanations of items of one model to one person share."""

    interests: Interests
    evidence: Mapping[Identity, Evidence]

    def explain(self, obj: Model, terms: Sequence[ItemTerm], *, is_own: bool) -> Explanation:
        known = self.interests.refused if terms else {}
        refused = [
            known[t.identity] for t in terms if t.identity is not None and t.identity in known
        ]
        hidden = [tag for tag in refused if tag.state == TagState.HIDDEN]
        if hidden:
            return Explanation(obj, 0.0, (), (Obstacle("hidden", tuple(hidden)),))
        if is_own:
            return Explanation(obj, 0.0, (), (Obstacle("own"),))
        reasons = self._reasons(terms)
        score = sum(reason.contribution for reason in reasons)
        if reasons:
            return Explanation(obj, score, tuple(reasons), ())
        return Explanation(obj, 0.0, (), tuple(self._why_nothing(refused, bool(terms))))

    def _why_nothing(self, refused: Sequence[UserTag], has_terms: bool) -> Iterable[Obstacle]:
        if refused:
            yield Obstacle("removed", tuple(refused))
        if not has_terms:
            yield Obstacle("no_terms")
        elif not self.interests.tags:
            yield Obstacle("no_tags")
        else:
            yield Obstacle("no_match")

    def _reasons(self, terms: Sequence[ItemTerm]) -> list[Reason]:
        norm = sum(term.share for term in terms) ** 0.5
        found = []
        for term in terms:
            affinity = self._affinity_to(term)
            if affinity is not None and term.identity is not None:
                rarity = self.interests.statistics.rarity(term.key)
                found.append((affinity.value * rarity * term.share / norm, term.identity, affinity))
        total = sum(amount for amount, _identity, _affinity in found)
        found.sort(key=lambda part: -part[0])
        return [
            self._reason(amount, amount / total, identity, affinity)
            for amount, identity, affinity in found
            if amount > 0
        ]

    def _affinity_to(self, term: ItemTerm) -> Affinity | None:
        return None if term.identity is None else self.interests.affinities.get(term.identity)

    def _reason(
        self, amount: float, share: float, identity: Identity, affinity: Affinity
    ) -> Reason:
        shares: Mapping[Any, float] = affinity.shares or {identity: 1.0}
        strongest = sorted(shares, key=lambda term: -shares[term])
        behind = tuple(self.evidence[term] for term in strongest if term in self.evidence)
        taxonomy_id = identity if isinstance(identity, int) else None
        term = None if taxonomy_id is None else self.interests.vocabulary.get(taxonomy_id)
        name = term.name if term is not None else behind[0].tag.name
        return Reason(amount, share, name, taxonomy_id, affinity.kind, behind)
