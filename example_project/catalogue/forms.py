"""Looking for projects, and adding one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.http import url_has_allowed_host_and_scheme

from catalogue.models import NAME_TAKEN, Project
from catalogue.topics import topics_by_category
from django_personalization import tagging
from django_personalization.models import Taxonomy, UserTag

MAX_TOPICS = 12
BY_NAME, FOR_YOU = "name", "for_you"
ORDERS = [(FOR_YOU, "For you"), ("popular", "Most used"), ("fresh", "Newest"), (BY_NAME, "By name")]


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

    order = forms.ChoiceField(
        required=False,
        choices=ORDERS,
        error_messages={"invalid_choice": "“%(value)s” is not an order. Choose one of the list."},
    )
    mine = forms.BooleanField(label="Only my interests", required=False)

    def __init__(self, data: QueryDict, *, is_personal: bool) -> None:
        chosen = data.copy()
        if not chosen.get("order"):
            chosen["order"] = FOR_YOU if is_personal else BY_NAME
        super().__init__(chosen, label_suffix="", initial={"order": chosen["order"]})
        if not is_personal:
            del self.fields["mine"]
            self.fields["order"].choices = ORDERS[1:]
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


class InterestForm(forms.Form):
    """A press on Less, More or Hide below a project.

    Where no tag brought the project there, its term can still be hidden.
    """

    tag = forms.ModelChoiceField(UserTag.objects.none(), required=False)
    term = forms.ModelChoiceField(Taxonomy.objects.all(), required=False)
    action = forms.ChoiceField(choices=[("less", "Less"), ("more", "More"), ("hide", "Hide")])
    next = forms.CharField(required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["tag"].queryset = UserTag.objects.of(user)

    def clean_next(self) -> str:
        """Return the page to go back to, if it is one of this site."""
        page = self.cleaned_data["next"]
        # A word without a slash would be taken for the name of a route.
        is_path = page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None)
        return page if is_path else ""

    def clean(self) -> None:
        """Refuse a press that is about nothing."""
        is_hide = self.cleaned_data.get("action") == "hide"
        subject = self.cleaned_data.get("tag") or (is_hide and self.cleaned_data.get("term"))
        if not subject:
            raise forms.ValidationError("Say which interest is to change.")

    def apply(self) -> str:
        """Do it and say what was done."""
        tag, term = self.cleaned_data["tag"], self.cleaned_data["term"]
        if self.cleaned_data["action"] == "hide":
            # The tag itself goes by its row: its term may not be offered any more.
            own = tag is not None and (term is None or term.pk == tag.taxonomy_id)
            hidden = tagging.change(tag, state="hidden") if own else self._hide(term)
            return f"What is about {hidden.name} is hidden. “Your interests” shows it again."
        less = self.cleaned_data["action"] == "less"
        step = 0.5 if less else 2
        changed = tagging.weigh(tag, min(max(tag.weight * step, 0.5), 2.0))
        return f"{changed.name} counts {'less' if less else 'more'} from now on."

    def _hide(self, term: Taxonomy) -> UserTag:
        hidden, _new = tagging.hide(self.user, taxonomy=term)
        return hidden
