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
from django.utils.translation import gettext as _

from django_personalization import scoring
from django_personalization.conf import app_settings
from django_personalization.content import Content, content_of
from django_personalization.exceptions import InvalidInput
from django_personalization.interests import Interests, interests_of, ranking_time
from django_personalization.item_terms import Identity, terms_of
from django_personalization.models import ItemStatistics, Taxonomy
from django_personalization.relevance import (
    HasTerms,
    RowScores,
    ScoreTable,
    TermScores,
    key_from_text,
)
from django_personalization.scored_rows import Score, TieBreaker
from django_personalization.term_statistics import TermStatistics, statistics_of
from django_personalization.validation import name_problem, shown
from django_personalization.vocabulary import Vocabulary, current_vocabulary

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

Rows = TypeVar("Rows", bound=QuerySet[Any])
TermLike = Taxonomy | str


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
    interests = interests_of(user, content_of(queryset.model), now)
    return ranked(queryset, interests, only_matching=only_matching)


def ranked(queryset: Rows, interests: Interests, *, only_matching: bool = False) -> Rows:
    """Return ``queryset`` ordered by interests that have been read: see :func:`personalize`."""
    rows: Rows = queryset.all()  # of a manager, too
    if not interests.is_personal:
        return _unranked(rows.none() if only_matching else rows)
    rows = _without_refused(rows, interests, of_all_rows=bool(interests.worth))
    owner = interests.content.owner
    if owner is not None:
        rows = rows.exclude(**{f"{owner}__pk": interests.user_id})
    if not interests.worth:
        return _unranked(rows.none() if only_matching else rows)
    table = TermScores(interests.content.model, interests.worth)
    scored = _ordered(rows.annotate(relevance=Score(table, only_scored=only_matching)), table)
    # An `|` with another queryset makes the join an outer one; the condition stays.
    return scored.filter(relevance__gt=0) if only_matching else scored


def without_hidden(queryset: Rows, user: AbstractBaseUser | AnonymousUser) -> Rows:
    """Return ``queryset``, in its own order, without content that has a tag ``user`` hid.

    For lists that are not :func:`personalize`'s, such as the popular, the fresh and the similar.
    Strangers, and people in mode ``none``, have no profile: for them nothing is left out. Raises
    :class:`InvalidInput` when the model is not registered.
    """
    interests = interests_of(user, content_of(queryset.model))
    return _without_refused(queryset.all(), interests)


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
    interests = None if tags_of is None else interests_of(tags_of, content)
    vocabulary = current_vocabulary() if interests is None else interests.vocabulary
    statistics = statistics_of(content, vocabulary)
    groups = {"any_of": any_of, "all_of": all_of, "none_of": none_of}
    ids = _term_ids(groups, vocabulary)

    def has(terms: Iterable[Identity]) -> HasTerms:
        wanted = set(terms)
        if narrower:
            wanted |= vocabulary.with_narrower(pk for pk in wanted if isinstance(pk, int))
        return _has_terms(content, wanted, statistics)

    rows: Rows = queryset.all()
    if ids["any_of"]:
        rows = rows.filter(has(ids["any_of"]))
    for pk in ids["all_of"]:
        rows = rows.filter(has([pk]))
    if ids["none_of"]:
        rows = rows.exclude(has(ids["none_of"]))
    if interests is not None:
        rows = rows.filter(has(interests.tags))
    return rows


def similar(
    obj: Model,
    queryset: QuerySet[Any] | None = None,
    *,
    user: AbstractBaseUser | AnonymousUser | None = None,
) -> QuerySet[Any]:
    """Return what shares terms with ``obj``, most alike first, each row with its ``similarity``.

    Every term that both have adds the square of its rarity, divided by the roots of how many terms
    each of the two has: relevance, with the terms of ``obj`` in the place of a person's.
    ``queryset`` limits what is looked at; by default all rows of the model. ``obj`` itself is left
    out, and so is what has a tag that ``user`` hid. Raises :class:`InvalidInput` for a queryset of
    another model.
    """
    content = content_of(obj._meta.model)
    rows: QuerySet[Any] = content.model._default_manager.all()
    if queryset is not None:
        rows = queryset.all()
    if rows.model._meta.concrete_model is not content.model._meta.concrete_model:
        values = {"other": rows.model._meta.label_lower, "model": content.label}
        message = _("Expected rows of %(model)s, got %(other)s.") % values
        raise InvalidInput({"queryset": [message]})
    if user is not None:
        rows = without_hidden(rows, user)
    rows = rows.exclude(pk=obj.pk)
    worth = _worth_of(content, obj)
    if not worth:
        nothing: QuerySet[Any] = rows.none().annotate(similarity=_nothing())
        return nothing
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


def _worth_of(content: Content, obj: Model) -> dict[Any, float]:
    """Return what each term of ``obj`` is worth for another item's likeness to it."""
    vocabulary = current_vocabulary()
    statistics = statistics_of(content, vocabulary)
    terms = terms_of(content, [obj.pk], vocabulary).get(obj.pk, [])
    norm = sum(term.share for term in terms) ** 0.5
    return {term.key: statistics.rarity(term.key) ** 2 * term.share / norm for term in terms}


def _has_terms(
    content: Content,
    terms: Iterable[Identity],
    statistics: TermStatistics,
    *,
    of_all_rows: bool = False,
) -> HasTerms:
    """Return the condition that an item has at least one of ``terms``."""
    keys = [key for term in terms for key in statistics.keys_of(term)]
    return HasTerms(content.model, keys, of_all_rows=of_all_rows)


def _without_refused(rows: Rows, interests: Interests, *, of_all_rows: bool = False) -> Rows:
    hidden = interests.hidden
    if not hidden:
        return rows
    refused = _has_terms(interests.content, hidden, interests.statistics, of_all_rows=of_all_rows)
    return rows.exclude(refused)


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
