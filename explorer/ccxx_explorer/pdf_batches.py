"""What a BDIP or CRED transaction does: the batch that it issues, or what it takes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from ccxx_cert.bdip import PdfIssue, RevokeAddress, RevokeBatches, RevokeCredentials
from ccxx_cert.bdip_rules import (
    Observation,
    deadline_of,
    given_up_by,
    said_before_giving_up,
)
from ccxx_core.address import encode_address
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.script import solve_script
from ccxx_explorer.database import reader
from ccxx_explorer.database.pdf_messages import observations_about, read_pdf_message
from ccxx_explorer.database.rows import TransactionRow
from ccxx_explorer.facts.verification import PdfBatchFacts, PdfRevocationLine
from ccxx_explorer.site import Site
from ccxx_explorer.views import pdf_batch as words
from ccxx_explorer.views.expiry import expiry_facts
from ccxx_explorer.views.pdf_verdict import claim_text

_MOST_SPEAKERS = 8


def load_pdf_batch(site: Site, connection: Connection, row: TransactionRow) -> PdfBatchFacts | None:
    """Say what the PDF message of a confirmed transaction does; None where it carries none."""
    found = read_pdf_message(row.transaction)
    if found is None or row.transaction.is_coinbase:
        return None
    dialect, message = found
    spent = reader.prevouts_of(connection, row.number)
    scripts = list(dict.fromkeys(coin.script_pubkey for coin in spent))[:_MOST_SPEAKERS]
    here = Observation(dialect, message, row.txid, row.height, True)
    if isinstance(message, PdfIssue):
        lines = tuple(_taken_back(site, connection, here, scripts))
        limits, tip = deadline_of(here), site.tip(connection)
        expired = limits.has_passed(tip.height, tip.median_time_past)
        verdict = words.issue_statement(lines, expired, tip.height - row.height + 1)
        expiry = expiry_facts(limits.time, limits.height)
    else:
        lines = tuple(_takes_back(site, connection, here, scripts))
        verdict, expiry = words.revocation_statement(lines), None
    return PdfBatchFacts(
        verdict=verdict,
        dialect=dialect,
        operation=words.operation_of(message),
        speakers=tuple(_address(site, script) or script.hex() for script in scripts),
        issuer_id=claim_text(message.issuer_id) if isinstance(message, PdfIssue) else None,
        merkle_root=message.merkle_root.hex() if isinstance(message, PdfIssue) else None,
        expiry=expiry,
        revocations=lines,
    )


def _taken_back(
    site: Site, connection: Connection, issue: Observation, scripts: Iterable[bytes]
) -> Iterator[PdfRevocationLine]:
    """Give what takes an issue back: said by one of the addresses that issued it."""
    for script in scripts:
        own = _own_hash(script)
        said = observations_about(connection, issue.txid, script, own)
        place = next((at for at, each in enumerate(said) if each.txid == issue.txid), len(said))
        given_up = given_up_by(own, said[:place])
        if given_up is not None:
            yield _line(site, given_up, script, counts=True)
        counting = {each.txid for each in said_before_giving_up(own, said[place + 1 :])}
        for each in said[place + 1 :]:
            if not isinstance(each.message, RevokeAddress):
                counts = each.txid in counting and given_up is None
                yield _line(site, each, script, counts=counts)


def _takes_back(
    site: Site, connection: Connection, here: Observation, scripts: Iterable[bytes]
) -> Iterator[PdfRevocationLine]:
    """Give what a message takes back, and whether that counts."""
    speakers = list(scripts)
    match here.message:
        case RevokeBatches(txids):
            targets: tuple[Txid, ...] = txids
        case RevokeCredentials(txid, _):
            targets = (txid,)
        case _:
            owners = [each for each in speakers if given_up_by(_own_hash(each), [here])]
            script = (owners or speakers or [b""])[0]
            yield _line(site, here, script, counts=bool(owners))
            return
    for target in targets:
        counting = [each for each in speakers if _counts(connection, here, target, each)]
        script = (counting or speakers or [b""])[0]
        yield _line(site, here, script, counts=bool(counting), target=target)


def _counts(connection: Connection, here: Observation, target: Txid, script: bytes) -> bool:
    """Tell whether an address takes back what it issued itself, before it gave itself up."""
    own = _own_hash(script)
    said = observations_about(connection, target, script, own)
    place = next((at for at, each in enumerate(said) if each.txid == target), None)
    if place is None:
        return False
    later = said_before_giving_up(own, said[place + 1 :])
    return any(each.txid == here.txid for each in later)


def _line(
    site: Site, seen: Observation, script: bytes, *, counts: bool, target: Txid | None = None
) -> PdfRevocationLine:
    message, address = seen.message, _address(site, script)
    hashes = message.hashes if isinstance(message, RevokeCredentials) else ()
    return PdfRevocationLine(
        kind=words.operation_of(message),
        txid=format_hash(target or seen.txid),
        height=seen.height or 0,
        address=address,
        hashes=tuple(each.hex() for each in hashes),
        counts=counts,
        words=words.line_words(message, counts=counts, is_target=target is not None),
    )


def _own_hash(script: bytes) -> bytes:
    solved = solve_script(script).solutions
    return solved[0] if solved else b""


def _address(site: Site, script: bytes) -> str | None:
    return encode_address(script, site.network)
