"""Making a wallet at the keyboard: what `init` asks, shows and writes, the same in each wallet."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ccxx_cert.trust import TrustAnchor
from ccxx_core.bip32 import new_mnemonic
from ccxx_core.errors import DecodeError
from ccxx_core.network import MAIN, NETWORKS, Network
from ccxx_node.client.rpc import NodeError, RpcError, check_network, connect
from ccxx_wallet.cli import FILE, Settings, settings_of
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file, read_secret_file
from ccxx_wallet.keyring import Paths, PublicAccount, Role
from ccxx_wallet.keystore import SeedPhrase
from ccxx_wallet.making import NewWallet, check_folder_is_free, create_wallet
from ccxx_wallet.phrase_drill import drill
from ccxx_wallet.wallet import Wallet
from ccxx_wallet.watch_only import read_accounts

_NOT_RESTORED = (
    "the seed phrase brings back keys, and with the chain coins, permits and certificates; it does"
    " not bring back labels (import them with `label import`), drafts, jobs, kept documents and"
    " type definitions: copy those from a backup of the wallet folder, or ask who has the files"
)
_OPTIONS = (
    click.option("--seed-file", type=FILE, help="Restore from a file with a seed phrase."),
    click.option("--restore", is_flag=True, help="Type a seed phrase instead of making one."),
    click.option("--birthday", type=int, help="First block to read when restoring."),
    click.option(
        "--paths",
        type=click.Choice([each.value for each in Paths]),
        default=Paths.BIP48.value,
        show_default=True,
        help="Where certificate keys live; the same again when restoring.",
    ),
    click.option(
        "--watch",
        multiple=True,
        metavar="DESCRIPTOR",
        help="Make a wallet without keys that watches this account; repeatable.",
    ),
    click.option("--xpub", "xpub_file", type=FILE, help="The same, with accounts from a file."),
    click.option("--test-maturity", type=int, hidden=True),
)


@dataclass(frozen=True, slots=True)
class Start:
    """What `init` was told."""

    seed_file: Path | None
    restore: bool
    anchor_file: Path | None
    birthday: int | None
    test_maturity: int | None
    paths: str = Paths.BIP48.value
    watch: tuple[str, ...] = ()
    xpub_file: Path | None = None

    @property
    def watches(self) -> bool:
        """Whether the wallet is to have no keys."""
        return bool(self.watch) or self.xpub_file is not None


def init_options(function: Any) -> Any:
    """Give an init command the options that say where its keys come from."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def create(ctx: click.Context, roles: tuple[Role, ...], start: Start) -> dict[str, Any]:
    """Make the wallet that `init` asks for and return its facts, a new phrase among them."""
    settings = settings_of(ctx)
    if start.watches and (start.restore or start.seed_file is not None):
        raise click.UsageError("--watch and --xpub make a wallet without keys: leave the seed out")
    anchor = None if start.anchor_file is None else load_anchor(start.anchor_file)
    network = settings.network or (
        served_network(settings) if anchor is None else NETWORKS[anchor.network]
    )
    check_folder_is_free(settings.folder)
    new, is_new = _new_wallet(ctx, roles, start, network, anchor)
    facts: dict[str, Any] = {"wallet": str(settings.folder), "network": network.chain}
    if settings.dry_run:
        return {**facts, "dry_run": True}
    # Before the wallet is made: whoever breaks off here has done nothing.
    is_known = new.phrase is None or not is_new or drill(settings.screen, new.phrase)
    wallet = create_wallet(settings.folder, new)
    try:
        facts |= _facts_of(wallet)
    finally:
        wallet.close()
    if new.phrase is not None and not is_new:
        settings.screen.say(_NOT_RESTORED)
    if new.phrase is not None and not is_known:
        facts["seed_phrase"] = new.phrase.reveal()
        settings.screen.warn(
            "write the seed phrase down on paper now: it is shown once, and is all that is needed"
            " to get the keys back, or to steal them"
        )
    return facts


def _new_wallet(
    ctx: click.Context,
    roles: tuple[Role, ...],
    start: Start,
    network: Network,
    anchor: TrustAnchor | None,
) -> tuple[NewWallet, bool]:
    """Return what the wallet is to be made of, and whether its phrase is a new one."""
    settings = settings_of(ctx)
    phrase, is_new = None, False
    accounts: tuple[PublicAccount, ...] = ()
    if start.watches:
        accounts = read_accounts(start.watch, start.xpub_file, network, roles)
    else:
        phrase, is_new = read_phrase(settings, start)
    asks = phrase is not None and not settings.dry_run
    new = NewWallet(
        program=str(ctx.find_root().command.name),
        network=network,
        roles=roles,
        phrase=phrase,
        passphrase=settings.passphrase(confirm=True) if asks else "",
        birthday=_birthday(settings, network, start, is_new),
        anchor=anchor,
        test_maturity=start.test_maturity,
        paths=Paths(start.paths),
        accounts=accounts,
    )
    return new, is_new


def _facts_of(wallet: Wallet) -> dict[str, Any]:
    has_plain = any(account.role is Role.PLAIN for account in wallet.accounts)
    return {
        "birthday": wallet.birthday,
        "address": wallet.plain_address() if has_plain else None,
        "anchor_id": None if wallet.anchor is None else wallet.anchor.anchor_id.hex(),
        **({"watch_only": True} if wallet.is_watch_only else {}),
    }


def served_network(settings: Settings) -> Network:
    """Return the network of the node that answers; main, said loudly, where none does.

    Raises WalletError WRONG_NETWORK if nodes of several networks answer.
    """
    found = {network for network in NETWORKS.values() if _answers(settings, network)}
    if len(found) > 1:
        names = ", ".join(sorted(network.chain for network in found))
        raise WalletError(
            Refusal.WRONG_NETWORK, f"nodes of several networks answer ({names}); give --network"
        )
    if found:
        return found.pop()
    settings.screen.warn(
        "no node says which network this is, so the wallet is made for main: real money; if you"
        " meant another, delete it and give --network"
    )
    return MAIN


def _answers(settings: Settings, network: Network) -> bool:
    try:
        with closing(connect(settings.node, network, settings.datadir)) as client:
            check_network(client, network)
    except (NodeError, RpcError):
        return False
    return True


def load_anchor(path: Path) -> TrustAnchor:
    """Read a trust anchor file; raises WalletError BAD_FILE."""
    try:
        return TrustAnchor.decode(read_file(path, limit=65_536))
    except DecodeError as error:
        raise WalletError(
            Refusal.BAD_FILE, f"{path}: {error}; ask the root organisation for its anchor file"
        ) from error


def read_phrase(settings: Settings, start: Start) -> tuple[SeedPhrase, bool]:
    """Return the phrase from a file, typed unseen, or new; and whether it is new."""
    if start.seed_file is not None or start.restore:
        return known_phrase(settings, start.seed_file), False
    return SeedPhrase(new_mnemonic(os.urandom(16))), True


def known_phrase(settings: Settings, file: Path | None) -> SeedPhrase:
    """Return a phrase from a file, or typed unseen."""
    if file is None:
        return SeedPhrase(settings.screen.ask_secret("Seed phrase"))
    words = read_secret_file(file, settings.screen.warn)
    return SeedPhrase(words.decode(errors="replace"))


def _birthday(settings: Settings, network: Network, start: Start, is_new: bool) -> int:
    """Return the first block that can concern a new wallet: the node's tip if it answers."""
    if start.birthday is not None or not is_new:
        return start.birthday or 0
    client = connect(settings.node, network, settings.datadir)
    try:
        check_network(client, network)
        return client.block_count() + 1
    except NodeError:
        return 0
    finally:
        client.close()
