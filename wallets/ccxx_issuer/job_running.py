"""Running a job: draft what is left, have it agreed to and signed, send it, wait for blocks.

Every step can be repeated. A transaction is on the disk before others sign it, what a co-signer or
the node has seen already is recognised, and the serials decide what is done. So a run that was
killed is gone on with by running the job again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.state import Credit
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.errors import CcxxError
from ccxx_core.keys import PrivateKey
from ccxx_core.psbt import Psbt
from ccxx_issuer.certificates import holder_pubkey
from ccxx_issuer.job import Job, Mode
from ccxx_issuer.job_documents import JobDocuments, proof_files, write_documents
from ccxx_issuer.job_drafting import Drafter, Piece
from ccxx_issuer.job_state import Standing
from ccxx_issuer.permits import OwnPermit, permit_input
from ccxx_wallet.builder import CreditInput
from ccxx_wallet.cosigner_client import CosignerRefused
from ccxx_wallet.desk import Desk
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import make_private_folder, read_file, write_atomically
from ccxx_wallet.session import combine
from ccxx_wallet.signer import Review, check_rules, sign
from ccxx_wallet.store import Draft

Keys = Mapping[bytes, PrivateKey]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What is to be signed: new transactions with their meaning, as reviewed in their order."""

    pieces: tuple[Piece, ...]
    reviews: tuple[Review, ...]

    @property
    def fee(self) -> int:
        """Satoshis that all of them pay."""
        return sum(review.fee for review in self.reviews)


class JobRun:
    """One job at one desk."""

    def __init__(self, desk: Desk, job: Job, permit: OwnPermit, definition: TypeDefinition) -> None:
        self.desk = desk
        self.live = desk.live
        self.job = job
        self.documents = JobDocuments(job, definition)
        self._permit, self._key, self._script = permit
        self._files: dict[int, Path] = {}
        self.standing = Standing(job, self.documents, {}, desk.live)

    def settle(self, job: Job) -> None:
        """Put the job that was written in the place of the one that was planned."""
        self.job = self.standing.job = job

    # Drafting.

    def load(self) -> None:
        """Read what was drafted and not sent, joined with what co-signers added to the files."""
        for path, positions in self.job.drafts():
            self.standing.drafted.append(positions)
            if self.standing.is_served(positions.start):
                continue
            psbt = self._joined(path, Psbt.decode(read_file(path)))
            self._files[positions.start] = path
            self.standing.pieces[positions.start] = Piece(psbt, positions)

    def assume_rest(self) -> None:
        """Look ahead with every transaction that was drafted and not sent; raises WalletError."""
        for piece in self.standing.waiting():
            if self.can_be_sent(piece):
                self.live.assume(piece.psbt)

    def discard_faulty(self) -> None:
        """Set aside drafts that can no longer be sent, so that their recipients get new ones."""
        faulty = [piece for piece in self.standing.pieces.values() if self.standing.fault_of(piece)]
        for piece in faulty:
            start = piece.positions.start
            del self.standing.pieces[start]
            self.standing.drafted.remove(piece.positions)
            # What is carried goes first: a run that is killed in between does it again.
            for path in (self.carried(piece), self._files.pop(start)):
                if path.exists():
                    path.rename(path.with_suffix(".dead"))
        self.standing.faults = {}

    def draft_rest(self, left: Sequence[int]) -> Agreed:
        """Draft and review transactions for the recipients that have none; nothing is written."""
        live, anchor = self.live, self.live.wallet.require_anchor()
        coins = self._coins(len(left))
        purse = replace(live.purse(self.job.terms.feerate), takes_all=False)
        drafter = Drafter(self.job, self.documents, coins, purse, live.wallet.network)
        drafts = drafter.draft(left, self._describe, self._pubkey_of, anchor.anchor_id)
        pieces, reviews = [], []
        with self.desk.settings.screen.progress("Drafting") as report:
            done = 0
            for piece in drafts:
                reviews.append(self._review(piece.psbt))
                live.assume(piece.psbt)
                pieces.append(piece)
                done += len(piece.positions)
                report(done, len(left))
        return Agreed(tuple(pieces), tuple(reviews))

    def _coins(self, wanted: int) -> list[Credit]:
        """Return the permit's coins; those of other drafts only if it needs them.

        Raises WalletError RESERVED then, unless drafts may be replaced.
        """
        drafts = self.live.drafts
        reserved = drafts.reserved()
        coins = [
            coin
            for coin in self.live.credit_of(self.job.terms.permit)
            if coin.script_pubkey == self._permit.script_pubkey
        ]
        free = [coin for coin in coins if coin.outpoint not in reserved]
        room = sum(coin.value // CERTIFICATE_VALUE for coin in free)
        if room >= wanted:
            return free
        drafts.take_credit(coin.outpoint for coin in coins)
        return coins

    def _review(self, psbt: Psbt) -> Review:
        found = self.live.review(psbt)
        check_rules(found, self.live.funding.most_fee)
        return found

    def _describe(self, coin: Credit) -> CreditInput:
        return permit_input(self.live, coin, self._script, self._key)

    def _pubkey_of(self, position: int) -> bytes:
        holder_key = self.job.recipients[position].row.holder_key
        return holder_pubkey(self._permit, self._key, holder_key, self.job.terms.script)

    # Signing.

    def unlock(self, pieces: Sequence[Piece]) -> Keys:
        """Return the private keys that guard inputs of some transactions."""
        wallet = self.live.wallet
        wanted = {self._key}
        for piece in pieces:
            for index in range(len(piece.psbt.inputs)):
                spent = piece.psbt.spent_output(index)
                if (key := wallet.watched.plain_key(spent.script_pubkey)) is not None:
                    wanted.add(key.public_key)
        keys = [key for key in wallet.store.watched_keys() if key.public_key in wanted]
        return self.desk.settings.unlock(lambda passphrase: wallet.unlock(passphrase, keys))

    def sign_all(self, agreed: Agreed, keys: Keys) -> None:
        """Write each transaction, sign it, and give its file to be carried to the co-signers.

        Raises WalletError RESERVED, and writes none, if another command took a coin meanwhile.
        """
        make_private_folder(self.job.drafts_folder)
        for number, piece in enumerate(agreed.pieces, self.job.count_drafts() + 1):
            path = self.job.draft_file(number, piece.positions)
            self._files[piece.positions.start] = path
        # Before the first signature: two commands at once never sign one serial twice.
        self._reserve(agreed.pieces)
        for piece in agreed.pieces:
            self.standing.drafted.append(piece.positions)
            # Before anybody else signs: what others may have signed is never drafted again.
            self._keep(piece, sign(piece.psbt, keys))

    def take_up_rest(self) -> None:
        """Reserve what the transactions of a killed run spend, and have all their files carried."""
        self._forget_unwritten()
        rest = self.standing.waiting()
        self._reserve(rest)
        for piece in rest:
            if not self.carried(piece).exists():
                self._keep(piece, piece.psbt)

    def _reserve(self, pieces: Sequence[Piece]) -> None:
        """Keep other commands from using the same coins and serials.

        Raises WalletError RESERVED if one of them did meanwhile.
        """
        store = self.live.wallet.store
        known = {draft.transaction.txid for draft in store.drafts()}
        action = self.job.terms.mode.action
        drafts = [
            Draft(
                piece.psbt.transaction, action, str(self._files[piece.positions.start].absolute())
            )
            for piece in pieces
            if piece.psbt.transaction.txid not in known
        ]
        with store.transaction():
            self.live.drafts.remember_all(drafts)

    def _forget_unwritten(self) -> None:
        """Free what a run reserved that was killed before it wrote the transaction."""
        store, folder = self.live.wallet.store, self.job.drafts_folder.absolute()
        with store.transaction():
            for draft in store.drafts():
                path = Path(draft.file)
                if path.parent == folder and not path.exists():
                    store.remove_draft(draft.transaction.txid)

    def _keep(self, piece: Piece, psbt: Psbt) -> None:
        """Keep a transaction with more signatures, here and in the file that is carried."""
        start = piece.positions.start
        self.standing.pieces[start] = Piece(psbt, piece.positions)
        write_atomically(self._files[start], psbt.encode(), 0o600)
        carried = self.carried(piece)
        make_private_folder(carried.parent)
        write_atomically(carried, psbt.encode(), synced=False)

    def carried(self, piece: Piece) -> Path:
        """Return the file that co-signers get."""
        out = Path(self.job.terms.out)
        return out if out.suffix == ".psbt" else out / self._files[piece.positions.start].name

    def _joined(self, path: Path, psbt: Psbt) -> Psbt:
        out = Path(self.job.terms.out)
        carried = out if out.suffix == ".psbt" else out / path.name
        if not carried.exists():
            return psbt
        try:
            return combine([psbt, Psbt.decode(read_file(carried))])
        except CcxxError as error:
            self.desk.settings.screen.warn(f"{carried} is passed over: {error}")
            return psbt

    # Documents.

    def write_documents(self) -> None:
        """Write the documents of all recipients, and the Merkle proofs of those in batches."""
        files = {}
        for position in range(len(self.job.recipients)):
            document = self.documents.document(position)
            files[document.name] = document.body
        if self.job.terms.mode is not Mode.EACH:
            for positions in self.standing.drafted:
                documents = [self.documents.document(each) for each in positions]
                files |= proof_files(documents, self.documents.tree(positions))
        with self.desk.settings.screen.progress("Writing documents") as report:
            write_documents(Path(self.job.terms.documents), files, report)

    # Sending.

    def push(self, send: bool, wait: bool) -> None:
        """Have what is signed co-signed and, if asked to, sent, waiting for blocks where needed.

        What waits for the signatures of others is left for the next run.
        """
        self.live.stop_assuming(self.desk.settings.screen)
        waiting = self.standing.waiting()
        total = len(self.job.recipients)
        with self.desk.settings.screen.progress("Issuing") as report:
            while waiting:
                is_held_up = self._pass(waiting, send, lambda left: report(total - left, total))
                if not (send and wait and is_held_up):
                    return
                self._wait_for_block()
                waiting = self.standing.waiting()

    def _pass(self, waiting: Sequence[Piece], send: bool, report: Callable[[int], None]) -> bool:
        """Bring each as far as it goes; tell whether one only waits for a block."""
        unsigned: set[bytes] = set()
        unsent: set[bytes] = set()
        is_held_up = False
        left = sum(len(piece.positions) for piece in waiting)
        for piece in waiting:
            tx = piece.psbt.transaction
            parents = {tx_input.prevout.txid for tx_input in tx.inputs}
            signed = None if parents & unsigned else self._cosigned(piece, bool(parents & unsent))
            if signed is None or not _is_complete(signed):
                unsigned.add(tx.txid)
            elif send and not parents & unsent and self._send(signed):
                left -= len(piece.positions)
                report(left)
            else:
                unsent.add(tx.txid)
                is_held_up = send
                # Others that spend it are signed all the same.
                self.live.assume(signed)
        return is_held_up

    def _cosigned(self, piece: Piece, is_ahead: bool) -> Psbt | None:
        """Return a transaction with what signatures can be had, None if it can never be sent.

        One that is ahead spends what was signed and not sent: a co-signer looks back only so far.
        """
        cosigner = self.desk.cosigner
        if not self.can_be_sent(piece):
            return None
        if cosigner is None or _is_complete(piece.psbt):
            return piece.psbt
        try:
            signed, _ = cosigner.sign(piece.psbt)
        except CosignerRefused as error:
            if is_ahead and error.refusal == Refusal.INPUT_UNKNOWN:
                return piece.psbt
            raise
        self._keep(piece, signed)
        return signed

    def can_be_sent(self, piece: Piece) -> bool:
        """Tell whether all of its coins are there, and note the fault if one is gone.

        Raises WalletError for any other refusal: drafting it anew would not help.
        """
        try:
            self._review(piece.psbt)
        except WalletError as error:
            if error.refusal is not Refusal.INPUT_UNKNOWN:
                raise
            self.standing.faults[piece.positions.start] = (
                f"{error.detail}, with `certificate batch resume --replace-draft`"
            )
            return False
        return True

    def _send(self, psbt: Psbt) -> bool:
        """Send a transaction; tell whether the node takes it before the next block."""
        try:
            finished = self.live.finish(psbt, self.desk.key_names(psbt))
            self.live.send(finished, self.job.terms.mode.action)
        except WalletError as error:
            if error.refusal is Refusal.NOT_ACCEPTED and "too-long-mempool-chain" in error.detail:
                return False
            raise
        self.live.assume(psbt)
        return True

    def _wait_for_block(self) -> None:
        """Wait until the node has another tip than we know, and take it in."""
        tip = self.live.wallet.store.tip()
        self.desk.settings.screen.say("as much as one block may hold is sent; waiting for a block")
        while tip is not None and self.live.client.tip()[1] == tip[1]:
            self.live.client.call("waitfornewblock", 1_000)
        self.live.stop_assuming(self.desk.settings.screen)


def _is_complete(psbt: Psbt) -> bool:
    return not any(psbt.missing_signatures())
