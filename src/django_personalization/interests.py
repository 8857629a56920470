"""What a person's profile means for one kind of content: which terms count, and how much.

Everything that ranks, filters or explains starts from the same :class:`Interests`, so that none
of them can read the profile in another way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from django_personalization.affinity import Affinity, spread
from django_personalization.choices import Mode, TagSource, TagState
from django_personalization.content import Content
from django_personalization.item_terms import Identity
from django_personalization.models import UserTag
from django_personalization.profiles import Profile, profile_of
from django_personalization.term_statistics import TermStatistics, statistics_of
from django_personalization.vocabulary import Vocabulary, current_vocabulary

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


@dataclass(frozen=True)
class Interests:
    """A person's profile at one moment, and what it means for ``content``.

    What is not asked for is not read. Without ``recount`` terms are as common as they were when it
    was counted last: reasons go with the scores that were given a moment ago.
    """

    user_id: Any
    content: Content
    profile: Profile
    recount: bool = True

    @property
    def is_personal(self) -> bool:
        """Whether there is a profile that may be used."""
        return self.user_id is not None and self.profile.mode != Mode.NONE

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary of the moment in which the profile was read."""
        return current_vocabulary(self.profile.revision)

    @cached_property
    def statistics(self) -> TermStatistics:
        """How common the terms are; with the latest of the host's own tags where one is hidden."""
        return statistics_of(
            self.content,
            self.vocabulary,
            recount=self.recount,
            with_latest_names=self.recount and bool(self.profile.hidden),
        )

    @cached_property
    def refused(self) -> Mapping[Identity, UserTag]:
        """The tags that the person removed or hid, by what they are about; hidden ones win."""
        tags = sorted(self.profile.refused, key=lambda tag: tag.state == TagState.HIDDEN)
        return {identity_of(tag, self.vocabulary): tag for tag in tags}

    @property
    def hidden(self) -> list[Identity]:
        """The terms whose content is kept out."""
        if not self.profile.hidden:
            return []
        return [term for term, tag in self.refused.items() if tag.state == TagState.HIDDEN]

    @cached_property
    def tags(self) -> Mapping[Identity, UserTag]:
        """The tags that count, by what they are about, the strongest first.

        A free tag whose name has become that of a term is the term's; where the person refused the
        one, the other does not count. What is sensitive counts only where it was picked, also as a
        word in a free tag from the time before it was.
        """
        found: dict[Identity, UserTag] = {}
        for tag in self.profile.tags:
            identity = identity_of(tag, self.vocabulary)
            is_usable = tag.source == TagSource.MANUAL or self._is_inferable(tag, identity)
            if is_usable and identity not in self.refused:
                found.setdefault(identity, tag)
        return found

    @cached_property
    def affinities(self) -> Mapping[Identity, Affinity]:
        """The affinity to every term that the tags reach."""
        if not self.tags:
            return {}
        signals = {term: signal_of(tag, self.profile.now) for term, tag in self.tags.items()}
        picked = {term for term, tag in self.tags.items() if tag.source == TagSource.MANUAL}
        reached = spread(
            {term: value for term, value in signals.items() if isinstance(term, int)},
            self.vocabulary,
            picked={term for term in picked if isinstance(term, int)},
            is_closed=lambda pk: pk in self.refused or not self.vocabulary.is_inferable(pk),
        )
        found: dict[Identity, Affinity] = dict(reached.items())
        for term, value in signals.items():
            if isinstance(term, str) and value > 0:
                found[term] = Affinity(value, "own", {term: 1.0})
        return found

    @cached_property
    def worth(self) -> Mapping[Any, float]:
        """What each of the host's terms is worth, by its key: affinity times rarity."""
        return {
            key: affinity.value * self.statistics.rarity(key)
            for term, affinity in self.affinities.items()
            for key in self.statistics.keys_of(term)
        }

    def _is_inferable(self, tag: UserTag, identity: Identity) -> bool:
        if isinstance(identity, int):
            term = self.vocabulary.get(identity)
            return term is None or not term.is_sensitive
        return not self.vocabulary.mentions_sensitive(tag.name)


def interests_of(
    user: AbstractBaseUser | AnonymousUser,
    content: Content,
    now: datetime | None = None,
    *,
    recount: bool = True,
) -> Interests:
    """Return the interests of ``user`` in ``content`` in the hour of ``now``.

    Reads the profile: one query, two for who has no tags. Strangers have none.
    """
    return Interests(user.pk, content, profile_of(user, ranking_time(now)), recount)


def ranking_time(now: datetime | None = None) -> datetime:
    """Return the full hour before ``now``, of which all rankings in the same hour are."""
    at = timezone.now() if now is None else now
    return at.replace(minute=0, second=0, microsecond=0)


def identity_of(tag: UserTag, vocabulary: Vocabulary) -> Identity:
    """Return what a tag's term is known by, as the vocabulary has it now."""
    return vocabulary.identity_of(tag.key) if tag.taxonomy_id is None else tag.taxonomy_id


def signal_of(tag: UserTag, now: datetime) -> float:
    """Return how strongly a tag counts: what the person set, times the confidence at ``now``."""
    return tag.weight * tag.confidence_at(now)
