"""Commands about a wallet itself, the same in each: status, address, pay, backup."""

from pathlib import Path
from typing import Any

import click

from ccxx_core.address import decode_address
from ccxx_core.amount import format_amount
from ccxx_core.bech32 import decode_bech32
from ccxx_core.bip32 import format_path
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_core.transaction import TxOutput
from ccxx_wallet.anchor_commands import anchor_group
from ccxx_wallet.bump_commands import bump_command
from ccxx_wallet.chain_commands import history_command, rescan_command
from ccxx_wallet.cli import AMOUNT, FILE, WalletGroup, settings_of, shared_options
from ccxx_wallet.coin_commands import new_coin_group
from ccxx_wallet.descriptor_commands import descriptor_group
from ccxx_wallet.document_commands import document_group
from ccxx_wallet.draft_commands import draft_group, draft_instead, instead_options
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.funding_options import FEERATE
from ccxx_wallet.init_commands import known_phrase
from ccxx_wallet.keyring import Role, check_phrase, open_accounts
from ccxx_wallet.label_commands import label_group
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.opening import opened_desk, opened_wallet
from ccxx_wallet.registry_command import registry_group
from ccxx_wallet.send_command import send_command
from ccxx_wallet.session_commands import combine_command, finalize_command
from ccxx_wallet.sign_command import sign_command
from ccxx_wallet.wallet import Wallet
from ccxx_wallet.why_command import why_command


@click.command("status")
@shared_options
@click.pass_context
def status_command(ctx: click.Context) -> None:
    """Show tip, balance and unconfirmed transactions."""
    with opened_desk(ctx) as desk:
        desk.settings.screen.show(status_facts(desk.live))


def status_facts(live: LiveWallet) -> dict[str, Any]:
    """Give as JSON where a wallet stands, and what its plain coins are worth."""
    wallet = live.wallet
    coins = wallet.plain_coins(live.pending)
    waiting = {tx.txid for tx in live.pending}
    unsent = [sent for sent in wallet.store.sent() if sent.transaction.txid in waiting]
    tip = wallet.store.tip()
    return {
        "network": wallet.network.chain,
        "height": live.tip_height,
        "tip": None if tip is None else format_hash(tip[1]),
        "spendable": format_amount(sum(coin.value for coin in coins)),
        "unconfirmed_change": format_amount(
            sum(coin.value for coin in coins if coin.height is None)
        ),
        "immature": format_amount(immature(wallet, live.tip_height)),
        "frozen": format_amount(wallet.frozen_value()),
        "incoming": format_amount(wallet.incoming(live.pending)),
        "unconfirmed": [format_hash(sent.transaction.txid) for sent in unsent],
        "anchor_id": None if wallet.anchor is None else wallet.anchor.anchor_id.hex(),
        "watch_only": wallet.is_watch_only,
    }


@click.command("address")
@click.option("--new", is_flag=True, help="Count the shown address as given and show a fresh one.")
@shared_options
@click.pass_context
def address_command(ctx: click.Context, new: bool) -> None:
    """Show an address for ordinary coins; needs no node and no passphrase."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        if new and not settings.dry_run:
            wallet.give_key(Role.PLAIN)
        settings.screen.show({"address": wallet.plain_address()})


# A negative amount is an amount that is refused, not an unknown option.
@click.command("pay", context_settings={"ignore_unknown_options": True})
@click.argument("address")
@click.argument("amount", type=AMOUNT)
@instead_options
@FEERATE
@shared_options
@click.pass_context
def pay_command(ctx: click.Context, /, address: str, amount: int, **options: Any) -> None:
    """Pay ordinary coins to an address and send at once."""
    with opened_desk(ctx) as desk:
        script = parse_address(address, desk.live.wallet.network)
        if amount < 1:
            raise WalletError(Refusal.NOT_ENOUGH_COINS, "amount is 0; pay at least 0.00001")
        funded = desk.live.draft((), (TxOutput(amount, script),), options["feerate"])
        facts = desk.finish_draft(funded, draft_instead(options))
        desk.settings.screen.show(facts, "paid" if facts.get("sent") else "drafted")


@click.group("backup")
def backup_group() -> None:
    """The seed phrase on paper."""


@backup_group.command("check")
@click.option("--seed-file", type=FILE, help="Read the phrase from a file instead of asking.")
@shared_options
@click.pass_context
def backup_check(ctx: click.Context, seed_file: Path | None) -> None:
    """Compare a written-down seed phrase with this wallet; needs no passphrase."""
    settings = settings_of(ctx)
    with opened_wallet(ctx) as wallet:
        phrase = known_phrase(settings, seed_file)
        check_phrase(phrase)
        paths = {each.role: format_path(each.master.path) for each in wallet.accounts}
        derived = open_accounts(phrase, wallet.network, paths)
        if [each.key.xpub() for each in derived] != [each.key.xpub() for each in wallet.accounts]:
            raise WalletError(
                Refusal.BAD_SEED_PHRASE,
                "this is a seed phrase, but not the one of this wallet; look for the right paper",
            )
        settings.screen.show({"matches": True})


def add_shared_commands(group: WalletGroup) -> None:
    """Put the commands that all wallets have into a wallet's group."""
    for command in (
        status_command,
        address_command,
        pay_command,
        bump_command,
        history_command,
        rescan_command,
        label_group,
        new_coin_group(),
        backup_group,
        descriptor_group,
        anchor_group,
        document_group,
        draft_group,
        registry_group,
        why_command,
        sign_command,
        combine_command,
        finalize_command,
        send_command,
    ):
        group.add_command(command)


def parse_address(text: str, network: Network) -> bytes:
    """Read an address as its script; raises WalletError WRONG_NETWORK with what is wrong."""
    try:
        return decode_address(text, network)
    except DecodeError as error:
        raise WalletError(
            Refusal.WRONG_NETWORK, f"{_foreign_prefix(text, network) or error}; check the address"
        ) from error


def _foreign_prefix(text: str, network: Network) -> str | None:
    """Say that a well-formed bech32 address is for another chain, None if that is not the fault."""
    try:
        prefix, _, _ = decode_bech32(text)
    except DecodeError:
        return None
    if prefix == network.bech32_hrp:
        return None
    return f"address {text} belongs to another chain or network ({prefix}…), not to {network.name}"


def immature(wallet: Wallet, height: int) -> int:
    """Return satoshis of mined coins that are too young to spend."""
    maturity = wallet.maturity(height)
    return sum(
        coin.value
        for coin in wallet.store.coins()
        if coin.is_coinbase and (coin.height or 0) + maturity > height + 1
    )
