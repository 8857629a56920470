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
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # What a host of a million items would set: the default of 4 MB sorts and hashes on disk.
    DATABASES["default"]["OPTIONS"] = {"options": "-c work_mem=64MB"}
