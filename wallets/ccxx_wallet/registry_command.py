"""`registry`, the same in every wallet: one string for all that the rules have said, and a file."""

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from ccxx_cert.snapshot import Snapshot
from ccxx_core.hashes import format_hash
from ccxx_node.client.rpc import connect
from ccxx_wallet.cli import FILE, OVERWRITE, refuse, settings_of, shared_options
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import check_output, write_output
from ccxx_wallet.opening import opened_desk, opened_wallet
from ccxx_wallet.snapshots import adopt, compare, read_snapshot, take_snapshot


@click.group("registry", invoke_without_command=True)
@shared_options
@click.pass_context
def registry_group(ctx: click.Context) -> None:
    """Show the hash of the whole registry, by which observers compare; below it, snapshots."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(registry_show)


@registry_group.command("show")
@shared_options
@click.pass_context
def registry_show(ctx: click.Context) -> None:
    """Show the hash of the whole registry, by which two observers compare what they know."""
    with opened_desk(ctx) as desk:
        anchor, live = desk.live.require_anchor(), desk.live
        tip = live.wallet.store.tip()
        facts = {
            "height": live.tip_height,
            "block": None if tip is None else format_hash(tip[1]),
            "anchor_id": anchor.anchor_id.hex(),
            "state_hash": live.registry.state_hash().hex(),
        }
        desk.settings.screen.show(facts)


@registry_group.command("snapshot")
@click.argument("file", type=FILE)
@OVERWRITE
@shared_options
@click.pass_context
def registry_snapshot(ctx: click.Context, file: Path, overwrite: bool) -> None:
    """Write the registry at the tip to a file, for others to compare with or to begin from."""
    with opened_desk(ctx) as desk:
        snapshot = take_snapshot(desk.live)
        check_output(file, overwrite)
        if not desk.settings.dry_run:
            write_output(file, snapshot.encode(), overwrite)
        path = None if desk.settings.dry_run else str(file)
        desk.settings.screen.show({**_facts(snapshot), "file": path}, "snapshot written")


@registry_group.command("check")
@click.argument("file", type=FILE)
@shared_options
@click.pass_context
def registry_check(ctx: click.Context, file: Path) -> None:
    """Compare a snapshot with what this wallet knows at its block; exit 0 if the same, else 1."""
    with opened_desk(ctx) as desk:
        found = compare(desk.live, read_snapshot(file, desk.live.wallet))
        facts = {**_facts(found.snapshot), "own_state_hash": found.own_hash.hex()}
        facts["same"] = found.is_same
        if not found.is_same:
            error = WalletError(
                Refusal.NOT_VALID,
                "not the same: whoever made the snapshot does not know what this wallet knows; do"
                " not begin from it, and ask a third observer",
            )
            refuse(ctx, desk.settings.screen, facts, error)
        desk.settings.screen.show(facts, "the same")


@registry_group.command("import")
@click.argument("file", type=FILE)
@click.option("--expect", help="State hash that another observer gave; needed with --yes.")
@shared_options
@click.pass_context
def registry_import(ctx: click.Context, file: Path, expect: str | None) -> None:
    """Begin a new wallet with a snapshot, instead of reading the chain from the root coin on."""
    settings = settings_of(ctx)
    screen = settings.screen
    if expect is None and not settings.dry_run and (screen.assume_yes or not screen.may_ask):
        raise WalletError(
            Refusal.DECLINED,
            "with --yes or --no-input nobody compares the snapshot's state hash; give --expect with"
            " the hash that an observer whom you trust shows",
        )
    with opened_wallet(ctx) as wallet:
        snapshot = read_snapshot(file, wallet)
        facts = _facts(snapshot)
        if expect is not None and expect.lower() != snapshot.state_hash.hex():
            raise WalletError(
                Refusal.NOT_VALID,
                f"the snapshot's state hash is {snapshot.state_hash.hex()}, expected {expect[:80]}",
            )
        with closing(connect(settings.node, wallet.network, settings.datadir)) as client:
            if settings.dry_run:
                settings.screen.show({**facts, "dry_run": True})
                return
            if expect is None:
                settings.screen.notice(facts, "This wallet would believe all of this:")
                settings.screen.confirm("Does an observer whom you trust show this state hash?")
            adopt(wallet, client, snapshot)
        settings.screen.show(facts, "taken over")


def _facts(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "height": snapshot.height,
        "block": format_hash(snapshot.block_hash),
        "anchor_id": snapshot.anchor_id.hex(),
        "records": len(snapshot.lines),
        "state_hash": snapshot.state_hash.hex(),
    }
