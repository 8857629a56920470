"""The demo accounts: people with a known password, for a site that is only looked at."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts.models import User


@dataclass(frozen=True)
class DemoAccount:
    """One account of ``settings.DEMO_ACCOUNTS``."""

    email: str
    name: str
    password: str
    is_staff: bool


def demo_accounts() -> list[DemoAccount]:
    """Return the accounts that the settings describe; none where they are switched off."""
    if not settings.DEMO_ACCOUNTS_ENABLED:
        return []
    return [DemoAccount(**fields) for fields in settings.DEMO_ACCOUNTS.values()]


def usable_demo_accounts() -> list[DemoAccount]:
    """Return the accounts that exist, so that nobody is shown a login that fails."""
    accounts = demo_accounts()
    emails = User.objects.filter(is_active=True, email__in=[a.email for a in accounts])
    known = set(emails.values_list("email", flat=True))
    return [account for account in accounts if account.email in known]


@transaction.atomic
def ensure_account(account: DemoAccount) -> bool:
    """Make sure that one can sign in as ``account``; return whether anything had to change."""
    user = User.objects.select_for_update().filter(email=account.email).first()
    if user is None:
        make = User.objects.create_superuser if account.is_staff else User.objects.create_user
        make(account.email, account.password, name=account.name)
        return True
    if user.is_active and user.is_staff == account.is_staff and _opens(user, account):
        return False
    user.is_active = True
    user.is_staff = user.is_superuser = account.is_staff
    user.set_password(account.password)
    user.save()
    return True


def _opens(user: User, account: DemoAccount) -> bool:
    return user.is_superuser == account.is_staff and user.check_password(account.password)
