"""For the host's own REST framework views: lists in order for each person, reading tracked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Model, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.filters import OrderingFilter
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_personalization.content import Content, content_of
from django_personalization.exceptions import InvalidInput
from django_personalization.ranking import fresh, personalize, popular, without_hidden
from django_personalization.scored_rows import ScoreColumn
from django_personalization.visits import track_when_shown, visitor_of

if TYPE_CHECKING:
    _GenericView = GenericAPIView[Any]
else:
    _GenericView = object

Rows = TypeVar("Rows", bound=QuerySet[Any])
Fields = list[tuple[str, str]]

_ORDERS: Final[dict[str, Callable[[Any, Request], Any]]] = {
    "relevance": lambda rows, request: personalize(rows, visitor_of(request)),
    "popularity": lambda rows, request: popular(rows),
    "fresh": lambda rows, request: fresh(rows),
}
_LABELS: Final = {"relevance": _("Relevance"), "popularity": _("Popularity"), "fresh": _("Latest")}
_OF_ONE_OBJECT: Final = {"retrieve", "update", "partial_update", "destroy"}


class PersonalizedOrdering(OrderingFilter):
    """``?ordering=relevance``: REST framework's ordering filter, and the app's orders in it.

    ``relevance`` is the order for the person who is signed in, as
    :func:`~django_personalization.ranking.personalize` makes it, ``popularity`` has what is used
    most first, and ``fresh`` the latest, where ``published_at`` is declared. All of them begin
    with what one looks for, and leave out what the person hid; ``-relevance`` turns the order
    round. They go together with each other and with the view's ``ordering_fields``, and each can
    be its default ``ordering``. A field or an annotation of the host's own that is called
    ``popularity`` or ``fresh`` stays what it is.

    Routes of one object leave these orders out: there somebody looks up an item that a list for
    them would leave out, such as their own. Raises ``ImproperlyConfigured``, naming the registered
    models, on a view whose model is not registered.
    """

    ordering_description = _(  # type: ignore[assignment]
        "How to order: relevance (for the person who is signed in), popularity, fresh (the latest "
        "first) or a field. Several are separated by commas; a minus in front turns one round."
    )

    def filter_queryset(self, request: Request, queryset: Rows, view: APIView) -> Rows:
        """Return ``queryset`` in the order that was asked for."""
        personal = self._orders(queryset)
        asked = self._asked_for(request, queryset, view)
        if _is_of_one_object(view):
            asked = [order for order in asked if _name(order) not in personal]
        return _ordered(queryset, asked, personal, request)

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> Sequence[str] | None:
        """Return the order as ``order_by()`` takes it, for paginators that order by themselves."""
        asked = self._asked_for(request, queryset, view)
        personal = self._orders(queryset)
        if not personal.keys() & {_name(order) for order in asked}:
            return asked or None
        return [*(_as_words(order, personal) for order in asked), "pk"]

    def get_valid_fields(
        self, queryset: QuerySet[Any], view: APIView, context: Any = None
    ) -> Fields:
        """Return the fields that one may order by, the app's orders first."""
        fields: Fields = super().get_valid_fields(queryset, view, context or {})
        personal = self._orders(queryset)
        own = [field for field in fields if field[0] not in personal]
        return [*((name, str(_LABELS[name])) for name in personal), *own]

    def get_template_context(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> dict[str, Any]:
        """Return what the browsable API shows; the app's orders are no rising ones."""
        context = super().get_template_context(request, queryset, view)
        asked = self._asked_for(request, queryset, view)
        personal = self._orders(queryset)
        context["options"] = [
            (order, _LABELS[order] if order in personal else label)
            for order, label in context["options"]
            if not (_is_turned(order) and _name(order) in personal)
        ]
        return {**context, "current": asked[0] if asked else None}

    def _asked_for(self, request: Request, queryset: QuerySet[Any], view: APIView) -> list[str]:
        asked = list(super().get_ordering(request, queryset, view) or ())
        first: dict[Any, Any] = {}
        for order in asked:  # a name given again orders nothing, and would cost a join
            first.setdefault(_name(order) or order, order)
        return list(first.values())

    @staticmethod
    def _orders(queryset: QuerySet[Any]) -> dict[str, str]:
        """Return the app's orders that the rows can have, each with what its rows are told by."""
        content = _declared(queryset.model)
        annotations = queryset.query.annotations.items()
        # A paginator asks again about rows that have been ordered.
        known = {name for name, value in annotations if not isinstance(value, ScoreColumn)}
        known.update(field.name for field in queryset.model._meta.get_fields())
        found = {"relevance": "relevance"}
        if "popularity" not in known:
            found["popularity"] = "popularity"
        if content.published_at is not None and "fresh" not in known:
            found["fresh"] = content.published_at
        return found


class TracksRetrieve(_GenericView):
    """A mixin that tracks what a view retrieves: a GET of one object that is answered with 200.

    ``tracked_interaction_type`` says what that is. Put it before the classes that retrieve. A view
    that finds its object without ``super().get_object()`` overrides :meth:`get_tracked_content`.
    A failure to track is logged, and the response goes out.
    """

    tracked_interaction_type = "content_view"
    _retrieved: Model | None = None

    def get_object(self) -> Any:
        """Remember the object that is looked up."""
        self._retrieved = super().get_object()
        return self._retrieved

    def get_tracked_content(self) -> Model | None:
        """Return what was retrieved, or ``None`` where there is nothing to track."""
        return self._retrieved

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Track once the response is known to be good."""
        final = super().finalize_response(request, response, *args, **kwargs)
        content = self.get_tracked_content()
        # A viewset's other actions look objects up as well.
        if content is not None and getattr(self, "action", "retrieve") == "retrieve":
            track_when_shown(final, request, content, self.tracked_interaction_type)
        return final


def _declared(model: type[Model]) -> Content:
    try:
        return content_of(model)
    except InvalidInput as error:
        raise ImproperlyConfigured(f"PersonalizedOrdering: {error}") from error


def _is_of_one_object(view: Any) -> bool:
    detail = getattr(view, "detail", None)
    if detail is not None:  # a viewset that a router has made routes of
        return bool(detail)
    action = getattr(view, "action", None)
    if action is not None:
        return action in _OF_ONE_OBJECT
    key = getattr(view, "lookup_url_kwarg", None) or getattr(view, "lookup_field", None)
    return key in view.kwargs and not hasattr(view, "list")


def _name(order: Any) -> str:
    # A view's own default may be an expression.
    return order.removeprefix("-") if isinstance(order, str) else ""


def _is_turned(order: Any) -> bool:
    return isinstance(order, str) and order.startswith("-")


def _as_words(order: Any, personal: dict[str, str]) -> Any:
    name = _name(order)
    if name not in personal:
        return order
    # The app's orders begin with the most.
    return personal[name] if _is_turned(order) else f"-{personal[name]}"


def _ordered(rows: Rows, asked: Sequence[str], personal: dict[str, str], request: Request) -> Rows:
    """Put one order before the other, the last first: each keeps what is there for its ties."""
    names = {_name(order) for order in asked}
    if not personal.keys() & names:
        return rows.order_by(*asked) if asked else rows
    if "relevance" not in names:
        rows = without_hidden(rows, visitor_of(request))
    if _name(asked[-1]) not in personal:
        rows = rows.order_by()
    for order in reversed(asked):
        name = _name(order)
        if name not in personal:
            rows = rows.order_by(order, *rows.query.order_by)
            continue
        rows = _ORDERS[name](rows, request)
        if _is_turned(order):
            least_first = F(personal[name]).asc(nulls_last=True)
            rows = rows.order_by(least_first, *rows.query.order_by)
    return rows
