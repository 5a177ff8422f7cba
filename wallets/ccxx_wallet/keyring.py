"""Which key is where: one seed phrase, one account per role (BIP 48 or BIP 45, and BIP 84).

Certificate keys live at m/48h/coin/account/2h/0/index, or at m/45h/account/0/index; plain coins at
m/84h/coin/0h/chain/index. The accounts' public halves (xpub) let a wallet watch without its
passphrase, and a wallet without keys watch for ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ccxx_core.bip32 import HdKey, KeyOrigin, format_path, mnemonic_to_seed, parse_path
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import hash160
from ccxx_core.keys import PrivateKey
from ccxx_core.network import Network
from ccxx_core.script import p2wpkh_script
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keystore import SeedPhrase


class Role(StrEnum):
    """What a key is for; each role has an account of its own, so no key ever has two."""

    ROOT = "root"
    SYSTEM = "system"
    CREDIT = "credit"
    ISSUER = "issuer"
    HOLDER = "holder"
    PLAIN = "plain"


class Paths(StrEnum):
    """Where certificate keys live: multisig wallets know one of these two places."""

    BIP48 = "bip48"
    BIP45 = "bip45"


_ACCOUNTS = {Role.ROOT: 0, Role.SYSTEM: 1, Role.CREDIT: 2, Role.ISSUER: 3, Role.HOLDER: 4}
RECEIVE, CHANGE = 0, 1


@dataclass(frozen=True, slots=True)
class KeyPath:
    """Where one key of a wallet is: role, chain (0 receive, 1 change) and index."""

    role: Role
    chain: int
    index: int


@dataclass(frozen=True, slots=True)
class WatchedKey:
    """A public key of this wallet and where it came from."""

    path: KeyPath
    public_key: bytes

    @property
    def plain_script(self) -> bytes:
        """The P2WPKH script that ordinary coins of this key have."""
        return p2wpkh_script(hash160(self.public_key))


@dataclass(frozen=True, slots=True)
class PublicAccount:
    """The public half of one role's account: derives every public key of the role."""

    role: Role
    master: KeyOrigin
    key: HdKey

    def watch(self, chain: int, index: int) -> WatchedKey:
        """Derive one public key."""
        derived = self.key.derive(f"m/{chain}/{index}")
        return WatchedKey(KeyPath(self.role, chain, index), derived.public_key)

    def origin(self, path: KeyPath) -> KeyOrigin:
        """Say where a key comes from, as a PSBT's key origin."""
        return KeyOrigin(self.master.fingerprint, (*self.master.path, path.chain, path.index))


def account_path(role: Role, network: Network, paths: Paths = Paths.BIP48) -> str:
    """Print the derivation path of a role's account."""
    if role is Role.PLAIN:
        return f"m/84h/{network.coin_type}h/0h"
    if paths is Paths.BIP45:
        return f"m/45h/{_ACCOUNTS[role]}"
    return f"m/48h/{network.coin_type}h/{_ACCOUNTS[role]}h/2h"


def find_role(path: tuple[int, ...], network: Network) -> Role | None:
    """Return the role whose account lives at a path, None if none does."""
    for role in Role:
        if path in [parse_path(account_path(role, network, paths)) for paths in Paths]:
            return role
    return None


def check_phrase(phrase: SeedPhrase) -> None:
    """Raise WalletError BAD_SEED_PHRASE if the words are no BIP 39 phrase; never shows them."""
    try:
        mnemonic_to_seed(phrase.reveal())
    except DecodeError:
        raise WalletError(
            Refusal.BAD_SEED_PHRASE,
            "these words are not a seed phrase; check their spelling, order and number",
        ) from None


def open_accounts(
    phrase: SeedPhrase, network: Network, paths: Mapping[Role, str]
) -> list[PublicAccount]:
    """Derive the public accounts at some paths; needed once, when a wallet is made."""
    master = HdKey.from_seed(mnemonic_to_seed(phrase.reveal()), network)
    return [
        PublicAccount(
            role,
            KeyOrigin(master.fingerprint, parse_path(path)),
            _public(master.derive(path)),
        )
        for role, path in paths.items()
    ]


def derive_private_keys(
    phrase: SeedPhrase, accounts: Sequence[PublicAccount], keys: Sequence[WatchedKey]
) -> dict[bytes, PrivateKey]:
    """Derive the private keys of watched keys of some accounts, by public key."""
    master = HdKey.from_seed(mnemonic_to_seed(phrase.reveal()), accounts[0].key.network)
    wanted = {key.path.role for key in keys}
    opened = {
        account.role: master.derive(format_path(account.master.path))
        for account in accounts
        if account.role in wanted
    }
    private: dict[bytes, PrivateKey] = {}
    for key in keys:
        derived = opened[key.path.role].derive(f"m/{key.path.chain}/{key.path.index}")
        if derived.public_key != key.public_key:
            raise WalletError(
                Refusal.DAMAGED_STORE,
                "the wallet's keys do not belong to its seed phrase; restore it with init",
            )
        private[key.public_key] = derived.private_key
    return private


def _public(key: HdKey) -> HdKey:
    return HdKey.parse(key.xpub(), key.network)
