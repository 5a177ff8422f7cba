"""The owner's words for what is theirs, in the form that wallets share (BIP 329).

Pure. One JSON object a line; whether a coin is frozen travels as `spendable`.
"""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_core.address import decode_address, encode_address
from ccxx_core.bip32 import HdKey
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash, parse_txid
from ccxx_core.network import Network
from ccxx_wallet.errors import Refusal, WalletError

LONGEST = 255


class Kind(StrEnum):
    """What a label is about, in BIP 329's words; a certificate is an output."""

    TX = "tx"
    ADDRESS = "addr"
    PUBKEY = "pubkey"
    INPUT = "input"
    OUTPUT = "output"
    XPUB = "xpub"


@dataclass(frozen=True, slots=True)
class Label:
    """One line: what it is about, the words, and of an output whether it may be spent."""

    kind: Kind
    ref: str
    text: str = ""
    spendable: bool | None = None


def guess_kind(ref: str) -> Kind:
    """Tell by its form what a reference is about; outpoints are taken for outputs."""
    if ":" in ref:
        return Kind.OUTPUT
    if _is_hex(ref, 64):
        return Kind.TX
    if _is_hex(ref, 66):
        return Kind.PUBKEY
    return Kind.XPUB if len(ref) > 100 else Kind.ADDRESS


def normal_ref(kind: Kind, ref: str, network: Network) -> str:
    """Return a reference in its one spelling; raises WalletError BAD_LABEL for what is none."""
    try:
        match kind:
            case Kind.TX:
                return format_hash(parse_txid(ref))
            case Kind.PUBKEY:
                if not (_is_hex(ref, 66) or _is_hex(ref, 64)):
                    raise DecodeError("a public key has 66 hex digits")
                return ref.lower()
            case Kind.INPUT | Kind.OUTPUT:
                return format_outpoint(parse_outpoint(ref))
            case Kind.XPUB:
                return HdKey.parse(ref, network).xpub()
            case Kind.ADDRESS:
                return encode_address(decode_address(ref, network), network) or ref
    except DecodeError as error:
        raise WalletError(
            Refusal.BAD_LABEL, f"{ref[:100]!r} cannot be labelled as {kind}: {error}; check it"
        ) from error


def check_text(text: str) -> str:
    """Return words fit for a label; raises WalletError BAD_LABEL for control characters.

    Such characters could rewrite what a terminal shows.
    """
    if len(text) > LONGEST:
        raise WalletError(
            Refusal.BAD_LABEL, f"the label has {len(text)} characters; use at most {LONGEST}"
        )
    if clean_text(text) != text:
        raise WalletError(
            Refusal.BAD_LABEL, "the label has control characters; use letters, digits and spaces"
        )
    return text


def clean_text(text: str) -> str:
    """Return words without what a terminal would obey, cut to the longest label."""
    kept = (" " if unicodedata.category(each).startswith("C") else each for each in text)
    return "".join(kept)[:LONGEST]


def encode_labels(labels: Iterable[Label]) -> bytes:
    """Write labels as JSON lines."""
    return b"".join(json.dumps(_line(each), ensure_ascii=False).encode() + b"\n" for each in labels)


def decode_labels(data: bytes, network: Network) -> tuple[list[Label], int]:
    """Read JSON lines; return the labels, and how many lines are about what we do not know.

    Raises WalletError BAD_FILE for a line that is no label at all.
    """
    labels, skipped = [], 0
    for number, line in enumerate(data.decode(errors="replace").split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            kind, ref = str(found["type"]), str(found["ref"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise WalletError(
                Refusal.BAD_FILE,
                f"line {number} is no label of BIP 329; export the labels again",
            ) from None
        try:
            ref = normal_ref(Kind(kind), ref, network)
        except (ValueError, WalletError):
            skipped += 1
            continue
        labels.append(Label(Kind(kind), ref, _words(found), _spendable(kind, found)))
    return labels, skipped


def _words(found: dict[str, Any]) -> str:
    text = found.get("label")
    return clean_text(text) if isinstance(text, str) else ""


def _spendable(kind: str, found: dict[str, Any]) -> bool | None:
    value = found.get("spendable")
    return value if kind == Kind.OUTPUT and isinstance(value, bool) else None


def _line(label: Label) -> dict[str, Any]:
    line: dict[str, Any] = {"type": str(label.kind), "ref": label.ref}
    if label.text:
        line["label"] = label.text
    if label.spendable is not None:
        line["spendable"] = label.spendable
    return line


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and set(text.lower()) <= set("0123456789abcdef")
