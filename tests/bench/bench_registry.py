"""How fast an observer follows certificates: messages applied to a registry, and undone again.

A permit is granted and its certificates issued, one a transaction, then each is passed on; blocks
come as bytes. One JSON line a result; the limit is how fast the same transactions are read and
hashed, of which nothing is spared to anybody.
"""

import argparse
import gc
import json
import time
from collections.abc import Iterable, Sequence

from bench_issue import key_of

from ccxx_cert.custody import CERTIFICATE_VALUE, certificate_script, permit_script, wrap
from ccxx_cert.identity import cert_ref
from ccxx_cert.records import BatchMessage, Custody, IssueMessage, PermitMessage, TransferMessage
from ccxx_cert.registry import MemoryRegistry, apply_block
from ccxx_cert.state import BlockChanges, ObservedBlock
from ccxx_cert.template import message_output
from ccxx_cert.trust import TrustAnchor
from ccxx_core.hashes import BlockHash, Txid, hash160, sha256
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

ROOT, ISSUER, SYSTEM = (key_of(name).public_key for name in ("root", "issuer", "system"))
ROOT_SCRIPT = p2wpkh_script(hash160(key_of("credit").public_key))
PERMIT_SCRIPT = permit_script(ROOT, ISSUER, SYSTEM)
HOLDERS = [key_of(f"holder {n}").public_key for n in range(64)]
SCRIPTS = [certificate_script(ROOT, ISSUER, key, Custody.THREE_OF_THREE) for key in HOLDERS]
BATCH = 2_000
BLOCK = 2_000
ROUNDS = 3
# Stands for three signatures of the usual size: observers do not check them, nodes do.
SIGNATURES = (b"", bytes(72), bytes(72), bytes(72))
Block = tuple[int, list[bytes]]


def spend(prevout: OutPoint, script: bytes, outputs: Iterable[TxOutput]) -> Transaction:
    """Spend a credit coin, and a plain coin that pays the fee."""
    fee = TxInput(OutPoint(Txid(sha256(b"fee" + prevout.encode())), 0), witness=(bytes(72), ROOT))
    witness = (*SIGNATURES, script) if script else (bytes(72), ROOT)
    return Transaction(2, (TxInput(prevout, witness=witness), fee), tuple(outputs))


def change(value: int, script_pubkey: bytes) -> list[TxOutput]:
    """Give the credit that is left, if any."""
    return [TxOutput(value, script_pubkey)] if value else []


def root_of(count: int) -> tuple[TrustAnchor, Transaction]:
    """Give a root coin worth so many certificates."""
    value = count * CERTIFICATE_VALUE
    tx = spend(OutPoint(Txid(sha256(b"root")), 0), b"", [TxOutput(value, ROOT_SCRIPT)])
    outpoint = OutPoint(tx.txid, 0)
    return TrustAnchor("regtest", outpoint, value, 1, ROOT_SCRIPT, ROOT, SYSTEM), tx


def grant(root: OutPoint, count: int) -> Transaction:
    """Grant one permit for everything."""
    message = PermitMessage(
        code="BENCH", quantity=count, typedef_hash=sha256(b"type"), title="Bench", transferable=True
    )
    outputs = [TxOutput(count * CERTIFICATE_VALUE, wrap(PERMIT_SCRIPT)), message_output(message)]
    return spend(root, b"", outputs)


def issues(permit: OutPoint, count: int) -> list[Transaction]:
    """Issue certificates one by one, each from the change of the one before."""
    made, coin = [], permit
    for serial in range(1, count + 1):
        at = serial % len(HOLDERS)
        message = IssueMessage(serial=serial, doc_hash=sha256(b"%d" % serial), tail=HOLDERS[at])
        outputs = [TxOutput(CERTIFICATE_VALUE, wrap(SCRIPTS[at]))]
        outputs += change((count - serial) * CERTIFICATE_VALUE, wrap(PERMIT_SCRIPT))
        made.append(spend(coin, PERMIT_SCRIPT, [*outputs, message_output(message)]))
        coin = OutPoint(made[-1].txid, 1)
    return made


def transfers(issued: Sequence[Transaction]) -> list[Transaction]:
    """Pass each certificate on to the next holder."""
    made = []
    for serial, tx in enumerate(issued, 1):
        old, new = serial % len(HOLDERS), (serial + 1) % len(HOLDERS)
        outpoint = OutPoint(tx.txid, 0)
        message = TransferMessage(cert_ref(outpoint), HOLDERS[new], sha256(b"deed"))
        outputs = [TxOutput(CERTIFICATE_VALUE, wrap(SCRIPTS[new])), message_output(message)]
        made.append(spend(outpoint, SCRIPTS[old], outputs))
    return made


def batches(permit: OutPoint, count: int) -> list[Transaction]:
    """Issue the same number in batches."""
    made, coin, left = [], permit, count
    while left:
        size = min(BATCH, left)
        start = count - left + 1
        message = BatchMessage(serial_start=start, count=size, merkle_root=sha256(b"%d" % start))
        left -= size
        outputs = [
            TxOutput(CERTIFICATE_VALUE, wrap(SCRIPTS[n % len(SCRIPTS)])) for n in range(size)
        ]
        outputs += change(left * CERTIFICATE_VALUE, wrap(PERMIT_SCRIPT))
        made.append(spend(coin, PERMIT_SCRIPT, [*outputs, message_output(message)]))
        coin = OutPoint(made[-1].txid, size)
    return made


def blocks_of(groups: Iterable[Sequence[Transaction]]) -> list[Block]:
    """Put transactions into blocks as bytes, from height 1 on."""
    cut = [
        [tx.encode() for tx in group[first : first + BLOCK]]
        for group in groups
        for first in range(0, len(group), BLOCK)
    ]
    return list(enumerate(cut, 1))


def read(block: Block) -> ObservedBlock:
    """Read a block from its bytes."""
    height, raws = block
    time_of = 1_700_000_000 + height * 150
    transactions = tuple(map(Transaction.decode, raws))
    return ObservedBlock(
        height, BlockHash(sha256(b"%d" % height)), time_of, time_of - 900, transactions
    )


def run(anchor: TrustAnchor, blocks: Sequence[Block]) -> tuple[float, float, float]:
    """Give the seconds that reading alone takes, reading and applying, and undoing."""
    registry, journal = MemoryRegistry(), list[BlockChanges]()
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    for block in blocks:
        read(block)
    bare = time.perf_counter()
    for block in blocks:
        found = apply_block(registry, anchor, read(block))
        registry.apply(found.changes)
        journal.append(found)
        assert all(verdict.refusal is None for verdict in found.verdicts)
    applied = time.perf_counter()
    while journal:
        registry.undo(journal.pop().changes)
    undone = time.perf_counter()
    gc.enable()
    assert not registry.records
    return bare - start, applied - bare, undone - applied


def measure(case: str, anchor: TrustAnchor, blocks: list[Block], count: int, unit: str) -> None:
    """Print the median of some rounds as one JSON line."""
    rounds = sorted(
        (bare / applied, bare, applied, undone)
        for bare, applied, undone in (run(anchor, blocks) for _ in range(ROUNDS))
    )
    ratio, bare, applied, undone = rounds[ROUNDS // 2]
    result = {
        "bench": "registry",
        "case": case,
        "workers": 1,
        "value": round(count / applied),
        "unit": unit,
        "undo": round(count / undone),
        "limit": round(count / bare),
        "ratio": round(ratio, 3),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    """Measure single issues and transfers, then batches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificates", type=int, default=10_000)
    count = parser.parse_args().certificates
    anchor, root = root_of(count)
    granted = grant(OutPoint(root.txid, 0), count)
    permit = OutPoint(granted.txid, 0)
    issued = issues(permit, count)
    blocks = blocks_of([[root], [granted], issued, transfers(issued)])
    measure("issue_and_transfer", anchor, blocks, 2 * count, "message/s")
    blocks = blocks_of([[root], [granted], batches(permit, count)])
    measure("batch", anchor, blocks, count, "certificate/s")


if __name__ == "__main__":
    main()
