"""The address book: who gets into it, who stays, who is called, and what survives a restart."""

import logging
import random
from pathlib import Path

import pytest

from ccxx_node.p2p.addresses.address_book import (
    BUCKET_SIZE,
    NEW_BUCKETS,
    AddressBook,
    KnownAddress,
)
from ccxx_node.p2p.addresses.address_file import load_book, save_book
from ccxx_node.p2p.addresses.endpoints import Endpoint, parse_endpoint, parse_host

NOW = 1_700_000_000
DAY = 24 * 3600
SOURCE = parse_host("4.5.6.7")
KEY = b'{"key":"' + b"00" * 32 + b'","addresses":['
DAMAGED_ROWS = (
    b'["nobody","4.5.6.7",9,1,false,0,0,0]',
    b'["8.8.8.8:1","4.5.6.7",-9,1,false,0,0,0]',
    b'["8.8.8.8:1","4.5.6.7",9,-1,false,0,0,0]',
    b'["8.8.8.8:1","4.5.6.7",9,4294967296,false,0,0,0]',
    b'["8.8.8.8:1","4.5.6.7",9,1,false,0,0,-1]',
)


@pytest.fixture
def book() -> AddressBook:
    """An empty book whose choices repeat."""
    return AddressBook(bytes(32), random.Random(1))


def heard(text: str, source: bytes = SOURCE, seen_at: int = NOW) -> KnownAddress:
    """An address that somebody told."""
    return KnownAddress(parse_endpoint(text, 10841), 9, seen_at, source)


def many(count: int, source: bytes, first: int = 11) -> list[KnownAddress]:
    """So many addresses of different networks, all told by one source."""
    return [
        heard(f"{first + n // 65536}.{n // 256 % 256}.{n % 256}.1:10841", source)
        for n in range(count)
    ]


def test_what_was_heard_is_known(book: AddressBook) -> None:
    added = book.add([heard("8.8.8.8:10841"), heard("[2a00::1]:10841")], NOW)

    assert added == 2
    assert book.get(parse_endpoint("8.8.8.8:10841", 0)) is not None


@pytest.mark.parametrize("text", ["127.0.0.1:1", "10.1.2.3:1", "192.168.0.1:1", "[fe80::1]:1"])
def test_addresses_that_lead_nowhere_are_not_kept(book: AddressBook, text: str) -> None:
    assert book.add([heard(text)], NOW) == 0


def test_one_source_fills_few_buckets_with_a_million_addresses(book: AddressBook) -> None:
    book.add([heard("8.8.8.8:10841", parse_host("9.9.9.9"))], NOW)

    book.add(many(100_000, SOURCE), NOW)

    assert len(book) <= 16 * BUCKET_SIZE + 1
    assert book.get(parse_endpoint("8.8.8.8:10841", 0)) is not None


def test_book_is_bounded_however_many_sources_there_are(book: AddressBook) -> None:
    for n in range(200):
        book.add(many(200, parse_host(f"{1 + n}.{n}.0.1")), NOW)

    assert len(book) <= NEW_BUCKETS * BUCKET_SIZE


def test_old_address_makes_room_for_a_new_one(book: AddressBook) -> None:
    old = many(3000, SOURCE)
    for address in old:
        address.seen_at = NOW - 40 * DAY
    book.add(old, NOW)
    full = len(book)

    book.add(many(3000, SOURCE, first=60), NOW)

    left = sum(known.seen_at < NOW for known in book)
    assert left < full < len(book)


def test_address_that_answered_is_not_displaced_by_what_is_heard(book: AddressBook) -> None:
    endpoint = parse_endpoint("8.8.8.8:10841", 0)
    book.add([heard("8.8.8.8:10841")], NOW)
    book.mark_good(endpoint, 9, NOW)

    book.add(many(50_000, SOURCE), NOW + 90 * DAY)

    known = book.get(endpoint)
    assert known is not None and known.is_tried


def test_address_that_never_answers_is_forgotten_in_favour_of_others(book: AddressBook) -> None:
    known = heard("8.8.8.8:10841")
    book.add([known], NOW)

    for attempt in range(3):
        book.mark_attempt(known.endpoint, NOW + attempt * 600, counts=True)

    assert known.is_hopeless(NOW + 3600)


def test_failures_without_any_connection_are_not_held_against_an_address(
    book: AddressBook,
) -> None:
    known = heard("8.8.8.8:10841")
    book.add([known], NOW)

    for attempt in range(20):
        book.mark_attempt(known.endpoint, NOW + attempt, counts=False)

    assert not known.is_hopeless(NOW + 3600)


def test_nobody_can_be_chosen_from_an_empty_book(book: AddressBook) -> None:
    assert book.choose(NOW) is None
    assert book.choose(NOW, only_new=True) is None


def test_feelers_are_for_addresses_that_were_never_reached(book: AddressBook) -> None:
    book.add([heard("8.8.8.8:10841"), heard("9.9.9.9:10841")], NOW)
    book.mark_good(parse_endpoint("8.8.8.8:10841", 0), 9, NOW)

    chosen = {str(book.choose(NOW, only_new=True).endpoint) for _ in range(20)}  # type: ignore[union-attr]

    assert chosen == {"9.9.9.9:10841"}


def test_who_was_reached_before_is_tested_before_another_takes_the_place(
    book: AddressBook,
) -> None:
    first, second = _two_with_one_place(book)
    book.add([heard(str(first)), heard(str(second))], NOW)
    book.mark_good(first, 9, NOW)
    later = NOW + DAY

    book.mark_good(second, 9, later)
    tested = book.occupant_to_test()
    book.mark_attempt(first, later, counts=True)
    book.resolve_collisions(later + 120)

    assert tested is not None and tested.endpoint == first
    assert _is_tried(book, second) and not _is_tried(book, first)


def test_who_answers_the_test_keeps_the_place(book: AddressBook) -> None:
    first, second = _two_with_one_place(book)
    book.add([heard(str(first)), heard(str(second))], NOW)
    book.mark_good(first, 9, NOW)
    later = NOW + DAY

    book.mark_good(second, 9, later)
    book.mark_good(first, 9, later + 60)
    book.resolve_collisions(later + 120)

    assert _is_tried(book, first) and not _is_tried(book, second)


def test_asked_for_addresses_the_book_gives_a_part_and_nothing_hopeless(
    book: AddressBook,
) -> None:
    book.add(many(500, SOURCE), NOW)
    known = len(book)

    shared = book.share(NOW)

    assert 0 < len(shared) <= known * 23 // 100
    assert book.share(NOW + 40 * DAY) == []


def test_book_is_the_same_after_a_restart(book: AddressBook, tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    book.add(many(300, SOURCE), NOW)
    reached = next(iter(book)).endpoint
    book.mark_good(reached, 9, NOW)

    save_book(book, path)
    read = load_book(path, random.Random(2), NOW)

    assert sorted(map(repr, read)) == sorted(map(repr, book))
    assert _is_tried(read, reached)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"key":"00","addresses":[]}',
        b'{"key":"zz","addresses":[]}',
        *(KEY + row + b"]}" for row in DAMAGED_ROWS),
    ],
)
def test_damaged_file_is_an_empty_book(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "peers.json"
    path.write_bytes(content)

    assert len(load_book(path, random.Random(1), NOW)) == 0


def _is_tried(book: AddressBook, endpoint: Endpoint) -> bool:
    known = book.get(endpoint)
    return known is not None and known.is_tried


def _two_with_one_place(book: AddressBook) -> tuple[Endpoint, Endpoint]:
    """Find two addresses that claim the same place among the tried."""
    places: dict[tuple[int, int], Endpoint] = {}
    for address in many(20_000, SOURCE):
        place = book._tried_place(address.endpoint)
        if place in places:
            return places[place], address.endpoint
        places[place] = address.endpoint
    raise AssertionError("no two addresses share a place")


def test_who_takes_a_place_is_not_forgotten_where_the_old_one_goes(book: AddressBook) -> None:
    old, fresh = _two_with_both_places(book)
    book.add([old], NOW)
    book.mark_good(old.endpoint, 9, NOW - 20 * DAY)
    book.add([fresh], NOW)
    book.mark_good(fresh.endpoint, 9, NOW)

    later = NOW + 2 * DAY
    book.mark_attempt(old.endpoint, later, counts=True)
    book.resolve_collisions(later + 120)

    assert book.get(fresh.endpoint) is fresh
    assert fresh.is_tried
    assert book.choose(later) is not None


def _two_with_both_places(book: AddressBook) -> tuple[KnownAddress, KnownAddress]:
    """Two addresses that would have the same place among the new and among the tried ones."""
    seen: dict[object, KnownAddress] = {}
    for number in range(50_000):
        fresh = heard(f"8.8.{number // 250}.{number % 250 + 1}:10841", seen_at=NOW - 29 * DAY)
        places = book._tried_place(fresh.endpoint), book._new_place(fresh)
        if (old := seen.setdefault(places, fresh)) is not fresh:
            return old, fresh
    raise AssertionError("no two addresses have the same places")


def test_log_tells_what_becomes_of_an_address(
    book: AddressBook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ccxx.addrman")
    known = heard("9.8.7.6:10841")

    book.add([known], NOW)
    book.mark_attempt(known.endpoint, NOW, counts=True)
    book.mark_good(known.endpoint, 1, NOW)

    assert [record.message for record in caplog.records] == [
        "addresses heard new=1 known=1",
        "address called addr=9.8.7.6:10841 failures=1",
        "address reached addr=9.8.7.6:10841",
    ]


def test_one_that_cannot_be_tested_does_not_stand_before_others(book: AddressBook) -> None:
    for heard_of in many(300, SOURCE):
        book.add([heard_of], NOW)
        book.mark_good(heard_of.endpoint, 9, NOW)

    tested = {str(known.endpoint) for _ in range(200) if (known := book.occupant_to_test())}

    assert len(tested) > 1
