"""Bodies of calls: the fast way to read them gives what the exact way gives."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccxx_node.rpc.errors import RpcFault
from ccxx_node.rpc.wire import decode, encode

NUMBERS = st.integers(-(2**80), 2**80) | st.decimals(
    allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9
).map(lambda value: value + Decimal("0.00000001"))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(alphabet=st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab1.eE-", max_size=6), inner)
    ),
    max_leaves=12,
)


def write(value: Any, gap: str) -> str:
    """Write JSON with numbers as they are."""
    if isinstance(value, dict):
        inner = (f"{json.dumps(k)}:{gap}{write(v, gap)}" for k, v in value.items())
        return "{" + f",{gap}".join(inner) + "}"
    if isinstance(value, list):
        return "[" + f",{gap}".join(write(each, gap) for each in value) + "]"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


@given(VALUES, st.sampled_from(["", " ", "\n\t"]))
@example([Decimal("0.10000000")], "")
@example({"1.5": [2**64, -(2**63) - 1]}, " ")
def test_numbers_are_read_exactly(value: Any, gap: str) -> None:
    body = write([value], gap).encode()

    assert decode(body) == [value]


@given(VALUES)
def test_what_was_read_can_be_written_again(value: Any) -> None:
    once = decode(write(value, "").encode())

    assert decode(encode(once)) == once


@given(st.binary(max_size=200))
@example(b'"\\ud800"')
@example(b"[" * 2000)
@example(b"1e999999999999999999999")
@example(b"nan")
def test_odd_bytes_are_values_or_a_parse_error(body: bytes) -> None:
    try:
        value = decode(body)
    except RpcFault as fault:
        assert fault.message == "Parse error"
    else:
        encode(value)


def test_names_that_stand_twice_are_kept_for_those_who_look() -> None:
    request = decode(b'{"method":"createrawtransaction","params":[[],{"a":1,"a":2}]}')

    assert request["params"][1].pairs == (("a", 1), ("a", 2))


def test_too_many_values_are_refused_before_they_are_read() -> None:
    with pytest.raises(RpcFault, match="more than 200000 values"):
        decode(b"[" + b"1," * 200_001 + b"1]")
