"""What the story expects, beside what the explorer and the wallets really say."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact: what it is about, what was found, what had to be found."""

    about: str
    found: Any
    wanted: Any

    @property
    def is_right(self) -> bool:
        """Tell whether it is as it has to be."""
        return bool(self.found == self.wanted)


def read_field(facts: Any, field: str) -> Any:
    """Follow a dotted name through objects and lists; None where it leads nowhere."""
    for name in field.split("."):
        match facts:
            case dict():
                facts = facts.get(name)
            case list() if name.isdigit() and int(name) < len(facts):
                facts = facts[int(name)]
            case _:
                return None
    return facts
