"""From options to how the node meets others: defaults that follow from others, and refusals."""

import resource
from pathlib import Path

import pytest

from ccxx_node.config import Config, ConfigError, read_config
from ccxx_node.node.network_settings import minimum_work, network_options, peer_options
from ccxx_node.node.node import Node
from ccxx_node.p2p.options import Binding
from ccxx_node.p2p.peers.peer import Services


def config(folder: Path, *options: str, network: str = "-regtest") -> Config:
    """The settings that a command line stands for."""
    return read_config([f"-datadir={folder}", network, *options])


def test_node_listens_on_all_addresses_by_default(tmp_path: Path) -> None:
    options = network_options(config(tmp_path))

    assert options.bindings == (Binding("::", 19444, must_work=False), Binding("0.0.0.0", 19444))


@pytest.mark.parametrize(
    "option", ["-listen=0", "-nolisten", "-connect=1.2.3.4", "-noconnect", "-proxy=127.0.0.1:9050"]
)
def test_node_does_not_listen_where_that_gives_it_away(tmp_path: Path, option: str) -> None:
    assert network_options(config(tmp_path, option)).bindings == ()


def test_address_to_listen_on_goes_before_what_others_imply(tmp_path: Path) -> None:
    options = network_options(config(tmp_path, "-connect=1.2.3.4", "-bind=127.0.0.1:7"))

    assert options.bindings == (Binding("127.0.0.1", 7),)


def test_trusted_address_needs_a_port(tmp_path: Path) -> None:
    options = network_options(config(tmp_path, "-whitebind=[::1]:8"))

    assert options.bindings == (Binding("::1", 8, whitelists=True),)
    with pytest.raises(ConfigError, match="Need to specify a port with -whitebind: '::1'"):
        network_options(config(tmp_path, "-whitebind=::1"))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["-listen=0", "-bind=::1"], "Cannot set -bind or -whitebind together with -listen=0"),
        (["-bind=nowhere"], "Cannot resolve -bind address: 'nowhere'"),
        (["-whitelist=1.2.3.4/99"], "Invalid netmask specified in -whitelist: '1.2.3.4/99'"),
        (["-onlynet=ham"], "Unknown network specified in -onlynet: 'ham'"),
        (["-proxy=1.2.3.4:99999"], "Invalid -proxy address or hostname: '1.2.3.4:99999'"),
        (["-proxy=a..b:1"], "Invalid -proxy address or hostname: 'a..b:1'"),
        (["-externalip=a..b"], "Cannot resolve -externalip address: 'a..b'"),
        (["-dns=0", "-onion=name"], "Invalid -onion address or hostname: 'name'"),
        (["-dns=0", "-externalip=name"], "Cannot resolve -externalip address: 'name'"),
        (["-port=70000"], "-port is 70000, wanted 1 to 65535"),
        (["-maxconnections=x"], "-maxconnections is 'x', wanted a whole number"),
    ],
)
def test_wrong_value_is_refused_in_the_words_of_the_family(
    tmp_path: Path, options: list[str], text: str
) -> None:
    with pytest.raises(ConfigError) as error:
        network_options(config(tmp_path, *options))

    assert str(error.value) == text


def test_nobody_is_called_by_choice_on_regtest(tmp_path: Path) -> None:
    assert not network_options(config(tmp_path)).dialing.chooses
    assert network_options(config(tmp_path, "-listen", network="-testnet")).dialing.chooses


def test_seeds_are_asked_on_the_main_network_unless_others_are_named(tmp_path: Path) -> None:
    alone = network_options(config(tmp_path, network="-chain=main"))
    named = network_options(config(tmp_path, "-connect=1.2.3.4", network="-chain=main"))

    assert alone.dialing.dns_seeds and alone.dialing.chooses
    assert not named.dialing.dns_seeds and not named.dialing.chooses
    assert named.dialing.connect == ("1.2.3.4",)


@pytest.mark.parametrize("option", ["-connect=0", "-noconnect"])
def test_nobody_is_called_where_that_is_switched_off(tmp_path: Path, option: str) -> None:
    dialing = network_options(config(tmp_path, option, network="-chain=main")).dialing

    assert dialing.connect == ()
    assert not dialing.chooses


def test_onion_names_are_called_through_a_proxy_only(tmp_path: Path) -> None:
    def unreachable(*options: str) -> frozenset[str]:
        return network_options(config(tmp_path, *options)).dialing.unreachable

    assert unreachable() == {"onion"}
    assert unreachable("-proxy=127.0.0.1") == set()
    assert unreachable("-onion=127.0.0.1") == set()
    assert unreachable("-proxy=127.0.0.1", "-noonion") == {"onion"}
    assert unreachable("-proxy=127.0.0.1", "-onlynet=onion") == {"ipv4", "ipv6"}


def test_services_follow_from_what_the_node_keeps_and_does(tmp_path: Path) -> None:
    full = peer_options(config(tmp_path), 8).services
    pruned = peer_options(config(tmp_path, "-prune=550", "-peerbloomfilters=0"), 8).services

    assert full == Services.NETWORK | Services.BLOOM | Services.WITNESS | Services.NETWORK_LIMITED
    assert pruned == Services.WITNESS | Services.NETWORK_LIMITED


def test_least_work_is_hexadecimal(tmp_path: Path) -> None:
    assert minimum_work(config(tmp_path, "-minimumchainwork=0x65")) == 101
    assert minimum_work(config(tmp_path)) == 0
    with pytest.raises(ConfigError, match="Invalid non-hex"):
        minimum_work(config(tmp_path, "-minimumchainwork=test"))


@pytest.mark.parametrize(("options", "most"), [((), 8), (("-maxconnections=3",), 3)])
def test_no_more_nodes_are_chosen_than_there_may_be_connections(
    tmp_path: Path, options: tuple[str, ...], most: int
) -> None:
    assert network_options(config(tmp_path, *options)).max_outbound == most


def test_no_more_nodes_are_kept_than_are_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where few files may be open, there are fewer than an operator asked for."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (162, 162))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)

    node = Node(config(tmp_path))

    assert node._network_options.max_outbound == 4
    assert node._peer_options.max_outbound == 4
