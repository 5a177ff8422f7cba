"""Transactions that hang together: co-signed at once, signed and sent as several files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_regtest.processes import Process, free_ports, program

Town = Any
Person = Any


@pytest.fixture(scope="module")
def service(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running co-signer that asks for no officers; its address."""
    folder, port = tmp_path_factory.mktemp("service"), free_ports(1)[0]
    policy = folder / "policy.toml"
    policy.write_text("[permits]\napprovals = 0\n[service]\nrequests_a_minute = 1000\n")
    process = Process(
        "ccxx-root",
        [program("ccxx-root"), "cosigner", "serve", "--port", str(port), "--policy", str(policy)],
        folder / "service.log",
        {**town.environment, "CCXX_WALLET": str(town.root.folder)},
    )
    process.wait_until(lambda: "Co-signer: http" in (folder / "service.log").read_text())
    yield f"http://127.0.0.1:{port}"
    process.stop()
    assert town.root.do("cosigner", "log", "verify")["intact"] is True


class Press:
    """An issuer with few coins, whose transactions spend each other's change."""

    def __init__(self, town: Town, service: str, name: str, folder: Path) -> None:
        self.person = town.issuer(name)
        self.permit = town.grant(self.person, "--fan-out", "3", quantity=200)
        token = folder / f"{name}.token"
        key = self.person.do("key")["issuer_key"]
        town.root.do(
            "cosigner", "token", "add", name, "--role", "issuer", "--issuer-key", key,
            "--out", token,
        )  # fmt: skip
        self.ask = ("--cosigner", service, "--token-file", str(token))
        kind = town.folder / f"{name}-patron-share.granted.json"
        self.where = ("--type", kind, "--documents", folder / "documents")
        self.out = folder / "psbts"
        self.folder = folder
        self.town = town

    def table(self, holder: Person, rows: int) -> Path:
        path = self.folder / "recipients.csv"
        keys = holder.do("key", "new", "--count", str(rows))["holder_keys"]
        path.write_text("\n".join(["holder_key,name", *(f"{key},Person" for key in keys)]))
        return path

    def batch(self, rows: Path, *options: str | Path) -> dict[str, Any]:
        wanted = ("certificate", "batch", rows, "--each", *self.where, "--out", self.out)
        return dict(self.person.do(*wanted, *options))


@pytest.fixture
def press(town: Town, service: str, tmp_path: Path, request: Any) -> Press:
    name = "".join(word[0] for word in request.node.name.split("_"))
    return Press(town, service, f"press-{name}", tmp_path)


def test_all_transactions_of_a_job_are_cosigned_at_once(
    town: Town, press: Press, holder: Person
) -> None:
    signed = press.batch(press.table(holder, 7), *press.ask)
    sent = press.person.do("certificate", "batch", "resume")
    town.mine()
    done = press.person.do("certificate", "batch", "resume", sent["job"])

    assert signed["states"] == {"signed": 7}
    assert signed["next"] == (
        f"send what is signed: ccxx-issuer certificate batch resume {signed['job']}"
    )
    assert sent["states"] == {"sent": 7}
    assert sent["next"].endswith("ccxx-issuer certificate batch list")
    assert done["states"] == {"mined": 7}
    assert done["next"] == "nothing: a block holds all of it"


def test_without_a_cosigner_a_job_says_who_signs_next(press: Press, holder: Person) -> None:
    drafted = press.batch(press.table(holder, 2))

    assert f"ccxx-root sign {press.out}" in drafted["next"]
    assert f"ccxx-issuer certificate batch resume {drafted['job']}" in drafted["next"]


def test_a_cosigner_looks_back_only_so_far(press: Press, holder: Person) -> None:
    facts = press.batch(press.table(holder, 110), *press.ask)

    assert set(facts["states"]) == {"drafted", "signed"}
    assert facts["states"]["signed"] > 25
    assert f"resume {facts['job']} --cosigner" in facts["next"]
    assert str(press.ask[-1]) in facts["next"]


def test_a_job_that_was_given_up_can_be_cosigned_anew(press: Press, holder: Person) -> None:
    rows = press.table(holder, 4)

    press.batch(rows, *press.ask)
    again = press.batch(rows, "--replace-draft", "--overwrite", "--serial", "1", *press.ask)

    assert again["states"] == {"signed": 4}


def test_a_serial_signed_behind_an_unsent_parent_is_not_signed_again(
    town: Town, press: Press, holder: Person
) -> None:
    # Given: three chains that share nothing, and another plain coin.
    person = press.person
    for _ in range(2):
        town.root.do("pay", person.do("address")["address"], "0.1")
    town.mine()
    press.batch(press.table(holder, 6), *press.ask)
    for draft in person.do("draft", "list")["drafts"]:
        person.do("draft", "drop", draft["txid"])
    known = {each["coin"] for each in person.do("coin", "list")["coins"]}
    town.root.do("pay", person.do("address")["address"], "0.1")
    town.mine()
    (fresh,) = {each["coin"] for each in person.do("coin", "list")["coins"]} - known

    # When: the last serial is drafted at the start of another chain.
    refusal = person.refused(
        "certificate", "issue", "--to", holder.do("key", "new")["holder_key"],
        "--document", town.document(), "--serial", "6", "--coin", fresh,
        "--out", press.folder / "other.psbt", *press.ask,
    )  # fmt: skip

    assert refusal.facts["error"] == "serial-signed"


def test_several_files_are_signed_in_order_and_sent_in_order(
    town: Town, press: Press, holder: Person
) -> None:
    press.batch(press.table(holder, 5))
    files = sorted(press.out.glob("*.psbt"))
    root = town.root

    unsigned = press.person.refused("send", press.out)
    signed = press.person.do("sign", *reversed(files), *press.ask)
    early = press.person.refused("send", _child(press.person))
    first = root.do("send", files[0])
    sent = root.do("send", press.out)
    town.mine()
    again = root.run("send", press.out)

    assert files[0].name in unsigned.error
    assert signed["complete"] is True
    assert len(signed["receipts"]) == 5
    assert "send that first" in early.error
    assert "new draft" not in early.error
    assert first["sent"] is True
    assert (len(sent["txids"]), len(sent["already_sent"])) == (4, 1)
    assert (again.code, again.facts["txids"], len(again.facts["already_sent"])) == (0, [], 5)
    assert again.error.count("already sent") == 5


def _child(person: Person) -> Path:
    """Return a file whose transaction spends that of another."""
    drafts = person.do("draft", "list")["drafts"]
    made = {draft["txid"] for draft in drafts}
    waiting = [d for d in drafts if any(coin.split(":")[0] in made for coin in d["coins"])]
    return next(Path(d["file"]) for d in waiting)


def test_a_key_that_is_used_twice_is_named_before_anything_is_signed(
    press: Press, holder: Person
) -> None:
    rows = press.table(holder, 3)
    lines = rows.read_text().splitlines()
    rows.write_text("\n".join([*lines, lines[1]]))

    code, said = press.person.answer(
        "certificate", "batch", str(rows), *map(str, press.where), "--out", str(press.out),
        typed="n\n",
    )  # fmt: skip

    assert code == 1
    assert "lines 2, 5" in said
    assert said.index("lines 2, 5") < said.index("Sign these transactions?")
    assert not press.out.exists()


def test_a_grant_names_the_permit_and_what_its_coins_mean(town: Town) -> None:
    person = town.issuer("granted")
    key = person.do("key")["issuer_key"]
    kind = town.folder / "granted.json"
    kind.write_bytes(next(town.folder.glob("*-patron-share.json")).read_bytes())
    wanted = ("permit", "grant", "--issuer-key", key, "--type", kind, "--quantity", "50")

    many = town.root.run(*wanted, "--fan-out", "5", "--dry-run")
    one = town.root.run(*wanted, "--fan-out", "1", "--dry-run")

    assert many.facts["permit"] == f"{many.facts['txid']}:0"
    assert "10" in many.facts["coins"]
    assert "permit join" in many.facts["coins"]
    assert "--fan-out 1" in many.facts["coins"]
    assert one.facts["permit"] == f"{one.facts['txid']}:0"
    assert "join" not in one.facts["coins"]
