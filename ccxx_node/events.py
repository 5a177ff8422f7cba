"""What a change of the chain tells the rest of the node: returned, never called back."""

from dataclasses import dataclass

from ccxx_core.block import Block


@dataclass(frozen=True, slots=True)
class BlockConnected:
    """A block became part of the active chain at ``height`` and is its tip at that moment."""

    block: Block
    height: int


@dataclass(frozen=True, slots=True)
class BlockDisconnected:
    """The tip at ``height`` left the active chain; its parent is the tip now."""

    block: Block
    height: int


Event = BlockConnected | BlockDisconnected
