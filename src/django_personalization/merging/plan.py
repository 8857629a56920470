"""What a merge would do, counted and judged beforehand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from django_personalization.choices import TagState
from django_personalization.exceptions import InvalidInput
from django_personalization.merging.links import Link, links
from django_personalization.merging.tags import to_move
from django_personalization.merging.vocabulary import Change, changes_of, narrower_of
from django_personalization.models import (
    RelationSuggestion,
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
)
from django_personalization.validation import shown


@dataclass(frozen=True)
class MergePlan:
    """What happens when ``merged`` become one with ``keep``.

    ``tags`` of ``people`` move, of which ``joined`` become one with another tag of the same person.
    ``refused`` ones are dismissed or hidden and stay so. ``aliases`` are the spellings that the
    kept term gets, ``narrower`` the terms that become narrower ones of it.
    ``relations`` and ``suggestions`` move or, where the kept term has them already, go.
    ``content`` maps each of the host's foreign keys to how many rows move and how many go because
    their like is there. ``warnings`` say what may not be wanted, ``problems`` what forbids it.
    """

    keep: Taxonomy
    merged: Sequence[Taxonomy]
    tags: int = 0
    people: int = 0
    joined: int = 0
    refused: int = 0
    aliases: Sequence[str] = ()
    narrower: Sequence[str] = ()
    relations: int = 0
    suggestions: int = 0
    content: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    problems: Sequence[str] = ()

    @property
    def rows(self) -> int:
        """How many rows of people and of the host are concerned: what takes the time."""
        return self.tags + sum(moved + dropped for moved, dropped in self.content.values())


def plan_merge(keep: Taxonomy, merged: Collection[Taxonomy]) -> MergePlan:
    """Return what merging the terms into ``keep`` would do; nothing is written.

    Raises :class:`InvalidInput` when the terms are not two or more different ones that exist.
    """
    keep, others = stored_terms(keep, merged)
    ids = [term.pk for term in others]
    tags, changes, hosts = to_move(ids), changes_of(keep, others), links()
    people = tags.order_by().values("user").distinct()
    tags_of_all = to_move([keep.pk, *ids]).filter(user__in=people).count()
    number = people.count()
    content = {link.label: _counts(link, keep, others) for link in hosts}
    return MergePlan(
        keep,
        others,
        tags=tags.count(),
        people=number,
        joined=tags_of_all - number,
        refused=tags.exclude(state=TagState.ACTIVE).count(),
        aliases=[c.after.name for c in changes if c.model is TaxonomyAlias and c.after],
        narrower=narrower_of(changes, keep),
        relations=_number(changes, TaxonomyRelation),
        suggestions=_number(changes, RelationSuggestion),
        content={label: counts for label, counts in content.items() if any(counts)},
        warnings=list(_warnings(keep, others, changes, hosts, content)),
        problems=list(_problems(keep, others, hosts)),
    )


def stored_terms(keep: Taxonomy, merged: Collection[Taxonomy]) -> tuple[Taxonomy, list[Taxonomy]]:
    """Return the terms as they are stored; raise :class:`InvalidInput` unless they can be merged.

    The order of ``merged`` stays.
    """
    ids = list(dict.fromkeys(term.pk for term in merged))
    if not ids:
        raise InvalidInput({"merged": [_("Name at least one term that is to be merged.")]})
    if keep.pk in ids:
        message = _("“%s” cannot be merged into itself.")
        raise InvalidInput({"merged": [message % keep]})
    stored = Taxonomy.objects.in_bulk([keep.pk, *ids])
    gone = [shown(str(term)) for term in (keep, *merged) if term.pk not in stored]
    if gone:
        raise InvalidInput({"merged": [_("There is no such term any more: %s.") % ", ".join(gone)]})
    return stored[keep.pk], [stored[pk] for pk in ids]


def _number(changes: Sequence[Change], model: type[Model]) -> int:
    return sum(change.model is model for change in changes)


def _counts(link: Link, keep: Taxonomy, merged: Sequence[Taxonomy]) -> tuple[int, int]:
    dropped = link.doubles(keep, merged).count()
    return link.at(merged).count() - dropped, dropped


def _warnings(
    keep: Taxonomy,
    merged: Sequence[Taxonomy],
    changes: Sequence[Change],
    hosts: Sequence[Link],
    content: Mapping[str, Any],
) -> Iterator[str]:
    yield from _unlike(keep, merged)
    for term in merged:
        if keep.pk == term.parent_id or term.pk == keep.parent_id:
            values = {"one": keep, "other": term}
            yield _("One of “%(one)s” and “%(other)s” is the broader of the two.") % values
    for change in changes:
        is_kept = change.model is Taxonomy and change.after.pk == keep.pk
        if is_kept and "parent_id" in change.columns:
            names = {"term": str(keep), "parent": str(change.after.parent or _("none"))}
            yield _("The broader term of “%(term)s” becomes: %(parent)s.") % names
    for link in hosts:
        if content[link.label][1] and link.has_dependents:
            message = _(
                "Rows of %s go because their like is there already, and with them what hangs on "
                "them. Undoing does not bring that back."
            )
            yield message % link.model._meta.label


def _unlike(keep: Taxonomy, merged: Sequence[Taxonomy]) -> Iterator[str]:
    values = {"keep": keep}
    if any(term.category != keep.category for term in merged):
        yield _("The terms are of different categories; “%(keep)s” stays in its own.") % values
    if not keep.is_sensitive and any(term.is_sensitive for term in merged):
        yield (
            _("A term is sensitive, so “%(keep)s” becomes sensitive: it is not inferred any more.")
            % values
        )
    if keep.is_sensitive and not all(term.is_sensitive for term in merged):
        yield (
            _("“%(keep)s” is sensitive: what was inferred from the others counts no more.") % values
        )
    if not keep.is_active:
        yield _("“%(keep)s” is inactive: the others will not be offered either.") % values
    elif not all(term.is_active for term in merged):
        yield _("A term is inactive; under its name “%(keep)s” will be found again.") % values


def _problems(keep: Taxonomy, merged: Sequence[Taxonomy], hosts: Sequence[Link]) -> Iterator[str]:
    for link in hosts:
        rows = link.at(merged)
        if link.field.remote_field.parent_link:
            forbidden = rows.exists()
        else:
            forbidden = link.field.primary_key and rows.exists() and not link.at([keep]).exists()
        if forbidden:
            message = _(
                "A row of %s has one of the terms as its key, which cannot change. "
                "Move what it holds and delete it first."
            )
            yield message % link.model._meta.label
