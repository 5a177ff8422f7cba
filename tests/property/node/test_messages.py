"""Every message survives the wire, alone and in frames, and other code agrees with ours."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pytest
from bitcoin import messages as theirs
from bitcoin.net import CInv
from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.merkle_block import make_proof
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.p2p import messages as m
from ccxx_node.p2p.messages.wire import FrameReader, encode_message

MAGIC = bytes.fromhex("fabfb5da")
THEIR_MAGIC = bytes.fromhex("f9beb4d9")
some = settings(max_examples=30)

uint64 = st.integers(0, 2**64 - 1)
uint32 = st.integers(0, 2**32 - 1)
int32 = st.integers(-(2**31), 2**31 - 1)
int64 = st.integers(-(2**63), 2**63 - 1)
hashes = st.binary(min_size=32, max_size=32)
block_hashes = hashes.map(BlockHash)
addresses = st.builds(
    m.NetAddress, uint64, st.binary(min_size=16, max_size=16), st.integers(0, 0xFFFF)
)
items = st.builds(m.InventoryItem, uint32, hashes)
inputs = st.builds(
    TxInput,
    st.builds(OutPoint, hashes.map(Txid), uint32),
    st.binary(max_size=9),
    uint32,
    st.lists(st.binary(max_size=9), max_size=2).map(tuple),
)
transactions = st.builds(
    Transaction,
    int32,
    st.lists(inputs, min_size=1, max_size=2).map(tuple),
    st.lists(st.builds(TxOutput, int64, st.binary(max_size=9)), max_size=2).map(tuple),
    uint32,
)
headers = st.builds(BlockHeader, int32, block_hashes, hashes, uint32, uint32, uint32)
blocks = st.builds(Block, headers, st.lists(transactions, min_size=1, max_size=3).map(tuple))
positions = st.sets(st.integers(0, 0xFFFF), max_size=5).map(lambda found: tuple(sorted(found)))


def latin(limit: int) -> st.SearchStrategy[str]:
    """Text of one byte a character."""
    return st.binary(max_size=limit).map(lambda raw: raw.decode("latin-1"))


def tuples(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """A few of something."""
    return st.lists(one, max_size=4).map(tuple)


@st.composite
def compacts(draw: st.DrawFn) -> m.CompactBlock:
    """A compact block of any short ids and any transactions sent along."""
    prefilled = [m.PrefilledTransaction(at, draw(transactions)) for at in draw(positions)]
    short_ids = draw(tuples(st.integers(0, 2**48 - 1)))
    return m.CompactBlock(draw(headers), draw(uint64), short_ids, tuple(prefilled))


@st.composite
def rejects(draw: st.DrawFn) -> m.Reject:
    """A refusal, with a hash where there is one."""
    rejected = draw(st.sampled_from(["block", "tx", "version", ""]))
    found = draw(hashes) if rejected in ("block", "tx") else None
    return m.Reject(rejected, draw(st.integers(0, 255)), draw(latin(111)), found)


def proof_of_nothing(header: BlockHeader) -> m.MerkleBlockMessage:
    """A proof as it comes from the wire, where its flags fill whole bytes."""
    proof = make_proof(header, [Txid(bytes(32))] * 9, ())
    return m.MerkleBlockMessage.decode(proof.encode())


MESSAGES: dict[str, st.SearchStrategy[Any]] = {
    "addr": st.builds(m.Addr, tuples(st.builds(m.TimedAddress, uint32, addresses))),
    "block": st.builds(m.BlockMessage.of, blocks),
    "blocktxn": st.builds(m.BlockTransactions, block_hashes, tuples(transactions)),
    "cmpctblock": compacts(),
    "feefilter": st.builds(m.FeeFilter, int64),
    "filteradd": st.builds(m.FilterAdd, st.binary(max_size=600)),
    "filterclear": st.just(m.FilterClear()),
    "filterload": st.builds(
        m.FilterLoad, st.binary(max_size=300), uint32, uint32, st.integers(0, 255)
    ),
    "getaddr": st.just(m.GetAddr()),
    "getblocks": st.builds(m.GetBlocks, tuples(block_hashes), block_hashes, uint32),
    "getblocktxn": st.builds(m.GetBlockTransactions, block_hashes, positions),
    "getdata": st.builds(m.GetData, tuples(items)),
    "getheaders": st.builds(m.GetHeaders, tuples(block_hashes), block_hashes, uint32),
    "headers": st.builds(m.Headers, tuples(headers)),
    "inv": st.builds(m.Inv, tuples(items)),
    "mempool": st.just(m.MempoolRequest()),
    "merkleblock": headers.map(proof_of_nothing),
    "notfound": st.builds(m.NotFound, tuples(items)),
    "ping": st.builds(m.Ping, uint64),
    "pong": st.builds(m.Pong, st.one_of(st.none(), uint64)),
    "reject": rejects(),
    "sendcmpct": st.builds(m.SendCompact, st.booleans(), uint64),
    "sendheaders": st.just(m.SendHeaders()),
    "tx": st.builds(m.TxMessage.of, transactions),
    "verack": st.just(m.Verack()),
    "version": st.builds(
        m.Version, int32, uint64, int64, addresses, addresses, uint64, latin(256), int32,
        st.booleans(),
    ),
}  # fmt: skip


def through_frames(sent: Sequence[m.Message], step: int) -> list[m.Message | None]:
    """Write messages into one stream and read them from pieces of it."""
    stream, reader = b"".join(encode_message(MAGIC, one) for one in sent), FrameReader(MAGIC)
    pieces = [stream[start : start + step] for start in range(0, len(stream), step)]
    frames = [frame for piece in pieces for frame in reader.feed(piece)]
    return [m.decode_message(frame.command, frame.payload) for frame in frames]


def test_every_command_has_a_law() -> None:
    assert tuple(sorted(MESSAGES)) == m.COMMANDS


@pytest.mark.parametrize("command", MESSAGES)
@some
@given(data=st.data())
def test_message_survives_the_wire(command: str, data: st.DataObject) -> None:
    message = data.draw(MESSAGES[command])

    assert message.command == command
    assert type(message).decode(message.encode()) == message


@given(
    st.lists(st.one_of([MESSAGES[name] for name in MESSAGES if name != "merkleblock"]), max_size=5),
    st.integers(1, 200),
)
@some
def test_messages_survive_a_stream_in_their_order(sent: list[m.Message], step: int) -> None:
    assert through_frames(sent, step) == sent


@given(transactions)
def test_witness_is_left_out_and_nothing_else(tx: Transaction) -> None:
    bare = m.BlockTransactions(BlockHash(bytes(32)), (tx,)).without_witness().transactions[0]

    assert (bare.encode(), bare.has_witness) == (tx.base, False)


@given(blocks)
def test_block_without_witness_has_the_same_ids(block: Block) -> None:
    bare = m.BlockMessage.of(block, with_witness=False).block

    assert bare.header == block.header
    assert [tx.encode() for tx in bare.transactions] == [tx.base for tx in block.transactions]


def read_theirs(message: m.Message) -> Any:
    """Let other code read our message from its frame."""
    return theirs.MsgSerializable.stream_deserialize(BytesIO(encode_message(THEIR_MAGIC, message)))


def is_written_by_them(message: m.Message, other: Any) -> bool:
    """Whether other code writes the same frame."""
    return bool(other.to_bytes() == encode_message(THEIR_MAGIC, message))


NAMES = ("services", "time", "receiver", "sender", "nonce", "user_agent", "start_height", "relay")
ALIKE = ("addr", "getaddr", "getblocks", "getdata", "getheaders", "inv", "mempool", "notfound")


@pytest.mark.parametrize("command", [*ALIKE, "ping", "tx", "verack"])
@some
@given(data=st.data())
def test_other_code_reads_our_message_and_writes_it_back(command: str, data: st.DataObject) -> None:
    message = data.draw(MESSAGES[command])

    assert is_written_by_them(message, read_theirs(message))


@given(MESSAGES["version"])
def test_other_code_reads_our_version(message: m.Version) -> None:
    found = read_theirs(m.Version(70015, *[getattr(message, name) for name in NAMES]))

    assert (found.nServices, found.nTime, found.nNonce) == (
        message.services,
        message.time,
        message.nonce,
    )
    assert (found.strSubVer, found.nStartingHeight, found.fRelay) == (
        message.user_agent.encode("latin-1"),
        message.start_height,
        message.relay,
    )
    assert (found.addrTo.port, found.addrFrom.nServices) == (
        message.receiver.port,
        message.sender.services,
    )


@given(headers, hashes)
def test_other_code_reads_our_headers_and_inventory(header: BlockHeader, tx_hash: bytes) -> None:
    (found,) = read_theirs(m.Headers((header,))).headers
    item: CInv
    (item,) = read_theirs(m.Inv((m.InventoryItem(m.MSG_TX, tx_hash),))).inv

    assert (found.nVersion, found.hashPrevBlock, found.nTime) == (
        header.version,
        header.prev_hash,
        header.time,
    )
    assert (item.type, item.hash) == (1, tx_hash)
