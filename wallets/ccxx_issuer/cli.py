"""The command of an issuing organisation: `ccxx-issuer`."""

from pathlib import Path
from typing import Any

import click

from ccxx_cert.custody import Wrap
from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_core.address import encode_address
from ccxx_core.errors import DecodeError
from ccxx_core.transaction import OutPoint
from ccxx_issuer.certificates import (
    NewCertificate,
    draft_certificate,
    own_certificates,
    read_definition,
    read_document,
    warnings,
)
from ccxx_issuer.issue_warnings import contradictions, same_again, waiting_permits
from ccxx_issuer.job_commands import batch_group, run_batch, table_options
from ccxx_issuer.permits import list_permits
from ccxx_issuer.recovery_commands import certificate_recover
from ccxx_issuer.upkeep_commands import add_upkeep_commands
from ccxx_wallet.certificate_facts import certificate_facts, find_certificate, standing
from ccxx_wallet.cli import FILE, OVERWRITE, PUBLIC_KEY, WalletGroup, settings_of, shared_options
from ccxx_wallet.cosigner_options import cosigner_options
from ccxx_wallet.desk import Choices
from ccxx_wallet.document_check import certificate_check
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.init_commands import Start, create, init_options
from ccxx_wallet.kept_documents import keep_definition, keep_documents
from ccxx_wallet.keyring import Role
from ccxx_wallet.opening import opened_desk, opened_wallet
from ccxx_wallet.session_commands import draft_options
from ccxx_wallet.wallet_commands import add_shared_commands

ROLES = (Role.ISSUER, Role.PLAIN)
TYPE = click.option("--type", "type_file", type=FILE, help="Type definition, to be checked.")
PERMIT = click.option("--permit", help="Permit's txid:vout, if there are several.")
SERIAL = click.option("--serial", type=int, help="Serial; without it, the next free one.")
SCRIPT = click.option("--script", type=click.Choice([how.value for how in Wrap]), default="p2wsh")
SUMMARY = click.option("--summary", default="", help="Public text on the chain; no names.")

SUMMARY_ANYWAY = click.option(
    "--public-summary-anyway", is_flag=True, help="Public text that the permit does not provide."
)


@click.group("ccxx-issuer", cls=WalletGroup)
@shared_options
def main() -> None:
    """An issuing organisation: issue certificates under permits of the root."""


add_shared_commands(main)


@main.command("init")
@init_options
@click.option("--anchor", type=FILE, required=True, help="Trust anchor file of the root.")
@shared_options
@click.pass_context
def init(ctx: click.Context, /, anchor: Path, **start: Any) -> None:
    """Make the issuer's wallet; the seed phrase is shown once."""
    facts = create(ctx, ROLES, Start(anchor_file=anchor, **start))
    if not (settings_of(ctx).dry_run or facts.get("watch_only")):
        with opened_wallet(ctx) as wallet:
            facts["issuer_key"] = wallet.first_key(Role.ISSUER).public_key.hex()
    settings_of(ctx).screen.show(facts, "wallet made")


@main.command("key")
@click.option("--new", is_flag=True, help="Show a fresh key, for another permit.")
@shared_options
@click.pass_context
def key(ctx: click.Context, new: bool) -> None:
    """Show the issuer's public key, which the root needs to grant a permit."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        shown = wallet.first_key(Role.ISSUER)
        if new:
            # The first key counts as given from the start: it is what `key` shows.
            wallet.store.mark_given(shown.public_key)
            preview = settings.dry_run
            shown = wallet.receive_key(Role.ISSUER) if preview else wallet.give_key(Role.ISSUER)
        settings.screen.show(
            {
                "issuer_key": shown.public_key.hex(),
                "index": shown.path.index,
                "address": encode_address(shown.plain_script, wallet.network),
            }
        )


@main.group("permit")
def permit_group() -> None:
    """Permits granted to this issuer's keys."""


@permit_group.command("list")
@shared_options
@click.pass_context
def permit_list(ctx: click.Context) -> None:
    """List the permits of this issuer's keys."""
    with opened_desk(ctx) as desk:
        columns = ("id", "code", "title", "status", "quantity", "issued", "left")
        desk.settings.screen.show_list("permits", list_permits(desk.live), columns)


@main.group("certificate")
def certificate_group() -> None:
    """Certificates: issue, list, show."""


@certificate_group.command("issue")
@click.option("--to", "holder_key", type=PUBLIC_KEY, required=True, help="The holder's key H.")
@click.option("--document", type=FILE, required=True, help="JSON credential, PDF or X.509.")
@SERIAL
@SUMMARY
@SUMMARY_ANYWAY
@PERMIT
@TYPE
@SCRIPT
@draft_options
@FEERATE
@shared_options
@click.pass_context
def certificate_issue(
    ctx: click.Context, /, document: Path, permit: str | None, **options: Any
) -> None:
    """Draft and sign one certificate; the root signs the file next."""
    with opened_desk(ctx) as desk:
        desk.live.drafts.may_replace = options["replace_draft"]
        new = NewCertificate(
            holder_key=options["holder_key"],
            document=read_document(document),
            serial=options["serial"],
            summary=options["summary"],
            permit_id=parse_permit(permit),
            definition=read_definition(options["type_file"]),
            script=Wrap(options["script"]),
            summary_anyway=options["public_summary_anyway"],
        )
        funded, permit_used, serial = draft_certificate(desk.live, new, options["feerate"])

        def keep() -> None:
            keep_definition(desk.live, new.definition)
            keep_documents(desk.live, [new.document])

        choices = Choices(options["out"], overwrite=options["overwrite"])
        found = [
            *warnings(desk.live, permit_used, [new.holder_key], new.summary),
            *same_again(desk.live, permit_used, new.holder_key, new.document.hash),
            *contradictions(new.document, serial, new.holder_key),
            *waiting_permits(desk.live, permit_used, new.permit_id),
        ]
        for line in found:
            desk.settings.screen.warn(line)
        facts = desk.finish_draft(funded, choices, keep)
        facts |= {"serial": serial, "document_hash": new.document.hash.hex(), "warnings": found}
        if facts["txid_is_final"]:
            facts["certificate"] = format_outpoint(OutPoint(funded.psbt.transaction.txid, 0))
        desk.settings.screen.show(facts, "certificate drafted and signed")


@batch_group.command("new")
@click.argument("csv_file", type=FILE)
@table_options
@SERIAL
@SUMMARY
@SUMMARY_ANYWAY
@PERMIT
@TYPE
@SCRIPT
@OVERWRITE
@cosigner_options
@FEERATE
@shared_options
@click.pass_context
def certificate_batch(
    ctx: click.Context, /, csv_file: Path, permit: str | None, **options: Any
) -> None:
    """Issue one certificate a row of a CSV, in as many transactions as needed."""
    run_batch(ctx, csv_file, parse_permit(permit), options)


@certificate_group.command("list")
@PERMIT
@shared_options
@click.pass_context
def certificate_list(ctx: click.Context, permit: str | None) -> None:
    """List the certificates that this issuer issued."""
    with opened_desk(ctx) as desk:
        certificates = own_certificates(desk.live, parse_permit(permit))
        rows = [certificate_facts(desk.live, each) for each in certificates]
        columns = ("id", "serial", "title", "label", "status", "summary", "issued_height")
        desk.settings.screen.show_list("certificates", rows, columns)


@certificate_group.command("show")
@click.argument("certificate")
@shared_options
@click.pass_context
def certificate_show(ctx: click.Context, certificate: str) -> None:
    """Show one certificate and its chain of custody."""
    with opened_desk(ctx) as desk:
        found = find_certificate(desk.live, certificate)
        facts = certificate_facts(desk.live, found)
        desk.settings.screen.show(facts, standing(facts))


def parse_permit(text: str | None) -> OutPoint | None:
    """Read a permit's id; raises WalletError UNKNOWN_PERMIT."""
    if text is None:
        return None
    try:
        return parse_outpoint(text)
    except DecodeError as error:
        raise WalletError(Refusal.UNKNOWN_PERMIT, f"--permit {text!r}: {error}") from error


certificate_group.add_command(batch_group)
certificate_group.add_command(certificate_check)
certificate_group.add_command(certificate_recover)
add_upkeep_commands(main, certificate_group, permit_group)


if __name__ == "__main__":
    main()
