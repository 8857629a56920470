"""Pages: by limit and offset for short lists, by cursor for histories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination, LimitOffsetPagination
from rest_framework.request import Request

from django_personalization.rest.schema import Parameter
from django_personalization.validation import not_whole, shown

HISTORY_PARAMETERS = [
    Parameter("limit", int, description="The size of a page (1 to 200)."),
    Parameter("cursor", str, description="Where a page begins, from next or previous."),
]
_LARGEST_OFFSET = 2**31


class OptionalPages(LimitOffsetPagination):
    """A plain array, or pages of ``count``, ``next``, ``previous`` and ``results`` on demand.

    Pages come where ``?limit=`` or ``?offset=`` is given; wrong values are refused, not ignored.
    """

    max_limit = 500
    page_size = 100

    def get_limit(self, request: Request) -> int | None:
        if not {"limit", "offset"} & set(request.query_params):
            return None
        return whole_number(request, "limit", 1, self.max_limit, self.page_size)

    def get_offset(self, request: Request) -> int:
        return whole_number(request, "offset", 0, _LARGEST_OFFSET, 0)


class History(CursorPagination):
    """Pages of ``next``, ``previous`` and ``results``, the latest first, stable while it grows."""

    ordering = ("-created_at", "-id")
    # Rows of one time are told apart by an offset; an import can have many of them.
    offset_cutoff = 1_000_000
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"

    def get_page_size(self, request: Request) -> int:
        return whole_number(request, "limit", 1, self.max_page_size, self.page_size)

    def decode_cursor(self, request: Request) -> Any:
        """Read where the page begins; a time without a zone is none of ours."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            at = parse_datetime(str(cursor.position))
            if at is None or is_naive(at):
                raise NotFound
        return cursor

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (TypeError, ValueError, OverflowError, DjangoValidationError, NotFound) as error:
            message = _("This cursor was not made by this API.")
            raise ValidationError({"cursor": [message]}) from error


def whole_number(request: Request, name: str, least: int, most: int, default: int) -> int:
    """Return the query parameter ``name``; what is no number in the range is a 400 that says so."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdecimal() and len(text) <= 10 and least <= int(text) <= most:
        return int(text)
    raise ValidationError({name: [not_whole(shown(text), least, most)]})
