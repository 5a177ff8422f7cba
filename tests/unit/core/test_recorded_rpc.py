"""PSBTs, messages, scripts and multisig addresses as the reference daemon answered them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.address import decode_address, encode_address
from ccxx_core.errors import CcxxError
from ccxx_core.hashes import format_hash
from ccxx_core.keys import PrivateKey
from ccxx_core.message import sign_message, verify_message
from ccxx_core.network import REGTEST
from ccxx_core.psbt import Psbt, PsbtInput
from ccxx_core.script import multisig_script, p2sh_script, p2wsh_script, solve_script
from ccxx_core.transaction import Transaction


@pytest.fixture(scope="module")
def exchanges(vectors: Path) -> list[dict[str, Any]]:
    """All recorded HTTP exchanges."""
    recorded = json.loads((vectors / "chain" / "rpc-shapes.json").read_text())
    return list(recorded["exchanges"])


def answers(exchanges: list[dict[str, Any]], method: str) -> Iterator[tuple[list[Any], Any, bool]]:
    """Yield (parameters, result or error, was it a result) of each call of a method."""
    for exchange in exchanges:
        try:
            request = json.loads(exchange["request"])
        except (TypeError, ValueError):
            continue
        if not isinstance(request, dict) or request.get("method") != method:
            continue
        response = exchange["response"]
        if isinstance(request.get("params"), list) and isinstance(response, dict):
            is_result = response.get("error") is None
            yield request["params"], response["result" if is_result else "error"], is_result


def test_recorded_psbts_come_back_byte_for_byte(exchanges: list[dict[str, Any]]) -> None:
    count = 0
    for params, result, is_result in answers(exchanges, "decodepsbt"):
        if not is_result:
            with pytest.raises(CcxxError):
                Psbt.decode(params[0])
            continue
        psbt = Psbt.decode(params[0])
        assert psbt.to_base64() == params[0]
        assert format_hash(psbt.transaction.txid) == result["tx"]["txid"]
        for known, printed in zip(psbt.inputs, result["inputs"], strict=True):
            assert {key.hex(): signature.hex() for key, signature in known.signatures} == (
                printed.get("partial_signatures", {})
            )
        count += 1
    assert count >= 3


def test_recorded_psbts_are_combined_as_recorded(exchanges: list[dict[str, Any]]) -> None:
    count = 0
    for params, result, is_result in answers(exchanges, "combinepsbt"):
        try:
            combined = Psbt.combine([Psbt.decode(text) for text in params[0]])
        except CcxxError:
            assert not is_result
            continue
        assert combined.to_base64() == result
        count += 1
    assert count >= 1


def test_recorded_psbts_are_finished_as_recorded(exchanges: list[dict[str, Any]]) -> None:
    count = 0
    for params, result, is_result in answers(exchanges, "finalizepsbt"):
        if not is_result or "hex" not in result:
            continue
        assert Psbt.decode(params[0]).finalize().encode().hex() == result["hex"]
        count += 1
    assert count >= 1


def test_recorded_conversion_gives_our_empty_psbt(exchanges: list[dict[str, Any]]) -> None:
    count = 0
    for params, result, is_result in answers(exchanges, "converttopsbt"):
        if is_result and len(params) == 1:
            tx = Transaction.decode(bytes.fromhex(params[0]))
            psbt = Psbt.decode(result)
            assert (psbt.transaction, set(psbt.inputs)) == (tx, {PsbtInput()})
            count += 1
    assert count >= 1


def test_recorded_messages_have_our_signatures(exchanges: list[dict[str, Any]]) -> None:
    count = 0
    for (wif, text), signature, is_result in answers(exchanges, "signmessagewithprivkey"):
        if is_result:
            assert sign_message(PrivateKey.from_wif(wif, REGTEST), text) == signature
            count += 1
    assert count >= 1


def test_recorded_messages_verify_as_recorded(exchanges: list[dict[str, Any]]) -> None:
    verdicts = set()
    for params, result, is_result in answers(exchanges, "verifymessage"):
        if is_result:
            assert verify_message(*params, REGTEST) is result
            verdicts.add(result)
        elif len(params) == 3:
            with pytest.raises(CcxxError):
                verify_message(*params, REGTEST)
    assert verdicts == {True, False}


def test_recorded_scripts_have_their_kind_and_address(exchanges: list[dict[str, Any]]) -> None:
    count = 0
    for params, result, is_result in answers(exchanges, "decodescript"):
        if not is_result:
            continue
        script = bytes.fromhex(params[0])
        assert solve_script(script).kind == result["type"]
        if "p2sh" in result:
            assert encode_address(p2sh_script(script), REGTEST) == result["p2sh"]
        address = encode_address(script, REGTEST)
        assert address is None or result["addresses"] == [address]
        count += 1
    assert count >= 10


def test_recorded_multisig_addresses_are_ours(exchanges: list[dict[str, Any]]) -> None:
    count = 0
    for params, result, is_result in answers(exchanges, "createmultisig"):
        if not is_result or "p2sh-segwit" in params:
            continue
        script = multisig_script(params[0], [bytes.fromhex(key) for key in params[1]])
        wrap = p2wsh_script if "bech32" in params else p2sh_script
        assert script.hex() == result["redeemScript"]
        assert encode_address(wrap(script), REGTEST) == result["address"]
        count += 1
    assert count >= 2


def test_recorded_addresses_are_valid_where_they_were(exchanges: list[dict[str, Any]]) -> None:
    verdicts = set()
    for params, result, is_result in answers(exchanges, "validateaddress"):
        if not is_result or not params:
            continue
        verdicts.add(result["isvalid"])
        if not result["isvalid"]:
            with pytest.raises(CcxxError):
                decode_address(params[0], REGTEST)
            continue
        assert decode_address(params[0], REGTEST).hex() == result["scriptPubKey"]
    assert verdicts == {True, False}
