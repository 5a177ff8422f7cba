"""Who may mine, by the operator's choice."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ccxx_node.config import ConfigError, read_config
from ccxx_node.consensus.subsidy import NO_ADDRESS, MinerPolicy
from ccxx_node.node.trusted_miners import AskedMiners, miner_policy

ALICE, BOB = "xAliceAddress", "xBobAddress"


class Service(BaseHTTPRequestHandler):
    """Answers as the family's service does, and counts."""

    asked: list[str] = []  # noqa: RUF012  (the server makes an instance for each call)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f'["{ALICE}"]'.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


@pytest.fixture
def service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/nodes"
        server.shutdown()
        thread.join()


def policy(tmp_path: Path, *options: str) -> MinerPolicy:
    return miner_policy(read_config([f"-datadir={tmp_path}", *options]))


def test_everybody_may_mine_by_default(tmp_path: Path) -> None:
    assert policy(tmp_path).may_mine(BOB, 80_000)


def test_file_lists_who_may_mine(tmp_path: Path) -> None:
    (tmp_path / "miners").write_text(f"{ALICE} # our own\n\n")

    listed = policy(tmp_path, f"-trustedminers=list:{tmp_path}/miners")

    assert listed.may_mine(ALICE, 80_000)
    assert not listed.may_mine(BOB, 80_000)
    assert listed.may_mine(NO_ADDRESS, 80_000)
    assert not listed.may_be_rewarded(NO_ADDRESS, 80_000)


def test_service_is_asked_once_for_a_height(tmp_path: Path, service: str) -> None:
    asked = policy(tmp_path, f"-trustedminers=url:{service}")
    Service.asked.clear()

    verdicts = [asked.may_mine(ALICE, 80_000), asked.may_mine(BOB, 80_000)]

    assert verdicts == [True, False]
    assert Service.asked == ["/nodes/valid?current_height=80000"]


def test_part_of_an_address_is_not_the_address(tmp_path: Path, service: str) -> None:
    asked = policy(tmp_path, f"-trustedminers=url:{service}")

    assert not asked.may_mine(ALICE[:-1], 80_000)
    assert not asked.may_mine(ALICE[1:], 80_000)
    assert not asked.may_be_rewarded("", 80_000)


def test_silent_service_is_asked_again_after_a_while_only(service: str) -> None:
    now = [0.0]
    asked = AskedMiners("http://127.0.0.1:1/nodes", lambda: now[0])
    assert not asked.may_mine(ALICE, 80_000)
    asked._url = service
    Service.asked.clear()

    early = asked.may_mine(ALICE, 80_001)
    now[0] = 31.0
    later = asked.may_mine(ALICE, 80_001)

    assert (early, later) == (False, True)
    assert len(Service.asked) == 1


def test_silent_service_trusts_nobody(tmp_path: Path) -> None:
    asked = policy(tmp_path, "-trustedminers=url:http://127.0.0.1:1/nodes")

    assert not asked.may_be_rewarded(ALICE, 80_000)


def test_unknown_choice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        policy(tmp_path, "-trustedminers=friends")
