"""Making a wallet: from a seed phrase, or from the public accounts of another (watch-only)."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ccxx_cert.trust import TrustAnchor
from ccxx_core.descriptor import format_origin
from ccxx_core.network import REGTEST, Network
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import PRIVATE, make_private_folder, write_atomically
from ccxx_wallet.keyring import (
    Paths,
    PublicAccount,
    Role,
    account_path,
    check_phrase,
    open_accounts,
)
from ccxx_wallet.keystore import QUICK, Argon2Parameters, SeedPhrase, save_phrase
from ccxx_wallet.store import Store
from ccxx_wallet.wallet import (
    ANCHOR_FILE,
    KEYS_FILE,
    STORE_FILE,
    WATCH_ONLY,
    Wallet,
    check_anchor,
)
from ccxx_wallet.watch import extend_keys


@dataclass(frozen=True, slots=True)
class NewWallet:
    """What a new wallet is made of; the passphrase seals the phrase and is kept nowhere.

    Without a phrase the wallet has no keys and watches `accounts`.
    """

    program: str
    network: Network
    roles: tuple[Role, ...]
    phrase: SeedPhrase | None
    passphrase: str
    birthday: int = 0
    anchor: TrustAnchor | None = None
    test_maturity: int | None = None
    paths: Paths = Paths.BIP48
    accounts: tuple[PublicAccount, ...] = ()


def create_wallet(folder: Path, new: NewWallet) -> Wallet:
    """Make a wallet in a folder that has none; on failure nothing is left behind."""
    accounts = _accounts_of(new)
    if new.anchor is not None:
        check_anchor(new.anchor, new.network)
    check_folder_is_free(folder)
    make_private_folder(folder)
    _claim(folder / STORE_FILE)
    try:
        store = _create_store(folder / STORE_FILE, new, accounts)
        if new.anchor is not None:
            write_atomically(folder / ANCHOR_FILE, new.anchor.encode())
        if new.phrase is not None:
            # Coins of regtest are worth nothing, and its demonstrations run hundreds of commands.
            work = QUICK if new.network is REGTEST else Argon2Parameters()
            save_phrase(folder / KEYS_FILE, new.phrase, new.passphrase, work)
    except BaseException:
        for name in (KEYS_FILE, ANCHOR_FILE, *(STORE_FILE + tail for tail in ("", "-wal", "-shm"))):
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()
        raise
    return Wallet(folder, store)


def check_folder_is_free(folder: Path) -> None:
    """Raise WalletError WALLET_EXISTS if a folder holds a wallet, or what is left of one."""
    if (folder / KEYS_FILE).exists():
        raise WalletError(
            Refusal.WALLET_EXISTS, f"{folder} holds a wallet; choose another --wallet folder"
        )
    if (folder / STORE_FILE).exists():
        raise _store_is_there(folder / STORE_FILE)


def _claim(path: Path) -> None:
    """Create the store's empty file, so that of two inits in one folder only one goes on."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    except FileExistsError:
        raise _store_is_there(path) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WalletError(
            Refusal.CANNOT_WRITE,
            f"cannot write {path}: {reason}; make room or choose another --wallet folder",
        ) from error


def _store_is_there(path: Path) -> WalletError:
    # A watch-only wallet, an init at work, one that was killed, or a lost key file: documents
    # may be in it, so it is left alone.
    return WalletError(
        Refusal.WALLET_EXISTS,
        f"{path} is there without a {KEYS_FILE}: it belongs to a watch-only wallet, or to an init"
        " at work, or the key file was lost; put the key file back, choose another --wallet"
        " folder, or move the folder away and init again (with --restore if keys of it were used)",
    )


def _accounts_of(new: NewWallet) -> list[PublicAccount]:
    if new.phrase is None:
        return list(new.accounts)
    check_phrase(new.phrase)
    paths = {role: account_path(role, new.network, new.paths) for role in new.roles}
    return open_accounts(new.phrase, new.network, paths)


def _create_store(path: Path, new: NewWallet, accounts: list[PublicAccount]) -> Store:
    store = Store(path)
    facts = {
        "program": new.program,
        "network": new.network.chain,
        "birthday": str(new.birthday),
        "fingerprint": accounts[0].master.fingerprint.hex(),
        **{f"xpub_{account.role}": account.key.xpub() for account in accounts},
        **{f"origin_{account.role}": format_origin(account.master) for account in accounts},
    }
    if new.phrase is None:
        facts[WATCH_ONLY] = "1"
    if new.test_maturity is not None and new.network is REGTEST:
        facts["test_maturity"] = str(new.test_maturity)
    with store.transaction():
        for name, value in facts.items():
            store.set_fact(name, value)
        extend_keys(store, accounts)
    return store
