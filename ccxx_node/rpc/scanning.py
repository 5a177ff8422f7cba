"""`scantxoutset`: find unspent coins by what they pay to, one search at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import OutPoint
from ccxx_node.consensus.coins import Coin
from ccxx_node.rpc.arguments import as_integer, as_list, as_text
from ccxx_node.rpc.errors import misuse, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.scan_descriptors import parse_scan_descriptor
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.turns import in_turns
from ccxx_node.rpc.wire import Amount, Json

METHODS = Registry()

_DEFAULT_RANGE = 1000
_MAX_RANGE = 1_000_000
# Each holds some hundred bytes for as long as the search takes.
_MAX_SCRIPTS = 4_100_000


@dataclass(slots=True)
class _Scan:
    progress: int = 0
    is_aborted: bool = False


_scans: WeakKeyDictionary[NodeServices, _Scan] = WeakKeyDictionary()


@METHODS.method("Blockchain")
async def scantxoutset(node: NodeServices, action: Json, scanobjects: Json = None) -> Json:
    """Find unspent coins: `start` with an array of descriptors, `status`, or `abort`.

    Descriptors: `addr(ADDRESS)`, `raw(HEX)`, `pk(KEY)`, `pkh(KEY)`, `wpkh(KEY)`, `combo(KEY)`,
    `multi(N,KEY,…)`, and `sh(…)` and `wsh(…)` of them. A key is hex, a private key, or an extended
    key with a path; where that ends in `/*` an object `{"desc": …, "range": N}` says how far.
    """
    verb = as_text(action)
    running = _scans.get(node)
    if verb == "status":
        return None if running is None else {"progress": running.progress}
    if verb == "abort":
        if running is not None:
            running.is_aborted = True
        return running is not None
    if verb != "start":
        raise misuse("Invalid command")
    if running is not None:
        raise misuse('Scan already in progress, use action "abort" or "status"')
    scan = _scans[node] = _Scan()
    try:
        wanted = await _expand_all(node, scan, as_list(scanobjects))
        return await _search(node, scan, wanted)
    finally:
        del _scans[node]


async def _search(node: NodeServices, scan: _Scan, wanted: set[bytes]) -> dict[str, Json]:
    found: list[tuple[OutPoint, Coin]] = []
    searched = 0
    async for outpoint, coin in in_turns(node, node.chain.iterate_coins()):
        if scan.is_aborted:
            break
        searched += 1
        # Coins come in the order of their ids, which are spread evenly.
        scan.progress = outpoint.txid[0] * 100 // 256
        if coin.script_pubkey in wanted:
            found.append((outpoint, coin))
    return {
        "success": not scan.is_aborted,
        "searched_items": searched,
        "unspents": [_unspent(outpoint, coin) for outpoint, coin in found],
        "total_amount": Amount(sum(coin.value for _, coin in found)),
    }


def _unspent(outpoint: OutPoint, coin: Coin) -> dict[str, Json]:
    return {
        "txid": format_hash(outpoint.txid),
        "vout": outpoint.vout,
        "scriptPubKey": coin.script_pubkey.hex(),
        "amount": Amount(coin.value),
        "height": coin.height,
    }


async def _expand_all(node: NodeServices, scan: _Scan, values: Sequence[Json]) -> set[bytes]:
    scripts: set[bytes] = set()
    async for value in in_turns(node, values):
        text, last = _read_object(value)
        try:
            descriptor = parse_scan_descriptor(text, node.network)
        except DecodeError:
            raise not_found(f"Invalid descriptor '{text}'") from None
        async for index in in_turns(node, range(last + 1 if descriptor.is_range else 1)):
            try:
                scripts.update(descriptor.scripts_at(index))
            except DecodeError:
                reason = f"Cannot derive script without private keys: '{text}'"
                raise not_found(reason) from None
            if scan.is_aborted:
                return set()
            if len(scripts) > _MAX_SCRIPTS:
                raise misuse("more scripts than can be looked for at once")
    return scripts


def _read_object(value: Json) -> tuple[str, int]:
    """Return a descriptor's text and its last index."""
    if isinstance(value, str):
        return value, _DEFAULT_RANGE
    if not isinstance(value, dict):
        raise misuse("Scan object needs to be either a string or an object")
    if value.get("desc") is None:
        raise misuse("Descriptor needs to be provided in scan object")
    last = _DEFAULT_RANGE if value.get("range") is None else as_integer(value["range"])
    if not 0 <= last <= _MAX_RANGE:
        raise misuse("range out of range")
    return as_text(value["desc"]), last
