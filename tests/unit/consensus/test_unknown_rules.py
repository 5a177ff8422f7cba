"""Versions of blocks tell of rules that this program does not know."""

from collections.abc import Sequence
from dataclasses import dataclass

from ccxx_core.hashes import BlockHash, sha256
from ccxx_node.consensus.params import REGTEST
from ccxx_node.consensus.unknown_rules import UnknownRules, UnknownRulesWatch

PLAIN, SIGNAL = 0x20000000, 0x20000000 | 1 << 27
OURS = 0x20000000 | 1 << REGTEST.csv.bit
WINDOW, THRESHOLD = REGTEST.signal_window, REGTEST.signal_threshold


@dataclass(eq=False)
class Link:
    """One header of a chain."""

    parent: "Link | None"
    height: int
    version: int

    time = bits = median_time_past = 1_700_000_000

    @property
    def hash(self) -> BlockHash:
        return BlockHash(sha256(b"%d" % id(self)))

    def ancestor(self, height: int) -> "Link | None":
        entry: Link | None = self if 0 <= height <= self.height else None
        while entry is not None and entry.height > height:
            entry = entry.parent
        return entry


def chain(*parts: tuple[int, int]) -> Link:
    """Make a chain of so many blocks of each version, on a genesis block."""
    tip = Link(None, 0, 1)
    for count, version in parts:
        for _ in range(count):
            tip = Link(tip, tip.height + 1, version)
    return tip


def look(tip: Link, earlier: Sequence[Link] = ()) -> UnknownRules:
    watch = UnknownRulesWatch(REGTEST, {})
    for entry in earlier:
        watch.look(entry)
    return watch.look(tip)


def test_plain_versions_say_nothing() -> None:
    found = look(chain((3 * WINDOW, PLAIN)))

    assert found == UnknownRules((), (), 0)
    assert found.texts == []


def test_half_of_the_last_hundred_is_worth_a_warning() -> None:
    assert look(chain((WINDOW, PLAIN), (50, SIGNAL))).texts == []
    assert "Unknown block versions" in look(chain((WINDOW, PLAIN), (51, SIGNAL))).texts[0]


def test_signal_for_our_own_rules_surprises_only_before_their_period() -> None:
    found = look(chain((WINDOW - 1, OURS), (40, OURS)))

    assert found.unexpected == 60


def test_period_of_signals_locks_in_and_then_activates() -> None:
    start = (2 * WINDOW - 1, PLAIN)
    signals = (THRESHOLD, SIGNAL), (WINDOW - THRESHOLD, PLAIN)

    locked = look(chain(start, *signals))
    active = look(chain(start, *signals, (WINDOW, PLAIN)))

    assert (locked.locked_in, locked.active) == ((27,), ())
    assert (active.locked_in, active.active) == ((), (27,))
    assert active.texts == ["unknown new rules activated (versionbit 27)"]


def test_one_signal_too_few_locks_nothing_in() -> None:
    few = THRESHOLD - 1

    found = look(chain((2 * WINDOW - 1, PLAIN), (few, SIGNAL), (2 * WINDOW - few, PLAIN)))

    assert (found.locked_in, found.active) == ((), ())


def test_what_was_found_before_changes_nothing() -> None:
    tip = chain((2 * WINDOW - 1, PLAIN), (WINDOW, SIGNAL), (2 * WINDOW, PLAIN))
    earlier = [entry for height in range(0, tip.height, 50) if (entry := tip.ancestor(height))]

    assert look(tip, earlier) == look(tip)
