"""Looking for projects, and adding one."""

from __future__ import annotations

from typing import Any

from django import forms

from catalogue.models import NAME_TAKEN, Project
from catalogue.topics import topics_by_category
from django_personalization.models import Taxonomy

MAX_TOPICS = 12


class SearchForm(forms.Form):
    """The list's filters; every one is optional."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "Name, purpose, topic or language"}
        ),
    )
    topic = forms.ChoiceField(
        required=False,
        error_messages={"invalid_choice": "“%(value)s” is not a topic. Choose one of the list."},
    )
    language = forms.ChoiceField(
        required=False,
        error_messages={
            "invalid_choice": "No project is written in “%(value)s”. Choose one of the list."
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        groups = topics_by_category()
        self.topics = {term.slug: term for _label, terms in groups for term in terms}
        self.fields["topic"].choices = [
            ("", "Any topic"),
            *((label, [(term.slug, term.name) for term in terms]) for label, terms in groups),
        ]
        self.fields["language"].choices = [
            ("", "Any language"),
            *((name, f"{name} ({count})") for name, count in Project.objects.listed().languages()),
        ]


class ProjectForm(forms.ModelForm):
    """Adding a project."""

    homepage = forms.URLField(max_length=300, assume_scheme="https")
    repository = forms.URLField(
        max_length=300, assume_scheme="https", required=False, help_text="Where its source is."
    )
    taxonomies = forms.ModelMultipleChoiceField(
        Taxonomy.objects.active(),
        to_field_name="slug",
        label="Topics",
        widget=forms.CheckboxSelectMultiple,
        help_text=f"What it is about: one to {MAX_TOPICS}.",
        error_messages={"required": "Choose at least one topic."},
    )

    class Meta:
        model = Project
        fields = [
            "name",
            "description",
            "homepage",
            "repository",
            "language",
            "license",
            "first_release",
            "taxonomies",
        ]
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["taxonomies"].widget.choices = [
            (label, [(term.slug, term.name) for term in terms])
            for label, terms in topics_by_category()
        ]

    def clean_name(self) -> str:
        """Refuse a name that differs from another project's by its capitals alone."""
        name = self.cleaned_data["name"]
        if Project.objects.filter(name__iexact=name).exists():
            raise forms.ValidationError(NAME_TAKEN, code="unique")
        return name

    def clean_taxonomies(self) -> Any:
        """Refuse a project that claims to be about everything."""
        chosen = self.cleaned_data["taxonomies"]
        if len(chosen) > MAX_TOPICS:
            message = f"{len(chosen)} topics are too many; choose the {MAX_TOPICS} that say most."
            raise forms.ValidationError(message)
        return chosen
