"""Whatever a peer sends is read or raises `DecodeError`, in little memory and without delay."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from random import Random

import pytest

from ccxx_core.encoding import encode_compact_size
from ccxx_core.errors import DecodeError
from ccxx_node.p2p.messages import (
    BlockTransactions,
    CompactBlock,
    FilterLoad,
    Message,
    decode_message,
)
from ccxx_node.p2p.messages.bloom import BloomFilter
from ccxx_node.p2p.messages.compact_blocks import PartialBlock, ShortIdCollision
from ccxx_node.p2p.messages.wire import COMMAND_SIZE, MAX_PAYLOAD_SIZE, FrameReader, encode_frame

MAGIC = bytes.fromhex("fabfb5da")
COUNT = 20_000
# Objects instead of bytes, at worst transactions of ten bytes; and a beginning for everybody.
MOST_TIMES = 60
BESIDES = 30_000

Changes = Callable[..., Iterator[bytes]]


def read(data: bytes) -> Message | None:
    """Read a message behind its padded command, and put it to its first use."""
    command = data[:COMMAND_SIZE].rstrip(b"\0").decode("latin-1")
    message = decode_message(command, data[COMMAND_SIZE:])
    if isinstance(message, CompactBlock):
        with suppress(ShortIdCollision):
            PartialBlock(message, [one.tx for one in message.prefilled])
    if isinstance(message, FilterLoad):
        BloomFilter(message).contains(message.data[:32])
    return message


def is_ambiguous(message: Message) -> bool:
    """Whether a transaction has no inputs: then BIP 144 takes its outputs for a flag."""
    if isinstance(message, CompactBlock):
        return any(not one.tx.inputs for one in message.prefilled)
    return isinstance(message, BlockTransactions) and any(
        not tx.inputs for tx in message.transactions
    )


def memory_of(data: bytes) -> int:
    """Return the most bytes that reading held at a time."""
    tracemalloc.start()
    try:
        with suppress(DecodeError):
            read(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_changed_messages_are_read_or_refused(changes: Changes) -> None:
    for data in changes("message", COUNT):
        try:
            message = read(data)
        except DecodeError:
            continue
        except Exception as error:
            pytest.fail(f"{data.hex()}: {error!r}")
        if message is not None and not is_ambiguous(message):
            assert type(message).decode(message.encode()) == message, data.hex()


def test_changed_messages_take_little_memory(changes: Changes) -> None:
    for data in changes("message", COUNT // 20):
        assert memory_of(data) <= MOST_TIMES * len(data) + BESIDES, data.hex()


def test_changed_streams_give_frames_or_end(changes: Changes) -> None:
    chance = Random(1)
    for data, other in pairwise(changes("message", COUNT // 10)):
        command = data[:COMMAND_SIZE].decode("latin-1")
        name = command if command.isascii() else "ping"
        stream = encode_frame(MAGIC, name, other) + other + encode_frame(MAGIC, name, data)
        cut = chance.randrange(len(stream))
        reader = FrameReader(MAGIC)

        with suppress(DecodeError):
            for piece in (stream[:cut], stream[cut:]):
                for frame in reader.feed(piece):
                    assert frame.fault is not None or frame.payload in (other, data)


def longest(command: bytes, start: bytes, item: bytes) -> bytes:
    """The longest message that counts as many of one item as fit."""
    count = (MAX_PAYLOAD_SIZE - len(start) - 5) // len(item)
    payload = start + encode_compact_size(count) + item * count
    return command.ljust(COMMAND_SIZE, b"\0") + payload


@pytest.mark.parametrize(
    ("command", "start", "item"),
    [
        (b"addr", b"", bytes(30)),
        (b"inv", b"", bytes(36)),
        (b"getdata", b"", bytes(36)),
        (b"notfound", b"", bytes(36)),
        (b"headers", b"", bytes(81)),
        (b"getheaders", bytes(4), bytes(32)),
        (b"block", bytes(80), bytes(10)),
        (b"blocktxn", bytes(32), bytes(10)),
        (b"cmpctblock", bytes(88), bytes(6)),
        (b"cmpctblock", bytes(88) + b"\0", bytes(11)),
        (b"getblocktxn", bytes(32), bytes(1)),
        (b"filterload", b"", bytes(1)),
        (b"filteradd", b"", bytes(1)),
        (b"reject", b"", b"a"),
        (b"tx", bytes(4), bytes(41)),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) and value.isalpha() else "",
)
def test_longest_list_of_the_smallest_items_takes_bounded_memory(
    command: bytes, start: bytes, item: bytes
) -> None:
    taken = memory_of(longest(command, start, item))

    assert taken <= 100_000_000
