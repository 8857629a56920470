"""Markdown pages as what a reader does with them: blocks to run and links to open, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SITE = "http://127.0.0.1:8000"

_STEP = re.compile(
    r"^(?P<fence>`{3,})(?P<language>[\w-]+)[^\n]*\n(?P<text>.*?)^(?P=fence)[ ]*$"
    rf"|<(?P<link>{SITE}/[^>]*)>",
    flags=re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """A fenced block (``kind`` is its language), or a link to the reader's own site."""

    kind: str
    text: str
    place: str


def steps(page: str) -> Iterator[Step]:
    """Yield the blocks and site links of a page, whose path is relative to the checkout."""
    content = (ROOT / page).read_text(encoding="utf-8")
    for match in _STEP.finditer(content):
        line = content.count("\n", 0, match.start()) + 1
        place = f"{page}, line {line}"
        if match["link"]:
            yield Step("link", match["link"].removeprefix(SITE), place)
        else:
            yield Step(match["language"], match["text"], place)


def sections(page: str, level: int = 2) -> dict[str, str]:
    """Return the text under each heading of ``level``, backticks removed from the headings."""
    content = (ROOT / page).read_text(encoding="utf-8")
    parts = re.split(rf"^{'#' * level} (.+)$", content, flags=re.MULTILINE)
    titles = (title.replace("`", "").strip() for title in parts[1::2])
    return dict(zip(titles, parts[2::2], strict=True))


def table_rows(text: str) -> list[list[str]]:
    """Return the cells of the body rows of every table in ``text``, backticks removed."""
    rows = [line.strip() for line in text.splitlines() if line.lstrip().startswith("|")]
    cells = [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows]
    rules = [i for i, row in enumerate(cells) if all(set(cell) <= {"-", ":"} for cell in row)]
    heads = {i - 1 for i in rules}
    return [row for i, row in enumerate(cells) if i not in heads and i not in rules]
