"""What a merge holds while it changes something, so that nobody's writing is lost.

The order is that of all who write: people, the vocabulary's tables, its terms by their keys,
people's tags by person and key, and the revision last.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.utils.translation import gettext as _

from django_personalization.exceptions import InvalidInput
from django_personalization.models import Taxonomy


def hold_people(user_ids: Collection[Any]) -> None:
    """Let nobody erase these people until the transaction ends."""
    people = get_user_model()._base_manager.filter(pk__in=user_ids).order_by("pk")
    connection = connections[people.db]
    if connection.vendor != "postgresql":
        list(people.select_for_update().values_list("pk"))
        return
    try:
        sql, params = people.values_list("pk").query.sql_with_params()
    except EmptyResultSet:
        return
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} FOR KEY SHARE", params)


def hold_terms(keep_id: int, merged_ids: Collection[int]) -> tuple[Taxonomy, list[Taxonomy]]:
    """Lock the terms and return them as they are now; nobody gives people tags of them meanwhile.

    Raises :class:`InvalidInput` when the one that is to stay has gone.
    """
    ids = [keep_id, *merged_ids]
    rows = Taxonomy.objects.filter(pk__in=ids).order_by("pk").select_for_update()
    terms = {term.pk: term for term in rows}
    if keep_id not in terms:
        raise InvalidInput({"keep": [_("The term that is to stay has meanwhile been deleted.")]})
    return terms[keep_id], [terms[pk] for pk in merged_ids if pk in terms]
