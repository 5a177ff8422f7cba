"""A visitor's question: the name in the path, and parameters within limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ccxx_explorer.language import say
from ccxx_explorer.problems import bad_request

LIST_LENGTH = 50
# Pages deeper than this are for the index's file, not for a web page.
_LAST_PAGE = 2_000
_MOST_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Question:
    """What a visitor asks: the name in the path, and the parameters behind it."""

    id: str
    parameters: Mapping[str, str]

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Read a whole number from the parameters; raises a page error outside its limits."""
        text = self.parameters.get(name, "")
        if not text:
            return default
        return read_number(name, text, least, most)

    def page(self, total: int) -> tuple[int, int]:
        """Read which page of a list of `total` lines is asked for; gives it and the last page."""
        pages = max(1, min(_LAST_PAGE, -(-total // LIST_LENGTH)))
        return self.number("page", 1, 1, pages), pages


def read_number(name: str, text: str, least: int, most: int) -> int:
    """Read a whole number that somebody gave; raises a page error outside its limits."""
    limits = say("It goes from %(least)s to %(most)s.", least=least, most=most)
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise bad_request(say("“%(name)s” must be a whole number.", name=name), limits)
    if not least <= int(text) <= most:
        raise bad_request(say("“%(name)s” is out of range.", name=name), limits)
    return int(text)
