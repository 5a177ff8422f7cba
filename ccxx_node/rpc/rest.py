"""REST (`-rest`): what anybody who may connect can read without a password.

Paths end in the format of the answer, `.bin`, `.hex` or `.json`, and answer as the reference does.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from itertools import islice

from ccxx_core.errors import CcxxError
from ccxx_core.hashes import BlockHash, Txid
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.rpc.answers import BINARY, JSON, TEXT
from ccxx_node.rpc.blockchain import getblockchaininfo
from ccxx_node.rpc.blocks import block_in_full, block_of_ids
from ccxx_node.rpc.errors import RpcFault
from ccxx_node.rpc.mempool import all_entries, getmempoolinfo
from ccxx_node.rpc.rest_coins import answer_coins
from ccxx_node.rpc.rest_formats import (
    BAD_REQUEST,
    NO_SUCH_PATH,
    NOT_FOUND,
    Format,
    Found,
    RestFault,
    parse_hash,
    split_format,
)
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.shapes import header_shape, transaction_shape
from ccxx_node.rpc.transactions import find_transaction
from ccxx_node.rpc.wire import Json, encode

_log = logging.getLogger("ccxx.rpc")

PREFIX = "/rest/"
_MAX_HEADERS = 2000
_INTERNAL = 500
_UNAVAILABLE = 503


class RestInterface:
    """Answers paths below `/rest/`."""

    def __init__(self, node: NodeServices) -> None:
        self._node = node
        self._routes: tuple[tuple[str, Callable[[str, bytes], Awaitable[Found]]], ...] = (
            ("/rest/tx/", self._transaction),
            ("/rest/block/notxdetails/", self._block_of_ids),
            ("/rest/block/", self._block),
            ("/rest/chaininfo", self._chain),
            ("/rest/mempool/info", self._pool),
            ("/rest/mempool/contents", self._pool_contents),
            ("/rest/headers/", self._headers),
            ("/rest/getutxos", self._coins),
        )

    async def answer(self, path: str, body: bytes) -> Found:
        """Return what a path stands for, or in plain text why there is nothing."""
        route = next((each for each in self._routes if path.startswith(each[0])), None)
        if route is None:
            return Found(NOT_FOUND, NO_SUCH_PATH, TEXT)
        try:
            if self._node.starting is not None:
                reason = f"Service temporarily unavailable: {self._node.starting}"
                raise RestFault(_UNAVAILABLE, reason)
            return await route[1](path.removeprefix(route[0]), body)
        except RestFault as fault:
            return _refusal(fault.status, fault)
        except RpcFault as fault:
            return _refusal(_UNAVAILABLE, fault)
        except CcxxError as error:
            _log.error("rest failed reason=%s", error)
            if isinstance(error, CorruptionError):
                # Nothing that is built on it could be trusted.
                self._node.fail(error)
            # The reason names files: not for everybody.
            return Found(_INTERNAL, b"internal error, see debug.log\r\n", TEXT)

    async def _transaction(self, rest: str, _: bytes) -> Found:
        text, form = split_format(rest)
        txid = Txid(parse_hash(text))
        try:
            tx, entry = find_transaction(self._node, txid, None)
        except RpcFault:
            raise RestFault(NOT_FOUND, f"{text} not found") from None
        if form is not Format.JSON:
            return _raw(tx.encode(), form)
        shape = transaction_shape(tx, self._node.network)
        if entry is not None:
            # The block stands between the outputs and the bytes there.
            hex_form = shape.pop("hex")
            shape |= {"blockhash": entry.hash[::-1].hex(), "hex": hex_form}
        return _json(shape)

    async def _block(self, rest: str, _: bytes) -> Found:
        entry, form = self._stored(rest)
        if form is Format.JSON:
            return _json(await block_in_full(self._node, entry))
        return self._raw_block(entry, form)

    async def _block_of_ids(self, rest: str, _: bytes) -> Found:
        entry, form = self._stored(rest)
        if form is Format.JSON:
            return _json(block_of_ids(self._node, entry))
        return self._raw_block(entry, form)

    def _stored(self, rest: str) -> tuple[BlockEntry, Format]:
        text, form = split_format(rest)
        entry = self._node.chain.entry(BlockHash(parse_hash(text)))
        if entry is not None and entry.is_pruned:
            raise RestFault(NOT_FOUND, f"{text} not available (pruned data)")
        if entry is None or entry.block_position is None:
            raise RestFault(NOT_FOUND, f"{text} not found")
        return entry, form

    def _raw_block(self, entry: BlockEntry, form: Format) -> Found:
        raw = self._node.chain.get_raw_block(entry.hash)
        assert raw is not None
        return _raw(raw, form)

    async def _chain(self, rest: str, _: bytes) -> Found:
        _want_json(rest)
        return _json(getblockchaininfo(self._node))

    async def _pool(self, rest: str, _: bytes) -> Found:
        _want_json(rest)
        return _json(getmempoolinfo(self._node))

    async def _pool_contents(self, rest: str, _: bytes) -> Found:
        _want_json(rest)
        return _json(await all_entries(self._node))

    async def _headers(self, rest: str, _: bytes) -> Found:
        text, form = split_format(rest)
        count_text, slash, hash_text = text.partition("/")
        if not slash or "/" in hash_text:
            raise RestFault(
                BAD_REQUEST,
                "No header count specified. Use /rest/headers/<count>/<hash>.<ext>.",
            )
        is_number = count_text.isascii() and count_text.isdigit() and len(count_text) < 5
        count = int(count_text) if is_number else 0
        if not 1 <= count <= _MAX_HEADERS:
            raise RestFault(BAD_REQUEST, f"Header count out of range: {count_text}")
        entries = self._entries_from(BlockHash(parse_hash(hash_text)), count)
        if form is not Format.JSON:
            if form is Format.NONE:
                raise RestFault(NOT_FOUND, "output format not found (available: .bin, .hex)")
            return _raw(b"".join(entry.header.encode() for entry in entries), form)
        chain = self._node.chain
        return _json([header_shape(one, chain.tip, chain.next_entry(one)) for one in entries])

    def _entries_from(self, block_hash: BlockHash, count: int) -> list[BlockEntry]:
        chain = self._node.chain
        first = chain.entry(block_hash)
        if first is None or not chain.is_active(first):
            return []
        heights = islice(range(first.height, chain.height + 1), count)
        found = (chain.entry_at(height) for height in heights)
        return [entry for entry in found if entry is not None]

    async def _coins(self, rest: str, body: bytes) -> Found:
        return answer_coins(self._node, rest, body)


def _refusal(status: int, reason: CcxxError) -> Found:
    return Found(status, f"{reason}\r\n".encode(), TEXT)


def _want_json(rest: str) -> None:
    if split_format(rest)[1] is not Format.JSON:
        raise RestFault(NOT_FOUND, "output format not found (available: json)")


def _json(value: Json) -> Found:
    return Found(200, encode(value) + b"\n", JSON)


def _raw(data: bytes, form: Format) -> Found:
    if form is Format.BINARY:
        return Found(200, data, BINARY)
    if form is Format.HEX:
        return Found(200, data.hex().encode() + b"\n", TEXT)
    raise RestFault(NOT_FOUND, "output format not found (available: .bin, .hex, .json)")
