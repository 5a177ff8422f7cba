"""The co-signer's desk: understands a PSBT with its own node, decides, signs, remembers.

No sockets here: the service and the command that signs files both sit at this desk.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import get_permit
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.amount import format_amount
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.keys import PrivateKey
from ccxx_core.psbt import Psbt, PsbtError
from ccxx_core.spending import SpendingError
from ccxx_core.transaction import OutPoint
from ccxx_root.cosigner.audit import Head
from ccxx_root.cosigner.books import Books
from ccxx_root.cosigner.orders import Known, read_order
from ccxx_root.cosigner.policy import DAY_SECONDS, GRANT, Order, Policy, check_policy
from ccxx_root.cosigner.refusals import CosignerError, Refusal
from ccxx_root.cosigner.tokens import Caller, TokenRole, check_caller
from ccxx_root.cosigner.unsent import assume_unsent, exclude_each_other, may_come, spends_of
from ccxx_wallet.errors import Refusal as WalletRefusal
from ccxx_wallet.errors import WalletError
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.screen import Screen
from ccxx_wallet.session import combine, signatures_of
from ccxx_wallet.signer import Review, check_rules

_QUIET = Screen(as_json=True, may_ask=False)
_REFUSED = (CosignerError, WalletError)
Keys = Callable[[], Mapping[bytes, PrivateKey]]


@dataclass(frozen=True, slots=True)
class Understood:
    """A transaction as this machine sees it: in words, and as the policy counts it."""

    order: Order
    review: Review


@dataclass(frozen=True, slots=True)
class Answer:
    """A PSBT with our signatures; `receipt` is the end of the audit log that holds the decision.

    `repeated` tells that it was signed before, and counted then.
    """

    psbt: Psbt
    action: str
    lines: tuple[str, ...]
    repeated: bool
    receipt: Head


class CosignerDesk:
    """One wallet with R and S beside its node, a policy, and the books."""

    def __init__(self, live: LiveWallet, policy: Policy, books: Books, keys: Keys) -> None:
        self.live = live
        self.policy = policy
        self.books = books
        self._keys = keys

    def check(
        self, psbt: Psbt, caller: Caller, now: int, before: Sequence[Psbt] = ()
    ) -> dict[str, Any]:
        """Say what would be signed, in words, or why not; nothing is signed, counted or noted.

        It is judged as if what is to be sent `before` were sent.
        """
        self._look_at(psbt, before)
        facts: dict[str, Any] = {"txid": format_hash(psbt.transaction.txid), "would_sign": False}
        try:
            if stored := self.books.ledger.signed(psbt.transaction.txid):
                check_caller(caller, stored.action, stored.issuer_key)
                return {**facts, "would_sign": True, "repeated": True, "action": stored.action}
            found = self._review(psbt)
            facts |= {"action": found.action, "fee": format_amount(found.fee)}
            facts["lines"] = list(found.lines)
            self._decide(psbt, found, caller, now)
        except _REFUSED as error:
            return {**facts, "error": str(error.refusal), "detail": error.detail}
        return {**facts, "would_sign": True, "repeated": False}

    def sign(self, psbt: Psbt, caller: Caller, now: int, before: Sequence[Psbt] = ()) -> Answer:
        """Sign a transaction, or raise the reason why not; both are noted.

        One that was signed before is answered with the same signatures and not counted again.
        """
        self._look_at(psbt, before)
        refused: CosignerError | WalletError | None = None
        answer: Answer | None = None
        with self.books.decision():
            try:
                answer = self._repeat(psbt, caller, now) or self._sign_new(psbt, caller, now)
            except _REFUSED as error:
                refused = error
                facts = {"txid": format_hash(psbt.transaction.txid), "caller": caller.name}
                facts |= {"reason": str(error.refusal), "detail": error.detail}
                self.books.note("refused", now, facts)
        # Raised only now: the note of a refusal is committed like any other.
        if answer is None:
            raise refused or AssertionError("neither signed nor refused")
        return answer

    def consider(self, permit: Psbt | OutPoint, officer: Caller) -> dict[str, Any]:
        """Show an officer what a permit is, and who approved it; nothing is noted."""
        permit_id, facts = self._permit_for(permit, officer)
        facts["approvals"] = self.books.ledger.approvals(permit_id)
        return {**facts, "needed": self.policy.approvals}

    def approve(self, permit: Psbt | OutPoint, officer: Caller, now: int) -> dict[str, Any]:
        """Note that an officer approves a permit, a draft or one on the chain; return its facts."""
        permit_id, facts = self._permit_for(permit, officer)
        with self.books.decision():
            self.books.ledger.add_approval(permit_id, officer.name, now)
            approvals = self.books.ledger.approvals(permit_id)
            noted = {"permit": format_outpoint(permit_id), "caller": officer.name}
            head = self.books.note("approved", now, {**noted, "approvals": approvals})
        facts |= {"approvals": approvals, "needed": self.policy.approvals}
        return {**facts, "receipt": receipt_facts(head)}

    def _repeat(self, psbt: Psbt, caller: Caller, now: int) -> Answer | None:
        stored = self.books.ledger.signed(psbt.transaction.txid)
        if stored is None:
            return None
        check_caller(caller, stored.action, stored.issuer_key)
        signed = combine([psbt, Psbt.decode(stored.psbt)])
        noted = {"txid": format_hash(stored.txid), "caller": caller.name, "action": stored.action}
        return Answer(signed, stored.action, (), True, self.books.note("repeated", now, noted))

    def _sign_new(self, psbt: Psbt, caller: Caller, now: int) -> Answer:
        found = self._review(psbt)
        order = self._decide(psbt, found, caller, now)
        signed = self._add_signatures(psbt, order)
        ledger, txid = self.books.ledger, psbt.transaction.txid
        ledger.add_signed(order, caller.name, now, (txid, signed.encode()))
        issuer = order.issuer_key
        noted = {
            "txid": format_hash(txid),
            "caller": caller.name,
            "action": order.action,
            "issuer": None if issuer is None else issuer.hex(),
            "permit": format_outpoint(order.permit),
            "issued": order.issued,
            "moved": [format_outpoint(moved.certificate) for moved in order.moved],
            "fee": order.fee,
            "lines": list(found.lines),
        }
        head = self.books.note("signed", now, noted)
        return Answer(signed, order.action, found.lines, False, head)

    def _look_at(self, psbt: Psbt, before: Sequence[Psbt]) -> None:
        """Read chain and pool, and what was signed here and is to be sent before a transaction."""
        self.live.stop_assuming(_QUIET)
        for parent in before:
            self.live.assume(parent)
        assume_unsent(self.live, self.books.ledger, psbt)

    def _review(self, psbt: Psbt) -> Review:
        try:
            return self.live.review(psbt)
        except (DecodeError, PsbtError, SpendingError) as error:
            raise WalletError(
                WalletRefusal.BAD_FILE, f"{error}; ask its sender for a whole file"
            ) from error

    def _decide(self, psbt: Psbt, found: Review, caller: Caller, now: int) -> Order:
        """Raise the first reason not to sign, in the order: rules, caller, policy, books."""
        signatures_of(psbt)
        check_rules(found)
        live = self.live
        known = Known(live.ahead, live.permits, live.moment.height, self._rules_of)
        order = read_order(psbt, found, known)
        check_caller(caller, order.action, order.issuer_key)
        if order.action != GRANT and self.live.own_inputs(psbt):
            raise WalletError(
                WalletRefusal.NOT_OUR_DRAFT, "it spends coins of the root; draft it without them"
            )
        ledger = self.books.ledger
        usage = ledger.usage(order.issuer_key, now - DAY_SECONDS)
        check_policy(order, self.policy, usage, len(ledger.approvals(order.permit)), now)
        self._check_serials(psbt, order)
        return order

    def _check_serials(self, psbt: Psbt, order: Order) -> None:
        """Refuse a serial that another signed transaction uses which may still be mined.

        One of two would then be a naked spend. Two that share an input cannot both be mined.
        """
        if not order.issued:
            return
        live, ledger = self.live, self.books.ledger
        wanted = spends_of(live, ledger, psbt)
        for other in ledger.with_serials(order.permit, order.serial_start, order.issued):
            spends = spends_of(live, ledger, Psbt.decode(other.psbt))
            if not exclude_each_other(wanted, spends) and may_come(live, spends):
                raise CosignerError(
                    Refusal.SERIAL_SIGNED,
                    f"a serial of it was signed in {format_hash(other.txid)}, which can still be"
                    " sent; send that one, or draft again with one of its coins",
                )

    def _add_signatures(self, psbt: Psbt, order: Order) -> Psbt:
        signed = psbt
        try:
            for public_key, key in self._keys().items():
                wanted = [at for at in signed.inputs_of(public_key) if at in order.signable]
                signed = signed.sign_with(key, wanted) if wanted else signed
        except CcxxError as error:
            raise WalletError(WalletRefusal.BAD_FILE, f"{error}; ask for a whole file") from error
        if signed == psbt and not set(self._keys()) & set(signatures_of(psbt).present):
            raise WalletError(
                WalletRefusal.NOTHING_TO_SIGN, "no key of this co-signer guards an input of it"
            )
        return signed

    def _rules_of(self, typedef_hash: bytes) -> Mapping[str, object] | None:
        document = self.live.wallet.store.document(typedef_hash)
        return None if document is None else TypeDefinition.decode(document.body).rules

    def _permit_for(
        self, permit: Psbt | OutPoint, officer: Caller
    ) -> tuple[OutPoint, dict[str, Any]]:
        if officer.role is not TokenRole.OFFICER:
            raise CosignerError(
                Refusal.ROLE_NOT_ALLOWED, f"{officer.name} is no officer; permits need officers"
            )
        self.live.stop_assuming(_QUIET)
        if isinstance(permit, OutPoint):
            return permit, self._permit_on_chain(permit)
        found = self._review(permit)
        check_rules(found)
        if found.action != GRANT:
            raise CosignerError(
                Refusal.ACTION_NOT_ALLOWED, f"this is a {found.action}; only permits are approved"
            )
        permit_id = OutPoint(permit.transaction.txid, 0)
        return permit_id, {"permit": format_outpoint(permit_id), "lines": list(found.lines)}

    def _permit_on_chain(self, permit_id: OutPoint) -> dict[str, Any]:
        record = get_permit(self.live.ahead, permit_id)
        if record is None:
            raise WalletError(
                WalletRefusal.UNKNOWN_PERMIT,
                f"no permit {format_outpoint(permit_id)} on the chain; check the id",
            )
        message = record.message
        return {
            "permit": format_outpoint(permit_id),
            "lines": [f"permit for {message.quantity} of {message.title} ({message.code})"],
        }


def receipt_facts(head: Head) -> dict[str, Any]:
    """Give the end of the audit log as JSON, for whoever keeps it as a receipt."""
    return {"line": head.lines, "hash": head.hash.hex()}
