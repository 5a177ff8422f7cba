"""What a search text leads to, and what it may become while it is typed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that a text may mean: where its page is, what to call it, and what tells it apart.

    `kind` is certificate, certificates (several about one document), permit, issuer, address,
    block, transaction or pending (what a transaction that waits would make).
    """

    kind: str
    title: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Where a search text leads; where several things match `kind` is `several`."""

    query: str
    kind: str
    url: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What a text may become, the likeliest first."""

    query: str
    candidates: tuple[Candidate, ...]
