"""Commands on this wallet's own unsent drafts, the same in every wallet: list, drop."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ccxx_cert.identity import format_outpoint
from ccxx_core.hashes import format_hash
from ccxx_wallet.cli import FILE, OVERWRITE, settings_of, shared_options
from ccxx_wallet.desk import Choices
from ccxx_wallet.drafts import drafted_serials, find_draft
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.opening import opened_desk, opened_wallet
from ccxx_wallet.store import Draft

_OUT = click.option("--out", type=FILE, help="Write a signed PSBT instead of sending.")


def instead_options(function: Any) -> Any:
    """Give a command that sends at once the options to write a file instead."""
    return _OUT(OVERWRITE(function))


def draft_instead(options: Mapping[str, Any]) -> Choices:
    """Return what those options say."""
    return Choices(options["out"], send=options["out"] is None, overwrite=options["overwrite"])


@click.group("draft")
def draft_group() -> None:
    """Drafts of this wallet that were not sent: what they use is reserved."""


@draft_group.command("list")
@shared_options
@click.pass_context
def draft_list(ctx: click.Context) -> None:
    """List the drafts that were not sent, and what they reserve."""
    with opened_desk(ctx) as desk:
        rows = [_facts(draft, desk.live) for draft in desk.live.wallet.store.drafts()]
        desk.settings.screen.show_list("drafts", rows, ("txid", "action", "serials", "file"))


@draft_group.command("drop")
@click.argument("draft")
@shared_options
@click.pass_context
def draft_drop(ctx: click.Context, draft: str) -> None:
    """Forget a draft and release what it reserves; DRAFT is its file or its id."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        path = Path(draft)
        found = find_draft(wallet.store, str(path.absolute()) if path.exists() else draft)
        if not settings.dry_run:
            with wallet.store.transaction():
                wallet.store.remove_draft(found.transaction.txid)
        facts = {"txid": format_hash(found.transaction.txid), "file": found.file}
        settings.screen.show(
            facts, "draft dropped; delete its file too: whoever has it can still sign and send it"
        )


def _facts(draft: Draft, live: LiveWallet) -> dict[str, Any]:
    used = drafted_serials(draft.transaction, live.ahead)
    return {
        "txid": format_hash(draft.transaction.txid),
        "action": draft.purpose,
        "permit": None if used is None else format_outpoint(used.permit_id),
        "serials": [] if used is None else list(used.numbers),
        "coins": [format_outpoint(tx_input.prevout) for tx_input in draft.transaction.inputs],
        "file": draft.file,
    }
