"""What is said of a document and a certificate: do they belong together, and what if nothing fits.

A certificate's own verdict stands on its page; here is only what the visitor's file adds to it.
"""

from __future__ import annotations

from ccxx_explorer.facts import Check, CheckResult, Statement, Tone
from ccxx_explorer.language import say, say_count
from ccxx_explorer.views.pdf_verdict import make_check
from ccxx_explorer.wording import printable


def document_fits() -> Check:
    """The certificate commits to the very document."""
    words = say("It is exactly the document that the certificate commits to.")
    return _document(CheckResult.PASSED, say("passed"), words)


def leaf_fits(leaf: int) -> Check:
    """The document is the leaf of a batch that the certificate stands for."""
    words = say(
        "It is exactly the document of this certificate: leaf %(leaf)s under the Merkle root that"
        " the batch commits to.",
        leaf=leaf,
    )
    return _document(CheckResult.PASSED, say("passed"), words)


def document_differs() -> Check:
    """The certificate commits to another document."""
    words = say("The certificate commits to another document: this one is not it, or was changed.")
    return _document(CheckResult.FAILED, say("another document"), words)


def proof_is_missing() -> Check:
    """The certificate is one of a batch, whose documents are not on the chain."""
    return _document(CheckResult.UNKNOWN, say("could not check"), _proof_words())


def no_document() -> Check:
    """Only the certificate was named."""
    words = say("No document was given, so none was compared. Choose the file to compare it.")
    return _document(CheckResult.UNKNOWN, say("could not check"), words)


def wrong_document() -> Statement:
    """The document is not the one of the certificate that was named."""
    return Statement(
        "wrong-document",
        Tone.BAD,
        say("Not the document of this certificate"),
        say(
            "The certificate exists, and it certifies something else. Whatever it is worth, it"
            " says nothing for this file."
        ),
    )


def not_compared() -> Statement:
    """The certificate may be in order, but nothing shows that the document is its own."""
    return Statement("not-compared", Tone.CALM, say("Could not check"), _proof_words())


def certificates_unread() -> Statement:
    """Without a trust anchor no certificate is known here, whatever the chain holds."""
    words = say(
        "This explorer was started without a trust anchor: it knows no certificates, so it cannot"
        " say whether one commits to this file."
    )
    return Statement("not-found", Tone.CALM, say("Could not check"), words)


def several_certificates(count: int) -> Statement:
    """Several certificates commit to one document, each with a status of its own."""
    words = say_count(
        "%(count)s certificate commits to this document: see which is meant.",
        "%(count)s certificates commit to this document: see which is meant.",
        count,
    )
    return Statement("several", Tone.CALM, say("Several certificates"), words)


def proof_of_another_document() -> Statement:
    """The proof is for another file."""
    return Statement(
        "proof-of-another",
        Tone.BAD,
        say("The proof is for another document"),
        say("Its document hash is not this file's: the file was changed, or the two do not match."),
    )


def broken_batch_proof() -> Statement:
    """The proof leads nowhere."""
    return Statement(
        "broken-proof",
        Tone.BAD,
        say("Broken proof"),
        say("The proof does not lead from this file to the root that it names: ask the issuer."),
    )


def not_claimed() -> Statement:
    """The document is in a deferred batch, and no certificate was made of it yet."""
    return Statement(
        "not-claimed",
        Tone.WARN,
        say("Reserved, not issued yet"),
        say(
            "The issuer has committed to this document in a batch, and no certificate was made of"
            " it yet: it becomes one when it is claimed."
        ),
    )


def unknown_batch() -> Statement:
    """No batch on this chain has the root."""
    return Statement(
        "not-found",
        Tone.CALM,
        say("Could not check"),
        say(
            "No batch on this chain has the root that the proof leads to. It may be on another"
            " chain, or not in a block yet."
        ),
    )


def unknown_document(kind: str, *, uploaded: bool, pasted: bool) -> Statement:
    """Nothing here commits to the document: that is no verdict on it.

    A browser that works out a hash has looked for a proof inside; of a hash that was pasted
    nothing more is known.
    """
    if kind == "pdf" and uploaded:
        words = say(
            "It may be one of a batch: ask for its proof, the file NAME.proof.json, and choose that"
            " too. By itself it fits no certificate on this chain, and it carries no proof inside:"
            " it may also have been changed. If it was printed or saved again, ask for the"
            " original."
        )
    elif pasted:
        words = say(
            "It may be one of a batch: ask for its proof, the file NAME.proof.json, and choose that"
            " too. By itself no certificate on this chain commits to a document of this hash: it"
            " may also have been changed. If it was opened and saved again, ask for the original."
            " A PDF that carries its proof inside is found only when the file itself is sent."
        )
    else:
        words = say(
            "It may be one of a batch: ask for its proof, the file NAME.proof.json, and choose that"
            " too. By itself it fits no certificate on this chain: it may also have been changed."
            " If it was opened and saved again, ask for the original."
        )
    return Statement("not-found", Tone.CALM, say("Not found without a proof"), words)


def unreadable_proof(problem: str) -> Statement:
    """A PDF has something like a proof inside, and is not laid out as it was issued."""
    words = say(
        "The file carries a proof, and it is not laid out byte for byte as it was issued, so the"
        " proof cannot be checked: it was changed, or saved again by another program. Ask for the"
        " original. In detail: %(problem)s.",
        problem=printable(problem)[:300],
    )
    return Statement("altered", Tone.BAD, say("Not the file that was issued"), words)


def leads_elsewhere(kind: str) -> Statement:
    """What was asked for is no certificate."""
    words = {
        "pdf-batch": say("This is the root of a batch of PDF files: its page says who issued it."),
        "transaction": say("This is the id of a transaction: its page says what it does."),
        "block": say("This is a block: its page says what is in it."),
        "address": say("This is an address: its page says which certificates are there."),
        "permit": say("This is a permit: its page says what it allows."),
    }
    return Statement(
        kind,
        Tone.CALM,
        say("Not a certificate itself"),
        words.get(kind, say("Its page says more.")),
    )


def proof_alone() -> Statement:
    """What was chosen as the document is a proof."""
    return Statement("proof-alone", Tone.CALM, this_is_a_proof(), choose_its_document())


def this_is_a_proof() -> str:
    """Say what came in the place of the document."""
    return say("This is a proof, not a document.")


def choose_its_document() -> str:
    """Say what a proof needs beside it."""
    return say("A proof says something only of its own document: choose that file as well.")


def nothing_given() -> str:
    """Nothing was asked."""
    return say("There is nothing to check.")


def what_to_give() -> str:
    """Say what to do then."""
    return say("Choose a file, or paste the id of a certificate, a hash or a link.")


def with_document(check: Check | None, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Put the visitor's document first: where it is the right one, integrity is no question."""
    if check is None:
        return checks
    if check.result is not CheckResult.PASSED:
        return (check, *checks)
    open_question = ("integrity", CheckResult.UNKNOWN)
    return (check, *(each for each in checks if (each.name, each.result) != open_question))


def _proof_words() -> str:
    return say(
        "The certificate is one of a batch: whether this is its document, the file"
        " NAME.proof.json says, which its issuer gave with it. Choose that file too."
    )


def _document(result: CheckResult, label: str, words: str) -> Check:
    return make_check("document", say("Your document"), result, label, words)
