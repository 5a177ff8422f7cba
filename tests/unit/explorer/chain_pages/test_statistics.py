"""Statistics: the same numbers in charts, tables and JSON, over any range that fits."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_explorer.views.buckets import BUCKETS, boundaries, count_at_least, fitting_bucket
from ccxx_explorer.views.charts import HEIGHT, WIDTH, draw_bars, draw_line, round_up


async def test_spans_add_up_to_what_the_chain_has(facts: Any) -> None:
    counts = (await facts("/status.json"))["counts"]

    shown = await facts("/statistics.json", **{"from": 0, "bucket": "year"})

    for name in ("blocks", "transactions", "permits", "certificates", "refused"):
        assert sum(bucket[name] for bucket in shown["buckets"]) == counts[name], name


async def test_credit_at_the_end_is_what_the_status_says(facts: Any) -> None:
    credit = (await facts("/status.json"))["credit"]

    last = (await facts("/statistics.json"))["buckets"][-1]

    assert last["root_credit"] == credit["root"]
    assert last["permit_credit"] == credit["permits"]
    assert last["certificate_credit"] == credit["certificates"]
    assert last["destroyed_credit"] == credit["destroyed"]


async def test_issuers_are_those_who_issued(facts: Any) -> None:
    (issuer,) = (await facts("/statistics.json"))["issuers"]

    assert (issuer["permits"], issuer["certificates"]) == (2, 54)


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2023-11-15", "to": "2023-11-14"},
        {"from": "2023-13-01"},
        {"from": "x"},
        {"bucket": "minute"},
        {"from": "0", "bucket": "hour"},
        {"to": "99999999999"},
    ],
)
async def test_range_that_cannot_be_shown_is_refused(facts: Any, query: dict[str, str]) -> None:
    problem = await facts("/statistics.json", 400, **query)

    assert problem["error"]["code"] == "bad-request"
    assert problem["error"]["hint"]


async def test_every_chart_is_also_a_picture_and_a_table(page: Any) -> None:
    text = await page("/statistics")

    assert text.count("data-chart=") == text.count('<svg role="img"') >= 4
    assert text.count("<table") >= 5
    assert "style=" not in text


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**31), st.sampled_from(BUCKETS))
def test_spans_cover_the_range_without_gaps(start: int, length: int, bucket: str) -> None:
    end = start + length
    if count_at_least(start, end, bucket) > 400:
        return

    edges = boundaries(start, end, bucket)

    assert edges[0] <= start and edges[-1] >= end
    assert all(one < other for one, other in pairwise(edges))
    assert len(edges) - 1 <= count_at_least(start, end, bucket)


@given(st.integers(0, 2**32), st.integers(1, 2**31))
def test_span_is_chosen_so_that_a_chart_can_show_it(start: int, length: int) -> None:
    bucket = fitting_bucket(start, start + length)

    assert count_at_least(start, start + length, bucket) <= 400


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**17)), max_size=400))
def test_drawings_stay_in_their_box(values: list[int | None]) -> None:
    bars, line = draw_bars(values), draw_line(values)

    for bar in bars.bars:
        assert 0 <= float(bar.x) <= WIDTH and -0.01 <= float(bar.y) <= HEIGHT
        assert float(bar.x) + float(bar.width) <= WIDTH + 0.01
    assert len(bars.bars) == sum(bool(value) for value in values)
    assert bool(line.path) == any(value is not None for value in values)


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (3, 5), (6, 10), (54, 100), (101, 200)])
def test_upper_edge_is_a_round_number(value: int, top: int) -> None:
    assert round_up(value) == top
