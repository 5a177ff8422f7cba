"""Keys derived from one seed (BIP 32) and the words that write the seed down (BIP 39).

The derivation is embit's. It refuses extended keys that do not print as ``xprv`` or ``tprv``, which
those of this chain's main network do not, so the text form is written and read here.
"""

from dataclasses import dataclass, field
from typing import Any, Self
from unicodedata import normalize

from embit import bip32 as embit_bip32
from embit import bip39 as embit_bip39
from embit import ec as embit_ec

from ccxx_core.base58 import decode_base58check, encode_base58check
from ccxx_core.errors import DecodeError
from ccxx_core.keys import PrivateKey, is_valid_public_key
from ccxx_core.network import Network

HARDENED = 0x80000000
ENTROPY_LENGTHS = (16, 20, 24, 28, 32)
_EXTENDED_KEY_LENGTH = 78


def new_mnemonic(entropy: bytes) -> str:
    """Write 16 to 32 bytes of entropy as 12 to 24 English words (BIP 39)."""
    if len(entropy) not in ENTROPY_LENGTHS:
        raise ValueError(f"{len(entropy)} bytes of entropy, need one of {ENTROPY_LENGTHS}")
    words: str = embit_bip39.mnemonic_from_bytes(bytes(entropy))
    return words


def mnemonic_to_seed(words: str, passphrase: str = "") -> bytes:
    """Stretch the words of a mnemonic to a seed of 64 bytes; DecodeError if a word is wrong."""
    normal = " ".join(words.lower().split())
    try:
        seed: bytes = embit_bip39.mnemonic_to_seed(normal, normalize("NFKD", passphrase))
    except ValueError as error:
        raise DecodeError(f"seed phrase: {str(error).lower()}") from None
    return seed


def parse_path(text: str) -> tuple[int, ...]:
    """Read a path like ``m/48h/571h/0h/2h`` as child numbers; ``'`` and ``h`` mean hardened."""
    first, *steps = text.split("/")
    if first != "m":
        raise DecodeError(f"derivation path {text[:80]!r} does not start with m")
    return tuple(_parse_step(step, text) for step in steps)


def _parse_step(step: str, path: str) -> int:
    digits = step.rstrip("h'") if step[-1:] in ("h", "'") else step
    # Ten digits hold every child number, and a bound keeps int() cheap.
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 10):
        raise DecodeError(f"derivation path {path[:80]!r} has a bad step {step[:20]!r}")
    number = int(digits)
    if number >= HARDENED or len(step) - len(digits) > 1:
        raise DecodeError(f"derivation path {path[:80]!r} has a bad step {step[:20]!r}")
    return number + (HARDENED if step != digits else 0)


def format_path(path: tuple[int, ...]) -> str:
    """Print child numbers as a path that starts with ``m``."""
    steps = (f"{n - HARDENED}h" if n >= HARDENED else str(n) for n in path)
    return "/".join(("m", *steps))


@dataclass(frozen=True, slots=True)
class KeyOrigin:
    """Where a key comes from: its master key's fingerprint (4 bytes) and the path from there."""

    fingerprint: bytes
    path: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HdKey:
    """An extended key, private or public, of one network."""

    _node: Any = field(repr=False)
    network: Network

    @classmethod
    def from_seed(cls, seed: bytes, network: Network) -> Self:
        """Make the master key of a seed of 16 to 64 bytes."""
        if not 16 <= len(seed) <= 64:
            raise ValueError(f"seed of {len(seed)} bytes, need 16 to 64")
        return cls(embit_bip32.HDKey.from_seed(seed), network)

    @classmethod
    def parse(cls, text: str, network: Network) -> Self:
        """Read an extended key of this network as its wallets print it; raises DecodeError."""
        data = decode_base58check(text)
        if len(data) != _EXTENDED_KEY_LENGTH:
            raise DecodeError(f"extended key holds {len(data)} bytes, need {_EXTENDED_KEY_LENGTH}")
        version, key = data[:4], data[45:]
        is_private = version == network.bip32_private
        if not is_private and version != network.bip32_public:
            raise DecodeError(f"extended key belongs to another network, not to {network.name}")
        if data[4] == 0 and any(data[5:13]):
            raise DecodeError("extended key says that it is a master key and has a parent")
        node = embit_bip32.HDKey(
            _private_point(key) if is_private else _public_point(key),
            chain_code=data[13:45],
            depth=data[4],
            fingerprint=data[5:9],
            child_number=int.from_bytes(data[9:13], "big"),
        )
        return cls(node, network)

    def derive(self, path: str) -> Self:
        """Derive the key at a path; DecodeError if it is malformed or hardened on a public key."""
        numbers = parse_path(path)
        if not self.is_private and any(number >= HARDENED for number in numbers):
            raise DecodeError(f"path {path} is hardened, a public key cannot follow it")
        if self._node.depth + len(numbers) > 0xFF:
            raise DecodeError(f"path {path[:80]!r} is deeper than 255 steps")
        return type(self)(self._node.derive(list(numbers)), self.network)

    @property
    def is_private(self) -> bool:
        """Tell whether the key can sign and derive hardened children."""
        return bool(self._node.is_private)

    @property
    def private_key(self) -> PrivateKey:
        """Give the private key; DecodeError if this is a public extended key."""
        if not self.is_private:
            raise DecodeError("a public extended key holds no private key")
        return PrivateKey(self._node.secret)

    @property
    def public_key(self) -> bytes:
        """Give the compressed public key (33 bytes)."""
        key: bytes = self._node.sec()
        return key

    @property
    def fingerprint(self) -> bytes:
        """Give the first four bytes of the HASH160 of the public key."""
        value: bytes = self._node.my_fingerprint
        return value

    def xpub(self) -> str:
        """Print the public extended key of this network."""
        return encode_base58check(self.network.bip32_public + self._tail() + self.public_key)

    def xprv(self) -> str:
        """Print the private extended key of this network: whoever reads it can spend."""
        key = b"\0" + self.private_key.secret
        return encode_base58check(self.network.bip32_private + self._tail() + key)

    def _tail(self) -> bytes:
        node = self._node
        number = int(node.child_number).to_bytes(4, "big")
        tail: bytes = bytes([node.depth]) + node.fingerprint + number + node.chain_code
        return tail


def _private_point(key: bytes) -> Any:
    if key[0] != 0:
        raise DecodeError("private extended key holds no private key")
    try:
        return embit_ec.PrivateKey(PrivateKey(key[1:]).secret)
    except (DecodeError, ValueError):
        raise DecodeError("private extended key holds a number that is no key") from None


def _public_point(key: bytes) -> Any:
    if key[0] not in (2, 3) or not is_valid_public_key(key):
        raise DecodeError("public extended key holds no public key")
    return embit_ec.PublicKey.parse(key)
