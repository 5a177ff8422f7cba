"""`custom_api` beside a real node: who only pays to an issuer cannot speak for it."""

import json
from typing import Any

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import build_script, null_data_script, p2pkh_script
from ccxx_core.sighash import SIGHASH_ALL, legacy_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

World = Any
ISSUER = PrivateKey(sha256(b"an issuer of PDF certificates"))
SCRIPT = p2pkh_script(hash160(ISSUER.public_key))
ADDRESS = encode_address(SCRIPT, REGTEST) or ""
ISSUE = null_data_script(b"CRED\x00\x01\x00\x04" + b"UNICNICO" + sha256(b"merkle root"))
DUST = 546


def say(coin: OutPoint, value: int, message: bytes) -> Transaction:
    """Sign a message of the issuer, which keeps what is left of the coin."""
    outputs = (TxOutput(value - 10_000, SCRIPT), TxOutput(0, message))
    tx = Transaction(1, (TxInput(coin),), outputs)
    signature = ISSUER.sign(legacy_sighash(tx, 0, SCRIPT, SIGHASH_ALL)) + bytes([SIGHASH_ALL])
    script_sig = build_script(signature, ISSUER.public_key)
    return Transaction(1, (tx.inputs[0]._replace(script_sig=script_sig),), outputs)


def listed(world: World) -> Any:
    """Return what `custom_api` lists for the issuer."""
    return json.loads(world.ask(f"/custom_api/address/{ADDRESS}"))


def test_payment_of_a_stranger_is_not_listed_and_a_spend_is_in_the_exact_shape(
    world: World,
) -> None:
    funding = world.pay(TxOutput(1_000_000, SCRIPT))
    world.mine()
    issue = say(OutPoint(funding.txid, 0), 1_000_000, ISSUE)
    revoke = null_data_script(b"CRED\x00\x01\x00\x08" + issue.txid[::-1])

    forged = world.pay(TxOutput(DUST, SCRIPT), TxOutput(0, revoke))
    world.mine()
    before = listed(world)
    world.node.client.send(issue)
    world.wait_for_pending(format_hash(issue.txid))
    pending = listed(world)
    world.mine(3)
    after = listed(world)

    block = world.node.client.header(world.node.client.block_hash(world.height - 2))
    assert json.loads(world.get(f"/tx/{format_hash(forged.txid)}/status"))["confirmed"]
    assert before == pending == []
    assert after == [
        {
            "txid": format_hash(issue.txid),
            "confirmations": 3,
            "blocktime": block["time"],
            "vout": [
                {"scriptPubKey": {"hex": SCRIPT.hex()}},
                {"scriptPubKey": {"hex": ISSUE.hex()}},
            ],
        }
    ]


def test_the_newest_message_comes_first_and_a_reorganisation_takes_it_back(world: World) -> None:
    funding = world.pay(TxOutput(1_000_000, SCRIPT))
    world.mine()
    first = say(OutPoint(funding.txid, 0), 1_000_000, ISSUE)
    second = say(OutPoint(first.txid, 0), 990_000, null_data_script(b"CRED\x00\x01\xff\x00"))
    for tx in (first, second):
        world.node.client.send(tx)
        world.mine()

    both = [line["txid"] for line in listed(world)]
    world.take_back(1, world.height + 5)

    assert both == [format_hash(second.txid), format_hash(first.txid)]
    assert listed(world) == []
