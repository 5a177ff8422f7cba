"""The documents of the story, as a university would keep them: types, a list, a certificate."""

import csv
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from ccxx_cert.document import CertificateFacts, certificate_document
from ccxx_cert.type_definition import TypeDefinition

KEY_COLUMN = "holder_key"
PATRON_SHARE = "patron-share.json"
MSC_DEGREE = "msc-degree.json"
GRADUATES = "msc-graduates-2026.csv"
_DOCUMENTS = files("ccxx_regtest") / "documents"


def write_definition(name: str, folder: Path, issuer_key: str) -> Path:
    """Write a type definition with the key of its issuer; returns its path."""
    path = folder / name
    path.write_bytes(_read_definition(name, issuer_key).encode())
    return path


def write_share(folder: Path, issuer_key: str, holder_key: str, serial: int) -> Path:
    """Write one patron's share as a verifiable credential; returns its path."""
    definition = _read_definition(PATRON_SHARE, issuer_key)
    share = CertificateFacts(
        serial=serial,
        subject={"share": f"{serial} of 1000", "admits": 2, "votes": 1},
        valid_from="2026-09-01T00:00:00Z",
        salt=os.urandom(16),
        holder_key=bytes.fromhex(holder_key),
    )
    path = folder / f"patron-share-{serial}.json"
    path.write_bytes(certificate_document(definition, share))
    return path


def read_graduates() -> list[dict[str, str]]:
    """Read the list of graduates, in its order."""
    text = (_DOCUMENTS / GRADUATES).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def write_graduates(folder: Path, keys: Sequence[str]) -> Path:
    """Write the list of graduates with the key that each handed in; returns its path."""
    rows = [row | {KEY_COLUMN: key} for row, key in zip(read_graduates(), keys, strict=True)]
    path = folder / GRADUATES
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _read_definition(name: str, issuer_key: str) -> TypeDefinition:
    return TypeDefinition.decode_for((_DOCUMENTS / name).read_bytes(), bytes.fromhex(issuer_key))
