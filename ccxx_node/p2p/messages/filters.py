"""Messages of filtered connections (BIP 37); filters themselves are in ``bloom``."""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, Self

from ccxx_core.encoding import encode_bytes, read_bytes
from ccxx_core.merkle_block import MerkleBlock
from ccxx_node.p2p.messages.fields import EmptyMessage, read_struct

_FILTER = Struct("<IIB")


@dataclass(frozen=True, slots=True)
class FilterLoad:
    """The filter that a peer wants its transactions sifted by; sizes are the logic's to judge."""

    command: ClassVar[str] = "filterload"
    data: bytes
    hash_functions: int
    tweak: int
    flags: int

    def encode(self) -> bytes:
        """Write the payload."""
        fixed = _FILTER.pack(self.hash_functions, self.tweak, self.flags)
        return encode_bytes(self.data) + fixed

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        data, offset = read_bytes(payload, 0)
        numbers, _ = read_struct(_FILTER, payload, offset)
        return cls(data, *numbers)


@dataclass(frozen=True, slots=True)
class FilterAdd:
    """One more element for the filter."""

    command: ClassVar[str] = "filteradd"
    data: bytes

    def encode(self) -> bytes:
        """Write the payload."""
        return encode_bytes(self.data)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        return cls(read_bytes(payload, 0)[0])


@dataclass(frozen=True, slots=True)
class FilterClear(EmptyMessage):
    """The end of filtering."""

    command: ClassVar[str] = "filterclear"


@dataclass(frozen=True, slots=True)
class MerkleBlockMessage:
    """A block's header, and the proof of what in it matched the filter."""

    command: ClassVar[str] = "merkleblock"
    proof: MerkleBlock

    def encode(self) -> bytes:
        """Write the payload."""
        return self.proof.encode()

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        return cls(MerkleBlock.decode(payload))
