"""Small changes of kept inputs, the same in every run: `CCXX_FUZZ=50` makes fifty times as many.

What breaks something is printed; put it under `found` in `tests/vectors/fuzz/corpus.json`, and it
is tried first from then on.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

CORPUS = Path(__file__).resolve().parents[1] / "vectors" / "fuzz" / "corpus.json"
TIMES = int(os.environ.get("CCXX_FUZZ") or 1)
SEED = int(os.environ.get("CCXX_SEED") or 1)
# Lengths and counts at which decoders change their mind.
_EDGES = tuple(
    bytes.fromhex(text)
    for text in (
        "00 01 7f 80 fc fd fd0000 fdfc00 fdffff fe00000000 fe00000002 feffffff ffffffffffffffffff"
        " 0000000000000000 ffffffffffffff7f ffffffff 00000080 0001 4c ae ac"
    ).split()
)

Changes = Callable[..., Iterator[bytes]]


def change(data: bytes, others: list[bytes], chance: Random) -> bytes:
    """Overwrite, cut out, repeat, insert or exchange a few pieces."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((0, 1, 1, 2, 4, 9, 40)))
        other = chance.choice(others)
        at = chance.randrange(len(other) + 1)
        piece = chance.choice(
            (
                chance.choice(_EDGES),
                chance.randbytes(end - start),
                data[start:end] * chance.choice((0, 2, 3)),
                other[at : at + chance.choice((1, 8, 41, 200))],
                bytes(byte ^ 1 << chance.randrange(8) for byte in data[start : start + 1]),
            )
        )
        data = data[:start] + piece + data[end:]
    return data


@pytest.fixture(scope="session")
def corpus() -> Any:
    """The kept inputs by target."""
    return json.loads(CORPUS.read_text())


@pytest.fixture(scope="session")
def changes(corpus: Any) -> Changes:
    """Give the kept inputs of a target, then changed ones."""

    def make(target: str, count: int, encode: Callable[[str], bytes] = bytes.fromhex) -> Any:
        kept = [encode(text) for text in corpus[target]]
        yield from (encode(text) for text in corpus["found"].get(target, ()))
        yield from kept
        chance = Random(f"{target} {SEED}")
        for _ in range(count * TIMES):
            yield change(chance.choice(kept), kept, chance)

    return make
