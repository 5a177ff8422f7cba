"""How a transaction is paid for: at which rate, with which coins, and the most that it may cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import CreditKind, RegistryView, get_credit
from ccxx_core.transaction import OutPoint
from ccxx_node.client.rpc import NodeClient, RpcError
from ccxx_wallet.builder import Purse
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.signer import MOST_FEE
from ccxx_wallet.store import Store

# Instead of a rate: what the node estimates.
AUTO = 0
# Satoshis per vbyte where the node estimates nothing; twice the least that nodes relay.
USUAL_FEERATE = 2
MOST_FEERATE = 1_000
_TARGET_BLOCKS = 3
_KINDS = {
    CreditKind.ROOT: "the root credit",
    CreditKind.PERMIT: "a permit's credit",
    CreditKind.CERTIFICATE: "a certificate",
}


@dataclass(frozen=True, slots=True)
class Funding:
    """What the owner said about paying: these coins and no others (none: any), and a limit."""

    coins: tuple[OutPoint, ...] = ()
    most_fee: int = MOST_FEE


def usual_feerate(client: NodeClient) -> int:
    """Return what the node thinks is needed for an early block, in satoshis per vbyte.

    Nodes of the family without statistics give no estimate; then it is the usual rate, and never
    less than the node's pool asks.
    """
    try:
        estimate = client.call("estimatesmartfee", _TARGET_BLOCKS).get("feerate")
        least = client.call("getmempoolinfo")["mempoolminfee"]
    except RpcError:
        return USUAL_FEERATE
    # From coins per 1000 vbytes, rounded up.
    asked = -int(-least * 100_000 // 1)
    usual = USUAL_FEERATE if estimate is None else -int(-estimate * 100_000 // 1)
    return max(1, min(max(usual, asked), MOST_FEERATE))


def choose_coins(
    purse: Purse, wanted: Sequence[OutPoint], store: Store, view: RegistryView
) -> Purse:
    """Have a purse pay with exactly the coins that its owner chose.

    Raises WalletError UNKNOWN_COIN for one that is no free plain coin, credit above all.
    """
    free = {coin.outpoint: coin for coin in purse.coins}
    for outpoint in wanted:
        if outpoint not in free:
            raise WalletError(
                Refusal.UNKNOWN_COIN,
                f"--coin {format_outpoint(outpoint)} {_why_not(outpoint, store, view)}",
            )
    coins = [free[outpoint] for outpoint in dict.fromkeys(wanted)]
    return replace(purse, coins=coins, takes_all=True)


def _why_not(outpoint: OutPoint, store: Store, view: RegistryView) -> str:
    credit = get_credit(view, outpoint)
    if credit is not None:
        return f"is {_KINDS[credit.kind]}, which never pays; choose one that `coin list` shows"
    if outpoint in store.frozen():
        return "is frozen; run `coin unfreeze` on it first"
    return "is no coin of this wallet that can be spent now; see `coin list`"
