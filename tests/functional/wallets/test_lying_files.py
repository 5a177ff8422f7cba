"""Files that lie to a co-signer: about coins, scripts, keys, signatures, and what is whose."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.bip32 import KeyOrigin
from ccxx_core.keys import PrivateKey
from ccxx_core.psbt import Psbt
from ccxx_core.psbt_fields import PsbtInput, PsbtOutput
from ccxx_core.script import multisig_script, p2wsh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_regtest.processes import Process, free_ports, program

Town = Any
Person = Any
MALLORY = PrivateKey(bytes(31) + b"\x0d")
MALLORYS_SCRIPT = multisig_script(1, [MALLORY.public_key])
SOMETHING_ELSE = Transaction(2, (TxInput(OutPoint(bytes(32), 0)),), (TxOutput(10**8, b"\x51"),))


def first_input(psbt: Psbt, **changes: Any) -> Psbt:
    """Say something else of the permit coin; the issuer's own signature would betray most of it."""
    changed = replace(psbt.inputs[0], **({"signatures": ()} | changes))
    return replace(psbt, inputs=(changed, *psbt.inputs[1:]))


def coin(psbt: Psbt) -> TxOutput:
    output = psbt.inputs[0].witness_utxo
    assert output is not None
    return output


def worth(psbt: Psbt, more: int) -> Psbt:
    return first_input(psbt, witness_utxo=coin(psbt)._replace(value=coin(psbt).value + more))


def all_worth_more(psbt: Psbt) -> Psbt:
    """Each input a little: the sum would pass for an ordinary fee."""
    inputs = tuple(
        replace(
            each,
            witness_utxo=each.witness_utxo._replace(value=each.witness_utxo.value + 1),
            signatures=(),
        )
        for each in psbt.inputs
        if each.witness_utxo is not None
    )
    return replace(psbt, inputs=inputs)


def at_mallorys(psbt: Psbt) -> Psbt:
    """The coin is said to lie at a script that needs one stranger alone."""
    place = coin(psbt)._replace(script_pubkey=p2wsh_script(MALLORYS_SCRIPT))
    return first_input(psbt, witness_utxo=place, witness_script=MALLORYS_SCRIPT)


def previous(psbt: Psbt, tx: Transaction) -> Psbt:
    return first_input(psbt, non_witness_utxo=tx, witness_utxo=None)


def another_coin(psbt: Psbt) -> Psbt:
    """The transaction spends another coin than the one that is described."""
    tx = psbt.transaction
    inputs = (tx.inputs[0]._replace(prevout=OutPoint(bytes([7]) * 32, 0)), *tx.inputs[1:])
    unsigned = tuple(replace(each, signatures=()) for each in psbt.inputs)
    return replace(psbt, transaction=replace(tx, inputs=inputs), inputs=unsigned)


def signed_for_less(psbt: Psbt) -> Psbt:
    """A signature that allows all outputs to be changed stands where the issuer's stood."""
    ((key, signature), *_) = psbt.inputs[0].signatures
    return first_input(psbt, signatures=((key, signature[:-1] + b"\x02"),))


def signed_by_mallory(psbt: Psbt) -> Psbt:
    ((key, _), *_) = psbt.inputs[0].signatures
    stolen = MALLORY.sign(bytes(32)) + b"\x01"
    return first_input(psbt, signatures=((key, stolen),))


def a_strangers_signature(psbt: Psbt) -> Psbt:
    signatures = ((MALLORY.public_key, MALLORY.sign(bytes(32)) + b"\x01"),)
    return first_input(psbt, signatures=signatures)


Lie = tuple[Callable[[Psbt], Psbt], set[str]]
LIES: dict[str, Lie] = {
    "worth less": (lambda psbt: worth(psbt, -50_000), {"input-misstated"}),
    "worth more": (lambda psbt: worth(psbt, 50_000), {"input-misstated"}),
    "all worth a satoshi more": (all_worth_more, {"input-misstated"}),
    "at another script": (at_mallorys, {"input-misstated", "nothing-to-sign"}),
    "behind another script": (
        lambda psbt: first_input(psbt, witness_script=MALLORYS_SCRIPT),
        {"bad-file"},
    ),
    "behind no script": (lambda psbt: first_input(psbt, witness_script=None), {"bad-file"}),
    "from another transaction": (lambda psbt: previous(psbt, SOMETHING_ELSE), {"bad-file"}),
    "from nowhere": (
        lambda psbt: first_input(psbt, witness_utxo=None, non_witness_utxo=None),
        {"bad-file"},
    ),
    "another coin": (another_coin, {"input-unknown"}),
    "to be signed for no output": (
        lambda psbt: first_input(psbt, sighash_type=0x02),
        {"altered", "bad-file", "rules"},
    ),
    "to be signed for one input": (
        lambda psbt: first_input(psbt, sighash_type=0x81),
        {"altered", "bad-file", "rules"},
    ),
    "signed for less": (signed_for_less, {"altered"}),
    "signed by somebody else": (signed_by_mallory, {"altered"}),
    "signed by a stranger": (a_strangers_signature, {"altered"}),
}


@dataclass(frozen=True)
class Service:
    """The root's co-signer, asked without any of our client's care."""

    port: int
    token: str

    def ask(self, psbt: Psbt) -> tuple[int, dict[str, Any]]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            headers = {"Authorization": f"Bearer {self.token}"}
            connection.request("POST", "/v1/sign", psbt.encode(), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())


@pytest.fixture(scope="module")
def service(
    town: Town, issuer: Person, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A running co-signer that would sign whatever is honest."""
    folder, port = tmp_path_factory.mktemp("service"), free_ports(1)[0]
    policy, token = folder / "policy.toml", folder / "issuer.token"
    policy.write_text("[permits]\napprovals = 0\n[service]\nrequests_a_minute = 1000\n")
    key = issuer.do("key")["issuer_key"]
    town.root.do(
        "cosigner",
        "token",
        "add",
        "lied-to",
        "--role",
        "issuer",
        "--out",
        token,
        "--issuer-key",
        key,
    )
    process = Process(
        "ccxx-root",
        [program("ccxx-root"), "cosigner", "serve", "--port", str(port), "--policy", str(policy)],
        folder / "cosigner.log",
        {**town.environment, "CCXX_WALLET": str(town.root.folder)},
    )
    process.wait_until(lambda: "Co-signer: http" in (folder / "cosigner.log").read_text())
    yield Service(port, token.read_text().strip())
    process.stop()


@pytest.fixture(scope="module")
def draft(town: Town, issuer: Person, holder: Person) -> Callable[[int], Psbt]:
    """Return what drafts a certificate, signed by the issuer alone, that the root would sign."""

    def make(serial: int) -> Psbt:
        key = holder.do("key", "new")["holder_key"]
        return Psbt.decode(town.draft(issuer, key, serial).read_bytes())

    return make


@pytest.fixture(scope="module")
def honest(draft: Callable[[int], Psbt]) -> Psbt:
    """The draft that lies are told about, which nobody has signed."""
    return draft(700)


def test_a_file_without_a_lie_is_signed(draft: Callable[[int], Psbt], service: Service) -> None:
    status, facts = service.ask(draft(701))

    assert status == 200, facts
    assert Psbt.decode(facts["psbt"]).finalize()


@pytest.mark.parametrize("lie", LIES)
def test_the_service_refuses_a_file_that_lies(honest: Psbt, service: Service, lie: str) -> None:
    tell, reasons = LIES[lie]

    status, facts = service.ask(tell(honest))

    assert status in (400, 403)
    assert facts["error"] in reasons, facts
    assert "psbt" not in facts


@pytest.mark.parametrize("lie", LIES)
def test_the_roots_wallet_refuses_a_file_that_lies(
    town: Town, honest: Psbt, lie: str, tmp_path: Path
) -> None:
    tell, reasons = LIES[lie]
    file = tmp_path / "lie.psbt"
    file.write_bytes(tell(honest).encode())
    before = file.read_bytes()

    results = [town.root.refused("sign", file, *more) for more in ((), ("--force", "--spend-own"))]

    assert {result.facts["error"] for result in results} <= reasons, results[0].error
    assert file.read_bytes() == before


def test_what_a_file_says_of_paths_change_and_completion_decides_nothing(
    town: Town, draft: Callable[[int], Psbt], service: Service, tmp_path: Path
) -> None:
    honest = draft(702)
    _, told = service.ask(honest)
    true = Psbt.decode(told["psbt"])
    ours = {key for key, _ in true.inputs[0].origins} | set(dict(true.inputs[0].signatures))
    claim = KeyOrigin(b"\xde\xad\xbe\xef", (0, 1, 2))
    origins = tuple(sorted((key, claim) for key in {*ours, MALLORY.public_key}))
    outputs = tuple(
        PsbtOutput(witness_script=MALLORYS_SCRIPT, origins=origins) for _ in honest.outputs
    )
    described: PsbtInput = replace(
        honest.inputs[0], origins=origins, final_witness=(b"", b"\x30" * 71)
    )
    lying = replace(honest, inputs=(described, *honest.inputs[1:]), outputs=outputs)
    file, plain = tmp_path / "lie.psbt", tmp_path / "true.psbt"
    file.write_bytes(lying.encode())
    plain.write_bytes(honest.encode())

    shown = [town.root.do("sign", each) for each in (file, plain)]

    assert shown[0]["meaning"] == shown[1]["meaning"]
    assert Psbt.decode(file.read_bytes()).finalize() == true.finalize()
