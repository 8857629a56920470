"""Sphinx configuration. `make check` builds the documentation and treats warnings as errors."""

import django_personalization

project = "django-personalization"
author = "django-personalization contributors"
copyright = f"2026, {author}"
version = release = django_personalization.__version__

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"{project} {release}"
html_copy_source = False
html_show_sphinx = False
