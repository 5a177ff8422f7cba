"""The key that mines the local chain, and its payments to whoever needs coins to begin with."""

from dataclasses import replace

from ccxx_core.address import decode_address, encode_address
from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.client.rpc import NodeClient

# Anybody may know it: coins of a local chain are worth nothing.
_KEY = PrivateKey(sha256(b"the faucet of a local CCXX chain"))
_KEY_HASH = hash160(_KEY.public_key)
_FEE = 10_000

ADDRESS = encode_address(p2wpkh_script(_KEY_HASH), REGTEST) or ""


def pay(client: NodeClient, coinbase_height: int, address: str, amount: int) -> str:
    """Pay satoshis to an address from one block's reward; the rest returns to the faucet.

    The block must be 5,000 deep. Returns the transaction's id, which is not mined yet.
    """
    coinbase = client.block(client.block_hash(coinbase_height)).transactions[0]
    reward = coinbase.outputs[0].value
    outputs = (
        TxOutput(amount, decode_address(address, REGTEST)),
        TxOutput(reward - amount - _FEE, p2wpkh_script(_KEY_HASH)),
    )
    unsigned = TxInput(OutPoint(coinbase.txid, 0))
    draft = Transaction(2, (unsigned,), outputs, 0)
    digest = segwit_sighash(draft, 0, p2pkh_script(_KEY_HASH), reward, SIGHASH_ALL)
    signature = _KEY.sign(digest) + bytes([SIGHASH_ALL])
    signed = unsigned._replace(witness=(signature, _KEY.public_key))
    return format_hash(client.send(replace(draft, inputs=(signed,))))
