"""Peers who mean no good, or are broken: bounded, logged in one line, and no harm to others."""

import random
import re
import resource
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.block import BlockHeader
from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.network import REGTEST
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus.header import has_valid_work
from ccxx_node.consensus.params import REGTEST as PARAMS
from ccxx_node.p2p import messages as m
from ccxx_node.p2p.messages.wire import MAX_PAYLOAD_SIZE, encode_frame
from ccxx_regtest import faucet

# Generous, for machines that do other work.
PROMPT_SECONDS = 3.0
MOST_GROWTH = 60_000_000
WAIT_SECONDS = 30.0
MAX_INBOUND = 116

Meet = Callable[[Any], Any]


@pytest.fixture
def node(start_node: Callable[..., Any]) -> Any:
    """A node with a few blocks of today."""
    started = start_node("node")
    started.mine(10, faucet.ADDRESS)
    return started


@pytest.fixture
def unharmed(slowest_answer_to_others: Callable[..., Any]) -> Callable[[Any], Any]:
    """Give a context after which a node is as quick and nearly as small as before."""

    @contextmanager
    def watch(node: Any) -> Iterator[None]:
        before = resident(node)
        with slowest_answer_to_others(node) as slowest:
            yield
        assert slowest[0] < PROMPT_SECONDS
        assert resident(node) - before < MOST_GROWTH
        assert not lines_with(node, "Traceback|internal error|tick failed")

    return watch


def resident(node: Any) -> int:
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def lines_with(node: Any, pattern: str) -> list[str]:
    log = node.datadir / "regtest" / "debug.log"
    return [line for line in log.read_text().splitlines() if re.search(pattern, line)]


def goodbyes(node: Any, reason: str, count: int = 1) -> list[str]:
    """Wait for the lines about peers that were disconnected for a reason."""
    deadline = time.monotonic() + WAIT_SECONDS
    while len(found := lines_with(node, f"peer disconnected id=.* reason={reason}")) < count:
        assert time.monotonic() < deadline, lines_with(node, "peer")[-9:]
        time.sleep(0.02)
    return found


def headers_behind(parent: bytes, count: int, start: int, seed: int = 0) -> list[BlockHeader]:
    """Mine headers of which nobody has the blocks."""
    mined: list[BlockHeader] = []
    for number in range(count):
        root = struct.pack("<QQ", seed, number) * 2
        header = BlockHeader(0x20000000, BlockHash(parent), root, start + number, 0x207FFFFF, 0)
        while not has_valid_work(header, PARAMS):
            header = replace(header, nonce=header.nonce + 1)
        mined.append(header)
        parent = header.hash
    return mined


def spending(count: int, seed: int, *, repeats: bool = False) -> Transaction:
    """Draft a transaction whose inputs nobody knows, or all are one."""
    inputs = tuple(
        TxInput(OutPoint(Txid(struct.pack("<QQ", seed, 0 if repeats else number) * 2), 0))
        for number in range(count)
    )
    return Transaction(2, inputs, (TxOutput(1, b"\x51"),), 0)


def test_garbage_ends_a_connection_in_one_line(node: Any, meet: Meet, unharmed: Any) -> None:
    noise = random.Random(1)

    with unharmed(node):
        for _ in range(50):
            stranger = meet(node)
            stranger.send(noise.randbytes(100_000))
            assert stranger.is_closed()

    assert len(goodbyes(node, "frame starts with", 50)) == 50


def test_frame_that_is_too_large_is_not_waited_for(node: Any, meet: Meet, unharmed: Any) -> None:
    head = REGTEST.magic + b"block".ljust(12, b"\0") + struct.pack("<II", MAX_PAYLOAD_SIZE + 1, 0)

    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        stranger.send(head)
        assert stranger.is_closed()

    assert len(goodbyes(node, "payload of 4000001 bytes")) == 1


def test_large_frames_with_wrong_checksums_are_not_kept(
    node: Any, meet: Meet, unharmed: Any
) -> None:
    frame = encode_frame(REGTEST.magic, "block", bytes(MAX_PAYLOAD_SIZE))
    frame = frame[:20] + b"\0\0\0\0" + frame[24:]

    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        for _ in range(30):
            stranger.send(frame)
        stranger.wait_until_heard()


def test_known_commands_with_any_payload_do_no_harm(node: Any, meet: Meet, unharmed: Any) -> None:
    noise = random.Random(2)
    sizes = (0, 1, 8, 40, 300, 5000)

    with unharmed(node):
        for command in m.COMMANDS:
            stranger = meet(node)
            stranger.introduce()
            # Who is gone before the introduction was heard leaves no line.
            stranger.wait_until_heard()
            for size in sizes:
                stranger.say_payload(command, noise.randbytes(size))
                stranger.say_payload(command, b"\xff" * size)
                stranger.say_payload(command, b"\0" * size)
            stranger.say_payload("no-such-word", noise.randbytes(5000))
            stranger.socket.close()
        goodbyes(node, "", len(m.COMMANDS))


def test_messages_before_the_introduction_end_the_connection(
    node: Any, meet: Meet, unharmed: Any
) -> None:
    with unharmed(node):
        stranger = meet(node)
        stranger.say(*[m.GetAddr()] * 200)
        assert stranger.is_closed()

    assert len(goodbyes(node, "misbehaved")) == 1
    assert len(lines_with(node, r"peer misbehaved id=\d+ addr=127.0.0.1:\d+ points=")) == 1


def test_log_tells_of_every_message_where_that_is_asked_for(node: Any, meet: Meet) -> None:
    message = r"message {} id=\d+ command={} bytes=32 addr=127.0.0.1:\d+$"
    quiet, loud = meet(node), meet(node)
    quiet.introduce()
    quiet.wait_until_heard()
    assert not lines_with(node, "message (received|sent)")

    node.client.call("logging", ["net"])
    loud.introduce()
    loud.wait_until_heard()

    assert lines_with(node, message.format("received", "ping"))
    assert lines_with(node, message.format("sent", "pong"))


def test_half_messages_and_silence_hinder_nobody(node: Any, meet: Meet, unharmed: Any) -> None:
    head = REGTEST.magic + b"block".ljust(12, b"\0") + struct.pack("<II", MAX_PAYLOAD_SIZE, 0)

    with unharmed(node):
        for number in range(90):
            stranger = meet(node)
            if number % 3:
                stranger.send(head[:10] if number % 3 == 1 else head + bytes(200_000))
        node.mine(2, faucet.ADDRESS)

    assert node.client.block_count() == 12


def test_million_addresses_are_hardly_kept(node: Any, meet: Meet, unharmed: Any) -> None:
    now, known = int(time.time()), node.client.call("getnodeaddresses", 2500)

    def message(number: int) -> m.Addr:
        hosts = (struct.pack(">I", 0x05000000 + number * 1000 + each) for each in range(1000))
        there = (m.NetAddress(9, bytes(10) + b"\xff\xff" + host, 10841) for host in hosts)
        return m.Addr(tuple(m.TimedAddress(now, each) for each in there))

    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        for number in range(1000):
            stranger.say(message(number))
        stranger.wait_until_heard()

    assert len(node.client.call("getnodeaddresses", 2500)) - len(known) < 100


def test_headers_without_end_are_taken_in_turns(
    start_node: Callable[..., Any], meet: Meet, unharmed: Any
) -> None:
    node = start_node("node", has_chain=True)
    node.mine(1, faucet.ADDRESS)
    # A branch of less work than the chain that we have.
    weak = headers_behind(PARAMS.genesis_hash, 2000, PARAMS.genesis_time + 1)

    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        for _ in range(20):
            stranger.say(m.Headers(tuple(weak)))
        stranger.wait_until_heard()

    branches = [tip["branchlen"] for tip in node.client.call("getchaintips")]
    assert sorted(branches) == [0, 2000]


@pytest.mark.parametrize(("step", "reason"), [(1, "headers of another chain"), (-1, "misbehaved")])
def test_headers_that_lead_nowhere_end_the_connection(
    node: Any, meet: Meet, unharmed: Any, step: int, reason: str
) -> None:
    headers = headers_behind(b"\x11" * 32, 8, int(time.time()))[::step]

    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        stranger.say(*[m.Headers(tuple(headers))] * 20)
        assert stranger.is_closed()

    assert len(goodbyes(node, reason)) == 1


def test_blocks_that_never_come_do_not_hold_the_chain_up(
    node: Any, start_node: Callable[..., Any], meet: Meet, unharmed: Any
) -> None:
    parent = bytes.fromhex(node.client.call("getbestblockhash"))[::-1]
    promised = headers_behind(parent, 500, int(time.time()) + 60)

    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        stranger.say(m.Headers(tuple(promised)))
        asked = stranger.hear(m.GetData)
        stranger.say(m.Inv(tuple(m.InventoryItem(m.MSG_BLOCK, h.hash) for h in promised)))
        other = start_node("other")
        other.connect_to(node)
        other.process.wait_until(lambda: other.client.block_count() == 10)
        other.mine(3, faucet.ADDRESS)
        node.process.wait_until(lambda: node.client.block_count() == 13)

    assert len(asked.items) <= 16


def test_fifty_thousand_unknown_blocks_are_one_question(
    node: Any, meet: Meet, unharmed: Any
) -> None:
    items = tuple(m.InventoryItem(m.MSG_BLOCK, struct.pack("<I28x", n)) for n in range(50_000))

    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        for _ in range(5):
            stranger.say(m.Inv(items))
        stranger.wait_until_heard()


def test_fifty_thousand_unknown_transactions_are_bounded(
    node: Any, meet: Meet, unharmed: Any
) -> None:
    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        for start in range(0, 200_000, 50_000):
            hashes = (struct.pack("<I28x", start + n) for n in range(50_000))
            stranger.say(m.Inv(tuple(m.InventoryItem(m.MSG_TX, each) for each in hashes)))
        stranger.wait_until_heard()


def test_transactions_of_twenty_thousand_inputs_are_not_kept(
    node: Any, meet: Meet, unharmed: Any
) -> None:
    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        for seed in range(20):
            stranger.say(m.TxMessage.of(spending(20_000, seed)))
        stranger.wait_until_heard()
        stranger.say(m.TxMessage.of(spending(20_000, 99, repeats=True)))
        assert stranger.is_closed()

    assert len(goodbyes(node, "misbehaved")) == 1
    assert node.client.call("getrawmempool") == []


def test_orphans_are_bounded(node: Any, meet: Meet, unharmed: Any) -> None:
    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        for seed in range(150):
            stranger.say(m.TxMessage.of(spending(2000, seed)))
        stranger.wait_until_heard()


def test_peer_that_asks_and_never_reads_is_not_served_into_memory(
    node: Any, meet: Meet, unharmed: Any
) -> None:
    best = bytes.fromhex(node.client.call("getbestblockhash"))[::-1]
    items = (m.InventoryItem(m.MSG_WITNESS_BLOCK, best),) * 50_000

    with unharmed(node):
        stranger = meet(node)
        stranger.introduce()
        stranger.socket.settimeout(3)
        with pytest.raises(TimeoutError):
            for _ in range(100):
                stranger.say(m.GetData(items))


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process open as many connections as the test wants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2000)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_five_hundred_connections_displace_no_old_peer(
    node: Any, meet: Meet, unharmed: Any
) -> None:
    with unharmed(node):
        for _ in range(500):
            meet(node)
        assert node.client.call("getconnectioncount") <= MAX_INBOUND
