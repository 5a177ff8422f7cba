"""What wallets say of revoked, suspended, re-keyed and closed is what an explorer says too."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_regtest.processes import Process, free_ports, program

Town = Any
Person = Any
Ask = Callable[[str], Any]


@pytest.fixture(scope="module")
def ask(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """An explorer beside the town's node; a function that returns the JSON of a page at the tip."""
    folder, port = tmp_path_factory.mktemp("explorer"), free_ports(1)[0]
    options = [f"--anchor={town.anchor}", f"--database={folder / 'index'}", f"--port={port}"]
    process = Process(
        "ccxx-explorer",
        [program("ccxx-explorer"), "serve", *options],
        folder / "explorer.log",
        town.environment,
    )

    def get(page: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}.json", timeout=30) as it:
                return json.load(it)
        except urllib.error.HTTPError as error:
            error.close()
            return None
        except OSError:
            return None

    def at_tip() -> bool:
        status = get("status")
        best = town.client.call("getbestblockhash")
        return bool(status and status["tip"] and status["tip"]["hash"] == best)

    def ask_at_tip(page: str) -> Any:
        process.wait_until(at_tip)
        return get(page)

    yield ask_at_tip
    process.stop()


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def test_revoked_suspended_and_reinstated_certificates_are_shown_alike(
    town: Town, ask: Ask, holder: Person
) -> None:
    person = town.issuer("seen")
    town.grant(person)
    revoked, held, released, valid = (
        town.issue(person, new_key(holder), serial) for serial in range(1, 5)
    )
    person.do("certificate", "revoke", revoked, "--reason", "affiliation-changed")
    person.do("certificate", "suspend", held)
    person.do("certificate", "suspend", released)
    town.mine()
    person.do("certificate", "reinstate", released)
    town.mine(6)

    shown = {each: ask(f"certificate/{each}") for each in (revoked, held, released, valid)}
    listed = {each["id"]: each for each in person.do("certificate", "list")["certificates"]}

    words = [shown[each]["status"] for each in (revoked, held, released, valid)]
    assert words == ["revoked", "suspended", "valid", "valid"]
    assert [listed[each]["status"] for each in shown] == words
    assert listed[revoked]["revocation"]["reason"] == "affiliation-changed"
    assert shown[revoked]["revocation"]["by"] == listed[revoked]["revocation"]["by"] == "issuer"
    assert listed[released]["revocation"] is None


def test_revoked_rekeyed_and_closed_permits_are_shown_alike(
    town: Town, ask: Ask, tmp_path: Path
) -> None:
    ended, moved, closed = (town.issuer(f"seen-{n}") for n in range(3))
    permits = [town.grant(person) for person in (ended, moved, closed)]
    town.root.do("permit", "revoke", permits[0], "--reason", "cessation")
    for person, words in ((moved, ("rekey", permits[1])), (closed, ("close", permits[2]))):
        file = tmp_path / f"{words[0]}.psbt"
        person.do("permit", *words, "--out", file)
        town.root.do("sign", file)
        person.do("send", file)
    town.mine(6)

    shown = [ask(f"permit/{permit}") for permit in permits]
    listed = {each["id"]: each for each in town.root.do("permit", "list")["permits"]}

    assert [each["status"] for each in shown] == ["revoked", "valid", "closed"]
    assert [listed[permit]["status"] for permit in permits] == ["revoked", "valid", "closed"]
    assert [listed[permit]["left"] for permit in permits] == [100, 100, 0]
    assert listed[permits[1]]["rekeyed_height"] is not None
