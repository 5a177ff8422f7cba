"""Rule 16: permit credit moves to new keys (REKEY) or back to the root (CLOSE)."""

from dataclasses import replace

from ccxx_cert.authority import watch_permit
from ccxx_cert.conservation import check_conserved, check_whole
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.identity import cert_ref
from ccxx_cert.minting import check_active, shown_issuer
from ccxx_cert.records import CloseMessage, RekeyMessage
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.standing import Rekeying, Return
from ccxx_cert.state import Credit, CreditKind, Permit, RegistryView, get_permit, get_root
from ccxx_core.hashes import ripemd160
from ccxx_core.opcodes import Op as Opcode
from ccxx_core.script import build_script, p2sh_script_of_hash
from ccxx_core.transaction import OutPoint


def rekey(message: RekeyMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 16: all three keys of a permit move its credit to the script of new keys, once."""
    check_conserved(spend)
    permit = _permit_spent(spend, message.permit_ref, view)
    check_active(permit, spend.moment)
    if permit.rekeyed is not None:
        raise CertificateError(Refusal.REKEYED_BEFORE, f"at height {permit.rekeyed.moment.height}")
    for spent in spend.credits:
        shown_issuer(permit, spent, spend)
    outputs = spend.credit_outputs
    script = outputs[0].script_pubkey
    if script not in rekeyed_scripts(message.new_script_hash):
        raise CertificateError(Refusal.WRONG_NEW_SCRIPT, "output 0 has not the script it names")
    if any(output.script_pubkey != script for output in outputs):
        raise CertificateError(Refusal.PERMIT_SCRIPTS_DIFFER, "permit coins have several scripts")
    check_whole(outputs)
    moved = replace(
        permit,
        script_pubkey=script,
        issuer_key=None,
        rekeyed=Rekeying(spend.tx.txid, spend.moment, permit.script_pubkey, message.doc_hash),
    )
    coins = permit_coins(spend, permit.id)
    return Outcome((moved, *coins, watch_permit(script)), (permit.id,))


def close(message: CloseMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 16: permit credit returns to the root in force; nothing is issued from then on."""
    check_conserved(spend)
    permit = _permit_spent(spend, message.permit_ref, view)
    root = get_root(view)
    root_script = b"" if root is None else root.script_pubkey
    if any(output.script_pubkey != root_script for output in spend.credit_outputs):
        raise CertificateError(Refusal.RETURNED_ELSEWHERE, "an output leaves the root script")
    coins = (
        Credit(spend.outpoint(vout), *output, CreditKind.ROOT)
        for vout, output in enumerate(spend.credit_outputs)
    )
    # Credit that a REKEY left or a SURRENDER brought later is closed by a second CLOSE.
    closed = permit.closed or Return(spend.tx.txid, spend.moment, message.note)
    account = replace(permit, credit=permit.credit - spend.credit_in, closed=closed)
    return Outcome((account, *coins), (permit.id,))


def rekeyed_scripts(new_script_hash: bytes) -> tuple[bytes, bytes]:
    """Return the output scripts, P2WSH and P2SH, of the script that a SHA-256 (32 bytes) names."""
    return (
        build_script(Opcode.OP_0, new_script_hash),
        p2sh_script_of_hash(ripemd160(new_script_hash)),
    )


def permit_coins(spend: Spend, permit_id: OutPoint) -> tuple[Credit, ...]:
    """Return all outputs before the message as coins of a permit."""
    return tuple(
        Credit(spend.outpoint(vout), *output, CreditKind.PERMIT, permit_id)
        for vout, output in enumerate(spend.credit_outputs)
    )


def _permit_spent(spend: Spend, reference: bytes, view: RegistryView) -> Permit:
    """Return the one permit whose credit is spent, and nothing else."""
    if any(credit.kind is not CreditKind.PERMIT for _, credit in spend.credits):
        raise CertificateError(Refusal.NOT_PERMIT_CREDIT, "an input is other credit")
    owners = {credit.owner for _, credit in spend.credits}
    owner = owners.pop()
    permit = get_permit(view, owner) if owner is not None else None
    if owners or permit is None:
        raise CertificateError(Refusal.NOT_ONE_PERMIT, "the inputs belong to several permits")
    wanted = cert_ref(permit.id)
    if reference != wanted:
        raise CertificateError(
            Refusal.WRONG_REFERENCE, f"{reference.hex()}, the permit's is {wanted.hex()}"
        )
    return permit
