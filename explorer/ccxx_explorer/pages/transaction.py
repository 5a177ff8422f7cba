"""Load the page of a transaction: from the index, or from the node while it is unconfirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import CreditKind, Moment
from ccxx_cert.verify import SpentOutput, explain
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import parse_txid
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_explorer.database import holdings, reader, slices
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.database.rows import BlockRow, CreditRow, OutputRow, TransactionRow
from ccxx_explorer.facts import PartFacts, TransactionFacts
from ccxx_explorer.foresight import coins_of
from ccxx_explorer.language import say
from ccxx_explorer.pdf_batches import load_pdf_batch
from ccxx_explorer.problems import bad_request, not_found
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.signatures import key_roles
from ccxx_explorer.views.transaction import (
    PER_PAGE,
    TransactionRows,
    last_page,
    part_of,
    shown,
    transaction_facts,
)
from ccxx_explorer.views.verdicts import verdict_facts

_SUBJECTS = 200


def load_transaction(site: Site, connection: Connection, question: Question) -> TransactionFacts:
    """Load one transaction by its id; `inputs` and `outputs` say which page of them."""
    try:
        txid = parse_txid(question.id.lower())
    except DecodeError as error:
        raise bad_request(
            say("This is not a transaction id."), say("A transaction id has 64 hex digits.")
        ) from error
    row = reader.transaction_of_id(connection, txid)
    if row is not None:
        rows = _confirmed(site, connection, row, _parts(question, row.transaction))
        facts = transaction_facts(rows, site.network)
        return replace(facts, pdf_batch=load_pdf_batch(site, connection, row))
    tx = site.pending_transaction(txid)
    if tx is None:
        raise not_found(
            say("This transaction is not known here."),
            say("It is in no block of the best chain, and the node does not hold it either."),
        )
    return unconfirmed_facts(site, connection, tx, question)


def unconfirmed_facts(
    site: Site, connection: Connection, tx: Transaction, question: Question
) -> TransactionFacts:
    """Build the page of a transaction that no block holds, whether it was sent or not."""
    rows = _pending(site, connection, tx, _parts(question, tx))
    return transaction_facts(rows, site.network)


def _parts(question: Question, tx: Transaction) -> tuple[PartFacts, PartFacts]:
    """Read which inputs and which outputs are asked for."""
    counts = {"inputs": len(tx.inputs), "outputs": len(tx.outputs)}
    inputs, outputs = (
        part_of(count, question.number(name, 1, 1, last_page(count)))
        for name, count in counts.items()
    )
    return inputs, outputs


def _confirmed(
    site: Site, connection: Connection, row: TransactionRow, parts: tuple[PartFacts, PartFacts]
) -> TransactionRows:
    tx, (inputs, outputs) = row.transaction, parts
    credits = holdings.credits_at(connection, _outpoints(tx, parts))
    verdict = reader.verdicts_of(connection, [row.number]).get(row.number)
    subjects = holdings.subjects_of(connection, row.number, _SUBJECTS) if verdict else []
    spent = slices.prevouts_between(connection, row.number, shown(inputs).start, PER_PAGE)
    return TransactionRows(
        transaction=tx,
        tip=site.tip_or_none(connection),
        input_part=inputs,
        output_part=outputs,
        block=reader.block_at(connection, row.height),
        position=row.position,
        value_in=None if tx.is_coinbase else slices.spent_value(connection, row.number),
        prevouts={coin.outpoint: coin for coin in spent},
        outputs=slices.outputs_between(connection, row.number, shown(outputs).start, PER_PAGE),
        credits=credits,
        key_roles=_key_roles(site, connection, tx, credits),
        verdict=verdict_facts(verdict, tuple(map(format_outpoint, subjects))) if verdict else None,
    )


def _pending(
    site: Site, connection: Connection, tx: Transaction, parts: tuple[PartFacts, PartFacts]
) -> TransactionRows:
    """Gather what is known of an unconfirmed transaction, and what it would do."""
    prevouts = {
        at: OutputRow(at, coin.value, coin.script_pubkey, None)
        for at, coin in coins_of(site, connection, tx).items()
    }
    credits = holdings.credits_at(connection, _outpoints(tx, parts))
    tip = site.tip_or_none(connection)
    return TransactionRows(
        transaction=tx,
        tip=tip,
        input_part=parts[0],
        output_part=parts[1],
        value_in=_value_in(tx, prevouts),
        prevouts=prevouts,
        credits=credits,
        key_roles=_key_roles(site, connection, tx, credits),
        meaning=_meaning(site, connection, tx, prevouts, tip),
    )


def _value_in(tx: Transaction, prevouts: Mapping[OutPoint, OutputRow]) -> int | None:
    if any(tx_input.prevout not in prevouts for tx_input in tx.inputs):
        return None
    return sum(prevouts[tx_input.prevout].value for tx_input in tx.inputs)


def _meaning(
    site: Site,
    connection: Connection,
    tx: Transaction,
    prevouts: Mapping[OutPoint, OutputRow],
    tip: BlockRow | None,
) -> tuple[str, ...]:
    anchor = site.database.anchor
    if anchor is None or tip is None:
        return ()
    spent = {
        outpoint: SpentOutput(coin.value, coin.script_pubkey) for outpoint, coin in prevouts.items()
    }
    moment = Moment(tip.height + 1, tip.header.time, tip.median_time_past)
    return explain(tx, RecordTables(connection), anchor, next_block=moment, spent=spent).lines


def _outpoints(tx: Transaction, parts: tuple[PartFacts, PartFacts]) -> Iterable[OutPoint]:
    """Name the coins that the page shows."""
    inputs, outputs = parts
    yield from (tx.inputs[index].prevout for index in shown(inputs))
    yield from (OutPoint(tx.txid, vout) for vout in shown(outputs))


def _key_roles(
    site: Site, connection: Connection, tx: Transaction, credits: Mapping[OutPoint, CreditRow]
) -> dict[bytes, str]:
    """Name the keys around the credit that is spent; outputs show no keys."""
    spent = [credits[each.prevout] for each in tx.inputs if each.prevout in credits]
    owners = {kind: [each.owner for each in spent if each.kind is kind] for kind in CreditKind}
    permits = holdings.permits_of(connection, filter(None, owners[CreditKind.PERMIT]))
    ids = dict.fromkeys(filter(None, owners[CreditKind.CERTIFICATE]))
    certificates = (holdings.certificate(connection, each) for each in ids)
    return key_roles(site.database.anchor, permits.values(), filter(None, certificates))
