"""A host's own API: books in every form in which REST framework serves them."""

from django.urls import include, path
from rest_framework import (
    decorators,
    generics,
    pagination,
    permissions,
    routers,
    serializers,
    viewsets,
)
from rest_framework.response import Response

from django_personalization.rest.hosts import PersonalizedOrdering, TracksRetrieve
from tests.hosts.library.models import Book, Note


class BookSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["id", "title", "is_public"]


class NoteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Note
        fields = ["id"]


class Pages(pagination.PageNumberPagination):
    page_size_query_param = "size"


class Cursors(pagination.CursorPagination):
    page_size_query_param = "size"


class BookViewSet(TracksRetrieve, viewsets.ModelViewSet):
    queryset = Book.objects.order_by("title")
    serializer_class = BookSerializer
    filter_backends = [PersonalizedOrdering]
    ordering_fields = ["title", "created_at"]
    pagination_class = Pages
    permission_classes = [permissions.AllowAny]

    @decorators.action(detail=True)
    def cover(self, request, pk):
        return Response({"cover of": self.get_object().title})


class CursorViewSet(BookViewSet):
    pagination_class = Cursors
    tracked_interaction_type = "project_view"


class BestFirstViewSet(BookViewSet):
    """Ordered for the person where nobody asks for anything else, among all fields shown."""

    ordering = "relevance"
    ordering_fields = None


class BookListView(generics.ListAPIView):
    """No viewset, and a key in the address that is no book's."""

    queryset = Book.objects.order_by("title")
    serializer_class = BookSerializer
    filter_backends = [PersonalizedOrdering]
    permission_classes = [permissions.AllowAny]
    ordering = ["relevance", "-title"]


class BookView(TracksRetrieve, generics.RetrieveUpdateDestroyAPIView):
    queryset = Book.objects.all()
    serializer_class = BookSerializer
    filter_backends = [PersonalizedOrdering]
    permission_classes = [permissions.IsAuthenticated]
    ordering = ["relevance"]
    tracked_interaction_type = "project_view"


class OwnLookupView(TracksRetrieve, generics.RetrieveAPIView):
    """It finds its object by itself, and says which one that is."""

    queryset = Book.objects.all()
    serializer_class = BookSerializer
    permission_classes = [permissions.AllowAny]

    def get_object(self):
        self.book = Book.objects.get(title=self.kwargs["title"])
        return self.book

    def get_tracked_content(self):
        return getattr(self, "book", None)


class MistakenView(BookView):
    tracked_interaction_type = "readng"


class NoteViewSet(viewsets.ReadOnlyModelViewSet):
    """A mistake: notes are not registered."""

    queryset = Note.objects.all()
    serializer_class = NoteSerializer
    filter_backends = [PersonalizedOrdering]


router = routers.SimpleRouter()
router.register("books", BookViewSet)
router.register("cursors", CursorViewSet, basename="cursor")
router.register("best", BestFirstViewSet, basename="best")
router.register("notes", NoteViewSet)

by_hand = {"get": "retrieve", "patch": "partial_update"}
urlpatterns = [
    path("", include(router.urls)),
    path("shelves/<int:pk>/", BookListView.as_view()),
    path("one/<int:pk>/", BookView.as_view()),
    path("by-hand/", BestFirstViewSet.as_view({"get": "list"})),
    path("by-hand/<int:pk>/", BestFirstViewSet.as_view(by_hand)),
    path("titles/<str:title>/", OwnLookupView.as_view()),
    path("mistaken/<int:pk>/", MistakenView.as_view()),
    path("api/v1/", include("django_personalization.urls")),
]
