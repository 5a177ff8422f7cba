"""`/rest/getutxos`: which of some outputs are unspent (BIP 64 over HTTP)."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from ccxx_core.encoding import encode_compact_size, read_compact_size, read_slice
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.transaction import OutPoint
from ccxx_node.consensus.coins import Coin
from ccxx_node.rpc.answers import BINARY, JSON, TEXT
from ccxx_node.rpc.rest_formats import (
    BAD_REQUEST,
    NOT_FOUND,
    Format,
    Found,
    RestFault,
    split_format,
)
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.shapes import script_shape
from ccxx_node.rpc.wire import Amount, encode

MAX_OUTPOINTS = 15
_POOL = "checkmempool"
_OUTPOINT = re.compile(r"([0-9a-fA-F]{2,64})-([0-9]{1,10})")
_MAX_VOUT = 0x7FFFFFFF
_OUTPOINT_BYTES = 36


def answer_coins(node: NodeServices, rest: str, body: bytes) -> Found:
    """Answer the part of a path behind `getutxos`, or the binary question in a body."""
    text, form = split_format(rest)
    asks_pool, outpoints = _parse_path(text)
    if not outpoints and (form is Format.JSON or not body):
        raise RestFault(BAD_REQUEST, "Error: empty request")
    if form is Format.NONE:
        raise RestFault(NOT_FOUND, "output format not found (available: .bin, .hex, .json)")
    if form is not Format.JSON and body:
        if outpoints:
            raise RestFault(
                BAD_REQUEST,
                "Combination of URI scheme inputs and raw post data is not allowed",
            )
        asks_pool, outpoints = _parse_body(body, is_hex=form is Format.HEX)
    if len(outpoints) > MAX_OUTPOINTS:
        raise RestFault(
            BAD_REQUEST,
            f"Error: max outpoints exceeded (max: {MAX_OUTPOINTS}, tried: {len(outpoints)})",
        )
    coins = [_coin(node, outpoint, asks_pool) for outpoint in outpoints]
    return _shape(node, coins) if form is Format.JSON else _encode(node, coins, form)


def _parse_path(text: str) -> tuple[bool, list[OutPoint]]:
    parts = [part for part in text.split("/") if part]
    asks_pool = parts[:1] == [_POOL]
    outpoints = []
    for part in parts[int(asks_pool) :]:
        match = _OUTPOINT.fullmatch(part)
        if match is None or len(match[1]) % 2 or int(match[2]) > _MAX_VOUT:
            raise RestFault(BAD_REQUEST, "Parse error")
        outpoints.append(
            OutPoint(Txid(bytes.fromhex(match[1].rjust(64, "0"))[::-1]), int(match[2]))
        )
    if parts and not outpoints:
        raise RestFault(BAD_REQUEST, "Error: empty request")
    return asks_pool, outpoints


def _parse_body(body: bytes, *, is_hex: bool) -> tuple[bool, list[OutPoint]]:
    """Read a flag for the pool and a list of outpoints, in the network's encoding."""
    try:
        data = bytes.fromhex(body.decode("ascii")) if is_hex else body
        flag, offset = read_slice(data, 0, 1)
        count, offset = read_compact_size(data, offset)
        if count > len(data) // _OUTPOINT_BYTES:
            raise DecodeError("fewer outpoints than announced")
        outpoints = []
        for _ in range(count):
            raw, offset = read_slice(data, offset, _OUTPOINT_BYTES)
            outpoints.append(OutPoint(Txid(raw[:32]), int.from_bytes(raw[32:], "little")))
    except (DecodeError, ValueError):
        raise RestFault(BAD_REQUEST, "Parse error") from None
    return flag != b"\0", outpoints


def _coin(node: NodeServices, outpoint: OutPoint, asks_pool: bool) -> Coin | None:
    pool = node.acceptor.pool
    if not asks_pool:
        return node.chain.get_coin(outpoint)
    if outpoint in pool.spenders:
        return None
    return pool.get_coin(outpoint) or node.chain.get_coin(outpoint)


def _encode(node: NodeServices, coins: Sequence[Coin | None], form: Format) -> Found:
    tip = node.chain.tip
    bits = bytearray((len(coins) + 7) // 8)
    for position, coin in enumerate(coins):
        bits[position // 8] |= (coin is not None) << position % 8
    found = [coin for coin in coins if coin is not None]
    data = b"".join(
        [
            struct.pack("<i", tip.height), tip.hash,
            encode_compact_size(len(bits)), bytes(bits), encode_compact_size(len(found)),
            *(_encode_coin(coin) for coin in found),
        ]
    )  # fmt: skip
    if form is Format.BINARY:
        return Found(200, data, BINARY)
    return Found(200, data.hex().encode() + b"\n", TEXT)


def _encode_coin(coin: Coin) -> bytes:
    # The first number was the version of the transaction, which no node keeps.
    head = struct.pack("<IIq", 0, coin.height, coin.value)
    return head + encode_compact_size(len(coin.script_pubkey)) + coin.script_pubkey


def _shape(node: NodeServices, coins: Sequence[Coin | None]) -> Found:
    tip = node.chain.tip
    shape = {
        "chainHeight": tip.height,
        "chaintipHash": format_hash(tip.hash),
        "bitmap": "".join("0" if coin is None else "1" for coin in coins),
        "utxos": [
            {
                "height": coin.height,
                "value": Amount(coin.value),
                "scriptPubKey": script_shape(coin.script_pubkey, node.network),
            }
            for coin in coins
            if coin is not None
        ],
    }
    return Found(200, encode(shape) + b"\n", JSON)
