"""Append-only record files, whole and torn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.chainstate.record_files import FilePosition, RecordFiles

MAGIC = bytes.fromhex("fabfb5da")


OpenFiles = Callable[..., RecordFiles]


@pytest.fixture
def open_files(tmp_path: Path) -> Iterator[OpenFiles]:
    opened = []

    def open_again(max_file_bytes: int = 1 << 20) -> RecordFiles:
        files = RecordFiles(
            tmp_path, "blk", MAGIC, remedy="-rebuild", max_file_bytes=max_file_bytes
        )
        opened.append(files)
        return files

    yield open_again
    for files in opened:
        files.close()


def scan_all(files: RecordFiles) -> list[bytes]:
    return [payload for number in files.numbers() for _, payload in files.scan(number)]


def test_record_is_read_back_where_it_was_written(open_files: OpenFiles) -> None:
    files = open_files()

    positions = [files.append(payload) for payload in (b"first", b"", b"third")]
    files.sync()

    assert [files.read(position) for position in positions] == [b"first", b"", b"third"]
    files.close()
    assert open_files().read(positions[2]) == b"third"


def test_full_file_is_followed_by_the_next(open_files: OpenFiles, tmp_path: Path) -> None:
    files = open_files(max_file_bytes=100)

    positions = [files.append(bytes(40)) for _ in range(5)]

    assert [position.file for position in positions] == [0, 0, 1, 1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "blk00000.dat",
        "blk00001.dat",
        "blk00002.dat",
    ]


@pytest.mark.parametrize("lost", range(1, 8 + 6))
def test_torn_last_record_is_passed_over_and_cut(
    open_files: OpenFiles, tmp_path: Path, lost: int
) -> None:
    files = open_files()
    whole = files.append(b"whole one")
    files.append(b"torn 1")
    files.close()
    path = tmp_path / "blk00000.dat"
    path.write_bytes(path.read_bytes()[:-lost])

    files = open_files()
    assert scan_all(files) == [b"whole one"]
    files.cut_tail(whole.end)
    files.append(b"next one")

    assert scan_all(files) == [b"whole one", b"next one"]


def test_torn_record_between_whole_ones_is_passed_over(
    open_files: OpenFiles, tmp_path: Path
) -> None:
    files = open_files()
    files.append(b"before")
    files.append(b"torn, and then written over")
    files.close()
    path = tmp_path / "blk00000.dat"
    path.write_bytes(path.read_bytes()[:-9])

    files = open_files()
    files.append(b"after it")

    assert scan_all(files) == [b"before", b"after it"]


def test_zeros_behind_the_last_record_are_passed_over(
    open_files: OpenFiles, tmp_path: Path
) -> None:
    files = open_files()
    files.append(b"record")
    files.close()
    path = tmp_path / "blk00000.dat"
    path.write_bytes(path.read_bytes() + bytes(1000))

    assert scan_all(open_files()) == [b"record"]


@pytest.mark.parametrize(
    "position", [FilePosition(0, 8, 7), FilePosition(0, 9, 5), FilePosition(3, 8, 6)]
)
def test_record_that_is_not_there_names_file_and_remedy(
    open_files: OpenFiles, position: FilePosition
) -> None:
    files = open_files()
    files.append(b"record")

    with pytest.raises(CorruptionError, match=r"blk0000\d.dat is corrupted: start with -rebuild"):
        files.read(position)
