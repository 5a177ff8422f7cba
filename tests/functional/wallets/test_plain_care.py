"""What a careful wallet notices: twice the same, secrets in the open, two inits, narrow screens."""

import os
import pty
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ccxx_regtest.processes import program

Town = Any
Person = Any


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def test_the_same_document_to_the_same_key_is_noticed(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    key = new_key(holder)
    draft = tmp_path / "one.psbt"
    words = ("certificate", "issue", "--to", key, "--document", town.document(), "--out")

    first = issuer.do(*words, draft)
    beside_a_draft = issuer.do(*words, tmp_path / "two.psbt", "--dry-run")
    town.root.do("sign", draft)
    issuer.do("send", draft)
    unconfirmed = issuer.do(*words, tmp_path / "two.psbt", "--dry-run")
    town.mine()
    confirmed = issuer.run(*words, tmp_path / "two.psbt", "--dry-run")

    assert first["warnings"] == []
    assert str(draft) in beside_a_draft["warnings"][0]
    for warned in (unconfirmed, confirmed.facts):
        assert any("the same document was certified" in line for line in warned["warnings"])
    assert "WARNING: the same document" in confirmed.error


def test_a_permit_that_waits_for_its_block_is_named(town: Town, holder: Person) -> None:
    person = town.issuer("two-permits")
    used = town.grant(person)
    key = person.do("key")["issuer_key"]
    waiting = town.root.do(
        "permit", "grant", "--issuer-key", key, "--quantity", "5", "--send", "--type",
        town.folder / "two-permits-patron-share.json",
    )  # fmt: skip

    drafted = person.do(
        "certificate", "issue", "--to", new_key(holder), "--document", town.document(), "--dry-run"
    )

    assert any(f"{waiting['txid']}:0" in line and used in line for line in drafted["warnings"])
    town.mine()


def test_a_secret_that_others_can_read_is_used_with_a_warning(
    town: Town, holder: Person, tmp_path: Path
) -> None:
    file = tmp_path / "passphrase"
    file.write_text(town.environment["CCXX_PASSPHRASE"])
    words = ("pay", town.root.do("address")["address"], "0.0001", "--passphrase-file", file)
    town.mine()

    file.chmod(0o640)
    open_to_group = holder.run(*words)
    file.chmod(0o600)
    private = holder.run(*words)
    town.mine()

    assert open_to_group.code == private.code == 0
    assert f"others can read {file}" in open_to_group.error
    assert "others can read" not in private.error


def test_of_two_inits_in_one_folder_one_is_refused(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "wallet"
    words = [program("ccxx-holder"), "init", "--anchor", str(town.anchor), "--no-input", "--json"]
    environment = os.environ | town.environment | {"CCXX_WALLET": str(folder)}

    def init(_: int) -> int:
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode

    with ThreadPoolExecutor(3) as people:
        codes = list(people.map(init, range(3)))

    assert sorted(codes) == [0, 1, 1]
    status = subprocess.run(
        [program("ccxx-holder"), "status"], env=environment, capture_output=True, check=False
    )
    assert status.returncode == 0


def talk(words: list[str], environment: dict[str, str], answers: dict[str, str]) -> str:
    """Run a command on a terminal of 60 columns; answer each prompt once, as a person does."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        words,
        env=environment | {"COLUMNS": "60"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = ""
    seen = 0
    while True:
        try:
            more = os.read(ours, 10_000).decode()
        except OSError:
            break
        if not more:
            break
        said += more
        for prompt in answers:
            at = said.find(prompt, seen)
            if at >= 0 and said.rstrip(" ").endswith(":"):
                seen = len(said)
                os.write(ours, f"{answer_to(said, answers[prompt])}\n".encode())
                break
    os.close(ours)
    assert process.wait(60) == 0, said
    return said


def answer_to(said: str, answer: str) -> str:
    """Look the asked word of the phrase up in what was shown, or give the answer itself."""
    if answer != "look":
        return answer
    number = said.rstrip(": ").rsplit("Word ", 1)[1]
    lines = [line.split() for line in said.splitlines()]
    return next(line[1] for line in lines if len(line) == 2 and line[0] == number)


def test_a_new_phrase_is_asked_back_on_a_terminal(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "wallet"
    environment = os.environ | town.environment | {"CCXX_WALLET": str(folder)}

    said = talk(
        [program("ccxx-holder"), "init", "--anchor", str(town.anchor)],
        environment,
        {"Word ": "look"},
    )

    assert said.count("Word ") == 3
    assert "the words are right" in said
    assert "seed phrase  " not in said


def test_on_a_narrow_terminal_ids_stay_whole(town: Town, issuer: Person, holder: Person) -> None:
    certificate = town.issue(issuer, new_key(holder), 1_300)
    environment = os.environ | holder.environment | {"CCXX_WALLET": str(holder.folder)}

    said = talk([program("ccxx-holder"), "list"], environment, {})

    # One fact a line: what is longer than the line is wrapped by the terminal, never cut.
    assert re.search(rf"^id +{certificate}\r?$", said, re.MULTILINE)
    assert "…" not in said
