"""Drafts that wait for signatures: the credit and the serials that they will use are taken.

A draft stands until it is sent, dropped or replaced, or until one of its coins is spent otherwise.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ccxx_cert.identity import format_outpoint
from ccxx_cert.recognize import read_message
from ccxx_cert.records import BatchMessage, ClaimMessage, IssueMessage
from ccxx_cert.state import CreditKind, RegistryView, get_batch, get_credit
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.store import Draft, Store

_CREDIT_NAMES = {
    CreditKind.ROOT: "root coin",
    CreditKind.PERMIT: "permit's last free coin",
    CreditKind.CERTIFICATE: "certificate at",
}


class Serials(NamedTuple):
    """The serials that a draft uses under one permit."""

    permit_id: OutPoint
    numbers: range

    def meets(self, other: "Serials") -> bool:
        """Tell whether both use a serial of one permit."""
        one, two = self.numbers, other.numbers
        return self.permit_id == other.permit_id and one.start < two.stop and two.start < one.stop


class Drafts:
    """The unsent drafts of one wallet; `may_replace` lets a new one discard those in its way."""

    def __init__(self, store: Store, view: RegistryView, may_replace: bool = False) -> None:
        self.may_replace = may_replace
        self._store = store
        self._view = view
        self._known = store.drafts()
        self._waiting = self._known
        self._serials = _serials_of(self._known, view)
        self._replaced: list[Draft] = []

    def reserved(self) -> frozenset[OutPoint]:
        """Return the coins that drafts spend."""
        return frozenset(
            tx_input.prevout for draft in self._waiting for tx_input in draft.transaction.inputs
        )

    def serials(self, permit_id: OutPoint) -> set[int]:
        """Return the serials that drafts use under a permit."""
        found = (self._serials.get(draft.transaction.txid) for draft in self._waiting)
        return {n for each in found if each and each.permit_id == permit_id for n in each.numbers}

    def take_credit(self, outpoints: Iterable[OutPoint]) -> None:
        """Make sure that no draft spends a coin; raises WalletError RESERVED unless replacing."""
        for outpoint in outpoints:
            credit = get_credit(self._view, outpoint)
            what = "coin" if credit is None else _CREDIT_NAMES[credit.kind]
            self._take(self.sharing([outpoint]), f"the {what} {format_outpoint(outpoint)}")

    def take_serials(self, permit_id: OutPoint, numbers: range) -> None:
        """Make sure that no draft uses a serial; raises WalletError RESERVED unless replacing."""
        wanted = Serials(permit_id, numbers)
        users = []
        for draft in self._waiting:
            found = self._serials.get(draft.transaction.txid)
            if found and found.meets(wanted):
                users.append(draft)
        last = "" if len(numbers) == 1 else f" to {numbers[-1]}"
        self._take(users, f"serial {numbers.start}{last}")

    def sharing(self, outpoints: Iterable[OutPoint]) -> list[Draft]:
        """Return the drafts that spend one of some coins."""
        wanted = set(outpoints)
        return [draft for draft in self._waiting if _spends(draft, wanted)]

    def is_ours(self, tx: Transaction) -> bool:
        """Tell whether this wallet made an unsigned transaction."""
        return any(draft.transaction.txid == tx.txid for draft in self._waiting)

    def remember(self, draft: Draft) -> None:
        """Keep a draft in the place of those that it replaces; inside a transaction.

        Raises WalletError RESERVED if another command drafted with its coins or serials meanwhile.
        """
        self.remember_all([draft])

    def remember_all(self, drafts: Sequence[Draft]) -> None:
        """Keep all of some drafts or, as `remember`, none; parents come before children."""
        self._check_meanwhile(drafts)
        self.forget_replaced()
        for draft in drafts:
            self._store.add_draft(draft)

    def _check_meanwhile(self, drafts: Sequence[Draft]) -> None:
        own = {draft.transaction.txid for draft in drafts}
        known = own | {draft.transaction.txid for draft in self._known}
        every = self._store.drafts()
        coins = {tx_input.prevout for draft in drafts for tx_input in draft.transaction.inputs}
        found = _serials_of([*every, *drafts], self._view)
        wanted = [found[txid] for txid in own if txid in found]
        for other in every:
            if other.transaction.txid in known:
                continue
            theirs = found.get(other.transaction.txid)
            if _spends(other, coins) or (theirs and any(map(theirs.meets, wanted))):
                raise WalletError(
                    Refusal.RESERVED,
                    f"another command made {name_draft(other)} with the same coins or serials"
                    " meanwhile; run this command again",
                )

    def forget_replaced(self) -> None:
        """Forget the drafts that were replaced; inside a transaction of the store."""
        for old in self._replaced:
            self._store.remove_draft(old.transaction.txid)

    def _take(self, users: list[Draft], what: str) -> None:
        if users and not self.may_replace:
            raise WalletError(
                Refusal.RESERVED,
                f"{what} is used by {name_draft(users[0])}, which was not sent; send it, or drop"
                " it with `draft drop`, or add --replace-draft",
            )
        self._replaced += users
        self._waiting = [draft for draft in self._waiting if draft not in users]


def missing_coin(coin: OutPoint, drafts: Iterable[Draft]) -> WalletError:
    """Say what is in the way where the node does not have a coin: INPUT_UNKNOWN."""
    parent = format_hash(coin.txid)
    for draft in drafts:
        if draft.transaction.txid == coin.txid:
            detail = f"its parent {parent} ({draft.file}) is not known yet: send that first"
            return WalletError(Refusal.INPUT_UNKNOWN, detail)
    return WalletError(
        Refusal.INPUT_UNKNOWN,
        f"coin {parent}:{coin.vout} is spent already, or its parent {parent} is not known to your"
        " node yet; send that first, let the node catch up, or if it is spent make a new draft",
    )


def prune(store: Store, view: RegistryView, plain: Iterable[OutPoint]) -> None:
    """Forget drafts that can never be sent again or were sent: a coin of theirs is gone."""
    there = set(plain)
    for draft in store.drafts():
        tx = draft.transaction
        prevouts = [tx_input.prevout for tx_input in tx.inputs]
        if any(each not in there and get_credit(view, each) is None for each in prevouts):
            with store.transaction():
                store.remove_draft(tx.txid)
        else:
            # A later draft may spend what this one will make.
            there.update(OutPoint(tx.txid, vout) for vout in range(len(tx.outputs)))


def _serials_of(drafts: Iterable[Draft], view: RegistryView) -> dict[Txid, Serials]:
    """Return the serials of drafts, also of those that spend the change of others before them."""
    found: dict[Txid, Serials] = {}
    owners: dict[Txid, OutPoint] = {}
    for draft in drafts:
        tx = draft.transaction
        serials = drafted_serials(tx, view, owners.get(tx.inputs[0].prevout.txid))
        if serials is not None:
            found[tx.txid] = serials
            owners[tx.txid] = serials.permit_id
    return found


def drafted_serials(
    tx: Transaction, view: RegistryView, owner: OutPoint | None = None
) -> Serials | None:
    """Return the serials that a transaction would use, None where it issues nothing.

    `owner` is the permit of a coin that is not there yet.
    """
    reading = read_message(tx)
    message = None if reading is None else reading.message
    credit = get_credit(view, tx.inputs[0].prevout)
    permit_id = owner if credit is None else credit.owner
    if permit_id is None:
        return None
    match message:
        case IssueMessage():
            return Serials(permit_id, range(message.serial, message.serial + 1))
        case BatchMessage():
            start = message.serial_start
            return Serials(permit_id, range(start, start + message.count))
        case ClaimMessage():
            serial = claimed_serial(message, view)
            return None if serial is None else Serials(permit_id, range(serial, serial + 1))
        case _:
            return None


def claimed_serial(message: ClaimMessage, view: RegistryView) -> int | None:
    """Return the serial that a claim uses, None where its batch is not known."""
    batch = get_batch(view, message.batch_txid)
    return None if batch is None else batch.message.serial_start + message.leaf


def find_draft(store: Store, text: str) -> Draft:
    """Find a draft by its file, its id or the start of its id; raises WalletError NO_DRAFT."""
    drafts = store.drafts()
    found = [draft for draft in drafts if draft.file == text]
    if not found and len(text) >= 8:
        start = text.lower()
        found = [each for each in drafts if format_hash(each.transaction.txid).startswith(start)]
    if len(found) != 1:
        raise WalletError(
            Refusal.NO_DRAFT, f"no draft of this wallet is called {text}; see `draft list`"
        )
    return found[0]


def name_draft(draft: Draft) -> str:
    """Name a draft to its owner."""
    return f"the draft {draft.file} ({draft.purpose} {format_hash(draft.transaction.txid)[:8]})"


def _spends(draft: Draft, outpoints: set[OutPoint]) -> bool:
    return any(tx_input.prevout in outpoints for tx_input in draft.transaction.inputs)
