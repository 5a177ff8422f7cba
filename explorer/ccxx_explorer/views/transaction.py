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
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.database.rows import BlockRow, CreditRow, OutputRow
from ccxx_explorer.decode import decode_payload, disassemble, read_payload
from ccxx_explorer.facts import (
    CreditRole,
    InputFacts,
    KeyFacts,
    OutputFacts,
    SpendFacts,
    TransactionFacts,
    VerdictFacts,
)
from ccxx_explorer.views.signatures import input_keys
from ccxx_explorer.wording import printable


@dataclass(frozen=True, slots=True)
class TransactionRows:
    """All that the page of a transaction is made from; what is not known is left out.

    `position` is None and `block` is None while it is unconfirmed; `key_roles` names public keys.
    """

    transaction: Transaction
    tip: BlockRow | None
    block: BlockRow | None = None
    position: int | None = None
    prevouts: Mapping[OutPoint, OutputRow] = field(default_factory=dict)
    outputs: Sequence[OutputRow] = ()
    credits: Mapping[OutPoint, CreditRow] = field(default_factory=dict)
    key_roles: Mapping[bytes, str] = field(default_factory=dict)
    verdict: VerdictFacts | None = None
    meaning: Sequence[str] = ()


def transaction_facts(rows: TransactionRows, network: Network) -> TransactionFacts:
    """Build the page of a transaction."""
    tx, block, tip = rows.transaction, rows.block, rows.tip
    confirmed = block is not None and tip is not None
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
        size=tx.size,
        vsize=tx.vsize,
        weight=tx.weight,
        fee=_fee(rows),
        inputs=tuple(
            _input_facts(rows, index, tx_input, network) for index, tx_input in enumerate(tx.inputs)
        ),
        outputs=tuple(
            _output_facts(rows, vout, output, network) for vout, output in enumerate(tx.outputs)
        ),
        verdict=rows.verdict,
        meaning=tuple(printable(line) for line in rows.meaning),
        hex=tx.encode().hex(),
    )


def _fee(rows: TransactionRows) -> int | None:
    tx = rows.transaction
    if tx.is_coinbase or any(each.prevout not in rows.prevouts for each in tx.inputs):
        return None
    spent = sum(rows.prevouts[each.prevout].value for each in tx.inputs)
    return spent - sum(output.value for output in tx.outputs)


def _input_facts(
    rows: TransactionRows, index: int, tx_input: TxInput, network: Network
) -> InputFacts:
    coinbase = rows.transaction.is_coinbase
    coin = rows.prevouts.get(tx_input.prevout)
    script_pubkey = coin.script_pubkey if coin else b""
    revealed = revealed_script(tx_input, script_pubkey) if coin else None
    return InputFacts(
        index=index,
        coinbase=coinbase,
        txid=None if coinbase else format_hash(tx_input.prevout.txid),
        vout=None if coinbase else tx_input.prevout.vout,
        value=coin.value if coin else None,
        address=encode_address(script_pubkey, network) if coin else None,
        kind=solve_script(script_pubkey).kind.value if coin else "unknown",
        credit=_credit_role(rows.credits.get(tx_input.prevout)),
        keys=_keys(rows, index, coin),
        sequence=tx_input.sequence,
        script_sig=tx_input.script_sig.hex(),
        witness=tuple(item.hex() for item in tx_input.witness),
        script=disassemble(revealed) if revealed is not None else None,
    )


def _output_facts(
    rows: TransactionRows, vout: int, output: TxOutput, network: Network
) -> OutputFacts:
    payload = read_payload(output.script_pubkey)
    spend = rows.outputs[vout].spend if vout < len(rows.outputs) else None
    return OutputFacts(
        vout=vout,
        value=output.value,
        address=encode_address(output.script_pubkey, network),
        kind=solve_script(output.script_pubkey).kind.value,
        script_pubkey=output.script_pubkey.hex(),
        asm=disassemble(output.script_pubkey),
        credit=_credit_role(rows.credits.get(OutPoint(rows.transaction.txid, vout))),
        data=decode_payload(payload) if payload is not None else None,
        spent_by=SpendFacts(format_hash(spend.txid), spend.index, spend.height) if spend else None,
    )


def _credit_role(credit: CreditRow | None) -> CreditRole | None:
    if credit is None:
        return None
    if credit.kind is CreditKind.ROOT or credit.owner is None:
        return CreditRole("root", None, "root credit")
    owner = format_outpoint(credit.owner)
    if credit.kind is CreditKind.PERMIT:
        return CreditRole("permit", owner, "credit of a permit")
    return CreditRole("certificate", owner, f"certificate {certificate_id(credit.owner)}")


def _keys(rows: TransactionRows, index: int, coin: OutputRow | None) -> tuple[KeyFacts, ...]:
    if coin is None:
        return ()
    spent = TxOutput(coin.value, coin.script_pubkey)
    return input_keys(rows.transaction, index, spent, rows.key_roles)
