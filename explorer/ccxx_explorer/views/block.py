"""Lists of blocks and transactions, and the page of one block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccxx_core.hashes import format_hash
from ccxx_core.transaction import Transaction
from ccxx_explorer.database.rows import BlockRow, TransactionRow, VerdictRow
from ccxx_explorer.decode import decode_payload, read_payload
from ccxx_explorer.facts import BlockFacts, BlockLine, TipFacts, Tone, TransactionLine
from ccxx_explorer.views.verdicts import title_of_verdict, tone_of_verdict

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
        return "Coinbase: new coins and fees for the miner"
    for output in tx.outputs:
        payload = read_payload(output.script_pubkey)
        if payload is not None:
            data = decode_payload(payload)
            return data.title if data.codec else "Payment with data of another protocol"
    return "Payment"


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
    """All that the page of a block is made from; `page` counts from 1."""

    block: BlockRow
    tip: BlockRow
    next_hash: bytes | None
    page: int
    transactions: Sequence[TransactionRow]
    verdicts: Mapping[int, VerdictRow]


def block_facts(rows: BlockPageRows) -> BlockFacts:
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
        nonce=header.nonce,
        merkle_root=format_hash(header.merkle_root),
        size=row.size,
        weight=row.weight,
        transaction_count=row.transaction_count,
        page=rows.page,
        pages=-(-row.transaction_count // TRANSACTIONS_PER_PAGE),
        transactions=tuple(
            transaction_line(tx, header.time, rows.verdicts.get(tx.number))
            for tx in rows.transactions
        ),
    )
