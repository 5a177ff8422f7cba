"""Frames: cut out of any stream, and bounded before their payload is there."""

import pytest

from ccxx_core.errors import DecodeError
from ccxx_node.p2p.messages import Ping, Verack
from ccxx_node.p2p.messages.wire import (
    HEADER_SIZE,
    MAX_PAYLOAD_SIZE,
    Frame,
    FrameReader,
    encode_frame,
    encode_message,
)

MAGIC = bytes.fromhex("fabfb5da")
PING = encode_message(MAGIC, Ping(7))


def header(command: bytes, length: int) -> bytes:
    """A header alone, its checksum zeros."""
    return MAGIC + command.ljust(12, b"\0") + length.to_bytes(4, "little") + bytes(4)


def test_frame_is_written_as_the_protocol_says() -> None:
    # The empty payload's checksum is known from every verack there ever was.
    expected = "fabfb5da 76657261636b000000000000 00000000 5df6e0e2"

    assert encode_message(MAGIC, Verack()) == bytes.fromhex(expected)


def test_frames_come_whole_however_the_bytes_arrive() -> None:
    stream = PING + encode_message(MAGIC, Verack()) + PING
    expected = [Frame("ping", PING[HEADER_SIZE:]), Frame("verack", b"")] * 2

    for step in (1, 3, 24, 25, len(stream)):
        reader = FrameReader(MAGIC)
        pieces = [stream[start : start + step] for start in range(0, len(stream), step)]
        frames = [frame for piece in pieces for frame in reader.feed(piece)]

        assert frames == expected[:3]


def test_wrong_checksum_is_said_and_the_stream_goes_on() -> None:
    broken = PING[:-1] + b"\xff"

    first, second = FrameReader(MAGIC).feed(broken + PING)

    assert (first.command, first.fault) == ("ping", "wrong checksum")
    assert (second.command, second.fault) == ("ping", None)


@pytest.mark.parametrize("name", [b"pi\0ng", b"ping\x7f", b"\xffing", b"\0ping", b"pi\nng"])
def test_malformed_command_is_said_and_not_repeated(name: bytes) -> None:
    stream = header(name, 0)[:20] + bytes.fromhex("5df6e0e2") + PING

    first, second = FrameReader(MAGIC).feed(stream)

    assert (first.command, first.fault) == ("", "malformed command")
    assert second.fault is None


def test_frames_before_garbage_are_given_and_then_the_stream_ends() -> None:
    frames = FrameReader(MAGIC).feed(PING + b"GET / HTTP/1.1\r\n")

    assert next(frames).command == "ping"
    with pytest.raises(DecodeError):
        next(frames)


def test_foreign_network_is_refused_at_its_first_wrong_byte() -> None:
    with pytest.raises(DecodeError):
        list(FrameReader(MAGIC).feed(b"\xf9"))


def test_longest_payload_is_read() -> None:
    payload = bytes(MAX_PAYLOAD_SIZE)

    (frame,) = FrameReader(MAGIC).feed(encode_frame(MAGIC, "block", payload))

    assert (len(frame.payload), frame.fault) == (MAX_PAYLOAD_SIZE, None)
    assert frame.size == MAX_PAYLOAD_SIZE + HEADER_SIZE


@pytest.mark.parametrize("length", [MAX_PAYLOAD_SIZE + 1, 0xFFFFFFFF])
def test_longer_payload_is_refused_before_it_comes(length: int) -> None:
    with pytest.raises(DecodeError):
        list(FrameReader(MAGIC).feed(header(b"block", length)))


def test_command_of_more_than_twelve_characters_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="at most 12"):
        encode_frame(MAGIC, "thirteenchars", b"")
