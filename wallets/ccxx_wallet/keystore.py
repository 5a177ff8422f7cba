"""The seed phrase at rest: Argon2id turns a passphrase into a key, ChaCha20-Poly1305 seals.

The file is JSON with its parameters in the open; they are authenticated with the secret, so a
file whose parameters were changed does not open.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import PRIVATE, read_file, write_atomically

FORMAT = "ccxx-keystore"
VERSION = 1
MAX_MEMORY_KIB = 1_048_576
MAX_ITERATIONS = 64
MAX_LANES = 16


@dataclass(frozen=True, slots=True)
class Argon2Parameters:
    """How much work one guess of the passphrase costs (RFC 9106, second recommended setting)."""

    memory_kib: int = 65_536
    iterations: int = 3
    lanes: int = 4


# For keys of a local test network: the same file, opened in six milliseconds instead of a hundred.
QUICK = Argon2Parameters(memory_kib=8_192, iterations=1)


class SeedPhrase:
    """A BIP 39 phrase that cannot be printed by accident."""

    __slots__ = ("_words",)

    def __init__(self, words: str) -> None:
        self._words = " ".join(words.split())

    def reveal(self) -> str:
        """Return the words; only key derivation and the one showing at `init` may ask."""
        return self._words

    def __repr__(self) -> str:
        return "SeedPhrase(hidden)"


def save_phrase(
    path: Path,
    phrase: SeedPhrase,
    passphrase: str,
    parameters: Argon2Parameters | None = None,
) -> None:
    """Seal the phrase into a new file of mode 0600, written whole or not at all.

    Raises WalletError WALLET_EXISTS, or WRONG_PASSPHRASE for an empty one.
    """
    if path.exists():
        raise WalletError(Refusal.WALLET_EXISTS, f"{path} exists; choose another --wallet folder")
    if not passphrase:
        raise WalletError(
            Refusal.WRONG_PASSPHRASE, "the passphrase is empty and protects nothing; choose one"
        )
    header = _new_header(parameters or Argon2Parameters())
    cipher = ChaCha20Poly1305(_derive_key(header, passphrase))
    nonce = bytes.fromhex(header["nonce"])
    sealed = cipher.encrypt(nonce, phrase.reveal().encode(), _authenticated(header))
    document = {**header, "sealed": sealed.hex()}
    write_atomically(path, json.dumps(document, indent=1).encode() + b"\n", PRIVATE)


def load_phrase(path: Path, passphrase: str) -> SeedPhrase:
    """Open the file with its passphrase.

    Raises WalletError NO_WALLET, DAMAGED_KEY_FILE or WRONG_PASSPHRASE.
    """
    if not path.exists():
        raise WalletError(Refusal.NO_WALLET, f"no key file at {path}; run init first")
    header, sealed = _parse(path, read_file(path, limit=65_536))
    cipher = ChaCha20Poly1305(_derive_key(header, passphrase))
    try:
        opened = cipher.decrypt(bytes.fromhex(header["nonce"]), sealed, _authenticated(header))
    except InvalidTag:
        raise WalletError(
            Refusal.WRONG_PASSPHRASE, "the passphrase does not open the key file; type it again"
        ) from None
    return SeedPhrase(opened.decode())


def _new_header(parameters: Argon2Parameters) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "kdf": {"name": "argon2id", **asdict(parameters), "salt": os.urandom(16).hex()},
        "cipher": "chacha20-poly1305",
        "nonce": os.urandom(12).hex(),
    }


def _derive_key(header: dict[str, Any], passphrase: str) -> bytes:
    kdf = header["kdf"]
    return Argon2id(
        salt=bytes.fromhex(kdf["salt"]),
        length=32,
        iterations=kdf["iterations"],
        lanes=kdf["lanes"],
        memory_cost=kdf["memory_kib"],
    ).derive(passphrase.encode())


def _authenticated(header: dict[str, Any]) -> bytes:
    return json.dumps(header, sort_keys=True, separators=(",", ":")).encode()


def _parse(path: Path, data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        document = json.loads(data)
        sealed = bytes.fromhex(document.pop("sealed"))
        _check_header(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WalletError(
            Refusal.DAMAGED_KEY_FILE,
            f"{path} is damaged or not a key file; restore it from a copy or init with the phrase",
        ) from error
    return document, sealed


def _check_header(document: dict[str, Any]) -> None:
    kdf = document["kdf"]
    known = (
        document["format"] == FORMAT
        and document["version"] == VERSION
        and document["cipher"] == "chacha20-poly1305"
        and kdf["name"] == "argon2id"
        and len(bytes.fromhex(document["nonce"])) == 12
        and len(bytes.fromhex(kdf["salt"])) >= 8
    )
    # A hostile file must not make us ask for more memory or time than any wallet of ours would.
    sane = (
        all(type(kdf[name]) is int for name in ("iterations", "lanes", "memory_kib"))
        and 1 <= kdf["iterations"] <= MAX_ITERATIONS
        and 1 <= kdf["lanes"] <= MAX_LANES
        and 8 * kdf["lanes"] <= kdf["memory_kib"] <= MAX_MEMORY_KIB
    )
    if not (known and sane):
        raise ValueError("unknown parameters")
