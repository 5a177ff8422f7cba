"""Revoking, holding and releasing a certificate, a batch or a permit: what is named, who may."""

from dataclasses import dataclass

from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.records import RevocationReason, RevokeMessage
from ccxx_cert.revocation import WHOLE
from ccxx_cert.state import Certificate, Permit, get_batch, get_permit, get_root
from ccxx_cert.upkeep import draft_revoke
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, format_hash, parse_txid
from ccxx_wallet.certificate_facts import find_certificate
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.permit_facts import find_permit
from ccxx_wallet.speaking import Speech, joint_voices, own_voices


@dataclass(frozen=True, slots=True)
class Subject:
    """What a REVOKE names: `name` for people, its permit, and how the message says it."""

    name: str
    permit: Permit
    txid: Txid
    vout: int = WHOLE


@dataclass(frozen=True, slots=True)
class Ground:
    """Why something is revoked, since when (0: not said), and the hash of the evidence."""

    reason: RevocationReason
    since: int = 0
    evidence: bytes = bytes(32)


def certificate_subject(live: LiveWallet, text: str) -> Subject:
    """Find the certificate to be revoked; raises WalletError UNKNOWN_CERTIFICATE."""
    certificate: Certificate = find_certificate(live, text)
    permit = _permit_of(live, certificate)
    name = f"certificate {certificate_id(certificate.id)} serial {certificate.serial}"
    return Subject(name, permit, certificate.id.txid, certificate.id.vout)


def batch_subject(live: LiveWallet, text: str) -> Subject:
    """Find the batch to be revoked, by its transaction; raises WalletError UNKNOWN_CERTIFICATE."""
    try:
        batch = get_batch(live.ahead, parse_txid(text))
    except DecodeError as error:
        raise WalletError(Refusal.UNKNOWN_CERTIFICATE, f"--batch {text!r}: {error}") from error
    permit = None if batch is None else get_permit(live.ahead, batch.permit_id)
    if batch is None or permit is None:
        raise WalletError(
            Refusal.UNKNOWN_CERTIFICATE,
            f"no batch was issued in {text}; give the transaction that issued it",
        )
    name = f"all {batch.message.count} certificates of batch {format_hash(batch.txid)}"
    return Subject(name, permit, batch.txid)


def permit_subject(live: LiveWallet, text: str) -> Subject:
    """Find the permit to be revoked; raises WalletError UNKNOWN_PERMIT."""
    permit = find_permit(live, text)
    name = f"permit {permit.message.code} {format_outpoint(permit.id)}"
    return Subject(name, permit, permit.id.txid)


def revocation_speech(live: LiveWallet, subject: Subject, ground: Ground, jointly: bool) -> Speech:
    """Draft a REVOKE and say who of this wallet may speak it, or how else it can be spoken."""
    root = get_root(live.ahead)
    if root is None:
        live.require_anchor()
        raise WalletError(Refusal.NO_ANCHOR, "the root coin is in no block yet; wait for its block")
    message = RevokeMessage(
        subject.txid, subject.vout, ground.reason, ground.since, ground.evidence
    )
    draft = draft_revoke(message, subject.permit, root)
    if jointly:
        voices = joint_voices(live, subject.permit)
        return Speech(draft, voices, "no key of this wallet is in the permit's script")
    return Speech(draft, own_voices(live, draft.spoken_by), _advice(live, subject.permit))


def _advice(live: LiveWallet, permit: Permit) -> str:
    """Say why no key of this wallet may revoke under a permit, and who may."""
    name = f"permit {permit.message.code}"
    if not joint_voices(live, permit):
        return f"{name} is not this wallet's: only its issuer and the root may revoke under it"
    if not permit.message.issuer_revokes:
        return (
            f"{name} does not let its issuer revoke alone; ask the root organisation, or add"
            " --jointly and have the root sign the file"
        )
    if permit.issuer_key is not None:
        return f"the issuer's key of {name} is another wallet's; use that one, or ask the root"
    return (
        f"the issuer's key of {name} is not known to observers before its first certificate; ask"
        " the root organisation, or add --jointly and have the root sign the file"
    )


def _permit_of(live: LiveWallet, certificate: Certificate) -> Permit:
    permit = get_permit(live.ahead, certificate.permit_id)
    if permit is None:
        raise WalletError(
            Refusal.UNKNOWN_PERMIT,
            f"the permit of certificate {format_outpoint(certificate.id)} is not known",
        )
    return permit
