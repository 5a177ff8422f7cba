"""Three nodes and a network that splits: one chain and one pool after it has healed."""

from collections.abc import Callable, Sequence

import pytest

from ccxx_regtest import faucet
from ccxx_regtest.node import RegtestNode

AMOUNT = 100_000_000
# Who connected to us hears of transactions at once, and tests need not wait for chance.
OPTIONS = ("-whitelist=127.0.0.1",)

Nodes = Sequence[RegtestNode]


@pytest.fixture
def nodes(start_node: Callable[..., RegtestNode]) -> Nodes:
    """Three nodes in a row on one chain, the one in the middle connected to both others."""
    first, middle, last = (start_node(name, *OPTIONS) for name in ("first", "middle", "last"))
    first.mine(12, faucet.ADDRESS)
    first.connect_to(middle)
    last.connect_to(middle)
    wait_for_one_chain([first, middle, last])
    return first, middle, last


def tip(node: RegtestNode) -> str:
    best: str = node.client.call("getbestblockhash")
    return best


def pool(node: RegtestNode) -> set[str]:
    return set(node.client.call("getrawmempool"))


def coins(node: RegtestNode) -> str:
    digest: str = node.client.call("gettxoutsetinfo")["hash_serialized_2"]
    return digest


def wait_for_one_chain(nodes: Nodes) -> None:
    nodes[0].process.wait_until(lambda: len({tip(node) for node in nodes}) == 1)


def wait_for_pool(nodes: Nodes, txids: set[str]) -> None:
    nodes[0].process.wait_until(lambda: all(pool(node) == txids for node in nodes))


def pay(node: RegtestNode, reward: int, amount: int = AMOUNT) -> str:
    return faucet.pay(node.client, reward, faucet.ADDRESS, amount)


def test_healed_network_has_one_chain_and_one_pool(nodes: Nodes) -> None:
    first, middle, last = nodes
    last.part_from_all()
    confirmed = pay(first, 1)
    pay(first, 2)
    middle.process.wait_until(lambda: len(pool(middle)) == 2)
    first.mine(3, faucet.ADDRESS)
    returning = pay(last, 3)
    conflicting = pay(last, 2, AMOUNT + 1)
    last.mine(2, faucet.ADDRESS)
    unconfirmed = pay(last, 4)
    assert tip(last) != tip(first)

    last.meet_again()
    last.connect_to(middle)

    wait_for_one_chain(nodes)
    assert last.client.block_count() == 15
    assert conflicting not in pool(last)
    assert pool(last) == {returning, unconfirmed}
    # A wallet says again what no block has confirmed.
    assert pay(last, 4) == unconfirmed
    wait_for_pool(nodes, {returning, unconfirmed})
    assert confirmed not in pool(last)
    middle.mine(1, faucet.ADDRESS)
    wait_for_one_chain(nodes)
    wait_for_pool(nodes, set())
    assert len({coins(node) for node in nodes}) == 1


def test_longer_side_is_followed_however_long_the_other_was(nodes: Nodes) -> None:
    first, _, last = nodes
    last.part_from_all()
    first.mine(40, faucet.ADDRESS)
    returning = [pay(first, reward) for reward in (1, 2, 3)]
    first.mine(1, faucet.ADDRESS)
    last.mine(60, faucet.ADDRESS)
    longest = tip(last)

    last.meet_again()
    last.connect_to(nodes[1])

    wait_for_one_chain(nodes)
    assert tip(first) == longest
    wait_for_pool(nodes, set(returning))
    assert len({coins(node) for node in nodes}) == 1


def test_node_killed_during_the_split_finds_back(nodes: Nodes) -> None:
    first, middle, last = nodes
    last.part_from_all()
    pay(last, 1)
    last.mine(2, faucet.ADDRESS)
    first.mine(5, faucet.ADDRESS)

    last.crash()
    last.connect_to(middle)

    wait_for_one_chain(nodes)
    assert last.client.block_count() == 17
    assert len({coins(node) for node in nodes}) == 1
