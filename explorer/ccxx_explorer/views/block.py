"""Lists of blocks and transactions, and the page of one block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ccxx_core.address import encode_address
from ccxx_core.block import target_from_bits, work_of_bits
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.network import MAIN, Network
from ccxx_core.script import read_ops
from ccxx_core.transaction import Transaction
from ccxx_explorer.database.rows import BlockRow, TransactionRow, VerdictRow
from ccxx_explorer.decode import decode_payload, read_payload
from ccxx_explorer.facts import (
    BlockFacts,
    BlockLine,
    CoinbaseFacts,
    TipFacts,
    Tone,
    TransactionLine,
)
from ccxx_explorer.language import say
from ccxx_explorer.views.verdicts import title_of_verdict, tone_of_verdict
from ccxx_explorer.wording import readable_text

# Difficulty 1, as programs of this family count.
_EASIEST_TARGET = 0xFFFF << 208
# Above it, on the main network, only miners on a list may mine (chain parameters of the reference).
_TRUSTED_MINERS_HEIGHT = 70_000
TRANSACTIONS_PER_PAGE = 50


def tip_facts(tip: BlockRow | None) -> TipFacts | None:
    """Sum up the last block of the index."""
    if tip is None:
        return None
    return TipFacts(tip.height, format_hash(tip.hash), tip.header.time, tip.median_time_past)


def block_line(row: BlockRow) -> BlockLine:
    """Build one line of a list of blocks."""
    return BlockLine(
        row.height, format_hash(row.hash), row.header.time, row.transaction_count, row.size
    )


def meaning_of_transaction(tx: Transaction) -> str:
    """Say in a few words what a transaction without a verdict is."""
    if tx.is_coinbase:
        return say("Coinbase: new coins and fees for the miner")
    for output in tx.outputs:
        payload = read_payload(output.script_pubkey)
        if payload is not None:
            data = decode_payload(payload)
            return data.title if data.codec else say("Payment with data of another protocol")
    return say("Payment")


def transaction_line(
    row: TransactionRow, time: int | None, verdict: VerdictRow | None
) -> TransactionLine:
    """Build one line of a list of transactions."""
    tx = row.transaction
    return TransactionLine(
        txid=format_hash(row.txid),
        height=row.height,
        position=row.position,
        time=time,
        value=sum(output.value for output in tx.outputs),
        operation=verdict.operation if verdict else None,
        accepted=verdict.accepted if verdict else None,
        meaning=title_of_verdict(verdict) if verdict else meaning_of_transaction(tx),
        tone=tone_of_verdict(verdict) if verdict else Tone.CALM,
    )


@dataclass(frozen=True, slots=True)
class BlockPageRows:
    """All that the page of a block is made from; `page` counts from 1.

    `previous` is None for the first block of the index. `messages` are transactions with verdicts.
    """

    block: BlockRow
    tip: BlockRow
    previous: BlockRow | None
    next_hash: bytes | None
    page: int
    coinbase: TransactionRow
    transactions: Sequence[TransactionRow]
    messages: Sequence[TransactionRow]
    message_count: int
    verdicts: Mapping[int, VerdictRow]


def block_facts(rows: BlockPageRows, network: Network) -> BlockFacts:
    """Build the page of a block."""
    row, header = rows.block, rows.block.header
    return BlockFacts(
        height=row.height,
        hash=format_hash(row.hash),
        previous_hash=format_hash(header.prev_hash) if row.height else None,
        next_hash=format_hash(rows.next_hash) if rows.next_hash is not None else None,
        confirmations=rows.tip.height - row.height + 1,
        time=header.time,
        median_time_past=row.median_time_past,
        version=header.version,
        bits=f"{header.bits:08x}",
        difficulty=difficulty_of(header.bits),
        work=work_of_bits(header.bits),
        nonce=header.nonce,
        merkle_root=format_hash(header.merkle_root),
        interval=header.time - rows.previous.header.time if rows.previous else None,
        trusted_miners=network.chain == MAIN.chain and row.height > _TRUSTED_MINERS_HEIGHT,
        coinbase=_coinbase_facts(rows.coinbase.transaction, network),
        size=row.size,
        weight=row.weight,
        transaction_count=row.transaction_count,
        message_count=rows.message_count,
        messages=_lines(rows, rows.messages),
        page=rows.page,
        pages=-(-row.transaction_count // TRANSACTIONS_PER_PAGE),
        transactions=_lines(rows, rows.transactions),
    )


def _lines(
    rows: BlockPageRows, transactions: Sequence[TransactionRow]
) -> tuple[TransactionLine, ...]:
    time = rows.block.header.time
    return tuple(transaction_line(tx, time, rows.verdicts.get(tx.number)) for tx in transactions)


def _coinbase_facts(tx: Transaction, network: Network) -> CoinbaseFacts:
    addresses = (encode_address(output.script_pubkey, network) for output in tx.outputs)
    script = tx.inputs[0].script_sig
    return CoinbaseFacts(
        txid=format_hash(tx.txid),
        value=sum(output.value for output in tx.outputs),
        address=next((address for address in addresses if address is not None), None),
        text=_miner_text(script),
        hex=script.hex(),
    )


def _miner_text(script: bytes) -> str | None:
    """Read what a miner wrote: the longest push that is text."""
    try:
        pushes = [data for _, data, _ in read_ops(script) if data]
    except DecodeError:
        pushes = [script]
    texts = [text for data in pushes if len(data) > 4 and (text := readable_text(data))]
    return max(texts, key=len, default=None)


def difficulty_of(bits: int) -> str:
    """Print how many times harder a target is than 0x1d00ffff, to six significant digits."""
    target = target_from_bits(bits)
    if target is None:
        return "0"
    return f"{Decimal(_EASIEST_TARGET) / Decimal(target):.6g}"
