"""All script cases of the reference, each with its exact failure, by both ways of checking."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ccxx_core.amount import COIN
from ccxx_core.hashes import Txid
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.checker import TransactionChecker
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.interpreter import verify_script
from ccxx_node.consensus.script_failure import ScriptError
from ccxx_node.consensus.sigcheck import InlineVerifier, ScriptChecks

ReadScript = Callable[[str], bytes]
ReadFlags = Callable[[str], int]


class ScriptCase(NamedTuple):
    tx: Transaction
    coin: Coin
    flags: int
    expected: str
    text: str


def _build_spend(script_sig: bytes, coin: Coin, witness: tuple[bytes, ...]) -> Transaction:
    credit = Transaction(
        1, (TxInput(NULL_OUTPOINT, b"\0\0"),), (TxOutput(coin.value, coin.script_pubkey),)
    )
    spent = OutPoint(Txid(credit.txid), 0)
    spend = TxInput(spent, script_sig, witness=witness)
    return Transaction(1, (spend,), (TxOutput(coin.value, b""),))


def _read_case(row: list[Any], read_script: ReadScript, read_flags: ReadFlags) -> ScriptCase:
    witness: tuple[bytes, ...] = ()
    value = 0
    if isinstance(row[0], list):
        *items, amount = row[0]
        witness, value = tuple(map(bytes.fromhex, items)), round(amount * COIN)
        row = row[1:]
    coin = Coin(value, read_script(row[1]), 1, False)
    tx = _build_spend(read_script(row[0]), coin, witness)
    return ScriptCase(tx, coin, read_flags(row[2]), row[3], str(row))


@pytest.fixture(scope="module")
def cases(vectors: Path, read_script: ReadScript, read_flags: ReadFlags) -> list[ScriptCase]:
    rows = json.loads((vectors / "core" / "script_tests.json").read_text())
    return [_read_case(row, read_script, read_flags) for row in rows if len(row) > 1]


def _verdict(case: ScriptCase) -> str:
    tx_input = case.tx.inputs[0]
    checker = TransactionChecker(case.tx, 0, case.coin.value)
    try:
        verify_script(
            tx_input.script_sig, case.coin.script_pubkey, tx_input.witness, case.flags, checker
        )
    except ScriptError as error:
        return str(error.failure)
    return "OK"


def _deferred_message(case: ScriptCase) -> str:
    checks = ScriptChecks(case.flags, InlineVerifier())
    try:
        try:
            checks.add(case.tx, [case.coin])
        finally:
            checks.finish()
    except ConsensusError as error:
        return error.suffix
    return ""


def _direct_message(case: ScriptCase) -> str:
    tx_input = case.tx.inputs[0]
    checker = TransactionChecker(case.tx, 0, case.coin.value)
    try:
        verify_script(
            tx_input.script_sig, case.coin.script_pubkey, tx_input.witness, case.flags, checker
        )
    except ScriptError as error:
        return f" ({error.failure.message})"
    return ""


def test_every_script_ends_as_in_the_reference(cases: list[ScriptCase]) -> None:
    wrong = [(c.text, v) for c in cases if (v := _verdict(c)) != c.expected]

    assert len(cases) == 1203
    assert wrong == []


def test_deferred_signatures_give_the_verdict_of_direct_ones(cases: list[ScriptCase]) -> None:
    wrong = [c.text for c in cases if _deferred_message(c) != _direct_message(c)]

    assert wrong == []


def test_script_that_is_valid_is_valid_under_fewer_flags(cases: list[ScriptCase]) -> None:
    valid = [case for case in cases if case.expected == "OK"]

    for case in valid:
        for flag in (1 << bit for bit in range(17)):
            # P2SH and WITNESS are in every block; other flags mean nothing without them.
            if case.flags & flag and flag not in (f.P2SH, f.WITNESS):
                assert _verdict(case._replace(flags=case.flags & ~flag)) == "OK", case.text
