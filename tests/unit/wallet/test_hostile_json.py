"""JSON that others give us, in the worst shape: one refusal, never a fault of ours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.network import REGTEST
from ccxx_wallet.document_check import proof_leaf, read_proof
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role
from ccxx_wallet.watch_only import read_accounts

BODIES = [b"[" * 60_000, b'{"a":' * 10_000, b"\xff\xfe", b"[]", b'{"proof": [7], "leaf": []}']


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("read", [read_proof, proof_leaf])
def test_a_proof_that_is_none_is_a_bad_file(
    read: Callable[[Path], Any], body: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "some.proof.json"
    path.write_bytes(body)

    with pytest.raises(WalletError) as error:
        read(path)

    assert error.value.refusal is Refusal.BAD_FILE


@pytest.mark.parametrize("read", [read_proof, proof_leaf])
def test_a_proof_that_was_named_and_is_not_there_is_a_bad_file(
    read: Callable[[Path], Any], tmp_path: Path
) -> None:
    with pytest.raises(WalletError) as error:
        read(tmp_path / "some.proof.json")

    assert error.value.refusal is Refusal.BAD_FILE


@pytest.mark.parametrize("body", BODIES)
def test_accounts_that_are_none_are_not_watched(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_bytes(body)

    with pytest.raises(WalletError) as error:
        read_accounts((), path, REGTEST, tuple(Role))

    assert error.value.refusal in (Refusal.BAD_FILE, Refusal.BAD_DESCRIPTOR)
