"""What every command does with a transaction: show it, ask, sign it, write it, send it.

The rules are checked before each signature and again before sending. `force` goes past a refusal
of the rules only after a loud warning and a typed word, and past nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccxx_cert.custody import third_key
from ccxx_cert.state import get_certificate, get_credit
from ccxx_core.amount import format_amount
from ccxx_core.errors import CcxxError
from ccxx_core.hashes import format_hash, hash160
from ccxx_core.psbt import Psbt
from ccxx_wallet.builder import Funded
from ccxx_wallet.cli import Settings
from ccxx_wallet.drafts import name_draft
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import check_output, write_output
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.session import name_of, signatures_of
from ccxx_wallet.signer import Review, check_rules, sign
from ccxx_wallet.store import Draft

FORCE_WORD = "destroy"
PAYER = "payer"


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
    """One wallet at its node, and how this run talks."""

    live: LiveWallet
    settings: Settings

    def finish_draft(
        self, funded: Funded, choices: Choices, keep: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """Show a new draft, sign our part, then write it to a file or send it; return the facts.

        `keep` is called once the draft is agreed to and signed, before it is written or sent: what
        it commits to must be safe first.
        """
        psbt = funded.psbt
        self._warn_of_shared_coins(funded)
        found = self.present(psbt, choices.force)
        if self.settings.dry_run:
            return {**self.facts(psbt, found), "file": None, "dry_run": True}
        path = choices.out or Path(f"{found.action}-{format_hash(psbt.transaction.txid)[:8]}.psbt")
        if not choices.send:
            check_output(path, choices.overwrite)
        self._ask(found, "Sign this transaction?" if choices.sign else "Write this draft?", choices)
        if choices.sign:
            psbt = self._signed(psbt)
        keep()
        if choices.send:
            return self.send(psbt, found, choices)
        # A draft that could not be written reserves nothing, and replaces none.
        with self.live.wallet.store.transaction():
            self.live.drafts.remember(
                Draft(funded.psbt.transaction, found.action, str(path.absolute()))
            )
            write_output(path, psbt.encode(), choices.overwrite)
        return {**self.facts(psbt, found), "file": str(path)}

    def sign_file(self, psbt: Psbt, path: Path, choices: Choices) -> dict[str, Any]:
        """Show a transaction from a file, sign our part and write it; return the facts."""
        signatures_of(psbt)
        keys = self.live.own_keys(psbt)
        if not keys:
            raise WalletError(
                Refusal.NOTHING_TO_SIGN,
                "no key of this wallet guards an input of this file; check that it is the right"
                " wallet and the right file",
            )
        found = self.present(psbt, choices.force)
        self._check_own_inputs(psbt, choices)
        if self.settings.dry_run:
            return {**self.facts(psbt, found), "file": None, "dry_run": True}
        out = choices.out or path
        # In place the signatures join the same draft: nothing is lost.
        in_place = out.absolute() == path.absolute()
        if not in_place:
            check_output(out, choices.overwrite)
        self._ask(found, "Sign this transaction?", choices)
        signed = self._signed(psbt)
        write_output(out, signed.encode(), choices.overwrite or in_place)
        return {**self.facts(signed, found), "file": str(out)}

    def present(self, psbt: Psbt, force: bool) -> Review:
        """Show what a transaction would do; raises WalletError RULES unless forced."""
        found = self.live.review(psbt)
        screen = self.settings.screen
        if not screen.as_json:
            screen.notice(
                {**{str(number): line for number, line in enumerate(found.lines, 1)}},
                f"This transaction ({found.action}), as your own node and registry see it:",
            )
        if found.is_harmless or not force:
            check_rules(found)
        return found

    def send(self, psbt: Psbt, found: Review, choices: Choices) -> dict[str, Any]:
        """Finish, have it checked again by foreign code and the node, send; return the facts."""
        sent = self.live.finish(psbt, self.key_names(psbt))
        final = {"txid": format_hash(sent.transaction.txid), "txid_is_final": True}
        facts = {**self.facts(psbt, found), **final}
        facts |= {"signatures_verified_again": sent.verified_again, "sent": False}
        if self.settings.dry_run:
            return {**facts, "dry_run": True}
        if not choices.sign:
            self._ask(found, "Send this transaction?", choices)
        self.live.send(sent, found.action)
        return {**facts, "sent": True}

    def facts(self, psbt: Psbt, found: Review) -> dict[str, Any]:
        """Give a transaction's facts as JSON."""
        names = self.key_names(psbt)
        signatures = signatures_of(psbt)
        return {
            "txid": format_hash(psbt.transaction.txid),
            "txid_is_final": has_final_txid(psbt),
            "action": found.action,
            "fee": format_amount(found.fee),
            "signed_by": sorted({name_of(key, names) for key in signatures.present}),
            "missing": sorted({name_of(key, names) for key in signatures.missing}),
            "complete": signatures.are_complete,
            "meaning": found.as_facts(),
        }

    def key_names(self, psbt: Psbt) -> dict[bytes, str]:
        """Name the keys of a transaction's inputs by their roles, key hashes too."""
        names: dict[bytes, str] = {}
        for index, missing in enumerate(psbt.missing_signatures()):
            keys = (*psbt.lock(index).keys, *missing)
            names |= dict.fromkeys(keys, PAYER) | self._credit_names(psbt, index)
        for key in self.live.wallet.store.watched_keys():
            if key.path.role is not Role.PLAIN:
                name = str(key.path.role)
                names[key.public_key] = names[hash160(key.public_key)] = name
        return names

    def _credit_names(self, psbt: Psbt, index: int) -> dict[bytes, str]:
        anchor = self.live.wallet.anchor
        credit = get_credit(self.live.ahead, psbt.transaction.inputs[index].prevout)
        if anchor is None or credit is None or credit.owner is None:
            return {}
        names = {anchor.root_key: "root", anchor.system_key: "system"}
        described = psbt.inputs[index]
        script = described.witness_script or described.redeem_script or b""
        issuer_key = third_key(script, anchor.root_key, anchor.system_key)
        if issuer_key is not None:
            return {**names, issuer_key: "issuer"}
        certificate = get_certificate(self.live.ahead, credit.owner)
        if certificate is None:
            return names
        others = dict.fromkeys(psbt.lock(index).keys, "holder")
        return {**others, **names, certificate.root_key: "root", certificate.issuer_key: "issuer"}

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

    def _signed(self, psbt: Psbt) -> Psbt:
        keys = self.live.own_keys(psbt)
        private = self.live.wallet.unlock(self.settings.passphrase(), keys)
        try:
            return sign(psbt, private)
        except CcxxError as error:
            raise WalletError(Refusal.BAD_FILE, f"{error}; ask for a whole file") from error

    def _check_own_inputs(self, psbt: Psbt, choices: Choices) -> None:
        """Refuse to give away coins, credit or certificates in a file that others drafted."""
        if choices.spend_own or self.live.drafts.is_ours(psbt.transaction):
            return
        if own := self.live.own_inputs(psbt):
            raise WalletError(
                Refusal.NOT_OUR_DRAFT,
                f"this file gives away {len(own)} coins or certificates of this wallet and was not"
                " drafted by it; read what it does, and add --spend-own only if you agree",
            )


def has_final_txid(psbt: Psbt) -> bool:
    """Tell whether signing leaves the id as it is: no input is a legacy one (BIP 141)."""
    return all(described.non_witness_utxo is None for described in psbt.inputs)
