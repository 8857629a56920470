"""Addresses of the catalogue."""

from __future__ import annotations

from django.urls import path

from catalogue import views

urlpatterns = [
    path("", views.home, name="home"),
    path("about/personalization/", views.about_personalization, name="about_personalization"),
    path("projects/", views.project_list, name="project_list"),
    path("projects/add/", views.project_add, name="project_add"),
    path("projects/interest/", views.change_interest, name="change_interest"),
    path("projects/<slug:slug>/", views.project_detail, name="project_detail"),
]
