"""JSON as the family writes it: compact, amounts with eight decimals, floats with 16 digits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from ccxx_core.amount import format_amount
from ccxx_node.rpc.errors import Code, RpcFault

Json = Any

_MAX_DIGITS = 19
_SURROGATE = re.compile(rb"\\u[dD]")
# A number with a point or an exponent, or one that 64 bits do not hold: orjson would round it.
_NEEDS_CARE = re.compile(rb"[\[:,\s-][0-9]+[.eE]|[\[:,\s-][0-9]{19}")
# createrawtransaction, createpsbt: an address that stands twice must not be lost silently.
_NAMES_MATTER = b'"create'
# More would be read for so long that other callers had to wait.
MAX_VALUES = 200_000
# Fewer brackets than this cannot be nested deeper than JSON is written.
_HARMLESS_BRACKETS = 250


class Amount:
    """Satoshis that are printed as a number of coins with eight decimals."""

    __slots__ = ("satoshis",)

    def __init__(self, satoshis: int) -> None:
        self.satoshis = satoshis


class Doubled(dict[str, Json]):
    """An object in which a name stands more than once; `pairs` has all of them."""

    def __init__(self, pairs: Sequence[tuple[str, Json]]) -> None:
        super().__init__(pairs)
        self.pairs = tuple(pairs)


class Real:
    """A float that is printed with 16 significant digits."""

    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = value


def encode(value: Json) -> bytes:
    """Write compact JSON."""
    return orjson.dumps(value, default=_encode_special)


def write(value: Json) -> orjson.Fragment:
    """Write a part of an answer ahead: the whole then holds its bytes, and is written at once."""
    return orjson.Fragment(encode(value))


def _encode_special(value: object) -> orjson.Fragment:
    if isinstance(value, Amount):
        return orjson.Fragment(format_amount(value.satoshis))
    if isinstance(value, Real):
        return orjson.Fragment(format(value.value, ".16g"))
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")


def decode(body: bytes) -> Json:
    """Read JSON, numbers with a point as `Decimal`, or raise the fault that says "Parse error"."""
    values = body.count(b",")
    if values > MAX_VALUES:
        raise RpcFault(Code.INVALID_REQUEST, f"Request has more than {MAX_VALUES} values")
    try:
        if _NAMES_MATTER in body:
            value = _PAIRS_DECODER.decode(body.decode())
        elif _NEEDS_CARE.search(body) is None:
            value = orjson.loads(body)
        else:
            value = _DECODER.decode(body.decode())
        if body.count(b"[") + body.count(b"{") > _HARMLESS_BRACKETS or _SURROGATE.search(body):
            # Half a character and what is nested too deep can be read but not written: no answer
            # could carry such an id back.
            encode(value)
        return value
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        raise RpcFault(Code.PARSE_ERROR, "Parse error") from None


def _parse_int(text: str) -> int | Decimal:
    # What no 64-bit number can hold is no number that a method takes; it can only be echoed.
    return int(text) if len(text) < _MAX_DIGITS else Decimal(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _keep_pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Doubled(pairs)


_NUMBERS: Mapping[str, Any] = {
    "parse_float": Decimal,
    "parse_int": _parse_int,
    "parse_constant": _refuse_constant,
}
_DECODER = json.JSONDecoder(**_NUMBERS)
_PAIRS_DECODER = json.JSONDecoder(object_pairs_hook=_keep_pairs, **_NUMBERS)


def reply(result: Json, error: RpcFault | None, request_id: Json) -> Mapping[str, Json]:
    """Return an answer in the shape of JSON-RPC 1.0: `error` is always there."""
    if error is None:
        return {"result": result, "error": None, "id": request_id}
    details = {"code": int(error.code), "message": error.message}
    return {"result": None, "error": details, "id": request_id}


def parse_call(request: Json) -> tuple[str, Sequence[Json] | Mapping[str, Json]]:
    """Return method and parameters of one request, or raise `RpcFault`."""
    if not isinstance(request, dict):
        raise RpcFault(Code.INVALID_REQUEST, "Invalid Request object")
    method = request.get("method")
    if method is None:
        raise RpcFault(Code.INVALID_REQUEST, "Missing method")
    if not isinstance(method, str):
        raise RpcFault(Code.INVALID_REQUEST, "Method must be a string")
    params = request.get("params")
    if params is None:
        return method, []
    if not isinstance(params, list | dict):
        raise RpcFault(Code.INVALID_REQUEST, "Params must be an array or object")
    return method, params
