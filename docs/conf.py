"""Sphinx configuration. `make check` builds the documentation and treats warnings as errors."""

import django
from django.conf import settings

import django_personalization

project = "django-personalization"
author = "django-personalization contributors"
copyright = f"2026, {author}"
version = release = django_personalization.__version__

# The reference of the Python API is read from the code, which needs a host project.
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django_personalization",
    ],
    USE_I18N=False,
)
django.setup()

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True
# Names of other projects, whose documentation is not at hand when this one is built; models, which
# have a page without directives; and names that a docstring writes as its module knows them.
nitpick_ignore_regex = [
    ("py:.*", r"(collections|datetime|django|pathlib|rest_framework|typing)\..*"),
    ("py:.*", r"Any|Final|Mapping|Sequence|Collection|Iterable|Callable|Model|Q|Path|datetime"),
    ("py:.*", r"AbstractBaseUser|AnonymousUser|QuerySet|Visibility|Errors|Progress|optional"),
    ("py:.*", r"(django_personalization\.models\..*|)(Taxonomy|UserTag|UserInteraction)"),
    ("py:.*", r"(django_personalization\.models\..*|)(RelationSuggestion|PersonalizationSettings)"),
    ("py:.*", r"django_personalization\.choices\.\w+|dict\[str|StreamingHttpResponse"),
    ("py:.*", r"(django_personalization\.(ranking|rest\.hosts)\.|)(Rows|TermLike)|HttpRequest"),
    ("py:.*", r"InvalidInput|VocabularyFileError|django_personalization\.seeding\.plan\.Step"),
]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_use_type_comments = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"{project} {release}"
html_copy_source = False
html_show_sphinx = False
