"""Issuing one certificate: its document's hash, its holder's script, its message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccxx_cert.custody import Wrap, certificate_script, wrap, wraps_of
from ccxx_cert.document import document_hash, guess_media
from ccxx_cert.records import IssueMessage
from ccxx_cert.state import Certificate, Permit, SerialUse, serial_key
from ccxx_cert.template import draft_issue
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.transaction import OutPoint
from ccxx_issuer.permits import (
    check_definition,
    choose_coin,
    choose_permit,
    first_free_serial,
    own_permits,
    permit_input,
)
from ccxx_wallet.builder import Funded
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import read_file
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.store import StoredDocument
from ccxx_wallet.watch import holder_scripts


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """What is to be certified, to whom, under which permit (None: the only one)."""

    holder_key: bytes
    document: StoredDocument
    serial: int | None
    summary: str
    permit_id: OutPoint | None = None
    definition: TypeDefinition | None = None
    script: Wrap = Wrap.P2WSH
    summary_anyway: bool = False


def read_document(path: Path) -> StoredDocument:
    """Read the document of a certificate and hash it as the protocol does."""
    body = read_file(path)
    try:
        media = guess_media(body)
        return StoredDocument(document_hash(body, media), path.name, str(media), body)
    except DecodeError as error:
        raise WalletError(Refusal.BAD_FILE, f"{path}: {error}; give another --document") from error


def read_definition(path: Path | None) -> TypeDefinition | None:
    """Read a type definition; raises WalletError WRONG_TYPE_DEFINITION."""
    if path is None:
        return None
    try:
        return TypeDefinition.decode(read_file(path, limit=1_000_000))
    except DecodeError as error:
        raise WalletError(
            Refusal.WRONG_TYPE_DEFINITION,
            f"{path}: {error}; ask the root for the file that was granted (`ccxx-root permit"
            " type`)",
        ) from error


def draft_certificate(
    live: LiveWallet, new: NewCertificate, feerate: int
) -> tuple[Funded, Permit, int]:
    """Draft an ISSUE; return it, its permit and its serial.

    The tail of the message is the summary, or without one the holder's key.
    """
    permit, key, script = choose_permit(live, new.permit_id, new.definition)
    check_definition(permit, key, new.definition)
    check_holder(permit, key, new.holder_key)
    check_summary(permit, new.summary, new.summary_anyway)
    serial = free_serial(live, permit, new.serial, 1)
    coin = choose_coin(live, permit, 1)
    try:
        message = IssueMessage(
            serial=serial, doc_hash=new.document.hash, tail=new.summary or new.holder_key
        )
        pubkey = holder_pubkey(permit, key, new.holder_key, new.script)
        draft = draft_issue(message, pubkey, coin)
    except CcxxError as error:
        raise WalletError(Refusal.RULES, f"{error}; shorten or correct --summary") from error
    funded = live.draft([permit_input(live, coin, script, key)], draft.outputs, feerate)
    return funded, permit, serial


def check_summary(permit: Permit, summary: str, anyway: bool) -> None:
    """Refuse public text where the permit provides none: it stands on the chain for ever.

    Raises WalletError NO_PUBLIC_SUMMARY.
    """
    if summary and not permit.message.public_summary and not anyway:
        raise WalletError(
            Refusal.NO_PUBLIC_SUMMARY,
            f"permit {permit.message.code} provides no public summary; leave --summary out, or add"
            " --public-summary-anyway if it names nobody",
        )


def holder_pubkey(permit: Permit, issuer_key: bytes, holder_key: bytes, how: Wrap) -> bytes:
    """Return the output script of a certificate for a holder, under the permit's custody policy.

    Raises WalletError RULES for a wrap that the policy does not allow.
    """
    custody = permit.message.custody
    if how not in wraps_of(custody):
        allowed = " or ".join(each.value for each in wraps_of(custody))
        raise WalletError(
            Refusal.RULES,
            f"custody {custody.label} works in {allowed} only, not in {how.value}; leave --script"
            " out",
        )
    script = certificate_script(permit.root_key, issuer_key, holder_key, custody)
    return wrap(script, how)


def check_holder(permit: Permit, issuer_key: bytes, holder_key: bytes) -> None:
    """Raise WalletError WRONG_KEY if a holder's key is one of the co-signers'."""
    if holder_key in (permit.root_key, permit.system_key, issuer_key):
        raise WalletError(
            Refusal.WRONG_KEY,
            f"{holder_key.hex()} is a key of the root or of this issuer; ask the holder for the"
            " one that `ccxx-holder key new` shows",
        )


def free_serial(live: LiveWallet, permit: Permit, wanted: int | None, count: int) -> int:
    """Return the first serial to use.

    Raises WalletError RULES if one is used already, RESERVED if a draft that was not sent uses it.
    """
    if wanted is None:
        ahead = (each for each in live.ahead.ahead() if isinstance(each, SerialUse))
        used = {each.serial for each in ahead if each.permit_id == permit.id}
        used |= live.registry.serials_of(permit.id)
        return first_free_serial(used | live.drafts.serials(permit.id), count)
    if not 0 <= wanted <= 0xFFFFFFFF - count + 1:
        raise WalletError(Refusal.RULES, f"serial {wanted} is not from 0 to 4294967295")
    for serial in range(wanted, wanted + count):
        if isinstance(live.ahead.get(serial_key(permit.id, serial)), SerialUse):
            raise WalletError(
                Refusal.RULES,
                f"serial {serial} is used already under this permit; take another --serial, or"
                " leave it out for the next free one",
            )
    live.drafts.take_serials(permit.id, range(wanted, wanted + count))
    return wanted


def own_certificates(live: LiveWallet, permit_id: OutPoint | None = None) -> list[Certificate]:
    """Return the certificates issued by our keys, the pool's included, in order of issue.

    A permit may have moved to another wallet's key since: who issued a certificate co-signs it.
    """
    keys = {key.public_key for key in live.wallet.store.watched_keys(Role.ISSUER)}
    permits = {permit.id for permit, _, _ in own_permits(live)}
    found = {each.id: each for each in live.registry.certificates()}
    ahead = (each for each in live.ahead.ahead() if isinstance(each, Certificate))
    found |= {each.id: each for each in ahead}
    return sorted(
        (
            each
            for each in found.values()
            if (each.permit_id in permits or each.issuer_key in keys)
            and permit_id in (None, each.permit_id)
        ),
        key=lambda each: (each.issued.height, each.permit_id, each.serial),
    )


def warnings(live: LiveWallet, permit: Permit, keys: Sequence[bytes], summary: str) -> list[str]:
    """Return what the issuer should think about before the draft is sent."""
    found = []
    if len(set(keys)) < len(keys) or any(map(_holds_one(live, permit), keys)):
        found.append("a holder key is used twice; ask for a fresh key for each certificate")
    if summary and not permit.message.public_summary:
        found.append("the permit provides no public summary; never put a name into --summary")
    return found


def _holds_one(live: LiveWallet, permit: Permit) -> Callable[[bytes], bool]:
    issuer_key = permit.issuer_key

    def holds(key: bytes) -> bool:
        if issuer_key is None:
            return False
        scripts = holder_scripts(permit.root_key, issuer_key, key)
        return any(live.registry.certificates_at(script) for script in scripts)

    return holds
