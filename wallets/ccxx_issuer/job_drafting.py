"""Drafting the transactions of a job: recipients over the permit's coins, each spending the last.

One draft may spend what another will make: signing does not change the id of a witness
transaction. Pure apart from the documents that the drafts commit to.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.records import BatchMessage, IssueMessage
from ccxx_cert.state import Credit
from ccxx_cert.template import Draft, draft_batch, draft_issue
from ccxx_core.errors import CcxxError
from ccxx_core.network import Network
from ccxx_core.psbt import Psbt
from ccxx_core.transaction import OutPoint
from ccxx_issuer.job import Job, Mode
from ccxx_issuer.job_documents import JobDocuments
from ccxx_issuer.rows import runs_of
from ccxx_wallet.builder import CreditInput, Funded, Purse, build_draft
from ccxx_wallet.coin_selection import PlainCoin
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.session import has_final_txid

# A standard transaction holds about this many P2WSH certificates (weight 400,000).
MOST_CERTIFICATES = 2_300


@dataclass(frozen=True, slots=True)
class Piece:
    """One transaction of a job and the positions of its recipients."""

    psbt: Psbt
    positions: range


@dataclass(slots=True)
class Lane:
    """A permit coin and the plain change that its last transaction left, if any."""

    credit: Credit
    change: PlainCoin | None = None

    @property
    def room(self) -> int:
        """How many certificates the coin is worth."""
        return self.credit.value // CERTIFICATE_VALUE


class Drafter:
    """Drafts what is left of one job over some permit coins and plain coins."""

    def __init__(
        self,
        job: Job,
        documents: JobDocuments,
        coins: Sequence[Credit],
        purse: Purse,
        network: Network,
    ) -> None:
        self._job = job
        self._documents = documents
        self._lanes = [Lane(coin) for coin in coins]
        self._purse = purse
        self._network = network
        self._has_open_ids = False
        # A coin is never shared with another draft: all of a job are to be sent.
        self._fresh = [coin for coin in purse.coins if coin.outpoint not in purse.reserved]

    def draft(
        self,
        left: Iterable[int],
        describe: Callable[[Credit], CreditInput],
        pubkey_of: Callable[[int], bytes],
        anchor_id: bytes | None,
    ) -> Iterator[Piece]:
        """Yield transactions for the recipients at some positions, in order.

        Raises WalletError NOT_ENOUGH_CREDIT, NOT_ENOUGH_COINS or RULES. It ends early where the
        next coin's id is not known before it is signed.
        """
        for run in runs_of(left):
            start = run.start
            while start < run.stop:
                lane = self._choose_lane(run.stop - start)
                if lane is None:
                    return
                count = self._size(lane, run.stop - start)
                positions = range(start, start + count)
                template = self._template(positions, lane.credit, pubkey_of)
                try:
                    funded = self._fund(lane, describe(lane.credit), template, anchor_id)
                except WalletError:
                    # The change of a legacy draft pays once its id is known.
                    if self._has_open_ids:
                        return
                    raise
                yield Piece(funded.psbt, positions)
                self._advance(lane, funded, count)
                start += count

    def _choose_lane(self, wanted: int) -> Lane | None:
        """Return the smallest coin that does for all, else the largest; each in turn for singles.

        None where every coin that is left has no id yet.
        """
        lanes = [lane for lane in self._lanes if lane.room]
        if not lanes:
            if self._lanes and any(lane.room == 0 for lane in self._lanes):
                raise _not_enough(wanted)
            return None
        if self._job.terms.mode is Mode.EACH:
            # The one used longest ago: what hangs together stays short.
            return lanes[0]
        enough = [lane for lane in lanes if lane.room >= min(wanted, MOST_CERTIFICATES)]
        by_room = sorted(enough or lanes, key=lambda lane: lane.room)
        return by_room[0] if enough else by_room[-1]

    def _size(self, lane: Lane, wanted: int) -> int:
        if self._job.terms.mode is Mode.EACH:
            return 1
        return min(wanted, lane.room, MOST_CERTIFICATES)

    def _template(self, positions: range, coin: Credit, pubkey_of: Callable[[int], bytes]) -> Draft:
        terms, serial = self._job.terms, self._job.serial(positions.start)
        try:
            if terms.mode is Mode.EACH:
                key = self._job.recipients[positions.start].row.holder_key
                digest = self._documents.document(positions.start).hash
                issue = IssueMessage(serial=serial, doc_hash=digest, tail=terms.text or key)
                return draft_issue(issue, pubkey_of(positions.start), coin)
            message = BatchMessage(
                serial_start=serial,
                count=len(positions),
                merkle_root=self._documents.tree(positions).root,
                text=terms.text,
            )
            return draft_batch(message, [pubkey_of(each) for each in positions], coin)
        except WalletError:
            raise
        except CcxxError as error:
            raise WalletError(Refusal.RULES, f"{error}; shorten or correct --summary") from error

    def _fund(
        self, lane: Lane, coin: CreditInput, template: Draft, anchor_id: bytes | None
    ) -> Funded:
        """Pay from the lane's own change, or a coin that no lane uses, else from any."""
        own = [] if lane.change is None else [lane.change]
        others = [each.change for each in self._lanes if each.change is not None]
        offers: tuple[list[PlainCoin], ...] = (own, self._fresh, [*others, *self._fresh])
        for number, coins in enumerate(offers):
            purse = replace(self._purse, coins=coins)
            try:
                return build_draft([coin], template.outputs, purse, self._network, anchor_id)
            except WalletError as error:
                if error.refusal is not Refusal.NOT_ENOUGH_COINS or number == len(offers) - 1:
                    raise
        raise AssertionError("unreachable")

    def _advance(self, lane: Lane, funded: Funded, count: int) -> None:
        """Put what a draft leaves in the place of what it spends."""
        used = set(funded.plain_inputs)
        self._fresh = [coin for coin in self._fresh if coin.outpoint not in used]
        for each in self._lanes:
            if each.change is not None and each.change.outpoint in used:
                each.change = None
        self._lanes.remove(lane)
        tx = funded.psbt.transaction
        if not has_final_txid(funded.psbt):
            self._has_open_ids = True
            return
        left = lane.credit.value - count * CERTIFICATE_VALUE
        lane.credit = replace(lane.credit, outpoint=OutPoint(tx.txid, count), value=left)
        if funded.change:
            outpoint = OutPoint(tx.txid, len(tx.outputs) - 1)
            script = self._purse.change_script
            lane.change = PlainCoin(outpoint, funded.change, script, None)
        self._lanes.append(lane)


def _not_enough(wanted: int) -> WalletError:
    return WalletError(
        Refusal.NOT_ENOUGH_CREDIT,
        f"the permit's credit is {wanted} certificates short; split the CSV, or ask the root for"
        " another permit",
    )
