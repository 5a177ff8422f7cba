"""Draw transactions, blocks and coins the way Esplora shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccxx_core.address import encode_address
from ccxx_core.block import BlockHeader
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_core.script import is_p2sh, read_ops, witness_program
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.database.rows import BlockPlace, BlockRow
from ccxx_explorer.facts.esplora import (
    EsploraBlock,
    EsploraInput,
    EsploraOutput,
    EsploraStatus,
    EsploraTransaction,
)
from ccxx_explorer.views.assembly import assemble, script_type

PENDING = EsploraStatus(confirmed=False)
_SCRIPT_HASH_SIZE = 32


@dataclass(frozen=True, slots=True)
class SeenTransaction:
    """A transaction with the coins it spends, as far as they are known; no place: in no block.

    `fee` is what the node says about one whose coins are not all known here.
    """

    transaction: Transaction
    place: BlockPlace | None
    prevouts: Mapping[OutPoint, TxOutput]
    fee: int | None = None


def status_facts(place: BlockPlace | None) -> EsploraStatus:
    """Say in which block of the best chain something is."""
    if place is None:
        return PENDING
    return EsploraStatus(
        confirmed=True,
        block_height=place.height,
        block_hash=format_hash(place.hash),
        block_time=place.time,
    )


def esplora_transaction(seen: SeenTransaction, network: Network) -> EsploraTransaction:
    """Draw one transaction."""
    tx = seen.transaction
    return EsploraTransaction(
        txid=format_hash(tx.txid),
        version=tx.version,
        locktime=tx.locktime,
        vin=tuple(_input(each, seen.prevouts.get(each.prevout), network) for each in tx.inputs),
        vout=tuple(_output(output, network) for output in tx.outputs),
        size=tx.size,
        weight=tx.weight,
        fee=fee_of(seen),
        status=status_facts(seen.place),
    )


def fee_of(seen: SeenTransaction) -> int:
    """Give the fee in satoshis; 0 for a coinbase, and where nobody knows it."""
    tx = seen.transaction
    coins = [seen.prevouts.get(each.prevout) for each in tx.inputs]
    known = [coin.value for coin in coins if coin is not None]
    if len(known) < len(coins):
        return seen.fee or 0
    return sum(known) - value_of(tx)


def value_of(tx: Transaction) -> int:
    """Sum up the outputs of a transaction."""
    return sum(output.value for output in tx.outputs)


def _input(each: TxInput, coin: TxOutput | None, network: Network) -> EsploraInput:
    redeem = _redeem_script(each, coin)
    inner = _witness_script(each, coin, redeem)
    is_coinbase = each.prevout.txid == bytes(32)
    return EsploraInput(
        txid=format_hash(each.prevout.txid),
        vout=each.prevout.vout,
        prevout=_output(coin, network) if coin is not None else None,
        scriptsig=each.script_sig.hex(),
        scriptsig_asm=assemble(each.script_sig),
        witness=tuple(item.hex() for item in each.witness) or None,
        is_coinbase=is_coinbase,
        sequence=each.sequence,
        inner_redeemscript_asm=assemble(redeem) if redeem is not None else None,
        inner_witnessscript_asm=assemble(inner) if inner is not None else None,
    )


def _redeem_script(each: TxInput, coin: TxOutput | None) -> bytes | None:
    if coin is None or not is_p2sh(coin.script_pubkey):
        return None
    last: bytes | None = None
    try:
        for _, data, _ in read_ops(each.script_sig):
            last = data
    except DecodeError:
        return None
    return last


def _witness_script(each: TxInput, coin: TxOutput | None, redeem: bytes | None) -> bytes | None:
    if coin is None or not each.witness:
        return None
    scripts = (coin.script_pubkey, redeem or b"")
    return each.witness[-1] if any(map(_is_witness_script_hash, scripts)) else None


def _is_witness_script_hash(script: bytes) -> bool:
    program = witness_program(script)
    return program is not None and program[0] == 0 and len(program[1]) == _SCRIPT_HASH_SIZE


def _output(output: TxOutput, network: Network) -> EsploraOutput:
    script = output.script_pubkey
    return EsploraOutput(
        scriptpubkey=script.hex(),
        scriptpubkey_asm=assemble(script),
        scriptpubkey_type=script_type(script),
        scriptpubkey_address=encode_address(script, network),
        value=output.value,
    )


def esplora_block(row: BlockRow) -> EsploraBlock:
    """Draw one block."""
    header = row.header
    return EsploraBlock(
        id=format_hash(row.hash),
        height=row.height,
        version=header.version,
        timestamp=header.time,
        tx_count=row.transaction_count,
        size=row.size,
        weight=row.weight,
        merkle_root=format_hash(header.merkle_root),
        previousblockhash=format_hash(header.prev_hash) if any(header.prev_hash) else None,
        mediantime=row.median_time_past,
        nonce=header.nonce,
        bits=header.bits,
        difficulty=_difficulty(header),
    )


def _difficulty(header: BlockHeader) -> float:
    """Say how much harder the block was to find than the easiest of Bitcoin's main network."""
    mantissa, exponent = header.bits & 0xFFFFFF, header.bits >> 24
    return 0xFFFF / mantissa * 256.0 ** (29 - exponent) if mantissa else 0.0


def fee_histogram(rates: Sequence[tuple[float, int]], width: int) -> tuple[tuple[float, int], ...]:
    """Gather pairs of a fee rate and vbytes into bins of a little more than `width` vbytes.

    Each bin says how many vbytes pay at least its rate, and less than the bin before it.
    """
    bins: list[tuple[float, int]] = []
    size, lowest = 0, 0.0
    for rate, vsize in sorted(rates, reverse=True):
        if size > width and rate != lowest:
            bins.append((lowest, size))
            size = 0
        size, lowest = size + vsize, rate
    if size:
        bins.append((lowest, size))
    return tuple(bins)
