"""The plain coins by which this wallet could speak, or must pass on a chain of messages.

They are ordinary money too: what pays fees must know which of them to leave alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from ccxx_cert.marks import WatchedCoin, WatchedScript
from ccxx_cert.standing import Authority
from ccxx_cert.state import Permit, RegistryView, watched_coin_key, watched_script_key
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_wallet.builder import Purse
from ccxx_wallet.registry_store import Overlay, StoredRegistry
from ccxx_wallet.wallet import Wallet


def watched_coins(registry: StoredRegistry, ahead: Overlay) -> list[WatchedCoin]:
    """Return the plain coins that give authority or pass on a chain, the pool's behind."""
    stored = registry.watched_coins()
    kept = [each for each in stored if not ahead.is_gone(watched_coin_key(each.outpoint))]
    fresh = [each for each in ahead.ahead() if isinstance(each, WatchedCoin)]
    return list({each.outpoint: each for each in (*kept, *fresh)}.values())


def batons(watched: Sequence[WatchedCoin]) -> set[OutPoint]:
    """Return the coins that pass on a chain of messages: one spent otherwise ends its chain."""
    return {coin.outpoint for coin in watched if coin.chain is not None}


def fit_to_pay(purse: Purse, watched: Sequence[WatchedCoin], taken: Collection[OutPoint]) -> Purse:
    """Leave out coins that are inputs already, and batons.

    Coins that a message could speak by pay only where there are no others.
    """
    unfit = batons(watched) | set(taken)
    coins = [coin for coin in purse.coins if coin.outpoint not in unfit]
    return replace(purse, coins=coins, kept=frozenset(coin.outpoint for coin in watched))


def may_spend(wallet: Wallet, pending: Sequence[Transaction], outpoint: OutPoint) -> bool:
    """Tell whether a coin may be spent now.

    A stranger's payment waits for its block, and what was mined for its maturity.
    """
    if any(tx.txid == outpoint.txid for tx in pending):
        return outpoint.txid in {each.transaction.txid for each in wallet.store.sent()}
    known = {coin.outpoint for coin in wallet.store.coins()}
    return outpoint not in known or outpoint in {
        coin.outpoint for coin in wallet.plain_coins(pending)
    }


def is_permit_script(view: RegistryView, output: TxOutput) -> bool:
    """Tell whether a plain coin lies at a permit's script, so that all three of its keys speak."""
    script = view.get(watched_script_key(output.script_pubkey))
    return isinstance(script, WatchedScript) and script.by is Authority.PERMIT


def permit_at(view: RegistryView, permits: Sequence[Permit], output: TxOutput) -> Permit | None:
    """Return the first permit by whose script a plain coin speaks, None for other coins."""
    if not is_permit_script(view, output):
        return None
    return next((each for each in permits if each.script_pubkey == output.script_pubkey), None)
