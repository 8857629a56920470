"""Files to seed, and a term that staff changed."""

import json

import pytest

from django_personalization import seeding
from django_personalization.models import (
    TaxonomyAlias,
    TaxonomyRelation,
)
from tests.seeding.support import (
    ORIGINAL,
    stored,
    term,
)


@pytest.fixture
def write(tmp_path):
    """Write a file: rows or a document as JSON, text and bytes as they are; return its path."""

    def write(content, name="terms.json"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            document = {"taxonomies": content} if isinstance(content, list) else content
            path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.fixture
def seed(write):
    def seed(*rows, **options):
        return seeding.seed([write(list(rows))], **options)

    return seed


@pytest.fixture
def edited(seed):
    """A seeded term that staff renamed, deactivated, described, moved and relabelled."""
    seed(term("Music"), term("Blues"), term("Swing"), term("Jazz", **ORIGINAL))
    jazz = stored("jazz")
    jazz.name, jazz.is_active, jazz.description = "Modern jazz", False, "By staff."
    jazz.category, jazz.is_sensitive, jazz.parent = "interest", True, None
    jazz.save()
    jazz.aliases.all().delete()
    TaxonomyAlias.objects.create(taxonomy=jazz, name="Bebop")
    jazz.relations.all().delete()
    TaxonomyRelation.objects.create(source=jazz, target=stored("swing"), weight=0.1)
    return jazz
