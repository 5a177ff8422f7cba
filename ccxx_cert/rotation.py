"""Rules 1 and 17: the first root, and how it gives way to the next."""

from dataclasses import replace

from ccxx_cert.authority import watch_root
from ccxx_cert.conservation import check_conserved
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.marks import RootState
from ccxx_cert.records import RootMessage
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.standing import KeyTerm
from ccxx_cert.state import Credit, CreditKind, Record, RegistryView, get_root
from ccxx_cert.trust import TrustAnchor

_NO_COMMITMENT = bytes(32)


def first_root(anchor: TrustAnchor) -> tuple[Record, ...]:
    """Rule 1: return the records of the root that an anchor names."""
    term = KeyTerm(anchor.root_height, anchor.root_key, anchor.system_key)
    return (
        Credit(anchor.root_outpoint, anchor.root_value, anchor.root_script, CreditKind.ROOT),
        RootState(anchor.root_script, (term,)),
        *watch_root(anchor.root_script, anchor.root_key),
    )


def rotate(message: RootMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 17: all root credit that is spent moves to the new root script in output 0.

    The keys change with the document, which is not on the chain: where the anchor lacks it, the
    keys of new permits are unknown, and what those issue cannot be judged.
    """
    check_conserved(spend)
    root = _root_spent(spend, view)
    if len(spend.credit_outputs) != 1:
        raise CertificateError(
            Refusal.NOT_ONE_ROOT_OUTPUT, f"{len(spend.credit_outputs)} outputs of credit"
        )
    (output,) = spend.credit_outputs
    if message.seq != root.seq + 1:
        raise CertificateError(
            Refusal.WRONG_SEQUENCE, f"sequence {message.seq}, need {root.seq + 1}"
        )
    if root.commitment not in (_NO_COMMITMENT, message.doc_hash):
        raise CertificateError(Refusal.NOT_COMMITTED, f"need document {root.commitment.hex()}")
    term = _next_term(message, spend, output.script_pubkey)
    state = replace(
        root,
        script_pubkey=output.script_pubkey,
        terms=(*root.terms, term),
        seq=message.seq,
        commitment=message.next_root_commitment,
        doc_hash=message.doc_hash,
    )
    coin = Credit(spend.outpoint(0), output.value, output.script_pubkey, CreditKind.ROOT)
    watched = watch_root(output.script_pubkey, term.root_key)
    return Outcome((coin, state, *watched), (coin.outpoint,))


def keys_at(view: RegistryView, height: int) -> KeyTerm:
    """Return the keys of permits granted at a height: the latest term that has begun."""
    root = get_root(view)
    terms = () if root is None else root.terms
    for term in reversed(terms):
        if term.from_height <= height:
            return term
    raise CertificateError(Refusal.NOT_ROOT_CREDIT, "there is no root yet")


def _root_spent(spend: Spend, view: RegistryView) -> RootState:
    """Return the root in force, whose credit must be spent.

    Credit that an earlier ROOT left behind may come along, and cannot rotate the root alone: its
    key may be the one that was lost.
    """
    root = get_root(view)
    if root is None or any(credit.kind is not CreditKind.ROOT for _, credit in spend.credits):
        raise CertificateError(Refusal.NOT_ROOT_CREDIT, "an input is other credit")
    if all(credit.script_pubkey != root.script_pubkey for _, credit in spend.credits):
        raise CertificateError(Refusal.OLD_ROOT_SCRIPT, "no input has the root script in force")
    return root


def _next_term(message: RootMessage, spend: Spend, script_pubkey: bytes) -> KeyTerm:
    document = spend.anchor.successor(message.doc_hash)
    height = spend.moment.height
    if document is None:
        return KeyTerm(height, b"", b"")
    if document.script != script_pubkey:
        raise CertificateError(Refusal.WRONG_ROOT_DOCUMENT, "output 0 has not the script it names")
    return KeyTerm(max(height, document.from_height), document.root_key, document.system_key)
