"""Type definitions that the operator keeps in a folder: they give permits a name and an issuer.

A file counts only for the permit whose hash commits to it, so nobody has to trust the folder.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from ccxx_cert.custody import opens
from ccxx_cert.errors import CertificateError
from ccxx_cert.state import Permit
from ccxx_cert.type_definition import TypeDefinition, check_type_definition
from ccxx_core.errors import DecodeError
from ccxx_explorer.database.words import words_of

_LARGEST = 64 * 1024
_MOST_FILES = 10_000


class DefinitionFolder:
    """The JSON files of a folder; files that are added later are found when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reading = threading.Lock()
        self._read_at = -1
        self._found: dict[bytes, TypeDefinition] = {}

    def definition_of(self, permit: Permit) -> TypeDefinition | None:
        """Return the definition that a permit's hash and script commit to, None without it."""
        definition = self._find(permit.message.typedef_hash)
        if definition is None:
            return None
        try:
            check_type_definition(definition, permit.message)
        except CertificateError:
            return None
        script = definition.permit_script(permit.root_key, permit.system_key)
        return definition if opens(script, permit.script_pubkey) else None

    @property
    def version(self) -> int:
        """When a file last came or went, in nanoseconds; 0 while there is no folder."""
        try:
            return self._folder.stat().st_mtime_ns
        except OSError:
            return 0

    def issuers_named(self, text: str) -> list[TypeDefinition]:
        """Return one definition of each issuer in whose name each word of a text begins a word."""
        wanted = words_of(text)
        with self._reading:
            self._read_again()
            known = list(self._found.values())
        issuers = {each.issuer_key: each for each in known if _has_words(each, wanted)}
        return sorted(issuers.values(), key=lambda each: each.issuer_name) if wanted else []

    def _find(self, typedef_hash: bytes) -> TypeDefinition | None:
        with self._reading:
            if typedef_hash not in self._found:
                self._read_again()
            return self._found.get(typedef_hash)

    def _read_again(self) -> None:
        """Read the folder if a file came or went since it was read."""
        try:
            changed = self._folder.stat().st_mtime_ns
            if changed == self._read_at:
                return
            files = sorted(self._folder.glob("*.json"))[:_MOST_FILES]
        except OSError:
            return
        self._read_at = changed
        for path in files:
            definition = _read(path)
            if definition is not None:
                self._found[definition.typedef_hash] = definition


def _has_words(definition: TypeDefinition, wanted: Sequence[str]) -> bool:
    names = words_of(definition.issuer_name)
    return all(any(name.startswith(word) for name in names) for word in wanted)


def _read(path: Path) -> TypeDefinition | None:
    """Read one file; whatever is no type definition is passed over."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return TypeDefinition.decode(path.read_bytes())
    except (OSError, DecodeError):
        return None
