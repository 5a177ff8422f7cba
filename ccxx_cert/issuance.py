"""Rules 5, 8 and 15: permit credit becomes certificates, at once, in batches, or leaf by leaf."""

from dataclasses import replace

from ccxx_cert.conservation import check_conserved
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.holders import declare_holder
from ccxx_cert.marks import Claim
from ccxx_cert.minting import (
    check_minted,
    check_serials,
    minted,
    new_certificate,
    open_permit,
)
from ccxx_cert.records import BatchMessage, ClaimMessage, IssueMessage
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.state import (
    Batch,
    Certificate,
    RegistryView,
    SerialUse,
    claim_key,
    get_batch,
)
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import OutPoint


def issue(message: IssueMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 5: permit credit becomes one certificate."""
    check_conserved(spend)
    mint = open_permit(spend, view)
    check_minted(spend, mint.permit, 1)
    check_serials(view, mint.permit, message.serial, 1)
    certificate = replace(
        new_certificate(message, spend, mint, 0, message.serial), doc_hash=message.doc_hash
    )
    if message.holder_key is not None:
        certificate = _with_declared_holder(certificate, message.holder_key)
    serial = SerialUse(mint.permit.id, message.serial, certificate.id)
    return _with_records(minted(spend, mint, (certificate,), view), serial)


def issue_batch(message: BatchMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 5: permit credit becomes the certificates of a batch, in the order of its leaves."""
    check_conserved(spend)
    mint = open_permit(spend, view)
    check_minted(spend, mint.permit, message.count)
    check_serials(view, mint.permit, message.serial_start, message.count)
    certificates = tuple(
        replace(
            new_certificate(message, spend, mint, leaf, message.serial_start + leaf),
            batch=spend.tx.txid,
            leaf=leaf,
        )
        for leaf in range(message.count)
    )
    serials = (SerialUse(mint.permit.id, each.serial, each.id) for each in certificates)
    batch = Batch(spend.tx.txid, mint.permit.id, message, spend.moment)
    return _with_records(minted(spend, mint, certificates, view), *serials, batch)


def defer_batch(message: BatchMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 15: a deferred batch mints nothing, reserves its serials, and returns all credit."""
    check_conserved(spend)
    mint = open_permit(spend, view)
    check_minted(spend, mint.permit, 0)
    check_serials(view, mint.permit, message.serial_start, message.count)
    serials = (
        SerialUse(mint.permit.id, message.serial_start + leaf, OutPoint(spend.tx.txid, leaf))
        for leaf in range(message.count)
    )
    batch = Batch(spend.tx.txid, mint.permit.id, message, spend.moment)
    return _with_records(minted(spend, mint, (), view), *serials, batch)


def claim(message: ClaimMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 15: one leaf of a deferred batch becomes a certificate; its expiry is the batch's.

    That the document is the leaf is proven by the batch's tree, which is not on the chain.
    """
    check_conserved(spend)
    mint = open_permit(spend, view)
    batch = _claimed_batch(message, view)
    if batch.permit_id != mint.permit.id:
        raise CertificateError(Refusal.NOT_A_DEFERRED_BATCH, "the batch is another permit's")
    check_minted(spend, mint.permit, 1)
    serial = batch.message.serial_start + message.leaf
    certificate = replace(
        new_certificate(batch.message, spend, mint, 0, serial),
        doc_hash=message.doc_hash,
        batch=batch.txid,
        leaf=message.leaf,
    )
    taken = Claim(batch.txid, message.leaf, certificate.id)
    return _with_records(minted(spend, mint, (certificate,), view), taken)


def _claimed_batch(message: ClaimMessage, view: RegistryView) -> Batch:
    """Return the deferred batch whose leaf is still to be had."""
    batch = get_batch(view, message.batch_txid)
    if batch is None or not batch.message.deferred:
        raise CertificateError(Refusal.NOT_A_DEFERRED_BATCH, format_hash(message.batch_txid))
    if batch.revocation is not None:
        raise CertificateError(Refusal.BATCH_REVOKED, f"batch {format_hash(batch.txid)}")
    if message.leaf >= batch.message.count:
        raise CertificateError(
            Refusal.NO_SUCH_LEAF, f"leaf {message.leaf} of {batch.message.count}"
        )
    if view.get(claim_key(batch.txid, message.leaf)) is not None:
        raise CertificateError(Refusal.LEAF_CLAIMED, f"leaf {message.leaf}")
    return batch


def _with_records(outcome: Outcome, *records: SerialUse | Claim | Batch) -> Outcome:
    return replace(outcome, records=(*outcome.records, *records))


def _with_declared_holder(certificate: Certificate, holder_key: bytes) -> Certificate:
    holding = declare_holder(certificate, certificate.holding, holder_key)
    if holding.holder_key is None:
        raise CertificateError(
            Refusal.WRONG_HOLDER_KEY, f"{holder_key.hex()} does not rebuild the output's script"
        )
    return replace(certificate, holdings=(holding,))
