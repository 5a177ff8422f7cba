"""Whether our tip stands still, and who has to leave for the peer that is tried because of it."""

from collections.abc import Callable
from typing import Any

import pytest


def wait(world: Any, seconds: int) -> None:
    """Let both clocks run on at once."""
    world.node.time += seconds
    world.node.clock += seconds
    world.done(world.logic.tick())


def test_one_more_peer_is_wanted_while_no_block_comes(world: Any) -> None:
    spacing = world.chain.params.spacing
    wait(world, 2 * spacing)
    was_wanted_early = world.logic.wants_extra_peer

    wait(world, 2 * spacing)
    is_wanted = world.logic.wants_extra_peer
    world.extend(1)
    wait(world, spacing + 1)

    assert (was_wanted_early, is_wanted) == (False, True)
    assert not world.logic.wants_extra_peer


@pytest.mark.parametrize("most", [2, 8])
def test_one_more_than_wanted_leaves_again(make_world: Callable[..., Any], most: int) -> None:
    world = make_world(max_outbound=most)
    world.extend(1)
    caller, added = world.meet(inbound=True), world.meet(inbound=False, manual=True)
    chosen = [world.meet(inbound=False) for _ in range(most + 1)]

    wait(world, 60)
    wait(world, 60)

    assert [world.ending(peer) is None for peer in chosen] == [True] * most + [False]
    assert world.ending(chosen[-1]).reason == "one outbound peer too many"
    assert world.ending(caller) is None
    assert world.ending(added) is None
