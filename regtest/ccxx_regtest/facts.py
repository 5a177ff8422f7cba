"""What the story claims, and whether the explorer says the same."""

from dataclasses import dataclass
from typing import Any

from ccxx_regtest.explorer import RegtestExplorer


@dataclass(frozen=True, slots=True)
class Claim:
    """One fact that the explorer must show: the page, the field (dots go deeper), the value."""

    about: str
    page: str
    field: str
    wanted: Any


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, and what the explorer's JSON really says."""

    claim: Claim
    found: Any

    @property
    def is_right(self) -> bool:
        """Tell whether the explorer agrees."""
        return bool(self.found == self.claim.wanted)


def check_claims(claims: list[Claim], explorer: RegtestExplorer) -> list[Finding]:
    """Ask the explorer for every claim; each page is fetched once."""
    pages = {page: explorer.get(page) for page in dict.fromkeys(claim.page for claim in claims)}
    return [Finding(claim, read_field(pages[claim.page], claim.field)) for claim in claims]


def read_field(facts: Any, field: str) -> Any:
    """Follow a dotted name through objects and lists; None where it leads nowhere."""
    for name in field.split("."):
        match facts:
            case dict():
                facts = facts.get(name)
            case list() if name.lstrip("-").isdigit() and -len(facts) <= int(name) < len(facts):
                facts = facts[int(name)]
            case _:
                return None
    return facts
