"""Snapshots between observers: one string to compare, and a quick beginning for a new wallet."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.hashes import sha256

Town = Any
Person = Any


@pytest.fixture(scope="module")
def certificate(town: Town, issuer: Person, holder: Person) -> str:
    """Something to know: a certificate that was issued."""
    return town.issue(issuer, holder.do("key", "new")["holder_key"], 900)


@pytest.mark.usefixtures("certificate")
def test_two_observers_compare_by_one_string(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    file = tmp_path / "registry.snapshot"

    taken = issuer.do("registry", "snapshot", file)
    told = holder.do("registry")
    compared = holder.do("registry", "check", file)
    town.mine(2)
    later = holder.do("registry", "check", file)

    assert taken["state_hash"] == told["state_hash"] == compared["own_state_hash"]
    assert (compared["same"], later["same"]) == (True, True)
    assert sha256(file.read_bytes().partition(b"\n")[2]).hex() == taken["state_hash"]


def test_comparing_with_the_past_changes_nothing(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    file = tmp_path / "registry.snapshot"
    issuer.do("registry", "snapshot", file)
    late = town.issue(issuer, holder.do("key", "new")["holder_key"], 901)
    before = holder.do("registry"), holder.do("status")

    holder.do("registry", "check", file)

    assert (holder.do("registry"), holder.do("status")) == before
    assert late in [each["id"] for each in holder.do("list")["certificates"]]


def test_a_new_wallet_begins_with_a_snapshot_and_knows_as_much(
    town: Town, issuer: Person, holder: Person, certificate: str, tmp_path: Path
) -> None:
    file = tmp_path / "registry.snapshot"
    taken = issuer.do("registry", "snapshot", file)
    fresh = town.person("ccxx-holder", "from-snapshot")
    fresh.do("init", "--anchor", town.anchor)

    fresh.do("registry", "import", file, "--expect", taken["state_hash"])
    key = fresh.do("key", "new")["holder_key"]
    mine = town.issue(issuer, key, 902)

    assert fresh.do("registry") == holder.do("registry")
    assert [each["id"] for each in fresh.do("list")["certificates"]] == [mine]
    store = f"folder:{tmp_path / 'store'}"
    issuer.do("document", "publish", certificate, "--store", store)
    out = tmp_path / "document.json"
    assert fresh.do("document", "fetch", certificate, "--store", store, "--out", out)["file"]


def test_a_reorganisation_below_the_snapshot_has_everything_read_anew(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    town.issue(issuer, holder.do("key", "new")["holder_key"], 903)
    town.mine(3)
    file = tmp_path / "registry.snapshot"
    taken = issuer.do("registry", "snapshot", file)
    fresh = town.person("ccxx-holder", "reorganised")
    fresh.do("init", "--anchor", town.anchor)
    fresh.do("registry", "import", file, "--expect", taken["state_hash"])
    fork = town.client.block_count() - 4

    town.client.call("invalidateblock", town.client.call("getblockhash", fork))
    town.mine(8)

    assert fresh.do("registry") == issuer.do("registry")


def altered(file: Path, **changes: Any) -> Path:
    """Write a snapshot whose first line says something else, and return it."""
    first, _, rest = file.read_bytes().partition(b"\n")
    about = json.loads(first) | changes
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    path = file.with_name("altered.snapshot")
    path.write_bytes(text.encode() + b"\n" + rest)
    return path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state_hash": "00" * 32}, "bad-file"),
        ({"block": "00" * 32}, "not-valid"),
        ({"height": 2**32 - 1}, "not-valid"),
        ({"network": "main"}, "wrong-network"),
        ({"anchor_id": "00" * 32}, "wrong-anchor"),
    ],
)
def test_a_snapshot_of_something_else_is_refused(
    issuer: Person, holder: Person, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    file = tmp_path / "registry.snapshot"
    issuer.do("registry", "snapshot", file)

    refused = holder.refused("registry", "check", altered(file, **changes))

    assert refused.facts["error"] == reason


def test_a_lie_about_the_state_is_found_by_whoever_read_the_chain(
    issuer: Person, holder: Person, tmp_path: Path
) -> None:
    file = tmp_path / "registry.snapshot"
    issuer.do("registry", "snapshot", file)
    first, _, rest = file.read_bytes().partition(b"\n")
    lines = rest.splitlines(keepends=True)[1:]
    file.write_bytes(first + b"\n" + b"".join(lines))
    lie = altered(file, records=len(lines), state_hash=sha256(b"".join(lines)).hex())

    refused = holder.refused("registry", "check", lie)

    assert refused.facts["error"] == "not-valid"
    assert refused.facts["same"] is False


def test_only_a_wallet_that_has_read_nothing_begins_with_a_snapshot(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    file = tmp_path / "registry.snapshot"
    state = issuer.do("registry", "snapshot", file)["state_hash"]
    old = town.person("ccxx-holder", "old")
    old.do("init", "--anchor", town.anchor, "--birthday", "1")
    new = town.person("ccxx-holder", "expectant")
    new.do("init", "--anchor", town.anchor)

    refusals = [
        holder.refused("registry", "import", file, "--expect", state),
        old.refused("registry", "import", file, "--expect", state),
        new.refused("registry", "import", file, "--expect", "00" * 32),
    ]

    assert [each.facts["error"] for each in refusals] == ["not-valid"] * 3


def test_nobody_begins_with_a_snapshot_that_nobody_compared(
    town: Town, issuer: Person, tmp_path: Path
) -> None:
    file = tmp_path / "registry.snapshot"
    issuer.do("registry", "snapshot", file)
    fresh = town.person("ccxx-holder", "credulous")
    fresh.do("init", "--anchor", town.anchor)

    refused = fresh.refused("registry", "import", file)
    code, said = fresh.answer("registry", "import", file, typed="y\n")

    assert refused.facts["error"] == "declined"
    assert "--expect" in refused.error
    assert (code, "taken over" in said) == (0, True)
