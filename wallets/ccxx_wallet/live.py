"""A wallet beside its node: at the tip, aware of the pool, ready to draft, sign and send."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ccxx_cert.marks import WatchedCoin
from ccxx_cert.state import Credit, CreditKind, Moment, Permit, credit_key, get_credit
from ccxx_cert.trust import TrustAnchor
from ccxx_core.errors import CcxxError
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.psbt import Psbt
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_node.client.rpc import NodeClient, NodeError, RpcError, check_network
from ccxx_wallet.anchoring import check_anchor, reviewing_anchor, settle_anchor
from ccxx_wallet.authority_coins import fit_to_pay, is_permit_script, watched_coins
from ccxx_wallet.builder import CreditInput, Funded, Purse, build_draft
from ccxx_wallet.drafts import Drafts, missing_coin, prune
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.funding import Funding, choose_coins, usual_feerate
from ccxx_wallet.keyring import Role, WatchedKey
from ccxx_wallet.pending import (
    MOST_POOL_TRANSACTIONS,
    Pool,
    in_order,
    look_ahead,
    look_further,
    output_finder,
    own_waiting,
    rebroadcast,
)
from ccxx_wallet.registration import read_registration
from ccxx_wallet.registry_store import Overlay, StoredRegistry
from ccxx_wallet.rejections import explain_rejection
from ccxx_wallet.scanner import Scanner
from ccxx_wallet.screen import Screen
from ccxx_wallet.second_opinion import Opinion, check_again
from ccxx_wallet.session import finalize, has_final_txid, shown_scripts
from ccxx_wallet.signer import (
    CHANGE_BACK,
    ROOT_COIN,
    Review,
    check_spent,
    describe_locks,
    describe_payments,
    mark_own,
    review,
)
from ccxx_wallet.wallet import Wallet

_SPENDABLE = (CreditKind.ROOT, CreditKind.PERMIT)


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that the node would take, and what foreign code says of it."""

    transaction: Transaction
    opinion: Opinion


class LiveWallet:
    """One wallet and one node, seen at one moment."""

    def __init__(self, wallet: Wallet, client: NodeClient) -> None:
        self.wallet = wallet
        self.client = client
        self.pending: list[Transaction] = []
        self.registry = StoredRegistry(wallet.store)
        self.ahead = Overlay(self.registry)
        self.drafts = Drafts(wallet.store, self.ahead)
        self.funding = Funding()
        self._assumed: list[Psbt] = []
        self._pool = Pool(client)
        self._looked: tuple[object, Overlay] | None = None

    def sync(self, screen: Screen) -> None:
        """Bring the wallet to the node's tip and read the node's pool."""
        check_network(self.client, self.wallet.network)
        self.wallet.reload_anchor()
        self._read_blocks(screen)
        while settle_anchor(self.wallet):
            self._read_blocks(screen)
        check_anchor(self.wallet, self.client)
        pool = self._read_pool(screen)
        rebroadcast(self.wallet, self.client, pool)
        own = own_waiting(self.wallet, pool)
        self.look_at({tx.txid: tx for tx in (*pool, *own)}.values())
        voices = [coin.outpoint for coin in self.watched_coins()]
        prune(self.wallet.store, self.ahead, [*self.wallet.unspent(self.pending), *voices])
        self.drafts = Drafts(self.wallet.store, self.ahead, self.drafts.may_replace)
        assumed, self._assumed = self._assumed, []
        for psbt in assumed:
            self.assume(psbt)

    def look_at(self, pending: Iterable[Transaction]) -> None:
        """Take transactions as those that wait for a block, and see what follows from them."""
        self.pending = in_order(pending)
        # A service asks again and again while neither chain nor pool has changed.
        seen = (self.wallet.store.tip(), self.wallet.anchor, [tx.txid for tx in self.pending])
        if self._looked is None or self._looked[0] != seen:
            self._looked = seen, look_ahead(self.wallet, self.pending)
        self.ahead = self._looked[1]

    def assume(self, psbt: Psbt) -> None:
        """Look one transaction further ahead, as if it, signed, waited for a block too.

        So one that spends its outputs can be drafted and reviewed before it is sent. Nothing
        happens where it was sent, or where signing changes its id.
        """
        known = {tx.txid for tx in self.pending}
        if psbt.transaction.txid in known or not has_final_txid(psbt):
            return
        # What somebody else sent may be in a block by now.
        first = psbt.transaction.inputs[0].prevout
        if output_finder(self.client, self.pending)(first) is None:
            return
        tx = shown_scripts(psbt)
        self._assumed.append(psbt)
        self.pending = [*self.pending, tx]
        self.ahead = look_further(self.wallet, self.ahead, [tx])

    @property
    def seen(self) -> Sequence[Transaction]:
        """What waits for a block, without what is only assumed to."""
        return self.pending[: len(self.pending) - len(self._assumed)]

    def stop_assuming(self, screen: Screen) -> None:
        """Return to what the node knows."""
        self._assumed = []
        self.sync(screen)

    def require_anchor(self) -> TrustAnchor:
        """Return the trust anchor; raises WalletError NO_ANCHOR with what is missing."""
        registration = read_registration(self.wallet.store)
        if self.wallet.anchor is None and registration is not None:
            raise WalletError(
                Refusal.NO_ANCHOR,
                f"the root coin was sent in {format_hash(registration.coin.txid)}, which is in no"
                " block yet; wait for its block",
            )
        return self.wallet.require_anchor()

    def _scanner(self) -> Scanner:
        return Scanner(self.wallet.store, self.wallet.watched, self.wallet.anchor)

    def _read_blocks(self, screen: Screen) -> None:
        with screen.progress("Reading blocks") as report:
            self._scanner().catch_up(self.client, self.wallet.start_height, report)

    def _read_pool(self, screen: Screen) -> list[Transaction]:
        was_whole = self._pool.is_whole
        pool = self._pool.read()
        # Said once, however often a command looks.
        if was_whole and not self._pool.is_whole:
            screen.warn(
                f"the node's pool holds more than {MOST_POOL_TRANSACTIONS} transactions and is not"
                " read: what others sent is seen only once a block holds it"
            )
        return pool

    @property
    def moment(self) -> Moment:
        """The next block as far as one can know it: what is sent now will be judged there."""
        tip = self.wallet.store.tip()
        median_time = self.wallet.store.tip_median_time()
        return Moment(0 if tip is None else tip[0] + 1, median_time, median_time)

    @property
    def tip_height(self) -> int:
        """Height of the last block applied."""
        tip = self.wallet.store.tip()
        return -1 if tip is None else tip[0]

    def draft(
        self, credit: Sequence[CreditInput], outputs: Sequence[TxOutput], feerate: int
    ) -> Funded:
        """Fund a transaction with our plain coins, at a rate or AUTO; nothing is written yet.

        Raises WalletError RESERVED where a draft that was not sent spends the same credit.
        """
        anchor = self.wallet.anchor
        self.drafts.take_credit(coin.outpoint for coin in credit)
        return build_draft(
            credit,
            outputs,
            self.purse(feerate, [coin.outpoint for coin in credit]),
            self.wallet.network,
            None if anchor is None else anchor.anchor_id,
        )

    def purse(self, feerate: int, taken: Collection[OutPoint] = ()) -> Purse:
        """Return what may pay for a draft that spends `taken` already; the rate may be AUTO."""
        rate = feerate or usual_feerate(self.client)
        purse = self.wallet.purse(self.pending, rate, self.drafts.reserved())
        purse = fit_to_pay(purse, self.watched_coins(), taken)
        if self.funding.coins:
            purse = choose_coins(purse, self.funding.coins, self.wallet.store, self.ahead)
        return purse

    def watched_coins(self) -> list[WatchedCoin]:
        """Return the plain coins that give authority or pass on a chain, pool included."""
        return watched_coins(self.registry, self.ahead)

    def permits(self) -> list[Permit]:
        """Return all permits, those that are in no block yet behind the others."""
        confirmed = self.registry.permits()
        known = {permit.id for permit in confirmed}
        ahead = (each for each in self.ahead.ahead() if isinstance(each, Permit))
        return [*confirmed, *(each for each in ahead if each.id not in known)]

    def credit_of(self, owner: OutPoint | None) -> list[Credit]:
        """Return the coloured coins of a permit, or the root credit (None), pool included.

        Confirmed coins that no other draft uses come first, the smallest first.
        """
        stored = self.registry.credits_of(owner)
        ahead = [each for each in self.ahead.ahead() if isinstance(each, Credit)]
        ahead = [each for each in ahead if each.owner == owner and each.kind in _SPENDABLE]
        kept = [each for each in stored if not self.ahead.is_gone(credit_key(each.outpoint))]
        fresh = [each for each in ahead if each not in stored]
        reserved = self.drafts.reserved()
        return sorted(
            [*kept, *fresh],
            key=lambda each: (each.outpoint in reserved, each in fresh, each.value, each.outpoint),
        )

    def spent_outputs(self, tx: Transaction) -> list[TxOutput]:
        """Ask our own node for what a transaction spends.

        Raises WalletError INPUT_UNKNOWN if a coin is spent already or unknown.
        """
        find = output_finder(self.client, self.pending)
        found = [(tx_input.prevout, find(tx_input.prevout)) for tx_input in tx.inputs]
        for outpoint, output in found:
            if output is None:
                raise missing_coin(outpoint, self.wallet.store.drafts())
        return [output for _, output in found if output is not None]

    def previous(self, outpoint: OutPoint) -> Transaction:
        """Return the whole transaction that made a coin; legacy inputs need it in their PSBT."""
        for tx in self.pending:
            if tx.txid == outpoint.txid:
                return tx
        found = self.client.call("gettxout", format_hash(outpoint.txid), outpoint.vout, False)
        height = self.tip_height if found is None else self.tip_height + 1 - found["confirmations"]
        return self.client.raw_transaction(outpoint.txid, self.wallet.store.hash_at(height))

    def review(self, psbt: Psbt) -> Review:
        """Recompute what a transaction does from our own node and registry."""
        self._check_unspent(psbt.transaction)
        try:
            spent = self.spent_outputs(psbt.transaction)
        except WalletError:
            self._check_unmined(psbt)
            raise
        check_spent(psbt, spent)
        network = self.wallet.network
        anchor = reviewing_anchor(self.wallet, psbt.transaction)
        found = review(psbt, spent, self.ahead, anchor, self.moment)
        lines = found.lines or describe_payments(psbt, network)
        lines += describe_locks(psbt.transaction, self.moment)
        # Coins to speak by lie at keys of other roles, too.
        own = {key.plain_script: CHANGE_BACK for key in self.wallet.store.watched_keys()}
        if anchor is None:
            credit_keys = self.wallet.store.watched_keys(Role.CREDIT)
            own |= {key.plain_script: ROOT_COIN for key in credit_keys}
        return replace(found, lines=mark_own(lines, psbt, own, network))

    def check_unsent(self, psbt: Psbt) -> None:
        """Raise WalletError ALREADY_SENT if the transaction waits for a block or is in one."""
        for other in self.pending:
            if _is_same(other, psbt.transaction):
                raise _already_sent(other.txid, 0)
        self._check_unmined(psbt)

    def _check_unmined(self, psbt: Psbt) -> None:
        """Raise WalletError ALREADY_SENT if the transaction is in a block."""
        tx = psbt.transaction
        for sent in self.wallet.store.sent():
            if sent.mined_height is not None and _is_same(sent.transaction, tx):
                depth = self.tip_height - sent.mined_height + 1
                raise _already_sent(sent.transaction.txid, depth)
        with suppress(CcxxError):
            tx = psbt.finalize()
        txid = format_hash(tx.txid)
        calls = [("gettxout", (txid, vout, False)) for vout in range(len(tx.outputs))]
        for coin in self.client.batch(calls):
            if coin is not None:
                raise _already_sent(tx.txid, int(coin["confirmations"]))

    def _check_unspent(self, tx: Transaction) -> None:
        """Refuse what an unconfirmed transaction already did, or made impossible."""
        wanted = {tx_input.prevout for tx_input in tx.inputs}
        for other in self.pending:
            spent = {tx_input.prevout for tx_input in other.inputs}
            if _is_same(other, tx):
                raise _already_sent(other.txid, 0)
            if spent & wanted:
                raise WalletError(
                    Refusal.INPUT_UNKNOWN,
                    f"a coin of it is spent by {format_hash(other.txid)}, which waits for a block;"
                    " make a new draft",
                )

    def own_keys(self, psbt: Psbt) -> list[WatchedKey]:
        """Return our keys that guard inputs of a transaction."""
        return [key for key in self.wallet.store.watched_keys() if psbt.inputs_of(key.public_key)]

    def own_inputs(self, psbt: Psbt) -> list[OutPoint]:
        """Return the inputs that are ours to give away, not merely ours to co-sign.

        Co-signed are multisigs of R and S, and certificates of an issuer's key.
        """
        roles = {key.public_key: key.path.role for key in self.wallet.store.watched_keys()}
        given = []
        for index, tx_input in enumerate(psbt.transaction.inputs):
            lock = psbt.lock(index, roles)
            credit = get_credit(self.ahead, tx_input.prevout)
            kind = None if credit is None else credit.kind
            if kind is None and is_permit_script(self.ahead, psbt.spent_output(index)):
                kind = CreditKind.PERMIT
            found = {roles[key] for key in lock.keys if key in roles}
            if any(not _is_cosigner(role, kind) for role in found):
                given.append(tx_input.prevout)
        return given

    def finish(self, psbt: Psbt, names: dict[bytes, str]) -> Sent:
        """Finish a transaction and have foreign code and our node check it; nothing is sent."""
        tx = finalize(psbt, names)
        spent = self.spent_outputs(tx)
        opinion = check_again(tx, spent)
        reason = self.client.test_accept(tx)
        if reason is not None:
            raise WalletError(Refusal.NOT_ACCEPTED, explain_rejection(reason))
        return Sent(tx, opinion)

    def send(self, sent: Sent, purpose: str) -> None:
        """Remember a finished transaction and give it to the network.

        It is remembered first: after a crash or without an answer it is sent again, not forgotten.
        """
        tx, store = sent.transaction, self.wallet.store
        with store.transaction():
            store.add_sent(tx, purpose)
        try:
            self.client.send(tx)
        except RpcError as error:
            with store.transaction():
                store.remove_sent(tx.txid)
            raise WalletError(Refusal.NOT_ACCEPTED, explain_rejection(error.message)) from error
        except NodeError as error:
            raise NodeError(
                f"{error}; transaction {format_hash(tx.txid)} may have been sent, so do not make"
                " another: the next command sends it again if it was not"
            ) from error
        with store.transaction():
            self.drafts.forget_replaced()


def _is_cosigner(role: Role, kind: CreditKind | None) -> bool:
    if role in (Role.ROOT, Role.SYSTEM):
        return kind in (CreditKind.PERMIT, CreditKind.CERTIFICATE)
    return role is Role.ISSUER and kind is CreditKind.CERTIFICATE


def _is_same(sent: Transaction, draft: Transaction) -> bool:
    spent = [[tx_input.prevout for tx_input in tx.inputs] for tx in (sent, draft)]
    return spent[0] == spent[1] and sent.outputs == draft.outputs


def _already_sent(txid: Txid, confirmations: int) -> WalletError:
    noun = "confirmation" if confirmations == 1 else "confirmations"
    return WalletError(
        Refusal.ALREADY_SENT,
        f"already sent, transaction {format_hash(txid)} ({confirmations} {noun})",
    )
