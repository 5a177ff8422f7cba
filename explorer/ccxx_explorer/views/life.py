"""The life of a certificate in a few steps: from its permit to how it stands now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccxx_cert.identity import format_outpoint
from ccxx_cert.standing import Moment
from ccxx_cert.state import Holding, Step
from ccxx_core.hashes import Txid, format_hash
from ccxx_explorer.facts import LifeStep, Tone
from ccxx_explorer.language import say, say_count
from ccxx_explorer.views.checks import CertificateRows
from ccxx_explorer.views.standing import tone_of_status
from ccxx_explorer.wording import status_words

# Of a long life the beginning and the end are drawn.
_FIRST, _LAST = 2, 4


def life_steps(rows: CertificateRows) -> tuple[LifeStep, ...]:
    """Give the steps of a certificate's life in their order, the last of them today."""
    endings = sorted(_endings(rows), key=lambda step: step.height or 0)
    return (_permit_step(rows), *_stations(rows.certificate.holdings), *endings, _today(rows))


def _permit_step(rows: CertificateRows) -> LifeStep:
    granted, id = rows.permit.granted, format_outpoint(rows.permit.id)
    return LifeStep(
        "permit",
        say("Permit granted"),
        f"/permit/{id}",
        Tone.CALM,
        granted.height,
        granted.time,
    )


def _stations(holdings: Sequence[Holding]) -> Iterator[LifeStep]:
    hidden = len(holdings) - _FIRST - _LAST
    if hidden < 2:
        yield from map(_station, holdings)
        return
    yield from map(_station, holdings[:_FIRST])
    words = say_count("%(count)s more step", "%(count)s more steps", hidden)
    yield LifeStep("more", words, None, Tone.CALM, None, None)
    yield from map(_station, holdings[-_LAST:])


def _station(holding: Holding) -> LifeStep:
    kind = "issued" if holding.step is Step.ISSUED else "moved"
    return _step(kind, _step_title(holding.step), holding.location.txid, holding.moment, Tone.CALM)


def _step_title(step: Step) -> str:
    match step:
        case Step.ISSUED:
            return say("Issued")
        case Step.TRANSFERRED:
            return say("Transferred")
        case Step.REFRESHED:
            return say("Refreshed")
        case Step.RECOVERED:
            return say("Recovered")


def _endings(rows: CertificateRows) -> Iterator[LifeStep]:
    certificate, revocation = rows.certificate, rows.revocation
    if certificate.ended is not None:
        ended = certificate.ended
        yield _step("destroyed", say("Destroyed"), ended.txid, ended.moment, Tone.BAD)
    if certificate.surrendered is not None:
        back = certificate.surrendered
        yield _step("surrendered", say("Surrendered"), back.txid, back.moment, Tone.WARN)
    if revocation is not None:
        title = say("Suspended") if revocation.is_hold else say("Revoked")
        kind = "suspended" if revocation.is_hold else "revoked"
        tone = Tone.WARN if revocation.is_hold else Tone.BAD
        yield _step(kind, title, revocation.txid, revocation.moment, tone)


def _today(rows: CertificateRows) -> LifeStep:
    tip = rows.tip
    title = say("Now: %(status)s", status=status_words(rows.status))
    return LifeStep(
        "now", title, f"/block/{tip.height}", tone_of_status(rows.status), tip.height,
        tip.header.time,
    )  # fmt: skip


def _step(kind: str, title: str, txid: Txid, moment: Moment, tone: Tone) -> LifeStep:
    return LifeStep(kind, title, f"/tx/{format_hash(txid)}", tone, moment.height, moment.time)
