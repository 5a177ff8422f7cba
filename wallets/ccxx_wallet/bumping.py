"""Making a transaction that waits for a block more attractive: by replacement, or by a child.

Replaced is only what this wallet can sign alone and send at once, and whose id nobody relies on: a
plain payment that says it may be replaced (BIP 125), at a node that replaces. Everything else keeps
its signatures and gets a child that spends its plain change and pays for both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ccxx_cert.state import get_credit
from ccxx_core.amount import format_amount
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, format_hash, parse_txid
from ccxx_core.opcodes import Op
from ccxx_core.transaction import Transaction, TxOutput
from ccxx_node.client.rpc import RpcError
from ccxx_wallet.authority_coins import batons
from ccxx_wallet.builder import SEQUENCE, Funded, Purse, build_draft
from ccxx_wallet.coin_selection import PlainCoin
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.funding import MOST_FEERATE, usual_feerate
from ccxx_wallet.keyring import CHANGE
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.registration import read_registration

REPLACEMENT, CHILD = "replacement", "child"
_CONFLICT = "txn-mempool-conflict"
_OP_RETURN = bytes([Op.OP_RETURN])


@dataclass(frozen=True, slots=True)
class Waiting:
    """A transaction in the node's pool: fees in satoshis and sizes in vbytes.

    The package is the transaction with all that it waits for itself.
    """

    transaction: Transaction
    fee: int
    size: int
    package_fee: int
    package_size: int
    has_children: bool

    @property
    def feerate(self) -> int:
        """What a miner gets for taking it, in satoshis per vbyte, rounded up."""
        return -(-self.package_fee // self.package_size)


@dataclass(frozen=True, slots=True)
class Bump:
    """A drafted bump and how it works; `feerate` is what the miner gets for all of it."""

    method: str
    funded: Funded
    waiting: Waiting
    feerate: int

    def as_facts(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "bumps": format_hash(self.waiting.transaction.txid),
            "method": self.method,
            "old_fee": format_amount(self.waiting.fee),
            "old_feerate": self.waiting.feerate,
            "feerate": self.feerate,
        }


def draft_bump(live: LiveWallet, text: str, feerate: int, at_once: bool) -> Bump:
    """Draft a bump of a transaction of the pool to a rate, or to AUTO.

    One that is not sent `at_once` is a child: who sends a file finds the old version in the pool
    still. Raises WalletError CANNOT_BUMP with the reason.
    """
    waiting = find_waiting(live, text)
    rate = _rate(live, waiting, feerate)
    if at_once and _may_replace(live, waiting):
        pool = live.pending
        live.look_at(tx for tx in pool if tx.txid != waiting.transaction.txid)
        funded = _replacement(live, waiting, rate)
        if _CONFLICT not in (live.client.test_accept(funded.psbt.transaction) or ""):
            return Bump(REPLACEMENT, funded, waiting, rate)
        # The node does not replace: as most of the family, unless told to.
        live.look_at(pool)
    return Bump(CHILD, _child(live, waiting, rate), waiting, rate)


def find_waiting(live: LiveWallet, text: str) -> Waiting:
    """Find a transaction of the pool by its id; raises WalletError CANNOT_BUMP."""
    try:
        txid = parse_txid(text)
    except DecodeError as error:
        raise _cannot(f"{text[:80]!r} is no transaction id: {error}; see `history`") from error
    found = next((tx for tx in live.pending if tx.txid == txid), None)
    if found is None:
        raise _cannot(_why_not_waiting(live, txid))
    try:
        entry = live.client.call("getmempoolentry", text)
    except RpcError as error:
        raise _cannot(
            f"the node's pool does not hold {text} ({error.message}); it is sent again by the next"
            " command, try then"
        ) from error
    return Waiting(
        transaction=found,
        fee=int(entry["fees"]["base"] * 100_000_000),
        size=int(entry["size"]),
        package_fee=int(entry["fees"]["ancestor"] * 100_000_000),
        package_size=int(entry["ancestorsize"]),
        has_children=int(entry["descendantcount"]) > 1,
    )


def _why_not_waiting(live: LiveWallet, txid: Txid) -> str:
    name = format_hash(txid)
    mined = {coin.outpoint.txid: coin.height for coin, _ in live.wallet.store.coin_history()}
    mined |= {
        sent.transaction.txid: sent.mined_height
        for sent in live.wallet.store.sent()
        if sent.mined_height is not None
    }
    if (height := mined.get(txid)) is not None:
        depth = live.tip_height + 1 - height
        noun = "confirmation" if depth == 1 else "confirmations"
        return f"{name} is in block {height} ({depth} {noun}); there is nothing to bump"
    return f"{name} is not waiting in the node's pool; check the id, see `status` and `history`"


def _rate(live: LiveWallet, waiting: Waiting, feerate: int) -> int:
    """Return the rate to reach: more than now, by half unless the node or the owner says more."""
    now = waiting.feerate
    rate = feerate or min(MOST_FEERATE, max(usual_feerate(live.client), now + max(1, now // 2)))
    if rate <= now:
        raise _cannot(f"it pays {now} satoshis per vbyte already; give a --feerate above that")
    return rate


def _may_replace(live: LiveWallet, waiting: Waiting) -> bool:
    """Tell whether we can sign all of it anew and nobody builds on its id."""
    tx = waiting.transaction
    wallet = live.wallet
    own = {coin.outpoint for coin in wallet.store.coins()}
    registration = read_registration(wallet.store)
    return (
        not waiting.has_children
        and all(tx_input.prevout in own for tx_input in tx.inputs)
        and any(tx_input.sequence < SEQUENCE for tx_input in tx.inputs)
        and not any(output.script_pubkey[:1] == _OP_RETURN for output in tx.outputs)
        and (registration is None or registration.coin.txid != tx.txid)
    )


def _replacement(live: LiveWallet, waiting: Waiting, rate: int) -> Funded:
    """Pay the same outputs with the same coins and a smaller change, or with a coin more."""
    tx = waiting.transaction
    purse = live.purse(rate)
    spent = {tx_input.prevout for tx_input in tx.inputs}
    coins = {coin.outpoint: coin for coin in live.wallet.store.coins()}
    first = [coins[tx_input.prevout] for tx_input in tx.inputs]
    # BIP 125: a replacement brings no unconfirmed coins that the old one did not spend.
    more = [coin for coin in _free(purse) if coin.outpoint not in spent and coin.height is not None]
    outputs = [output for output in tx.outputs if not _is_change(live, output)]
    for pays in _tries(first, more):
        funded = _try(live, outputs, replace(purse, coins=pays, takes_all=True))
        if funded is not None and funded.fee > waiting.fee:
            return funded
    raise _cannot("there are no plain coins to pay a higher fee with; add some, or wait")


def _child(live: LiveWallet, waiting: Waiting, rate: int) -> Funded:
    """Spend its plain change back to ourselves with a fee that is enough for both."""
    purse = replace(live.purse(rate), extra_fee=rate * waiting.package_size - waiting.package_fee)
    first = _spendable_outputs(live, waiting.transaction)
    taken = {coin.outpoint for coin in first}
    more = [coin for coin in _free(purse) if coin.outpoint not in taken and coin.height is not None]
    for pays in _tries(first, more):
        funded = _try(live, (), replace(purse, coins=pays, takes_all=True))
        if funded is not None and funded.change:
            return funded
    raise _cannot(
        "its plain change and the other plain coins are not enough for the fee; add plain coins, or"
        " give a lower --feerate"
    )


def _spendable_outputs(live: LiveWallet, tx: Transaction) -> list[PlainCoin]:
    """Return the plain outputs of ours that a child may spend; raises WalletError CANNOT_BUMP."""
    spenders = {each.prevout: other.txid for other in live.pending for each in other.inputs}
    passed_on = batons(live.watched_coins())
    ours = [
        coin
        for coin in live.wallet.unconfirmed_coins([tx])
        if coin.outpoint not in passed_on and get_credit(live.ahead, coin.outpoint) is None
    ]
    frozen = live.wallet.store.frozen()
    free = [each for each in ours if each.outpoint not in spenders and each.outpoint not in frozen]
    if free:
        return free
    if not ours:
        raise _cannot(
            "it has no plain change of this wallet that a child could spend, and a new version"
            " would need all signatures again; whoever got its change can bump it"
        )
    child = next((spenders[each.outpoint] for each in ours if each.outpoint in spenders), None)
    if child is None:
        raise _cannot("its change is frozen; run `coin unfreeze` on it first")
    raise _cannot(f"its change is spent already; bump {format_hash(child)} instead")


def _tries(first: Sequence[PlainCoin], more: Sequence[PlainCoin]) -> Iterator[list[PlainCoin]]:
    """Give the coins that must pay, then those with ever more of the others, the largest first."""
    largest = sorted(more, key=lambda coin: (-coin.value, coin.outpoint))
    for count in range(len(largest) + 1):
        yield [*first, *largest[:count]]


def _try(live: LiveWallet, outputs: Sequence[TxOutput], purse: Purse) -> Funded | None:
    anchor = live.wallet.anchor
    anchor_id = None if anchor is None else anchor.anchor_id
    try:
        return build_draft((), outputs, purse, live.wallet.network, anchor_id)
    except WalletError as error:
        if error.refusal is not Refusal.NOT_ENOUGH_COINS:
            raise
        return None


def _free(purse: Purse) -> list[PlainCoin]:
    held = {*purse.reserved, *purse.kept}
    return [coin for coin in purse.coins if coin.outpoint not in held]


def _is_change(live: LiveWallet, output: TxOutput) -> bool:
    key = live.wallet.watched.plain_key(output.script_pubkey)
    return key is not None and key.path.chain == CHANGE


def _cannot(detail: str) -> WalletError:
    return WalletError(Refusal.CANNOT_BUMP, detail)
