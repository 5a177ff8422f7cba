"""Descriptors for other wallets, the same in every wallet: export."""

import json
from pathlib import Path
from typing import Any

import click

from ccxx_core.bip32 import format_path
from ccxx_wallet.cli import FILE, OVERWRITE, settings_of, shared_options
from ccxx_wallet.descriptors import account_descriptors, key_expression
from ccxx_wallet.files import write_output
from ccxx_wallet.keyring import PublicAccount
from ccxx_wallet.opening import opened_desk, opened_wallet
from ccxx_wallet.script_descriptors import script_descriptors
from ccxx_wallet.wallet import Wallet


@click.group("descriptor")
def descriptor_group() -> None:
    """Descriptors: what another wallet needs to watch the same coins and certificates."""


@descriptor_group.command("export")
@click.option("--scripts", is_flag=True, help="Also each permit's and certificate's script.")
@click.option("--out", type=FILE, help="File to write them to, for `init --xpub`.")
@OVERWRITE
@shared_options
@click.pass_context
def descriptor_export(ctx: click.Context, scripts: bool, out: Path | None, overwrite: bool) -> None:
    """Show the public accounts and their descriptors; they show everything and spend nothing."""
    settings = settings_of(ctx)
    if scripts:
        with opened_desk(ctx) as desk:
            facts = account_facts(desk.live.wallet)
            facts["scripts"] = [each.as_facts() for each in script_descriptors(desk.live)]
    else:
        with opened_wallet(ctx) as wallet:
            facts = account_facts(wallet)
    if out is None:
        settings.screen.show(facts if settings.screen.as_json else _readable(facts))
        return
    if not settings.dry_run:
        write_output(out, json.dumps(facts, indent=1).encode() + b"\n", overwrite)
    settings.screen.show({"file": None if settings.dry_run else str(out)})


def account_facts(wallet: Wallet) -> dict[str, Any]:
    """Give a wallet's public accounts as JSON."""
    return {
        "network": wallet.network.chain,
        "accounts": [_account(account) for account in wallet.accounts],
    }


def _readable(facts: dict[str, Any]) -> dict[str, Any]:
    """Arrange an export for people: an account a paragraph, a descriptor a line."""
    accounts = {}
    for account in facts["accounts"]:
        chains = zip(("receive", "change"), account["descriptors"], strict=False)
        accounts[account["role"]] = {"key": account["key"], **dict(chains)}
    scripts = {
        f"{each['kind']} {each['id']}": each["descriptor"] for each in facts.get("scripts", ())
    }
    return {"network": facts["network"], **accounts, **scripts}


def _account(account: PublicAccount) -> dict[str, Any]:
    return {
        "role": str(account.role),
        "fingerprint": account.master.fingerprint.hex(),
        "path": format_path(account.master.path),
        "xpub": account.key.xpub(),
        "key": key_expression(account),
        "descriptors": list(account_descriptors(account)),
    }
