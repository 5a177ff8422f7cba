"""A root coin on its way: sent, but not in a block yet, so the trust anchor lacks its height."""

from dataclasses import dataclass

from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_cert.trust import TrustAnchor
from ccxx_core.transaction import OutPoint
from ccxx_wallet.keyring import Role
from ccxx_wallet.store import Store
from ccxx_wallet.wallet import Wallet

_COIN, _VALUE, _SYSTEM_KEY = "root_coin", "root_value", "system_key"


@dataclass(frozen=True, slots=True)
class Registration:
    """The root coin that was sent, its value in satoshis, and S."""

    coin: OutPoint
    value: int
    system_key: bytes


def write_registration(store: Store, registration: Registration) -> None:
    """Remember a root coin that is about to be sent."""
    with store.transaction():
        store.set_fact(_COIN, format_outpoint(registration.coin))
        store.set_fact(_VALUE, str(registration.value))
        store.set_fact(_SYSTEM_KEY, registration.system_key.hex())


def read_registration(store: Store) -> Registration | None:
    """Return the root coin that this wallet sent; one that never left does not count."""
    coin, value, system_key = map(store.fact, (_COIN, _VALUE, _SYSTEM_KEY))
    if coin is None or value is None or system_key is None:
        return None
    found = Registration(parse_outpoint(coin), int(value), bytes.fromhex(system_key))
    sent = {each.transaction.txid for each in store.sent()}
    return found if found.coin.txid in sent else None


def mined_anchor(wallet: Wallet) -> TrustAnchor | None:
    """Return the trust anchor of a root coin of ours, once a block holds it."""
    registration = read_registration(wallet.store)
    if registration is None:
        return None
    heights = {sent.transaction.txid: sent.mined_height for sent in wallet.store.sent()}
    height = heights.get(registration.coin.txid)
    if height is None:
        return None
    return TrustAnchor(
        network=wallet.network.chain,
        root_outpoint=registration.coin,
        root_value=registration.value,
        root_height=height,
        root_script=wallet.first_key(Role.CREDIT).plain_script,
        root_key=wallet.first_key(Role.ROOT).public_key,
        system_key=registration.system_key,
    )
