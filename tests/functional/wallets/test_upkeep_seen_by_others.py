"""What wallets say of revoked, suspended, re-keyed and closed is what an explorer says too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Town = Any
Person = Any
Ask = Callable[[str], Any]


def new_key(person: Person) -> str:
    return str(person.do("key", "new")["holder_key"])


def test_revoked_suspended_and_reinstated_certificates_are_shown_alike(
    town: Town, ask: Ask, holder: Person
) -> None:
    person = town.issuer("seen")
    town.grant(person)
    revoked, held, released, valid = (
        town.issue(person, new_key(holder), serial) for serial in range(1, 5)
    )
    person.do("certificate", "revoke", revoked, "--reason", "affiliation-changed")
    person.do("certificate", "suspend", held)
    person.do("certificate", "suspend", released)
    town.mine()
    person.do("certificate", "reinstate", released)
    town.mine(6)

    shown = {each: ask(f"certificate/{each}") for each in (revoked, held, released, valid)}
    listed = {each["id"]: each for each in person.do("certificate", "list")["certificates"]}

    words = [shown[each]["status"] for each in (revoked, held, released, valid)]
    assert words == ["revoked", "suspended", "valid", "valid"]
    assert [listed[each]["status"] for each in shown] == words
    assert listed[revoked]["revocation"]["reason"] == "affiliation-changed"
    assert shown[revoked]["revocation"]["by"] == listed[revoked]["revocation"]["by"] == "issuer"
    assert listed[released]["revocation"] is None


def test_revoked_rekeyed_and_closed_permits_are_shown_alike(
    town: Town, ask: Ask, tmp_path: Path
) -> None:
    ended, moved, closed = (town.issuer(f"seen-{n}") for n in range(3))
    permits = [town.grant(person) for person in (ended, moved, closed)]
    town.root.do("permit", "revoke", permits[0], "--reason", "cessation")
    for person, words in ((moved, ("rekey", permits[1])), (closed, ("close", permits[2]))):
        file = tmp_path / f"{words[0]}.psbt"
        person.do("permit", *words, "--out", file)
        town.root.do("sign", file)
        person.do("send", file)
    town.mine(6)

    shown = [ask(f"permit/{permit}") for permit in permits]
    listed = {each["id"]: each for each in town.root.do("permit", "list")["permits"]}

    assert [each["status"] for each in shown] == ["revoked", "valid", "closed"]
    assert [listed[permit]["status"] for permit in permits] == ["revoked", "valid", "closed"]
    assert [listed[permit]["left"] for permit in permits] == [100, 100, 0]
    assert listed[permits[1]]["rekeyed_height"] is not None
