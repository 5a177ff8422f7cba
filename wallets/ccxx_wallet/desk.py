"""What every command does with a transaction: show it, ask, sign it, write it, send it.

The rules are checked before each signature and again before sending. `force` goes past a refusal
of the rules only after a loud warning and a typed word, and past nothing else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ccxx_cert.state import Permit, get_certificate, get_credit, get_permit
from ccxx_core.amount import format_amount
from ccxx_core.errors import CcxxError
from ccxx_core.hashes import format_hash
from ccxx_core.keys import PrivateKey
from ccxx_core.psbt import Psbt
from ccxx_wallet.authority_coins import permit_at
from ccxx_wallet.builder import Funded
from ccxx_wallet.cli import Settings
from ccxx_wallet.cosigner_client import CosignerClient
from ccxx_wallet.drafts import name_draft
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import check_output, write_atomically, write_output
from ccxx_wallet.interruption import note_state
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.second_opinion import Opinion
from ccxx_wallet.session import count_missing, has_final_txid, name_of, signatures_of
from ccxx_wallet.signer import Review, check_fee, check_rules, sign
from ccxx_wallet.store import Draft

FORCE_WORD = "destroy"
PAYER = "payer"
PrivateKeys = dict[bytes, PrivateKey]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a command's own options say about handling a transaction."""

    out: Path | None = None
    sign: bool = True
    send: bool = False
    force: bool = False
    spend_own: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """One wallet at its node, how this run talks, and the co-signer that it asks, if any."""

    live: LiveWallet
    settings: Settings
    cosigner: CosignerClient | None = None

    def finish_draft(
        self, funded: Funded, choices: Choices, keep: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """Show a new draft, sign our part, then write it to a file or send it; return the facts.

        `keep` is called once the draft is agreed to and signed, before it is written or sent: what
        it commits to must be safe first.
        """
        choices = self._as_able(choices)
        psbt = funded.psbt
        self._warn_of_shared_coins(funded)
        found, private = self._present_and_unlock(psbt, choices)
        if self.settings.dry_run:
            return {**self.facts(psbt, found), "file": None, "dry_run": True}
        path = choices.out or Path(f"{found.action}-{format_hash(psbt.transaction.txid)[:8]}.psbt")
        if not choices.send:
            check_output(path, choices.overwrite)
            self._ask_cosigner_first(psbt)
        self._ask(found, "Sign this transaction?" if choices.sign else "Write this draft?", choices)
        if choices.sign:
            psbt = _signed(psbt, private)
        keep()
        if choices.send:
            return self.send(psbt, found, choices)
        note_state(f"if {path} is there it is whole, and `draft list` names it")
        # A draft that could not be written reserves nothing, and replaces none.
        with self.live.wallet.store.transaction():
            self.live.drafts.remember(
                Draft(funded.psbt.transaction, found.action, str(path.absolute()))
            )
            write_output(path, psbt.encode(), choices.overwrite)
        return self._cosigned(psbt, found, path)

    def sign_file(self, psbt: Psbt, path: Path, choices: Choices) -> dict[str, Any]:
        """Show a transaction from a file, sign our part and write it; return the facts."""
        self.live.wallet.check_can_sign()
        signatures_of(psbt)
        keys = self.live.own_keys(psbt)
        if not keys:
            raise WalletError(
                Refusal.NOTHING_TO_SIGN,
                "no key of this wallet guards an input of this file; check that it is the right"
                " wallet and the right file",
            )
        self.check_own_inputs(psbt, choices)
        found, private = self._present_and_unlock(psbt, choices)
        if self.settings.dry_run:
            return {**self.facts(psbt, found), "file": None, "dry_run": True}
        out = choices.out or path
        # In place the signatures join the same draft: nothing is lost.
        in_place = out.absolute() == path.absolute()
        if not in_place:
            check_output(out, choices.overwrite)
        self._ask_cosigner_first(psbt)
        self._ask(found, "Sign this transaction?", choices)
        signed = _signed(psbt, private)
        write_output(out, signed.encode(), choices.overwrite or in_place)
        return self._cosigned(signed, found, out)

    def present(self, psbt: Psbt, force: bool) -> Review:
        """Show what a transaction would do; raises WalletError RULES unless forced."""
        found = self.live.review(psbt)
        self._show(found)
        self._check(found, force)
        return found

    def _check(self, found: Review, force: bool) -> None:
        most_fee = self.live.funding.most_fee
        if force:
            check_fee(found, most_fee)
        else:
            check_rules(found, most_fee)

    def _show(self, found: Review) -> None:
        # Nobody is asked about what was not shown; stdout stays the JSON's own.
        if not (self.settings.screen.as_json and self.settings.screen.assume_yes):
            self.settings.screen.notice(
                {str(number): line for number, line in enumerate(found.lines, 1)},
                f"This transaction ({found.action}), as your own node and registry see it:",
            )

    def _present_and_unlock(self, psbt: Psbt, choices: Choices) -> tuple[Review, PrivateKeys]:
        """Show a transaction that we are to sign, after its signer gave the passphrase.

        So nobody reads a long text twice because of a typing error. What is refused is shown
        without asking for one.
        """
        found = self.live.review(psbt)
        private: PrivateKeys = {}
        if choices.sign and not self.settings.dry_run and (found.is_harmless or choices.force):
            keys = self.live.own_keys(psbt)
            wallet = self.live.wallet
            private = self.settings.unlock(lambda passphrase: wallet.unlock(passphrase, keys))
        self._show(found)
        self._check(found, choices.force)
        return found, private

    def send(self, psbt: Psbt, found: Review, choices: Choices) -> dict[str, Any]:
        """Finish, have it checked again by foreign code and the node, send; return the facts."""
        sent = self.live.finish(psbt, self.key_names(psbt))
        final = {"txid": format_hash(sent.transaction.txid), "txid_is_final": True}
        facts = {**self.facts(psbt, found), **final}
        facts |= {**self._opinion_facts(sent.opinion), "sent": False}
        if self.settings.dry_run:
            return {**facts, "dry_run": True}
        if not choices.sign:
            self._ask(found, "Send this transaction?", choices)
        note_state(
            f"transaction {final['txid']} may have been sent, so do not make another: the next"
            " command sends it again if it was not"
        )
        self.live.send(sent, found.action)
        note_state(f"transaction {final['txid']} was sent")
        return {**facts, "sent": True}

    def _opinion_facts(self, opinion: Opinion) -> dict[str, Any]:
        """Give the second opinion as JSON, and say aloud what it could not read."""
        if opinion.unread:
            numbers = ", ".join(map(str, opinion.unread))
            self.settings.screen.warn(
                f"the second opinion cannot read inputs {numbers}: only our own code and"
                " your node verified their signatures"
            )
        return {
            "signatures_verified_again": opinion.signatures,
            "inputs_not_verified_again": list(opinion.unread),
        }

    def facts(self, psbt: Psbt, found: Review) -> dict[str, Any]:
        """Give a transaction's facts as JSON."""
        signatures_of(psbt)
        signed: set[str] = set()
        missing: set[str] = set()
        for index, keys in enumerate(psbt.missing_signatures()):
            names = self._names(psbt, index)
            signed |= {name_of(key, names) for key in psbt.signatures(index)}
            missing |= {name_of(key, names) for key in keys}
        return {
            "txid": format_hash(psbt.transaction.txid),
            "txid_is_final": has_final_txid(psbt),
            "action": found.action,
            "fee": format_amount(found.fee),
            "signed_by": sorted(signed),
            "missing": sorted(missing),
            "signatures_missing": count_missing(psbt),
            "complete": not missing,
            "meaning": found.as_facts(),
        }

    def key_names(self, psbt: Psbt) -> dict[bytes, str]:
        """Name the keys of a transaction's inputs by their roles, key hashes too."""
        names: dict[bytes, str] = {}
        for index in range(len(psbt.inputs)):
            names = self._names(psbt, index) | names
        return names

    def _names(self, psbt: Psbt, index: int) -> dict[bytes, str]:
        """Name the keys of one input by what it spends, alike in every wallet."""
        live = self.live
        credit = get_credit(live.ahead, psbt.transaction.inputs[index].prevout)
        keys = [*psbt.lock(index).keys, *psbt.signatures(index), *psbt.missing_signatures()[index]]
        if credit is None:
            permit = permit_at(live.ahead, live.permits(), psbt.spent_output(index))
            return dict.fromkeys(keys, PAYER) if permit is None else _permit_names(keys, permit)
        if credit.owner is None:
            return dict.fromkeys(keys, str(Role.CREDIT))
        permit = get_permit(live.ahead, credit.owner)
        if permit is not None:
            return _permit_names(keys, permit)
        certificate = get_certificate(live.ahead, credit.owner)
        if certificate is None:
            return {}
        names = {certificate.root_key: "root", certificate.issuer_key: "issuer"}
        return dict.fromkeys(keys, "holder") | names

    def _as_able(self, choices: Choices) -> Choices:
        """Leave signing out where this wallet has no keys: it writes a draft instead."""
        if not self.live.wallet.is_watch_only or not (choices.sign or choices.send):
            return choices
        self.settings.screen.warn(
            "this wallet watches only: it writes the draft, which the wallet with the keys must"
            " sign (there: sign FILE --spend-own)"
        )
        return replace(choices, sign=False, send=False)

    def _warn_of_shared_coins(self, funded: Funded) -> None:
        """Warn where no other coins were left to pay with than those of another draft."""
        for other in self.live.drafts.sharing(funded.plain_inputs):
            self.settings.screen.warn(
                f"it pays its fee with a coin of {name_draft(other)}: only one of the two can be"
                " sent; add plain coins, or drop one"
            )

    def _ask(self, found: Review, question: str, choices: Choices) -> None:
        screen = self.settings.screen
        if found.is_harmless or not choices.force:
            screen.confirm(question)
            return
        screen.warn(
            f"an observer will NOT count this transaction ({found.refusal}); certificates that it"
            " spends are destroyed for ever"
        )
        screen.confirm(question, typed=FORCE_WORD)

    def _ask_cosigner_first(self, psbt: Psbt) -> None:
        """Have a co-signer that would refuse say so before anything is signed or written."""
        if self.cosigner is not None:
            self.cosigner.check(psbt)

    def _cosigned(self, psbt: Psbt, found: Review, path: Path) -> dict[str, Any]:
        """Have the co-signer add its signatures to a file; return the facts.

        The file is written before: what the co-signer counts is never lost with its answer.
        """
        done = f"{path} is written with this wallet's signatures"
        if self.cosigner is None:
            note_state(done)
            return {**self.facts(psbt, found), "file": str(path)}
        note_state(f"{done}; the co-signer may have signed it: ask it again with sign {path}")
        signed, answer = self.cosigner.sign(psbt)
        write_atomically(path, signed.encode())
        facts = {**self.facts(signed, found), "file": str(path)}
        return {**facts, "receipt": answer.get("receipt")}

    def check_own_inputs(self, psbt: Psbt, choices: Choices) -> None:
        """Refuse to give away coins, credit or certificates in a file that others drafted."""
        if choices.spend_own or self.live.drafts.is_ours(psbt.transaction):
            return
        if own := self.live.own_inputs(psbt):
            self.live.check_unsent(psbt)
            raise WalletError(
                Refusal.NOT_OUR_DRAFT,
                f"this file gives away {len(own)} coins or certificates of this wallet and was not"
                " drafted by it; read what it does, and add --spend-own only if you agree",
            )


def _signed(psbt: Psbt, private: PrivateKeys) -> Psbt:
    try:
        return sign(psbt, private)
    except CcxxError as error:
        raise WalletError(Refusal.BAD_FILE, f"{error}; ask for a whole file") from error


def _permit_names(keys: Iterable[bytes], permit: Permit) -> dict[bytes, str]:
    """Name the keys of a permit's script: who is neither root nor system is its issuer."""
    names = {permit.root_key: "root", permit.system_key: "system"}
    return dict.fromkeys(keys, "issuer") | names
