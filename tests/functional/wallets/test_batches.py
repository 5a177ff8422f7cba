"""A table of recipients becomes certificates, in one transaction or many, by files that travel."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Town = Any
Person = Any


def table(folder: Path, holder: Person, rows: int) -> Path:
    path = folder / "recipients.csv"
    keys = holder.do("key", "new", "--count", str(rows))["holder_keys"]
    lines = [f"{key},Person {n}" for n, key in enumerate(keys)]
    path.write_text("\n".join(["holder_key,name", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def press(town: Town) -> Person:
    """An issuer with a permit of 60 in 6 coins."""
    person = town.issuer("batches")
    town.grant(person, "--fan-out", "6", quantity=60)
    return person


def options(town: Town, folder: Path) -> list[str | Path]:
    kind = town.folder / "batches-patron-share.granted.json"
    return ["--type", kind, "--documents", folder / "documents", "--out", folder / "psbts"]


def test_many_transactions_are_signed_as_a_folder_and_sent_by_resume(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    rows = table(tmp_path, holder, 25)

    drafted = press.do("certificate", "batch", rows, *options(town, tmp_path))
    waiting = press.do("certificate", "batch", "resume")
    signed = town.root.do("sign", tmp_path / "psbts")
    sent = press.do("certificate", "batch", "resume", drafted["job"])
    town.mine()
    listed = press.do("certificate", "batch", "list")["jobs"]

    assert (drafted["transactions"], drafted["states"]) == (3, {"drafted": 25})
    assert waiting["states"] == {"drafted": 25}
    assert len(signed["files"]) == 3
    assert (sent["states"], sent["finished"]) == ({"sent": 25}, True)
    assert [each["states"] for each in listed] == [{"mined": 25}]
    certificates = press.do("certificate", "list")["certificates"]
    assert [each["serial"] for each in certificates] == list(range(1, 26))
    for each in certificates[::8]:
        document = tmp_path / "documents" / f"certificate-{each['serial']}.json"
        checked = press.run("certificate", "check", each["id"], document)
        assert checked.facts["matches"]


def test_singles_spend_each_others_change_and_travel_by_file(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    rows, report = table(tmp_path, holder, 9), tmp_path / "report.csv"

    drafted = press.do(
        "certificate", "batch", rows, "--each", "--report", report, *options(town, tmp_path)
    )
    code, said = town.root.answer("sign", tmp_path / "psbts", typed="n\n")
    signed = town.root.do("sign", *sorted((tmp_path / "psbts").glob("*.psbt")))
    sent = press.do("certificate", "batch", "resume", drafted["job"])
    town.mine()

    assert (drafted["transactions"], sent["states"]) == (9, {"sent": 9})
    assert code == 1
    assert all(f"Transaction {number} (issue)" in said for number in range(1, 10))
    assert [each["action"] for each in signed["meanings"]] == ["issue"] * 9
    lines = report.read_text().splitlines()
    assert lines[0] == "line,serial,key,document,certificate,id,state,error"
    assert len(lines) == 10
    assert all("ccert1" in line and ",sent," in line for line in lines[1:])


def test_a_dry_run_plans_and_leaves_nothing(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    rows = table(tmp_path, holder, 15)
    jobs = press.do("certificate", "batch", "list")["jobs"]

    facts = press.do("certificate", "batch", rows, "--dry-run", *options(town, tmp_path))

    assert (facts["transactions"], facts["count"], facts["dry_run"]) == (2, 15, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recipients.csv"]
    assert press.do("draft", "list")["drafts"] == []
    assert len(press.do("certificate", "batch", "list")["jobs"]) == len(jobs)


def test_every_bad_line_is_named_before_anything_is_signed(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    rows = table(tmp_path, holder, 4)
    lines = rows.read_text().splitlines()
    lines[2], lines[4] = "02aa,Nobody", lines[4] + ",more"
    rows.write_text("\n".join(lines))

    refusal = press.refused("certificate", "batch", rows, *options(town, tmp_path))

    assert refusal.facts["error"] == "bad-csv"
    assert "line 3" in refusal.error
    assert "line 5" in refusal.error
    assert "line 2" not in refusal.error


def test_a_template_is_filled_from_the_columns(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    rows, template = table(tmp_path, holder, 2), tmp_path / "template.json"
    template.write_text(json.dumps({"credentialSubject": {"title": "For {name}"}}))
    where = ("--template", template, "--out", tmp_path / "one.psbt")

    press.do("certificate", "batch", rows, *options(town, tmp_path)[:4], *where)
    template.write_text(json.dumps({"credentialSubject": {"title": "For {nom}"}}))
    refusal = press.refused("certificate", "batch", rows, *options(town, tmp_path)[:4], *where)

    documents = sorted((tmp_path / "documents").glob("certificate-*[0-9].json"))
    subjects = [json.loads(path.read_text())["credentialSubject"] for path in documents]
    assert [subject["title"] for subject in subjects] == ["For Person 0", "For Person 1"]
    assert all(subject["id"].startswith("did:key:") for subject in subjects)
    assert "nom" in refusal.error
    press.do("draft", "drop", press.do("draft", "list")["drafts"][0]["file"])


def test_more_recipients_than_credit_are_refused(
    town: Town, press: Person, holder: Person, tmp_path: Path
) -> None:
    rows = table(tmp_path, holder, 61)

    refusal = press.refused("certificate", "batch", rows, *options(town, tmp_path))

    assert refusal.facts["error"] == "not-enough-credit"
    assert not (tmp_path / "psbts").exists()


def test_only_what_can_no_longer_be_sent_is_drafted_anew(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    office = town.issuer("redrafts")
    town.grant(office, "--fan-out", "1", quantity=3)
    rows, out = table(tmp_path, holder, 2), tmp_path / "psbts"
    kind = town.folder / "redrafts-patron-share.granted.json"
    where = ("--type", kind, "--documents", tmp_path / "documents", "--out", out)
    resume = ("certificate", "batch", "resume")

    office.do("certificate", "batch", rows, *where)
    (draft,) = office.do("draft", "list")["drafts"]
    dear = office.refused(*resume, "--replace-draft", "--max-fee", "0.00000001")
    kept = office.do("draft", "list")["drafts"]
    office.do("pay", office.do("address")["address"], "0.001", "--coin", draft["coins"][-1])
    town.mine()
    stuck = office.do(*resume)
    again = office.do(*resume, "--replace-draft")
    town.root.do("sign", *out.glob("*.psbt"))
    sent = office.do(*resume)

    assert dear.facts["error"] == "fee-too-high"
    assert kept == [draft]
    assert stuck["states"] == {"failed": 2}
    assert again["states"] == {"drafted": 2}
    assert (sent["states"], sent["serial_start"]) == ({"sent": 2}, 1)
    town.mine()


def test_legacy_permits_are_drafted_coin_by_coin(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    old = town.issuer("old-batches")
    town.grant(old, "--script", "p2sh", "--fan-out", "2", quantity=10)
    rows, out = table(tmp_path, holder, 6), tmp_path / "psbts"
    kind = town.folder / "old-batches-patron-share.granted.json"
    where = ("--type", kind, "--documents", tmp_path / "documents", "--out", out)

    facts = old.do("certificate", "batch", rows, "--each", *where)
    rounds = 0
    while not facts["finished"]:
        rounds += 1
        assert rounds < 10
        for file in sorted(out.glob("*.psbt")):
            # Those of earlier rounds are sent already.
            town.root.run("sign", file)
        facts = old.do("certificate", "batch", "resume")
        town.mine()

    certificates = old.do("certificate", "list")["certificates"]
    assert [each["serial"] for each in certificates] == list(range(1, 7))


@pytest.fixture
def twins(town: Town, tmp_path: Path) -> tuple[Person, Person]:
    """One issuer's seed in two places, with a permit of 20 in two coins."""
    names = (f"{tmp_path.name}-{name}" for name in ("one", "two"))
    one, two = (town.person("ccxx-issuer", name) for name in names)
    common = ("--anchor", town.anchor, "--test-maturity", "10")
    seed = tmp_path / "seed"
    seed.write_text(one.do("init", *common)["seed_phrase"])
    two.do("init", *common, "--seed-file", seed)
    town.grant(one, "--fan-out", "2", quantity=20)
    return one, two


def test_a_serial_that_the_same_seed_used_elsewhere_is_not_taken_for_sent(
    town: Town, twins: tuple[Person, Person], holder: Person, tmp_path: Path
) -> None:
    # Given: a job for three, and elsewhere a certificate for somebody else with its first serial.
    one, two = twins
    kind = ("--type", town.folder / f"{one.folder.name}-patron-share.granted.json")
    out, resume = tmp_path / "psbts", ("certificate", "batch", "resume")
    rows, report = table(tmp_path, holder, 3), tmp_path / "report.jsonl"
    one.do(
        "certificate", "batch", rows, *kind, "--documents", tmp_path / "documents", "--out", out,
        "--report", report,
    )  # fmt: skip
    other = tmp_path / "other.psbt"
    two.do(
        "certificate", "batch", table(tmp_path, holder, 1), *kind, "--out", other,
        "--documents", tmp_path / "elsewhere",
    )  # fmt: skip
    town.root.do("sign", other)
    two.do("send", other)
    town.mine()

    # When
    stuck = one.do(*resume)
    again = one.do(*resume, "--replace-draft")
    town.root.do("sign", *out.glob("*.psbt"))
    sent = one.do(*resume)

    # Then: the two others get theirs, and the report says who does not.
    assert stuck["states"] == {"failed": 3}
    assert again["states"] == {"drafted": 2, "failed": 1}
    assert (sent["states"], sent["finished"]) == ({"failed": 1, "sent": 2}, False)
    failed = json.loads(report.read_text().splitlines()[0])
    assert (failed["serial"], failed["certificate"], failed["state"]) == (1, None, "failed")
    assert "issue to the key of this line again" in failed["error"]
    assert str(report) in sent["next"]


def test_two_commands_at_once_do_not_sign_one_serial_twice(
    town: Town, twins: tuple[Person, Person], holder: Person, tmp_path: Path
) -> None:
    one, _ = twins
    kind = ("--type", town.folder / f"{one.folder.name}-patron-share.granted.json")
    rows = table(tmp_path, holder, 2)
    inside: list[dict[str, Any]] = []
    has_pool: list[bool] = []

    def words(name: str) -> list[str | Path]:
        where = ("--documents", tmp_path / f"{name}-documents", "--out", tmp_path / name)
        return ["certificate", "batch", rows, *kind, *where]

    def meanwhile(body: bytes, ask: Callable[[], bytes]) -> bytes | None:
        if b'"getrawmempool"' in body:
            has_pool.append(True)
        elif has_pool and b'"gettxout"' in body and not inside:
            inside.append({})
            inside[0] = one.do(*words("inner"))
        return ask()

    with town.line(meanwhile) as node:
        refused = one.refused(*words("outer"), CCXX_NODE=node)

    assert refused.facts["error"] == "reserved"
    assert not (tmp_path / "outer").exists()
    assert [each["job"] for each in one.do("certificate", "batch", "list")["jobs"]] == [
        inside[0]["job"]
    ]


def test_a_run_that_was_killed_between_reserving_and_signing_is_gone_on_with(
    town: Town, twins: tuple[Person, Person], holder: Person, tmp_path: Path
) -> None:
    one, _ = twins
    kind = ("--type", town.folder / f"{one.folder.name}-patron-share.granted.json")
    where = ("--documents", tmp_path / "documents", "--out", tmp_path / "psbts")
    one.do("certificate", "batch", table(tmp_path, holder, 2), *kind, *where)
    # What is reserved first is on the disk before any transaction is.
    (file,) = (one.folder / "jobs").glob("*/drafts/*.psbt")
    file.unlink()

    resumed = one.do("certificate", "batch", "resume")

    assert resumed["states"] == {"drafted": 2}
    assert len(one.do("draft", "list")["drafts"]) == 1


def test_one_command_at_a_time_works_on_a_job(
    town: Town, twins: tuple[Person, Person], holder: Person, tmp_path: Path
) -> None:
    one, _ = twins
    kind = ("--type", town.folder / f"{one.folder.name}-patron-share.granted.json")
    where = ("--documents", tmp_path / "documents", "--out", tmp_path / "psbts")
    one.do("certificate", "batch", table(tmp_path, holder, 2), *kind, *where)
    looks: list[str] = []

    def second(body: bytes, ask: Callable[[], bytes]) -> bytes | None:
        if b'"getrawmempool"' in body:
            looks.append("")
            if len(looks) == 2:
                looks[1] = one.refused("certificate", "batch", "resume").facts["error"]
        return ask()

    with town.line(second) as node:
        first = one.run("certificate", "batch", "resume", CCXX_NODE=node)

    assert (first.code, looks[1]) == (0, "reserved")
