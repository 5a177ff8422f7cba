"""CCXC version 1 on the wire: payloads of OP_RETURN to messages and back (section 2 and 3).

One meaning has one encoding: what decodes encodes to the same bytes, and what encodes decodes to
the same message.
"""

from dataclasses import dataclass
from typing import Any

from ccxx_cert.errors import Malformed, NewerVersion, NotOurs
from ccxx_cert.layout import (
    Body,
    Choice,
    EvenKey,
    Flag,
    FreeBytes,
    FreeText,
    HolderKey,
    Number,
    PaddedText,
    Part,
    Raw,
    Reserved,
    Tail,
)
from ccxx_cert.records import (
    BatchMessage,
    CheckMessage,
    ChunkMessage,
    ClaimMessage,
    CloseMessage,
    Custody,
    DataMessage,
    ExpiryKind,
    IdentMessage,
    IssueMessage,
    Message,
    Op,
    PermitMessage,
    RecoverMessage,
    RekeyMessage,
    RevocationReason,
    RevokeMessage,
    RootMessage,
    SideMessage,
    StatusMessage,
    SurrenderMessage,
    TransferMessage,
)

MAGIC = b"CCXC"
VERSION = 1
HEADER_SIZE = 8
MAX_PAYLOAD = 80
_SERIALS = 1 << 32


@dataclass(frozen=True, slots=True)
class _Layout:
    message: type[Message]
    parts: tuple[Part, ...]

    @property
    def mask(self) -> int:
        mask = 0
        for part in self.parts:
            mask |= part.mask
        return mask


_EXPIRY_KIND = Choice("expiry_kind", 8, 3, ExpiryKind)
_EXPIRY = Number("expiry", 4)
_PERMIT_FLAGS = (
    Flag("transferable", 0),
    Flag("issuer_revokes", 1),
    Flag("root_revokes", 2),
    Flag("public_summary", 3),
    Flag("recovery", 4),
    _EXPIRY_KIND,
    Choice("custody", 12, 2, Custody),
)
_HANDOVER = (Raw("ref", 8), HolderKey("holder_key"), Raw("deed_hash", 32))

_LAYOUTS: dict[Op, _Layout] = {
    Op.ROOT: _Layout(
        RootMessage,
        (Raw("doc_hash", 32), Raw("next_root_commitment", 32), Number("seq", 4), Reserved(4)),
    ),
    Op.PERMIT: _Layout(
        PermitMessage,
        (
            *_PERMIT_FLAGS,
            PaddedText("code", 8),
            Number("quantity", 4),
            _EXPIRY,
            Raw("typedef_hash", 32),
            PaddedText("title", 24),
        ),
    ),
    Op.REKEY: _Layout(
        RekeyMessage, (Raw("permit_ref", 8), Raw("new_script_hash", 32), Raw("doc_hash", 32))
    ),
    Op.CLOSE: _Layout(CloseMessage, (Raw("permit_ref", 8), Raw("note", 32))),
    Op.ISSUE: _Layout(
        IssueMessage,
        (_EXPIRY_KIND, Number("serial", 4), _EXPIRY, Raw("doc_hash", 32), Tail("tail", 32)),
    ),
    Op.BATCH: _Layout(
        BatchMessage,
        (
            Flag("deferred", 0),
            _EXPIRY_KIND,
            Number("serial_start", 4),
            Number("count", 2),
            _EXPIRY,
            Raw("merkle_root", 32),
            FreeText("text", 30),
        ),
    ),
    Op.CLAIM: _Layout(
        ClaimMessage,
        (
            Raw("batch_txid", 32, reverse=True),
            Number("leaf", 4),
            Raw("doc_hash", 32),
            Reserved(4),
        ),
    ),
    Op.TRANSFER: _Layout(TransferMessage, _HANDOVER),
    Op.RECOVER: _Layout(RecoverMessage, _HANDOVER),
    Op.SURRENDER: _Layout(SurrenderMessage, (Raw("ref", 8), Raw("note", 32))),
    Op.REVOKE: _Layout(
        RevokeMessage,
        (
            Raw("txid", 32, reverse=True),
            Number("vout", 2),
            Number("reason", 1, RevocationReason),
            Reserved(1),
            Number("since", 4),
            Raw("evidence", 32),
        ),
    ),
    Op.STATUS: _Layout(
        StatusMessage,
        (
            Raw("list_id", 8),
            Number("seq", 4),
            Number("size", 4),
            Raw("list_hash", 32),
            Raw("locator", 20),
        ),
    ),
    Op.IDENT: _Layout(
        IdentMessage, (PaddedText("org_code", 8), EvenKey("key"), Raw("commitment", 32))
    ),
    Op.CHECK: _Layout(
        CheckMessage, (PaddedText("org_code", 8), Raw("check_ref", 32), Raw("evidence", 32))
    ),
    Op.DATA: _Layout(
        DataMessage,
        (
            Number("asset_version", 1),
            Number("data_type", 1),
            Number("hash_alg", 1),
            Number("locator_kind", 1),
            Raw("digest", 32),
            FreeBytes("locator", 0, 36),
        ),
    ),
    Op.CHUNK: _Layout(
        ChunkMessage,
        (
            Raw("digest_prefix", 8),
            Number("index", 2),
            Number("count", 2),
            FreeBytes("piece", 1, 60),
        ),
    ),
    Op.SIDE: _Layout(
        SideMessage,
        (
            Raw("chain_id", 4),
            Number("side_height", 4),
            Raw("side_block_hash", 32),
            Raw("accumulator", 32),
        ),
    ),
}
_OPS: dict[type[Message], Op] = {layout.message: op for op, layout in _LAYOUTS.items()}


def op_of(message: Message) -> Op:
    """Return the op of a message."""
    return _OPS[type(message)]


def decode_message(payload: bytes) -> Message:
    """Decode a payload; raises NotOurs, NewerVersion or Malformed."""
    if payload[:4] != MAGIC:
        raise NotOurs("payload does not begin with CCXC")
    if len(payload) > 4 and payload[4] != VERSION:
        raise NewerVersion(f"version {payload[4]}, know {VERSION}")
    if len(payload) < HEADER_SIZE:
        raise Malformed(f"header of {len(payload)} bytes, need {HEADER_SIZE}")
    layout = _layout_of(payload[5])
    flags = int.from_bytes(payload[6:8], "big")
    if flags & ~layout.mask:
        raise Malformed(f"unknown flag bits {flags & ~layout.mask:#06x}")
    body = Body(payload[HEADER_SIZE:])
    values: dict[str, Any] = {part.name: part.read(body, flags) for part in layout.parts}
    if trailing := body.rest():
        raise Malformed(f"{len(trailing)} trailing bytes")
    values.pop("", None)
    message = layout.message(**values)
    _check_meaning(message)
    return message


def encode_message(message: Message) -> bytes:
    """Encode a message; raises Malformed where it has no encoding."""
    op = op_of(message)
    flags, body = 0, b""
    for part in _LAYOUTS[op].parts:
        bits, piece = part.write(getattr(message, part.name, None))
        flags |= bits
        body += piece
    payload = MAGIC + bytes((VERSION, op)) + flags.to_bytes(2, "big") + body
    if decode_message(payload) != message:
        raise Malformed(f"{op.name} message has no encoding of its own")
    return payload


def _layout_of(op: int) -> _Layout:
    try:
        return _LAYOUTS[Op(op)]
    except ValueError:
        raise Malformed(f"unknown op {op:#04x}") from None


def _check_meaning(message: Message) -> None:
    """Check what no part can see alone."""
    match message:
        case PermitMessage():
            _check_expiry(message.expiry_kind, message.expiry)
            # A permit that points at the permit's expiry would be a second way to say "none".
            if message.expiry_kind is ExpiryKind.PERMIT:
                raise Malformed("a permit's expiry cannot be the permit's")
            if message.quantity == 0:
                raise Malformed("quantity is 0")
        case IssueMessage():
            _check_expiry(message.expiry_kind, message.expiry)
        case BatchMessage():
            _check_expiry(message.expiry_kind, message.expiry)
            if message.count == 0:
                raise Malformed("count is 0")
            if message.serial_start + message.count > _SERIALS:
                raise Malformed("serials pass 2^32")
        case ChunkMessage() if message.index >= message.count:
            raise Malformed(f"piece {message.index} of {message.count}")
        case _:
            pass


def _check_expiry(kind: ExpiryKind, expiry: int) -> None:
    if kind in (ExpiryKind.NONE, ExpiryKind.PERMIT) and expiry:
        raise Malformed(f"expiry {expiry} where its kind is {kind.label}")
