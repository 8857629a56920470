"""``manage.py create_demo_account``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.demo import demo_accounts, ensure_account


class Command(BaseCommand):
    help = (
        "Create the demo accounts, a visitor and a member of staff, and print how to sign in. "
        "An account that exists is kept with its profile; its password is set back if it was "
        "changed. The accounts are described by DEMO_ACCOUNTS in config/settings.py."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = demo_accounts()
        if not accounts:
            msg = (
                "Demo accounts are off, because anybody could sign in with their password. "
                "Set the environment variable DEMO_ACCOUNTS=1 if that is what you want."
            )
            raise CommandError(msg)
        for account in accounts:
            state = "ready now" if ensure_account(account) else "ready"
            who = "Staff, for /admin/" if account.is_staff else "Visitor"
            self.stdout.write(f"{who}: {account.email} / {account.password} ({state})")
