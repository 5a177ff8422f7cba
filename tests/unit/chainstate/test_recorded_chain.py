"""The chain that the reference daemon mined must give the same coins, verdicts and tips here."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.amount import parse_amount
from ccxx_core.block import Block, decode_block
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash, parse_block_hash
from ccxx_core.network import REGTEST
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.import_file import read_block_file
from ccxx_node.chainstate.utxo_stats import UtxoStats
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.params import REGTEST as PARAMS

INVALID_BLOCKS_TIME = 1_700_864_823
FORK_TIME = 1_700_868_523


def show_stats(stats: UtxoStats) -> dict[str, Any]:
    return {
        "height": stats.height,
        "bestblock": format_hash(stats.best_block),
        "transactions": stats.transactions,
        "txouts": stats.txouts,
        "bogosize": stats.bogosize,
        "hash_serialized_2": format_hash(stats.hash_serialized_2),
        "total_amount": stats.total_amount,
    }


def recorded_stats(recorded: dict[str, Any]) -> dict[str, Any]:
    return recorded | {"total_amount": parse_amount(f"{recorded['total_amount']:.8f}")}


def show_tips(chainstate: Chainstate) -> list[dict[str, Any]]:
    return [
        {
            "height": tip.height,
            "hash": format_hash(tip.hash),
            "branchlen": tip.branch_length,
            "status": str(tip.status),
        }
        for tip in chainstate.chain_tips()
    ]


def submit(chainstate: Chainstate, raw: bytes, now: int) -> str | None:
    """Accept a block the way submitblock does, but name the broken rule."""
    try:
        block, _ = decode_block(raw, 0)
    except DecodeError:
        return "undecodable"
    if not block.transactions or not block.transactions[0].is_coinbase:
        return "undecodable"
    known = chainstate.entry(block.hash)
    if known is not None and (known.is_failed or known.fully_valid):
        return "duplicate-invalid" if known.is_failed else "duplicate"
    try:
        events = chainstate.accept_block(block, now)
    except ConsensusError as error:
        return error.reason
    return None if any(event.block.hash == block.hash for event in events) else "inconclusive"


def test_recorded_chain_has_the_recorded_coins_at_every_fiftieth_height(
    tmp_path: Path, recorded_blocks: list[Block], recorded_facts: Any
) -> None:
    recorded = recorded_facts["gettxoutsetinfo"]
    ours = {}

    with Chainstate.open(tmp_path, PARAMS) as chainstate:
        for height, block in enumerate(recorded_blocks, start=1):
            chainstate.accept_block(block, FORK_TIME)
            if str(height) in recorded:
                ours[str(height)] = show_stats(chainstate.utxo_stats())

    assert len(ours) == 103
    assert ours == {height: recorded_stats(stats) for height, stats in recorded.items()}


def test_recorded_chain_has_the_recorded_headers(
    recorded_folder: Path, recorded_facts: Any
) -> None:
    with Chainstate.open(recorded_folder, PARAMS) as chainstate:
        entries = [chainstate.entry_at(row[0]) for row in recorded_facts["blocks"]]

    ours = [
        [
            entry.height,
            format_hash(entry.hash),
            entry.time,
            entry.median_time_past,
            f"{entry.bits:08x}",
            entry.version,
            entry.tx_count,
            f"{entry.chain_work:064x}",
        ]
        for entry in entries
        if entry is not None
    ]
    assert ours == recorded_facts["blocks"]


def test_longer_fork_replaces_the_tip_and_back(recorded_folder: Path, chain_vectors: Path) -> None:
    facts = json.loads((chain_vectors / "chain-fork.json").read_text())
    fork = list(read_block_file(chain_vectors / "chain-fork.blk.gz", REGTEST.magic))

    with Chainstate.open(recorded_folder, PARAMS) as chainstate:
        steps = []
        for raw in fork:
            verdict = submit(chainstate, raw, FORK_TIME)
            steps.append([verdict, format_hash(chainstate.tip.hash), chainstate.height])
        after_fork = show_stats(chainstate.utxo_stats())
        first = parse_block_hash(facts["blocks"][0][1])
        chainstate.invalidate_block(first)
        back = facts["then_invalidateblock_first_fork_block"]
        after_invalidate = show_stats(chainstate.utxo_stats()), show_tips(chainstate)
        chainstate.reconsider_block(first)
        best_at_last = format_hash(chainstate.tip.hash)

    recorded = facts["main_then_fork"]
    assert steps == [
        [step["verdict"], step["best_after"], step["height_after"]] for step in recorded["steps"]
    ]
    assert after_fork == recorded_stats(facts["fork_then_main"]["gettxoutsetinfo"])
    assert after_invalidate == (recorded_stats(back["gettxoutsetinfo"]), back["getchaintips"])
    assert best_at_last == facts["then_reconsiderblock"]["best"]


def test_shorter_branch_that_comes_later_stays_aside(
    tmp_path: Path, chain_vectors: Path, recorded_blocks: list[Block]
) -> None:
    facts = json.loads((chain_vectors / "chain-fork.json").read_text())
    recorded = facts["fork_then_main"]
    fork = read_block_file(chain_vectors / "chain-fork.blk.gz", REGTEST.magic)

    with Chainstate.open(tmp_path, PARAMS) as chainstate:
        for block in recorded_blocks[: facts["fork_height"]]:
            chainstate.accept_block(block, FORK_TIME)
        at_fork = show_stats(chainstate.utxo_stats())
        for raw in fork:
            submit(chainstate, raw, FORK_TIME)
        verdicts = [
            submit(chainstate, block.encode(), FORK_TIME)
            for block in recorded_blocks[facts["fork_height"] :]
        ]
        stats, tips = show_stats(chainstate.utxo_stats()), show_tips(chainstate)

    assert at_fork == recorded_stats(facts["gettxoutsetinfo_at_fork_point"])
    assert verdicts == recorded["verdicts_of_main_blocks"]
    assert stats == recorded_stats(recorded["gettxoutsetinfo"])
    assert tips == recorded["getchaintips"]


@pytest.fixture(scope="module")
def edge_cases(chain_vectors: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((chain_vectors / "invalid-blocks.json").read_text())[
        "cases"
    ]
    # submitblock fills a missing witness nonce in before the chain state sees the block.
    return [case for case in cases if case["name"] != "reserved-value-missing"]


def raw_block(case: dict[str, Any]) -> bytes:
    if "block_hex" in case:
        return bytes.fromhex(case["block_hex"])
    return gzip.decompress(base64.b64decode(case["block_gz"]))


def wanted_verdict(case: dict[str, Any]) -> str | None:
    verdict = case["verdict"]
    if isinstance(verdict, dict):
        return "undecodable"
    if verdict == "invalid":
        return str(case["reject_reason"]).split(",")[0]
    return None if verdict is None else str(verdict)


def return_to(chainstate: Chainstate, main_tip: bytes) -> None:
    main = chainstate.entry(parse_block_hash(main_tip[::-1].hex()))
    assert main is not None
    while chainstate.tip is not main:
        wrong = chainstate.entry_at(chainstate.fork_with(main).height + 1)
        assert wrong is not None
        chainstate.invalidate_block(wrong.hash)


def test_edge_blocks_get_the_recorded_verdict_and_leave_the_recorded_tip(
    recorded_folder: Path, edge_cases: list[dict[str, Any]]
) -> None:
    verdicts, tips = {}, {}

    with Chainstate.open(recorded_folder, PARAMS) as chainstate:
        main_tip, coins = chainstate.tip.hash, show_stats(chainstate.utxo_stats())
        for case in edge_cases:
            for before in case["pre"]:
                submit(chainstate, raw_block(before), INVALID_BLOCKS_TIME)
            verdicts[case["name"]] = submit(chainstate, raw_block(case), INVALID_BLOCKS_TIME)
            tip = chainstate.tip.hash
            tips[case["name"]] = "unchanged" if tip == main_tip else format_hash(tip)
            return_to(chainstate, main_tip)
        coins_after = show_stats(chainstate.utxo_stats())

    assert len(verdicts) == 423
    assert verdicts == {case["name"]: wanted_verdict(case) for case in edge_cases}
    assert tips == {case["name"]: case["tip_after"] for case in edge_cases}
    assert coins_after == coins


def test_proposals_get_the_recorded_verdict(
    recorded_folder: Path, edge_cases: list[dict[str, Any]]
) -> None:
    ours, recorded = {}, {}

    with Chainstate.open(recorded_folder, PARAMS) as chainstate:
        coins = show_stats(chainstate.utxo_stats())
        for case in edge_cases:
            if "proposal" not in case or case["pre"] or isinstance(case["proposal"], dict):
                continue
            recorded[case["name"]] = case["proposal"]
            block, _ = decode_block(raw_block(case), 0)
            ours[case["name"]] = None
            try:
                chainstate.test_block(block, INVALID_BLOCKS_TIME)
            except ConsensusError as error:
                ours[case["name"]] = error.reason
        coins_after = show_stats(chainstate.utxo_stats())

    assert len(ours) > 300
    assert ours == recorded
    assert coins_after == coins
