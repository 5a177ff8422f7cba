"""The small database interface, on every database that is installed."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ccxx_node.chainstate.errors import CorruptionError, StorageError
from ccxx_node.chainstate.kvstore import KeyValueStore, open_store

OpenStore = Callable[[Path], KeyValueStore]


@pytest.fixture(params=["leveldb", "rocksdb"])
def open_database(request: pytest.FixtureRequest) -> OpenStore:
    pytest.importorskip({"leveldb": "plyvel", "rocksdb": "rocksdict"}[request.param])
    module = importlib.import_module(f"ccxx_node.chainstate.{request.param}")
    return lambda folder: module.open_database(folder, "-rebuild", 8 << 20)


def test_batch_is_there_after_closing(open_database: OpenStore, tmp_path: Path) -> None:
    store = open_database(tmp_path / "db")
    store.write_batch([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
    store.write_batch([(b"a", b"4")], [b"b"])
    store.close()
    store.close()

    store = open_database(tmp_path / "db")

    assert (store.get(b"a"), store.get(b"b"), store.get(b"c")) == (b"4", None, b"3")
    store.close()


def test_iteration_keeps_to_the_prefix_and_the_order_of_keys(
    open_database: OpenStore, tmp_path: Path
) -> None:
    store = open_database(tmp_path / "db")
    store.write_batch([(b"cz", b""), (b"ca", b""), (b"b\xff", b""), (b"c", b""), (b"d", b"")])

    found = [key for key, _ in store.iterate(b"c")]

    assert found == [b"c", b"ca", b"cz"]
    assert len(list(store.iterate())) == 5
    store.close()


def test_snapshot_does_not_see_later_writes(open_database: OpenStore, tmp_path: Path) -> None:
    store = open_database(tmp_path / "db")
    store.write_batch([(b"a", b"1")])
    snapshot = store.snapshot()

    store.write_batch([(b"b", b"2")], [b"a"])

    assert list(snapshot.iterate()) == [(b"a", b"1")]
    snapshot.close()
    assert list(store.iterate()) == [(b"b", b"2")]
    store.close()


def test_folder_in_use_is_named(open_database: OpenStore, tmp_path: Path) -> None:
    store = open_database(tmp_path / "db")

    with pytest.raises(StorageError, match=r"db is in use: is another node running"):
        open_database(tmp_path / "db")

    store.close()


def test_damaged_database_names_folder_and_remedy(open_database: OpenStore, tmp_path: Path) -> None:
    store = open_database(tmp_path / "db")
    store.write_batch([(b"a", b"1")])
    store.close()
    (tmp_path / "db" / "CURRENT").write_text("MANIFEST-999999\n")

    with pytest.raises(CorruptionError, match=r"db is corrupted: start with -rebuild"):
        open_database(tmp_path / "db")


def test_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("not a folder")

    with pytest.raises(StorageError, match=r"cannot use .*db"):
        open_store(tmp_path / "db", "-rebuild")


FILL = """
import importlib, json, resource, sys
from pathlib import Path
from ccxx_node.chainstate.errors import StorageError

backend, folder = sys.argv[1:]
module = importlib.import_module(f"ccxx_node.chainstate.{backend}")
store = module.open_database(Path(folder), "-rebuild", 8 << 20)
store.write_batch([(b"before", b"1")])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
lines = []
for _ in range(2):
    try:
        store.write_batch([(b"after", bytes(1_000_000))], [b"before"])
    except StorageError as error:
        lines.append(str(error))
print(json.dumps(lines))
"""


def test_full_disk_is_one_clear_line_and_keeps_the_old_state(
    open_database: OpenStore, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    backend = request.node.callspec.params["open_database"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    full = subprocess.run(
        [sys.executable, "-c", FILL, backend, str(tmp_path / "db")],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )

    first, second = json.loads(full.stdout)
    assert first.startswith(f"disk full while writing {tmp_path / 'db'}")
    assert second == f"an earlier write to {tmp_path / 'db'} failed: start the node again"
    store = open_database(tmp_path / "db")
    assert list(store.iterate()) == [(b"before", b"1")]
    store.close()
