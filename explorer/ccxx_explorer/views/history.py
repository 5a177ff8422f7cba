"""The life of a permit or certificate: what happened, and what was tried and refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ccxx_cert.state import Holding, Step
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_explorer.database.rows import VerdictRow
from ccxx_explorer.facts import HistoryEvent, Tone
from ccxx_explorer.views.checks import CertificateRows
from ccxx_explorer.views.verdicts import (
    reason_words,
    title_of_verdict,
    tone_of_verdict,
    words_of_verdict,
)
from ccxx_explorer.wording import printable

_STEPS = {
    Step.ISSUED: "Issued to its first holder",
    Step.TRANSFERRED: "Transferred to a new holder",
    Step.REFRESHED: "Refreshed: moved to the same holder",
    Step.RECOVERED: "Recovered: moved to a new key of its holder",
}


def certificate_history(rows: CertificateRows, network: Network) -> tuple[HistoryEvent, ...]:
    """Tell the certificate's life: every station, and everything that was tried and refused."""
    stations = {holding.location.txid: holding for holding in rows.certificate.holdings}
    ended = rows.certificate.ended
    events = []
    for verdict in rows.verdicts:
        event = history_event(verdict, rows.times)
        holding = stations.get(verdict.txid)
        if ended is not None and verdict.txid == ended.txid:
            event = _ending_event(verdict, rows.times)
        elif holding is not None:
            event = _station_event(verdict, holding, rows.times, network)
        events.append(event)
    return tuple(events)


def history_event(verdict: VerdictRow, times: Mapping[int, int]) -> HistoryEvent:
    """Build the event of one verdict in the life of a permit or certificate."""
    return HistoryEvent(
        txid=format_hash(verdict.txid),
        height=verdict.height,
        time=times[verdict.height],
        operation=verdict.operation,
        accepted=verdict.accepted,
        refusal=verdict.refusal,
        detail=printable(verdict.detail),
        destroyed=False,
        title=title_of_verdict(verdict),
        words=words_of_verdict(verdict),
        tone=tone_of_verdict(verdict),
        address=None,
        holder_key=None,
        deed_hash=None,
    )


def _station_event(
    verdict: VerdictRow, holding: Holding, times: Mapping[int, int], network: Network
) -> HistoryEvent:
    words = f"{_STEPS[holding.step]}."
    if not verdict.accepted:
        words = f"{words_of_verdict(verdict)} The certificate stayed where it was."
    return replace(
        history_event(verdict, times),
        words=words,
        address=encode_address(holding.script_pubkey, network),
        holder_key=holding.holder_key.hex() if holding.holder_key else None,
        deed_hash=holding.deed_hash.hex() if holding.deed_hash else None,
    )


def _ending_event(verdict: VerdictRow, times: Mapping[int, int]) -> HistoryEvent:
    return replace(
        history_event(verdict, times),
        destroyed=True,
        title=f"Destroyed ({title_of_verdict(verdict)[0].lower()}{title_of_verdict(verdict)[1:]})",
        words=f"Its transaction does not count: {reason_words(verdict.refusal)}."
        " So its credit left custody, and the certificate ended here.",
        tone=Tone.BAD,
    )
