"""Lists as tables: whole, in the words of the JSON, and harmless in a spreadsheet."""

import csv
import io
import zlib
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection

from ccxx_explorer.page_table import Page, Table
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.tables import safe_cell, table_of

PLAIN = {"Accept-Encoding": "identity"}


async def table(client: Any, path: str) -> list[dict[str, str]]:
    """Read a table as a program does."""
    reply = await client.get(path, headers=PLAIN)
    assert reply.status == 200, await reply.text()
    assert reply.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO((await reply.read()).decode("utf-8"), newline="")))


async def test_a_table_has_every_line_of_the_list_not_only_its_first_page(
    client: Any,
) -> None:
    rows = await table(client, "/certificates.csv")

    listed = await (await client.get("/certificates.json", headers=PLAIN)).json()
    assert len(listed["certificates"]) == 50
    assert len(rows) == 54
    assert len({row["id"] for row in rows}) == 54
    assert rows[0]["id"] == listed["certificates"][0]["id"]
    assert list(rows[0]) == list(listed["certificates"][0])


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a list."""

    number: int


@dataclass(frozen=True, slots=True)
class _Sparse:
    """A page of a list in which a filter lets little through."""

    lines: tuple[_Line, ...]
    after: str | None


def _load_sparse(_site: Site, _connection: Connection, question: Question) -> _Sparse:
    pages = {"": ((_Line(7),), "1"), "1": ((), "2"), "2": ((_Line(3),), None)}
    return _Sparse(*pages[question.parameters.get("after", "")])


def test_a_table_goes_on_behind_a_page_without_lines(story: Any) -> None:
    table = Table("lines", "after")
    page = Page("/x", "/x.json", _load_sparse, "x.html", "", tables=(table,))

    pieces = list(table_of(story.site(), page, table, Question("", {})))

    assert b"".join(pieces) == b"number\r\n7\r\n3\r\n"


async def test_filters_hold_for_the_table_too(client: Any, story: Any, named: Any) -> None:
    rows = await table(client, f"/certificates.csv?permit={named(story.fixed_permit)}")

    assert [row["id"] for row in rows] == [named(story.fixed)]


async def test_a_table_begins_where_it_is_asked_to(client: Any) -> None:
    rows = await table(client, "/blocks.csv?below=5")

    assert [row["height"] for row in rows] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    "path", ["/blocks.csv", "/permits.csv", "/certificates.csv", "/block/7.csv", "/mempool.csv"]
)
async def test_each_list_page_leads_to_its_table(client: Any, path: str) -> None:
    page = await (await client.get(path.removesuffix(".csv"), headers=PLAIN)).text()

    await table(client, path)
    assert f'href="{path}"' in page


async def test_history_and_transactions_are_tables(
    client: Any, story: Any, named: Any, address_of: Any
) -> None:
    history = await table(client, f"/certificate/{named(story.single)}.csv")
    moves = await table(client, f"/address/{address_of('alice')}.csv")

    assert [row["operation"] for row in history] == ["ISSUE", "TRANSFER"]
    assert len(moves) == 2


async def test_a_table_is_sent_pressed_to_who_takes_it(client: Any) -> None:
    reply = await client.get("/blocks.csv", headers={"Accept-Encoding": "gzip"})

    text = zlib.decompress(await reply.read(), wbits=31).decode()
    assert text.startswith("height,")


async def test_what_cannot_be_read_is_an_error_and_no_table(client: Any) -> None:
    for path, status in (("/blocks.csv?below=x", 400), ("/block/999999.csv", 404)):
        reply = await client.get(path)

        assert reply.status == status
        assert (await reply.json())["error"]["hint"]


async def test_head_of_a_table_sends_no_line(client: Any) -> None:
    reply = await client.head("/blocks.csv")

    assert (reply.status, await reply.read()) == (200, b"")


async def test_formula_from_the_chain_is_text(chain: Any, serve_chain: Any) -> None:
    permit = chain.grant(title='=HYPERLINK("evil")', code="+EVIL")
    chain.issue(permit, 1, "alice", tail='@SUM(1+1)","x')

    async with serve_chain(chain) as client:
        permits = await table(client, "/permits.csv")
        certificates = await table(client, "/certificates.csv")

    assert permits[0]["title"] == '\'=HYPERLINK("evil")'
    assert permits[0]["code"] == "'+EVIL"
    assert certificates[0]["summary"] == '\'@SUM(1+1)","x'


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\uff1d1"])
def test_cell_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "1", "x=1", "ccert1", "Zoë", "'=1"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


async def test_coins_of_an_address_are_a_table_of_their_own(client: Any, address_of: Any) -> None:
    path = f"/address/{address_of('bob')}"

    coins = await table(client, f"{path}/coins.csv")

    assert [(row["vout"], row["credit.kind"]) for row in coins] == [("0", "certificate")]
    assert f'href="{path}/coins.csv"' in await (await client.get(path, headers=PLAIN)).text()
