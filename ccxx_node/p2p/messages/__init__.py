"""The messages of the peer protocol, and which command stands for which.

Numbers are little-endian, hashes in internal order. As the reference does, bytes behind a payload
are ignored, and lists that are too long are read just far enough to see it: the logic judges them.
"""

from typing import Protocol, Self

from ccxx_node.p2p.messages.chain import (
    MAX_HEADERS,
    MAX_INVENTORY,
    MAX_LOCATOR,
    MSG_BLOCK,
    MSG_CMPCT_BLOCK,
    MSG_FILTERED_BLOCK,
    MSG_TX,
    MSG_WITNESS_BLOCK,
    MSG_WITNESS_FLAG,
    MSG_WITNESS_TX,
    NO_STOP,
    BlockMessage,
    FeeFilter,
    GetBlocks,
    GetData,
    GetHeaders,
    Headers,
    Inv,
    InventoryItem,
    MempoolRequest,
    NotFound,
    SendHeaders,
    TxMessage,
)
from ccxx_node.p2p.messages.compact import (
    BlockTransactions,
    CompactBlock,
    GetBlockTransactions,
    PrefilledTransaction,
    SendCompact,
)
from ccxx_node.p2p.messages.connection import (
    MAX_ADDRESSES,
    MAX_REJECT_REASON,
    NO_ADDRESS,
    NODE_BLOOM,
    NODE_NETWORK,
    NODE_NETWORK_LIMITED,
    NODE_WITNESS,
    PROTOCOL_VERSION,
    REJECT_DUPLICATE,
    REJECT_MALFORMED,
    REJECT_NONSTANDARD,
    REJECT_OBSOLETE,
    Addr,
    GetAddr,
    NetAddress,
    Ping,
    Pong,
    Reject,
    TimedAddress,
    Verack,
    Version,
)
from ccxx_node.p2p.messages.filters import (
    FilterAdd,
    FilterClear,
    FilterLoad,
    MerkleBlockMessage,
)

__all__ = [
    "COMMANDS",
    "MAX_ADDRESSES",
    "MAX_HEADERS",
    "MAX_INVENTORY",
    "MAX_LOCATOR",
    "MAX_REJECT_REASON",
    "MSG_BLOCK",
    "MSG_CMPCT_BLOCK",
    "MSG_FILTERED_BLOCK",
    "MSG_TX",
    "MSG_WITNESS_BLOCK",
    "MSG_WITNESS_FLAG",
    "MSG_WITNESS_TX",
    "NODE_BLOOM",
    "NODE_NETWORK",
    "NODE_NETWORK_LIMITED",
    "NODE_WITNESS",
    "NO_ADDRESS",
    "NO_STOP",
    "PROTOCOL_VERSION",
    "REJECT_DUPLICATE",
    "REJECT_MALFORMED",
    "REJECT_NONSTANDARD",
    "REJECT_OBSOLETE",
    "Addr",
    "BlockMessage",
    "BlockTransactions",
    "CompactBlock",
    "FeeFilter",
    "FilterAdd",
    "FilterClear",
    "FilterLoad",
    "GetAddr",
    "GetBlockTransactions",
    "GetBlocks",
    "GetData",
    "GetHeaders",
    "Headers",
    "Inv",
    "InventoryItem",
    "MempoolRequest",
    "MerkleBlockMessage",
    "Message",
    "NetAddress",
    "NotFound",
    "Ping",
    "Pong",
    "PrefilledTransaction",
    "Reject",
    "SendCompact",
    "SendHeaders",
    "TimedAddress",
    "TxMessage",
    "Verack",
    "Version",
    "decode_message",
]


class Message(Protocol):
    """What every message can do."""

    @property
    def command(self) -> str:
        """The name in the frame."""

    def encode(self) -> bytes:
        """Write the payload."""

    @classmethod
    def decode(cls, payload: bytes, /) -> Self:
        """Read the payload; raises DecodeError."""


# Nobody asks us to read a `merkleblock`: nodes send it to light clients only.
_TYPES: tuple[type[Message], ...] = (
    Addr,
    BlockMessage,
    BlockTransactions,
    CompactBlock,
    FeeFilter,
    FilterAdd,
    FilterClear,
    FilterLoad,
    GetAddr,
    GetBlockTransactions,
    GetBlocks,
    GetData,
    GetHeaders,
    Headers,
    Inv,
    MempoolRequest,
    NotFound,
    Ping,
    Pong,
    Reject,
    SendCompact,
    SendHeaders,
    TxMessage,
    Verack,
    Version,
)
_TYPE_OF = {str(kind.command): kind for kind in _TYPES}

# In the order in which the reference counts bytes by message.
COMMANDS = tuple(sorted([*_TYPE_OF, MerkleBlockMessage.command]))


def decode_message(command: str, payload: bytes) -> Message | None:
    """Read a message; None for a command that we do not know. Raises DecodeError."""
    kind = _TYPE_OF.get(command)
    return None if kind is None else kind.decode(payload)
