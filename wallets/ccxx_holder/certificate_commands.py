"""Commands of a holder on certificates: transfer, refresh, surrender."""

from pathlib import Path
from typing import Any

import click

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Certificate
from ccxx_core.transaction import OutPoint
from ccxx_holder.handovers import Transfer, draft_handover, draft_renewal, draft_return
from ccxx_holder.holdings import held
from ccxx_wallet.builder import Funded
from ccxx_wallet.certificate_facts import find_certificate
from ccxx_wallet.certificate_inputs import hash_of_file
from ccxx_wallet.cli import FILE, PUBLIC_KEY, shared_options
from ccxx_wallet.desk import Choices, Desk
from ccxx_wallet.document_check import certificate_check
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.session_commands import FORCE, draft_options

CERTIFICATES = click.argument("certificates", nargs=-1, required=True)


@click.group("certificate")
def certificate_group() -> None:
    """Certificates: pass on, keep, give back, check."""


@certificate_group.command("transfer")
@CERTIFICATES
@click.option(
    "--to",
    "new_holders",
    type=PUBLIC_KEY,
    multiple=True,
    required=True,
    help="The new holder's key; for several certificates one each, in their order.",
)
@click.option("--deed", type=FILE, help="Contract of the transfer; only its hash is published.")
@draft_options
@FORCE
@FEERATE
@shared_options
@click.pass_context
def certificate_transfer(
    ctx: click.Context, /, certificates: tuple[str, ...], deed: Path | None, **options: Any
) -> None:
    """Draft and sign a transfer; issuer and root sign the file next."""
    deed_hash = hash_of_file(deed)
    with opened_desk(ctx) as desk:
        found = _find(desk, certificates, options)
        keys = _one_each(found, options["new_holders"])
        _warn_of_one_key(desk, keys)
        transfer = Transfer(found, keys, deed_hash, options["force"])
        funded = draft_handover(desk.live, transfer, options["feerate"])
        facts = _finish(desk, funded, found, options, keys)
        desk.settings.screen.show(facts, "transfer drafted and signed")


@certificate_group.command("refresh")
@CERTIFICATES
@draft_options
@FEERATE
@shared_options
@click.pass_context
def certificate_refresh(
    ctx: click.Context, /, certificates: tuple[str, ...], **options: Any
) -> None:
    """Renew the delay before root and issuer can act without you; they sign the file next."""
    with opened_desk(ctx) as desk:
        found = _find(desk, certificates, options)
        funded = draft_renewal(desk.live, found, options["feerate"])
        for each in found:
            _notice_needless(desk, each)
        facts = _finish(desk, funded, found, options, (None,) * len(found))
        desk.settings.screen.show(facts, "refresh drafted and signed")


@certificate_group.command("surrender")
@CERTIFICATES
@click.option("--note", type=FILE, help="Why, as a file; only its hash is published.")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def certificate_surrender(
    ctx: click.Context, /, certificates: tuple[str, ...], note: Path | None, **options: Any
) -> None:
    """Give certificates of one permit back, for ever; issuer and root sign the file next."""
    note_hash = hash_of_file(note)
    with opened_desk(ctx) as desk:
        found = _find(desk, certificates, options)
        funded = draft_return(desk.live, found, note_hash, options["feerate"])
        desk.settings.screen.warn("what is given back ends for ever; nobody can bring it back")
        facts = _finish(desk, funded, found, options)
        desk.settings.screen.show(facts, "surrender drafted and signed")


certificate_group.add_command(certificate_check)


def _find(desk: Desk, names: tuple[str, ...], options: dict[str, Any]) -> tuple[Certificate, ...]:
    desk.live.drafts.may_replace = options["replace_draft"]
    return tuple(find_certificate(desk.live, each) for each in names)


def _one_each(certificates: tuple[Certificate, ...], keys: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Give each certificate its new holder's key; one key alone is for all of them."""
    if len(keys) == 1:
        return keys * len(certificates)
    if len(keys) != len(certificates):
        raise WalletError(
            Refusal.WRONG_KEY,
            f"{len(keys)} keys for {len(certificates)} certificates; give --to once for each, in"
            " the order of the certificates, or once for all",
        )
    return keys


def _warn_of_one_key(desk: Desk, keys: tuple[bytes, ...]) -> None:
    if len(set(keys)) < len(keys):
        desk.settings.screen.warn(
            "one key will hold several certificates, which ties them together for everybody to"
            " see; better ask the new holder for a fresh key each: `ccxx-holder key new --count`"
        )


def _notice_needless(desk: Desk, certificate: Certificate) -> None:
    ours = held(desk.live, certificate)
    if ours is not None and ours.recovery is None:
        name = format_outpoint(certificate.id)
        desk.settings.screen.say(
            f"note: {name} has custody {ours.custody.label}, which needs no refresh"
        )


def _finish(
    desk: Desk,
    funded: Funded,
    certificates: tuple[Certificate, ...],
    options: dict[str, Any],
    keys: tuple[bytes | None, ...] = (),
) -> dict[str, Any]:
    """Sign and write a draft; say of each certificate where it will lie, if that is known.

    `keys` are the new holders', None where one stays; there are none where the certificates end.
    """
    choices = Choices(
        options["out"], force=options.get("force", False), overwrite=options["overwrite"]
    )
    facts = desk.finish_draft(funded, choices)
    rows: list[dict[str, Any]] = [{"certificate": format_outpoint(e.id)} for e in certificates]
    for vout, (row, key) in enumerate(zip(rows, keys, strict=False)):
        if key is not None:
            row["holder_key"] = key.hex()
        if facts["txid_is_final"]:
            row["new_location"] = format_outpoint(OutPoint(funded.psbt.transaction.txid, vout))
    return {**facts, **(rows[0] if len(rows) == 1 else {"certificates": rows})}
