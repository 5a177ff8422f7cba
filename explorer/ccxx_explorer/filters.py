"""What a visitor wants of a list, read from the parameters, and said back in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ccxx_cert.identity import format_outpoint
from ccxx_cert.status import Status
from ccxx_core.address import encode_address
from ccxx_core.hashes import sha256
from ccxx_core.network import Network
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database.filters import CertificateFilter
from ccxx_explorer.database.listings import CERTIFICATE_STATUSES, Sorting
from ccxx_explorer.facts import FilterFacts
from ccxx_explorer.language import say, say_list
from ccxx_explorer.problems import bad_request
from ccxx_explorer.question import Question
from ccxx_explorer.views.search import read_search
from ccxx_explorer.wording import printable, status_words

PERMIT_STATUSES = (
    Status.VALID,
    Status.PROVISIONAL,
    Status.EXHAUSTED,
    Status.EXPIRED,
    Status.CLOSED,
    Status.SUSPENDED,
    Status.REVOKED,
)
_CODE = 8
_LONGEST_CURSOR = 40


@dataclass(frozen=True, slots=True)
class Wish:
    """What a list is to show: parameters that were given, read."""

    wanted: CertificateFilter
    sorting: Sorting
    after: tuple[int, ...] | None
    script: bytes | None


def read_wish(question: Question, network: Network) -> Wish:
    """Read the parameters of the list of certificates; raises a page error for what is none."""
    script = read_script(question, network)
    sorting = Sorting(read_choice(question, "sort", tuple(Sorting)) or Sorting.NEWEST)
    status = read_choice(question, "status", CERTIFICATE_STATUSES)
    wanted = CertificateFilter(
        permit_id=_read_permit(question, network),
        issuer_key=read_key(question.parameters.get("issuer", "")),
        type_code=read_code(question),
        status=None if status is None else Status(status),
        holder_script_hash=None if script is None else sha256(script),
        document_hash=_read_document(question, network),
    )
    keys = 1 if sorting in (Sorting.NEWEST, Sorting.OLDEST) else 2
    return Wish(wanted, sorting, read_cursor(question, keys), script)


def filters_of(wish: Wish, network: Network) -> tuple[FilterFacts, ...]:
    """Say what a list is filtered by."""
    return tuple(_filters(wish, network))


def _filters(wish: Wish, network: Network) -> Iterator[FilterFacts]:
    wanted = wish.wanted
    if wanted.permit_id is not None:
        id = format_outpoint(wanted.permit_id)
        yield FilterFacts("permit", id, say("Permit %(id)s", id=id))
    if wanted.document_hash is not None:
        digest = wanted.document_hash.hex()
        yield FilterFacts("document", digest, say("Document with the hash %(hash)s", hash=digest))
    yield from simple_filters(wanted.issuer_key, wanted.type_code, wanted.status)
    if wish.script is not None:
        address = encode_address(wish.script, network) or wish.script.hex()
        yield FilterFacts("address", address, say("Held at %(address)s", address=address))


def simple_filters(
    issuer_key: bytes | None, code: str | None, status: Status | None
) -> Iterator[FilterFacts]:
    """Say the filters that permits and certificates share."""
    if issuer_key is not None:
        key = issuer_key.hex()
        yield FilterFacts("issuer", key, say("Issuer %(key)s", key=key))
    if code is not None:
        yield FilterFacts("type", code, say("Type “%(code)s”", code=printable(code)))
    if status is not None:
        words = say("Status: %(status)s", status=status_words(status))
        yield FilterFacts("status", status, words)


def read_choice(question: Question, name: str, choices: tuple[str, ...]) -> str | None:
    """Read a parameter that is one of some words; an empty one is none."""
    text = question.parameters.get(name, "")
    if text and text not in choices:
        raise bad_request(
            say("%(name)s has no such value.", name=name),
            say("It is one of: %(choices)s.", choices=say_list(choices)),
        )
    return text or None


def read_key(text: str) -> bytes | None:
    """Read a compressed public key in hex; an empty text is none."""
    text = text.strip().lower()
    if not text:
        return None
    if len(text) != 66 or not set(text) <= set("0123456789abcdef") or text[:2] not in ("02", "03"):
        raise bad_request(
            say("This is not the public key of an issuer."),
            say("It is written as 66 hex digits that begin with 02 or 03."),
        )
    return bytes.fromhex(text)


def read_code(question: Question) -> str | None:
    """Read the code of a type."""
    code = question.parameters.get("type", "").strip()
    # No code has a NUL, and PostgreSQL would not be asked for one.
    if len(code.encode("utf-8", "replace")) > _CODE or "\0" in code:
        raise bad_request(
            say("This is not the code of a type."), say("A code has up to 8 bytes, as in UNICDEG.")
        )
    return code or None


def read_cursor(question: Question, keys: int) -> tuple[int, ...] | None:
    """Read where a list goes on: what the page before gave as `after`."""
    text = question.parameters.get("after", "")
    parts = text.split("-")
    is_number = all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
    if text and (len(text) > _LONGEST_CURSOR or len(parts) != keys or not is_number):
        raise bad_request(
            say("after must be what the page before gave."),
            say("Leave it out to begin at the beginning of the list."),
        )
    return tuple(map(int, parts)) if text else None


def write_cursor(after: tuple[int, ...] | None) -> str | None:
    """Write where a list goes on, for `read_cursor`."""
    return None if after is None else "-".join(map(str, after))


def read_script(question: Question, network: Network) -> bytes | None:
    """Read the address of a holder, as the script behind it."""
    wanted = question.parameters.get("address", "")
    script = read_search(wanted, network).script if wanted else None
    if wanted and script is None:
        raise bad_request(
            say("address must be an address of this network."),
            say("A holder's certificates lie at an address of their own."),
        )
    return script


def _read_permit(question: Question, network: Network) -> OutPoint | None:
    wanted = question.parameters.get("permit", "")
    permit_id = read_search(wanted, network).outpoint if wanted else None
    if wanted and permit_id is None:
        raise bad_request(say("permit must be an outpoint."), say("It is written txid:0."))
    return permit_id


def _read_document(question: Question, network: Network) -> bytes | None:
    wanted = question.parameters.get("document", "")
    document = read_search(wanted, network).document_hash if wanted else None
    if wanted and document is None:
        raise bad_request(
            say("document must be a document hash."), say("It is written as 64 hex digits.")
        )
    return document
