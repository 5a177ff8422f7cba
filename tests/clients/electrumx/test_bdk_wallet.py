"""A wallet of the Bitcoin Development Kit lives on ElectrumX, and that on our node."""

from collections.abc import Callable
from typing import Any

from ccxx_core.script import p2pkh_script

COIN = 100_000_000
STRANGER = p2pkh_script(bytes(20))
Node = Any
Server = Any
Wallet = Any


def test_wallet_receives_sends_and_sees_a_reorganisation(
    node: Node, server: Server, make_wallet: Callable[[str, str], Wallet]
) -> None:
    url = f"tcp://127.0.0.1:{server.port}"
    wallet = make_wallet("ElectrumClient", url)

    received = node.pay(wallet.script, 2 * COIN)
    server.follow(node)
    wallet.scan()
    pending = wallet.balances
    node.grow()
    server.follow(node)
    wallet.sync()
    confirmed = wallet.balances
    sent = wallet.send(STRANGER, COIN)
    in_pool = node.client.call("getrawmempool")
    node.grow()
    server.follow(node)
    wallet.sync()
    first_block = wallet.block_of(sent)
    node.take_back(node.client.block_count(), 2)
    server.follow(node)
    # The kit's Electrum client holds fast to headers that it has seen, so a new one asks now.
    wallet.client = make_wallet("ElectrumClient", url).client
    wallet.sync()

    assert pending == (0, 2 * COIN)
    assert confirmed == (2 * COIN, 0)
    assert in_pool == [sent]
    assert 0 < wallet.balances[0] < COIN
    assert first_block is not None
    assert wallet.block_of(received) is not None
    assert wallet.block_of(sent) not in (None, first_block)
    assert wallet.tip == node.tip
