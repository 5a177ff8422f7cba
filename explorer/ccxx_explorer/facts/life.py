"""What pages say about a life on the chain: its events, who signed them, its picture, documents."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.status import Tone


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A public key in a script, its role, and whether this input carries its signature.

    `role` is root credit, root, issuing system, issuer, holder, owner or unknown; `sighash` is
    what the signature covers (`ALL`, …), None where that cannot be read.
    """

    key: str
    role: str
    signed: bool | None
    sighash: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event in the life of a permit or certificate, for what it was; `signatures` are whose
    keys stand behind it."""

    txid: str
    height: int
    time: int
    operation: str | None
    accepted: bool
    refusal: str | None
    detail: str
    destroyed: bool
    title: str
    words: str
    tone: Tone
    address: str | None
    holder_key: str | None
    deed_hash: str | None
    signatures: tuple[KeyFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One box in the picture of a life; `url` leads to it, `height` and `time` say when.

    `kind` is permit, issued, moved, more (steps left out), destroyed, surrendered, suspended,
    revoked or now.
    """

    kind: str
    title: str
    url: str | None
    tone: Tone
    height: int | None
    time: int | None


@dataclass(frozen=True, slots=True)
class DocumentField:
    """One line of a JSON document: its path, level by level, and its value as text."""

    path: tuple[str, ...]
    value: str


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document that is on the chain whole: size in bytes, SHA-256 in hex, file name.

    `fields` is what a JSON document says, empty for every other; `truncated` where not all of it
    is shown.
    """

    media_type: str
    name: str
    size: int
    hash: str
    url: str
    fields: tuple[DocumentField, ...]
    truncated: bool


@dataclass(frozen=True, slots=True)
class CommandFacts:
    """A command that checks something without this explorer, and what it does."""

    words: str
    command: str
