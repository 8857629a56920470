"""The vocabulary: terms with their other spellings and what they are related to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import Count, ForeignKey, OuterRef, QuerySet, Subquery
from django.db.models.constants import LOOKUP_SEP
from django.db.models.functions import Coalesce
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_personalization.admin.merging import MergingMixin
from django_personalization.admin.pages import BoundedAdmin, BoundedChangeList
from django_personalization.models import Taxonomy, TaxonomyAlias, TaxonomyRelation, UserTag
from django_personalization.text import term_key

if TYPE_CHECKING:
    _AliasInline = admin.TabularInline[TaxonomyAlias, Taxonomy]
    _RelationInline = admin.TabularInline[TaxonomyRelation, Taxonomy]
    _RelationForm = forms.ModelForm[TaxonomyRelation]
    _AliasFormSet = forms.BaseInlineFormSet[TaxonomyAlias, Taxonomy, forms.ModelForm[TaxonomyAlias]]
    _RelationFormSet = forms.BaseInlineFormSet[
        TaxonomyRelation, Taxonomy, forms.ModelForm[TaxonomyRelation]
    ]
else:
    _AliasInline = _RelationInline = admin.TabularInline
    _RelationForm = forms.ModelForm
    _AliasFormSet = _RelationFormSet = forms.BaseInlineFormSet


class AliasFormSet(_AliasFormSet):
    """The other spellings of a term, each once."""

    def clean(self) -> None:
        """Refuse spellings that are the same after normalisation, which the database would not."""
        super().clean()
        name = term_key(self.instance.name)
        seen: set[str] = set()
        for form in self.initial_forms + self.extra_forms:
            values = form.cleaned_data if form.is_valid() else {}
            if not values.get("name") or values.get(DELETION_FIELD_NAME):
                continue
            key = term_key(values["name"])
            if key in seen:
                form.add_error("name", _("This alias is here twice."))
            elif key == name and form.has_changed():
                form.add_error("name", _("This is the name of the term itself."))
            elif form.has_changed() and self._is_kept(form, key):
                form.add_error("name", _("This already means “%s”.") % self.instance.name)
            seen.add(key)

    def _is_kept(self, form: forms.ModelForm[TaxonomyAlias], key: str) -> bool:
        """Return whether the term has this spelling anyway, as its name or in another row.

        What is renamed goes on meaning the term, so no other row can take its place.
        """
        others = (other for other in self.initial_forms if other is not form)
        return (
            any(key == term_key(other.initial["name"]) for other in others)
            or Taxonomy.objects.filter(pk=self.instance.pk, key=key).exists()
        )


class AliasInline(_AliasInline):
    """Other spellings."""

    model = TaxonomyAlias
    formset = AliasFormSet
    extra = 0


class RelationForm(_RelationForm):
    """A relation, with the error messages that its constraints would not give."""

    def clean_weight(self) -> float:
        """Refuse a weight beyond its range."""
        weight: float = self.cleaned_data["weight"]
        if not 0 < weight <= 1:
            message = _("%(value)s is not above 0 and at most 1.")
            raise ValidationError(message, params={"value": f"{weight:g}"})
        return weight

    def clean(self) -> dict[str, Any] | None:
        """Refuse a relation of a term to itself."""
        target = self.cleaned_data.get("target")
        if target is not None and target.pk == self.instance.source_id:
            self.add_error("target", _("A term is not related to itself."))
        return super().clean()


class LoadedAutocompleteSelect(AutocompleteSelect):
    """An autocomplete field that takes the label of its choice from ``loaded``, without a query."""

    loaded: Taxonomy | None = None

    def optgroups(
        self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None
    ) -> list[tuple[str | None, list[dict[str, Any]], int | None]]:
        """Offer the chosen row only; the browser asks for others."""
        row = self.loaded
        if row is None or [str(chosen) for chosen in value] != [str(row.pk)]:
            return super().optgroups(name, value, attr)
        option = self.create_option(name, row.pk, str(row), selected=True, index=0)
        return [(None, [option], 0)]


class RelationFormSet(_RelationFormSet):
    """Relations whose terms came with them."""

    def add_fields(self, form: forms.ModelForm[TaxonomyRelation], index: int | None) -> None:
        """Hand the related term to its field."""
        super().add_fields(form, index)
        if form.instance.pk and "target" in form.fields:
            select = getattr(form.fields["target"].widget, "widget", None)
            if isinstance(select, LoadedAutocompleteSelect):
                select.loaded = form.instance.target


class RelationInline(_RelationInline):
    """Terms that this one is related to."""

    model = TaxonomyRelation
    form = RelationForm
    formset = RelationFormSet
    fk_name = "source"
    autocomplete_fields = ["target"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaxonomyRelation]:
        """Load the terms, which name the row, in the same query."""
        return super().get_queryset(request).select_related("source", "target")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        """Use a widget that needs no query of its own for every row."""
        if db_field.name == "target":
            kwargs["widget"] = LoadedAutocompleteSelect(
                db_field, self.admin_site, using=kwargs.get("using")
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class IncomingRelationInline(_RelationInline):
    """Terms that say that they are related to this one; they are changed on their own pages."""

    model = TaxonomyRelation
    fk_name = "target"
    fields = ["source", "weight", "is_symmetric"]
    verbose_name_plural = _("relations from other terms")
    can_delete = False
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaxonomyRelation]:
        """Load the terms, which name the row, in the same query."""
        return super().get_queryset(request).select_related("source", "target")

    def has_add_permission(self, request: HttpRequest, obj: Taxonomy | None = None) -> bool:
        """Refuse everybody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Taxonomy | None = None) -> bool:
        """Refuse everybody."""
        return False


class TaxonomyChangeList(BoundedChangeList):
    """The list, which counts people for the rows that are shown and for no others."""

    def get_results(self, request: HttpRequest) -> None:
        """Give each row of the page the number of people who picked it."""
        super().get_results(request)
        shown = UserTag.objects.manual().filter(taxonomy__in=self.result_list).order_by()
        people = dict(shown.values_list("taxonomy").annotate(Count("pk")))
        for row in self.result_list:
            row.people = people.get(row.pk, 0)


def _people_of_each() -> Coalesce:
    picked = UserTag.objects.manual().filter(taxonomy=OuterRef("pk")).order_by()
    return Coalesce(Subquery(picked.values("taxonomy").annotate(n=Count("pk")).values("n")), 0)


@admin.register(Taxonomy)
class TaxonomyAdmin(MergingMixin, BoundedAdmin):
    """The terms that people pick from and that activity is matched against."""

    list_display = ["name", "category", "is_active", "is_sensitive", "parent", "people"]
    list_select_related = ["parent"]
    list_filter = ["category", "is_active", "is_sensitive"]
    search_fields = ["name", "slug", "aliases__name"]
    search_help_text = _("Searches names, slugs and aliases.")
    fields = [
        "name",
        "slug",
        "category",
        "description",
        "parent",
        "is_active",
        "is_sensitive",
    ]
    readonly_fields = ["created_at", "updated_at"]
    autocomplete_fields = ["parent"]
    inlines = [AliasInline, RelationInline]
    actions = ["activate", "deactivate", "merge"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TaxonomyChangeList]:
        """Return the class of the list."""
        return TaxonomyChangeList

    def get_fields(self, request: HttpRequest, obj: Taxonomy | None = None) -> list[Any]:
        """Show the times of a term that is there."""
        fields = super().get_fields(request, obj)
        return [*fields, *(self.readonly_fields if obj else ())]

    def get_inlines(self, request: HttpRequest, obj: Taxonomy | None) -> list[Any]:
        """Show what other terms say of a term that is there."""
        inlines = super().get_inlines(request, obj)
        return [*inlines, *([IncomingRelationInline] if obj else ())]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to find terms by people's tags: who may view terms may not view those."""
        if lookup.split(LOOKUP_SEP, maxsplit=1)[0] == UserTag.taxonomy.field.related_query_name():
            return False
        return super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("people"), ordering=_people_of_each())
    def people(self, taxonomy: Taxonomy) -> int:
        """Show how many people have picked the term."""
        return int(getattr(taxonomy, "people", 0))

    @admin.action(description=_("Activate selected taxonomies"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Taxonomy]) -> None:
        """Offer and infer the terms again."""
        count = _set_active(queryset, True)
        text = ngettext("%d taxonomy was activated.", "%d taxonomies were activated.", count)
        self.message_user(request, text % count)

    @admin.action(description=_("Deactivate selected taxonomies"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Taxonomy]) -> None:
        """Stop offering and inferring the terms; people's tags stay."""
        count = _set_active(queryset, False)
        text = ngettext("%d taxonomy was deactivated.", "%d taxonomies were deactivated.", count)
        self.message_user(request, text % count)


def _set_active(taxonomies: QuerySet[Taxonomy], active: bool) -> int:
    changed = Taxonomy.objects.filter(pk__in=taxonomies.values("pk")).exclude(is_active=active)
    return int(changed.update(is_active=active, updated_at=timezone.now()))
