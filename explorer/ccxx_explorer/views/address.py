"""The page of an address: what each transaction brought or took, and the script behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ccxx_cert.custody import certificate_script, opens, permit_script
from ccxx_cert.state import Certificate, Permit
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_core.script import solve_script
from ccxx_core.spending import Lock, SpendingError, open_lock
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_explorer.database.rows import CreditRow, TouchRow, UnspentRow, VerdictRow
from ccxx_explorer.decode import disassemble
from ccxx_explorer.facts import KeyFacts
from ccxx_explorer.facts.addresses import CoinLine, HistoryLine, PartyFacts, ScriptFacts
from ccxx_explorer.views.block import transaction_line
from ccxx_explorer.views.transaction import credit_role

# Inputs, and outputs, that a line names.
MOST_PARTIES = 4


@dataclass(frozen=True, slots=True)
class HistoryRows:
    """A page of an address's history; `before` is its balance before the oldest of them."""

    script_pubkey: bytes
    touches: Sequence[TouchRow]
    before: int
    prevouts: Mapping[OutPoint, TxOutput]
    times: Mapping[int, int]
    verdicts: Mapping[int, VerdictRow]


def history_lines(rows: HistoryRows, network: Network) -> tuple[HistoryLine, ...]:
    """Build the lines of an address's history, newest first."""
    older = [*(touch.balance for touch in rows.touches), rows.before][1:]
    return tuple(
        _history_line(rows, touch, touch.balance - before, network)
        for touch, before in zip(rows.touches, older, strict=True)
    )


def _history_line(rows: HistoryRows, touch: TouchRow, change: int, network: Network) -> HistoryLine:
    row, tx = touch.row, touch.row.transaction
    line = transaction_line(row, rows.times[row.height], rows.verdicts.get(row.number))
    spent = [rows.prevouts.get(each.prevout) for each in tx.inputs]

    def party(output: TxOutput | None) -> PartyFacts:
        return _party(output, rows.script_pubkey, network)

    return HistoryLine(
        number=touch.position,
        txid=line.txid,
        height=line.height,
        position=line.position,
        time=line.time,
        value=line.value,
        operation=line.operation,
        accepted=line.accepted,
        meaning=line.meaning,
        tone=line.tone,
        change=change,
        balance=touch.balance,
        inputs=() if tx.is_coinbase else _first(spent, party, rows.script_pubkey),
        input_count=len(tx.inputs),
        outputs=_first(tx.outputs, party, rows.script_pubkey),
        output_count=len(tx.outputs),
    )


def _first(
    outputs: Sequence[TxOutput | None],
    party: Callable[[TxOutput | None], PartyFacts],
    script_pubkey: bytes,
) -> tuple[PartyFacts, ...]:
    """Name the first of them; one of this address comes in where it would be left out."""
    chosen = list(outputs[:MOST_PARTIES])
    if all(output is None or output.script_pubkey != script_pubkey for output in chosen):
        others = (each for each in outputs[MOST_PARTIES:] if each is not None)
        own = next((each for each in others if each.script_pubkey == script_pubkey), None)
        chosen += [own] if own is not None else []
    return tuple(map(party, chosen))


def _party(output: TxOutput | None, script_pubkey: bytes, network: Network) -> PartyFacts:
    if output is None:
        return PartyFacts(None, "unknown", None, False)
    return PartyFacts(
        address=encode_address(output.script_pubkey, network),
        kind=solve_script(output.script_pubkey).kind.value,
        value=output.value,
        own=output.script_pubkey == script_pubkey,
    )


def coin_line(row: UnspentRow, credit: CreditRow | None) -> CoinLine:
    """Build the line of an unspent coin."""
    return CoinLine(
        txid=format_hash(row.outpoint.txid),
        vout=row.outpoint.vout,
        value=row.value,
        height=row.height,
        credit=credit_role(credit),
    )


def change_of(
    tx: Transaction, prevouts: Mapping[OutPoint, TxOutput], script_pubkey: bytes
) -> int | None:
    """Tell what a transaction would bring an address, None where it spends unknown coins."""
    if any(tx_input.prevout not in prevouts for tx_input in tx.inputs):
        return None
    spent = (prevouts[tx_input.prevout] for tx_input in tx.inputs)
    taken = sum(coin.value for coin in spent if coin.script_pubkey == script_pubkey)
    brought = sum(each.value for each in tx.outputs if each.script_pubkey == script_pubkey)
    return brought - taken


def rebuilt_script(
    script_pubkey: bytes, certificates: Sequence[Certificate], permits: Sequence[Permit]
) -> bytes | None:
    """Rebuild the script behind an address from what permits and certificates have shown."""
    for certificate in certificates:
        for holding in certificate.holdings:
            if holding.holder_key is not None and holding.script_pubkey == script_pubkey:
                keys = (certificate.root_key, certificate.issuer_key, holding.holder_key)
                script = certificate_script(*keys, holding.custody or certificate.policy)
                if opens(script, script_pubkey):
                    return script
    for permit in permits:
        if permit.issuer_key is not None and permit.root_key and permit.system_key:
            script = permit_script(permit.root_key, permit.issuer_key, permit.system_key)
            if opens(script, script_pubkey):
                return script
    return None


def lock_of(script: bytes, script_pubkey: bytes) -> Lock | None:
    """Open an address by a script that was rebuilt."""
    try:
        return open_lock(TxOutput(0, script_pubkey), script, script)
    except SpendingError:
        return None


def script_facts(lock: Lock, roles: Mapping[bytes, str], txid: bytes | None) -> ScriptFacts:
    """Say whose keys the script behind an address holds."""
    return ScriptFacts(
        required=lock.required,
        keys=tuple(KeyFacts(key.hex(), roles.get(key, "unknown"), None) for key in lock.keys),
        asm=disassemble(lock.script),
        delay=lock.delay,
        txid=format_hash(txid) if txid is not None else None,
    )
