"""Every page: where it is, where its JSON twin is, who loads it, and its template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ccxx_explorer.database.listings import CERTIFICATE_STATUSES, Sorting
from ccxx_explorer.endpoints import Parameter, Tag
from ccxx_explorer.filters import PERMIT_STATUSES
from ccxx_explorer.pages.address import load_address
from ccxx_explorer.pages.blocks import load_block, load_blocks
from ccxx_explorer.pages.certificates import load_certificate
from ccxx_explorer.pages.home import load_home, load_status
from ccxx_explorer.pages.issuers import load_issuer, load_issuers, load_root
from ccxx_explorer.pages.lists import load_certificates, load_permit, load_permits
from ccxx_explorer.pages.pool import load_mempool, load_pending
from ccxx_explorer.pages.statistics import load_statistics
from ccxx_explorer.pages.transaction import load_transaction
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.verification import load_verify
from ccxx_explorer.views.buckets import BUCKETS
from ccxx_explorer.widget import load_widget

Load = Callable[[Site, Connection, Question], Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A list of a page: the field that holds it, and the parameter that leads on.

    `cursor` is None where the list is whole. `leads` is the field with the next value of the
    parameter, where it is not named like it. `name` stands in the path of a further list.
    """

    lines: str
    cursor: str | None = None
    leads: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `parameters` are all that may stand in its path and query.

    What `load` returns is named in its annotation, from which the JSON is described. `settles`
    says that a page with many confirmations hardly changes any more, so that it may be kept.
    `tables` are those of its lists that can be had as CSV.
    """

    path: str
    json_path: str
    load: Load
    template: str
    summary: str
    tag: Tag = Tag.CHAIN
    parameters: tuple[Parameter, ...] = ()
    settles: bool = False
    tables: tuple[Table, ...] = ()


_LAST = (1 << 31) - 1
PAGE = Parameter("page", "Which page of the list, from 1.", "integer", 1, least=1, most=2_000)
_BLOCK = Parameter("id", "Its height or hash.", example="0")
_TRANSACTION = Parameter("id", "The transaction id, 64 hex digits.")
_ADDRESS = Parameter("id", "An address of this network.")
_PERMIT = Parameter("id", "The permit's first output, `txid:vout`.")
_CERTIFICATE = Parameter("id", "The certificate's issuing output, `txid:vout`, or `ccert1…`.")
_BELOW_HEIGHT = Parameter(
    "below", "Only blocks below this height.", "integer", least=1, most=2_000_000_000
)
_INPUTS = Parameter("inputs", "Which 100 of its inputs, from 1.", "integer", 1, least=1)
_OUTPUTS = Parameter("outputs", "Which 100 of its outputs, from 1.", "integer", 1, least=1)
_FROM = Parameter("from", "The first day (2026-11-20, in UTC) or second (unix time).")
_TO = Parameter("to", "The end, a day or a second, not included.")
_BUCKET = Parameter("bucket", "The span of time that is summed up.", choices=BUCKETS)
_BELOW_NUMBER = Parameter(
    "below", "Older than this number of the address's history.", "integer", least=1, most=_LAST
)
_ABOVE_NUMBER = Parameter("above", "Newer than this number.", "integer", least=1, most=_LAST)
_COINS = Parameter("coins", "Coins older than this place, which the page before names.")
_WIDGET = Parameter("certificate", "The certificate: `ccert1…`, or its issuing output.")
_PENDING = Parameter("id", "The output that would issue it, `txid:vout`, or `ccert1…`.")
_ISSUER = Parameter("id", "The issuer's public key, 66 hex digits.")
_AFTER = Parameter("after", "What the page before gave as `after`.")
_BEFORE = Parameter(
    "before", "What the page gave as `before`: events before it.", "integer", least=1, most=1 << 53
)
_OF_ISSUER = Parameter("issuer", "Only those of this issuer, a public key.")
_OF_TYPE = Parameter("type", "Only those of types with this code.")
_OF_ADDRESS = Parameter("address", "Only those that lie at this address now.")
_OF_STATUS = Parameter("status", "Only those with this status.", choices=CERTIFICATE_STATUSES)
_OF_PERMIT_STATUS = Parameter("status", "Only those with this status.", choices=PERMIT_STATUSES)
_SORT = Parameter("sort", "In which order.", example="newest", choices=tuple(Sorting))
_OF_PERMIT = Parameter("permit", "Only those of this permit, `txid:vout`.")
_OF_DOCUMENT = Parameter("document", "Only those about this document hash, 64 hex digits.")


_VERIFIED = (
    Parameter("q", "An id, a hash or a link."),
    Parameter("hash", "The SHA-256 of a document, 64 hex digits."),
    Parameter("canonical", "The SHA-256 of its canonical form (RFC 8785), if it is JSON."),
)


def _named(name: str, load: Load, summary: str, **more: Any) -> Page:
    template = {"tx": "transaction.html"}.get(name, f"{name}.html")
    return Page(
        f"/{name}/{{id:[^/]+}}", f"/{name}/{{id:[^/]+}}.json", load, template, summary, **more
    )


def _list(name: str, load: Load, summary: str, **more: Any) -> Page:
    return Page(f"/{name}", f"/{name}.json", load, f"{name}.html", summary, **more)


PAGES = (
    _list(
        "verify",
        load_verify,
        "What a document's hash, an id or a link is worth by the chain.",
        tag=Tag.VERIFY,
        parameters=_VERIFIED,
    ),
    Page("/", "/latest.json", load_home, "home.html", "What happened lately."),
    Page("/latest", "/index.json", load_home, "home.html", "The same as /latest.json."),
    _list(
        "status",
        load_status,
        "Network, tip, node, trust anchor, root credit and counts.",
        tag=Tag.SITE,
    ),
    _list(
        "statistics",
        load_statistics,
        "Certificates, credit, block times and transactions over time, and certificates by issuer.",
        parameters=(_FROM, _TO, _BUCKET),
    ),
    _list(
        "blocks",
        load_blocks,
        "50 blocks from the tip down.",
        parameters=(_BELOW_HEIGHT,),
        tables=(Table("blocks", "below"),),
    ),
    _list(
        "permits",
        load_permits,
        "50 permits, newest first.",
        tag=Tag.CERTIFICATES,
        parameters=(_OF_ISSUER, _OF_TYPE, _OF_PERMIT_STATUS, _AFTER),
        tables=(Table("permits", "after"),),
    ),
    _list(
        "certificates",
        load_certificates,
        "50 certificates, filtered and sorted.",
        tag=Tag.CERTIFICATES,
        parameters=(
            _OF_PERMIT,
            _OF_DOCUMENT,
            _OF_ISSUER,
            _OF_TYPE,
            _OF_STATUS,
            _OF_ADDRESS,
            _SORT,
            _AFTER,
        ),
        tables=(Table("certificates", "after"),),
    ),
    _list(
        "issuers",
        load_issuers,
        "50 issuers, the newest first.",
        tag=Tag.CERTIFICATES,
        parameters=(_AFTER,),
        tables=(Table("issuers", "after"),),
    ),
    _list(
        "root",
        load_root,
        "The trust anchor, how the root's credit divides, its keys and its messages.",
        tag=Tag.CERTIFICATES,
    ),
    _named(
        "issuer",
        load_issuer,
        "An issuer: its permits, its certificates and how they stand.",
        tag=Tag.CERTIFICATES,
        parameters=(_ISSUER,),
    ),
    _named(
        "block",
        load_block,
        "A block and 50 of its transactions.",
        parameters=(_BLOCK, PAGE),
        settles=True,
        tables=(Table("transactions", "page"),),
    ),
    _named(
        "tx",
        load_transaction,
        "A transaction, confirmed or in the node's pool.",
        parameters=(_TRANSACTION, _INPUTS, _OUTPUTS),
        settles=True,
    ),
    _named(
        "address",
        load_address,
        "Coins, certificates and permits of an address, and 50 of its transactions.",
        parameters=(_ADDRESS, _BELOW_NUMBER, _ABOVE_NUMBER, _COINS),
        tables=(
            Table("transactions", "below"),
            Table("coins.coins", "coins", "coins.below", "coins"),
        ),
    ),
    _named(
        "permit",
        load_permit,
        "A permit: what it allows, its status and its history.",
        tag=Tag.CERTIFICATES,
        parameters=(_PERMIT, _BEFORE),
        tables=(Table("history", "before"),),
    ),
    _named(
        "certificate",
        load_certificate,
        "A certificate: its verdict, every check, and its chain of custody.",
        tag=Tag.CERTIFICATES,
        parameters=(_CERTIFICATE, _BEFORE),
        tables=(Table("history", "before"),),
    ),
    _list(
        "mempool",
        load_mempool,
        "The node's pool: how full it is, what is paid, and 50 transactions, newest first.",
        tag=Tag.POOL,
        parameters=(PAGE,),
        tables=(Table("transactions", "page"),),
    ),
    _named(
        "pending",
        load_pending,
        "What a transaction that waits for a block would make: a certificate or a permit.",
        tag=Tag.POOL,
        parameters=(_PENDING,),
    ),
    _list(
        "widget",
        load_widget,
        "What the verification widget of a certificate is made from.",
        tag=Tag.VERIFY,
        parameters=(_WIDGET,),
    ),
)
