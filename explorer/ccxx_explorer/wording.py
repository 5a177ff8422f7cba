"""Values of the chain in words: text that is safe to show, times, sizes, expiries.

Everything that a stranger may have written on the chain passes through `printable` before a page
shows it: control characters and bidirectional overrides would let a message rewrite the words
around it.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import idna

from ccxx_cert.standing import LEAST_SINCE_TIME
from ccxx_cert.status import Status
from ccxx_core.amount import format_amount
from ccxx_explorer.language import say, say_count, say_day, say_minute

# Control, format (bidirectional overrides among them), surrogate, private use, unassigned, and
# the two separators that break lines.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


# Joiners are part of how Persian and the languages of India are spelled.
_JOINERS = "\u200c\u200d"
# How far the letters may be that a joiner stands between, with marks on them.
_NEIGHBOURHOOD = 8


def printable(text: str) -> str:
    """Show every character that could hide or reorder text as its code point, `<U+202E>`.

    A joiner stays where it changes how its neighbours are written (CONTEXTJ, RFC 5892).
    """
    if text.isprintable():
        return text
    return "".join(
        f"<U+{ord(char):04X}>"
        if unicodedata.category(char) in _UNSAFE and not _is_spelling(text, place)
        else char
        for place, char in enumerate(text)
    )


def _is_spelling(text: str, place: int) -> bool:
    if text[place] not in _JOINERS:
        return False
    start = max(0, place - _NEIGHBOURHOOD)
    try:
        return idna.valid_contextj(text[start : place + _NEIGHBOURHOOD + 1], place - start)
    except ValueError:  # beside a character that has no name
        return False


def printable_lines(text: str) -> str:
    """Show text of several lines safely: line feeds stay, all else is as `printable` has it."""
    return "\n".join(map(printable, text.split("\n")))


def readable_text(data: bytes) -> str | None:
    """Give bytes as safe text if they are UTF-8 with something to read in it, else None."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    letters = sum(unicodedata.category(char) not in _UNSAFE for char in text)
    return printable(text) if letters * 2 > len(text) else None


def padded_text(data: bytes) -> str:
    """Read UTF-8 padded with spaces; bytes that are no text are shown as hex."""
    try:
        return printable(data.decode("utf-8").rstrip(" "))
    except UnicodeDecodeError:
        return say("not UTF-8: %(hex)s", hex=data.hex())


def format_time(seconds: int) -> str:
    """Print unix seconds as UTC to the minute; an instant outside the calendar as seconds."""
    try:
        return say_minute(datetime.fromtimestamp(seconds, tz=UTC))
    except (ValueError, OverflowError, OSError):
        return say_count("%(count)s second of unix time", "%(count)s seconds of unix time", seconds)


def reason_of_revocation(reason: int) -> str:
    """Say the reason of a revocation: those of RFC 5280, and 200."""
    words = {
        0: say("unspecified"),
        1: say("key compromise"),
        2: say("CA compromise"),
        3: say("affiliation changed"),
        4: say("superseded"),
        5: say("cessation of operation"),
        6: say("on hold (suspended)"),
        8: say("removed from hold (reinstated)"),
        9: say("privilege withdrawn"),
        200: say("issued in error"),
    }
    return words.get(reason) or say("unknown reason")


def status_words(status: str) -> str:
    """Say the status of a certificate or permit."""
    words: dict[str, str] = {
        Status.DESTROYED: say("destroyed"),
        Status.REVOKED: say("revoked"),
        Status.SUSPENDED: say("suspended"),
        Status.SURRENDERED: say("surrendered"),
        Status.CLOSED: say("closed"),
        Status.NEEDS_NEWER: say("needs newer software"),
        Status.EXPIRED: say("expired"),
        Status.EXHAUSTED: say("exhausted"),
        Status.PENDING: say("pending"),
        Status.PROVISIONAL: say("provisional"),
        Status.VALID: say("valid"),
    }
    return words.get(status, status)


def since_words(since: int) -> str:
    """Say since when something is revoked: a height, or unix seconds from 500,000,000 on."""
    if since < LEAST_SINCE_TIME:
        return say("block %(height)s", height=since)
    return format_time(since)


def format_day(seconds: int) -> str:
    """Print the day of unix seconds in UTC; an instant outside the calendar as seconds."""
    try:
        return say_day(datetime.fromtimestamp(seconds, tz=UTC))
    except (ValueError, OverflowError, OSError):
        return format_time(seconds)


def format_iso(seconds: int) -> str:
    """Print unix seconds the way HTML's `time` element and machines read them."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_coins(satoshis: int) -> str:
    """Print an amount with its unit."""
    return f"{format_amount(satoshis)} CCXX"


def format_duration(seconds: int) -> str:
    """Print a span in its largest whole unit: `3 minutes`, `2 days`."""
    if seconds >= 86400:
        return say_count("%(count)s day", "%(count)s days", seconds // 86400)
    if seconds >= 3600:
        return say_count("%(count)s hour", "%(count)s hours", seconds // 3600)
    if seconds >= 60:
        return say_count("%(count)s minute", "%(count)s minutes", seconds // 60)
    return say_count("%(count)s second", "%(count)s seconds", seconds)
