"""Commands that revoke, suspend and reinstate, the same for issuers and the root."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ccxx_cert.records import RevocationReason
from ccxx_cert.standing import LEAST_SINCE_TIME
from ccxx_wallet.certificate_inputs import hash_of_file
from ccxx_wallet.cli import FILE, shared_options
from ccxx_wallet.desk import Choices
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.revoking import (
    Ground,
    Subject,
    batch_subject,
    certificate_subject,
    permit_subject,
    revocation_speech,
)
from ccxx_wallet.session_commands import draft_options
from ccxx_wallet.speaking import speak

FindSubject = Callable[[LiveWallet], Subject]
_TOGGLES = (RevocationReason.HOLD, RevocationReason.REMOVE_FROM_HOLD)
REASONS = {
    reason.name.lower().replace("_", "-"): reason
    for reason in RevocationReason
    if reason not in _TOGGLES
}


class SinceType(click.ParamType[int]):
    """A height, unix time, or a date such as 2026-07-10 or 2026-07-10T12:00:00Z."""

    name = "height or date"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Read what a REVOKE says as `since`: a height, or unix time from 500,000,000 on."""
        if isinstance(value, int):
            return value
        if value.isdecimal():
            if int(value) > 0xFFFFFFFF:
                self.fail(f"{value} is neither a height nor unix time", param, ctx)
            return int(value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no height and no date such as 2026-07-10", param, ctx)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = int(aware.timestamp())
        if not LEAST_SINCE_TIME <= seconds <= 0xFFFFFFFF:
            self.fail(f"{value} lies outside of what a message can say", param, ctx)
        return seconds


_REASON = click.option(
    "--reason", required=True, type=click.Choice(list(REASONS)), help="Why, for ever and for all."
)
_SINCE = click.option("--since", type=SinceType(), default=0, help="Height or date it was so.")
_EVIDENCE = click.option("--evidence", type=FILE, help="File whose hash is published.")
_JOINTLY = click.option(
    "--jointly", is_flag=True, help="Speak by the permit's script: all three of its keys sign."
)
_BATCH = click.option("--batch", help="A whole batch, by the transaction that issued it.")


def _speaking_options(function: Any) -> Any:
    return _EVIDENCE(_JOINTLY(draft_options(FEERATE(shared_options(click.pass_context(function))))))


def _certificate_options(function: Any) -> Any:
    return click.argument("certificate", required=False)(_BATCH(function))


@click.command("revoke")
@_certificate_options
@_REASON
@_SINCE
@_speaking_options
def certificate_revoke(ctx: click.Context, /, reason: str, **options: Any) -> None:
    """Revoke a certificate or a batch for ever; sent at once where our key is enough."""
    _run(ctx, _one_or_batch(options), REASONS[reason], options)


@click.command("suspend")
@_certificate_options
@_speaking_options
def certificate_suspend(ctx: click.Context, /, **options: Any) -> None:
    """Suspend a certificate or a batch until it is reinstated or revoked."""
    _run(ctx, _one_or_batch(options), RevocationReason.HOLD, options)


@click.command("reinstate")
@_certificate_options
@_speaking_options
def certificate_reinstate(ctx: click.Context, /, **options: Any) -> None:
    """Lift the suspension of a certificate or a batch."""
    _run(ctx, _one_or_batch(options), RevocationReason.REMOVE_FROM_HOLD, options)


@click.command("revoke")
@click.argument("permit")
@_REASON
@_SINCE
@_speaking_options
def permit_revoke(ctx: click.Context, /, permit: str, reason: str, **options: Any) -> None:
    """Revoke a permit for ever: it issues no more; a compromised key voids what it issued."""
    _run(ctx, lambda live: permit_subject(live, permit), REASONS[reason], options)


@click.command("suspend")
@click.argument("permit")
@_speaking_options
def permit_suspend(ctx: click.Context, /, permit: str, **options: Any) -> None:
    """Suspend a permit: it issues nothing until it is reinstated."""
    _run(ctx, lambda live: permit_subject(live, permit), RevocationReason.HOLD, options)


@click.command("reinstate")
@click.argument("permit")
@_speaking_options
def permit_reinstate(ctx: click.Context, /, permit: str, **options: Any) -> None:
    """Lift the suspension of a permit."""
    _run(ctx, lambda live: permit_subject(live, permit), RevocationReason.REMOVE_FROM_HOLD, options)


CERTIFICATE_COMMANDS = (certificate_revoke, certificate_suspend, certificate_reinstate)
PERMIT_COMMANDS = (permit_revoke, permit_suspend, permit_reinstate)


def _one_or_batch(options: dict[str, Any]) -> FindSubject:
    certificate, batch = options.pop("certificate"), options.pop("batch")
    if (certificate is None) == (batch is None):
        raise click.UsageError("give a certificate, or --batch with a transaction")
    if batch is not None:
        return lambda live: batch_subject(live, batch)
    return lambda live: certificate_subject(live, certificate)


def _run(
    ctx: click.Context, find: FindSubject, reason: RevocationReason, options: dict[str, Any]
) -> None:
    """Say it: sent at once where one key of ours is enough and no file was asked for."""
    evidence = hash_of_file(options["evidence"])
    ground = Ground(reason, options.get("since", 0), evidence)
    out: Path | None = options["out"]
    with opened_desk(ctx) as desk:
        desk.live.drafts.may_replace = options["replace_draft"]
        subject = find(desk.live)
        speech = revocation_speech(desk.live, subject, ground, options["jointly"])
        sends = out is None and not options["jointly"]
        choices = Choices(out, send=sends, overwrite=options["overwrite"])
        facts = speak(desk, speech, choices, options["feerate"])
        facts |= {"subject": subject.name, "reason": reason.name.lower().replace("_", "-")}
        facts["evidence"] = evidence.hex() if any(evidence) else None
        desk.settings.screen.show(facts, _said(reason, bool(facts.get("sent"))))


def _said(reason: RevocationReason, is_sent: bool) -> str:
    done = {
        RevocationReason.HOLD: "suspended",
        RevocationReason.REMOVE_FROM_HOLD: "reinstated",
    }.get(reason, "revoked")
    return f"{done}, once it is in a block" if is_sent else "drafted and signed"
