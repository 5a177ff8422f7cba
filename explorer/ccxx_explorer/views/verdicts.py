"""What the registry decided, in words for people who have not read the protocol."""

from __future__ import annotations

from ccxx_cert.errors import Refusal
from ccxx_explorer.database.rows import VerdictRow
from ccxx_explorer.facts import Tone, VerdictFacts
from ccxx_explorer.wording import printable

_ACCEPTED = {
    "ROOT": "Root credit moved to a new root",
    "PERMIT": "Permit granted",
    "REKEY": "Permit moved to new keys",
    "CLOSE": "Permit closed",
    "ISSUE": "Certificate issued",
    "BATCH": "Batch of certificates issued",
    "CLAIM": "Certificate of a deferred batch issued",
    "TRANSFER": "Certificate transferred",
    "RECOVER": "Holder's key replaced",
    "SURRENDER": "Certificate surrendered",
    "REVOKE": "Revocation, hold or release",
    "STATUS": "Status list published",
    "IDENT": "Key of an organisation named",
    "CHECK": "Inspection recorded",
    "DATA": "Digest of data recorded",
    "CHUNK": "Piece of a document published",
    "SIDE": "Side chain anchored",
}
_ATTEMPTED = {
    "ROOT": "moving the root credit",
    "PERMIT": "granting a permit",
    "REKEY": "moving a permit to new keys",
    "CLOSE": "closing a permit",
    "ISSUE": "issuing a certificate",
    "BATCH": "issuing a batch of certificates",
    "CLAIM": "issuing a certificate of a deferred batch",
    "TRANSFER": "transferring a certificate",
    "RECOVER": "replacing a holder's key",
    "SURRENDER": "surrendering a certificate",
    "REVOKE": "revoking, holding or releasing",
    "STATUS": "publishing a status list",
    "IDENT": "naming the key of an organisation",
    "CHECK": "recording an inspection",
    "DATA": "recording a digest of data",
    "CHUNK": "publishing a piece of a document",
    "SIDE": "anchoring a side chain",
}
_REASONS: dict[str, str] = {
    Refusal.MALFORMED: "its message does not follow the format",
    Refusal.NEEDS_NEWER: "its message is of a newer version: this needs a newer explorer",
    Refusal.NAKED_SPEND: "credit was spent without a valid message",
    Refusal.ANCHOR_MISMATCH: "the root coin is not the one that the trust anchor names",
    Refusal.NO_CREDIT: "it spends no credit, so it has no authority",
    Refusal.NOT_CONSERVED: "the credit that goes in is not the credit that comes out",
    Refusal.NOT_ROOT_CREDIT: "it is not paid for with root credit: only the root grants permits",
    Refusal.OLD_ROOT_SCRIPT: "it spends credit at the script of an older root",
    Refusal.NO_PERMIT_OUTPUT: "no output holds the permit",
    Refusal.PERMIT_SCRIPTS_DIFFER: "the permit's outputs do not share one script",
    Refusal.PERMIT_TO_ROOT: "the permit would be locked by the root's own script",
    Refusal.WRONG_PERMIT_VALUE: "the permit's value is not its quantity times 0.001",
    Refusal.PERMIT_COIN_NOT_WHOLE: "a permit's coin does not hold whole certificates",
    Refusal.NOT_ONE_PERMIT_COIN: "it must spend exactly one coin of one permit",
    Refusal.PERMIT_NOT_ACTIVE: "no such permit is known",
    Refusal.PERMIT_REVOKED: "the permit was revoked",
    Refusal.PERMIT_SUSPENDED: "the permit was suspended",
    Refusal.PERMIT_CLOSED: "the permit was closed",
    Refusal.PERMIT_EXPIRED: "the permit had expired",
    Refusal.SCRIPT_NOT_SHOWN: "the script that was spent is not shown",
    Refusal.NOT_PERMIT_SCRIPT: "the coin spent is not locked by the three keys of the permit",
    Refusal.ROOT_DOCUMENT_UNKNOWN: "this explorer lacks the document of the root that granted it",
    Refusal.SERIAL_USED: "the serial number was used before",
    Refusal.TOO_FEW_OUTPUTS: "there are fewer outputs than certificates",
    Refusal.WRONG_CERTIFICATE_VALUE: "a certificate must hold exactly 0.001",
    Refusal.CHANGE_ELSEWHERE: "the permit's change does not return to the permit",
    Refusal.WRONG_HOLDER_KEY: "the holder key that is named does not belong to the output",
    Refusal.NOT_A_DEFERRED_BATCH: "it names no deferred batch of this permit",
    Refusal.NO_SUCH_LEAF: "the batch has no such leaf",
    Refusal.LEAF_CLAIMED: "the leaf was claimed before",
    Refusal.BATCH_REVOKED: "the batch was revoked or suspended",
    Refusal.NOT_CERTIFICATES: "something other than certificates was spent along",
    Refusal.NOT_TRANSFERABLE: "certificates of this type are not transferable",
    Refusal.RECOVERY_NOT_ALLOWED: "the permit does not allow recovery",
    Refusal.CERTIFICATE_REVOKED: "the certificate was revoked",
    Refusal.CERTIFICATE_SUSPENDED: "the certificate was suspended",
    Refusal.CERTIFICATE_NOT_VALID: "the certificate was not valid",
    Refusal.CERTIFICATE_EXPIRED: "the certificate had expired",
    Refusal.WRONG_OUTPUT_COUNT: "there is not one output for each certificate",
    Refusal.WRONG_REFERENCE: "the message refers to another certificate",
    Refusal.NOT_ONE_PERMIT: "its credit belongs to several permits",
    Refusal.NOT_PERMIT_CREDIT: "something other than permit credit was spent along",
    Refusal.RETURNED_ELSEWHERE: "the credit does not return to where it came from",
    Refusal.REKEYED_BEFORE: "the permit was moved to new keys before",
    Refusal.WRONG_NEW_SCRIPT: "the new script is not the one that the message names",
    Refusal.NOT_ONE_ROOT_OUTPUT: "root credit must move to one output",
    Refusal.NOT_COMMITTED: "the root before had committed to another document",
    Refusal.WRONG_ROOT_DOCUMENT: "the new root script is not the one its document names",
    Refusal.WRONG_SEQUENCE: "it does not follow the message before",
    Refusal.MOVES_CREDIT: "such a message must not move credit",
    Refusal.UNKNOWN_SUBJECT: "what it names does not exist",
    Refusal.NO_AUTHORITY: "nobody who may say so has signed it",
    Refusal.REVOKED_BEFORE: "it was revoked or suspended before",
    Refusal.NOT_SUSPENDED: "it was not suspended",
    Refusal.CHAIN_BEGAN_BEFORE: "a list of this name began before",
    Refusal.NO_BATON: "it leaves no coin for the next message",
    Refusal.WRONG_TYPE_DEFINITION: "the type definition is not the one the permit names",
    Refusal.WRONG_DOCUMENT: "the document is not the one the certificate names",
}


def reason_words(refusal: str | None) -> str:
    """Say a refusal in words; a word this version does not know is shown as it stands."""
    return _REASONS.get(refusal, refusal) if refusal else "no reason given"


def title_of_verdict(row: VerdictRow) -> str:
    """Give the heading of an event: what happened, or what was attempted and refused."""
    if row.accepted:
        return _ACCEPTED.get(row.operation or "", "Credit moved without a change of owner")
    if row.refusal == Refusal.NAKED_SPEND and row.operation is None:
        return "Spent without a message"
    attempt = _ATTEMPTED.get(row.operation or "", "a certificate message")
    return f"{'Not judged' if _is_unjudged(row) else 'Refused'}: {attempt}"


def words_of_verdict(row: VerdictRow) -> str:
    """Say in one sentence what the registry made of a transaction."""
    title = title_of_verdict(row)
    if row.accepted:
        return f"{title}."
    return f"{title}. It does not count: {reason_words(row.refusal)}."


def tone_of_verdict(row: VerdictRow) -> Tone:
    """Accepted is calm, never green (that is kept for valid); refused is red."""
    if row.accepted:
        return Tone.CALM
    return Tone.WARN if _is_unjudged(row) else Tone.BAD


def _is_unjudged(row: VerdictRow) -> bool:
    """A message that this version cannot judge is neither accepted nor refused."""
    return row.refusal in (Refusal.NEEDS_NEWER, Refusal.ROOT_DOCUMENT_UNKNOWN)


def verdict_facts(row: VerdictRow, subjects: tuple[str, ...]) -> VerdictFacts:
    """Build the verdict of a transaction page; subjects are ids of permits and certificates."""
    return VerdictFacts(
        operation=row.operation,
        accepted=row.accepted,
        refusal=row.refusal,
        detail=printable(row.detail),
        words=words_of_verdict(row),
        tone=tone_of_verdict(row),
        subjects=subjects,
    )
