"""Signing in with an email address."""

from __future__ import annotations

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class LoginForm(AuthenticationForm):
    """Django's own form with a field for an email address."""

    error_messages = {
        "invalid_login": "No account has this email address and password. "
        "Passwords are case-sensitive.",
        "inactive": "This account is switched off.",
    }

    username = forms.EmailField(
        label="Email", widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
