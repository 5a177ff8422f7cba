"""The rules of the unit tests once more, each transaction signed, mined, and judged by everybody.

`world` is here a real node, a wallet's store and an explorer's index; the tests are the same.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from ccxx_cert.errors import Refusal

UNIT = Path(__file__).parents[2] / "unit" / "cert"
FAMILIES = (
    "refusals",
    "revocation",
    "permit_moves",
    "root_rotation",
    "recovery",
    "deferred_batch",
    "naked_spend",
    "message_chains",
    "registry",
)
MINED: Counter[Refusal] = Counter()
# Papers are checked by people, not judged on the chain; anchors of another chain are tried beside
# this module; and every coin of a permit has its permit.
NOT_HERE = {
    Refusal.WRONG_TYPE_DEFINITION,
    Refusal.WRONG_DOCUMENT,
    Refusal.ANCHOR_MISMATCH,
    Refusal.PERMIT_NOT_ACTIVE,
}


def found_in(family: str) -> dict[str, Any]:
    """Return the tests of a family that play in a world."""
    found = run_path(str(UNIT / f"test_{family}.py"))
    return {
        name: test
        for name, test in found.items()
        if name.startswith("test_") and "world" in test.__code__.co_varnames
    }


for family in FAMILIES:
    tests = found_in(family)
    assert globals().keys().isdisjoint(tests)
    globals().update(tests)


@pytest.fixture(autouse=True)
def count_refusals(world: Any) -> Iterator[None]:
    """Count what the blocks of each test were refused for."""
    yield
    MINED.update(verdict.refusal for verdict in world.seen if verdict.refusal is not None)


def test_every_refusal_was_mined(request: pytest.FixtureRequest) -> None:
    played = [item for item in request.session.items if item.path == request.path]
    if len(played) < 150:
        pytest.skip("only some of the tests of this module were chosen")

    assert set(Refusal) - NOT_HERE - set(MINED) == set()
