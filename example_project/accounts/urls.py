"""Signing in and out, and the page where people see and change their interests."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts import views

urlpatterns = [
    path("accounts/login/", views.LoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path(
        "account/settings/personalization",
        views.personalization_settings,
        name="personalization_settings",
    ),
]
