"""From options to how this node meets others; every wrong value is a `ConfigError` at the start."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from ccxx_core.errors import DecodeError
from ccxx_core.network import REGTEST
from ccxx_node.config import Config, ConfigError
from ccxx_node.node.descriptors import connections_within_limits
from ccxx_node.node.settings import consensus_params, user_agent
from ccxx_node.p2p.addresses.bans import DEFAULT_BAN_SECONDS, Subnet, parse_subnet
from ccxx_node.p2p.addresses.endpoints import (
    Endpoint,
    is_routable,
    parse_endpoint,
    parse_host,
    split_host,
)
from ccxx_node.p2p.addresses.proxy import DEFAULT_PROXY_PORT, Proxies
from ccxx_node.p2p.options import (
    DEFAULT_MAX_CONNECTIONS,
    DNS_SEEDS,
    Binding,
    DialOptions,
    NetworkOptions,
)
from ccxx_node.p2p.peers.door import PeerOptions
from ccxx_node.p2p.peers.initial_download import DEFAULT_MAX_TIP_AGE, InitialDownload
from ccxx_node.p2p.peers.peer import Services

_NETWORKS = frozenset({"ipv4", "ipv6", "onion"})
# Work that the true chain is known to have.
_MINIMUM_WORK = {"test": 0x203CAFCB7DE493}


def network_options(config: Config) -> NetworkOptions:
    """Return where to listen, whom to call, and the bounds of what peers may take."""
    bindings = _bindings(config)
    return NetworkOptions(
        folder=config.network_datadir,
        magic=config.network.magic,
        default_port=config.network.p2p_port,
        bindings=bindings,
        dialing=_dial_options(config),
        max_connections=connections_within_limits(_max_connections(config)),
        whitelist=tuple(_whitelisted(text) for text in config.texts("whitelist")),
        ban_seconds=config.number("bantime", DEFAULT_BAN_SECONDS),
        max_receive_buffer=1000 * config.number("maxreceivebuffer", 5000),
        max_send_buffer=max(1, 1000 * config.number("maxsendbuffer", 1000)),
        max_upload=config.number("maxuploadtarget", 0) << 20,
        own_addresses=_own_addresses(config),
        discovers_own=_discovers(config),
        is_active=config.flag("networkactive", True),
    )


def peer_options(config: Config, max_outbound: int) -> PeerOptions:
    """Return how peers are treated, and what they are told of this node.

    `max_outbound` is that of the `network_options`: how many may be chosen, and are kept.
    """
    is_pruned = config.number("prune", 0) != 0
    services = Services.NETWORK_LIMITED
    if consensus_params(config).knows_segwit:
        services |= Services.WITNESS
    if not is_pruned:
        services |= Services.NETWORK
    if config.flag("peerbloomfilters", True):
        services |= Services.BLOOM
    force_relay = config.flag("whitelistforcerelay", True)
    blocks_only = config.flag("blocksonly")
    return PeerOptions(
        services=services,
        user_agent=user_agent(config),
        minimum_work=minimum_work(config),
        ban_score=config.number("banscore", 100),
        relay_transactions=not blocks_only,
        whitelist_relay=config.flag("whitelistrelay", force_relay or not blocks_only),
        whitelist_force_relay=force_relay,
        send_rejects=config.flag("enablebip61", True),
        fee_filter=config.flag("feefilter", True),
        max_orphans=max(0, config.number("maxorphantx", 100)),
        extra_compact_transactions=max(0, config.number("blockreconstructionextratxn", 100)),
        is_listening=_listens(config),
        is_pruned=is_pruned,
        max_outbound=max_outbound,
    )


def _max_connections(config: Config) -> int:
    return max(0, config.number("maxconnections", DEFAULT_MAX_CONNECTIONS))


def minimum_work(config: Config) -> int:
    """Return the work that a chain must have before its blocks are worth downloading."""
    text = config.text("minimumchainwork")
    if not config.is_set("minimumchainwork"):
        return _MINIMUM_WORK.get(config.network.chain, 0)
    try:
        digits = text.removeprefix("0x")
        if not digits or not digits.isalnum():
            raise ValueError
        return int(digits, 16)
    except ValueError:
        raise ConfigError(f"Invalid non-hex ({text}) minimum chain work value specified") from None


def initial_download(config: Config) -> InitialDownload:
    """Return what knows whether the chain is still far from today."""
    return InitialDownload(minimum_work(config), config.number("maxtipage", DEFAULT_MAX_TIP_AGE))


# Listening


def _listens(config: Config) -> bool:
    # Who names an address to listen on wants to; who names others, or hides, does not.
    if config.is_set("bind") or config.is_set("whitebind"):
        return config.flag("listen", True)
    return config.flag("listen", not (_is_given(config, "connect") or config.is_set("proxy")))


def _discovers(config: Config) -> bool:
    hides = config.is_set("proxy") or config.is_set("externalip") or not _listens(config)
    return config.flag("discover", not hides)


def _bindings(config: Config) -> tuple[Binding, ...]:
    bound, trusted = config.texts("bind"), config.texts("whitebind")
    if not _listens(config):
        if bound or trusted:
            raise ConfigError("Cannot set -bind or -whitebind together with -listen=0")
        return ()
    port = _port(config)
    chosen = [_binding(text, port, "bind") for text in bound]
    chosen += [_binding(text, 0, "whitebind") for text in trusted]
    if chosen:
        return tuple(chosen)
    # The first address is for machines that have IPv6.
    return Binding("::", port, must_work=False), Binding("0.0.0.0", port)


def _binding(text: str, port: int, option: str) -> Binding:
    try:
        host, chosen = split_host(text, port)
        parse_host(host)
    except DecodeError:
        raise ConfigError(f"Cannot resolve -{option} address: '{text}'") from None
    if not chosen:
        raise ConfigError(f"Need to specify a port with -whitebind: '{text}'")
    return Binding(host, chosen, whitelists=option == "whitebind")


def _port(config: Config) -> int:
    port = config.number("port", config.network.p2p_port)
    if not 0 < port < 1 << 16:
        raise ConfigError(f"-port is {port}, wanted 1 to 65535")
    return port


def _whitelisted(text: str) -> Subnet:
    try:
        return parse_subnet(text)
    except DecodeError:
        raise ConfigError(f"Invalid netmask specified in -whitelist: '{text}'") from None


def _own_addresses(config: Config) -> tuple[Endpoint, ...]:
    # A test wants to be told an address, though nobody else could use it.
    if config.flag("addrmantest"):
        return (Endpoint(parse_host("127.0.0.1"), _port(config)),)
    named = [_own_address(config, text) for text in config.texts("externalip")]
    return tuple(own for own in named if is_routable(own.ip))


def _own_address(config: Config, text: str) -> Endpoint:
    try:
        return _resolve(config, text, _port(config))
    except (DecodeError, OSError):
        raise ConfigError(f"Cannot resolve -externalip address: '{text}'") from None


# Calling


def _dial_options(config: Config) -> DialOptions:
    connect = _given(config, "connect")
    proxies = _proxies(config)
    seeds = DNS_SEEDS.get(config.network.chain, ())
    asks_seeds = config.flag("dnsseed", not _is_given(config, "connect"))
    return DialOptions(
        # Nobody wants a test to call strangers that it heard of.
        chooses=not _is_given(config, "connect") and config.network is not REGTEST,
        connect=() if connect == ("0",) else connect,
        added=config.texts("addnode"),
        seed_nodes=config.texts("seednode"),
        dns_seeds=seeds if asks_seeds else (),
        forces_dns_seeds=config.flag("forcednsseed"),
        looks_up_names=config.flag("dns", True),
        timeout=_timeout(config),
        proxies=proxies,
        unreachable=_unreachable(config, proxies),
    )


def _given(config: Config, name: str) -> tuple[str, ...]:
    return tuple(text for text in config.texts(name) if text)


def _is_given(config: Config, name: str) -> bool:
    """Tell whether an option was given, `-no…` included."""
    return config.is_set(name) or config.text(name, "") == "0"


def _timeout(config: Config) -> float:
    milliseconds = config.number("timeout", 5000)
    return (milliseconds if milliseconds > 0 else 5000) / 1000


def _proxies(config: Config) -> Proxies:
    everything = _proxy(config, "proxy")
    onion = _proxy(config, "onion")
    if config.text("onion") == "0":
        onion = None
    elif onion is None:
        onion = everything
    randomizes = config.flag("proxyrandomize", True)
    return Proxies(everything, everything, onion, everything, randomizes)


def _proxy(config: Config, option: str) -> Endpoint | None:
    text = config.text(option)
    if text in ("", "0"):
        return None
    try:
        return _resolve(config, text, DEFAULT_PROXY_PORT)
    except (DecodeError, OSError):
        raise ConfigError(f"Invalid -{option} address or hostname: '{text}'") from None


def _resolve(config: Config, text: str, port: int) -> Endpoint:
    """Return where a text points to, names looked up; raises DecodeError or OSError."""
    try:
        return parse_endpoint(text, port)
    except DecodeError:
        if not config.flag("dns", True):
            raise
    host, port = split_host(text, port)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise DecodeError(f"{host!r} is no name of a machine") from None
    return Endpoint(parse_host(str(found[0][4][0])), port)


def _unreachable(config: Config, proxies: Proxies) -> frozenset[str]:
    only = config.texts("onlynet")
    for name in only:
        if _network_name(name) not in _NETWORKS:
            raise ConfigError(f"Unknown network specified in -onlynet: '{name}'")
    left = _NETWORKS - {_network_name(name) for name in only} if only else frozenset[str]()
    is_hidden = _hides_onion(config, proxies, only)
    return left | {"onion"} if is_hidden else left - {"onion"}


def _network_name(text: str) -> str:
    return {"tor": "onion"}.get(text.lower(), text.lower())


def _hides_onion(config: Config, proxies: Proxies, only: Sequence[str]) -> bool:
    if config.text("onion") == "0":
        return True
    return proxies.onion is None or bool(only and config.text("proxy") in ("", "0"))
