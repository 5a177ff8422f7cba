"""Keys and signatures over libsecp256k1: the one module that calls it.

Signing is RFC 6979 with low S; verifying accepts what consensus accepts, which is more than
libsecp256k1's own parser does.
"""

from collections.abc import Callable
from typing import Any

from coincurve._libsecp256k1 import ffi, lib  # type: ignore[import-not-found]
from coincurve.context import GLOBAL_CONTEXT

from ccxx_core.base58 import decode_base58check, encode_base58check
from ccxx_core.errors import DecodeError
from ccxx_core.network import Network

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_CONTEXT = GLOBAL_CONTEXT.ctx
_COMPRESSED = lib.SECP256K1_EC_COMPRESSED
_UNCOMPRESSED = lib.SECP256K1_EC_UNCOMPRESSED
# Found once: looking a C type up by its name takes longer than making one.
_SIGNATURE = ffi.typeof("secp256k1_ecdsa_signature *")
_DER, _LENGTH = ffi.typeof("unsigned char[72]"), ffi.typeof("size_t *")

# Tells whether (public key, DER signature without hash type, 32-byte digest) belong together.
VerifySignature = Callable[[bytes, bytes, bytes], bool]
# Public keys that a verifier remembers.
_MOST_KEYS = 20_000


class PrivateKey:
    """A secret number and the key pair it makes; it never prints itself."""

    __slots__ = ("_secret", "public_key")

    def __init__(self, secret: bytes) -> None:
        """Take 32 big-endian bytes; raises DecodeError unless from 1 to the order less one."""
        if len(secret) != 32 or not lib.secp256k1_ec_seckey_verify(_CONTEXT, secret):
            raise DecodeError("not a private key")
        self._secret = secret
        point = ffi.new("secp256k1_pubkey *")
        lib.secp256k1_ec_pubkey_create(_CONTEXT, point, secret)
        self.public_key: bytes = _serialize_point(point)

    def __repr__(self) -> str:
        return f"PrivateKey(public_key={self.public_key.hex()})"

    @property
    def secret(self) -> bytes:
        """The 32 secret bytes, for encrypted storage only."""
        return self._secret

    def sign(self, digest: bytes) -> bytes:
        """Sign a 32-byte digest; returns strict DER with low S, without a hash type."""
        signature = ffi.new(_SIGNATURE)
        lib.secp256k1_ecdsa_sign(_CONTEXT, signature, digest, self._secret, ffi.NULL, ffi.NULL)
        return _serialize_der(signature)

    def sign_short(self, digest: bytes) -> bytes:
        """Sign as `sign` does, with the first nonce that makes R fit into 32 bytes.

        Nonces are those of RFC 6979 with a counter as further entropy, as the family's wallets have
        it since 0.17: 71 bytes at most, at twice the work on average.
        """
        signature, counter = self.sign(digest), 0
        while signature[3] > 32:
            counter += 1
            made, entropy = ffi.new(_SIGNATURE), counter.to_bytes(32, "little")
            lib.secp256k1_ecdsa_sign(
                _CONTEXT, made, digest, self._secret, ffi.NULL, ffi.from_buffer(entropy)
            )
            signature = _serialize_der(made)
        return signature

    def sign_recoverable(self, digest: bytes) -> bytes:
        """Sign so that the key can be recovered: 64 bytes r and s, then the id (0 to 3)."""
        signature = ffi.new("secp256k1_ecdsa_recoverable_signature *")
        lib.secp256k1_ecdsa_sign_recoverable(
            _CONTEXT, signature, digest, self._secret, ffi.NULL, ffi.NULL
        )
        out, recovery_id = ffi.new("unsigned char[64]"), ffi.new("int *")
        lib.secp256k1_ecdsa_recoverable_signature_serialize_compact(
            _CONTEXT, out, recovery_id, signature
        )
        return bytes(ffi.buffer(out, 64)) + bytes([recovery_id[0]])

    def to_wif(self, network: Network) -> str:
        """Write the wallet import format, for a compressed public key."""
        return encode_base58check(bytes([network.wif_prefix]) + self._secret + b"\x01")

    @classmethod
    def from_wif(cls, text: str, network: Network) -> "PrivateKey":
        """Read the wallet import format; raises DecodeError, whose text never holds the key."""
        try:
            payload = decode_base58check(text)
        except DecodeError:
            raise DecodeError("not a private key in wallet import format") from None
        if payload[0] != network.wif_prefix:
            raise DecodeError(f"this private key is not for the network {network.name}")
        if len(payload) != 34 or payload[-1] != 1:
            raise DecodeError("only private keys of compressed public keys are supported")
        return cls(payload[1:33])


def _serialize_der(signature: Any) -> bytes:
    out, length = ffi.new(_DER), ffi.new(_LENGTH, 72)
    lib.secp256k1_ecdsa_signature_serialize_der(_CONTEXT, out, length, signature)
    return bytes(ffi.buffer(out, length[0]))


def _serialize_point(point: Any, compressed: bool = True) -> bytes:
    size, form = (33, _COMPRESSED) if compressed else (65, _UNCOMPRESSED)
    out, length = ffi.new("unsigned char[65]"), ffi.new("size_t *", size)
    lib.secp256k1_ec_pubkey_serialize(_CONTEXT, out, length, point, form)
    return bytes(ffi.buffer(out, size))


def _parse_point(public_key: bytes) -> Any:
    point = ffi.new("secp256k1_pubkey *")
    ok = lib.secp256k1_ec_pubkey_parse(_CONTEXT, point, public_key, len(public_key))
    return point if ok else None


def is_valid_public_key(public_key: bytes) -> bool:
    """Tell whether bytes are a point of the curve in any encoding, hybrid included."""
    return _parse_point(public_key) is not None


def lift_x(x: bytes, odd: bool) -> bytes:
    """Build the compressed key (33 bytes) of an x coordinate; DecodeError off the curve."""
    public_key = (b"\x03" if odd else b"\x02") + x
    if len(x) != 32 or not is_valid_public_key(public_key):
        raise DecodeError("not the x coordinate of a public key")
    return public_key


def verify_signature(public_key: bytes, signature: bytes, digest: bytes) -> bool:
    """Tell whether a DER signature (no hash type) is one of a key over a 32-byte digest.

    Accepts whatever consensus accepts before BIP 66: any S, and encodings that are not strict.
    """
    return make_verifier()(public_key, signature, digest)


def make_verifier() -> VerifySignature:
    """Give a ``verify_signature`` for many in a row, in memory of its own: for one thread only."""
    find_point, parsed = _make_point_finder(), ffi.new("secp256k1_ecdsa_signature *")
    context, verify = _CONTEXT, lib.secp256k1_ecdsa_verify
    parse_der = lib.secp256k1_ecdsa_signature_parse_der
    normalize = lib.secp256k1_ecdsa_signature_normalize

    def verify_next(public_key: bytes, signature: bytes, digest: bytes) -> bool:
        point = find_point(public_key)
        if point is None:
            return False
        if parse_der(context, parsed, signature, len(signature)):
            normalize(context, parsed, parsed)
            if verify(context, parsed, digest, point):
                return True
        return _parse_lax(parsed, signature) and bool(verify(context, parsed, digest, point))

    return verify_next


def _make_point_finder() -> Callable[[bytes], Any]:
    """Give a function that parses keys, each point good until the next, None if it is none.

    Most keys sign once, but those of root and issuer thousands of times: the second time a key is
    asked for it is kept.
    """
    parse_key, context = lib.secp256k1_ec_pubkey_parse, _CONTEXT
    scratch = ffi.new("secp256k1_pubkey *")
    seen: set[bytes] = set()
    kept: dict[bytes, Any] = {}

    def find_point(public_key: bytes) -> Any:
        point = kept.get(public_key)
        if point is not None:
            return point
        is_back = public_key in seen
        point = ffi.new("secp256k1_pubkey *") if is_back else scratch
        if not parse_key(context, point, public_key, len(public_key)):
            return None
        if is_back:
            kept[public_key] = point
            return point
        if len(seen) == _MOST_KEYS:
            seen.clear()
            kept.clear()
        seen.add(public_key)
        return point

    return find_point


def _parse_lax(parsed: Any, signature: bytes) -> bool:
    compact = parse_der_lax(signature)
    if compact is None:
        return False
    if not lib.secp256k1_ecdsa_signature_parse_compact(_CONTEXT, parsed, compact):
        return False
    lib.secp256k1_ecdsa_signature_normalize(_CONTEXT, parsed, parsed)
    return True


def is_canonical_signature(signature: bytes) -> bool:
    """Tell whether a signature (no hash type) is strict DER (BIP 66) with low S, as nodes relay."""
    parsed = ffi.new("secp256k1_ecdsa_signature *")
    if not lib.secp256k1_ecdsa_signature_parse_der(_CONTEXT, parsed, signature, len(signature)):
        return False
    is_high = lib.secp256k1_ecdsa_signature_normalize(_CONTEXT, parsed, parsed)
    return not is_high and _serialize_der(parsed) == signature


def parse_der_lax(signature: bytes) -> bytes | None:
    """Read r and s (64 bytes) from DER the way old nodes did, or None.

    Lengths may be padded, numbers may have a wrong sign or leading zeros, bytes may follow.
    """
    if len(signature) < 2 or signature[0] != 0x30:
        return None
    offset = 2
    if signature[1] & 0x80:
        offset += signature[1] & 0x7F
    numbers = []
    for _ in range(2):
        found = _read_lax_integer(signature, offset)
        if found is None:
            return None
        number, offset = found
        numbers.append(number.lstrip(b"\0"))
    if any(len(number) > 32 for number in numbers):
        return None
    return b"".join(number.rjust(32, b"\0") for number in numbers)


def _read_lax_integer(data: bytes, offset: int) -> tuple[bytes, int] | None:
    if offset + 2 > len(data) or data[offset] != 0x02:
        return None
    length = data[offset + 1]
    offset += 2
    if length & 0x80:
        width = length & 0x7F
        size = data[offset : offset + width].lstrip(b"\0")
        if offset + width > len(data) or len(size) >= 4:
            return None
        length = int.from_bytes(size, "big")
        offset += width
    if offset + length > len(data):
        return None
    return data[offset : offset + length], offset + length


def recover_public_key(signature: bytes, digest: bytes, compressed: bool = True) -> bytes:
    """Recover the key (33 bytes, or 65) from r, s and the id (65 bytes); raises DecodeError."""
    parsed = ffi.new("secp256k1_ecdsa_recoverable_signature *")
    point = ffi.new("secp256k1_pubkey *")
    if (
        len(signature) != 65
        or signature[64] > 3
        or not lib.secp256k1_ecdsa_recoverable_signature_parse_compact(
            _CONTEXT, parsed, signature[:64], signature[64]
        )
        or not lib.secp256k1_ecdsa_recover(_CONTEXT, point, parsed, digest)
    ):
        raise DecodeError("not a recoverable signature")
    return _serialize_point(point, compressed)
