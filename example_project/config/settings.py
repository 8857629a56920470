"""Settings of the example site.

It runs with no configuration at all: SQLite beside ``manage.py``, debug pages, demo accounts.
A deployment sets these environment variables:

``DATABASE_URL``           e.g. ``postgres://user:password@host:5432/name``; default: SQLite
``DEBUG``                  ``1`` (default) or ``0``
``SECRET_KEY``             required when ``DEBUG`` is ``0``
``ALLOWED_HOSTS``          comma-separated host names; default: this machine only
``CSRF_TRUSTED_ORIGINS``   comma-separated origins such as ``https://example.org``
``DEMO_ACCOUNTS``          ``1`` or ``0``; default: the value of ``DEBUG``
"""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

BASE_DIR = Path(__file__).resolve().parent.parent


def env_flag(name: str, *, default: bool) -> bool:
    """Return the environment variable ``name`` as a yes or a no."""
    value = os.environ.get(name, "").strip().lower()
    if value in {"", "0", "false", "no", "off", "1", "true", "yes", "on"}:
        return value in {"1", "true", "yes", "on"} if value else default
    msg = f"The environment variable {name} is {value!r}; set it to 1 or 0."
    raise ImproperlyConfigured(msg)


def env_list(name: str) -> list[str]:
    """Return the environment variable ``name`` split at its commas."""
    return [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]


DEBUG = env_flag("DEBUG", default=True)

SECRET_KEY = os.environ.get("SECRET_KEY", "")
if not SECRET_KEY:
    if not DEBUG:
        msg = "DEBUG is off, so the environment variable SECRET_KEY must hold a long random string."
        raise ImproperlyConfigured(msg)
    SECRET_KEY = "only-for-development-on-this-machine-" + "0" * 32

ALLOWED_HOSTS = env_list("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # Before staticfiles, so that runserver and a real server serve files the same way.
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_personalization",
    "accounts",
    "catalogue",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}", conn_max_age=60, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # SQLite's defaults answer "database is locked" when two people write at the same moment.
    # Taking the write lock when a transaction begins, a write-ahead log and patience prevent it.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=20,
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    )

# Signing in with an email address and a UUID key: the package works with any user model.
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = reverse_lazy("login")
LOGIN_REDIRECT_URL = reverse_lazy("home")
LOGOUT_REDIRECT_URL = reverse_lazy("home")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Accounts with a known password: made by `create_demo_account`, shown on the login page.
DEMO_ACCOUNTS_ENABLED = env_flag("DEMO_ACCOUNTS", default=DEBUG)
DEMO_ACCOUNTS = {
    "visitor": {
        "email": "visitor@example.com",
        "name": "Vera Visitor",
        "password": "browse-the-catalogue",
        "is_staff": False,
    },
    "staff": {
        "email": "staff@example.com",
        "name": "Stefan Staff",
        "password": "look-behind-the-scenes",
        "is_staff": True,
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "django-personalization, mounted in its example site",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
PERSONALIZATION_BUNDLE = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [BASE_DIR / "static", ("personalization", PERSONALIZATION_BUNDLE)]
# The bundle may be built while the server runs. Until then its directory is missing, and the
# settings page says so in words; the check would say it again at every command.
SILENCED_SYSTEM_CHECKS = ["staticfiles.W004"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"catalogue": {"handlers": ["console"], "level": "INFO"}},
}
