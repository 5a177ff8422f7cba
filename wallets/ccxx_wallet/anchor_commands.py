"""Commands on the trust anchor, the same in every wallet: show, export, update."""

from pathlib import Path
from typing import Any

import click

from ccxx_cert.identity import format_outpoint
from ccxx_cert.trust import TrustAnchor
from ccxx_core.address import encode_address
from ccxx_core.amount import format_amount
from ccxx_core.network import NETWORKS
from ccxx_wallet.anchoring import check_announced, merged, waits_for_root
from ccxx_wallet.cli import FILE, OVERWRITE, settings_of, shared_options
from ccxx_wallet.files import write_output
from ccxx_wallet.init_commands import load_anchor
from ccxx_wallet.opening import opened_desk, opened_wallet


@click.group("anchor")
def anchor_group() -> None:
    """The trust anchor: root coin, root script and root keys of the network."""


@anchor_group.command("show")
@shared_options
@click.pass_context
def anchor_show(ctx: click.Context) -> None:
    """Show the trust anchor."""
    anchor = known_anchor(ctx)
    settings_of(ctx).screen.show(anchor_facts(anchor))


@anchor_group.command("export")
@click.argument("file", type=FILE)
@OVERWRITE
@shared_options
@click.pass_context
def anchor_export(ctx: click.Context, file: Path, overwrite: bool) -> None:
    """Write the trust anchor to a file for issuers, holders and explorers."""
    settings = settings_of(ctx)
    anchor = known_anchor(ctx)
    if not settings.dry_run:
        write_output(file, anchor.encode(), overwrite)
    facts = {"file": None if settings.dry_run else str(file), **anchor_facts(anchor)}
    settings.screen.show(facts)


@anchor_group.command("update")
@click.argument("file", type=FILE)
@shared_options
@click.pass_context
def anchor_update(ctx: click.Context, file: Path) -> None:
    """Take up the later roots of an anchor file, each checked against its ROOT message."""
    given = load_anchor(file)
    with opened_desk(ctx) as desk:
        live, known = desk.live, desk.live.require_anchor()
        updated = merged(known, given)
        learned = updated.successors[len(known.successors) :]
        for document in learned:
            check_announced(live.wallet, live.client, document)
        if learned and not desk.settings.dry_run:
            live.wallet.set_anchor(updated)
            live.sync(desk.settings.screen)
        title = "anchor updated" if learned else "nothing new in this file"
        desk.settings.screen.show({**anchor_facts(updated), "learned": len(learned)}, title)


def known_anchor(ctx: click.Context) -> TrustAnchor:
    """Return the wallet's trust anchor.

    The node is asked only where a root coin, or a later root of this wallet, waits for its block.
    """
    with opened_wallet(ctx) as wallet:
        if wallet.anchor is not None and not waits_for_root(wallet):
            return wallet.anchor
    with opened_desk(ctx) as desk:
        return desk.live.require_anchor()


def anchor_facts(anchor: TrustAnchor) -> dict[str, Any]:
    """Give a trust anchor as JSON."""
    network = NETWORKS[anchor.network]
    return {
        "anchor_id": anchor.anchor_id.hex(),
        "network": anchor.network,
        "root_coin": format_outpoint(anchor.root_outpoint),
        "value": format_amount(anchor.root_value),
        "height": anchor.root_height,
        "address": encode_address(anchor.root_script, network),
        "root_key": anchor.root_key.hex(),
        "system_key": anchor.system_key.hex(),
        "successors": [
            {
                "from_height": each.from_height,
                "address": encode_address(each.script, network),
                "root_key": each.root_key.hex(),
                "system_key": each.system_key.hex(),
                "document_hash": each.document_hash.hex(),
            }
            for each in anchor.successors
        ],
    }
