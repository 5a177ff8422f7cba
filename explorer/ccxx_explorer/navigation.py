"""The ways through the explorer: one list, from which the frame of every page draws its links."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.language import say


@dataclass(frozen=True, slots=True)
class Way:
    """A link of the frame: the path of a page, and its name in the reader's language."""

    path: str
    name: str


def main_ways() -> tuple[Way, ...]:
    """List what visitors come for."""
    return (
        Way("/certificates", say("Certificates")),
        Way("/permits", say("Permits")),
        Way("/issuers", say("Issuers")),
        Way("/root", say("Root")),
        Way("/verify", say("Verify")),
        Way("/blocks", say("Blocks")),
        Way("/mempool", say("Waiting")),
        Way("/statistics", say("Statistics")),
    )


def more_ways() -> tuple[Way, ...]:
    """List what is for those who look behind it."""
    return (
        Way("/status", say("Status")),
        Way("/broadcast", say("Send a transaction")),
        Way("/widget", say("Widget")),
        Way("/docs", say("API")),
    )
