"""QR codes as one path of squares, which a page draws without any picture file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import segno

_QUIET_ZONE = 4
# Any of the eight patterns can be read; to look for the prettiest takes longer than the whole page.
_MASK = 0
_KEPT = 256


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code: the length of its side with the quiet zone, and its dark squares as SVG path."""

    size: int
    path: str


@lru_cache(_KEPT)
def qr_code(text: str) -> QrCode:
    """Write a text as a QR code of middle error correction."""
    matrix = segno.make(text, error="m", micro=False, mask=_MASK).matrix
    parts = []
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            if dark:
                parts.append(f"M{x + _QUIET_ZONE} {y + _QUIET_ZONE}h1v1h-1z")
    return QrCode(len(matrix) + 2 * _QUIET_ZONE, "".join(parts))
