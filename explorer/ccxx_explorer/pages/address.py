"""Load the page of an address; an old address of a certificate leads to it still."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ccxx_cert.state import Certificate, CreditKind, Permit
from ccxx_core.address import encode_address
from ccxx_core.hashes import Txid, format_hash, sha256
from ccxx_core.script import solve_script
from ccxx_core.spending import Lock
from ccxx_core.transaction import TxOutput
from ccxx_explorer.database import coins, esplora, holdings, reader
from ccxx_explorer.database.pending import coins_at
from ccxx_explorer.database.rows import ScriptTotals
from ccxx_explorer.facts.addresses import (
    AddressFacts,
    CoinList,
    HistoryLine,
    PendingLine,
    ScriptFacts,
)
from ccxx_explorer.language import say
from ccxx_explorer.pages.certificates import certificate_lines
from ccxx_explorer.problems import bad_request
from ccxx_explorer.question import LIST_LENGTH, Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.address import (
    MOST_PARTIES,
    HistoryRows,
    change_of,
    coin_line,
    history_lines,
    lock_of,
    rebuilt_script,
    script_facts,
)
from ccxx_explorer.views.permit import permit_line
from ccxx_explorer.views.search import problem_words, read_search
from ccxx_explorer.views.signatures import key_roles, open_input

_LAST_NUMBER = (1 << 31) - 1
_LAST_PLACE = (1 << 53) - 1
_FEW = 10
# Only the newest transactions are searched for one that shows the script.
_SEARCHED = 50


def load_address(site: Site, connection: Connection, question: Question) -> AddressFacts:
    """Load one address."""
    reading = read_search(question.id, site.network)
    script = reading.script
    if script is None:
        raise bad_request(
            say("This is not an address of this network."),
            problem_words(question.id, reading, site.network),
        )
    tip, script_hash = site.tip(connection), sha256(script)
    totals = esplora.totals_of(connection, script_hash)
    history = _history(site, connection, question, script)
    certificates = holdings.certificates_at(connection, script_hash, LIST_LENGTH)
    permits = holdings.permits_at(connection, script_hash, LIST_LENGTH)
    return AddressFacts(
        address=encode_address(script, site.network) or question.id,
        as_of=site.as_of(tip),
        kind=solve_script(script).kind.value,
        script_pubkey=script.hex(),
        script_hash=script_hash.hex(),
        script=_script(site, connection, script, certificates, permits),
        roles=_roles(site, connection, script),
        received=totals.funded,
        sent=totals.spent,
        unspent=totals.funded - totals.spent,
        transaction_count=totals.transaction_count,
        certificates=certificate_lines(site, connection, certificates[:_FEW], tip),
        certificate_count=holdings.count_certificates_at(connection, script_hash),
        permits=tuple(permit_line(permit, tip) for permit in permits[:_FEW]),
        coins=_coins(connection, question, script_hash, totals),
        pending=_pending(site, connection, script),
        transactions=history,
        below=history[-1].number if history and history[-1].number > 1 else None,
        above=_above(history, totals),
    )


def _above(history: Sequence[HistoryLine], totals: ScriptTotals) -> int | None:
    return history[0].number if history and history[0].number < totals.transaction_count else None


def _history(
    site: Site, connection: Connection, question: Question, script: bytes
) -> tuple[HistoryLine, ...]:
    """Read the page of the history that is asked for, and one touch more for its balance."""
    above = question.number("above", 0, 1, _LAST_NUMBER)
    below = question.number("below", 0, 1, _LAST_NUMBER)
    last = _LAST_NUMBER
    if below:
        last = below - 1
    elif above:
        last = above + LIST_LENGTH
    found = reader.history_by_position(connection, sha256(script), last, LIST_LENGTH + 1)
    touches = found[:LIST_LENGTH]
    rows = [touch.row for touch in touches]
    prevouts = (
        tx_input.prevout for row in rows for tx_input in row.transaction.inputs[:MOST_PARTIES]
    )
    history = HistoryRows(
        script_pubkey=script,
        touches=touches,
        before=found[LIST_LENGTH].balance if len(found) > LIST_LENGTH else 0,
        prevouts=coins_at(connection, prevouts),
        times=reader.times_of(connection, (row.height for row in rows)),
        verdicts=reader.verdicts_of(connection, (row.number for row in rows)),
    )
    return history_lines(history, site.network)


def _coins(
    connection: Connection, question: Question, script_hash: bytes, totals: ScriptTotals
) -> CoinList:
    """Read the coins that are asked for: `coins` is the place of the last one seen."""
    rows, place = coins.unspent_below(connection, script_hash, _place(question), LIST_LENGTH)
    credits = holdings.credits_at(connection, (row.outpoint for row in rows))
    more = len(rows) == LIST_LENGTH and place is not None
    return CoinList(
        coins=tuple(coin_line(row, credits.get(row.outpoint)) for row in rows),
        count=totals.funded_count - totals.spent_count,
        below=f"{place[0]}-{place[1]}" if more and place is not None else None,
    )


def _place(question: Question) -> coins.Place | None:
    text = question.parameters.get("coins", "")
    if not text:
        return None
    number, _, vout = text.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) <= 16 for part in (number, vout)):
        raise bad_request(
            say("coins is no place in a list of coins."), say("The page before names it.")
        )
    return min(int(number), _LAST_PLACE), min(int(vout), _LAST_NUMBER)


def _pending(site: Site, connection: Connection, script: bytes) -> tuple[PendingLine, ...]:
    pool = site.pool()
    lines = []
    for txid in pool.by_script.get(sha256(script), ())[:LIST_LENGTH]:
        pending = pool.transactions.get(txid)
        # A block may have taken it a moment ago.
        if pending is None or reader.transaction_of_id(connection, txid) is not None:
            continue
        change = change_of(pending.transaction, pending.prevouts, script)
        lines.append(PendingLine(format_hash(txid), change, pending.fee, pending.first_seen))
    return tuple(lines)


def _script(
    site: Site,
    connection: Connection,
    script_pubkey: bytes,
    certificates: Sequence[Certificate],
    permits: Sequence[Permit],
) -> ScriptFacts | None:
    """Explain the script behind the address, once something has shown it."""
    lock, txid = _shown(connection, script_pubkey)
    if lock is None:
        script = rebuilt_script(script_pubkey, certificates, permits)
        lock = lock_of(script, script_pubkey) if script is not None else None
    if lock is None or len(lock.keys) < 2:
        return None
    return script_facts(lock, key_roles(site.database.anchor, permits, certificates), txid)


def _shown(connection: Connection, script_pubkey: bytes) -> tuple[Lock | None, Txid | None]:
    script_hash = sha256(script_pubkey)
    newest = reader.history_by_position(connection, script_hash, _LAST_NUMBER, _SEARCHED)
    rows = {touch.row.number: touch.row for touch in newest}
    place = coins.input_that_spends(connection, script_hash, list(rows))
    if place is None:
        return None, None
    row = rows[place[0]]
    # Its value counts only for signatures, which nobody checks here.
    lock = open_input(row.transaction.inputs[place[1]], TxOutput(0, script_pubkey))
    return lock, row.txid


def _roles(site: Site, connection: Connection, script: bytes) -> tuple[str, ...]:
    names = {CreditKind.ROOT: "root", CreditKind.PERMIT: "permit"}
    kinds = holdings.roles_at(connection, sha256(script))
    anchor = site.database.anchor
    if anchor is not None and anchor.root_script == script:
        kinds.add(CreditKind.ROOT)
    return tuple(names.get(kind, "certificate") for kind in CreditKind if kind in kinds)
