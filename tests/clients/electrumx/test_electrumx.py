"""ElectrumX stands on our node: it reads the chain in batches, and serves Electrum wallets."""

from typing import Any

from ccxx_core.hashes import format_hash, sha256, sha256d
from ccxx_core.script import p2pkh_script

HEIGHT = 700
COIN = 100_000_000
SCRIPT = p2pkh_script(bytes(range(20)))
SCRIPT_HASH = format_hash(sha256(SCRIPT))
Node = Any
Server = Any


def ours(server: Server, question: str) -> Any:
    """Ask about our script."""
    return server.ask(f"blockchain.scripthash.{question}", SCRIPT_HASH)


def header_ids(answer: dict[str, Any]) -> list[str]:
    """Return the ids of blocks whose headers were asked for."""
    headers = bytes.fromhex(answer["hex"])
    return [format_hash(sha256d(headers[at : at + 80])) for at in range(0, len(headers), 80)]


def root_of(txid: str, proof: dict[str, Any]) -> str:
    """Return the merkle root to which a branch leads."""
    digest, position = bytes.fromhex(txid)[::-1], proof["pos"]
    for text in proof["merkle"]:
        other = bytes.fromhex(text)[::-1]
        digest = sha256d(other + digest if position & 1 else digest + other)
        position >>= 1
    return format_hash(digest)


def test_every_header_is_the_nodes(node: Node, server: Server) -> None:
    ids = [node.client.call("getblockhash", height) for height in range(HEIGHT + 1)]

    theirs = header_ids(server.ask("blockchain.block.headers", 0, HEIGHT + 1))

    assert theirs == ids


def test_payment_is_seen_pending_then_in_its_block(node: Node, server: Server) -> None:
    before = [ours(server, question) for question in ("subscribe", "get_history")]
    raw = node.draft(SCRIPT, 3 * COIN).encode().hex()

    txid = server.ask("blockchain.transaction.broadcast", raw)
    server.follow(node)
    pending = [ours(server, question) for question in ("get_balance", "get_history")]
    node.grow()
    server.follow(node)
    proof = server.ask("blockchain.transaction.get_merkle", txid, HEIGHT + 1)
    block = node.client.call("getblock", node.tip)
    coin = {"tx_hash": txid, "tx_pos": 0, "height": HEIGHT + 1, "value": 3 * COIN}

    assert before == [None, []]
    assert node.client.call("getrawmempool") == []
    assert pending[0] == {"confirmed": 0, "unconfirmed": 3 * COIN}
    assert pending[1] == [{"tx_hash": txid, "height": 0, "fee": 10_000}]
    assert ours(server, "get_balance") == {"confirmed": 3 * COIN, "unconfirmed": 0}
    assert ours(server, "get_history") == [{"tx_hash": txid, "height": HEIGHT + 1}]
    assert ours(server, "listunspent") == [coin]
    assert server.ask("blockchain.transaction.get", txid) == raw
    assert server.ask("blockchain.transaction.get", txid, True)["confirmations"] == 1
    assert root_of(txid, proof) == block["merkleroot"]
    assert server.ask("blockchain.transaction.id_from_pos", HEIGHT + 1, 1) == txid
    told = [params[0] for method, params in server.notices if method.endswith("hash.subscribe")]
    assert told[:2] == [SCRIPT_HASH, SCRIPT_HASH]


def test_reorganisation_moves_a_payment_to_another_block(node: Node, server: Server) -> None:
    txid = node.pay(SCRIPT, COIN)
    node.grow(5)
    server.follow(node)
    first, left = ours(server, "get_history"), node.tip

    node.take_back(HEIGHT - 1, 9)
    server.follow(node)
    ids = header_ids(server.ask("blockchain.block.headers", HEIGHT - 5, 13))

    assert first == [{"tx_hash": txid, "height": HEIGHT + 1}]
    assert left not in ids
    assert ids == [node.client.call("getblockhash", HEIGHT - 5 + at) for at in range(13)]
    assert ours(server, "get_history") == [{"tx_hash": txid, "height": HEIGHT - 1}]
    assert ours(server, "get_balance") == {"confirmed": COIN, "unconfirmed": 0}


def test_payment_that_a_reorganisation_makes_impossible_is_gone(node: Node, server: Server) -> None:
    node.spent = HEIGHT - 1
    node.grow(node.maturity)
    node.pay(SCRIPT, COIN)
    node.grow()
    server.follow(node)
    before = ours(server, "get_balance")

    # Without that block there is no reward that it could have spent.
    node.take_back(HEIGHT, node.maturity + 20)
    server.follow(node)

    assert before == {"confirmed": COIN, "unconfirmed": 0}
    assert ours(server, "get_balance") == {"confirmed": 0, "unconfirmed": 0}
    assert ours(server, "get_history") == ours(server, "listunspent") == []


def test_fees_and_refusals_are_the_nodes(node: Node, server: Server) -> None:
    node.pay(SCRIPT, COIN)
    server.follow(node)
    spent_twice = node.draft(SCRIPT, COIN)
    node.client.send(spent_twice)
    node.spent -= 1
    refused = node.draft(SCRIPT, 2 * COIN).encode().hex()

    answer = server.ask("blockchain.transaction.broadcast", refused)

    assert "txn-mempool-conflict" in answer["message"]
    assert server.ask("blockchain.relayfee") == 0.00001
    assert server.ask("blockchain.estimatefee", 2) == -1
    assert server.ask("server.features")["genesis_hash"] == node.client.call("getblockhash", 0)
    assert "ERROR" not in server.log.read_text()
