"""Endpoints: texts both ways, which network they are of, and what groups them."""

import pytest

from ccxx_core.errors import DecodeError
from ccxx_node.p2p.addresses.endpoints import (
    Endpoint,
    group_of,
    is_routable,
    parse_endpoint,
    parse_host,
    split_host,
)


@pytest.mark.parametrize(
    "text", ["1.2.3.4:10841", "[2001:470::1]:1", "bitcoinostk4e4re.onion:9333", "[::1]:65535"]
)
def test_text_becomes_an_endpoint_and_back(text: str) -> None:
    assert str(parse_endpoint(text, 1)) == text


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("1.2.3.4", "1.2.3.4", 7),
        ("node.example:8", "node.example", 8),
        ("2001:470::1", "2001:470::1", 7),
        ("[2001:470::1]", "2001:470::1", 7),
        ("[2001:470::1]:8", "2001:470::1", 8),
    ],
)
def test_port_may_be_left_out(text: str, host: str, port: int) -> None:
    assert split_host(text, 7) == (host, port)


@pytest.mark.parametrize(
    "text", ["1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:x", "node.example", "", "x.onion:1", "1.2:3"]
)
def test_text_that_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        parse_endpoint(text, 1)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("8.8.8.8", "ipv4"),
        ("2a00::1", "ipv6"),
        ("bitcoinostk4e4re.onion", "onion"),
        ("127.0.0.1", "local"),
        ("192.168.1.1", "local"),
        ("fe80::1", "local"),
        ("fd00::1", "local"),
    ],
)
def test_network_of_an_address(host: str, network: str) -> None:
    assert Endpoint(parse_host(host), 1).network == network
    assert is_routable(parse_host(host)) is (network != "local")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("8.8.1.1", "8.8.2.2", True),
        ("8.8.1.1", "8.9.1.1", False),
        ("2a00:1::1", "2a00:1:2::1", True),
        ("2a00:1::1", "2a00:2::1", False),
        ("2002:0808:0101::1", "8.8.2.2", True),
        ("2001:470:1000::1", "2001:470:2000::1", False),
        ("2001:470:1000::1", "2001:470:1001::1", True),
    ],
)
def test_addresses_of_one_owner_are_one_group(one: str, other: str, is_same: bool) -> None:
    assert (group_of(parse_host(one)) == group_of(parse_host(other))) is is_same
