"""Which scripts on the chain are ours, with room for keys that were never shown here.

A restored wallet does not know how many keys it gave away: it watches some keys beyond the last one
seen (the gap of BIP 44), and moves on as they appear.
"""

from collections.abc import Iterable, Mapping, Sequence

from ccxx_cert.custody import certificate_script, wrap, wraps_of
from ccxx_cert.records import Custody
from ccxx_cert.state import Certificate, Change
from ccxx_wallet.keyring import CHANGE, RECEIVE, PublicAccount, Role, WatchedKey
from ccxx_wallet.store import Store

GAP = 20
# The fee float of a permit is paid to the issuer's own key, so that coin is plain too.
PLAIN_ROLES = frozenset({Role.PLAIN, Role.ISSUER})


class WatchedScripts:
    """The scripts of one wallet's keys; grows with use."""

    def __init__(self, store: Store, accounts: Sequence[PublicAccount]) -> None:
        self._store = store
        self._accounts = accounts
        self._load()

    def is_plain(self, script_pubkey: bytes) -> bool:
        """Tell whether a coin at this script is an ordinary coin of ours."""
        return script_pubkey in self._plain

    def plain_key(self, script_pubkey: bytes) -> WatchedKey | None:
        """Return the key of a plain script."""
        return self._plain.get(script_pubkey)

    def mark_used(self, script_pubkey: bytes) -> None:
        """Remember that a plain script appeared on the chain."""
        key = self._plain.get(script_pubkey)
        if key is not None:
            self._mark(key)

    def mark_holders(self, changes: Iterable[Change]) -> None:
        """Remember which holder keys appear in a block's certificates, declared or not."""
        if not self._holder_keys:
            return
        for change in changes:
            if isinstance(change.after, Certificate):
                key = self.holder_of(change.after)
                if key is not None:
                    self._mark(key)

    def holder_of(self, certificate: Certificate) -> WatchedKey | None:
        """Return our key that holds a certificate: declared, or found by rebuilding the script."""
        held = self.certificate_scripts(certificate.root_key, certificate.issuer_key)
        key, _ = held.get(certificate.script_pubkey, (None, b""))
        return key

    def certificate_scripts(
        self, root_key: bytes, issuer_key: bytes
    ) -> Mapping[bytes, tuple[WatchedKey, bytes]]:
        """Return every output script that a certificate for one of our keys may have.

        Each comes with the key and with the script behind the hash.
        """
        if (root_key, issuer_key) not in self._certificate_scripts:
            self._certificate_scripts[root_key, issuer_key] = {
                script_pubkey: (key, script)
                for key in self._holder_keys
                for script_pubkey, script in holder_scripts(
                    root_key, issuer_key, key.public_key
                ).items()
            }
        return self._certificate_scripts[root_key, issuer_key]

    def _mark(self, key: WatchedKey) -> None:
        if key.public_key in self._given:
            return
        self._store.mark_given(key.public_key)
        extend_keys(self._store, self._accounts)
        self._load()

    def _load(self) -> None:
        keys = self._store.watched_keys()
        self._given = {key.public_key for key in self._store.watched_keys(given_only=True)}
        self._plain = {key.plain_script: key for key in keys if key.path.role in PLAIN_ROLES}
        self._holder_keys = [key for key in keys if key.path.role is Role.HOLDER]
        self._certificate_scripts: dict[
            tuple[bytes, bytes], dict[bytes, tuple[WatchedKey, bytes]]
        ] = {}


def extend_keys(store: Store, accounts: Sequence[PublicAccount]) -> None:
    """Watch keys up to the gap beyond the last one given."""
    for account in accounts:
        for chain in (RECEIVE, CHANGE) if account.role is Role.PLAIN else (RECEIVE,):
            watched, given = store.key_counts(account.role, chain)
            store.add_keys(account.watch(chain, index) for index in range(watched, given + GAP))


def holder_scripts(root_key: bytes, issuer_key: bytes, holder_key: bytes) -> dict[bytes, bytes]:
    """Return every script a certificate of these keys may have, by output script."""
    scripts = {}
    for custody in Custody:
        script = certificate_script(root_key, issuer_key, holder_key, custody)
        for how in wraps_of(custody):
            scripts[wrap(script, how)] = script
    return scripts
