"""Bans: whom they cover, when they end, what survives a restart, and that they are bounded."""

from pathlib import Path

import pytest

from ccxx_core.errors import DecodeError
from ccxx_node.p2p.addresses import bans as bans_module
from ccxx_node.p2p.addresses.bans import BanList, BanReason, parse_subnet, single
from ccxx_node.p2p.addresses.endpoints import parse_host

NOW = 1_700_000_000


@pytest.fixture
def bans(tmp_path: Path) -> BanList:
    """An empty list that lasts for a day."""
    return BanList(tmp_path / "banlist.json")


def ban(bans: BanList, text: str, until: int = 0) -> None:
    """Ban as an operator would."""
    bans.add(parse_subnet(text), BanReason.MANUAL, NOW, until)


def test_single_address_is_banned_until_a_day_later(bans: BanList) -> None:
    ban(bans, "9.8.7.6")

    assert bans.is_banned(parse_host("9.8.7.6"), NOW + 86_399)
    assert not bans.is_banned(parse_host("9.8.7.6"), NOW + 86_400)
    assert not bans.is_banned(parse_host("9.8.7.5"), NOW)


@pytest.mark.parametrize("text", ["9.8.0.0/16", "9.8.7.6/255.255.0.0"])
def test_network_covers_its_addresses(bans: BanList, text: str) -> None:
    ban(bans, text)

    assert bans.is_banned(parse_host("9.8.200.1"), NOW)


def test_network_of_ipv6_covers_its_addresses(bans: BanList) -> None:
    ban(bans, "2001:4000::/19")

    assert bans.is_banned(parse_host("2001:4d48:ac57:400:cacf:e9ff:fe1d:9c63"), NOW)
    assert not bans.is_banned(parse_host("2001:8000::1"), NOW)


@pytest.mark.parametrize("text", ["9.8.7.6", "2001:4000::1", "bitcoinostk4e4re.onion"])
def test_peer_of_any_network_can_be_banned(bans: BanList, text: str) -> None:
    bans.add(single(parse_host(text)), BanReason.MISBEHAVING, NOW)

    assert bans.is_banned(parse_host(text), NOW)


def test_address_within_a_banned_network_counts_as_listed(bans: BanList) -> None:
    ban(bans, "127.0.0.0/24")

    assert bans.is_listed(parse_subnet("127.0.0.1"), NOW)
    assert not bans.is_listed(parse_subnet("127.0.0.0/25"), NOW)
    assert not bans.remove(parse_subnet("127.0.0.1"))


def test_shorter_ban_does_not_shorten_a_longer_one(bans: BanList) -> None:
    ban(bans, "9.8.7.6", NOW + 1000)
    ban(bans, "9.8.7.6", NOW + 10)

    assert bans.is_banned(parse_host("9.8.7.6"), NOW + 999)


def test_list_is_ordered_by_address_and_forgets_what_is_over(bans: BanList) -> None:
    for text in ("192.168.0.1", "127.0.0.0/32", "127.0.0.0/24", "2001:4000::/19"):
        ban(bans, text)
    ban(bans, "1.2.3.4", NOW + 1)

    listed = [one.subnet for one in bans.current(NOW + 2)]

    assert listed == ["127.0.0.0/24", "127.0.0.0/32", "192.168.0.1/32", "2001:4000::/19"]
    assert len(bans) == 4


def test_bans_are_kept_over_a_restart(bans: BanList, tmp_path: Path) -> None:
    ban(bans, "9.8.0.0/16")
    read = BanList(tmp_path / "banlist.json")

    read.load()

    assert read.current(NOW) == bans.current(NOW)


def test_ban_that_was_over_is_not_read_again(bans: BanList, tmp_path: Path) -> None:
    ban(bans, "9.8.7.6", NOW + 1)
    bans.current(NOW + 1)

    bans.save()
    read = BanList(tmp_path / "banlist.json")
    read.load()

    assert len(read) == 0


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'[{"subnet":"x"}]', b"\xff"])
def test_damaged_file_is_an_empty_list(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "banlist.json").write_bytes(content)
    bans = BanList(tmp_path / "banlist.json")

    bans.load()

    assert len(bans) == 0


def test_peers_cannot_make_the_list_grow_without_end(
    bans: BanList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bans_module, "MAX_MISBEHAVING", 100)
    ban(bans, "9.8.7.6")

    for n in range(300):
        subnet = parse_subnet(f"5.6.{n // 256}.{n % 256}")
        bans.add(subnet, BanReason.MISBEHAVING, NOW)

    assert len(bans) == 101
    assert bans.is_banned(parse_host("9.8.7.6"), NOW)
    assert bans.is_banned(parse_host("5.6.1.43"), NOW)


@pytest.mark.parametrize("text", ["127.0.0.1/42", "nobody", "", "1.2.3.4/255.0.255.0"])
def test_text_that_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        parse_subnet(text)


@pytest.mark.parametrize("text", ["::ffff:9.8.7.6", "::ffff:9.8.0.0/112"])
def test_mapped_address_covers_the_peer_that_it_stands_for(bans: BanList, text: str) -> None:
    ban(bans, text)

    assert bans.is_banned(parse_host("9.8.7.6"), NOW)
    assert not bans.is_banned(parse_host("9.9.7.6"), NOW)


def test_network_wider_than_the_mapped_range_stays_one_of_ipv6(bans: BanList) -> None:
    ban(bans, "::/64")

    assert not bans.is_banned(parse_host("9.8.7.6"), NOW)
