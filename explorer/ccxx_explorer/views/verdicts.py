"""What the registry decided, in words for people who have not read the protocol."""

from __future__ import annotations

from ccxx_cert.errors import Refusal
from ccxx_explorer.database.rows import VerdictRow
from ccxx_explorer.facts import Tone, VerdictFacts
from ccxx_explorer.language import N_, say
from ccxx_explorer.wording import printable

_ACCEPTED = {
    "ROOT": N_("Root credit moved to a new root"),
    "PERMIT": N_("Permit granted"),
    "REKEY": N_("Permit moved to new keys"),
    "CLOSE": N_("Permit closed"),
    "ISSUE": N_("Certificate issued"),
    "BATCH": N_("Batch of certificates issued"),
    "CLAIM": N_("Certificate of a deferred batch issued"),
    "TRANSFER": N_("Certificate transferred"),
    "RECOVER": N_("Holder's key replaced"),
    "SURRENDER": N_("Certificate surrendered"),
    "REVOKE": N_("Revocation, hold or release"),
    "STATUS": N_("Status list published"),
    "IDENT": N_("Key of an organisation named"),
    "CHECK": N_("Inspection recorded"),
    "DATA": N_("Digest of data recorded"),
    "CHUNK": N_("Piece of a document published"),
    "SIDE": N_("Side chain anchored"),
}
_ATTEMPTED = {
    "ROOT": N_("moving the root credit"),
    "PERMIT": N_("granting a permit"),
    "REKEY": N_("moving a permit to new keys"),
    "CLOSE": N_("closing a permit"),
    "ISSUE": N_("issuing a certificate"),
    "BATCH": N_("issuing a batch of certificates"),
    "CLAIM": N_("issuing a certificate of a deferred batch"),
    "TRANSFER": N_("transferring a certificate"),
    "RECOVER": N_("replacing a holder's key"),
    "SURRENDER": N_("surrendering a certificate"),
    "REVOKE": N_("revoking, holding or releasing"),
    "STATUS": N_("publishing a status list"),
    "IDENT": N_("naming the key of an organisation"),
    "CHECK": N_("recording an inspection"),
    "DATA": N_("recording a digest of data"),
    "CHUNK": N_("publishing a piece of a document"),
    "SIDE": N_("anchoring a side chain"),
}
_REASONS: dict[str, str] = {
    Refusal.MALFORMED: N_("its message does not follow the format"),
    Refusal.NEEDS_NEWER: N_("its message is of a newer version: this needs a newer explorer"),
    Refusal.NAKED_SPEND: N_("credit was spent without a valid message"),
    Refusal.ANCHOR_MISMATCH: N_("the root coin is not the one that the trust anchor names"),
    Refusal.NO_CREDIT: N_("it spends no credit, so it has no authority"),
    Refusal.NOT_CONSERVED: N_("the credit that goes in is not the credit that comes out"),
    Refusal.NOT_ROOT_CREDIT: N_(
        "it is not paid for with root credit: only the root grants permits"
    ),
    Refusal.OLD_ROOT_SCRIPT: N_("it spends credit at the script of an older root"),
    Refusal.NO_PERMIT_OUTPUT: N_("no output holds the permit"),
    Refusal.PERMIT_SCRIPTS_DIFFER: N_("the permit's outputs do not share one script"),
    Refusal.PERMIT_TO_ROOT: N_("the permit would be locked by the root's own script"),
    Refusal.WRONG_PERMIT_VALUE: N_("the permit's value is not its quantity times 0.001"),
    Refusal.PERMIT_COIN_NOT_WHOLE: N_("a permit's coin does not hold whole certificates"),
    Refusal.NOT_ONE_PERMIT_COIN: N_("it must spend exactly one coin of one permit"),
    Refusal.PERMIT_NOT_ACTIVE: N_("no such permit is known"),
    Refusal.PERMIT_REVOKED: N_("the permit was revoked"),
    Refusal.PERMIT_SUSPENDED: N_("the permit was suspended"),
    Refusal.PERMIT_CLOSED: N_("the permit was closed"),
    Refusal.PERMIT_EXPIRED: N_("the permit had expired"),
    Refusal.SCRIPT_NOT_SHOWN: N_("the script that was spent is not shown"),
    Refusal.NOT_PERMIT_SCRIPT: N_("the coin spent is not locked by the three keys of the permit"),
    Refusal.ROOT_DOCUMENT_UNKNOWN: N_(
        "this explorer lacks the document of the root that granted it"
    ),
    Refusal.SERIAL_USED: N_("the serial number was used before"),
    Refusal.TOO_FEW_OUTPUTS: N_("there are fewer outputs than certificates"),
    Refusal.WRONG_CERTIFICATE_VALUE: N_("a certificate must hold exactly 0.001"),
    Refusal.CHANGE_ELSEWHERE: N_("the permit's change does not return to the permit"),
    Refusal.WRONG_HOLDER_KEY: N_("the holder key that is named does not belong to the output"),
    Refusal.NOT_A_DEFERRED_BATCH: N_("it names no deferred batch of this permit"),
    Refusal.NO_SUCH_LEAF: N_("the batch has no such leaf"),
    Refusal.LEAF_CLAIMED: N_("the leaf was claimed before"),
    Refusal.BATCH_REVOKED: N_("the batch was revoked or suspended"),
    Refusal.NOT_CERTIFICATES: N_("something other than certificates was spent along"),
    Refusal.NOT_TRANSFERABLE: N_("certificates of this type are not transferable"),
    Refusal.RECOVERY_NOT_ALLOWED: N_("the permit does not allow recovery"),
    Refusal.CERTIFICATE_REVOKED: N_("the certificate was revoked"),
    Refusal.CERTIFICATE_SUSPENDED: N_("the certificate was suspended"),
    Refusal.CERTIFICATE_NOT_VALID: N_("the certificate was not valid"),
    Refusal.CERTIFICATE_EXPIRED: N_("the certificate had expired"),
    Refusal.WRONG_OUTPUT_COUNT: N_("there is not one output for each certificate"),
    Refusal.WRONG_REFERENCE: N_("the message refers to another certificate"),
    Refusal.NOT_ONE_PERMIT: N_("its credit belongs to several permits"),
    Refusal.NOT_PERMIT_CREDIT: N_("something other than permit credit was spent along"),
    Refusal.RETURNED_ELSEWHERE: N_("the credit does not return to where it came from"),
    Refusal.REKEYED_BEFORE: N_("the permit was moved to new keys before"),
    Refusal.WRONG_NEW_SCRIPT: N_("the new script is not the one that the message names"),
    Refusal.NOT_ONE_ROOT_OUTPUT: N_("root credit must move to one output"),
    Refusal.NOT_COMMITTED: N_("the root before had committed to another document"),
    Refusal.WRONG_ROOT_DOCUMENT: N_("the new root script is not the one its document names"),
    Refusal.WRONG_SEQUENCE: N_("it does not follow the message before"),
    Refusal.MOVES_CREDIT: N_("such a message must not move credit"),
    Refusal.UNKNOWN_SUBJECT: N_("what it names does not exist"),
    Refusal.NO_AUTHORITY: N_("nobody who may say so has signed it"),
    Refusal.REVOKED_BEFORE: N_("it was revoked or suspended before"),
    Refusal.NOT_SUSPENDED: N_("it was not suspended"),
    Refusal.CHAIN_BEGAN_BEFORE: N_("a list of this name began before"),
    Refusal.NO_BATON: N_("it leaves no coin for the next message"),
    Refusal.WRONG_TYPE_DEFINITION: N_("the type definition is not the one the permit names"),
    Refusal.WRONG_DOCUMENT: N_("the document is not the one the certificate names"),
}
# What the rules say of the transaction that the trust anchor names.
_ROOT_COIN = "root coin"
_REFRESHED = N_("Credit moved without a change of owner")
_SOMETHING = N_("a certificate message")


def reason_words(refusal: str | None) -> str:
    """Say a refusal in words; a word this version does not know is shown as it stands."""
    if not refusal:
        return say("no reason given")
    return say(_REASONS[refusal]) if refusal in _REASONS else refusal


def attempt_words(operation: str | None) -> str:
    """Say what a message of this operation is about, as something that is being done."""
    return say(_ATTEMPTED.get(operation or "", _SOMETHING))


def title_of_verdict(row: VerdictRow) -> str:
    """Give the heading of an event: what happened, or what was attempted and refused."""
    if row.accepted and row.operation is None and row.detail == _ROOT_COIN:
        return say("Root coin registered")
    if row.accepted:
        return say(_ACCEPTED.get(row.operation or "", _REFRESHED))
    if row.refusal == Refusal.NAKED_SPEND and row.operation is None:
        return say("Spent without a message")
    attempt = attempt_words(row.operation)
    if _is_unjudged(row):
        return say("Not judged: %(attempt)s", attempt=attempt)
    return say("Refused: %(attempt)s", attempt=attempt)


def words_of_verdict(row: VerdictRow) -> str:
    """Say in one sentence what the registry made of a transaction."""
    title = title_of_verdict(row)
    if row.accepted:
        return say("%(title)s.", title=title)
    reason = reason_words(row.refusal)
    return say("%(title)s. It does not count: %(reason)s.", title=title, reason=reason)


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
