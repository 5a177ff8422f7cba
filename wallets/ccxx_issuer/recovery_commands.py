"""The issuer's command for a holder who lost a key: `certificate recover`."""

from pathlib import Path
from typing import Any

import click

from ccxx_cert.identity import format_outpoint
from ccxx_core.transaction import OutPoint
from ccxx_issuer.recovery import Recovery, draft_recovery
from ccxx_wallet.certificate_facts import find_certificate
from ccxx_wallet.certificate_inputs import hash_of_file
from ccxx_wallet.cli import FILE, PUBLIC_KEY, shared_options
from ccxx_wallet.desk import Choices
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.opening import opened_desk
from ccxx_wallet.session_commands import draft_options


@click.command("recover")
@click.argument("certificate")
@click.option("--to", "new_key", type=PUBLIC_KEY, required=True, help="The same person's new key.")
@click.option("--from", "old_key", type=PUBLIC_KEY, help="Its key so far, if the chain hides it.")
@click.option("--deed", type=FILE, help="Why, as a file; only its hash is published.")
@click.option("--with-holder", is_flag=True, help="The holder's old key signs: no delay to wait.")
@click.option("--in-advance", is_flag=True, help="Draft now what can be mined after the delay.")
@draft_options
@FEERATE
@shared_options
@click.pass_context
def certificate_recover(
    ctx: click.Context, /, certificate: str, deed: Path | None, **options: Any
) -> None:
    """Draft and sign a new key for a holder; the root, and often the old key, sign next."""
    deed_hash = hash_of_file(deed)
    with opened_desk(ctx) as desk:
        desk.live.drafts.may_replace = options["replace_draft"]
        found = find_certificate(desk.live, certificate)
        recovery = Recovery(
            found,
            options["new_key"],
            deed_hash,
            options["old_key"],
            options["with_holder"],
            options["in_advance"],
        )
        funded = draft_recovery(desk.live, recovery, options["feerate"])
        choices = Choices(options["out"], overwrite=options["overwrite"])
        facts = desk.finish_draft(funded, choices)
        facts |= {"certificate": format_outpoint(found.id), "holder_key": recovery.new_key.hex()}
        if facts["txid_is_final"]:
            facts["new_location"] = format_outpoint(OutPoint(funded.psbt.transaction.txid, 0))
        desk.settings.screen.show(facts, "recovery drafted and signed")
