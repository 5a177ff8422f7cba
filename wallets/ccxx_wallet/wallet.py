"""One wallet in its folder: keys.json (sealed), wallet.sqlite (rebuildable), anchor.json."""

from collections.abc import Collection, Sequence
from pathlib import Path

from ccxx_cert.trust import TrustAnchor
from ccxx_core.address import encode_address
from ccxx_core.amount import format_amount
from ccxx_core.bip32 import HdKey, KeyOrigin, parse_path
from ccxx_core.descriptor import parse_origin
from ccxx_core.keys import PrivateKey
from ccxx_core.network import NETWORKS, Network
from ccxx_core.psbt_fields import Origins
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_wallet.builder import Purse
from ccxx_wallet.coin_selection import PlainCoin, describe_outlook, mature_coins
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file, write_atomically
from ccxx_wallet.keyring import (
    CHANGE,
    RECEIVE,
    PublicAccount,
    Role,
    WatchedKey,
    account_path,
    derive_private_keys,
)
from ccxx_wallet.keystore import load_phrase
from ccxx_wallet.store import Store
from ccxx_wallet.watch import WatchedScripts, extend_keys

KEYS_FILE, STORE_FILE, ANCHOR_FILE = "keys.json", "wallet.sqlite", "anchor.json"
# The fact that a wallet has no keys on purpose.
WATCH_ONLY = "watch_only"
_MATURITY_BEFORE = 8_860


class Wallet:
    """An open wallet: watches without a passphrase, signs with it."""

    def __init__(self, folder: Path, store: Store) -> None:
        """Open the parts; use `open_wallet`, or `create_wallet` for a new one."""
        self.folder = folder
        self.store = store
        self.network = NETWORKS[self._fact("network")]
        self.accounts = self._read_accounts()
        self.watched = WatchedScripts(store, self.accounts)
        self.anchor = _read_anchor(folder / ANCHOR_FILE)

    @property
    def birthday(self) -> int:
        """Height before which no plain coin of ours can exist."""
        return int(self._fact("birthday"))

    @property
    def start_height(self) -> int:
        """First block to read: nothing of ours or of the registry is older."""
        if self.anchor is None:
            return self.birthday
        return min(self.birthday, self.anchor.root_height)

    def require_anchor(self) -> TrustAnchor:
        """Return the trust anchor; raises WalletError NO_ANCHOR."""
        if self.anchor is None:
            raise WalletError(
                Refusal.NO_ANCHOR,
                "this wallet has no trust anchor yet; run `ccxx-root coin register`, and wait for"
                " the block that holds the root coin",
            )
        return self.anchor

    def reload_anchor(self) -> None:
        """Take up the anchor that another command may have written meanwhile."""
        self.anchor = _read_anchor(self.folder / ANCHOR_FILE)

    def set_anchor(self, anchor: TrustAnchor) -> None:
        """Keep a trust anchor for this network."""
        check_anchor(anchor, self.network)
        write_atomically(self.folder / ANCHOR_FILE, anchor.encode())
        self.anchor = anchor

    @property
    def is_watch_only(self) -> bool:
        """Whether the wallet was made without keys: it sees and drafts, and cannot sign."""
        return self.store.fact(WATCH_ONLY) is not None

    def check_can_sign(self) -> None:
        """Raise WalletError WATCH_ONLY if the wallet has no keys."""
        if self.is_watch_only:
            raise WalletError(
                Refusal.WATCH_ONLY,
                "this wallet watches only and has no keys; sign the file with the wallet that has"
                " the seed phrase (there with --spend-own, after reading what it does)",
            )

    def unlock(self, passphrase: str, keys: Sequence[WatchedKey]) -> dict[bytes, PrivateKey]:
        """Derive the private keys of some of our public keys."""
        self.check_can_sign()
        phrase = load_phrase(self.folder / KEYS_FILE, passphrase)
        return derive_private_keys(phrase, self.accounts, keys)

    def receive_key(self, role: Role = Role.PLAIN) -> WatchedKey:
        """Return the first key of a role that was not given to anybody."""
        return self._next(role, RECEIVE)

    def give_key(self, role: Role) -> WatchedKey:
        """Return the first fresh key of a role and count it as given."""
        with self.store.transaction():
            key = self._next(role, RECEIVE)
            self.store.mark_given(key.public_key)
            extend_keys(self.store, self.accounts)
        self.watched = WatchedScripts(self.store, self.accounts)
        return key

    def first_key(self, role: Role) -> WatchedKey:
        """Return a role's first key: R, S and K0 have only this one."""
        if not (keys := self.store.watched_keys(role)):
            raise _no_keys(role)
        return keys[0]

    def origins(self, public_key: bytes) -> Origins:
        """Say in a PSBT's words where a key of ours comes from; empty for others' keys."""
        for key in self.store.watched_keys():
            if key.public_key == public_key:
                return ((public_key, self._account(key.path.role).origin(key.path)),)
        return ()

    def plain_coins(self, pending: Sequence[Transaction]) -> list[PlainCoin]:
        """Return the ordinary coins that may be spent now, own unconfirmed change included.

        Frozen ones are not among them.
        """
        tip = self.store.tip()
        height = 0 if tip is None else tip[0]
        coins = self.store.coins()
        spent = {tx_input.prevout for tx in pending for tx_input in tx.inputs}
        unfit = spent | self.store.frozen()
        own = {coin.outpoint for coin in coins}
        for tx in pending:
            # Change of a transaction that spends our coins; a stranger's payment waits for a block.
            if any(tx_input.prevout in own for tx_input in tx.inputs):
                coins += [coin for coin in self._outputs_of(tx)]
                own |= {coin.outpoint for coin in coins}
        ripe = mature_coins(coins, height, self.maturity(height))
        return [coin for coin in ripe if coin.outpoint not in unfit]

    def unspent(self, pending: Sequence[Transaction]) -> list[OutPoint]:
        """Return all plain coins of ours that no transaction spends, young ones and the pool's."""
        coins = [*self.store.coins(), *self.unconfirmed_coins(pending)]
        spent = {tx_input.prevout for tx in pending for tx_input in tx.inputs}
        return [coin.outpoint for coin in coins if coin.outpoint not in spent]

    def unconfirmed_coins(self, pending: Sequence[Transaction]) -> list[PlainCoin]:
        """Return the plain coins of ours that transactions in no block make."""
        return [coin for tx in pending for coin in self._outputs_of(tx)]

    def frozen_value(self) -> int:
        """Return satoshis of confirmed coins that the owner keeps from paying."""
        frozen = self.store.frozen()
        return sum(coin.value for coin in self.store.coins() if coin.outpoint in frozen)

    def incoming(self, pending: Sequence[Transaction]) -> int:
        """Return satoshis that unconfirmed transactions of others pay to us."""
        own = {coin.outpoint for coin in self.store.coins()}
        total = 0
        for tx in pending:
            if any(tx_input.prevout in own for tx_input in tx.inputs):
                own |= {coin.outpoint for coin in self._outputs_of(tx)}
            else:
                total += sum(coin.value for coin in self._outputs_of(tx))
        return total

    def purse(
        self, pending: Sequence[Transaction], feerate: int, reserved: Collection[OutPoint]
    ) -> Purse:
        """Return what may pay for a draft; `reserved` coins are in other drafts."""
        return Purse(
            coins=self.plain_coins(pending),
            change_script=self._next(Role.PLAIN, CHANGE).plain_script,
            feerate=feerate,
            reserved=reserved,
            outlook=self._outlook(pending),
            origin_of=self._origin_of_script,
        )

    def plain_address(self) -> str:
        """Return the address of the next fresh key for ordinary coins."""
        return encode_address(self.receive_key().plain_script, self.network) or ""

    def _outlook(self, pending: Sequence[Transaction]) -> str:
        tip = self.store.tip()
        height = 0 if tip is None else tip[0]
        coins = self.store.coins()
        said = describe_outlook(coins, height, self.maturity(height), self.incoming(pending))
        if frozen := self.frozen_value():
            said += f"; {format_amount(frozen)} more are frozen, which `coin unfreeze` ends"
        return f"{said}; ask for some: your address is {self.plain_address()}"

    def maturity(self, height: int) -> int:
        """Return how deep a coinbase must be before the next block may spend it."""
        if (test := self.store.fact("test_maturity")) is not None:
            return int(test)
        is_late_main = self.network.chain == "main" and height > _MATURITY_BEFORE
        return 100_000 if is_late_main else 5_000

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _outputs_of(self, tx: Transaction) -> list[PlainCoin]:
        return [
            PlainCoin(OutPoint(tx.txid, vout), output.value, output.script_pubkey, None)
            for vout, output in enumerate(tx.outputs)
            if self.watched.is_plain(output.script_pubkey)
        ]

    def _origin_of_script(self, script_pubkey: bytes) -> Origins:
        key = self.watched.plain_key(script_pubkey)
        return () if key is None else self.origins(key.public_key)

    def _next(self, role: Role, chain: int) -> WatchedKey:
        key = self.store.next_key(role, chain)
        if key is None:
            raise _no_keys(role)
        return key

    def _account(self, role: Role) -> PublicAccount:
        return next(account for account in self.accounts if account.role is role)

    def _read_accounts(self) -> list[PublicAccount]:
        return [
            PublicAccount(role, self._master(role), HdKey.parse(text, self.network))
            for role in Role
            if (text := self.store.fact(f"xpub_{role}")) is not None
        ]

    def _master(self, role: Role) -> KeyOrigin:
        """Say where an account is; wallets of the first version did not write it down."""
        if (text := self.store.fact(f"origin_{role}")) is not None:
            return parse_origin(text)
        path = parse_path(account_path(role, self.network))
        return KeyOrigin(bytes.fromhex(self._fact("fingerprint")), path)

    def _fact(self, name: str) -> str:
        value = self.store.fact(name)
        if value is None:
            raise WalletError(
                Refusal.DAMAGED_STORE,
                f"{self.folder / STORE_FILE} is incomplete; move it away and run init again",
            )
        return value


def open_wallet(folder: Path, program: str, network: Network | None) -> Wallet:
    """Open the wallet in a folder.

    Raises WalletError NO_WALLET, or WRONG_NETWORK if it is another program's or network's.
    """
    is_there = (folder / STORE_FILE).exists() and (folder / STORE_FILE).stat().st_size > 0
    store = Store(folder / STORE_FILE) if is_there else None
    if store is None or not ((folder / KEYS_FILE).exists() or store.fact(WATCH_ONLY)):
        if store is not None:
            store.close()
        raise WalletError(
            Refusal.NO_WALLET, f"no wallet in {folder}; run {program} init, or give --wallet"
        )
    wallet = Wallet(folder, store)
    if store.fact("program") != program:
        raise WalletError(
            Refusal.NO_WALLET, f"{folder} is a wallet of {store.fact('program')}, not of {program}"
        )
    if network is not None and network is not wallet.network:
        raise WalletError(
            Refusal.WRONG_NETWORK,
            f"this wallet is for the network {wallet.network.chain}, not {network.chain};"
            " leave --network out or give another --wallet",
        )
    return wallet


def check_anchor(anchor: TrustAnchor, network: Network) -> None:
    """Raise WalletError WRONG_NETWORK if an anchor is for another network."""
    if anchor.network != network.chain:
        raise WalletError(
            Refusal.WRONG_NETWORK,
            f"the trust anchor is for the network {anchor.network}, this wallet for"
            f" {network.chain}; ask the root organisation for the right file",
        )


def _no_keys(role: Role) -> WalletError:
    return WalletError(
        Refusal.WRONG_KEY, f"this wallet has no {role} keys; use the wallet that has them"
    )


def _read_anchor(path: Path) -> TrustAnchor | None:
    return TrustAnchor.decode(read_file(path, limit=65_536)) if path.exists() else None
