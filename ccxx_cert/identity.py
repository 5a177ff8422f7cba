"""What a certificate or permit is called: its issuing outpoint, and the short forms made of it.

A reference (8 bytes) and a printable id (20 bytes) are prefixes of one hash: they cross-check and
they search; the outpoint is the authority.
"""

from ccxx_core.bech32 import Encoding, decode_bech32, encode_bech32, regroup_bits
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, format_hash, parse_txid, sha256
from ccxx_core.transaction import OutPoint

ID_PREFIX = "ccert"
_DOMAIN = b"CCXC/cert"
_REF_SIZE = 8
_ID_SIZE = 20
_MOST_VOUT = 0xFFFF


def identity_hash(outpoint: OutPoint) -> bytes:
    """Return SHA-256(`CCXC/cert` || txid || vout as u16), txid in display order.

    An output past 65,535 has no identity: ValueError.
    """
    if not 0 <= outpoint.vout <= _MOST_VOUT:
        raise ValueError(f"output {outpoint.vout} is past {_MOST_VOUT}")
    return sha256(_DOMAIN + outpoint.txid[::-1] + outpoint.vout.to_bytes(2, "big"))


def cert_ref(outpoint: OutPoint) -> bytes:
    """Return the 8-byte reference by which messages name a certificate or permit."""
    return identity_hash(outpoint)[:_REF_SIZE]


def certificate_id(outpoint: OutPoint) -> str:
    """Return the printable id: bech32m of 20 bytes, prefix `ccert`."""
    groups = regroup_bits(identity_hash(outpoint)[:_ID_SIZE], 8, 5, pad=True)
    return encode_bech32(ID_PREFIX, groups, Encoding.BECH32M)


def parse_certificate_id(text: str) -> bytes:
    """Return the 20 bytes behind a printable id; raises DecodeError."""
    prefix, groups, encoding = decode_bech32(text)
    if prefix != ID_PREFIX or encoding is not Encoding.BECH32M:
        raise DecodeError(f"not a certificate id: it begins with {prefix!r}, need {ID_PREFIX!r}")
    digest = bytes(regroup_bits(groups, 5, 8, pad=False))
    if len(digest) != _ID_SIZE:
        raise DecodeError(f"certificate id of {len(digest)} bytes, need {_ID_SIZE}")
    return digest


def format_outpoint(outpoint: OutPoint) -> str:
    """Print an outpoint as `txid:vout`."""
    return f"{format_hash(outpoint.txid)}:{outpoint.vout}"


def parse_outpoint(text: str) -> OutPoint:
    """Read `txid:vout`; raises DecodeError."""
    txid, separator, vout = text.partition(":")
    if not separator or not vout.isascii() or not vout.isdigit() or len(vout) > 10:
        raise DecodeError("an outpoint is written txid:vout")
    position = int(vout)
    if position > 0xFFFFFFFF or str(position) != vout:
        raise DecodeError(f"output {vout} does not exist")
    return OutPoint(Txid(parse_txid(txid)), position)
