"""Messages as the reference daemon sends them, and the ways in which it is lenient."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.block import BlockHeader
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, format_hash
from ccxx_node.p2p.messages import (
    COMMANDS,
    MAX_ADDRESSES,
    MAX_HEADERS,
    MAX_INVENTORY,
    MAX_LOCATOR,
    MSG_TX,
    NO_ADDRESS,
    Addr,
    BlockMessage,
    GetHeaders,
    Headers,
    Inv,
    InventoryItem,
    MerkleBlockMessage,
    Message,
    NetAddress,
    NotFound,
    Ping,
    Pong,
    Reject,
    SendCompact,
    TimedAddress,
    TxMessage,
    Version,
    decode_message,
)

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "p2p"
RECORDED = json.loads((VECTORS / "reference.json").read_text())["messages"]
REFUSED = json.loads((VECTORS / "refused.json").read_text())["messages"]
LOOPBACK = bytes(10) + b"\xff\xff\x7f\0\0\1"
HEADER = BlockHeader(0x20000000, BlockHash(bytes(32)), bytes(32), 1, 0x207FFFFF, 0)

Recorded = Callable[[str], list[Any]]


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: f"{row['command']}, {row['about']}")
def test_recorded_message_is_read_and_written_byte_for_byte(row: dict[str, str]) -> None:
    payload = bytes.fromhex(row["payload"])

    if row["command"] == MerkleBlockMessage.command:
        message: Message | None = MerkleBlockMessage.decode(payload)
    else:
        message = decode_message(row["command"], payload)

    assert message is not None
    assert message.command == row["command"]
    assert message.encode() == payload


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row['command']}: {row['why']}")
def test_malformed_payload_is_refused(row: dict[str, str]) -> None:
    with pytest.raises(DecodeError):
        decode_message(row["command"], bytes.fromhex(row["payload"]))


def test_reference_introduces_itself(recorded: Recorded) -> None:
    version, verack = recorded("greeting")

    assert (version.version, version.user_agent) == (70015, "/CounosXCore:0.17.2/")
    # NETWORK, BLOOM, WITNESS, NETWORK_LIMITED
    assert (version.services, version.start_height, version.relay) == (0x40D, 5150, True)
    # Who is not reachable from outside is not told its address.
    assert (version.receiver, version.sender.services) == (NO_ADDRESS, 0x40D)
    assert (verack.command, verack.encode()) == ("verack", b"")


def test_reference_wishes_for_compact_blocks_of_both_versions(recorded: Recorded) -> None:
    wishes = [one for one in recorded("after the greeting") if isinstance(one, SendCompact)]

    assert wishes == [SendCompact(False, 2), SendCompact(False, 1)]


def test_reference_refuses_in_words_and_names_the_transaction(recorded: Recorded) -> None:
    (duplicate,) = recorded("second version")
    (refused,) = recorded("refused transaction")

    assert duplicate == Reject("version", 0x12, "Duplicate version message")
    assert (refused.rejected, refused.code) == ("tx", 0x40)
    assert refused.hash is not None


def test_unknown_transaction_is_not_found(recorded: Recorded) -> None:
    expected = NotFound((InventoryItem(MSG_TX, bytes(31) + b"\1"),))

    assert recorded("unknown transaction") == [expected]


def test_block_without_witness_is_what_the_reference_sends(recorded: Recorded) -> None:
    (whole,) = recorded("block 5149")
    (bare,) = recorded("block 5149 without witness")

    assert BlockMessage.of(whole.block, with_witness=False) == bare
    assert BlockMessage.of(whole.block) == whole
    assert format_hash(whole.block.hash) == format_hash(bare.block.hash)


def test_transaction_goes_with_or_without_its_witness(recorded: Recorded) -> None:
    (block,) = recorded("block 5149")
    tx = next(tx for tx in block.block.transactions[1:] if tx.has_witness)

    whole, bare = TxMessage.of(tx), TxMessage.of(tx, with_witness=False)

    assert TxMessage.decode(whole.encode()).tx == tx
    assert (bare.tx.txid, bare.tx.has_witness) == (tx.txid, False)


def test_block_of_more_transactions_than_can_fit_is_not_read() -> None:
    payload = HEADER.encode() + bytes.fromhex("fd1b41") + bytes(10) * 16_667

    with pytest.raises(DecodeError):
        decode_message("block", payload)


def test_unknown_command_is_no_message() -> None:
    assert decode_message("sendtxrcncl", b"\1") is None
    assert decode_message("", b"") is None


def test_every_command_of_the_reference_is_known() -> None:
    expected = (
        "addr block blocktxn cmpctblock feefilter filteradd filterclear filterload getaddr"
        " getblocks getblocktxn getdata getheaders headers inv mempool merkleblock notfound"
        " ping pong reject sendcmpct sendheaders tx verack version"
    )

    assert tuple(expected.split()) == COMMANDS


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: f"{row['command']}, {row['about']}")
def test_bytes_behind_a_payload_are_ignored(row: dict[str, str]) -> None:
    payload = bytes.fromhex(row["payload"])

    message = decode_message(row["command"], payload + b"\0" * 3)

    # A pong, too, may be longer than its nonce.
    assert message is None or message.encode() == payload


def test_version_may_end_behind_the_receiver() -> None:
    shortest = Version(70015, 9, 1_700_000_000).encode()[: 20 + 26]

    version = Version.decode(shortest)

    assert (version.sender, version.nonce, version.user_agent) == (NO_ADDRESS, 1, "")
    assert (version.start_height, version.relay) == (-1, True)


def test_version_that_wants_no_transactions_says_so() -> None:
    quiet = Version(70015, 9, 1, relay=False)

    assert Version.decode(quiet.encode()) == quiet
    assert Version.decode(quiet.encode()[:-1]).relay


def test_user_agent_is_cleaned_for_readers() -> None:
    version = Version(70015, 9, 1, user_agent='/a:1(b; c)/\r\n"<\xff\0')

    assert Version.decode(version.encode()) == version
    assert version.clean_user_agent == "/a:1(b; c)/"


def test_port_is_big_endian() -> None:
    address = TimedAddress(1, NetAddress(9, LOOPBACK, 0x1234))

    assert Addr((address,)).encode()[-2:] == b"\x12\x34"


def test_pong_too_short_for_a_nonce_is_still_a_pong() -> None:
    assert decode_message("pong", bytes(7)) == Pong(None)
    assert decode_message("pong", Ping(5).encode()) == Pong(5)


@pytest.mark.parametrize(
    ("message", "most"),
    [
        (Addr((TimedAddress(1, NO_ADDRESS),) * (MAX_ADDRESSES + 9)), MAX_ADDRESSES),
        (Inv((InventoryItem(MSG_TX, bytes(32)),) * (MAX_INVENTORY + 9)), MAX_INVENTORY),
        (Headers((HEADER,) * (MAX_HEADERS + 9)), MAX_HEADERS),
    ],
    ids=lambda value: getattr(value, "command", ""),
)
def test_list_that_is_too_long_is_read_one_item_too_far(message: Any, most: int) -> None:
    read: Any = decode_message(message.command, message.encode())

    name = fields(read)[0].name
    assert len(getattr(read, name)) == most + 1


def test_locator_that_is_too_long_is_read_one_hash_too_far() -> None:
    question = GetHeaders((BlockHash(bytes(32)),) * (MAX_LOCATOR + 9))

    read = GetHeaders.decode(question.encode())

    assert len(read.locator) == MAX_LOCATOR + 1
