"""Why something cannot be done with a certificate, or else by whom and with which command.

The rules come from `ccxx_cert.prospects`; here is what one wallet adds: its keys, drafts and coins.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ccxx_cert.identity import certificate_id
from ccxx_cert.prospects import Case, Deed, Hindrance, Obstacle, Terms, Tip, hindrances
from ccxx_cert.records import Custody
from ccxx_cert.recovery import format_blocks, open_certificate, policy_of, recovery_path
from ccxx_cert.state import Certificate, get_permit
from ccxx_cert.type_definition import TypeDefinition
from ccxx_wallet.drafts import name_draft
from ccxx_wallet.keyring import Role, WatchedKey
from ccxx_wallet.live import LiveWallet

_BY = {
    Deed.TRANSFER: Role.HOLDER,
    Deed.REFRESH: Role.HOLDER,
    Deed.SURRENDER: Role.HOLDER,
    Deed.RECOVER: Role.ISSUER,
}
_COMMANDS = {
    Deed.SIGN: "{program} sign FILE",
    Deed.TRANSFER: "ccxx-holder certificate transfer {name} --to NEW_HOLDER_KEY",
    Deed.REFRESH: "ccxx-holder certificate refresh {name}",
    Deed.SURRENDER: "ccxx-holder certificate surrender {name}",
    Deed.RECOVER: "ccxx-issuer certificate recover {name} --to NEW_KEY",
}
# What another wallet may do all the same.
_ELSEWHERE = (Obstacle.NOT_OURS, Obstacle.WATCH_ONLY)
_SIGNERS = {
    Custody.THREE_OF_THREE: "holder, issuer and root",
    Custody.RECOVERABLE: "holder, issuer and root",
    Custody.TWO_OF_THREE: "two of holder, issuer and root",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one wallet can say about one deed.

    `is_possible` is what the rules say of anybody, `is_here` whether this wallet can begin it.
    `note` is something to know before.
    """

    deed: Deed
    hindrances: tuple[Hindrance, ...]
    is_possible: bool
    is_here: bool
    by: Role | None = None
    signers: str = ""
    command: str = ""
    note: str = ""

    def sentence(self) -> str:
        """Say it in one line."""
        against = "; ".join(each.line for each in self.hindrances)
        if not self.is_possible:
            return f"no: {against}"
        signed = f", signed by {self.signers}" if self.signers else ""
        way = f"{self.command}{signed}"
        if self.is_here:
            return ": ".join(each for each in ("yes", way) if each) + self._noted
        if any(each.reason in _ELSEWHERE for each in self.hindrances):
            return f"not with this wallet: {against}" + (f"; else {way}" if self.by else "")
        if against:
            return f"not yet: {against}; then {way}"
        return f"by its {self.by}: {way}{self._noted}"

    @property
    def _noted(self) -> str:
        return f"; {self.note}" if self.note else ""


class Explainer:
    """One wallet's view of one certificate."""

    def __init__(self, live: LiveWallet, certificate: Certificate, terms: Terms) -> None:
        """Take what is known; `terms` are the type definition's, None where it is not known."""
        self._live = live
        self._certificate = certificate
        tip = Tip(live.tip_height, live.wallet.store.tip_median_time())
        self._case = Case(certificate, live.ahead, tip, terms)
        self._roles = {account.role for account in live.wallet.accounts}
        self.our_key = self._find_our_key()

    def answers(self) -> list[Answer]:
        """Answer for every deed, in the order in which people ask."""
        return [self._answer(deed) for deed in Deed]

    def _answer(self, deed: Deed) -> Answer:
        by_rule = hindrances(self._case, deed)
        if deed is Deed.SHOW_VALID:
            return Answer(deed, by_rule, not by_rule, not by_rule)
        if by_rule:
            return Answer(deed, by_rule, is_possible=False, is_here=False, by=_BY.get(deed))
        own = tuple(self._own_hindrances(deed))
        by = _BY.get(deed)
        is_here = self.our_key is not None and (by is None or by in self._roles) and not own
        return Answer(
            deed,
            own,
            is_possible=True,
            is_here=is_here,
            by=by,
            signers="" if deed is Deed.SIGN else self._signers(deed),
            command=_COMMANDS[deed].format(
                name=certificate_id(self._certificate.id), program=self._program
            ),
            note=self._note(deed),
        )

    def _own_hindrances(self, deed: Deed) -> Iterator[Hindrance]:
        """Yield what keeps this wallet, and perhaps no other, from a deed."""
        if self.our_key is None:
            yield self._not_ours()
            return
        by = _BY.get(deed)
        if by is not None and by not in self._roles:
            return
        if self._live.wallet.is_watch_only and deed is Deed.SIGN:
            line = "this wallet watches only; sign with the wallet that has the seed phrase"
            yield Hindrance(Obstacle.WATCH_ONLY, line)
        if by is not None:
            yield from self._hindrances_of_a_draft(deed)

    def _hindrances_of_a_draft(self, deed: Deed) -> Iterator[Hindrance]:
        live, location = self._live, self._certificate.location
        for draft in live.drafts.sharing([location] if location is not None else []):
            yield Hindrance(
                Obstacle.DRAFTED,
                f"{name_draft(draft)} uses it; send that one, or give it up: draft drop"
                f" {draft.file}",
            )
        if not live.wallet.plain_coins(live.pending):
            yield Hindrance(
                Obstacle.NO_COINS,
                "this wallet has no plain coins for the fee; ask for some: its address is"
                f" {live.wallet.plain_address()}",
            )
        if deed is Deed.RECOVER and open_certificate(self._certificate) is None:
            yield Hindrance(
                Obstacle.OPAQUE,
                "the chain does not show its holder's key; give the key that it was issued or"
                " transferred to with --from",
            )

    def _not_ours(self) -> Hindrance:
        certificate = self._certificate
        if Role.HOLDER not in self._roles:
            whose = "issuer" if Role.ISSUER in self._roles else "root"
            return Hindrance(Obstacle.NOT_OURS, f"it is of another {whose}'s key")
        if certificate.holder_key is None:
            return Hindrance(
                Obstacle.NOT_OURS,
                "no key of this wallet holds it, and the chain does not show whose does; look for"
                " the wallet that gave the key (`ccxx-holder key list`)",
            )
        return Hindrance(
            Obstacle.NOT_OURS,
            f"it is held by the key {certificate.holder_key.hex()}, which is not of this wallet",
        )

    @property
    def _program(self) -> str:
        if Role.HOLDER in self._roles:
            return "ccxx-holder"
        return "ccxx-issuer" if Role.ISSUER in self._roles else "ccxx-root"

    def _find_our_key(self) -> WatchedKey | None:
        """Return the key of ours that guards it: the holder's, the issuer's or the root's."""
        certificate, wallet = self._certificate, self._live.wallet
        if Role.HOLDER in self._roles:
            return wallet.watched.holder_of(certificate)
        wanted = {certificate.issuer_key, certificate.root_key}
        keys = wallet.store.watched_keys()
        roles = (Role.ISSUER, Role.ROOT)
        found = (each for each in keys if each.path.role in roles and each.public_key in wanted)
        return next(found, None)

    @property
    def custody(self) -> Custody:
        """The policy that it lies under: as our key or the chain shows, or the type says."""
        certificate = self._certificate
        scripts = self._live.wallet.watched.certificate_scripts(
            certificate.root_key, certificate.issuer_key
        )
        ours = scripts.get(certificate.script_pubkey)
        if ours is not None:
            return policy_of(ours[1], certificate)
        return certificate.holding.custody or certificate.policy

    def _signers(self, deed: Deed) -> str:
        signers = _SIGNERS[self.custody]
        path = recovery_path(self._certificate, self.custody)
        if deed is not Deed.RECOVER or path is None:
            return signers
        if path.is_open(self._live.tip_height):
            return "issuer and root alone"
        left = format_blocks(path.blocks_left(self._live.tip_height))
        return (
            f"{signers} (with --with-holder), or from block {path.opens_height} on (in {left})"
            " issuer and root alone"
        )

    def _note(self, deed: Deed) -> str:
        if deed is Deed.REFRESH and self.custody is not Custody.RECOVERABLE:
            return f"not needed: custody {self.custody.label} has no delay to renew"
        if deed is Deed.TRANSFER and self._case.terms is None:
            return "its type may limit how often and how soon: ask again with --type FILE"
        if deed is Deed.SURRENDER:
            return "it ends the certificate for ever"
        return ""


def known_terms(live: LiveWallet, certificate: Certificate) -> Terms:
    """Return the terms of a certificate's type, None where this wallet keeps no definition."""
    permit = get_permit(live.ahead, certificate.permit_id)
    kept = None if permit is None else live.wallet.store.document(permit.message.typedef_hash)
    return None if kept is None else TypeDefinition.decode(kept.body).rules
