"""How much a person cares about each term of the vocabulary: pure arithmetic."""

from __future__ import annotations
