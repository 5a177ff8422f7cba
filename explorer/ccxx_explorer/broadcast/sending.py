"""Try a transaction out at the node, and send it: what becomes of it is told in words."""

from __future__ import annotations

from sqlalchemy import Connection

from ccxx_core.hashes import format_hash
from ccxx_core.transaction import Transaction
from ccxx_explorer.database import reader
from ccxx_explorer.facts.broadcast import BroadcastFacts
from ccxx_explorer.facts.status import Statement, Tone
from ccxx_explorer.facts.transactions import TransactionFacts
from ccxx_explorer.foresight import foresee
from ccxx_explorer.language import say
from ccxx_explorer.pages.transaction import load_transaction, unconfirmed_facts
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.pool import outlook_tone, outlook_words
from ccxx_explorer.views.rejection import reason_of, rejection_words
from ccxx_explorer.wording import printable
from ccxx_node.client.rpc import NodeError, RpcError

_ALREADY_IN_CHAIN = -27


def explain_transaction(site: Site, connection: Connection, tx: Transaction) -> BroadcastFacts:
    """Say what a transaction would do and whether the node would take it; nothing is sent."""
    status, reason = _try_out(site, connection, tx)
    return _facts(site, connection, tx, status, reason)


def send_transaction(site: Site, connection: Connection, tx: Transaction) -> BroadcastFacts:
    """Give the node a transaction, and say what became of it."""
    known = _known(site, connection, tx)
    if known is not None:
        return _facts(site, connection, tx, known, None)
    try:
        site.ask_node(lambda client: client.send(tx))
    except NodeError:
        return _facts(site, connection, tx, "unknown", None)
    except RpcError as error:
        if error.code == _ALREADY_IN_CHAIN:
            return _facts(site, connection, tx, "confirmed", None)
        return _facts(site, connection, tx, "refused", reason_of(error.message))
    return _facts(site, connection, tx, "sent", None)


def _try_out(site: Site, connection: Connection, tx: Transaction) -> tuple[str, str | None]:
    known = _known(site, connection, tx)
    if known is not None:
        return known, None
    try:
        reason = site.ask_node(lambda client: client.test_accept(tx))
    except NodeError:
        return "unknown", None
    except RpcError as error:
        reason = error.message
    return ("acceptable", None) if reason is None else ("refused", reason_of(reason))


def _known(site: Site, connection: Connection, tx: Transaction) -> str | None:
    if reader.transaction_of_id(connection, tx.txid) is not None:
        return "confirmed"
    return "waiting" if tx.txid in site.pool().transactions else None


def _facts(
    site: Site, connection: Connection, tx: Transaction, status: str, reason: str | None
) -> BroadcastFacts:
    drawn, (meaning, tone) = _look_at(site, connection, tx)
    return BroadcastFacts(
        status=status,
        verdict=_statement(status, reason),
        reason=printable(reason) if reason is not None else None,
        txid=format_hash(tx.txid),
        meaning=meaning,
        tone=tone,
        hex=tx.encode().hex(),
        transaction=drawn,
    )


def _look_at(
    site: Site, connection: Connection, tx: Transaction
) -> tuple[TransactionFacts, tuple[str, Tone]]:
    """Draw a transaction, with what certificates make of it and the colour of that."""
    if reader.transaction_of_id(connection, tx.txid) is not None:
        # What it spends is gone: judged anew it would do nothing, whatever it did.
        drawn = load_transaction(site, connection, Question(format_hash(tx.txid), {}))
        judged = drawn.verdict
        return drawn, (judged.words, judged.tone) if judged else (outlook_words(None), Tone.CALM)
    verdict = foresee(site, connection, [tx]).verdicts.get(tx.txid)
    drawn = unconfirmed_facts(site, connection, tx, Question("", {}))
    return drawn, (outlook_words(verdict), outlook_tone(verdict))


def _statement(status: str, reason: str | None) -> Statement:
    if status == "refused":
        title = say("The node does not take it")
        return Statement(status, Tone.BAD, title, rejection_words(reason or ""))
    title, words = {
        "acceptable": (
            say("The node would take it"),
            say("It is not sent yet. Once sent it cannot be called back."),
        ),
        "sent": (
            say("Sent"),
            say("The node has it and passes it on. It counts once a block holds it."),
        ),
        "waiting": (
            say("It waits already"),
            say("The node has it already. It counts once a block holds it."),
        ),
        "confirmed": (
            say("A block has it already"),
            say("There is nothing left to send."),
        ),
        "unknown": (
            say("The node does not answer"),
            say("Nobody can say now whether it would be taken. Please try again in a moment."),
        ),
    }[status]
    return Statement(status, Tone.WARN if status == "unknown" else Tone.CALM, title, words)
