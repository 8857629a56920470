"""What the tests of seeding say often."""

import io

import pytest
from django.core.management import call_command

from django_personalization import seeding
from django_personalization.exceptions import VocabularyFileError
from django_personalization.models import (
    Taxonomy,
    TaxonomyAlias,
    TaxonomyRelation,
    VocabularyRevision,
)

COLUMNS = "slug,name,category,description,aliases,parent,related,is_sensitive"

ORIGINAL = {
    "slug": "jazz",
    "description": "Old.",
    "aliases": ["Jass"],
    "parent": "music",
    "related": [{"slug": "blues", "weight": 0.8}],
}


def term(name, category="topic", **columns):
    return {"name": name, "category": category, **columns}


def command(*arguments, name="seed_taxonomies", **options):
    out = io.StringIO()
    call_command(name, *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def snapshot():
    """Everything in the vocabulary, keys of rows and times included."""
    models = (Taxonomy, TaxonomyAlias, TaxonomyRelation, VocabularyRevision)
    return [list(model.objects.order_by("pk").values()) for model in models]


def stored(slug):
    return Taxonomy.objects.get(slug=slug)


def aliases_of(slug):
    return set(TaxonomyAlias.objects.filter(taxonomy__slug=slug).values_list("name", flat=True))


def relations():
    return list(
        TaxonomyRelation.objects.order_by("pk").values_list(
            "source__slug", "target__slug", "weight", "is_symmetric"
        )
    )


def refused(*paths):
    before = snapshot()
    with pytest.raises(VocabularyFileError) as caught:
        seeding.seed(paths)
    assert snapshot() == before
    return str(caught.value)


def many(count, description="", prefix="t"):
    return [
        term(
            f"Term {prefix} {number}",
            slug=f"{prefix}{number}",
            description=description,
            aliases=[f"Alias {prefix} {number}"],
            parent=f"{prefix}{number // 10}" if number else None,
            related=[{"slug": f"{prefix}{(number + 1) % count}"}],
        )
        for number in range(count)
    ]
