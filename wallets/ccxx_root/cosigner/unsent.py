"""What this co-signer signed and nobody has sent yet, where another transaction spends it.

The transactions of one job hang together: each spends the change of the one before, and all are to
be signed before any is sent.
"""

from collections.abc import Mapping
from contextlib import suppress

from ccxx_cert.state import get_certificate
from ccxx_core.hashes import Txid
from ccxx_core.psbt import Psbt
from ccxx_core.transaction import OutPoint
from ccxx_root.cosigner.ledger import Ledger
from ccxx_wallet.errors import WalletError
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.pending import in_order, output_finder
from ccxx_wallet.signer import check_rules

# So far it looks back from one request; what hangs together longer is signed once some of it is
# sent.
MOST_UNSENT = 100
Spends = Mapping[OutPoint, Txid]


def assume_unsent(live: LiveWallet, ledger: Ledger, psbt: Psbt) -> None:
    """Look ahead with what a transaction needs of what was signed before and still may be sent."""
    for parent in signed_parents(live, ledger, psbt):
        # One that broke a rule since, or lost a coin, is as good as never signed.
        with suppress(WalletError):
            check_rules(live.review(parent))
            live.assume(parent)


def signed_parents(live: LiveWallet, ledger: Ledger, psbt: Psbt) -> list[Psbt]:
    """Return what a transaction spends, near or far, and was signed here only: parents first."""
    find = output_finder(live.client, live.seen)
    found: dict[Txid, Psbt] = {}
    left = [psbt]
    while left and len(found) < MOST_UNSENT:
        for tx_input in left.pop().transaction.inputs:
            coin = tx_input.prevout
            if coin.txid in found or find(coin) is not None or _is_known(live, coin.txid):
                continue
            if (stored := ledger.signed(coin.txid)) is not None:
                found[coin.txid] = Psbt.decode(stored.psbt)
                left.append(found[coin.txid])
    return [found[tx.txid] for tx in in_order(each.transaction for each in found.values())]


def spends_of(live: LiveWallet, ledger: Ledger, psbt: Psbt) -> Spends:
    """Return which coins a transaction and its unsent parents spend, each with its spender."""
    every = [*signed_parents(live, ledger, psbt), psbt]
    return {
        tx_input.prevout: each.transaction.txid
        for each in every
        for tx_input in each.transaction.inputs
    }


def exclude_each_other(some: Spends, others: Spends) -> bool:
    """Tell whether two coins' spenders differ: then only one of both can be mined."""
    return any(some.get(coin, txid) != txid for coin, txid in others.items())


def may_come(live: LiveWallet, spends: Spends) -> bool:
    """Tell whether a transaction and its unsent parents can still be mined; in doubt they can."""
    spenders = set(spends.values())
    find = output_finder(live.client, live.seen)
    return len(spenders) > MOST_UNSENT or all(
        coin.txid in spenders or find(coin) is not None for coin in spends
    )


def _is_known(live: LiveWallet, txid: Txid) -> bool:
    """Tell whether a block has it, and its coin was spent; only of issues it is known."""
    return get_certificate(live.registry, OutPoint(txid, 0)) is not None
