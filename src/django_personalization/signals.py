"""Signals for hosts. All are sent after the transaction has committed."""

from __future__ import annotations

from typing import Final

from django.dispatch import Signal

interactions_tracked: Final = Signal()
"""Sent by tracking with ``user_id`` and ``interactions`` (the list of new rows)."""

tags_changed: Final = Signal()
"""Sent by tagging and tracking with ``user_id`` and ``keys`` (those of the tags that changed)."""
