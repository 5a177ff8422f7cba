"""Charts drawn by the server: shapes in a box of 100 by 40, which any size of picture fits.

They stand where there is no JavaScript, and carry no text: words and numbers are HTML around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 100, 40
_GAP = 0.15


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, from its top left corner."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart: its bars, or the path of its line; `top` is the value of the upper edge."""

    top: int
    bars: tuple[Bar, ...] = ()
    path: str = ""


def draw_bars(values: Sequence[int | None]) -> Drawing:
    """Draw one bar for each value, side by side."""
    top = round_up(max((value or 0 for value in values), default=0))
    step = WIDTH / max(1, len(values))
    bars = []
    for place, value in enumerate(values):
        if not value:
            continue
        height = HEIGHT * value / top
        bars.append(
            Bar(
                _number(step * (place + _GAP / 2)),
                _number(HEIGHT - height),
                _number(step * (1 - _GAP)),
                _number(height),
            )
        )
    return Drawing(top, tuple(bars))


def draw_line(values: Sequence[int | None]) -> Drawing:
    """Draw a line through the values, broken where there is none."""
    top = round_up(max((value or 0 for value in values), default=0))
    step = WIDTH / max(1, len(values))
    parts, is_open = [], False
    for place, value in enumerate(values):
        if value is None:
            is_open = False
            continue
        start, end = _number(step * place), _number(step * (place + 1))
        y = _number(HEIGHT - HEIGHT * value / top)
        parts.append(f"{'L' if is_open else 'M'}{start} {y}L{end} {y}")
        is_open = True
    return Drawing(top, path="".join(parts))


def round_up(value: int) -> int:
    """Give the next of 1, 2, 5, 10, 20, 50, … so that the upper edge has a round number."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if size * factor >= value:
                return size * factor
        size *= 10


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
