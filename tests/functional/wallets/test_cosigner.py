"""The co-signer service as people meet it: a real process, a real node, real tokens over HTTP."""

import http.client
import json
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ccxx_core.hashes import format_hash
from ccxx_core.psbt import Psbt
from ccxx_core.transaction import TxOutput
from ccxx_regtest.processes import Process, free_ports, program

Town = Any
Person = Any
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
NOT_TRANSFERABLE = DOCUMENTS / "msc-degree.json"
POLICY = """
[limits]
certificates_a_day = 1000
[permits]
approvals = 2
[service]
requests_a_minute = 1000
"""


@dataclass
class Office:
    """The root's co-signer service: its process, and the tokens it gave."""

    town: Town
    folder: Path
    port: int
    process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, policy: str = POLICY) -> None:
        """Start the service with a policy and wait until it answers."""
        file = self.folder / "policy.toml"
        file.write_text(policy)
        self.process = Process(
            "ccxx-root",
            [
                program("ccxx-root"), "cosigner", "serve", "--port", str(self.port),
                "--policy", str(file), "--grants",
            ],
            self.folder / "cosigner.log",
            {**self.town.environment, "CCXX_WALLET": str(self.town.root.folder)},
        )  # fmt: skip
        self.process.wait_until(self._answers)

    def start_secure(self, *tls: str) -> None:
        """Start the service with TLS and wait until it listens."""
        self.process = Process(
            "ccxx-root",
            [program("ccxx-root"), "cosigner", "serve", "--port", str(self.port), *tls],
            self.folder / "cosigner.log",
            {**self.town.environment, "CCXX_WALLET": str(self.town.root.folder)},
        )
        self.process.wait_until(lambda: "Co-signer: https" in self._log())

    def _log(self) -> str:
        return (self.folder / "cosigner.log").read_text()

    def restart(self, policy: str = POLICY) -> None:
        assert self.process is not None
        self.process.stop()
        self.start(policy)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()

    def _answers(self) -> bool:
        try:
            return self.post("/v1/status", b"", "nobody")[0] > 0
        except OSError:
            return False

    def token(self, name: str, role: str, *keys: str) -> Path:
        """Make a token; return its file."""
        file = self.folder / f"{name}.token"
        options = [word for key in keys for word in ("--issuer-key", key)]
        self.town.root.do("cosigner", "token", "add", name, "--role", role, "--out", file, *options)
        return file

    def ask(self, token: Path) -> tuple[str, ...]:
        """Give the options that make a wallet ask this service."""
        return ("--cosigner", self.url, "--token-file", str(token))

    def post(self, path: str, body: bytes, token: str) -> tuple[int, dict[str, Any], Any]:
        """Ask without any of our client's care."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("POST", path, body, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), answer.headers

    def sign(self, psbt: Psbt, token: Path) -> tuple[int, dict[str, Any]]:
        status, facts, _ = self.post("/v1/sign", psbt.encode(), token.read_text().strip())
        return status, facts

    def counted(self) -> int:
        """Return how many transactions the ledger counts."""
        path = self.town.root.folder / "cosigner.sqlite"
        with closing(sqlite3.connect(path)) as database:
            return int(database.execute("select count(*) from signed").fetchone()[0])

    def events(self) -> list[dict[str, Any]]:
        """Return the audit log."""
        lines = (self.town.root.folder / "cosigner.log").read_text().splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def office(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A running service with two officers."""
    office = Office(town, tmp_path_factory.mktemp("office"), free_ports(1)[0])
    for name in ("anna", "boris"):
        office.token(name, "officer")
    office.start()
    yield office
    assert office.process is not None
    office.process.stop()
    assert town.root.do("cosigner", "log", "verify")["intact"] is True


def approve(office: Office, permit: str | Path) -> dict[str, Any]:
    for name in ("anna", "boris"):
        token = office.folder / f"{name}.token"
        facts = office.town.root.do("cosigner", "approve", permit, *office.ask(token))
    return dict(facts)


Licensed = tuple[Any, Path, str]


@pytest.fixture(scope="module")
def license_issuer(town: Town, office: Office) -> Callable[..., Licensed]:
    """Make an issuer with an approved permit and a token."""

    def make(name: str, *options: str) -> Licensed:
        person = town.issuer(name)
        permit = town.grant(person, *options)
        approve(office, permit)
        return person, office.token(name, "issuer", person.do("key")["issuer_key"]), permit

    return make


@pytest.fixture(scope="module")
def academy(license_issuer: Callable[..., Licensed]) -> Licensed:
    return license_issuer("academy", "--fan-out", "25")


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def issue_draft(town: Town, licensed: Licensed, key: str, serial: int) -> tuple[Path, Psbt]:
    file = town.draft(licensed[0], key, serial)
    return file, Psbt.decode(file.read_bytes())


def test_issue_and_transfer_go_through_the_service(
    town: Town, office: Office, academy: Licensed, holder: Person, tmp_path: Path
) -> None:
    issuer, token, _ = academy
    friend = town.holder("pen-friend", money="")
    holders_token = office.token("holders", "holder")
    draft, sale = tmp_path / "issue.psbt", tmp_path / "sale.psbt"

    issued = issuer.do(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(),
        "--serial", "1", "--out", draft, *office.ask(token),
    )  # fmt: skip
    issuer.do("send", draft)
    town.mine()
    certificate = issued["certificate"]
    sold = holder.do(
        "certificate", "transfer", certificate, "--to", new_key(friend), "--out", sale,
        *office.ask(holders_token),
    )  # fmt: skip
    issuer.do("sign", sale)
    holder.do("send", sale)
    town.mine()

    assert issued["complete"] is True
    assert issued["receipt"]["line"] > 0
    assert sold["missing"] == ["issuer"]
    assert [each["id"] for each in friend.do("list")["certificates"]] == [certificate]


def test_a_type_that_is_not_transferable_is_not_handed_over(
    town: Town,
    office: Office,
    license_issuer: Callable[..., Licensed],
    holder: Person,
    tmp_path: Path,
) -> None:
    strict, token, _ = license_issuer("strict-academy", "--type", str(NOT_TRANSFERABLE))
    draft, sale = tmp_path / "issue.psbt", tmp_path / "sale.psbt"
    issued = strict.do(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(),
        "--serial", "1", "--out", draft, *office.ask(token),
    )  # fmt: skip
    strict.do("send", draft)
    town.mine()
    holder.do(
        "certificate", "transfer", issued["certificate"], "--to", new_key(holder),
        "--out", sale, "--force",
    )  # fmt: skip

    status, facts = office.sign(Psbt.decode(sale.read_bytes()), token)

    assert (status, facts["error"]) == (403, "rules")
    assert "not-transferable" in facts["detail"]
    assert office.events()[-1]["reason"] == "rules"


def test_a_certificate_rests_as_long_as_its_type_says(
    town: Town,
    office: Office,
    license_issuer: Callable[..., Licensed],
    holder: Person,
    tmp_path: Path,
) -> None:
    definition = json.loads((DOCUMENTS / "patron-share.json").read_text())
    definition["rules"] = {"waiting_blocks": 3, "transfer_limit": 1}
    slow_type = tmp_path / "slow.json"
    slow_type.write_text(json.dumps(definition))
    slow, token, _ = license_issuer("slow-academy", "--type", str(slow_type))
    draft = tmp_path / "issue.psbt"
    issued = slow.do(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(),
        "--serial", "1", "--out", draft, *office.ask(token),
    )  # fmt: skip
    slow.do("send", draft)
    town.mine()

    def hand_over(name: str) -> tuple[int, Any]:
        sale = tmp_path / name
        holder.do(
            "certificate", "transfer", issued["certificate"], "--to", new_key(holder),
            "--out", sale, "--replace-draft",
        )  # fmt: skip
        status, facts = office.sign(Psbt.decode(sale.read_bytes()), token)
        return status, facts.get("error")

    too_soon = hand_over("soon.psbt")
    town.mine(2)
    in_time = hand_over("time.psbt")
    holder_file = tmp_path / "time.psbt"
    slow.do("sign", holder_file)
    town.root.do("sign", holder_file)
    holder.do("send", holder_file)
    town.mine(5)
    once_more = hand_over("again.psbt")

    assert too_soon == (403, "waiting-time")
    assert in_time == (200, None)
    assert once_more == (403, "transfer-limit")


@pytest.mark.parametrize("lie", [-50_000, 50_000])
def test_a_psbt_that_lies_about_what_it_spends_is_refused(
    town: Town, office: Office, academy: Licensed, holder: Person, lie: int
) -> None:
    file, psbt = issue_draft(town, academy, new_key(holder), 100 + lie // 50_000)
    inputs = list(psbt.inputs)
    for index, described in enumerate(inputs):
        known = described.witness_utxo
        assert known is not None
        lied = TxOutput(known.value + lie, known.script_pubkey)
        # An own signature over the truth would betray the lie before the node is asked.
        inputs[index] = replace(described, witness_utxo=lied, signatures=())

    status, facts = office.sign(replace(psbt, inputs=tuple(inputs)), academy[1])

    assert (status, facts["error"]) == (403, "input-misstated")
    file.unlink()


def test_strangers_and_tokens_of_others_get_nothing(
    town: Town, office: Office, academy: Licensed, holder: Person
) -> None:
    _, psbt = issue_draft(town, academy, new_key(holder), 110)
    other = office.token("other", "issuer", new_key(holder))
    wrong = office.folder / "wrong.token"
    wrong.write_text("ccxx_" + "00" * 32)

    unknown = office.sign(psbt, wrong)
    foreign = office.sign(psbt, other)
    officer = office.sign(psbt, office.folder / "anna.token")
    town.root.do("cosigner", "token", "remove", "other")
    removed = office.sign(psbt, other)

    assert (unknown[0], unknown[1]["error"]) == (401, "unauthorized")
    assert (foreign[0], foreign[1]["error"]) == (403, "not-your-issuer")
    assert (officer[0], officer[1]["error"]) == (403, "role-not-allowed")
    assert removed[0] == 401


def test_a_replay_is_answered_alike_and_counted_once(
    town: Town, office: Office, academy: Licensed, holder: Person
) -> None:
    _, psbt = issue_draft(town, academy, new_key(holder), 120)
    before = office.counted()

    first, again = office.sign(psbt, academy[1]), office.sign(psbt, academy[1])

    assert first[0] == again[0] == 200
    assert first[1]["psbt"] == again[1]["psbt"]
    assert [first[1]["repeated"], again[1]["repeated"]] == [False, True]
    assert office.counted() == before + 1


def test_a_killed_service_answers_what_it_had_counted(
    town: Town, office: Office, academy: Licensed, holder: Person
) -> None:
    _, psbt = issue_draft(town, academy, new_key(holder), 130)
    before = office.counted()
    assert office.process is not None
    connection = http.client.HTTPConnection("127.0.0.1", office.port, timeout=60)
    headers = {"Authorization": f"Bearer {academy[1].read_text().strip()}"}

    with closing(connection):
        connection.request("POST", "/v1/sign", psbt.encode(), headers)
        # The ledger has it, nobody has read the answer.
        office.process.wait_until(lambda: office.counted() == before + 1)
        office.kill()
    office.start()
    status, facts = office.sign(psbt, academy[1])

    assert (status, facts["repeated"]) == (200, True)
    assert office.counted() == before + 1
    assert town.root.do("cosigner", "log", "verify")["intact"] is True


def test_a_service_killed_at_any_moment_counts_each_order_once(
    town: Town, office: Office, academy: Licensed, holder: Person
) -> None:
    key = new_key(holder)
    drafts = [issue_draft(town, academy, key, serial)[1] for serial in range(200, 206)]
    before = office.counted()
    headers = {"Authorization": f"Bearer {academy[1].read_text().strip()}"}
    assert office.process is not None

    answers = []
    for number, psbt in enumerate(drafts):
        connection = http.client.HTTPConnection("127.0.0.1", office.port, timeout=60)
        with closing(connection):
            connection.request("POST", "/v1/sign", psbt.encode(), headers)
            # From before it is understood to after it is answered.
            threading.Event().wait(0.012 * number)
            office.kill()
        office.start()
        answers += [office.sign(psbt, academy[1])[0]]

    assert answers == [200] * len(drafts)
    assert office.counted() == before + len(drafts)
    signed = [event["txid"] for event in office.events() if event["event"] == "signed"]
    assert {format_hash(psbt.transaction.txid) for psbt in drafts} <= set(signed)
    assert town.root.do("cosigner", "log", "verify")["intact"] is True


def test_another_draft_of_a_signed_serial_is_refused(
    town: Town, office: Office, academy: Licensed, holder: Person
) -> None:
    key = new_key(holder)
    _, first = issue_draft(town, academy, key, 140)
    # With coins of its own: two that share one could never both be mined.
    town.root.do("pay", academy[0].do("address")["address"], "0.01")
    town.mine()
    second_file = town.folder / "second.psbt"
    academy[0].do(
        "certificate", "issue", "--to", key, "--document", town.document(), "--serial", "141",
        "--out", second_file,
    )  # fmt: skip
    second = _with_serial(Psbt.decode(second_file.read_bytes()), 140)

    signed = office.sign(first, academy[1])
    refused = office.sign(second, academy[1])

    assert signed[0] == 200
    assert (refused[0], refused[1]["error"]) == (403, "serial-signed")


def _with_serial(psbt: Psbt, serial: int) -> Psbt:
    """Give the same issue under another serial, without signatures."""
    outputs = list(psbt.transaction.outputs)
    for index, output in enumerate(outputs):
        at = output.script_pubkey.find(b"CCXC")
        if at > 0:
            script = bytearray(output.script_pubkey)
            script[at + 8 : at + 12] = serial.to_bytes(4, "big")
            outputs[index] = TxOutput(output.value, bytes(script))
    inputs = tuple(replace(each, signatures=()) for each in psbt.inputs)
    return replace(
        psbt, transaction=replace(psbt.transaction, outputs=tuple(outputs)), inputs=inputs
    )


def test_the_daily_limit_survives_a_restart(
    town: Town, office: Office, license_issuer: Callable[..., Licensed], holder: Person
) -> None:
    small = license_issuer("small-academy")
    drafts = [issue_draft(town, small, new_key(holder), serial)[1] for serial in (1, 2, 3)]
    key = small[0].do("key")["issuer_key"]
    policy = f'{POLICY}\n[issuers."{key}"]\nname = "Small"\ncertificates_a_day = 2\n'
    office.restart(policy)

    first = [office.sign(draft, small[1])[0] for draft in drafts[:2]]
    office.restart(policy)
    status, facts = office.sign(drafts[2], small[1])
    again = office.sign(drafts[0], small[1])
    office.restart()
    later = office.sign(drafts[2], small[1])

    assert first == [200, 200]
    assert (status, facts["error"]) == (403, "certificates-a-day")
    assert again[0] == 200
    assert later[0] == 200


def test_a_permit_needs_two_officers(town: Town, office: Office, tmp_path: Path) -> None:
    person = town.issuer("newcomer")
    grant = tmp_path / "grant.psbt"
    key = person.do("key")["issuer_key"]
    drafted = town.root.do(
        "permit", "grant", "--issuer-key", key, "--type", DOCUMENTS / "patron-share.json",
        "--type-out", tmp_path / "granted.json", "--quantity", "5", "--unsigned", "--out", grant,
    )  # fmt: skip
    anna = office.folder / "anna.token"
    request = ("cosigner", "request", grant, *office.ask(anna))

    none = town.root.refused(*request)
    town.root.do("cosigner", "approve", grant, *office.ask(anna))
    town.root.do("cosigner", "approve", grant, *office.ask(anna))
    one = town.root.refused(*request)
    approved = approve(office, grant)
    town.root.do(*request)
    sent = town.root.do("send", grant)
    town.mine()

    assert drafted["signed_by"] == []
    assert none.facts["error"] == one.facts["error"] == "approval-needed"
    assert approved["approvals"] == ["anna", "boris"]
    assert sent["sent"] is True
    assert [each["quantity"] for each in person.do("permit", "list")["permits"]] == [5]


def test_nothing_is_issued_under_a_permit_that_nobody_approved(
    town: Town, office: Office, holder: Person
) -> None:
    person = town.issuer("unapproved")
    permit = town.grant(person)
    token = office.token("unapproved", "issuer", person.do("key")["issuer_key"])
    file = town.folder / "unapproved.psbt"
    wanted = (
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(),
        "--serial", "1", "--out", file, *office.ask(token),
    )  # fmt: skip

    refusal = person.refused(*wanted)
    existed = file.exists()
    approve(office, permit)
    issued = person.do(*wanted)

    assert refusal.facts["error"] == "approval-needed"
    assert not existed
    assert issued["complete"] is True


def test_a_dry_run_says_what_would_be_signed(
    town: Town, office: Office, academy: Licensed, holder: Person
) -> None:
    file, _ = issue_draft(town, academy, new_key(holder), 150)
    before = file.read_bytes(), office.counted(), len(office.events())

    facts = town.root.do("cosigner", "request", file, *office.ask(academy[1]), "--dry-run")

    assert facts["would_sign"] is True
    assert any("150" in line for line in facts["lines"])
    assert (file.read_bytes(), office.counted(), len(office.events())) == before


def test_a_folder_with_a_policy_signs_files_by_it(
    town: Town, office: Office, academy: Licensed, holder: Person
) -> None:
    file, psbt = issue_draft(town, academy, new_key(holder), 160)
    policy = town.root.folder / "cosigner.toml"
    before = office.counted()
    try:
        policy.write_text("[limits]\ncertificates_a_day = 0\n")
        refusal = town.root.refused("sign", file)
        policy.write_text("")
        signed = town.root.do("sign", file)
    finally:
        policy.unlink()
    repeated = office.sign(psbt, academy[1])

    assert refusal.facts["error"] == "certificates-a-day"
    assert signed["complete"] is True
    assert office.counted() == before + 1
    assert repeated[1]["repeated"] is True


def test_who_asks_too_often_or_too_much_is_told_so(
    town: Town, office: Office, academy: Licensed, holder: Person
) -> None:
    _, psbt = issue_draft(town, academy, new_key(holder), 170)
    token = academy[1].read_text().strip()
    office.restart("[service]\nrequests_a_minute = 2\nlargest_body = 2000\n")

    too_large = office.post("/v1/sign", bytes(2_001), token)
    first = office.post("/v1/check", psbt.encode(), token)
    too_often = office.post("/v1/check", psbt.encode(), token)
    office.restart()

    assert (too_large[0], too_large[1]["error"]) == (413, "too-large")
    assert first[0] == 200
    assert (too_often[0], too_often[1]["error"]) == (429, "rate-limited")
    assert 1 <= int(too_often[2]["Retry-After"]) <= 60


@pytest.mark.parametrize("body", [b"", b"psbt\xff", b"\x00" * 100, b"{}"])
def test_bytes_that_are_no_psbt_are_refused(office: Office, academy: Licensed, body: bytes) -> None:
    status, facts, _ = office.post("/v1/sign", body, academy[1].read_text().strip())

    assert (status, facts["error"]) == (400, "bad-file")


def test_altered_bytes_never_break_the_service(
    town: Town, office: Office, academy: Licensed, holder: Person
) -> None:
    _, psbt = issue_draft(town, academy, new_key(holder), 190)
    whole, token = psbt.encode(), academy[1].read_text().strip()
    chance = random.Random(190)

    found = set()
    for _ in range(150):
        altered = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            altered[chance.randrange(len(altered))] = chance.randrange(256)
        found.add(office.post("/v1/check", bytes(altered), token)[0])
    no_text = office.post("/v1/check", whole, "\xff\xfe")[0]

    assert found <= {200, 400, 403}
    assert no_text == 401


def test_secrets_are_in_no_log(town: Town, office: Office, academy: Licensed) -> None:
    said = (office.folder / "cosigner.log").read_text()
    audited = (town.root.folder / "cosigner.log").read_text()
    kept = (town.root.folder / "cosigner.sqlite").read_bytes()
    token = academy[1].read_text().strip()

    assert token not in said
    assert token not in audited
    assert token.encode() not in kept
    assert town.environment["CCXX_PASSPHRASE"] not in said + audited


def certify(folder: Path, name: str, issuer: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    """Make a key and its certificate, by an issuer or by itself; write both to one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer, by = (key, subject) if issuer is None else (issuer[0], issuer[1].subject)
    now = datetime.now(UTC)
    is_ca = issuer is None
    usage = dict.fromkeys(
        "content_commitment key_encipherment data_encipherment key_agreement encipher_only"
        " decipher_only".split(),
        False,
    )
    certificate = (
        x509.CertificateBuilder(by, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=is_ca, crl_sign=is_ca, **usage),
            critical=True,
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    secret = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.pem").write_bytes(secret + certificate.public_bytes(encoding))
    return key, certificate


def test_a_token_bound_to_a_certificate_needs_its_connection(
    town: Town, academy: Licensed, holder: Person, tmp_path: Path
) -> None:
    authority = certify(tmp_path, "authority")
    for name in ("server", "uni", "thief"):
        certify(tmp_path, name, authority)
    _, certificate = certify(tmp_path, "uni", authority)
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    token = tmp_path / "bound.token"
    key = academy[0].do("key")["issuer_key"]
    town.root.do(
        "cosigner", "token", "add", "bound", "--role", "issuer", "--issuer-key", key,
        "--fingerprint", fingerprint, "--out", token,
    )  # fmt: skip
    file, _ = issue_draft(town, academy, new_key(holder), 180)
    secure = Office(town, tmp_path, free_ports(1)[0])
    tls = ("--tls-certificate", "server.pem", "--client-ca", "authority.pem")
    secure.start_secure(*(word if word[0] == "-" else str(tmp_path / word) for word in tls))
    ask = (
        "cosigner", "request", file, "--cosigner", f"https://127.0.0.1:{secure.port}",
        "--token-file", token, "--cosigner-ca", tmp_path / "authority.pem",
    )  # fmt: skip
    try:
        stranger = town.root.refused(*ask)
        thief = town.root.refused(*ask, "--client-certificate", tmp_path / "thief.pem")
        signed = town.root.do(*ask, "--client-certificate", tmp_path / "uni.pem")
    finally:
        assert secure.process is not None
        secure.process.stop()

    assert stranger.facts["error"] == "cosigner-unavailable"
    assert thief.facts["error"] == "unauthorized"
    assert signed["action"] == "issue"


def test_tokens_do_not_travel_in_the_clear(town: Town, office: Office, tmp_path: Path) -> None:
    file = tmp_path / "any.psbt"
    file.write_bytes(b"")

    server = town.root.refused("cosigner", "serve", "--host", "0.0.0.0")
    client = town.root.refused(
        "cosigner", "request", file, "--cosigner", "http://example.org:8572",
        "--token-file", office.folder / "anna.token",
    )  # fmt: skip

    assert "--tls-certificate" in server.error
    assert "https" in client.error
