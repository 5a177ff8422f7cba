"""JSON that has one form, so that its hash means something (RFC 8785)."""

import json
from typing import Any

import rfc8785

from ccxx_core.errors import DecodeError


def encode_canonical(value: Any) -> bytes:
    """Return the canonical bytes; DecodeError for a value that JSON cannot hold exactly."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise DecodeError(f"no canonical JSON: {error}") from None


def decode_json(data: bytes | str) -> Any:
    """Read JSON of any layout; DecodeError also where an object names a key twice."""
    try:
        return json.loads(data, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a key twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
