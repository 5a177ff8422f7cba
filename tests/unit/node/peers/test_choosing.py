"""Whom the node calls of its own choice."""

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ccxx_core.network import REGTEST
from ccxx_node.p2p.addresses.bans import BanReason, parse_subnet
from ccxx_node.p2p.sockets import choosing

PORT = REGTEST.p2p_port


async def test_known_address_is_called(calls: Any) -> None:
    calls.know("8.8.8.8")

    assert calls.chosen() == f"8.8.8.8:{PORT}"


async def test_nobody_is_called_who_cannot_give_blocks_with_witnesses(calls: Any) -> None:
    calls.know("8.8.8.8", services=1)

    assert calls.chosen() is None
    assert calls.chosen(feels=True) == f"8.8.8.8:{PORT}"


async def test_one_network_group_is_called_once(calls: Any) -> None:
    calls.know("8.8.8.8")
    calls.know("9.9.9.9")

    calls.connect("8.8.4.4")

    assert {calls.chosen() for _ in range(20)} <= {f"9.9.9.9:{PORT}", None}
    assert f"9.9.9.9:{PORT}" in {calls.chosen() for _ in range(20)}


async def test_banned_and_unreachable_addresses_are_not_called(calls: Any) -> None:
    calls.know("8.8.8.8")
    calls.know("bitcoinostk4e4re.onion")
    subnet = parse_subnet("8.8.0.0/16")

    calls.bans.add(subnet, BanReason.MANUAL, calls.world.node.now())

    assert calls.chosen() is None


async def test_usual_port_is_preferred(calls: Any) -> None:
    calls.know("8.8.8.8:1")
    calls.know("9.9.9.9")

    assert {calls.chosen() for _ in range(20)} == {f"9.9.9.9:{PORT}"}


async def test_unusual_port_is_called_where_there_is_no_other(calls: Any) -> None:
    calls.know("8.8.8.8:1")

    assert calls.chosen() == "8.8.8.8:1"


async def test_nobody_is_called_who_called_us(calls: Any) -> None:
    calls.know("8.8.8.8")

    calls.connect("8.8.8.8:55555", inbound=True)

    assert calls.chosen() is None


async def test_node_without_connections_calls_nobody_however_old_its_tip_is(
    calls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "_PAUSE", 0)
    calls.use(replace(calls.options, max_connections=0))
    calls.know("8.8.8.8")
    calls.world.logic._conversation.following.wants_extra_peer = True

    work = asyncio.create_task(calls.chooser.run(Random(1)))
    for _ in range(10):
        await asyncio.sleep(0)
    work.cancel()

    assert [known.tried_at for known in calls.world.book] == [0]
