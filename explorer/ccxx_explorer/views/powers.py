"""Who may do what under a permit: each deed of the protocol, and whose signatures it takes."""

from __future__ import annotations

from ccxx_cert.records import Custody, PermitMessage
from ccxx_cert.status import Status
from ccxx_explorer.facts import PowerFacts
from ccxx_explorer.language import say


def permit_powers(message: PermitMessage, status: Status) -> tuple[PowerFacts, ...]:
    """List what a permit and its type allow."""
    return (
        _issue(status),
        _transfer(message),
        _recover(message),
        _surrender(message),
        _revoke(message),
        _close(status),
    )


def _issue(status: Status) -> PowerFacts:
    allowed = status in (Status.VALID, Status.PROVISIONAL)
    words = say("Issuer, root and issuing system sign together.")
    if not allowed:
        words = say("This permit issues no more certificates.")
    return PowerFacts("issue", say("Issue certificates"), allowed, words)


def _transfer(message: PermitMessage) -> PowerFacts:
    title = say("Transfer to another holder")
    if not message.transferable:
        words = say("Not allowed: a certificate that is transferred all the same is destroyed.")
        return PowerFacts("transfer", title, False, words)
    return PowerFacts("transfer", title, True, _movers(message.custody))


def _recover(message: PermitMessage) -> PowerFacts:
    title = say("Replace a holder's lost key")
    if not message.recovery:
        return PowerFacts("recover", title, False, say("Not allowed."))
    return PowerFacts("recover", title, True, _recoverers(message.custody))


def _recoverers(custody: Custody) -> str:
    match custody:
        case Custody.THREE_OF_THREE:
            return say("Root, issuer and the old key sign; a lost key cannot be replaced.")
        case Custody.RECOVERABLE:
            return say(
                "Root, issuer and the old key sign; without the old key, root and issuer after"
                " 52,560 blocks (about three months) without a move."
            )
        case Custody.TWO_OF_THREE:
            return say("Root and issuer sign, without the holder.")


def _surrender(message: PermitMessage) -> PowerFacts:
    return PowerFacts("surrender", say("Give a certificate back"), True, _movers(message.custody))


def _movers(custody: Custody) -> str:
    if custody is Custody.TWO_OF_THREE:
        return say("Two of root, issuer and holder sign together.")
    return say("Root, issuer and holder sign together.")


def _revoke(message: PermitMessage) -> PowerFacts:
    if message.issuer_revokes and message.root_revokes:
        words = say("Issuer or root, each alone.")
    elif message.issuer_revokes:
        words = say("The issuer alone.")
    elif message.root_revokes:
        words = say("The root alone.")
    else:
        words = say("Neither issuer nor root alone.")
    # Rule 7: these two always may.
    more = say("The owner of the root credit may, and so may the permit's three keys together.")
    return PowerFacts("revoke", say("Revoke or suspend"), True, f"{words} {more}")


def _close(status: Status) -> PowerFacts:
    allowed = status is not Status.CLOSED
    words = say("Issuer, root and issuing system sign together; unused credit returns to the root.")
    return PowerFacts("close", say("Close the permit"), allowed, words)
