"""Recording signatures and verifying them later must never change a verdict."""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from ccxx_core.hashes import Txid, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.opcodes import Op
from ccxx_core.script import build_script, multisig_script, push_data
from ccxx_core.sighash import SIGHASH_ALL, legacy_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.sigcheck import (
    InlineVerifier,
    ScriptChecks,
    SignatureCheck,
    SignatureVerifier,
    check_scripts,
)
from ccxx_node.consensus.valid_scripts import ValidScripts
from ccxx_node.consensus.workers import WorkerPool

FLAGS = f.P2SH | f.WITNESS | f.DERSIG | f.NULLDUMMY
KEYS = [PrivateKey(sha256(bytes([i]))) for i in range(3)]
UNSIGNED = Transaction(
    2, (TxInput(OutPoint(Txid(bytes(32)), 0)),), (TxOutput(1, bytes([Op.OP_1])),)
)
TWO_OF_THREE = multisig_script(2, [key.public_key for key in KEYS])
P2PK = build_script(KEYS[0].public_key, Op.OP_CHECKSIG)


def sign(script: bytes, *keys: PrivateKey, tx: Transaction = UNSIGNED) -> list[bytes]:
    digest = legacy_sighash(tx, 0, script, SIGHASH_ALL)
    return [key.sign(digest) + bytes([SIGHASH_ALL]) for key in keys]


def spend(script: bytes, *pushes: bytes, vout: int = 0) -> tuple[Transaction, list[Coin]]:
    spent = OutPoint(Txid(bytes(32)), vout)
    script_sig = b"".join(map(push_data, pushes))
    return replace(UNSIGNED, inputs=(TxInput(spent, script_sig),)), [Coin(1, script, 1, False)]


class CountingVerifier(InlineVerifier):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.checks: list[SignatureCheck] = []

    def submit(self, checks: list[SignatureCheck]) -> None:
        self.checks += checks
        super().submit(checks)


def check(verifier: SignatureVerifier, *spends: tuple[Transaction, list[Coin]]) -> None:
    checks = ScriptChecks(FLAGS, verifier)
    try:
        for tx, coins in spends:
            checks.add(tx, coins)
    finally:
        checks.finish()


def test_two_of_three_is_one_check() -> None:
    verifier = CountingVerifier()

    check(verifier, spend(TWO_OF_THREE, b"", *sign(TWO_OF_THREE, KEYS[0], KEYS[2])))

    assert [(len(s), len(k), len(d)) for _, s, k, d in verifier.checks] == [(2, 3, 2)]


def test_three_of_three_is_one_check() -> None:
    script = multisig_script(3, [key.public_key for key in KEYS])
    verifier = CountingVerifier()

    check(verifier, spend(script, b"", *sign(script, *KEYS)))

    assert [(len(s), len(k), len(d)) for _, s, k, d in verifier.checks] == [(3, 3, 3)]


def test_one_false_signature_of_three_is_found() -> None:
    script = multisig_script(3, [key.public_key for key in KEYS])
    first, second, third = sign(script, *KEYS)

    with pytest.raises(ConsensusError):
        check(InlineVerifier(), spend(script, b"", first, third, second))


def test_signatures_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConsensusError) as error:
        check(InlineVerifier(), spend(TWO_OF_THREE, b"", *sign(TWO_OF_THREE, KEYS[2], KEYS[0])))

    assert error.value.reject is Reject.MANDATORY_SCRIPT


def test_script_that_wants_a_false_signature_is_accepted() -> None:
    script = build_script(KEYS[0].public_key, Op.OP_CHECKSIG, Op.OP_NOT)

    check(InlineVerifier(), spend(script, *sign(script, KEYS[1])))
    with pytest.raises(ConsensusError):
        check(InlineVerifier(), spend(script, *sign(script, KEYS[0])))


def test_script_with_a_way_out_for_a_false_signature_is_accepted() -> None:
    script = build_script(
        KEYS[0].public_key, Op.OP_CHECKSIG, Op.OP_IF, Op.OP_1, Op.OP_ELSE, Op.OP_1, Op.OP_ENDIF
    )

    check(InlineVerifier(), spend(script, *sign(script, KEYS[1])))


def test_first_failing_input_is_the_reason() -> None:
    false_signature = spend(P2PK, *sign(P2PK, KEYS[1]))
    no_signature = spend(bytes([Op.OP_RETURN]))

    with pytest.raises(ConsensusError) as error:
        check(InlineVerifier(), false_signature, no_signature)
    assert "false/empty top stack element" in error.value.reason

    with pytest.raises(ConsensusError) as error:
        check(InlineVerifier(), no_signature, false_signature)
    assert "OP_RETURN" in error.value.reason


def test_failure_of_a_new_rule_only_is_not_mandatory() -> None:
    tx, coins = spend(TWO_OF_THREE, b"\1", *sign(TWO_OF_THREE, *KEYS[:2]))

    with pytest.raises(ConsensusError) as error:
        check_scripts(tx, coins, FLAGS)

    assert error.value.reason == (
        "non-mandatory-script-verify-flag (Dummy CHECKMULTISIG argument must be zero)"
    )


def test_transaction_known_to_be_valid_is_not_run_again() -> None:
    tx, coins = spend(P2PK, b"no signature")
    known = ValidScripts(limit=1)
    known.add(tx.wtxid, FLAGS)

    checks = ScriptChecks(FLAGS, InlineVerifier(), known)
    checks.add(tx, coins)
    checks.finish()

    known.add(UNSIGNED.wtxid, FLAGS)
    assert (tx.wtxid, FLAGS) not in known
    assert len(known) == 1


def test_memory_of_valid_scripts_is_small_when_it_is_full() -> None:
    known = ValidScripts()
    tracemalloc.start()
    for number in range(100_000):
        known.add(Txid(number.to_bytes(32, "big")), FLAGS + number % 2)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert size < 15_000_000


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(cores=2)
    yield pool
    pool.close()


def signed_batches(count: int, false: set[int]) -> Iterator[list[SignatureCheck]]:
    key, other = KEYS[:2]
    for number in range(count):
        digest = sha256(number.to_bytes(4, "little"))
        signature = (other if number in false else key).sign(digest)
        yield [(number, (signature,), (key.public_key,), (digest,))]


def test_workers_find_every_false_signature(pool: WorkerPool) -> None:
    false = {3, 17, 58}

    for batch in signed_batches(60, false):
        pool.submit(batch)

    assert set(pool.collect()) == false
    assert pool.collect() == []


def test_block_is_judged_alike_by_workers(pool: WorkerPool) -> None:
    good = spend(P2PK, *sign(P2PK, KEYS[0]))

    check(pool, *[good] * 300)
    with pytest.raises(ConsensusError):
        check(pool, *[good] * 300, spend(P2PK, *sign(P2PK, KEYS[1])))


def test_lost_worker_costs_no_verdict(kill_children: Callable[[], None]) -> None:
    pool = WorkerPool(cores=2)
    batches = list(signed_batches(20, {5}))
    pool.submit(batches[0])

    kill_children()
    for batch in batches[1:]:
        pool.submit(batch)

    assert pool.collect() == [5]
    pool.close()
