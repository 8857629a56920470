"""Signing in, and the page that mounts the front end."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.demo import usable_demo_accounts
from accounts.forms import LoginForm


class LoginView(DjangoLoginView):
    """The login page, which shows the demo accounts where there are any."""

    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "label_suffix": ""}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            demo_accounts=usable_demo_accounts(), login_page=True, **kwargs
        )


@require_safe
@login_required
@ensure_csrf_cookie  # The page's script reads the cookie and sends it back with every change.
def personalization_settings(request: HttpRequest) -> HttpResponse:
    """Show the page on which people see and change what the site knows of their interests."""
    built = (settings.PERSONALIZATION_BUNDLE / "personalization.js").is_file()
    return render(request, "account/personalization.html", {"bundle_is_built": built})
