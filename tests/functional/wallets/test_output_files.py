"""No command puts its file in the place of another one, unless it is told to."""

from pathlib import Path
from typing import Any

Town = Any
Person = Any


def test_an_anchor_is_not_written_over_another_file(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "anchor.json"
    file.write_text("precious")

    refusal = town.root.refused("anchor", "export", file)
    kept = file.read_text()
    town.root.do("anchor", "export", file, "--overwrite")
    town.root.do("anchor", "export", file)

    assert refusal.facts["error"] == "file-exists"
    assert kept == "precious"
    assert file.read_bytes() == town.anchor.read_bytes()


def test_a_draft_is_not_written_over_another_file(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    file, copy = tmp_path / "draft.psbt", tmp_path / "copy.psbt"
    file.write_text("precious")
    key = holder.do("key", "new")["holder_key"]
    words = ("certificate", "issue", "--to", key, "--document", town.document(), "--out", file)

    refusal = issuer.refused(*words)
    kept = file.read_text()
    drafted = issuer.do(*words, "--overwrite")
    copy.write_text("precious")
    signing = town.root.refused("sign", file, "--out", copy)
    joining = issuer.refused("combine", file, "--out", copy)
    town.root.do("sign", file)
    finishing = issuer.refused("finalize", file, "--out", copy)

    assert {each.facts["error"] for each in (refusal, signing, joining, finishing)} == {
        "file-exists"
    }
    assert (kept, copy.read_text()) == ("precious", "precious")
    issuer.do("draft", "drop", drafted["txid"])
