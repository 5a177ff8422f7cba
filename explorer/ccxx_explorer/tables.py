"""Lists as tables: CSV that a spreadsheet can open without harm, however long the list is.

One page of the list after the other is read from one state of the index and sent at once, so an
export takes neither memory nor the time of others. A cell that a spreadsheet would take for a
formula begins with an apostrophe: anybody may write `=…` on the chain.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator
from dataclasses import fields, is_dataclass, replace
from operator import attrgetter
from typing import Any, get_args, get_type_hints

from ccxx_explorer.page_table import Page, Table
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site

MOST_LINES = 100_000
# What spreadsheets read as the beginning of a formula, also behind what they skip.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def table_of(
    site: Site, page: Page, table: Table, question: Question
) -> Generator[bytes, None, None]:
    """Give a list as CSV, a piece for each of its pages; raises PageError before the first."""
    names = columns_of(page, table)
    with site.database.read() as connection:
        facts: Any = page.load(site, connection, question)
        yield _lines([names])
        count = 0
        while True:
            rows = attrgetter(table.lines)(facts)[: MOST_LINES - count]
            count += len(rows)
            yield _lines(list(_cells(row)) for row in rows)
            following = _next_page(facts, table, question)
            if following is None or count >= MOST_LINES:
                return
            question = following
            facts = page.load(site, connection, question)


def columns_of(page: Page, table: Table) -> list[str]:
    """Name the columns as the fields of the JSON are named; those within a field `field.name`."""
    listed = get_type_hints(page.load)["return"]
    for name in table.lines.split("."):
        listed = get_type_hints(listed)[name]
    return list(_names(get_args(listed)[0]))


def _names(kind: type, before: str = "") -> Iterator[str]:
    hints = get_type_hints(kind)
    for field in fields(kind):
        inner = _dataclass_in(hints[field.name])
        if inner is None:
            yield before + field.name
        else:
            yield from _names(inner, f"{before}{field.name}.")


def _dataclass_in(hint: Any) -> type | None:
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    # A tuple of things is one cell; something or None is as many cells as something.
    if getattr(hint, "__origin__", None) is tuple:
        return None
    inner = (each for each in get_args(hint) if isinstance(each, type))
    return next(filter(is_dataclass, inner), None)


def _cells(row: Any) -> Iterator[str | int]:
    hints = get_type_hints(type(row))
    for field in fields(row):
        yield from _flatten(getattr(row, field.name), _dataclass_in(hints[field.name]))


def _flatten(value: Any, kind: type | None) -> Iterator[str | int]:
    if kind is None:
        yield _cell(value)
    elif value is None:
        yield from ("" for _ in _names(kind))
    else:
        yield from _cells(value)


def _cell(value: Any) -> str | int:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return value
        case tuple():
            return safe_cell(" ".join(str(_cell(each)) for each in value))
        case _:
            return safe_cell(str(value))


def safe_cell(text: str) -> str:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(rows: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _next_page(facts: Any, table: Table, question: Question) -> Question | None:
    if table.cursor is None:
        return None
    if table.cursor == "page":
        following = facts.page + 1 if facts.page < facts.pages else None
    else:
        following = attrgetter(table.leads or table.cursor)(facts)
    if following is None:
        return None
    return replace(question, parameters={**question.parameters, table.cursor: str(following)})
