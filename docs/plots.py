"""Draw the plots of the documentation from the package's own arithmetic.

    python docs/plots.py

A test compares docs/images with what this file draws, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django_personalization import scoring

IMAGES = Path(__file__).resolve().parent / "images"
HALF_LIFE = 30.0
WIDTH, HEIGHT = 760, 340
INK, PALE, GRID = "#1f2328", "#59636e", "#d1d9e0"
# Dark enough on white to be told apart in print, too.
COLOURS = ("#0550ae", "#8250df", "#bc4c00", "#116329")

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One pair of axes: x from 0 to ``most``, y from 0 to 100 %."""

    left: float
    title: str
    x_label: str
    most: float
    ticks: tuple[int, ...]

    width = 300.0
    top = 50.0
    height = 220.0

    def x(self, value: float) -> float:
        """Return where ``value`` is on the x axis."""
        return self.left + self.width * value / self.most

    def y(self, share: float) -> float:
        """Return where ``share`` (0 to 1) is on the y axis."""
        return self.top + self.height * (1 - share)

    def draw(self) -> Iterable[str]:
        """Draw axes, grid and labels."""
        right, bottom = self.left + self.width, self.y(0)
        yield _text(self.left, self.top - 18, self.title, weight="600")
        for percent in (0, 25, 50, 75, 100):
            y = self.y(percent / 100)
            yield _line(self.left, y, right, y, GRID)
            yield _text(self.left - 8, y + 4, f"{percent} %", anchor="end", colour=PALE)
        for tick in self.ticks:
            yield _text(self.x(tick), bottom + 20, str(tick), anchor="middle", colour=PALE)
        middle = self.left + self.width / 2
        yield _text(middle, bottom + 42, self.x_label, anchor="middle", colour=PALE)

    def curve(self, points: Points, colour: str) -> str:
        """Draw a curve through ``points``."""
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashed}/>'
    )


def _text(
    x: float, y: float, text: str, anchor: str = "start", colour: str = INK, weight: str = "400"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-weight="{weight}">{text}</text>'
    )


def _sample(function: Callable[[float], float], most: float) -> Points:
    return [(most * i / 80, function(most * i / 80)) for i in range(81)]


def _growing() -> Iterable[str]:
    panel = Panel(60, "Confidence by evidence", "units of evidence", 10, (0, 2, 4, 6, 8, 10))
    yield from panel.draw()
    yield panel.curve(_sample(scoring.confidence, panel.most), COLOURS[0])
    for units in (1, 2, 4, 6):
        share = scoring.confidence(units)
        x, y = panel.x(units), panel.y(share)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOURS[0]}"/>'
        yield _text(x + 7, y + 14, f"{share:.0%}".replace("%", " %"))


def _fading() -> Iterable[str]:
    title = f"Fading with a half-life of {HALF_LIFE:.0f} days"
    panel = Panel(440, title, "days since the last event", 180, (0, 30, 60, 90, 120, 150, 180))
    yield from panel.draw()
    for units, colour in zip((8, 4, 2, 1), COLOURS, strict=True):
        evidence = units * scoring.growth(scoring.EPOCH, HALF_LIFE)

        def confidence(days: float, evidence: float = evidence) -> float:
            at = scoring.EPOCH + timedelta(days=days)
            return scoring.confidence_at(evidence, at, HALF_LIFE)

        yield panel.curve(_sample(confidence, panel.most), colour)
        label = f"{units} units" if units == 8 else str(units)
        yield _text(panel.x(12), panel.y(confidence(8)) - 8, label, colour=colour)
    least = panel.y(0.1)
    yield _line(panel.left, least, panel.left + panel.width, least, INK, "4 4")
    yield _text(panel.left + 6, least + 14, "not listed")


def confidence_svg() -> str:
    """Return the plot of how confidence grows with evidence and fades with time."""
    description = (
        "Left: confidence against units of evidence, 29 % at one unit, 50 % at two, 75 % at four, "
        "88 % at six. Right: confidence against days without events, for one, two, four and eight "
        "units, with the line below which a tag is not listed."
    )
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-labelledby="title description" font-family="sans-serif" font-size="12">'
    )
    return "\n".join(
        [
            start,
            '<title id="title">Evidence and confidence</title>',
            f'<desc id="description">{description}</desc>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *_growing(),
            *_fading(),
            "</svg>",
            "",
        ]
    )


def main() -> None:
    """Write the plots."""
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "confidence.svg").write_text(confidence_svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
