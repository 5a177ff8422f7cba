"""The pages of blocks and the first page."""

from typing import Any

import pytest

from ccxx_explorer.views.block import difficulty_of


async def test_block_names_its_miner_and_its_messages(facts: Any, story: Any, hexed: Any) -> None:
    transfer = await facts(f"/tx/{hexed(story.transfer.txid)}.json")

    block = await facts(f"/block/{transfer['height']}.json")

    assert block["coinbase"]["value"] == 80_000_000
    assert [line["operation"] for line in block["messages"]] == ["TRANSFER"]
    assert block["message_count"] == 1
    assert block["interval"] == 150
    assert block["trusted_miners"] is False


async def test_newer_and_older_blocks_lead_back_and_forth(facts: Any) -> None:
    shown = await facts("/blocks.json", below=5)
    newer = await facts("/blocks.json", below=shown["above"])

    assert [line["height"] for line in shown["blocks"]] == [4, 3, 2, 1, 0]
    assert newer["blocks"][0]["height"] > 4


@pytest.mark.parametrize(
    ("bits", "difficulty"),
    [(0x1D00FFFF, "1"), (0x1E0FFFFF, "0.000244137"), (0x207FFFFF, "4.65654e-10"), (0, "0")],
)
def test_difficulty_is_counted_as_the_family_does(bits: int, difficulty: str) -> None:
    assert difficulty_of(bits) == difficulty


async def test_first_page_says_what_happened_in_words(page: Any, facts: Any) -> None:
    latest = await facts("/latest.json")
    text = await page("/")

    assert latest["events"][0]["title"] == "Certificate issued"
    assert latest["events"][0]["subjects"][0]["title"] == "MSc Digital Currency, no. 3"
    batch = next(event for event in latest["events"] if event["operation"] == "BATCH")
    assert batch["subject_count"] == 50
    assert "What happened lately" in text
    assert sum(share["value"] for share in latest["shares"]) == latest["status"]["credit"]["total"]
