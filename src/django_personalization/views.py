"""For the host's own class-based views: lists in order for each person, and reading tracked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.generic import DetailView, ListView

from django_personalization.exceptions import InvalidInput
from django_personalization.ranking import personalize
from django_personalization.visits import track_when_shown, visitor_of

if TYPE_CHECKING:
    _List = ListView[Any]
    _Detail = DetailView[Any]
else:
    _List = _Detail = object


class PersonalizedListMixin(_List):
    """A mixin for ``ListView``: its queryset, best first for the person who is signed in.

    The view's own ``ordering`` settles ties and is what strangers get; pages work as ever. With
    ``only_matching`` what has nothing to do with the person's tags is left out. Put it before
    ``ListView``. Raises ``ImproperlyConfigured``, naming the registered models, for any other.
    """

    only_matching = False

    def get_queryset(self) -> QuerySet[Any]:
        """Return the view's queryset in the person's order, each row with its ``relevance``."""
        rows = super().get_queryset()
        visitor = visitor_of(self.request)
        try:
            return personalize(rows, visitor, only_matching=self.only_matching)
        except InvalidInput as error:
            raise ImproperlyConfigured(f"{type(self).__name__}: {error}") from error


class TracksViewMixin(_Detail):
    """A mixin for ``DetailView``: whoever is shown the object has it tracked as viewed.

    ``tracked_interaction_type`` says what that is. Put it before ``DetailView``, and after mixins
    that turn people away. A failure to track is logged, and the page comes out.
    """

    tracked_interaction_type = "content_view"

    def get_tracked_content(self) -> Model | None:
        """Return what is shown, or ``None`` where there is nothing to track."""
        return getattr(self, "object", None)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Track once the response is known to be good."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        content = self.get_tracked_content()
        if content is not None:
            track_when_shown(response, request, content, self.tracked_interaction_type)
        return response
