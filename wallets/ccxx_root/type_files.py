"""Type definitions as files: an example to start from, what is granted, what was granted."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_cert.state import get_permit
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.errors import DecodeError
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import check_output, read_file, write_output
from ccxx_wallet.live import LiveWallet


@dataclass(frozen=True, slots=True)
class GrantedType:
    """A complete type definition and its file; `is_written` if that file is there already."""

    definition: TypeDefinition
    file: Path
    is_written: bool

    def check(self, overwrite: bool) -> None:
        """Raise WalletError FILE_EXISTS if writing it would replace another file."""
        if not self.is_written:
            check_output(self.file, overwrite, readable(self.definition))

    def write(self, overwrite: bool) -> None:
        """Write the file, unless it is the one that was given."""
        if not self.is_written:
            write_output(self.file, readable(self.definition), overwrite)


def words_of(definition: TypeDefinition) -> dict[str, Any]:
    """Give what people will read of a type: the message shows its hash and its short title only."""
    return {
        "issuer": definition.issuer_name,
        "title": definition.title,
        "criteria": definition.criteria,
        **definition.rules,
    }


def read_definition(path: Path, issuer_key: bytes, out: Path | None) -> GrantedType:
    """Read a type definition for an issuer, whose key it may leave open.

    The complete one then has a file of its own, `out` or NAME.granted.json beside the given one.
    Raises WalletError WRONG_TYPE_DEFINITION.
    """
    data = read_file(path, limit=1_000_000)
    try:
        definition = TypeDefinition.decode_for(data, issuer_key)
    except DecodeError as error:
        # The key is named where the file has another one.
        other = " or --issuer-key" if issuer_key.hex() in str(error) else ""
        raise WalletError(
            Refusal.WRONG_TYPE_DEFINITION, f"{path}: {error}; correct the file{other}"
        ) from error
    is_complete = issuer_key.hex().encode() in data
    if out is None and is_complete:
        return GrantedType(definition, path, is_written=True)
    beside = path.with_name(f"{path.stem}.granted.json")
    return GrantedType(definition, out or beside, is_written=False)


def kept_definition(live: LiveWallet, text: str) -> TypeDefinition:
    """Return the type definition that this wallet keeps of a permit, named by `txid:vout`.

    Raises WalletError UNKNOWN_PERMIT, or WRONG_TYPE_DEFINITION if another wallet granted it.
    """
    try:
        permit = get_permit(live.ahead, parse_outpoint(text))
    except DecodeError as error:
        raise WalletError(Refusal.UNKNOWN_PERMIT, f"{text!r}: {error}") from error
    if permit is None:
        raise WalletError(Refusal.UNKNOWN_PERMIT, f"no permit {text}; see `permit list`")
    document = live.wallet.store.document(permit.message.typedef_hash)
    if document is None:
        raise WalletError(
            Refusal.WRONG_TYPE_DEFINITION,
            f"this wallet keeps no type definition of permit {format_outpoint(permit.id)}; ask"
            " whoever granted it",
        )
    return TypeDefinition.decode(document.body)


def readable(definition: TypeDefinition) -> bytes:
    """Return a definition as indented JSON; its hash is that of the canonical form."""
    return (
        json.dumps(json.loads(definition.encode()), indent=2, ensure_ascii=False).encode() + b"\n"
    )


def example() -> str:
    """Return a definition with every field there is, the issuer's key left open."""
    return (files("ccxx_root") / "type-example.json").read_text(encoding="utf-8")
