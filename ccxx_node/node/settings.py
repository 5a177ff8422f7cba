"""From options to the settings of each part; every wrong value is a `ConfigError` at the start."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from pathlib import Path

from ccxx_core.block import MAX_HEADER_TIME
from ccxx_core.network import MAIN, REGTEST
from ccxx_node.chainstate.record_files import MAX_FILE_BYTES
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.chainstate.verification import DEFAULT_DEPTH
from ccxx_node.config import Config, ConfigError
from ccxx_node.consensus.params import PARAMS, ConsensusParams
from ccxx_node.mempool.policy import ChainLimits, Policy
from ccxx_node.mining.selection import BlockLimits
from ccxx_node.rpc.auth import Authenticator, SaltedUser
from ccxx_node.rpc.connections import Subnet
from ccxx_node.rpc.permissions import Permissions
from ccxx_node.rpc.server import RpcSettings

VERSION = "0.1.0"
# The reference's number for this protocol: clients compare it.
VERSION_NUMBER = 170200
_MAX_USER_AGENT = 256
_MAX_PORT = 65535
# MiB: the last 288 blocks, should all be full, and what they spent.
_LEAST_PRUNE_TARGET = 550
# No block up to this height is deleted by itself.
_PRUNE_AFTER = {"main": 100_000, "test": 1000, "regtest": 1000}
_FAST_PRUNE_FILE_BYTES = 1 << 16
_SAFE_IN_COMMENT = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;-_?@"
)


def consensus_params(config: Config) -> ConsensusParams:
    """Return the network's rules, with the test overrides that only regtest allows."""
    params = PARAMS[config.network.chain]
    for text in config.texts("vbparams"):
        params = _with_deployment(params, text)
    if not config.is_set("testmaturity") and not config.is_set("testsubsidy"):
        return params
    maturity = config.number("testmaturity", 0) or None
    interval = config.number("testsubsidy", 0) or None
    try:
        return params.with_test_overrides(maturity, interval)
    except ValueError as error:
        raise ConfigError(f"-testmaturity and -testsubsidy: {error}") from error


def _with_deployment(params: ConsensusParams, text: str) -> ConsensusParams:
    """Apply `-vbparams=name:start:timeout`; a start of -1 means always active."""
    name, *times = text.split(":")
    try:
        start, timeout = map(int, times)
    except ValueError:
        raise ConfigError(
            "Version bits parameters malformed, expecting deployment:start:end"
        ) from None
    try:
        return params.with_deployment(name, None if start == -1 else start, timeout)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def mock_time(config: Config) -> int:
    """Return the unix time at which the clock stands, for tests on regtest; 0 lets it run."""
    seconds = config.number("mocktime", 0)
    if seconds and config.network is not REGTEST:
        raise ConfigError("-mocktime is for regtest only")
    if not 0 <= seconds <= MAX_HEADER_TIME:
        raise ConfigError(f"-mocktime is {seconds}, wanted 0 to {MAX_HEADER_TIME}")
    return seconds


def mempool_policy(config: Config) -> Policy:
    """Return the relay policy; standardness is on by default on the main network only."""
    is_main = config.network is MAIN
    accepts_nonstandard = config.flag("acceptnonstdtxn", not is_main)
    if accepts_nonstandard and is_main:
        raise ConfigError("acceptnonstdtxn is not currently supported for main chain")
    incremental = config.amount("incrementalrelayfee", 1000)
    carrier_size = config.number("datacarriersize", 83)
    max_bytes = config.number("maxmempool", 300) * 1_000_000
    limits = _chain_limits(config)
    if max_bytes < limits.descendant_size * 40:
        least = -(-limits.descendant_size * 40 // 1_000_000)
        raise ConfigError(f"-maxmempool must be at least {least} MB")
    return Policy(
        require_standard=not accepts_nonstandard,
        # Whoever wants more for a replacement wants no less for anything else.
        min_relay_fee=config.amount("minrelaytxfee", max(1000, incremental)),
        incremental_fee=incremental,
        dust_fee=config.amount("dustrelayfee", 3000),
        data_carrier=carrier_size if config.flag("datacarrier", True) else 0,
        bare_multisig=config.flag("permitbaremultisig", True),
        bytes_per_sigop=config.number("bytespersigop", 20),
        replacement=config.flag("mempoolreplacement", False),
        max_bytes=max_bytes,
        expiry_seconds=config.number("mempoolexpiry", 336) * 3600,
        limits=limits,
    )


def _chain_limits(config: Config) -> ChainLimits:
    return ChainLimits(
        ancestors=config.number("limitancestorcount", 25),
        ancestor_size=config.number("limitancestorsize", 101) * 1000,
        descendants=config.number("limitdescendantcount", 25),
        descendant_size=config.number("limitdescendantsize", 101) * 1000,
    )


def block_limits(config: Config) -> BlockLimits:
    """Return how full our own blocks may be."""
    weight = config.number("blockmaxweight", 3_996_000)
    return BlockLimits(
        max_weight=max(4000, min(weight, 3_996_000)),
        min_fee=config.amount("blockmintxfee", 1000),
    )


def chainstate_options(config: Config) -> ChainstateOptions:
    """Return how the chain is stored; `-dbcache` and `-prune` are in MiB."""
    prune_target, has_index = _prune_target(config), config.flag("txindex")
    if prune_target is not None and has_index:
        raise ConfigError("Prune mode is incompatible with -txindex.")
    prunes_fast = config.flag("fastprune")
    if prunes_fast and config.network is not REGTEST:
        raise ConfigError("-fastprune is for regtest only")
    return ChainstateOptions(
        cache_bytes=max(4, config.number("dbcache", 450)) << 20,
        transaction_index=has_index,
        reindex=config.flag("reindex"),
        reindex_chainstate=config.flag("reindex-chainstate"),
        check_blocks=config.number("checkblocks", DEFAULT_DEPTH),
        blocks_folder=blocks_folder(config),
        file_bytes=_FAST_PRUNE_FILE_BYTES if prunes_fast else MAX_FILE_BYTES,
        prune_target=prune_target,
        prune_after=100 if prunes_fast else _PRUNE_AFTER[config.network.chain],
    )


def blocks_folder(config: Config) -> Path:
    """Return where the block files are: below `-blocksdir`, else below the data folder."""
    text = config.text("blocksdir")
    if not text or text == "0":
        return config.network_datadir / "blocks"
    root = Path(text).expanduser().absolute()
    if not root.is_dir():
        raise ConfigError(f'Specified blocks directory "{text}" does not exist.')
    return root / config.network.data_folder / "blocks"


def _prune_target(config: Config) -> int | None:
    mebibytes = config.number("prune", 0)
    if mebibytes < 0:
        raise ConfigError("Prune cannot be configured with a negative value.")
    if mebibytes == 0:
        return None
    if mebibytes == 1:  # as much as `pruneblockchain` says, and when
        return 0
    if mebibytes < _LEAST_PRUNE_TARGET:
        raise ConfigError(
            f"Prune configured below the minimum of {_LEAST_PRUNE_TARGET} MiB."
            "  Please use a higher number."
        )
    return mebibytes << 20


def rpc_settings(config: Config, users: Sequence[str]) -> RpcSettings:
    """Return where RPC listens and who may call; `users` are further `user:password` texts."""
    plain = list(users)
    if config.text("rpcpassword"):
        plain.append(f"{config.text('rpcuser')}:{config.text('rpcpassword')}")
    salted = [SaltedUser.parse(text) for text in config.texts("rpcauth")]
    if None in salted:
        raise ConfigError("Invalid -rpcauth argument, wanted user:salt$hash")
    return RpcSettings(
        addresses=_addresses(config),
        users=Authenticator(plain, [user for user in salted if user is not None]),
        allowed=tuple(_subnet(text) for text in config.texts("rpcallowip")),
        permissions=Permissions.parse(
            config.texts("rpcwhitelist"),
            not config.flag("rpcwhitelistdefault")
            if config.is_set("rpcwhitelistdefault")
            else None,
        ),
        has_rest=config.flag("rest"),
        timeout=max(1, config.number("rpcservertimeout", 30)),
        room=max(1, config.number("rpcthreads", 4)) + max(1, config.number("rpcworkqueue", 16)),
    )


def _addresses(config: Config) -> list[tuple[str, int]]:
    port = _port(config.text("rpcport", str(config.network.rpc_port)), "rpcport")
    # Without a word about who may call, nobody outside this machine can.
    if not config.texts("rpcallowip"):
        return [("::1", port), ("127.0.0.1", port)]
    bound = [_address(text, port) for text in config.texts("rpcbind")]
    # The second address is for machines where the first does not serve IPv4 too.
    return bound or [("::", port), ("0.0.0.0", port)]


def _address(text: str, default_port: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not host.startswith("[")):
        host, port = text, str(default_port)
    return host.strip("[]"), _port(port, "rpcbind")


def _port(text: str, option: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_PORT))
    if not is_number or not 0 < int(text) <= _MAX_PORT:
        raise ConfigError(f"-{option} has the port '{text}', wanted 1 to {_MAX_PORT}")
    return int(text)


def _subnet(text: str) -> Subnet:
    try:
        # IPv6 addresses may stand in brackets, as where ports follow them.
        return ipaddress.ip_network(re.sub(r"^\[(.*)\]", r"\1", text), strict=False)
    except ValueError:
        raise ConfigError(
            f"Invalid -rpcallowip subnet specification: {text}. Valid are a single IP"
            " (e.g. 1.2.3.4), a network/netmask (e.g. 1.2.3.4/255.255.255.0) or a network/CIDR"
            " (e.g. 1.2.3.4/24)."
        ) from None


def user_agent(config: Config) -> str:
    """Return the name that peers and `getnetworkinfo` see, with `-uacomment` texts."""
    comments = config.texts("uacomment")
    for comment in comments:
        if not _SAFE_IN_COMMENT.issuperset(comment):
            raise ConfigError(f"User Agent comment ({comment}) contains unsafe characters.")
    text = f"({'; '.join(comments)})" if comments else ""
    agent = f"/CCXX:{VERSION}{text}/"
    if len(agent) > _MAX_USER_AGENT:
        raise ConfigError(
            f"Total length of network version string ({len(agent)}) exceeds maximum length"
            f" ({_MAX_USER_AGENT}). Reduce the number or size of uacomments."
        )
    return agent


def worker_count(config: Config) -> int:
    """Return how many processes check signatures: 0 for one a core, less to leave cores free.

    On regtest the default is this one: its blocks are small, and starting others takes time.
    """
    count = config.number("par", 1 if config.network is REGTEST else 0)
    return count if count > 0 else max(1, (os.cpu_count() or 1) + count)
