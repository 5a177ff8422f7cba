"""Upkeep through the co-signer service: the same commands, and nobody carries files around."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_regtest.processes import Process, free_ports, program

Town = Any
Person = Any
POLICY = """
[limits]
actions = ["issue", "join", "batch", "claim", "revoke", "rekey", "close"]
certificates_a_day = 2
[permits]
approvals = 0
"""


@pytest.fixture(scope="module")
def service(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running co-signer that may do all of it; its address."""
    folder, port = tmp_path_factory.mktemp("service"), free_ports(1)[0]
    policy = folder / "policy.toml"
    policy.write_text(POLICY)
    process = Process(
        "ccxx-root",
        [program("ccxx-root"), "cosigner", "serve", "--port", str(port), "--policy", str(policy)],
        folder / "service.log",
        {**town.environment, "CCXX_WALLET": str(town.root.folder)},
    )
    process.wait_until(lambda: "Co-signer: http" in (folder / "service.log").read_text())
    yield f"http://127.0.0.1:{port}"
    process.stop()


def test_a_permit_lives_its_whole_life_through_the_service(
    town: Town, service: str, holder: Person, tmp_path: Path
) -> None:
    # Given: an issuer with a permit in three coins, and a token of the service.
    person = town.issuer("served")
    permit = town.grant(person, "--fan-out", "3", quantity=12)
    key, token = person.do("key")["issuer_key"], tmp_path / "served.token"
    town.root.do(
        "cosigner", "token", "add", "served", "--role", "issuer", "--issuer-key", key,
        "--out", token,
    )  # fmt: skip
    ask = ("--cosigner", service, "--token-file", token)
    rows = tmp_path / "rows.csv"
    rows.write_text("name\nAda\nBen\n")

    def step(*words: str | Path) -> dict[str, Any]:
        file = tmp_path / f"{words[1]}-{len(list(tmp_path.iterdir()))}.psbt"
        facts = person.do(*words, "--out", file, *ask)
        assert facts["complete"] is True
        facts |= person.do("send", file)
        town.mine()
        return dict(facts)

    # When: it is joined, a batch reserved, one leaf claimed and revoked jointly, and closed.
    step("permit", "join", permit)
    reserved = step(
        "certificate", "reserve", rows, "--documents", tmp_path / "documents",
        "--type", town.folder / "served-patron-share.granted.json",
    )  # fmt: skip
    claims = [
        step(
            "certificate", "claim", reserved["txid"],
            "--to", str(holder.do("key", "new")["holder_key"]),
            "--document", tmp_path / "documents" / f"certificate-{serial}.json",
        )["certificate"]
        for serial in (1, 2)
    ]  # fmt: skip
    revoked = step("certificate", "revoke", claims[0], "--reason", "superseded", "--jointly")
    closed = step("permit", "close", permit)

    # Then: all of it counts, each certificate once against the limit, and the books say so.
    assert revoked["action"] == "revoke"
    assert closed["action"] == "close"
    states = [person.do("certificate", "show", each)["status"] for each in claims]
    assert states == ["revoked", "provisional"]
    assert person.do("permit", "list")["permits"][0]["status"] == "closed"
    assert town.root.do("cosigner", "log", "verify")["intact"] is True
