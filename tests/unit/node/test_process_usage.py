"""What the machine still has for the node."""

from pathlib import Path

import pytest

from ccxx_node.node.process_usage import disk_free


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder without room is in /proc")
def test_fullest_of_several_disks_counts(tmp_path: Path) -> None:
    full, missing = Path("/proc"), tmp_path / "missing"

    assert disk_free([tmp_path, missing]) > 0
    assert disk_free([tmp_path, full]) == 0
    assert disk_free([missing]) == 0
