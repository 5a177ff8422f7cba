"""Snapshots: the same state in every observer, and not a byte that could be otherwise."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccxx_cert.record_json import record_to_json
from ccxx_cert.registry import MemoryRegistry, state_hash
from ccxx_cert.snapshot import Snapshot
from ccxx_cert.state import key_of
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, sha256


@pytest.fixture
def snapshot(world: Any) -> Snapshot:
    """The registry of a small chain with a permit and certificates."""
    permit = world.grant(world.permit_message())
    world.issue(permit)
    block, records = world.blocks[-1], world.registry.records
    lines = tuple(record_to_json(records[key]) for key in sorted(records))
    return Snapshot("regtest", world.anchor.anchor_id, block.height, block.hash, lines)


def test_a_snapshot_reads_back_and_has_the_hash_of_the_state(
    world: Any, snapshot: Snapshot
) -> None:
    data = snapshot.encode()

    assert Snapshot.decode(data) == snapshot
    assert snapshot.state_hash == state_hash(world.registry.records)
    assert snapshot.state_hash == sha256(data.partition(b"\n")[2])


def test_a_registry_from_a_snapshot_is_the_registry(world: Any, snapshot: Snapshot) -> None:
    registry = MemoryRegistry()
    for record in Snapshot.decode(snapshot.encode()).records():
        registry.records[key_of(record)] = record

    assert registry.records == world.registry.records


def test_an_empty_registry_has_a_snapshot() -> None:
    empty = Snapshot("main", bytes(32), 0, BlockHash(bytes(32)), ())

    assert Snapshot.decode(empty.encode()) == empty


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 2},
        {"network": "moon"},
        {"network": ["main"]},
        {"anchor_id": "00"},
        {"anchor_id": None},
        {"height": -1},
        {"height": "1"},
        {"block": "00"},
        {"records": 0},
        {"state_hash": "00" * 32},
        {"more": 1},
    ],
)
def test_a_first_line_that_says_otherwise_is_refused(
    snapshot: Snapshot, change: dict[str, Any]
) -> None:
    first, _, rest = snapshot.encode().partition(b"\n")
    altered = json.dumps(json.loads(first) | change).encode()

    with pytest.raises(DecodeError):
        Snapshot.decode(altered + b"\n" + rest)


def test_records_out_of_order_or_twice_are_refused(snapshot: Snapshot) -> None:
    one, two, *rest = snapshot.lines

    for lines in ((two, one, *rest), (one, one, two, *rest)):
        data = Snapshot("regtest", bytes(32), 1, snapshot.block_hash, lines).encode()
        with pytest.raises(DecodeError):
            Snapshot.decode(data)


@pytest.mark.parametrize("serial", [-1, 2**32])
def test_a_serial_that_no_message_can_hold_is_refused(snapshot: Snapshot, serial: int) -> None:
    permit = "00" * 32 + ":0"
    line = f'{{"record":"serial","permit_id":"{permit}","serial":{serial},"taken_by":"{permit}"}}'

    data = replace(snapshot, lines=(line,)).encode()

    with pytest.raises(DecodeError):
        Snapshot.decode(data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_byte_can_be_another(snapshot: Snapshot, data: st.DataObject) -> None:
    good = snapshot.encode()
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != good[at]))
    altered = good[:at] + bytes([byte]) + good[at + 1 :]

    try:
        read = Snapshot.decode(altered)
    except DecodeError:
        return
    # Only the first line may name another block or anchor: the chain decides about those.
    assert read.lines == snapshot.lines
    assert read != snapshot


@given(st.binary(max_size=200))
def test_bytes_that_are_no_snapshot_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        Snapshot.decode(data)
