"""From a command's options to a co-signer's desk: wallet, node, keys, policy and books."""

import ssl
from pathlib import Path

from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.errors import DecodeError
from ccxx_core.keys import PrivateKey
from ccxx_node.client.rpc import connect
from ccxx_root.cosigner.books import Books
from ccxx_root.cosigner.desk import CosignerDesk
from ccxx_root.cosigner.policy import Policy
from ccxx_root.cosigner.policy_file import parse_policy
from ccxx_root.cosigner.refusals import CosignerError, Refusal
from ccxx_wallet.cli import Settings
from ccxx_wallet.errors import Refusal as WalletRefusal
from ccxx_wallet.errors import WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.kept_documents import keep_definition
from ccxx_wallet.keyring import Role, WatchedKey
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.screen import Screen
from ccxx_wallet.wallet import Wallet, open_wallet

POLICY_FILE = "cosigner.toml"
PROGRAM = "ccxx-root"


def read_policy(folder: Path, given: Path | None) -> Policy:
    """Read the policy that was named, else the one in the wallet's folder, else the defaults."""
    path = given or folder / POLICY_FILE
    if given is None and not path.exists():
        return Policy()
    return parse_policy(read_file(path, limit=1_000_000))


def open_cosigner(
    settings: Settings, policy: Policy, passphrase: str, holds_grants: bool
) -> CosignerDesk:
    """Open wallet, node and books in the calling thread, unlocked; close with `close_cosigner`."""
    wallet = open_wallet(settings.folder, PROGRAM, settings.network)
    try:
        keys = wallet.unlock(passphrase, cosigning_keys(wallet, holds_grants))
        books = Books(settings.folder)
    except BaseException:
        wallet.close()
        raise
    client = connect(settings.node, wallet.network, settings.datadir)
    live = LiveWallet(wallet, client)
    return CosignerDesk(live, policy, books, Kept(keys))


def close_cosigner(desk: CosignerDesk) -> None:
    """Close books, node and wallet."""
    desk.books.close()
    desk.live.client.close()
    desk.live.wallet.close()


def cosigning_keys(wallet: Wallet, holds_grants: bool) -> list[WatchedKey]:
    """Return R and S of all roots as far as they are this wallet's; for grants also K0.

    Older permits keep the keys of the root that granted them. The next keys are there already, so
    that a running service goes on when the root moves to them.
    """
    roots = wallet.require_anchor().roots
    known = {key for each in roots for key in (each.root_key, each.system_key)}
    ahead = len(roots) + 1
    keys = [
        key for role in (Role.ROOT, Role.SYSTEM) for key in wallet.store.watched_keys(role)[:ahead]
    ]
    if not any(key.public_key in known for key in keys):
        raise WalletError(
            WalletRefusal.WRONG_KEY,
            "this wallet holds neither R nor S of the trust anchor; give another --wallet",
        )
    if holds_grants:
        keys += wallet.store.watched_keys(Role.CREDIT)[:ahead]
        keys += wallet.store.watched_keys(Role.PLAIN)
    return keys


def keep_types(live: LiveWallet, folder: Path) -> int:
    """Keep the type definitions of a folder, whose rules bind transfers; return how many."""
    paths = sorted(folder.glob("*.json"))
    for path in paths:
        try:
            keep_definition(live, TypeDefinition.decode(read_file(path, limit=1_000_000)))
        except DecodeError as error:
            raise WalletError(
                WalletRefusal.WRONG_TYPE_DEFINITION, f"{path}: {error}; correct or remove it"
            ) from error
    return len(paths)


def first_sync(desk: CosignerDesk, screen: Screen) -> int:
    """Bring the wallet to the tip before anybody asks; return its height."""
    desk.live.sync(screen)
    return desk.live.tip_height


def tls_context(
    certificate: Path | None, key: Path | None, client_ca: Path | None
) -> ssl.SSLContext | None:
    """Return the server's TLS settings; with a client CA nobody connects without a certificate."""
    if certificate is None:
        if key is not None or client_ca is not None:
            raise CosignerError(
                Refusal.BAD_REQUEST, "--tls-key and --client-ca need --tls-certificate"
            )
        return None
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise CosignerError(
            Refusal.BAD_REQUEST, f"the TLS files cannot be used: {error}; check their paths"
        ) from error
    return context


def check_listening(host: str, is_secure: bool) -> None:
    """Refuse to let tokens travel in the clear: without TLS only this machine may ask."""
    if not is_secure and host not in _LOOPBACK:
        raise CosignerError(
            Refusal.BAD_REQUEST,
            f"without TLS only 127.0.0.1 is served, not {host}; give --tls-certificate, or put a"
            " TLS proxy in front",
        )


class Kept:
    """Private keys in memory that cannot be printed by accident."""

    __slots__ = ("_keys",)

    def __init__(self, keys: dict[bytes, PrivateKey]) -> None:
        self._keys = keys

    def __call__(self) -> dict[bytes, PrivateKey]:
        """Return the keys by public key."""
        return self._keys

    def __repr__(self) -> str:
        return f"Kept({len(self._keys)} keys)"


_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
