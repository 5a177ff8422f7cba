"""Where a visitor is: the address of the page, its twin, and the same page in other languages."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page: raw `path` and `query`, `origin` is `https://host`, no slash.

    `tables` names the lists of the page that can be had as CSV; its first has no name.
    """

    path: str
    query: str = ""
    origin: str = ""
    tables: tuple[str, ...] = ()

    @property
    def twin(self) -> str:
        """The address that says the same as JSON, with the same parameters."""
        path = self.path.rstrip("/") or "/latest"
        return f"{path}.json?{self.query}" if self.query else f"{path}.json"

    def table(self, name: str) -> str:
        """The address of one of the page's lists as CSV, with the same parameters."""
        path = f"{self.path}/{name}.csv" if name else f"{self.path}.csv"
        return f"{path}?{self.query}" if self.query else path

    @property
    def canonical(self) -> str:
        """The one address of this page, whichever language it is read in."""
        return self._address(())

    def in_language(self, code: str) -> str:
        """Give this page's address in a language that is asked for by name."""
        return self._address((("lang", code),))

    def _address(self, more: tuple[tuple[str, str], ...]) -> str:
        kept = [pair for pair in parse_qsl(self.query) if pair[0] != "lang"]
        query = urlencode([*kept, *more])
        return f"{self.origin}{self.path}?{query}" if query else f"{self.origin}{self.path}"


def without(query: str, *names: str, **more: str) -> str:
    """Give a query without some of its parameters, and with others."""
    kept = [pair for pair in parse_qsl(query) if pair[0] not in names]
    return urlencode([*kept, *more.items()])
