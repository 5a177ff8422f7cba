"""The client that wallets and explorer use, against a real node."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.hashes import BlockHash
from ccxx_core.network import MAIN, REGTEST
from ccxx_node.client.follow import BlockConnected, BlockDisconnected, ChainEvent, catch_up
from ccxx_node.client.rpc import NodeClient, NodeError, check_network, connect

ADDRESS = "rccx1q5dsmmq8palhmr77vh3d420fw2wgdzmq8t3zt2a"


class Follower:
    """Knows a chain by the events that it applied."""

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self.hashes: list[BlockHash] = []

    def tip(self) -> tuple[int, BlockHash] | None:
        return (self.start + len(self.hashes) - 1, self.hashes[-1]) if self.hashes else None

    def hash_at(self, height: int) -> BlockHash | None:
        position = height - self.start
        return self.hashes[position] if 0 <= position < len(self.hashes) else None

    def apply(self, events: Iterator[ChainEvent]) -> list[str]:
        seen = []
        for event in events:
            match event:
                case BlockConnected():
                    assert event.height == self.start + len(self.hashes)
                    assert event.block.hash == event.hash
                    self.hashes.append(event.hash)
                    seen.append(f"+{event.height}")
                case BlockDisconnected():
                    assert self.hashes.pop() == event.hash
                    seen.append(f"-{event.height}")
        return seen


def test_follower_sees_every_block_once(node: Any) -> None:
    node.client.call("generatetoaddress", 100, ADDRESS)
    follower = Follower()

    first = follower.apply(catch_up(node.client, follower))
    second = follower.apply(catch_up(node.client, follower))

    assert first == [f"+{height}" for height in range(101)]
    assert second == []


def test_follower_leaves_a_branch_that_lost(node: Any) -> None:
    node.client.call("generatetoaddress", 5, ADDRESS)
    follower = Follower()
    follower.apply(catch_up(node.client, follower))
    node.client.call("invalidateblock", node.client.call("getblockhash", 4))
    node.client.call("generatetoaddress", 3, ADDRESS)

    seen = follower.apply(catch_up(node.client, follower))

    assert seen == ["-5", "-4", "+4", "+5", "+6"]
    assert follower.hashes[-1] == node.client.tip()[1]


def test_follower_can_stand_above_a_shorter_chain(node: Any) -> None:
    node.client.call("generatetoaddress", 5, ADDRESS)
    follower = Follower()
    follower.apply(catch_up(node.client, follower))
    node.client.call("invalidateblock", node.client.call("getblockhash", 3))

    seen = follower.apply(catch_up(node.client, follower))

    assert seen == ["-5", "-4", "-3"]


def test_follower_can_start_later(node: Any) -> None:
    node.client.call("generatetoaddress", 5, ADDRESS)
    follower = Follower(start=4)

    seen = follower.apply(catch_up(node.client, follower, start_height=4))

    assert seen == ["+4", "+5"]


def test_median_time_is_that_of_the_block(node: Any) -> None:
    node.client.call("generatetoaddress", 12, ADDRESS)
    follower = Follower()

    *_, last = catch_up_all(node.client, follower)

    assert isinstance(last, BlockConnected)
    assert last.median_time_past == node.client.header(last.hash)["mediantime"]


def catch_up_all(client: NodeClient, follower: Follower) -> list[ChainEvent]:
    events = []
    for event in catch_up(client, follower):
        follower.apply(iter([event]))
        events.append(event)
    return events


def test_cookie_of_a_restarted_node_is_read_again(start_node: Any) -> None:
    node = start_node()
    client = connect(f"127.0.0.1:{node.port}", REGTEST, node.datadir)
    client.block_count()
    node.stop()

    start_node(datadir=node.datadir, port=node.port)

    assert client.block_count() == 0
    client.close()


def test_stopped_node_is_an_error_that_says_what_to_do(node: Any) -> None:
    client = connect(f"127.0.0.1:{node.port}", REGTEST, node.datadir)
    client.block_count()
    node.kill()

    with pytest.raises(NodeError, match="start it"):
        client.block_count()


def test_wrong_password_is_an_error_that_says_what_to_do(node: Any) -> None:
    client = connect(f"http://me:guess@127.0.0.1:{node.port}", REGTEST)

    with pytest.raises(NodeError, match="refused our user name and password"):
        client.block_count()

    client.close()


def test_missing_cookie_is_an_error_that_names_the_file(node: Any, tmp_path: Path) -> None:
    client = connect(f"127.0.0.1:{node.port}", REGTEST, tmp_path / "nowhere")

    with pytest.raises(NodeError, match="no cookie file"):
        client.block_count()


def test_node_of_another_network_is_noticed(node: Any) -> None:
    check_network(node.client, REGTEST)

    with pytest.raises(NodeError, match="serves the chain 'regtest', wanted 'main'"):
        check_network(node.client, MAIN)


def test_batch_may_find_some_and_not_others(node: Any) -> None:
    node.client.call("generatetoaddress", 1, ADDRESS)

    found = node.client.batch_found([("getblockcount", ()), ("getblockhash", (2,))])

    assert found == [1, None]
