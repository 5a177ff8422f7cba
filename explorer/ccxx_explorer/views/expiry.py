"""When permits and certificates end, in words."""

from __future__ import annotations

from ccxx_explorer.facts import ExpiryFacts
from ccxx_explorer.language import say
from ccxx_explorer.wording import format_time


def expiry_facts(time: int | None, height: int | None) -> ExpiryFacts:
    """Say when something ends; where both limits stand, whichever comes first."""
    end = _end(time, height)
    if end is None:
        return ExpiryFacts(None, None, say("It does not expire."))
    return ExpiryFacts(time, height, say("It is valid until %(end)s.", end=end))


def ended_words(time: int | None, height: int | None) -> str:
    """Say of something that has ended by itself when it did."""
    end = _end(time, height)
    return say("It has expired.") if end is None else say("It was valid until %(end)s.", end=end)


def _end(time: int | None, height: int | None) -> str | None:
    if height is None:
        return None if time is None else format_time(time)
    block = say("block %(height)s", height=height)
    if time is None:
        return block
    return say("%(time)s or %(block)s, whichever comes first", time=format_time(time), block=block)
