"""Descriptors describe the scripts that we build ourselves."""

import pytest

from ccxx_core.bip32 import HdKey
from ccxx_core.descriptor import (
    add_checksum,
    key_hash_descriptor,
    parse_descriptor,
    recoverable_descriptor,
    sorted_multisig_descriptor,
)
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import hash160
from ccxx_core.network import MAIN, REGTEST
from ccxx_core.script import (
    p2pkh_script,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
    sorted_multisig_script,
)
from ccxx_core.spending import RECOVERY_DELAY, parse_recoverable, recoverable_script

MASTER = HdKey.from_seed(bytes(16), MAIN)
ROOT, ISSUER, HOLDER = (MASTER.derive(f"m/{number}").public_key for number in range(3))
KEYS = [HOLDER, ROOT, ISSUER]
MULTISIG = sorted_multisig_script(3, KEYS)


def test_sorted_multisig_is_described_in_both_wraps() -> None:
    segwit = parse_descriptor(sorted_multisig_descriptor(KEYS, 3, "wsh"), REGTEST)
    legacy = parse_descriptor(sorted_multisig_descriptor(KEYS, 3, "sh"), REGTEST)

    assert segwit.script_pubkey == p2wsh_script(MULTISIG)
    assert (segwit.redeem_script, segwit.witness_script) == (None, MULTISIG)
    assert legacy.script_pubkey == p2sh_script(MULTISIG)
    assert (legacy.redeem_script, legacy.witness_script) == (MULTISIG, None)


def test_witness_script_inside_script_hash_is_read() -> None:
    joined = ",".join(key.hex() for key in KEYS)

    described = parse_descriptor(f"sh(wsh(sortedmulti(3,{joined})))", REGTEST)

    assert described.script_pubkey == p2sh_script(p2wsh_script(MULTISIG))
    assert described.redeem_script == p2wsh_script(MULTISIG)
    assert described.witness_script == MULTISIG


def test_recoverable_policy_compiles_to_our_script() -> None:
    script = recoverable_script(ROOT, ISSUER, HOLDER, RECOVERY_DELAY)

    described = parse_descriptor(recoverable_descriptor(ROOT, ISSUER, HOLDER), REGTEST)

    assert described.witness_script == script
    assert described.script_pubkey == p2wsh_script(script)
    assert parse_recoverable(script) == ((ROOT, ISSUER, HOLDER), RECOVERY_DELAY)


@pytest.mark.parametrize("delay", [17, 127, 128, 255, 256, 32767, 32768, 65535])
def test_every_delay_is_encoded_as_miniscript_does(delay: int) -> None:
    text = recoverable_descriptor(ROOT, ISSUER, HOLDER).partition("#")[0]
    other = text.replace(str(RECOVERY_DELAY), str(delay))

    described = parse_descriptor(other, REGTEST)

    script = recoverable_script(ROOT, ISSUER, HOLDER, delay)
    assert described.witness_script == script
    assert parse_recoverable(script) == ((ROOT, ISSUER, HOLDER), delay)


@pytest.mark.parametrize("delay", [0, 16, 65536])
def test_delay_out_of_range_is_our_mistake(delay: int) -> None:
    with pytest.raises(ValueError):
        recoverable_script(ROOT, ISSUER, HOLDER, delay)


def test_altered_recoverable_script_is_not_recognised() -> None:
    script = recoverable_script(ROOT, ISSUER, HOLDER, RECOVERY_DELAY)

    for position in range(len(script)):
        altered = bytearray(script)
        altered[position] ^= 0x40
        found = parse_recoverable(bytes(altered))
        assert found is None or found != ((ROOT, ISSUER, HOLDER), RECOVERY_DELAY)
    assert parse_recoverable(script + b"\0") is None
    assert parse_recoverable(MULTISIG) is None


def test_key_hashes_are_described() -> None:
    pkh = parse_descriptor(key_hash_descriptor(ROOT, "pkh"), REGTEST)
    wpkh = parse_descriptor(key_hash_descriptor(ROOT, "wpkh"), REGTEST)

    assert pkh.script_pubkey == p2pkh_script(hash160(ROOT))
    assert wpkh.script_pubkey == p2wpkh_script(hash160(ROOT))


def test_published_checksum_is_ours() -> None:
    # From the reference's documentation of descriptors.
    assert add_checksum("raw(deadbeef)") == "raw(deadbeef)#89f8spxm"


def test_extended_keys_of_this_chain_are_resolved() -> None:
    xpub = MASTER.derive("m/48h/571h").xpub()
    origin = f"[{MASTER.fingerprint.hex()}/48h/571h]"

    described = parse_descriptor(f"wpkh({origin}{xpub}/0/*)", MAIN, index=7)

    expected = MASTER.derive("m/48h/571h/0/7").public_key
    assert described.script_pubkey == p2wpkh_script(hash160(expected))


def test_origin_before_a_plain_key_is_accepted() -> None:
    described = parse_descriptor(f"pkh([01234567/1h/2]{ROOT.hex()})", MAIN)

    assert described.script_pubkey == p2pkh_script(hash160(ROOT))


def test_mistyped_descriptor_is_noticed_by_its_checksum() -> None:
    text = sorted_multisig_descriptor(KEYS, 3, "wsh")

    with pytest.raises(DecodeError, match="checksum"):
        parse_descriptor(text.replace("sortedmulti(3", "sortedmulti(2"), REGTEST)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#",
        "wsh(",
        "wsh()",
        "wsh(sortedmulti(3))",
        f"wsh(sortedmulti(3,{ROOT.hex()}))",
        f"wsh(sortedmulti(0,{ROOT.hex()}))",
        f"wpkh({ROOT.hex()}",
        f"wpkh({ROOT.hex()}))",
        f"wpkh(05{ROOT.hex()[2:]})",
        f"wpkh(02{'ff' * 32})",
        "wpkh(xpub)",
        f"wpkh({MASTER.xprv()})",
        f"wpkh({MASTER.derive('m/1').xpub()}/1h)",
        f"tr({ROOT.hex()})",
        f"wsh(multi(1,{ROOT.hex()}),older(5))",
        f"wpkh({ROOT.hex()})#qqqqqqqq",
        f"wpkh({ROOT.hex()})#",
        "wpkh(\u00e9)",
        "wsh(" * 1000,
        "wsh(" + "v:" * 1900,
        "wsh(older(" + "9" * 3000 + "))",
    ],
)
def test_other_text_is_no_descriptor(text: str) -> None:
    with pytest.raises(DecodeError):
        parse_descriptor(text, REGTEST)


def test_private_extended_key_describes_its_public_key() -> None:
    described = parse_descriptor(f"wpkh({MASTER.xprv()}/3)", MAIN)

    expected = MASTER.derive("m/3").public_key
    assert described.script_pubkey == p2wpkh_script(hash160(expected))
