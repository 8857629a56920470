"""The catalogue in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.db import models
from django.http import HttpRequest

from catalogue.models import Project


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ["name", "language", "license", "first_release", "is_listed", "created_at"]
    list_filter = ["is_listed", "language", "license"]
    search_fields = ["name", "description"]
    autocomplete_fields = ["taxonomies"]
    raw_id_fields = ["added_by"]
    readonly_fields = ["created_at"]
    date_hierarchy = "created_at"
    list_per_page = 50
    prepopulated_fields = {"slug": ["name"]}
    formfield_overrides = {
        models.URLField: {"assume_scheme": "https", "widget": AdminURLFieldWidget}
    }

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"added_by": request.user.pk, **super().get_changeform_initial_data(request)}
