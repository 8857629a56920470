"""Any queryset of the host's, filtered and ordered for one person.

Relevance of an item is the sum, over its terms, of the person's affinity to the term times the
rarity of the term, divided by the root of the number of the item's terms (the cosine length norm
of the vector space model: Salton, Wong & Yang, 1975). All of it happens in the database; what
Python holds grows with the vocabulary, never with the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import (
    F,
    FloatField,
    Model,
    QuerySet,
    Value,
)
from django.utils import timezone
from django.utils.translation import gettext as _

from django_personalization import scoring
from django_personalization.affinity import Affinity, spread
from django_personalization.choices import Mode, TagSource
from django_personalization.conf import app_settings
from django_personalization.content import Content, content_of
from django_personalization.exceptions import InvalidInput
from django_personalization.item_terms import Identity, pairs_of, statistics_of
from django_personalization.models import ItemStatistics, Taxonomy, UserTag
from django_personalization.profiles import Profile, profile_of
from django_personalization.relevance import (
    HasTerms,
    RowScores,
    Score,
    ScoreTable,
    TermScores,
    TieBreaker,
    key_from_text,
)
from django_personalization.validation import name_problem, shown
from django_personalization.vocabulary import Vocabulary, current_vocabulary

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

Rows = TypeVar("Rows", bound=QuerySet[Any])
TermLike = Taxonomy | str
Affinities = Mapping[Identity, Affinity]


def personalize(
    queryset: Rows,
    user: AbstractBaseUser | AnonymousUser,
    *,
    only_matching: bool = False,
    now: datetime | None = None,
) -> Rows:
    """Return ``queryset`` ordered for ``user``, best first, each row with its ``relevance``.

    The queryset is the host's own class and goes on working as one: it filters, slices, counts,
    paginates, annotates and combines. Rows of equal relevance keep the host's order, and the key
    settles the rest, so that pages never overlap. Content with a tag that the person hid is left
    out, and their own where an owner is declared; with ``only_matching`` so is what has nothing
    to do with their tags. Strangers, and people in mode ``none``, get the host's order and a
    relevance of 0.

    The profile is read at once, the rows when they are needed. Django's own rules hold: with ``|``
    and ``&`` the left side says which columns there are, order and slice come last, and rows that
    are joined with something are locked by ``select_for_update(of=("self",))``.

    Relevance is that of the full hour before ``now``: confidence fades from moment to moment, and
    pages should not. Raises :class:`InvalidInput` when the model is not registered.
    """
    content = content_of(queryset.model)
    rows: Rows = queryset.all()  # of a manager, too
    profile = profile_of(user, ranking_time(now))
    if user.pk is None or profile.mode == Mode.NONE:
        return _unranked(rows.none() if only_matching else rows)
    vocabulary = current_vocabulary(profile.revision)
    rows = _without_refused(rows, content, profile, vocabulary)
    if content.owner is not None:
        rows = rows.exclude(**{f"{content.owner}__pk": user.pk})
    worth = term_worth(content, affinities_of(profile, vocabulary), vocabulary)
    if not worth:
        return _unranked(rows.none() if only_matching else rows)
    table = TermScores(content.model, worth)
    ranked = _ordered(rows.annotate(relevance=Score(table, only_scored=only_matching)), table)
    # An `|` with another queryset makes the join an outer one; the condition stays.
    return ranked.filter(relevance__gt=0) if only_matching else ranked


def queryset_filter(
    queryset: Rows,
    *,
    any_of: Iterable[TermLike] | TermLike = (),
    all_of: Iterable[TermLike] | TermLike = (),
    none_of: Iterable[TermLike] | TermLike = (),
    tags_of: AbstractBaseUser | AnonymousUser | None = None,
    narrower: bool = False,
) -> Rows:
    """Return the rows of ``queryset`` by their terms, in their own order.

    ``any_of``, ``all_of`` and ``none_of`` are terms of the vocabulary, or names and aliases of
    such, or one of them; an empty one sets no condition. ``tags_of`` keeps what has at least one
    of that person's tags (as far as their mode lets them be used). With ``narrower`` a term stands
    for all that are narrower as well. Raises :class:`InvalidInput`, naming each name that means
    no term.
    """
    content = content_of(queryset.model)
    vocabulary = current_vocabulary()
    groups = {"any_of": any_of, "all_of": all_of, "none_of": none_of}
    ids = _term_ids(groups, vocabulary)

    def has(terms: Iterable[Identity]) -> HasTerms:
        wanted = set(terms)
        if narrower:
            wanted |= vocabulary.with_narrower(pk for pk in wanted if isinstance(pk, int))
        return has_terms(content, wanted, vocabulary)

    rows: Rows = queryset.all()
    if ids["any_of"]:
        rows = rows.filter(has(ids["any_of"]))
    for pk in ids["all_of"]:
        rows = rows.filter(has([pk]))
    if ids["none_of"]:
        rows = rows.exclude(has(ids["none_of"]))
    if tags_of is not None:
        rows = rows.filter(has(map(identity_of, profile_of(tags_of).tags)))
    return rows


def similar(obj: Model, queryset: QuerySet[Any] | None = None) -> QuerySet[Any]:
    """Return what shares terms with ``obj``, most alike first, each row with its ``similarity``.

    Every term that both have adds the square of its rarity, divided by the roots of how many terms
    each of the two has: relevance, with the terms of ``obj`` in the place of a person's.
    ``queryset`` limits what is looked at; by default all rows of the model. ``obj`` itself is left
    out. Raises :class:`InvalidInput` for a queryset of another model.
    """
    content = content_of(obj._meta.model)
    rows: QuerySet[Any] = content.model._default_manager.all()
    if queryset is not None:
        rows = queryset.all()
    if rows.model._meta.concrete_model is not content.model._meta.concrete_model:
        values = {"other": rows.model._meta.label_lower, "model": content.label}
        message = _("Expected rows of %(model)s, got %(other)s.") % values
        raise InvalidInput({"queryset": [message]})
    vocabulary = current_vocabulary()
    statistics = statistics_of(content, vocabulary)
    pairs = [(term, share) for _item, term, share in pairs_of(content, [obj.pk])]
    rows = rows.exclude(pk=obj.pk)
    if not pairs:
        nothing: QuerySet[Any] = rows.none().annotate(similarity=_nothing())
        return nothing
    norm = sum(share for _term, share in pairs) ** 0.5
    worth = {term: statistics.rarity(term) ** 2 * share / norm for term, share in pairs}
    table = TermScores(content.model, worth)
    rows = rows.annotate(similarity=Score(table, only_scored=True)).filter(similarity__gt=0)
    return _ordered(rows, table)


def popular(queryset: Rows, *, now: datetime | None = None) -> Rows:
    """Return ``queryset`` with what is used most first, each row with its ``popularity``.

    Popularity is what all interactions with the item together are worth at ``now``, in units of
    evidence; it fades as the evidence of tags does.
    """
    rows: Rows = queryset.all()
    growth = scoring.growth(ranking_time(now), app_settings.half_life_days)
    statistics = ItemStatistics.objects.of_model(content_of(rows.model).model)
    scores = statistics.order_by().values(
        item=key_from_text(rows.model, "object_id", rows.db),
        score=F("popularity") / Value(growth, output_field=FloatField()),
    )
    table = RowScores(scores)
    return _ordered(rows.annotate(popularity=Score(table)), table)


def fresh(queryset: Rows) -> Rows:
    """Return ``queryset`` with the latest first, by the declared ``published_at``.

    Raises :class:`InvalidInput` where the host has declared none.
    """
    content = content_of(queryset.model)
    if content.published_at is None:
        message = _("%s is registered without published_at.") % content.label
        raise InvalidInput({"published_at": [message]})
    rows: Rows = queryset.all()
    latest = F(content.published_at)
    if rows.query.standard_ordering:
        return rows.order_by(latest.desc(nulls_last=True), "-pk")
    return rows.order_by(latest.asc(nulls_first=True), "pk")


def ranking_time(now: datetime | None = None) -> datetime:
    """Return the full hour before ``now``, of which all rankings in the same hour are."""
    at = timezone.now() if now is None else now
    return at.replace(minute=0, second=0, microsecond=0)


def identity_of(tag: UserTag) -> Identity:
    """Return what a tag's term is known by."""
    return tag.key if tag.taxonomy_id is None else tag.taxonomy_id


def signal_of(tag: UserTag, now: datetime) -> float:
    """Return how strongly a tag counts: what the person set, times the confidence at ``now``."""
    return tag.weight * tag.confidence_at(now)


def affinities_of(profile: Profile, vocabulary: Vocabulary) -> dict[Identity, Affinity]:
    """Return the affinity of the profile's person to every term that their tags reach."""
    refused = {identity_of(tag) for tag in profile.refused}
    signals: dict[Identity, float] = {}
    for tag in profile.tags:
        signals.setdefault(identity_of(tag), signal_of(tag, profile.now))
    own = {pk: value for pk, value in signals.items() if isinstance(pk, int)}
    picked = {tag.taxonomy_id for tag in profile.tags if tag.source == TagSource.MANUAL}
    reached = spread(
        own,
        vocabulary,
        picked={pk for pk in picked if pk is not None},
        is_closed=lambda pk: pk in refused or not vocabulary.is_inferable(pk),
    )
    found: dict[Identity, Affinity] = dict(reached.items())
    for key, value in signals.items():
        if isinstance(key, str) and value > 0:
            found[key] = Affinity(value, "own", {key: 1.0})
    return found


def term_worth(
    content: Content, affinities: Affinities, vocabulary: Vocabulary
) -> dict[Any, float]:
    """Return what each of the host's terms is worth, by its key: affinity times rarity."""
    statistics = statistics_of(content, vocabulary)
    return {
        key: affinity.value * statistics.rarity(key)
        for term, affinity in affinities.items()
        for key in statistics.keys_of(term)
    }


def has_terms(content: Content, terms: Iterable[Identity], vocabulary: Vocabulary) -> HasTerms:
    """Return the condition that an item has at least one of ``terms``."""
    statistics = statistics_of(content, vocabulary)
    keys = [key for term in terms for key in statistics.keys_of(term)]
    return HasTerms(content.model, keys)


def _without_refused(
    rows: Rows, content: Content, profile: Profile, vocabulary: Vocabulary
) -> Rows:
    hidden = [identity_of(tag) for tag in profile.hidden]
    return rows.exclude(has_terms(content, hidden, vocabulary)) if hidden else rows


def _unranked(rows: Rows) -> Rows:
    """Keep the host's order, and settle its ties."""
    ordered = rows.order_by(*_host_order(rows), _key(rows))
    return ordered.annotate(relevance=_nothing())


def _nothing() -> Value:
    return Value(0.0, output_field=FloatField())


def _ordered(rows: Rows, table: ScoreTable) -> Rows:
    score = Score(table)
    # A reversed queryset turns every part of its order round.
    first = score.desc() if rows.query.standard_ordering else score.asc()
    key = TieBreaker()
    last = key.asc() if rows.query.standard_ordering else key.desc()
    return rows.order_by(first, *_host_order(rows), last)


def _key(rows: QuerySet[Any]) -> str:
    return "pk" if rows.query.standard_ordering else "-pk"


def _host_order(rows: QuerySet[Any]) -> tuple[Any, ...]:
    query = rows.query
    if query.extra_order_by:
        return tuple(query.extra_order_by)
    if query.order_by or not query.default_ordering:
        return tuple(query.order_by)
    return tuple(query.get_meta().ordering or ())


def _term_ids(
    groups: Mapping[str, Iterable[TermLike] | TermLike], vocabulary: Vocabulary
) -> dict[str, list[int]]:
    """Return the ids of the terms in each group, or say of all that are none."""
    found: dict[str, list[int]] = {}
    unknown: dict[str, list[str]] = {}
    for argument, group in groups.items():
        found[argument] = []
        for term in [group] if isinstance(group, (str, Taxonomy)) else group:
            pk = _term_id(term, vocabulary)
            if pk is None:
                message = _("%s is no term of the vocabulary.") % shown(str(term))
                unknown.setdefault(argument, []).append(message)
            else:
                found[argument].append(pk)
    if unknown:
        raise InvalidInput(unknown)
    return found


def _term_id(term: object, vocabulary: Vocabulary) -> int | None:
    if isinstance(term, str):
        known = vocabulary.resolve(term) if name_problem(term) is None else None
    else:
        known = vocabulary.get(term.pk) if isinstance(term, Taxonomy) else None
    return None if known is None else known.taxonomy_id
