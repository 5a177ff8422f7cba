"""The plain coins of a wallet, one by one, as their owner looks at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ccxx_cert.identity import format_outpoint
from ccxx_core.address import encode_address
from ccxx_core.amount import format_amount
from ccxx_wallet.authority_coins import batons
from ccxx_wallet.coin_selection import PlainCoin
from ccxx_wallet.labels import Kind
from ccxx_wallet.live import LiveWallet


@dataclass(frozen=True, slots=True)
class ListedCoin:
    """A plain coin that no transaction spends, and why it may not pay, if so."""

    coin: PlainCoin
    confirmations: int
    status: str


def list_coins(live: LiveWallet) -> list[ListedCoin]:
    """Return the unspent plain coins, those of the pool behind; credit is never among them."""
    wallet = live.wallet
    unspent = set(wallet.unspent(live.pending))
    ready = {coin.outpoint for coin in wallet.plain_coins(live.pending)}
    coins = [*wallet.store.coins(), *wallet.unconfirmed_coins(live.pending)]
    frozen, reserved = wallet.store.frozen(), live.drafts.reserved()
    passed_on = batons(live.watched_coins())

    def status(coin: PlainCoin) -> str:
        if coin.outpoint in frozen:
            return "frozen"
        if coin.outpoint not in ready:
            return "incoming" if coin.height is None else "immature"
        if coin.outpoint in passed_on:
            return "baton"
        return "in a draft" if coin.outpoint in reserved else "free"

    return [
        ListedCoin(
            coin, 0 if coin.height is None else live.tip_height + 1 - coin.height, status(coin)
        )
        for coin in coins
        if coin.outpoint in unspent
    ]


def coin_facts(live: LiveWallet) -> list[dict[str, Any]]:
    """Give the unspent plain coins as JSON, each with the label of the coin or of its address."""
    store, network = live.wallet.store, live.wallet.network
    labels, addresses = store.labels(Kind.OUTPUT), store.labels(Kind.ADDRESS)
    frozen = store.frozen()
    return [
        {
            "coin": (name := format_outpoint(each.coin.outpoint)),
            "value": format_amount(each.coin.value),
            "confirmations": each.confirmations,
            "address": (address := encode_address(each.coin.script_pubkey, network)),
            "label": label_of(name, address, labels, addresses),
            "frozen": each.coin.outpoint in frozen,
            "status": each.status,
        }
        for each in list_coins(live)
    ]


def label_of(
    outpoint: str, address: str | None, labels: Mapping[str, str], addresses: Mapping[str, str]
) -> str | None:
    """Return the words for a coin: its own, else those of its address."""
    return labels.get(outpoint) or addresses.get(address or "")
