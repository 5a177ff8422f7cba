"""How fast blocks are connected, from their bytes to coins in the database, signatures and all.

Cold: nothing about the block is known before. One JSON line a result; the limit is the rate of bare
signature checks by libsecp256k1 in the same run, in as many processes at the same time: from bytes,
and (``limit_parsed``) of keys and signatures that need not be parsed any more.
"""

import argparse
import gc
import json
import os
import time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT
from signed_blocks import CASES, PARAMS, Owner, build_block, build_funding, build_owners, spend

from ccxx_core.block import Block
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.rules import Rules
from ccxx_node.consensus.sigcheck import InlineVerifier
from ccxx_node.consensus.workers import WorkerPool

NOW = 2**31
RAW_CHECKS = 6000
# What a process needs to start and to sign what it will check.
START_SECONDS = 1.5
# Blocks between two writes to the disk; a node that catches up writes more seldom still.
BLOCKS = 3


def raw_rate(parses: bool, start_at: float = 0) -> float:
    """Check signatures with nothing but calls of the library; gives checks a second.

    With ``parses`` each check starts from the bytes of a key and a signature not seen before, as
    it does in a block; else from what the library made of them. ``start_at``, by the monotonic
    clock, lets several processes measure at the same time.
    """
    context, checks = GLOBAL_CONTEXT.ctx, []
    for i in range(RAW_CHECKS):
        key, digest = PrivateKey(sha256(b"raw %d" % i)), sha256(b"digest %d" % i)
        point = ffi.new("secp256k1_pubkey *")
        signature = ffi.new("secp256k1_ecdsa_signature *")
        der = key.sign(digest)
        lib.secp256k1_ec_pubkey_parse(context, point, key.public_key, 33)
        lib.secp256k1_ecdsa_signature_parse_der(context, signature, der, len(der))
        checks.append((key.public_key, point, der, signature, digest))
    time.sleep(max(0, start_at - time.monotonic()))
    start = time.perf_counter()
    for public_key, point, der, signature, digest in checks:
        if parses:
            lib.secp256k1_ec_pubkey_parse(context, point, public_key, 33)
            lib.secp256k1_ecdsa_signature_parse_der(context, signature, der, len(der))
            lib.secp256k1_ecdsa_signature_normalize(context, signature, signature)
        lib.secp256k1_ecdsa_verify(context, signature, digest, point)
    return RAW_CHECKS / (time.perf_counter() - start)


def raw_rate_of(workers: int, parses: bool = True) -> float:
    """Give the bare rate of so many processes together."""
    if workers == 1:
        return raw_rate(parses)
    with get_context("spawn").Pool(workers) as pool:
        start_at = time.monotonic() + START_SECONDS
        return sum(pool.starmap(raw_rate, [(parses, start_at)] * workers, chunksize=1))


def fund(chainstate: Chainstate, owners: list[Owner]) -> Block:
    """Mine a block whose coinbase pays the owners."""
    tip = chainstate.tip
    block = build_block(tip.height + 1, tip.hash, outputs=build_funding(owners))
    chainstate.accept_block(block, NOW)
    return block


def build_spending(chainstate: Chainstate, groups: list[list[Owner]]) -> list[bytes]:
    """Build a block for each group, in which its owners spend what is paid to them first."""
    fundings = [fund(chainstate, owners).transactions[0].txid for owners in groups]
    height, prev_hash, blocks = chainstate.height, chainstate.tip.hash, []
    for txid, owners in zip(fundings, groups, strict=True):
        height += 1
        spends = tuple(spend(txid, i, owner) for i, owner in enumerate(owners))
        block = build_block(height, prev_hash, spends)
        prev_hash = block.hash
        blocks.append(block.encode())
    return blocks


def connect(chainstate: Chainstate, blocks: list[bytes]) -> float:
    """Connect blocks from their bytes and write all to the disk; gives the seconds it took."""
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    for raw in blocks:
        chainstate.accept_block(Block.decode(raw), NOW)
    chainstate.flush()
    elapsed = time.perf_counter() - start
    gc.enable()
    return elapsed


def measure(case: str, workers: int, size: int, rounds: int) -> None:
    """Print the median of some rounds as one JSON line; every round has keys of its own."""
    pool = WorkerPool(workers) if workers > 1 else None
    results = []
    with TemporaryDirectory() as folder:
        rules = Rules(PARAMS, pool or InlineVerifier())
        with Chainstate.open(Path(folder), PARAMS, rules=rules) as chainstate:
            # The first round only warms processes and caches up.
            for number in range(rounds + 1):
                count = size if number else size // 10
                groups = [build_owners(case, f"{number} {k}", count) for k in range(BLOCKS)]
                blocks = build_spending(chainstate, groups)
                checks = sum(len(owner.keys) for owner in groups[0]) / count
                before = raw_rate_of(workers)
                rate = count * BLOCKS / connect(chainstate, blocks)
                # Both sides, since other programs come and go.
                limit = (before + raw_rate_of(workers)) / 2 / checks
                if number:
                    results.append((rate / limit, rate, limit))
            limit_parsed = raw_rate_of(workers, parses=False) / checks
    if pool is not None:
        pool.close()
    ratio, rate, limit = sorted(results)[len(results) // 2]
    result = {
        "bench": "connect",
        "case": case,
        "workers": workers,
        "value": round(rate),
        "unit": "tx/s",
        "limit": round(limit),
        "ratio": round(ratio, 3),
        "limit_parsed": round(limit_parsed),
        "ratio_parsed": round(rate / limit_parsed, 3),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    """Measure every case, or those named, with one worker and with all cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}")
    parser.add_argument("--size", type=int, default=2000, help="transactions in a block")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    cores = os.cpu_count() or 1
    for case in arguments.cases or CASES:
        for workers in sorted({1, cores}):
            measure(case, workers, arguments.size, arguments.rounds)


if __name__ == "__main__":
    main()
