"""Where the boxes and arrows of a picture of a life stand: numbers for an SVG, nothing else.

Units are CSS pixels. The picture runs with the reader's language, from right to left where that
does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ccxx_explorer.facts import LifeStep
from ccxx_explorer.language import current_language, say, say_list
from ccxx_explorer.wording import format_day

WIDTH, HEIGHT, GAP, MARGIN = 158, 92, 34, 6
_LINE, _LINES = 19, 2


@dataclass(frozen=True, slots=True)
class Box:
    """One step: its top left corner, its lines of text, and what it is called aloud."""

    x: int
    middle: int
    y: int
    step: LifeStep
    lines: tuple[str, ...]
    day: str
    block: str
    label: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line from one box to the next, pointing to `to_x`; `tip` is the triangle at its end."""

    from_x: int
    to_x: int
    y: int
    tip: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it, with its size and that of each box."""

    width: int
    height: int
    box_width: int
    box_height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw_life(steps: Sequence[LifeStep]) -> Picture:
    """Place the steps in a row, in the direction of reading."""
    width = 2 * MARGIN + len(steps) * WIDTH + (len(steps) - 1) * GAP
    lefts = [MARGIN + place * (WIDTH + GAP) for place in range(len(steps))]
    if current_language().is_right_to_left:
        lefts = [width - WIDTH - left for left in lefts]
    boxes = tuple(_box(left, step) for left, step in zip(lefts, steps, strict=True))
    arrows = tuple(_arrows(lefts))
    return Picture(width, HEIGHT + 2 * MARGIN, WIDTH, HEIGHT, boxes, arrows)


def _box(left: int, step: LifeStep) -> Box:
    day = format_day(step.time) if step.time is not None else ""
    block = "" if step.height is None else say("Block %(height)s", height=step.height)
    label = say_list(part for part in (step.title, day, block) if part)
    return Box(left, left + WIDTH // 2, MARGIN, step, _wrap(step.title), day, block, label)


def _arrows(lefts: Sequence[int]) -> Iterator[Arrow]:
    y = MARGIN + HEIGHT // 2
    for here, there in pairwise(lefts):
        if there > here:
            start, end, back = here + WIDTH, there, -8
        else:
            start, end, back = here, there + WIDTH, 8
        tip = f"{end},{y} {end + back},{y - 5} {end + back},{y + 5}"
        yield Arrow(start, end, y, tip)


def _wrap(text: str) -> tuple[str, ...]:
    """Break a title into at most two lines that fit a box; the rest is in its label."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(longer) > _LINE:
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(line if len(line) <= _LINE else f"{line[: _LINE - 1]}…" for line in lines[:_LINES])
