"""The root moves: all root credit to a new key, and new permits to new keys R and S."""

from dataclasses import dataclass
from pathlib import Path

from ccxx_cert.canonical import decode_json, encode_canonical
from ccxx_cert.marks import RootState
from ccxx_cert.records import RootMessage
from ccxx_cert.state import get_root
from ccxx_cert.trust import RootDocument, TrustAnchor
from ccxx_cert.upkeep import draft_root
from ccxx_core.errors import DecodeError
from ccxx_root.permits import root_input
from ccxx_wallet.anchoring import keep_document
from ccxx_wallet.builder import Funded
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.keyring import Role, WatchedKey
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.wallet import Wallet
from ccxx_wallet.watch import extend_keys

_ROLES = (Role.CREDIT, Role.ROOT, Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Rotation:
    """The document of the next root, and the hash that the one after it must have, or zeros."""

    document: RootDocument
    commitment: bytes = bytes(32)


def next_document(
    wallet: Wallet, anchor: TrustAnchor, height: int, system_key: bytes | None
) -> RootDocument:
    """Return a document with the first keys of a wallet that no root has used yet."""
    credit, root, system = _next_keys(wallet, anchor)
    return RootDocument(
        from_height=height,
        script=credit.plain_script,
        root_key=root.public_key,
        system_key=system_key or system.public_key,
    )


def read_root_document(path: Path) -> RootDocument:
    """Read the document of a root; raises WalletError BAD_FILE."""
    try:
        return RootDocument.from_facts(decode_json(read_file(path, limit=65_536)))
    except DecodeError as error:
        raise WalletError(
            Refusal.BAD_FILE,
            f"{path}: {error}; make the document with `ccxx-root coin document` in the new wallet",
        ) from error


def encode_root_document(document: RootDocument) -> bytes:
    """Return the canonical form, whose SHA-256 the ROOT message carries."""
    return encode_canonical(document.facts())


def root_in_force(live: LiveWallet) -> RootState:
    """Return the root in force; raises WalletError NO_ANCHOR before its coin is in a block."""
    root = get_root(live.ahead)
    if root is None:
        live.require_anchor()
        raise WalletError(Refusal.NO_ANCHOR, "the root coin is in no block yet; wait for its block")
    return root


def draft_rotation(live: LiveWallet, rotation: Rotation, feerate: int) -> Funded:
    """Draft a ROOT that moves all root credit that this wallet's keys open, in force or older."""
    root = root_in_force(live)
    own = {key.plain_script for key in live.wallet.store.watched_keys(Role.CREDIT)}
    coins = [
        coin
        for coin in live.credit_of(None)
        if coin.script_pubkey in own or coin.script_pubkey == root.script_pubkey
    ]
    if rotation.document.script == root.script_pubkey:
        raise WalletError(
            Refusal.WRONG_KEY, "the document names the root script in force; give other keys"
        )
    if not any(coin.script_pubkey == root.script_pubkey for coin in coins):
        raise WalletError(Refusal.NOT_ENOUGH_CREDIT, "no root credit is left that could move")
    message = RootMessage(rotation.document.document_hash, rotation.commitment, root.seq + 1)
    outputs = draft_root(message, coins, rotation.document.script).outputs
    return live.draft([root_input(live, coin) for coin in coins], outputs, feerate)


def keep_root_document(live: LiveWallet, document: RootDocument) -> None:
    """Keep a root's document until its ROOT is mined, and count its keys, if ours, as given."""
    wallet = live.wallet
    with wallet.store.transaction():
        keep_document(wallet.store, document)
        for key in wallet.store.watched_keys():
            named = (document.root_key, document.system_key)
            if key.public_key in named or key.plain_script == document.script:
                wallet.store.mark_given(key.public_key)
        extend_keys(wallet.store, wallet.accounts)


def _next_keys(wallet: Wallet, anchor: TrustAnchor) -> list[WatchedKey]:
    """Return K0, R and S of the first index at which no root knows any of the three."""
    scripts = {each.script for each in anchor.roots}
    used = {key for each in anchor.roots for key in (each.root_key, each.system_key)}
    accounts = [wallet.store.watched_keys(role) for role in _ROLES]
    for keys in zip(*accounts, strict=False):
        if all(key.public_key not in used and key.plain_script not in scripts for key in keys):
            return list(keys)
    raise WalletError(Refusal.WRONG_KEY, "this wallet has no fresh keys; make a new one with init")
