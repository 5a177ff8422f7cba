"""What a text may become while it is typed: a few candidates, each found by an index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sqlalchemy import Connection

from ccxx_explorer.candidates import (
    address_candidate,
    block_candidate,
    certificate_candidate,
)
from ccxx_explorer.database import completion, reader
from ccxx_explorer.facts.search import Candidate, Suggestions
from ccxx_explorer.search import named_candidates, serial_candidates, worded_candidates
from ccxx_explorer.site import Site
from ccxx_explorer.views.search import (
    digests_beginning,
    heights_beginning,
    identities_beginning,
    plain_spelling,
    read_search,
)

_MOST = 8
_MOST_OF_A_KIND = 5
# Letters that say enough of an address to begin a list.
_LEAST_OF_ADDRESS = 2


def suggest(site: Site, connection: Connection, text: str) -> Suggestions:
    """Give up to eight things that a text may mean or become."""
    typed = plain_spelling(text)
    if not typed:
        return Suggestions(text, ())
    found: dict[str, Candidate] = {}
    for candidate in _all(site, connection, text, typed):
        found.setdefault(candidate.url, candidate)
        if len(found) == _MOST:
            break
    return Suggestions(text, tuple(found.values()))


def _all(site: Site, connection: Connection, text: str, typed: str) -> Iterator[Candidate]:
    reading = read_search(text, site.network)
    yield from named_candidates(site, connection, reading)
    yield from serial_candidates(site, connection, reading, _MOST_OF_A_KIND)
    yield from _certificates(site, connection, typed)
    yield from _blocks(connection, typed)
    yield from _addresses(connection, typed)
    yield from islice(worded_candidates(site, connection, typed, _MOST), _MOST)


def _certificates(site: Site, connection: Connection, typed: str) -> Iterator[Candidate]:
    found = []
    if (identities := identities_beginning(typed)) is not None:
        found = completion.certificates_by_identity(connection, identities, _MOST_OF_A_KIND)
    elif (digests := digests_beginning(typed)) is not None:
        found = completion.certificates_by_document(connection, digests, _MOST_OF_A_KIND)
    for certificate in found:
        yield certificate_candidate(site, connection, certificate)


def _blocks(connection: Connection, typed: str) -> Iterator[Candidate]:
    tip = reader.tip(connection)
    for height in heights_beginning(typed, tip.height if tip is not None else -1):
        if (block := reader.block_at(connection, height)) is not None:
            yield block_candidate(block)


def _addresses(connection: Connection, typed: str) -> Iterator[Candidate]:
    if len(typed) < _LEAST_OF_ADDRESS or not (typed.isascii() and typed.isalnum()):
        return
    # An address in base58 minds case; one in bech32 is written in lower case.
    for beginning in dict.fromkeys((typed, typed.lower())):
        for address in reader.addresses_beginning(connection, beginning, _MOST_OF_A_KIND):
            yield address_candidate(address)
