"""The page of a transaction: where its coins come from, who signed, and where they go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ccxx_cert.custody import revealed_script
from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.state import CreditKind
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_core.script import solve_script
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_explorer.database.rows import BlockRow, CreditRow, OutputRow
from ccxx_explorer.decode import decode_payload, disassemble, read_payload
from ccxx_explorer.facts import (
    CreditRole,
    InputFacts,
    OutputFacts,
    PartFacts,
    SpendFacts,
    TransactionFacts,
    VerdictFacts,
)
from ccxx_explorer.language import say
from ccxx_explorer.views.signatures import input_keys, open_input
from ccxx_explorer.views.timelocks import locktime_words, sequence_words
from ccxx_explorer.wording import printable

# Inputs, and outputs, on one page.
PER_PAGE = 100
# A transaction that is longer, in bytes, is not spelt out in hex.
_MOST_HEX = 50_000


@dataclass(frozen=True, slots=True)
class TransactionRows:
    """All that the page of a transaction is made from; what is not known is left out.

    `position` is None and `block` is None while it is unconfirmed; `value_in` is what all inputs
    spend, in satoshis. `outputs` are those of the page. `key_roles` names public keys.
    """

    transaction: Transaction
    tip: BlockRow | None
    input_part: PartFacts
    output_part: PartFacts
    block: BlockRow | None = None
    position: int | None = None
    value_in: int | None = None
    prevouts: Mapping[OutPoint, OutputRow] = field(default_factory=dict)
    outputs: Sequence[OutputRow] = ()
    credits: Mapping[OutPoint, CreditRow] = field(default_factory=dict)
    key_roles: Mapping[bytes, str] = field(default_factory=dict)
    verdict: VerdictFacts | None = None
    meaning: Sequence[str] = ()


def part_of(count: int, page: int) -> PartFacts:
    """Describe a page of inputs or outputs; pages count from 1, and there is always one."""
    return PartFacts(count, page, last_page(count))


def last_page(count: int) -> int:
    """Tell how many pages so many inputs or outputs take."""
    return max(1, -(-count // PER_PAGE))


def shown(part: PartFacts) -> range:
    """Give the positions that a page shows."""
    first = (part.page - 1) * PER_PAGE
    return range(first, min(first + PER_PAGE, part.count))


def transaction_facts(rows: TransactionRows, network: Network) -> TransactionFacts:
    """Build the page of a transaction."""
    tx, block, tip = rows.transaction, rows.block, rows.tip
    confirmed = block is not None and tip is not None
    value_out = sum(output.value for output in tx.outputs)
    fee = None if rows.value_in is None else rows.value_in - value_out
    return TransactionFacts(
        txid=format_hash(tx.txid),
        wtxid=format_hash(tx.wtxid),
        status="confirmed" if confirmed else "pending",
        confirmations=tip.height - block.height + 1 if block is not None and tip is not None else 0,
        height=block.height if block else None,
        block_hash=format_hash(block.hash) if block else None,
        position=rows.position,
        time=block.header.time if block else None,
        coinbase=tx.is_coinbase,
        version=tx.version,
        locktime=tx.locktime,
        locktime_words=locktime_words(tx),
        size=tx.size,
        vsize=tx.vsize,
        weight=tx.weight,
        fee=fee,
        feerate=None if fee is None else fee * 1000 // tx.vsize,
        value_in=rows.value_in,
        value_out=value_out,
        input_part=rows.input_part,
        output_part=rows.output_part,
        inputs=tuple(_input_facts(rows, index, network) for index in shown(rows.input_part)),
        outputs=tuple(_output_facts(rows, vout, network) for vout in shown(rows.output_part)),
        verdict=rows.verdict,
        meaning=tuple(printable(line) for line in rows.meaning),
        hex=tx.encode().hex() if tx.size <= _MOST_HEX else None,
    )


def _input_facts(rows: TransactionRows, index: int, network: Network) -> InputFacts:
    tx, tx_input = rows.transaction, rows.transaction.inputs[index]
    coin = rows.prevouts.get(tx_input.prevout)
    script_pubkey = coin.script_pubkey if coin else b""
    revealed = revealed_script(tx_input, script_pubkey) if coin else None
    spent = TxOutput(coin.value, coin.script_pubkey) if coin else None
    lock = open_input(tx_input, spent) if spent else None
    return InputFacts(
        index=index,
        coinbase=tx.is_coinbase,
        txid=None if tx.is_coinbase else format_hash(tx_input.prevout.txid),
        vout=None if tx.is_coinbase else tx_input.prevout.vout,
        value=coin.value if coin else None,
        address=encode_address(script_pubkey, network) if coin else None,
        kind=solve_script(script_pubkey).kind.value if coin else "unknown",
        credit=credit_role(rows.credits.get(tx_input.prevout)),
        required=lock.required if lock else None,
        keys=input_keys(tx, index, spent, rows.key_roles) if spent else (),
        sequence=tx_input.sequence,
        sequence_words=sequence_words(tx_input.sequence, tx.version),
        script_sig=tx_input.script_sig.hex(),
        witness=tuple(item.hex() for item in tx_input.witness),
        script=disassemble(revealed) if revealed is not None else None,
    )


def _output_facts(rows: TransactionRows, vout: int, network: Network) -> OutputFacts:
    output = rows.transaction.outputs[vout]
    payload = read_payload(output.script_pubkey)
    place = vout - shown(rows.output_part).start
    spend = rows.outputs[place].spend if place < len(rows.outputs) else None
    return OutputFacts(
        vout=vout,
        value=output.value,
        address=encode_address(output.script_pubkey, network),
        kind=solve_script(output.script_pubkey).kind.value,
        script_pubkey=output.script_pubkey.hex(),
        asm=disassemble(output.script_pubkey),
        credit=credit_role(rows.credits.get(OutPoint(rows.transaction.txid, vout))),
        data=decode_payload(payload) if payload is not None else None,
        spent_by=SpendFacts(format_hash(spend.txid), spend.index, spend.height) if spend else None,
    )


def credit_role(credit: CreditRow | None) -> CreditRole | None:
    """Say what a coin is or was to the protocol."""
    if credit is None:
        return None
    if credit.kind is CreditKind.ROOT or credit.owner is None:
        return CreditRole("root", None, say("root credit"))
    owner = format_outpoint(credit.owner)
    if credit.kind is CreditKind.PERMIT:
        return CreditRole("permit", owner, say("credit of a permit"))
    words = say("certificate %(id)s", id=certificate_id(credit.owner))
    return CreditRole("certificate", owner, words)
