"""R in a vault and S in the service: files go to R by hand, and each keeps its own policy."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccxx_regtest.processes import Process, free_ports, program
from ccxx_wallet.keyring import Role
from ccxx_wallet.wallet import open_wallet

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
PHRASE = "abandon " * 11 + "about"
MATURITY = ("--test-maturity", "10")


@dataclass(frozen=True)
class Split:
    """A root whose keys are in two places: the vault has R, the service S."""

    vault: Person
    university: Person
    service: tuple[str, ...]


def system_key(person: Person) -> str:
    """Return the public key S of a wallet."""
    with closing(open_wallet(person.folder, "ccxx-root", None)) as wallet:
        return wallet.first_key(Role.SYSTEM).public_key.hex()


def register(town: Town, vault: Person, key: str) -> Path:
    """Register a root coin of its own, whose S is another wallet's; return the anchor."""
    made = vault.do("init", *MATURITY)
    town.root.do("pay", made["address"], "1")
    town.mine()
    vault.do("coin", "register", "--value", "0.1", "--system-key", key)
    town.mine()
    anchor = town.folder / "split-anchor.json"
    vault.do("anchor", "export", anchor)
    return Path(anchor)


@pytest.fixture(scope="module")
def split(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Split]:
    """A root in a vault, an issuer, and a service that holds S alone."""
    folder = tmp_path_factory.mktemp("split")
    phrase = folder / "phrase"
    phrase.write_text(PHRASE)
    phrase.chmod(0o600)
    first = town.person("ccxx-root", "split-before")
    first.do("init", "--seed-file", phrase)
    anchor = register(town, vault := town.person("ccxx-root", "vault"), system_key(first))
    system = town.person("ccxx-root", "split-system")
    system.do("init", "--seed-file", phrase, "--anchor", anchor)
    university = town.person("ccxx-issuer", "split-university")
    university.do("init", "--anchor", anchor, *MATURITY)
    token, port = folder / "token", free_ports(1)[0]
    system.do(
        "cosigner", "token", "add", "uni", "--role", "issuer", "--out", token,
        "--issuer-key", university.do("key")["issuer_key"],
    )  # fmt: skip
    policy = folder / "policy.toml"
    policy.write_text("[permits]\napprovals = 0\n")
    log = folder / "log"
    process = Process(
        "ccxx-root",
        [program("ccxx-root"), "cosigner", "serve", "--port", str(port), "--policy", str(policy)],
        log,
        {**town.environment, "CCXX_WALLET": str(system.folder)},
    )
    process.wait_until(lambda: "Co-signer: " in log.read_text())
    url = f"http://127.0.0.1:{port}"
    yield Split(vault, university, ("--cosigner", url, "--token-file", str(token)))
    process.stop()


def grant(town: Town, split: Split, type_file: Path) -> None:
    """Have the vault grant the university a permit."""
    type_file.write_bytes((DOCUMENTS / "patron-share.json").read_bytes())
    key = split.university.do("key")["issuer_key"]
    split.vault.do(
        "permit", "grant", "--issuer-key", key, "--type", type_file, "--quantity", "10", "--send"
    )
    town.mine()


def test_the_service_signs_with_s_and_the_vault_with_r(
    town: Town, split: Split, tmp_path: Path
) -> None:
    grant(town, split, tmp_path / "share.json")
    holder, draft, signed = town.holder("split-holder"), tmp_path / "a.psbt", tmp_path / "b.psbt"
    key = holder.do("key", "new")["holder_key"]

    drafted = split.university.do(
        "certificate", "issue", "--to", key, "--document", town.document(), "--serial", "1",
        "--out", draft, *split.service,
    )  # fmt: skip
    policy = split.vault.folder / "cosigner.toml"
    policy.write_text("[permits]\napprovals = 0\n[limits]\ncertificates_a_day = 1\n")
    by_hand = split.vault.do("sign", draft, "--out", signed)
    sent = split.university.do("send", signed)
    more = split.university.do(
        "certificate", "issue", "--to", key, "--document", town.document(), "--serial", "2",
        "--out", tmp_path / "c.psbt", *split.service,
    )  # fmt: skip
    refused = split.vault.refused("sign", tmp_path / "c.psbt")

    assert drafted["signed_by"] == ["issuer", "payer", "system"]
    assert drafted["missing"] == ["root"]
    assert by_hand["complete"] is True
    assert sent["sent"] is True
    assert more["missing"] == ["root"]
    assert refused.facts["error"] == "certificates-a-day"
    assert split.vault.do("cosigner", "log", "verify")["intact"] is True


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ('face_value_a_day = { EUR = "4999.99" }', "face-value-a-day"),
        ('face_value_a_day = { USD = "10000" }', "face-value-a-day"),
        ('face_value_a_day = { EUR = "100000" }', None),
    ],
)
def test_the_vault_limits_face_value(
    town: Town, split: Split, tmp_path: Path, limits: str, reason: str | None
) -> None:
    grant(town, split, tmp_path / "share.json")
    (permit, *_) = split.university.do("permit", "list")["permits"][::-1]
    holder, draft = town.holder(f"face-{tmp_path.name}"), tmp_path / "a.psbt"
    key = holder.do("key", "new")["holder_key"]
    split.university.do(
        "certificate", "issue", "--to", key, "--document", town.document(), "--permit",
        permit["id"], "--out", draft,
    )  # fmt: skip
    policy = split.vault.folder / "cosigner.toml"
    policy.write_text(f"[permits]\napprovals = 0\n[limits]\n{limits}\n")

    # A share's type says that it is worth 5,000 euros.
    result = split.vault.run("sign", draft)

    assert result.facts.get("error") == reason
    assert (result.code == 0) is (reason is None)


def test_the_vault_decides_on_each_file_of_a_folder(
    town: Town, split: Split, tmp_path: Path
) -> None:
    grant(town, split, tmp_path / "share.json")
    (permit, *_) = split.university.do("permit", "list")["permits"][::-1]
    key, folder = town.holder("split-folder").do("key", "new")["holder_key"], tmp_path / "psbts"
    folder.mkdir()
    for name in ("a", "b"):
        town.root.do("pay", split.university.do("address", "--new")["address"], "0.05")
        town.mine()
        split.university.do(
            "certificate", "issue", "--to", key, "--document", town.document(), "--permit",
            permit["id"], "--out", folder / f"{name}.psbt",
        )  # fmt: skip
    policy = split.vault.folder / "cosigner.toml"
    policy.write_text('[permits]\napprovals = 0\n[limits]\nactions = ["batch"]\n')

    refused = split.vault.do("sign", folder, "--dry-run")
    policy.write_text("[permits]\napprovals = 0\n")
    told = split.vault.do("sign", folder, "--dry-run")
    signed = split.vault.do("sign", folder)

    assert [each["error"] for each in refused["checks"]] == ["action-not-allowed"] * 2
    assert [each["would_sign"] for each in told["checks"]] == [True, True]
    assert [each["action"] for each in signed["meanings"]] == ["issue", "issue"]
    assert len(signed["receipts"]) == 2
    assert split.vault.do("cosigner", "log", "verify")["intact"] is True
