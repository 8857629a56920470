"""The host's routes: the package is mounted where its documentation says."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("django_personalization.urls")),
]
