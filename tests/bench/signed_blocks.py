"""Chains to measure: blocks of signed transactions, each key used once, every signature real."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from ccxx_core.amount import COIN
from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, Txid, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.merkle import merkle_root
from ccxx_core.script import (
    multisig_script,
    p2pkh_script,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
    push_data,
)
from ccxx_core.sighash import SIGHASH_ALL, legacy_sighash, segwit_sighash
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus.block import (
    WITNESS_COMMITMENT_PREFIX,
    encode_coinbase_height,
    witness_commitment,
)
from ccxx_node.consensus.header import has_valid_work
from ccxx_node.consensus.params import REGTEST, Deployment

# The rules of the main network (all soft forks from the start, so no search for coins that would be
# overwritten: BIP 34 rules them out) on regtest's easy work, with coinbases that mature at once.
PARAMS = replace(
    REGTEST.with_test_overrides(maturity=1),
    bip34_height=0,
    enforce_bip30=False,
    bip65_height=0,
    bip66_height=0,
    csv=Deployment("csv", bit=0, start_time=None),
)
VALUE = COIN
_FEE = 1000
_SPACING = 150


@dataclass(frozen=True)
class Owner:
    """The keys of one output, its script, and the script that they sign."""

    keys: tuple[PrivateKey, ...]
    script_pubkey: bytes
    script_code: bytes


def _own_p2pkh(keys: tuple[PrivateKey, ...]) -> Owner:
    script = p2pkh_script(hash160(keys[0].public_key))
    return Owner(keys[:1], script, script)


def _own_p2wpkh(keys: tuple[PrivateKey, ...]) -> Owner:
    key_hash = hash160(keys[0].public_key)
    return Owner(keys[:1], p2wpkh_script(key_hash), p2pkh_script(key_hash))


def _own_p2sh(keys: tuple[PrivateKey, ...]) -> Owner:
    script = multisig_script(3, [key.public_key for key in keys])
    return Owner(keys, p2sh_script(script), script)


def _own_p2wsh(keys: tuple[PrivateKey, ...]) -> Owner:
    script = multisig_script(3, [key.public_key for key in keys])
    return Owner(keys, p2wsh_script(script), script)


_KINDS: dict[str, Callable[[tuple[PrivateKey, ...]], Owner]] = {
    "p2sh_3of3": _own_p2sh,
    "p2wsh_3of3": _own_p2wsh,
    "p2pkh": _own_p2pkh,
    "p2wpkh": _own_p2wpkh,
}
CASES = (*_KINDS, "mixed")


def build_owners(case: str, seed: str, size: int) -> list[Owner]:
    """Make owners of outputs, by the kind of the case or of all kinds in turn."""
    makers = list(_KINDS.values()) if case == "mixed" else [_KINDS[case]]
    owners = []
    for i in range(size):
        keys = (PrivateKey(sha256(f"{case} {seed} {i} {k}".encode())) for k in range(3))
        owners.append(makers[i % len(makers)](tuple(keys)))
    return owners


def build_funding(owners: list[Owner]) -> tuple[TxOutput, ...]:
    """Give a coinbase's outputs that pay each owner one coin."""
    return tuple(TxOutput(VALUE, owner.script_pubkey) for owner in owners)


def spend(txid: Txid, position: int, owner: Owner) -> Transaction:
    """Sign a payment of one input and two outputs: to somebody, and change."""
    outputs = (
        TxOutput(VALUE // 2, p2sh_script(owner.script_code)),
        TxOutput(VALUE // 2 - _FEE, p2pkh_script(hash160(owner.script_code))),
    )
    tx = Transaction(2, (TxInput(OutPoint(txid, position)),), outputs)
    is_witness = owner.script_pubkey[0] == 0
    if is_witness:
        digest = segwit_sighash(tx, 0, owner.script_code, VALUE, SIGHASH_ALL)
    else:
        digest = legacy_sighash(tx, 0, owner.script_code, SIGHASH_ALL)
    signatures = [key.sign(digest) + bytes([SIGHASH_ALL]) for key in owner.keys]
    stack = (
        [b"", *signatures, owner.script_code]
        if len(signatures) > 1
        else [*signatures, owner.keys[0].public_key]
    )
    script_sig = b"" if is_witness else b"".join(map(push_data, stack))
    signed = tx.inputs[0]._replace(
        script_sig=script_sig, witness=tuple(stack) if is_witness else ()
    )
    return replace(tx, inputs=(signed,))


def build_block(
    height: int,
    prev_hash: BlockHash,
    transactions: tuple[Transaction, ...] = (),
    outputs: tuple[TxOutput, ...] = (),
) -> Block:
    """Mine a block; without ``outputs`` its coinbase pays nothing to nobody in particular."""
    script = encode_coinbase_height(height) + b"\0"
    coinbase = Transaction(
        1,
        (TxInput(NULL_OUTPOINT, script, witness=(bytes(32),)),),
        outputs or (TxOutput(0, p2pkh_script(bytes(20))),),
    )
    time = PARAMS.genesis_time + _SPACING * height
    header = BlockHeader(0x20000000, prev_hash, bytes(32), time, PARAMS.genesis_bits, 0)
    commitment = witness_commitment(Block(header, (coinbase, *transactions)), bytes(32))
    commits = TxOutput(0, WITNESS_COMMITMENT_PREFIX + commitment)
    coinbase = replace(coinbase, outputs=(*coinbase.outputs, commits))
    root = merkle_root([tx.txid for tx in (coinbase, *transactions)])
    header = next(
        header
        for nonce in count()
        if has_valid_work(header := replace(header, merkle_root=root, nonce=nonce), PARAMS)
    )
    return Block(header, (coinbase, *transactions))
