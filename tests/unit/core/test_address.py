"""Addresses of the three networks, and of no other."""

import json
from pathlib import Path

import pytest

from ccxx_core.address import decode_address, encode_address
from ccxx_core.base58 import encode_base58check
from ccxx_core.errors import DecodeError
from ccxx_core.network import MAIN, NETWORKS, REGTEST, TEST, Network
from ccxx_core.script import null_data_script, p2pk_script, p2sh_script_of_hash

VECTORS = Path(__file__).parents[2] / "vectors" / "core" / "addresses.json"
CASES = json.loads(VECTORS.read_text())


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: case["address"])
def test_address_and_script_are_one(case: dict[str, str]) -> None:
    network, script = NETWORKS[case["chain"]], bytes.fromhex(case["script_pubkey"])

    assert encode_address(script, network) == case["address"]
    assert decode_address(case["address"], network) == script


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["why"])
def test_what_is_no_address_here_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(DecodeError):
        decode_address(case["address"], NETWORKS[case["chain"]])


@pytest.mark.parametrize(
    ("network", "old_prefix"), [(MAIN, 5), (TEST, 196), (REGTEST, 196)], ids=["main", "test", "reg"]
)
def test_older_script_hash_prefix_is_read_and_never_printed(
    network: Network, old_prefix: int
) -> None:
    script = p2sh_script_of_hash(bytes(range(20)))
    old = encode_base58check(bytes([old_prefix]) + bytes(range(20)))

    assert decode_address(old, network) == script
    assert encode_address(script, network) != old


def test_address_of_another_network_is_named_as_such() -> None:
    script = p2sh_script_of_hash(bytes(20))
    address = encode_address(script, MAIN)
    assert address is not None

    with pytest.raises(DecodeError, match="another network"):
        decode_address(address, REGTEST)


def test_bare_keys_and_data_have_no_address() -> None:
    assert encode_address(p2pk_script(b"\x02" + bytes(32)), MAIN) is None
    assert encode_address(null_data_script(b"data"), MAIN) is None
    assert encode_address(b"", MAIN) is None
