"""A host with one model of items, in the database that DATABASE_URL names."""

import dj_database_url

SECRET_KEY = "only-for-benchmarks"  # noqa: S105
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "benchmarks",
    "django_personalization",
]
DATABASES = {"default": dj_database_url.config(default="sqlite://:memory:")}
