"""When permits and certificates end, in words."""

from __future__ import annotations

from ccxx_explorer.facts import ExpiryFacts
from ccxx_explorer.wording import format_time


def expiry_facts(time: int | None, height: int | None) -> ExpiryFacts:
    """Say when something ends; where both limits stand, whichever comes first."""
    if time is None and height is None:
        return ExpiryFacts(None, None, "does not expire")
    limits = []
    if time is not None:
        limits.append(format_time(time))
    if height is not None:
        limits.append(f"block {height:,}")
    return ExpiryFacts(time, height, f"is valid until {' or '.join(limits)}")


def past_tense(words: str) -> str:
    """Say of something that has ended when it ended."""
    return words.replace("is valid", "was valid", 1)
