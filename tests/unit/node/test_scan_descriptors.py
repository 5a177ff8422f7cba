"""Descriptors of `scantxoutset`: which scripts they stand for, and which are refused."""

import pytest

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import hash160
from ccxx_core.network import REGTEST
from ccxx_core.script import (
    multisig_script,
    p2pk_script,
    p2pkh_script,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
)
from ccxx_node.rpc.scan_descriptors import parse_scan_descriptor

KEY = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
OTHER = bytes.fromhex("02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5")
HASH = hash160(KEY)
# The public seed that the family's own tests use.
PRIVATE = "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK"  # noqa: E501
PUBLIC = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B"  # noqa: E501
TWO = multisig_script(2, [KEY, OTHER])


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        (f"pk({KEY.hex()})", [p2pk_script(KEY)]),
        (f"pkh({KEY.hex()})", [p2pkh_script(HASH)]),
        (f"pkh([d34db33f/44h/0']{KEY.hex()})", [p2pkh_script(HASH)]),
        (f"wpkh({KEY.hex()})", [p2wpkh_script(HASH)]),
        (f"sh(wpkh({KEY.hex()}))", [p2sh_script(p2wpkh_script(HASH))]),
        (f"wsh(pkh({KEY.hex()}))", [p2wsh_script(p2pkh_script(HASH))]),
        (f"sh(wsh(pk({KEY.hex()})))", [p2sh_script(p2wsh_script(p2pk_script(KEY)))]),
        (f"multi(2,{KEY.hex()},{OTHER.hex()})", [TWO]),
        (f"sh(multi(2,{KEY.hex()},{OTHER.hex()}))", [p2sh_script(TWO)]),
        ("raw(6a00)", [b"\x6a\x00"]),
    ],
)
def test_descriptor_stands_for_its_scripts(text: str, scripts: list[bytes]) -> None:
    descriptor = parse_scan_descriptor(text, REGTEST)

    assert not descriptor.is_range
    assert descriptor.scripts_at(0) == scripts


def test_combo_stands_for_every_way_to_pay_to_a_key() -> None:
    program = p2wpkh_script(HASH)

    scripts = parse_scan_descriptor(f"combo({KEY.hex()})", REGTEST).scripts_at(0)

    assert scripts == [p2pk_script(KEY), p2pkh_script(HASH), program, p2sh_script(program)]


def test_private_and_public_key_lead_to_the_same_scripts() -> None:
    private = parse_scan_descriptor(f"pkh({PRIVATE}/1/1/*)", REGTEST)
    public = parse_scan_descriptor(f"pkh({PUBLIC}/1/1/*)", REGTEST)

    assert private.is_range
    assert [private.scripts_at(i) for i in range(3)] == [public.scripts_at(i) for i in range(3)]


def test_hardened_range_needs_a_private_key() -> None:
    private = parse_scan_descriptor(f"pkh({PRIVATE}/*h)", REGTEST)
    public = parse_scan_descriptor(f"pkh({PUBLIC}/*')", REGTEST)

    assert private.scripts_at(0) != private.scripts_at(1)
    with pytest.raises(DecodeError):
        public.scripts_at(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pkh()",
        "pkh(",
        f"pkh({KEY.hex()}",
        f"pkh({KEY.hex()[:-2]})",
        "pkh(" + "02" + "ff" * 32 + ")",
        f"sh(sh(pkh({KEY.hex()})))",
        f"wsh(wpkh({KEY.hex()}))",
        f"sh(combo({KEY.hex()}))",
        f"multi(3,{KEY.hex()},{OTHER.hex()})",
        f"multi(0,{KEY.hex()})",
        f"multi(1,{','.join([KEY.hex()] * 4)})",
        f"sh(multi(1,{','.join([KEY.hex()] * 16)}))",
        "raw(6)",
        "addr(nowhere)",
        f"pkh({PRIVATE}/x)",
        f"pkh({PUBLIC}/1h)",
        f"pkh({KEY.hex()})#00000000",
        "pkh(" * 2000,
    ],
)
def test_what_is_no_descriptor_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        parse_scan_descriptor(text, REGTEST)
