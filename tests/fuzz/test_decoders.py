"""Any bytes decode or raise `DecodeError`, and never take much more memory than they are long."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from ccxx_core.block import Block, BlockHeader
from ccxx_core.encoding import encode_compact_size
from ccxx_core.errors import DecodeError
from ccxx_core.transaction import Transaction
from ccxx_node.config import ConfigError, parse_arguments, parse_file
from ccxx_node.mempool.persist import decode_pool

# Objects instead of bytes: an empty output is 9 bytes on the wire.
MOST_TIMES = 30
BESIDES = 20_000

TARGETS = {
    "block": (Block.decode, 20_000),
    "transaction": (Transaction.decode, 20_000),
    "header": (BlockHeader.decode, 1000),
}
Decode = Callable[[bytes], Any]


def is_ambiguous(value: Any) -> bool:
    """Tell whether a transaction has no inputs: then BIP 144 takes its outputs for a flag."""
    transactions = [value] if isinstance(value, Transaction) else getattr(value, "transactions", ())
    return any(not tx.inputs for tx in transactions)


def memory_of(decode: Decode, data: bytes) -> int:
    """Return the most bytes that decoding held at a time."""
    tracemalloc.start()
    try:
        with suppress(DecodeError):
            decode(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("target", TARGETS)
def test_changed_bytes_decode_or_are_refused(
    changes: Callable[..., Iterator[bytes]], target: str
) -> None:
    decode, count = TARGETS[target]

    for data in changes(target, count):
        try:
            value = decode(data)
        except DecodeError:
            continue
        except Exception as error:
            pytest.fail(f"{target} {data.hex()}: {error!r}")
        # Empty witnesses may be written out or left out: the bytes may differ, never the value.
        assert is_ambiguous(value) or decode(value.encode()) == value


@pytest.mark.parametrize("target", TARGETS)
def test_changed_bytes_take_little_memory(
    changes: Callable[..., Iterator[bytes]], target: str
) -> None:
    decode, count = TARGETS[target]

    for data in changes(target, count // 20):
        assert memory_of(decode, data) <= MOST_TIMES * len(data) + BESIDES, data.hex()


def hostile(kind: str, size: int) -> bytes:
    """A transaction of one kind of piece, as small as it can be, as often as it fits."""
    empty_input = bytes(36) + b"\0" + bytes(4)
    empty_output = bytes(9)
    tail = bytes(4)
    if kind == "inputs":
        count = size // len(empty_input)
        inputs = encode_compact_size(count) + empty_input * count
        return bytes(4) + inputs + b"\1" + empty_output + tail
    if kind == "outputs":
        count = size // len(empty_output)
        outputs = encode_compact_size(count) + empty_output * count
        return bytes(4) + b"\1" + empty_input + outputs + tail
    witness = encode_compact_size(size) + bytes(size)
    return bytes(4) + b"\0\1" + b"\1" + empty_input + b"\1" + empty_output + witness + tail


@pytest.mark.parametrize("kind", ["inputs", "outputs", "witness"])
def test_smallest_pieces_take_a_bounded_multiple(kind: str) -> None:
    data = hostile(kind, 500_000)

    assert Transaction.decode(data).encode() == data
    assert memory_of(Transaction.decode, data) <= MOST_TIMES * len(data) + BESIDES
    block = bytes(80) + encode_compact_size(20) + hostile(kind, 2_000) * 20
    assert memory_of(Block.decode, block) <= MOST_TIMES * len(block) + BESIDES


@pytest.mark.parametrize("count", [0xFFFF, 0x2000000, 0xFFFFFFFF, 2**64 - 1])
def test_large_count_takes_nothing(count: int) -> None:
    claim = encode_compact_size(count)
    messages = [
        bytes(4) + claim,
        bytes(4) + b"\0\1" + claim,
        bytes(4) + b"\1" + bytes(36) + claim,
        bytes(4) + b"\1" + bytes(36) + b"\0" + bytes(4) + claim,
        bytes(4) + b"\0\1\1" + bytes(41) + b"\1" + bytes(9) + claim,
    ]

    for message in messages:
        assert memory_of(Transaction.decode, message) < BESIDES
        assert memory_of(Block.decode, bytes(80) + b"\1" + message) < BESIDES
    assert memory_of(Block.decode, bytes(80) + claim) < BESIDES


def test_changed_pool_files_are_read_or_refused(
    changes: Callable[..., Iterator[bytes]],
) -> None:
    for data in changes("transaction", 500):
        for head in (b"\1" + bytes(7), data[:8]):
            for number in (1, 2**64 - 1):
                with suppress(DecodeError):
                    decode_pool(head + number.to_bytes(8, "little") + data + bytes(17))


def test_changed_settings_are_read_or_refused(changes: Callable[..., Iterator[bytes]]) -> None:
    for data in changes("config", 3000, str.encode):
        text = data.decode("utf-8", "replace")
        with suppress(ConfigError):
            parse_file(text)
        with suppress(ConfigError):
            parse_arguments(f"-{line}" for line in text.splitlines())
