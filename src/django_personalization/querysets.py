"""Queries that the layers above share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import connections, models, transaction
from django.db.models import Q

from django_personalization import scoring
from django_personalization.choices import TagSource, TagState
from django_personalization.conf import app_settings

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from django_personalization.models import Taxonomy, UserTag  # noqa: F401


def hold_person(user_id: Any, *, exclusive: bool = False) -> None:
    """Make writers that call this for the same person take turns until the transaction ends.

    For decisions that no single statement can settle. SQLite's writers take turns anyway. With
    ``exclusive``, wait also for those who called :func:`keep_person`, and let them wait: for what
    must not be overtaken by an event that is under way, such as a withdrawn consent. Call it at
    the beginning of the transaction.
    """
    people = get_user_model()._base_manager.filter(pk=user_id).order_by()
    connection = connections[people.db]
    if exclusive and _has_gate(connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_gate(user_id)])
    no_key = connection.features.has_select_for_no_key_update and not exclusive
    list(people.select_for_update(no_key=no_key).values_list("pk"))


def keep_person(user_id: Any) -> None:
    """Let nobody hold the person exclusively until the transaction ends.

    What has been decided about the person then lasts as long. Those who call this do not wait for
    each other on PostgreSQL. Read the decision after this, with a statement of its own: one that
    waits for a lock sees the rows as they were before.
    """
    people = get_user_model()._base_manager
    connection = connections[people.db]
    if connection.vendor == "postgresql":
        _keep_row(user_id, connection)
    elif connection.features.has_select_for_update:
        list(people.filter(pk=user_id).order_by().select_for_update().values_list("pk"))


def _keep_row(user_id: Any, connection: Any) -> None:
    """Take the lock that a row of the person's takes by its foreign key, through the gate."""
    meta = get_user_model()._meta
    table, key = map(connection.ops.quote_name, (meta.db_table, meta.pk.column))
    parameters = [meta.pk.get_db_prep_value(user_id, connection)]
    gate = ""
    if _has_gate(connection):
        gate = "(SELECT pg_advisory_xact_lock_shared(%s)) AS gate, "
        parameters.insert(0, _gate(user_id))
    # Only names of the schema are written into the statement.
    rows = f"SELECT 1 FROM {gate}{table} AS person WHERE person.{key} = %s"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"{rows} FOR KEY SHARE OF person", parameters)


def _has_gate(connection: Any) -> bool:
    """Whether a transaction may queue for the person before it locks their row.

    Shared locks of rows pass those who wait for an exclusive one, who might wait for ever while
    events keep coming in; an advisory lock has a queue. Only a transaction that holds nothing yet
    may stand in it: nobody can be waiting for what it holds.
    """
    return connection.vendor == "postgresql" and not connection.savepoint_ids


def _gate(user_id: Any) -> int:
    digest = blake2b(f"django_personalization person {user_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def mark_vocabulary_changed(using: str | None = None) -> None:
    """Give the vocabulary a new revision token, in the transaction of the change itself."""
    revision = apps.get_model("django_personalization", "VocabularyRevision")
    token = uuid4().hex
    rows = revision._default_manager.using(using)
    if not rows.filter(pk=1).update(token=token):
        rows.bulk_create([revision(pk=1, token=token)], ignore_conflicts=True)


class VocabularyQuerySet(models.QuerySet[Any]):
    """Rows of the vocabulary; bulk changes mark it as changed, as single saves do."""

    def update(self, **kwargs: Any) -> int:
        """Update the rows and mark the vocabulary as changed."""
        rows = super().update(**kwargs)
        mark_vocabulary_changed(self.db)
        return rows

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Create the rows, with what follows from their names, and mark the change."""
        rows = list(objs)
        for row in rows:
            if hasattr(row, "derive"):
                row.derive()
        created = super().bulk_create(rows, *args, **kwargs)
        mark_vocabulary_changed(self.db)
        return created


class TaxonomyQuerySet(VocabularyQuerySet):
    """Terms of the vocabulary."""

    def active(self) -> TaxonomyQuerySet:
        """Only terms that are offered to people."""
        return self.filter(is_active=True)

    def held(self) -> list[Taxonomy]:
        """Return the terms, which nobody can delete or rename until the transaction ends.

        People's tags are written under this lock: a tag never points at a term that is gone, nor
        has the key of a name that is no more. Other writers of tags are not held up.
        """
        if connections[self.db].vendor != "postgresql":
            return list(self)
        try:
            sql, params = self.order_by("pk").query.sql_with_params()
        except EmptyResultSet:
            return []
        return list(self.model._default_manager.using(self.db).raw(f"{sql} FOR KEY SHARE", params))

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the terms; people's tags keep their names.

        The terms are locked first: a tag that is being written meanwhile is either seen here, or
        its writer sees that the term is gone.
        """
        with transaction.atomic(using=self.db):
            list(self.order_by("pk").select_for_update().values_list("pk"))
            return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def in_category_order(self) -> TaxonomyQuerySet:
        """Ordered by category as the setting lists them, then by name."""
        codes = app_settings.taxonomy_categories
        position = models.Case(
            *(models.When(category=code, then=index) for index, code in enumerate(codes)),
            default=len(codes),
        )
        return self.order_by(position, "name", "pk")


class ItemStatisticsQuerySet(models.QuerySet[Any]):
    """Statistics of content items."""

    def of_model(self, model: type[models.Model]) -> ItemStatisticsQuerySet:
        """Only those of the items of ``model``."""
        content_types = apps.get_model("contenttypes", "ContentType")
        kind = content_types.objects.get_for_model(model)
        return self.filter(content_type=kind)


class UserTagQuerySet(models.QuerySet["UserTag"]):
    """Tags of one person or of many."""

    def of(self, user: AbstractBaseUser) -> UserTagQuerySet:
        """Only the tags of ``user``."""
        return self.filter(user=user.pk)

    def manual(self) -> UserTagQuerySet:
        """Picked and active tags, in the order in which they were made."""
        return self.filter(source=TagSource.MANUAL, state=TagState.ACTIVE).order_by(
            "created_at", "pk"
        )

    def inferred(self, now: datetime) -> UserTagQuerySet:
        """Inferred, active tags that are listed at ``now``, strongest first."""
        return (
            self.exclude(source=TagSource.MANUAL)
            .filter(self._confident(now), state=TagState.ACTIVE)
            .order_by("-evidence", "pk")
        )

    def listed(self, now: datetime) -> UserTagQuerySet:
        """All that a person is shown as theirs: picked, inferred and hidden, strongest first.

        Picked tags come before inferred ones, whose confidence is below 1 by definition.
        """
        picked_first = models.Case(models.When(source=TagSource.MANUAL, then=0), default=1)
        shown = Q(source=TagSource.MANUAL) | Q(state=TagState.HIDDEN) | self._confident(now)
        return (
            self.exclude(state=TagState.DISMISSED)
            .filter(shown)
            .order_by(picked_first, "-evidence", "pk")
        )

    def in_use(self, now: datetime) -> UserTagQuerySet:
        """All that says something at ``now``: what counts, strongest first, and what is refused.

        Tags that have faded, or that became sensitive since they were inferred, are left out.
        """
        picked_first = models.Case(models.When(source=TagSource.MANUAL, then=0), default=1)
        said = Q(source=TagSource.MANUAL) | ~Q(state=TagState.ACTIVE) | self._confident(now)
        return self.filter(said).order_by(picked_first, "-evidence", "pk")

    def hidden(self) -> UserTagQuerySet:
        """Tags whose content the person does not want to see, the latest first."""
        return self.filter(state=TagState.HIDDEN).order_by("-updated_at", "-pk")

    def dismissed(self) -> UserTagQuerySet:
        """Tags that the person removed, the latest first."""
        return self.filter(state=TagState.DISMISSED).order_by("-updated_at", "-pk")

    def with_taxonomies(self) -> UserTagQuerySet:
        """Load each tag's taxonomy in the same query."""
        return self.select_related("taxonomy")

    @staticmethod
    def _confident(now: datetime) -> Q:
        """Enough evidence, for nothing that has become sensitive since."""
        least = scoring.evidence_for(app_settings.min_confidence, now, app_settings.half_life_days)
        fine = Q(taxonomy=None) | Q(taxonomy__is_sensitive=False)
        return fine & Q(evidence__gte=least, evidence__gt=0)
