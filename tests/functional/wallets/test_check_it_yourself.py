"""What the explorer's page of a certificate says can be repeated: its commands work when pasted."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccxx_regtest.processes import program

Town = Any
Person = Any
Ask = Callable[[str], Any]


@pytest.fixture
def paste(town: Town, holder: Person, tmp_path: Path) -> Callable[[str], str]:
    """Return a function that runs a command as a holder types it, beside a node of its own."""
    host, _, port = town.environment["CCXX_NODE"].rpartition(":")
    cookie = Path(town.environment["CCXX_DATADIR"]) / "regtest" / ".cookie"
    datadir = tmp_path / "node of mine"
    (datadir / "regtest").mkdir(parents=True)
    (datadir / "regtest" / ".cookie").symlink_to(cookie)
    (datadir / "counosx.conf").write_text(f"[regtest]\nrpcconnect={host}\nrpcport={port}\n")
    path = f"{Path(program('ccxx-cli')).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | town.environment
    environment |= {"HOME": str(tmp_path), "PATH": path, "CCXX_WALLET": str(holder.folder)}
    environment["CCXX_DATADIR"] = str(datadir)

    def run(command: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def signers(event: Any) -> set[str]:
    """Name the roles that signed an event."""
    return {key["role"] for key in event["signatures"] if key["signed"]}


def test_every_command_works_when_pasted_and_every_signer_is_named(
    town: Town, ask: Ask, holder: Person, paste: Callable[[str], str], tmp_path: Path
) -> None:
    issuer = town.issuer("pasted")
    town.grant(issuer)
    certificate = town.issue(issuer, new_key(holder), 1)
    other = town.holder("other")
    file = tmp_path / "transfer.psbt"
    holder.do("certificate", "transfer", certificate, "--to", new_key(other), "--out", file)
    issuer.do("sign", file)
    town.root.do("sign", file)
    holder.do("send", file)
    town.mine(6)
    (tmp_path / "FILE").write_bytes(town.document().read_bytes())

    facts = ask(f"certificate/{certificate}")
    said = [paste(each["command"]) for each in facts["commands"]]

    assert facts["status"] == "valid"
    assert signers(facts["grant"]) == {"root credit"}
    assert [signers(event) for event in facts["history"]] == [
        {"root", "issuing system", "issuer"},
        {"root", "issuer", "holder"},
    ]
    assert len(said) == 5
    assert facts["certificate_id"] in said[0]
    assert facts["document_hash"] in said[1]
    assert json.loads(said[2])["txid"] == facts["issued_txid"]
    assert json.loads(said[4])["value"] == 0.001


def test_document_on_the_chain_is_fetched_and_checked_with_the_commands(
    town: Town, ask: Ask, holder: Person, paste: Callable[[str], str], tmp_path: Path
) -> None:
    issuer = town.issuer("publisher")
    town.grant(issuer)
    town.root.do("pay", issuer.do("address")["address"], "1")
    town.mine()
    certificate = town.issue(issuer, new_key(holder), 1)
    issuer.do("document", "publish", certificate, "--store", "chain")
    town.mine(6)

    facts = ask(f"certificate/{certificate}")
    for each in facts["commands"]:
        paste(each["command"])

    fetched = tmp_path / facts["document"]["name"]
    assert facts["checks"][0]["result"] == "passed"
    assert json.loads(fetched.read_text()) == json.loads(town.document().read_text())
    assert {".".join(field["path"]): field["value"] for field in facts["document"]["fields"]} == {
        "name": "document.json"
    }


def test_document_of_a_batch_is_checked_by_its_proof_with_the_command(
    town: Town, ask: Ask, holder: Person, paste: Callable[[str], str], tmp_path: Path
) -> None:
    issuer = town.issuer("batching")
    town.grant(issuer)
    keys = holder.do("key", "new", "--count", "3")["holder_keys"]
    rows, documents, files = (tmp_path / name for name in ("rows.csv", "documents", "psbts"))
    rows.write_text("\n".join(["holder_key,name", *(f"{key},Somebody" for key in keys)]) + "\n")
    kind = town.folder / "batching-patron-share.granted.json"
    places = ("--type", kind, "--documents", documents, "--out", files)
    job = issuer.do("certificate", "batch", rows, *places)["job"]
    town.root.do("sign", files)
    issuer.do("certificate", "batch", "resume", job)
    town.mine(6)
    second = issuer.do("certificate", "list")["certificates"][1]
    (document,) = documents.rglob(f"certificate-{second['serial']}.json")
    (proof,) = documents.rglob(f"certificate-{second['serial']}.proof.json")
    (tmp_path / "FILE").write_bytes(document.read_bytes())
    (tmp_path / "FILE.proof.json").write_bytes(proof.read_bytes())

    facts = ask(f"certificate/{second['id']}")
    (check,) = (each["command"] for each in facts["commands"] if " check " in each["command"])
    paste(check)
    (tmp_path / "FILE").write_text('{"name": "Mallory"}')

    assert (facts["status"], facts["batch"]["leaf"]) == ("valid", 1)
    with pytest.raises(AssertionError, match="not valid"):
        paste(check)


def test_revocation_is_signed_by_the_issuer_alone(town: Town, ask: Ask, holder: Person) -> None:
    issuer = town.issuer("revoking")
    town.grant(issuer)
    certificate = town.issue(issuer, new_key(holder), 1)
    issuer.do("certificate", "revoke", certificate, "--reason", "superseded")
    town.mine()

    facts = ask(f"certificate/{certificate}")

    assert facts["status"] == "revoked"
    assert facts["history"][-1]["title"] == "Revoked"
    assert signers(facts["history"][-1]) == {"issuer"}
