"""All transaction cases of the reference, valid and invalid, by both ways of checking."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import parse_txid
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.sigcheck import InlineVerifier, ScriptChecks, check_scripts
from ccxx_node.consensus.transaction import check_transaction

ReadScript = Callable[[str], bytes]
ReadFlags = Callable[[str], int]


class TransactionCase(NamedTuple):
    raw: bytes
    coins: dict[OutPoint, Coin]
    flags: int


def _read_case(row: list[Any], read_script: ReadScript, read_flags: ReadFlags) -> TransactionCase:
    coins = {}
    for txid, vout, script, *value in row[0]:
        coin = Coin(value[0] if value else 0, read_script(script), 1, False)
        coins[OutPoint(parse_txid(txid), vout & 0xFFFFFFFF)] = coin
    return TransactionCase(bytes.fromhex(row[1]), coins, read_flags(row[2]))


@pytest.fixture(scope="module")
def read_cases(
    vectors: Path, read_script: ReadScript, read_flags: ReadFlags
) -> Callable[[str], list[TransactionCase]]:
    def read(name: str) -> list[TransactionCase]:
        rows = json.loads((vectors / "core" / name).read_text())
        return [_read_case(row, read_script, read_flags) for row in rows if len(row) > 1]

    return read


def _is_valid(case: TransactionCase, is_deferred: bool) -> bool:
    try:
        tx = Transaction.decode(case.raw)
        check_transaction(tx)
        coins = [case.coins[tx_input.prevout] for tx_input in tx.inputs]
        if is_deferred:
            checks = ScriptChecks(case.flags, InlineVerifier())
            checks.add(tx, coins)
            checks.finish()
        else:
            check_scripts(tx, coins, case.flags)
    except (DecodeError, ConsensusError):
        return False
    return True


@pytest.mark.parametrize("is_deferred", [False, True])
def test_every_valid_transaction_is_accepted(
    read_cases: Callable[[str], list[TransactionCase]], is_deferred: bool
) -> None:
    cases = read_cases("tx_valid.json")

    refused = [case.raw.hex() for case in cases if not _is_valid(case, is_deferred)]

    assert len(cases) == 120
    assert refused == []


@pytest.mark.parametrize("is_deferred", [False, True])
def test_every_invalid_transaction_is_refused(
    read_cases: Callable[[str], list[TransactionCase]], is_deferred: bool
) -> None:
    cases = read_cases("tx_invalid.json")

    accepted = [case.raw.hex() for case in cases if _is_valid(case, is_deferred)]

    assert len(cases) == 92
    assert accepted == []
