#!/usr/bin/env python3
"""Run a Django command of the example site."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed for this Python. Run `make setup` in the repository.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
