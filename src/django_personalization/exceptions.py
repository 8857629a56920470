"""What the app's Python doors raise. The REST layer turns each into a 400."""

from __future__ import annotations

from collections.abc import Mapping

Errors = Mapping[str, list[str]]


class InvalidInput(ValueError):
    """A value was refused and nothing was written.

    ``errors`` maps the name of each refused argument to sentences that say what is wrong.
    """

    def __init__(self, errors: Errors) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{k}: {' '.join(v)}" for k, v in errors.items()))


class VocabularyFileError(ValueError):
    """A taxonomy file was refused whole; the message names the file, the row and the reason."""
