"""Positions become ranges without holes, and every bad line of a table is named."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.keys import PrivateKey
from ccxx_issuer.rows import read_rows, runs_of
from ccxx_wallet.errors import Refusal, WalletError

KEY = PrivateKey(bytes([7]) * 32).public_key.hex()


@given(st.sets(st.integers(0, 60)))
def test_ranges_hold_every_position_once_and_never_touch(positions: set[int]) -> None:
    runs = list(runs_of(sorted(positions)))

    assert [position for run in runs for position in run] == sorted(positions)
    assert all(one.stop < two.start for one, two in pairwise(runs))


def test_keys_alone_being_wrong_is_another_reason_than_a_broken_table(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"holder_key,name\n{KEY},a\nnonsense,b\n02,c\n")

    with pytest.raises(WalletError) as error:
        read_rows(path, "holder_key")

    assert error.value.refusal is Refusal.WRONG_KEY
    assert "line 3" in error.value.detail
    assert "line 4" in error.value.detail


def test_of_very_many_bad_lines_the_rest_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("holder_key\n" + "nonsense\n" * 50)

    with pytest.raises(WalletError) as error:
        read_rows(path, "holder_key")

    assert "and 30 more" in error.value.detail
