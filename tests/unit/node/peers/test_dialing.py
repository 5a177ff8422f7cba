"""Those whom an operator named: nodes that were added, names, and seeds."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ccxx_node.p2p.addresses.endpoints import group_of, parse_endpoint, parse_host
from ccxx_node.p2p.addresses.proxy import Proxies
from ccxx_node.p2p.options import DialOptions
from ccxx_node.p2p.peers.peer import Permissions
from ccxx_node.p2p.sockets import dialing, seeding
from ccxx_node.p2p.sockets.calling import Caller
from ccxx_node.p2p.sockets.dialing import Dialer
from ccxx_node.p2p.sockets.seeding import Seeding

MANUAL = Permissions(manual=True)


class Names(Caller):
    """A caller whose names lead where a test says, if anywhere, and who reaches nobody."""

    def __init__(self, board: Any, *answers: Sequence[str]) -> None:
        super().__init__(board, Random(1))
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str) -> Sequence[bytes]:
        self.asked.append(host)
        if not self.answers:
            raise OSError("no such name")
        return [parse_host(text) for text in self.answers.pop(0)]

    async def call_endpoint(self, *_: object) -> bool:
        return False


def dial(calls: Any, **options: Any) -> None:
    """Begin anew with these options about whom to call."""
    calls.use(replace(calls.options, dialing=DialOptions(**options)))


def seed(calls: Any, names: Names) -> asyncio.Task[None]:
    """Begin to ask seeds."""
    world = calls.world
    work = Seeding(calls.board, names, world.book, world.node, Random(1)).run()
    return asyncio.create_task(work)


async def wait_until(is_so: Callable[[], bool]) -> None:
    """Give everybody else their turn until something is so."""
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((dialing, "_PAUSE"), (seeding, "_PATIENCE"), (seeding, "_RETRY")):
        monkeypatch.setattr(module, name, 0)


# Names


@pytest.mark.parametrize("text", ["a..b", "a" * 64 + ".org", ":10841", "x\0y"])
async def test_what_is_no_name_is_not_found(calls: Any, text: str) -> None:
    assert not await calls.caller.call(text, MANUAL)


@pytest.mark.parametrize("name", ["a" * 56 + ".onion", "B" * 56 + ".ONION:10841"])
async def test_onion_names_are_never_looked_up(calls: Any, name: str) -> None:
    dial(calls, proxies=Proxies(onion=parse_endpoint("127.0.0.1:9", 0)))
    names = Names(calls.board, ["127.0.0.1"])

    assert not await names.call(name, MANUAL)

    assert names.asked == []


# Added nodes


@pytest.fixture
def dead_ports() -> Iterator[list[int]]:
    """Eight ports at which nobody listens."""
    bound = [socket.socket() for _ in range(8)]
    for each in bound:
        each.bind(("127.0.0.1", 0))
    yield [each.getsockname()[1] for each in bound]
    for each in bound:
        each.close()


async def test_named_node_that_is_away_is_in_the_log_once_an_hour(
    calls: Any, dead_ports: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    named, chosen = (f"127.0.0.1:{port}" for port in dead_ports[:2])

    for _ in range(3):
        await calls.caller.call(named, MANUAL)
        await calls.caller.call(chosen, Permissions())

    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith(f"peer not reached addr={named} reason=")


async def test_nodes_that_are_away_do_not_keep_others_from_being_called(
    calls: Any, dead_ports: list[int]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as alive:
        ports = [*dead_ports, alive.getsockname()[1]]
        dial(calls, added=tuple(f"127.0.0.1:{port}" for port in ports))
        dialer = Dialer(calls.board, calls.world.book, calls.bans, calls.world.node, Random(1))

        dialer.start()
        await wait_until(lambda: dialer.added()[8].peer is not None)
        await dialer.close()
        calls.board.close()


# Seeds


async def test_all_that_a_seed_says_counts_as_from_one_source(calls: Any) -> None:
    dial(calls, chooses=True, dns_seeds=("seed.example",))
    names = Names(calls.board, [f"{n}.{n}.0.1" for n in range(11, 100)])

    work = seed(calls, names)
    await wait_until(lambda: len(calls.world.book) > 0)
    work.cancel()

    assert {group_of(known.source) for known in calls.world.book} == {b"local"}


async def test_seed_that_is_not_found_is_asked_again(calls: Any) -> None:
    dial(calls, chooses=True, dns_seeds=("seed.example",))
    names = Names(calls.board)

    work = seed(calls, names)
    await wait_until(lambda: len(names.asked) > 3)
    names.answers = [["8.8.8.8"]]
    await wait_until(lambda: len(calls.world.book) == 1)
    work.cancel()

    assert set(names.asked) == {"x9.seed.example", "seed.example"}


async def test_seeds_are_not_asked_by_who_has_met_enough(calls: Any) -> None:
    dial(calls, chooses=True, dns_seeds=("seed.example",))
    names = Names(calls.board)
    for text in ("8.8.8.8", "9.9.9.9"):
        calls.connect(text).peer.is_ready = True

    await seed(calls, names)

    assert names.asked == []


async def test_seeds_are_not_asked_while_the_network_is_off(calls: Any) -> None:
    dial(calls, chooses=True, dns_seeds=("seed.example",))
    names = Names(calls.board)
    calls.board.set_active(False)

    work = seed(calls, names)
    for _ in range(10):
        await asyncio.sleep(0)
    asked_while_off = list(names.asked)
    calls.board.set_active(True)
    await wait_until(lambda: bool(names.asked))
    work.cancel()

    assert asked_while_off == []


async def test_forced_seeds_are_asked_once_by_who_has_met_enough(calls: Any) -> None:
    dial(calls, chooses=True, dns_seeds=("seed.example",), forces_dns_seeds=True)
    names = Names(calls.board, ["5.5.5.5"])
    for text in ("8.8.8.8", "9.9.9.9"):
        calls.connect(text).peer.is_ready = True

    await seed(calls, names)

    assert names.asked == ["x9.seed.example"]
