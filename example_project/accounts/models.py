"""A user with an email address, a UUID key and no username."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Makes accounts, and finds them whatever the case of the address."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address in lower case: nobody means two people by its capitals."""
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make and return an account; ``password=None`` makes one that cannot sign in."""
        if not self.normalize_email(email):
            msg = "An account needs an email address."
            raise ValueError(msg)
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make and return an account that may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in with an email address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(
        unique=True, error_messages={"unique": "There is an account with this address already."}
    )
    name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(
        "active", default=True, help_text="Switch off instead of deleting the account."
    )
    is_staff = models.BooleanField("staff", default=False, help_text="May enter the admin.")
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        ordering = ["email"]

    def __str__(self) -> str:
        return self.get_full_name()

    def clean(self) -> None:
        super().clean()
        self.email = type(self).objects.normalize_email(self.email)

    def get_full_name(self) -> str:
        """Return the name, or the address of somebody who gave none."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """Return the first word of the name, or what stands before the @."""
        return self.name.split(" ")[0] if self.name else self.email.partition("@")[0]
