"""A CSV is taken whole or refused: no cell is lost, run, or used as a name."""

from pathlib import Path

import pytest

from ccxx_core.keys import PrivateKey
from ccxx_issuer.rows import MOST_ROWS, read_rows
from ccxx_wallet.errors import Refusal, WalletError

KEY = PrivateKey(bytes([7]) * 32).public_key


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "graduates.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "cell", ["=cmd|' /C calc'!A0", "../../etc/passwd", "Ὑπατία", "\u202eadA", 'say "hi"', "a\nb"]
)
def test_cells_are_data_as_they_stand(tmp_path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    path = write(tmp_path, f'holder_key,name\n{KEY.hex()},"{quoted}"\n', "utf-8-sig")

    (row,) = read_rows(path, "holder_key")

    assert row.holder_key == KEY
    assert row.subject == {"name": cell}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "holder_key,name\n",
        "holder_key,name,name\nK,a,b\n",
        "holder_key,holder_key\nK,K\n",
        "holder_key,\nK,a\n",
        "holder_key;name\nK;a\n",
        "holder_key,name\nK\n",
        "holder_key,name\nK,a,b\n",
        'holder_key,name\nK,"a\n',
    ],
)
def test_a_table_that_would_lose_cells_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text.replace("K", KEY.hex()))

    with pytest.raises(WalletError) as error:
        read_rows(path, "holder_key")

    assert error.value.refusal is Refusal.BAD_CSV


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, f"holder_key,name\n{KEY.hex()},Zoë\n", encoding)

    with pytest.raises(WalletError) as error:
        read_rows(path, "holder_key")

    assert error.value.refusal is Refusal.BAD_CSV


def test_a_huge_table_is_refused_before_it_is_read_to_its_end(tmp_path: Path) -> None:
    rows = f"{KEY.hex()}\n" * (MOST_ROWS + 1)
    path = write(tmp_path, f"holder_key\n{rows}not a key at all\n")

    with pytest.raises(WalletError) as error:
        read_rows(path, "holder_key")

    assert error.value.refusal is Refusal.BAD_CSV
