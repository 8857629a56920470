"""Why an item is where it is, in terms that add up to its relevance; and why it is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Model

from django_personalization.affinity import Affinity, Kind
from django_personalization.choices import Mode, TagState
from django_personalization.content import Content, content_of
from django_personalization.item_terms import Identity, TermStatistics, pairs_of, statistics_of
from django_personalization.models import UserInteraction, UserTag
from django_personalization.profiles import Profile, profile_of
from django_personalization.ranking import affinities_of, identity_of, ranking_time
from django_personalization.reasons import Evidence, Explanation, Obstacle, Reason
from django_personalization.vocabulary import Vocabulary, current_vocabulary

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

LATEST: Final = 1000
"""How many of a person's latest interactions are read for the times and kinds of evidence."""

Pair = tuple[Any, Any, float]


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
    profile = profile_of(user, ranking_time(now))
    obstacle = _general_obstacle(user, profile)
    if obstacle is not None:
        return [Explanation(row, 0.0, (), (obstacle,)) for row in rows]
    vocabulary = current_vocabulary(profile.revision)
    reader = _Reader(content, profile, vocabulary, statistics_of(content, vocabulary))
    pairs = _pairs_of(content, rows)
    evidence = _evidence_of(user, profile) if profile.tags and pairs else {}
    own = _own(content, rows, user.pk)
    return [
        reader.explain(row, pairs.get(row.pk, ()), evidence, is_own=row.pk in own) for row in rows
    ]


def _general_obstacle(user: Any, profile: Profile) -> Obstacle | None:
    if user.pk is None:
        return Obstacle("anonymous")
    return Obstacle("mode_none") if profile.mode == Mode.NONE else None


def _own(content: Content, rows: Sequence[Model], user_id: Any) -> set[Any]:
    """Return the keys of those that are the person's own."""
    path = content.owner
    if path is None:
        return set()
    field: Any = None if "__" in path else rows[0]._meta.get_field(path)
    if field is not None and field.concrete and not field.many_to_many:
        return {row.pk for row in rows if getattr(row, field.attname) == user_id}
    own = content.model._base_manager.filter(pk__in=[row.pk for row in rows], **{path: user_id})
    return set(own.values_list("pk", flat=True))


def _pairs_of(content: Content, rows: Sequence[Model]) -> dict[Any, list[Pair]]:
    """Return the terms of the items, by item. One query."""
    found: dict[Any, list[Pair]] = {}
    for item, term, share in pairs_of(content, [row.pk for row in rows]):
        found.setdefault(item, []).append((item, term, share))
    return found


def _evidence_of(user: Any, profile: Profile) -> dict[Identity, Evidence]:
    """Return the last time and the kinds of what fed each tag. One query.

    The counts are those of the tags; times and kinds are looked up among the person's latest
    interactions only.
    """
    fed = UserInteraction.objects.filter(user=user.pk, fed_weight__gt=0)
    latest = fed.order_by("-created_at", "-pk")[:LATEST]
    times: dict[Identity, datetime] = {}
    kinds: dict[Identity, dict[str, None]] = {}
    for code, at, terms in latest.values_list("interaction_type", "created_at", "fed_terms"):
        for key, taxonomy_id in terms.items():
            identity = taxonomy_id or key
            times.setdefault(identity, at)
            kinds.setdefault(identity, {})[code] = None
    return {
        identity: Evidence(
            tag, tag.interaction_count, times.get(identity), tuple(kinds.get(identity, ()))
        )
        for tag in profile.tags
        for identity in [identity_of(tag)]
    }


@dataclass(frozen=True)
class _Reader:
    """What explanations of items of one model to one person share."""

    content: Content
    profile: Profile
    vocabulary: Vocabulary
    statistics: TermStatistics
    affinities: Mapping[Identity, Affinity] = field(init=False)
    refused: Mapping[Identity, UserTag] = field(init=False)

    def __post_init__(self) -> None:
        affinities = affinities_of(self.profile, self.vocabulary)
        object.__setattr__(self, "affinities", affinities)
        refused = {identity_of(tag): tag for tag in self.profile.refused}
        object.__setattr__(self, "refused", refused)

    def explain(
        self,
        obj: Model,
        pairs: Sequence[Pair],
        evidence: Mapping[Identity, Evidence],
        *,
        is_own: bool,
    ) -> Explanation:
        terms = [self.statistics.identity_of(term) for _item, term, _share in pairs]
        refused = [self.refused[t] for t in terms if t is not None and t in self.refused]
        hidden = [tag for tag in refused if tag.state == TagState.HIDDEN]
        if hidden:
            return Explanation(obj, 0.0, (), (Obstacle("hidden", tuple(hidden)),))
        if is_own:
            return Explanation(obj, 0.0, (), (Obstacle("own"),))
        reasons = self._reasons(pairs, evidence)
        score = sum(reason.contribution for reason in reasons)
        if reasons:
            return Explanation(obj, score, tuple(reasons), ())
        return Explanation(obj, 0.0, (), tuple(self._why_nothing(refused, bool(pairs))))

    def _why_nothing(self, refused: Sequence[UserTag], has_terms: bool) -> Iterable[Obstacle]:
        if refused:
            yield Obstacle("removed", tuple(refused))
        if not has_terms:
            yield Obstacle("no_terms")
        elif not self.profile.tags:
            yield Obstacle("no_tags")
        else:
            yield Obstacle("no_match")

    def _reasons(
        self, pairs: Sequence[Pair], evidence: Mapping[Identity, Evidence]
    ) -> list[Reason]:
        norm = sum(share for _item, _term, share in pairs) ** 0.5
        found = []
        for _item, key, share in pairs:
            identity = self.statistics.identity_of(key)
            affinity = None if identity is None else self.affinities.get(identity)
            if affinity is not None and identity is not None:
                amount = affinity.value * self.statistics.rarity(key) * share / norm
                found.append((amount, identity, affinity))
        total = sum(amount for amount, _identity, _affinity in found)
        found.sort(key=lambda part: -part[0])
        return [
            self._reason(amount, amount / total, identity, affinity, evidence)
            for amount, identity, affinity in found
            if amount > 0
        ]

    def _reason(
        self,
        amount: float,
        share: float,
        identity: Identity,
        affinity: Affinity,
        evidence: Mapping[Identity, Evidence],
    ) -> Reason:
        shares: Mapping[Any, float] = affinity.shares or {identity: 1.0}
        strongest = sorted(shares, key=lambda term: -shares[term])
        behind = tuple(evidence[term] for term in strongest if term in evidence)
        term = self.vocabulary.get(identity) if isinstance(identity, int) else None
        name = term.name if term is not None else behind[0].tag.name
        kind: Kind = affinity.kind
        taxonomy_id = identity if isinstance(identity, int) else None
        return Reason(amount, share, name, taxonomy_id, kind, behind)
