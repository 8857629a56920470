"""The vocabulary: taxonomies, their other spellings and how they relate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from model_utils.fields import AutoCreatedField, AutoLastModifiedField

from django_personalization import choices
from django_personalization.models.fields import CodeField
from django_personalization.querysets import TaxonomyQuerySet, VocabularyQuerySet
from django_personalization.text import KEY_LENGTH, normalize, term_key
from django_personalization.validation import MAX_NAME_LENGTH, name_problem


def _checked_key(name: str) -> str:
    """Return the key of ``name``; raise ValidationError when it cannot be a name."""
    problem = name_problem(name)
    if problem:
        raise ValidationError({"name": problem})
    return term_key(name)


class Taxonomy(models.Model):
    """One term of the vocabulary, such as *Python* in the category *skill*."""

    name = models.CharField(_("name"), max_length=MAX_NAME_LENGTH, unique=True)
    slug = models.SlugField(
        _("slug"),
        max_length=MAX_NAME_LENGTH,
        unique=True,
        blank=True,
        help_text=_("The stable key in files: it stays when the name changes."),
    )
    key = models.CharField(max_length=KEY_LENGTH, unique=True, editable=False)
    category = CodeField(_("category"), max_length=32, choices=choices.taxonomy_categories)
    description = models.TextField(_("description"), blank=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Inactive terms are neither offered nor inferred.")
    )
    is_sensitive = models.BooleanField(
        _("sensitive"), default=False, help_text=_("May be picked, is never inferred.")
    )
    parent = models.ForeignKey(
        "self",
        verbose_name=_("broader term"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="narrower",
    )
    created_at = AutoCreatedField(_("created"))
    updated_at = AutoLastModifiedField(_("updated"))

    objects = TaxonomyQuerySet.as_manager()

    class Meta:
        verbose_name = _("taxonomy")
        verbose_name_plural = _("taxonomies")
        ordering = ["name"]
        indexes = [models.Index(fields=["category", "name"], name="personalization_tax_category")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(parent=F("id")) | Q(parent=None),
                name="personalization_taxonomy_not_its_own_parent",
            ),
            models.CheckConstraint(
                condition=~Q(key=""),
                name="personalization_taxonomy_has_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save the term with the key that belongs to its name."""
        self.derive()
        if update_fields is not None and "name" in update_fields:
            update_fields = {*update_fields, "key"}
        # People's tags follow in a receiver, before anybody else can use the new name.
        with transaction.atomic():
            super().save(*args, update_fields=update_fields, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the term under the lock that :meth:`TaxonomyQuerySet.delete` explains."""
        with transaction.atomic():
            list(Taxonomy.objects.filter(pk=self.pk).select_for_update().values_list("pk"))
            return super().delete(*args, **kwargs)

    def derive(self) -> None:
        """Set what follows from the name: ``key``, and ``slug`` where there is none.

        A name that its slug would not tell apart (C, C++, C#) gets a piece of its key as well.
        """
        self.key = term_key(self.name)
        if not self.slug:
            slug = slugify(self.name)
            # A character may stand for several: 100 of ⅷ are "viii" a hundred times.
            fits = len(slug) <= MAX_NAME_LENGTH
            exact = fits and slug == normalize(self.name).replace(" ", "-")
            self.slug = slug if exact else f"{slug[:92]}-{self.key[:6]}".strip("-")

    def clean(self) -> None:
        """Refuse a name that another term has in another spelling, and circles of parents."""
        super().clean()
        key = _checked_key(self.name)
        self.derive()
        twin = Taxonomy.objects.filter(key=key).exclude(pk=self.pk).first()
        if twin is not None:
            raise ValidationError({"name": _("“%s” is the same name.") % twin.name})
        alias = TaxonomyAlias.objects.filter(key=key).exclude(taxonomy=self.pk).first()
        if alias is not None:
            message = _("“%(alias)s” is already another name of “%(taxonomy)s”.")
            values = {"alias": alias.name, "taxonomy": alias.taxonomy.name}
            raise ValidationError({"name": message % values})
        self._refuse_circle()

    def _refuse_circle(self) -> None:
        seen = {self.pk}
        ancestor = self.parent
        while ancestor is not None:
            if ancestor.pk in seen:
                raise ValidationError(
                    {"parent": _("“%s” is narrower than this term itself.") % self.parent}
                )
            seen.add(ancestor.pk)
            ancestor = ancestor.parent


class TaxonomyAlias(models.Model):
    """Another spelling of a term: *ML* for *AI & Machine Learning*."""

    taxonomy = models.ForeignKey(
        Taxonomy, verbose_name=_("taxonomy"), on_delete=models.CASCADE, related_name="aliases"
    )
    name = models.CharField(_("name"), max_length=MAX_NAME_LENGTH)
    key = models.CharField(max_length=KEY_LENGTH, unique=True, editable=False)

    objects = VocabularyQuerySet.as_manager()

    class Meta:
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(key=""), name="personalization_alias_has_key"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save the alias with the key that belongs to its name."""
        self.derive()
        if update_fields is not None and "name" in update_fields:
            update_fields = {*update_fields, "key"}
        # People's tags follow in a receiver, before anybody else can use the new name.
        with transaction.atomic():
            super().save(*args, update_fields=update_fields, **kwargs)

    def derive(self) -> None:
        """Set the key that belongs to the name."""
        self.key = term_key(self.name)

    def clean(self) -> None:
        """Refuse a spelling that already means a term."""
        super().clean()
        key = _checked_key(self.name)
        self.derive()
        owner = (
            Taxonomy.objects.filter(Q(key=key) | Q(aliases__key=key))
            .exclude(aliases__in=[self.pk] if self.pk else [])
            .first()
        )
        if owner is not None:
            raise ValidationError({"name": _("This already means “%s”.") % owner.name})


class TaxonomyRelation(models.Model):
    """How strongly two terms go together (SKOS *related*), from just above 0 to 1."""

    source = models.ForeignKey(
        Taxonomy, verbose_name=_("term"), on_delete=models.CASCADE, related_name="relations"
    )
    target = models.ForeignKey(
        Taxonomy,
        verbose_name=_("related term"),
        on_delete=models.CASCADE,
        related_name="incoming_relations",
    )
    weight = models.FloatField(_("weight"), default=0.5)
    is_symmetric = models.BooleanField(_("both ways"), default=True)

    objects = VocabularyQuerySet.as_manager()

    class Meta:
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "target"], name="personalization_relation_unique"
            ),
            models.CheckConstraint(
                condition=~Q(source=F("target")), name="personalization_relation_not_to_itself"
            ),
            models.CheckConstraint(
                condition=Q(weight__gt=0, weight__lte=1),
                name="personalization_relation_weight_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} – {self.target}"


class VocabularyRevision(models.Model):
    """One row whose token changes, in the same transaction, with every change to the vocabulary.

    Caches compare the token instead of guessing by time: a change is seen by every process as
    soon as it has been committed, and one that was rolled back is never seen.
    """

    token = models.CharField(max_length=32)

    class Meta:
        verbose_name = _("vocabulary revision")

    def __str__(self) -> str:
        return self.token


class RelationSuggestion(models.Model):
    """Two terms that often occur together, for staff to accept as a relation or to reject.

    ``support`` is how often they were seen together, ``score`` how much more often than by
    chance, from 0 to 1. A rejected suggestion stays, so that it is not made again.
    """

    source = models.ForeignKey(
        Taxonomy, verbose_name=_("term"), on_delete=models.CASCADE, related_name="+"
    )
    target = models.ForeignKey(
        Taxonomy, verbose_name=_("related term"), on_delete=models.CASCADE, related_name="+"
    )
    people_support = models.PositiveIntegerField(_("people who have both"), default=0)
    item_support = models.PositiveIntegerField(_("items that have both"), default=0)
    score = models.FloatField(_("score"), default=0.0)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=choices.SuggestionStatus.choices,
        default=choices.SuggestionStatus.OPEN,
    )
    created_at = AutoCreatedField(_("created"))
    updated_at = AutoLastModifiedField(_("updated"))

    class Meta:
        verbose_name = _("suggested relation")
        verbose_name_plural = _("suggested relations")
        ordering = ["-score", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "target"], name="personalization_suggestion_unique"
            ),
            # The pair has no direction: written one way only, it cannot be there twice.
            models.CheckConstraint(
                condition=Q(source__lt=F("target")), name="personalization_suggestion_ordered"
            ),
            models.CheckConstraint(
                condition=Q(score__gte=0, score__lte=1),
                name="personalization_suggestion_score_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} – {self.target}"
