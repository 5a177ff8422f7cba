"""Every page: where it is, where its JSON twin is, who loads it, and its template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ccxx_explorer.certificate_pages import (
    load_certificate,
    load_certificates,
    load_permit,
    load_permits,
)
from ccxx_explorer.chain_pages import (
    load_address,
    load_block,
    load_blocks,
    load_home,
    load_status,
)
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.transaction_page import load_transaction

Load = Callable[[Site, Connection, Question], Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `id` in its path is what the visitor names."""

    path: str
    json_path: str
    load: Load
    template: str


def _named(name: str, load: Load, template: str) -> Page:
    return Page(f"/{name}/{{id:[^/]+}}", f"/{name}/{{id:[^/]+}}.json", load, template)


def _list(name: str, load: Load) -> Page:
    return Page(f"/{name}", f"/{name}.json", load, f"{name}.html")


PAGES = (
    Page("/", "/latest.json", load_home, "home.html"),
    Page("/latest", "/index.json", load_home, "home.html"),
    _list("status", load_status),
    _list("blocks", load_blocks),
    _list("permits", load_permits),
    _list("certificates", load_certificates),
    _named("block", load_block, "block.html"),
    _named("tx", load_transaction, "transaction.html"),
    _named("address", load_address, "address.html"),
    _named("permit", load_permit, "permit.html"),
    _named("certificate", load_certificate, "certificate.html"),
)
