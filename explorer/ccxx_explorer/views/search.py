"""What a search text may be: a height, a hash, an outpoint, a certificate id or an address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ccxx_cert.identity import ID_PREFIX, parse_certificate_id, parse_outpoint
from ccxx_core.address import decode_address
from ccxx_core.bech32 import CHARSET
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import parse_txid
from ccxx_core.network import NETWORKS, Network
from ccxx_core.transaction import OutPoint
from ccxx_explorer.language import say

_LONGEST_HEIGHT = 9
_HASH_LENGTH = 64
_HEX = frozenset("0123456789abcdef")
_ID_BEGINNING = f"{ID_PREFIX}1"
_ID_BYTES = 20
# Digits in groups of three, however they are set apart.
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,.'\u2019_\u00a0\u202f ][0-9]{3})+", re.ASCII)
_NAMED = re.compile(
    r"(?:block|height|tx|txid|transaction|address|certificate|permit)[\s:]+(?=\S)", re.IGNORECASE
)
_PAYMENT_LINK = re.compile(r"[a-z]{2,12}:([A-Za-z0-9]{20,90})(?:\?.*)?", re.ASCII)
_AROUND = " \t\r\n\"'\u201c\u201d\u2018\u2019«»<>()[]\u200b\u200e\u200f\ufeff"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a search text can be read; at most one is set, `problem` says why none is.

    `network` is the name of the other network that an address belongs to.
    """

    height: int | None = None
    hash: bytes | None = None
    outpoint: OutPoint | None = None
    identity: bytes | None = None
    script: bytes | None = None
    problem: str = ""
    network: str | None = None

    @property
    def document_hash(self) -> bytes | None:
        """The 64 digits as a document hash: these are printed as hashed, not reversed."""
        return self.hash[::-1] if self.hash is not None else None


def read_search(text: str, network: Network) -> Reading:
    """Read what a visitor typed or pasted, in any spelling."""
    text = plain_spelling(text)
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_HEIGHT:
        return Reading(height=int(text))
    if ":" in text:
        try:
            return Reading(outpoint=parse_outpoint(text.lower()))
        except DecodeError as error:
            return Reading(problem=str(error))
    if len(text) == _HASH_LENGTH and set(text.lower()) <= _HEX:
        # An address of a test network can be as long as a hash, but is never all hex.
        return Reading(hash=parse_txid(text.lower()))
    if text.lower().startswith(_ID_BEGINNING):
        try:
            return Reading(identity=parse_certificate_id(text))
        except DecodeError as error:
            return Reading(problem=str(error))
    return _read_address(text, network)


def plain_spelling(text: str) -> str:
    """Take away what people write around an id: quotes, links, words, grouping of digits."""
    text = text.strip(_AROUND)
    if "://" in text:
        text = _end_of_link(text)
    elif link := _PAYMENT_LINK.fullmatch(text):
        text = link[1]
    text = _NAMED.sub("", text, count=1).lstrip("#№ ")
    if _GROUPED.fullmatch(text):
        return re.sub(r"[^0-9]", "", text)
    dense = "".join(text.split())
    bare = dense[2:] if dense[:2].lower() == "0x" else dense
    return bare if len(bare) == _HASH_LENGTH and set(bare.lower()) <= _HEX else text


def _end_of_link(text: str) -> str:
    path = re.split(r"[?#]", text.partition("://")[2], maxsplit=1)[0]
    # Outpoints are often written with their colon escaped.
    parts = [part for part in path.replace("%3A", ":").split("/")[1:] if part]
    return parts[-1].removesuffix(".json") if parts else text


def _read_address(text: str, network: Network) -> Reading:
    try:
        return Reading(script=decode_address(text, network))
    except DecodeError as error:
        return Reading(problem=str(error), network=_other_network(text, network))


def _other_network(text: str, network: Network) -> str | None:
    for other in NETWORKS.values():
        if other is network:
            continue
        try:
            decode_address(text, other)
        except DecodeError:
            continue
        return other.name
    return None


def is_certificate_id(text: str) -> bool:
    """Tell whether a text is meant as the printable id of a certificate, mistyped or not."""
    return plain_spelling(text).lower().startswith(_ID_BEGINNING)


def identities_beginning(text: str) -> tuple[bytes, bytes] | None:
    """Give the least and the greatest 20 bytes of the certificate ids that begin with a text."""
    typed = text.strip().lower()
    if not typed.startswith(_ID_BEGINNING):
        return None
    characters = typed[len(_ID_BEGINNING) :][: _ID_BYTES * 8 // 5]
    if any(character not in CHARSET for character in characters):
        return None
    known = 0
    for character in characters:
        known = known << 5 | CHARSET.index(character)
    free = _ID_BYTES * 8 - 5 * len(characters)
    low = known << free
    return low.to_bytes(_ID_BYTES), (low | (1 << free) - 1).to_bytes(_ID_BYTES)


def digests_beginning(text: str) -> tuple[bytes, bytes] | None:
    """Give the least and the greatest 32 bytes whose hex begins with a text of 6 digits or more."""
    typed = text.strip().lower()
    if not 6 <= len(typed) <= _HASH_LENGTH or not set(typed) <= _HEX:
        return None
    low, high = typed.ljust(_HASH_LENGTH, "0"), typed.ljust(_HASH_LENGTH, "f")
    return bytes.fromhex(low), bytes.fromhex(high)


def heights_beginning(text: str, tip: int) -> list[int]:
    """Give the heights up to the tip that begin with some digits, the nearest spelling first."""
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_HEIGHT or text[0] == "0":
        return [0] if text == "0" else []
    height, found = int(text), list[int]()
    while height <= tip and len(found) < 4:
        found.append(height)
        height *= 10
    return found


def problem_words(text: str, reading: Reading, network: Network) -> str:
    """Say why a text leads nowhere, by what it seems to be."""
    if reading.network is not None:
        return say(
            "This is an address of the %(other)s network, and this explorer shows the %(own)s"
            " network.",
            other=reading.network,
            own=network.name,
        )
    if is_certificate_id(text):
        return say(
            "This is no certificate id: its checksum does not match, so a character is missing or"
            " mistyped."
        )
    plain = plain_spelling(text).lower()
    if any(plain.startswith(f"{known.bech32_hrp}1") for known in NETWORKS.values()):
        return say("This is no address: a character is missing or mistyped.")
    if len(plain) > _HASH_LENGTH // 2 and set(plain) <= _HEX:
        return say("An id or hash has 64 hex digits, and this has %(count)s.", count=len(plain))
    return say("This is no id, height, hash or address, and no type or issuer is called so.")
