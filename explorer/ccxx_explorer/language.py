"""The reader's language: every sentence a page says goes through here, and is found by its English.

Which catalogue is in force is a matter of the context (one request), so that pure code says what it
means and nobody hands translations from function to function. Outside any request it is English.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from gettext import NullTranslations
from typing import Any

from babel import Locale
from babel.dates import format_date, get_datetime_format
from babel.numbers import format_decimal

_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the explorer: its BCP 47 code, its own name, direction and catalogue."""

    code: str
    name: str
    is_right_to_left: bool = False
    catalogue: NullTranslations = field(default_factory=NullTranslations, compare=False)

    @property
    def locale(self) -> Locale:
        """How its readers write numbers and days."""
        return Locale.parse(self.code)


ENGLISH = Language("en", "English")
_CURRENT: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def current_language() -> Language:
    """Return the language that is spoken now."""
    return _CURRENT.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language until the end of the block."""
    token = _CURRENT.set(language)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def N_(message: str) -> str:
    """Mark a sentence of a table for translation; `say` says it later."""
    return message


def say(message: str, **values: Any) -> str:
    """Say an English sentence in the reader's language; `%(name)s` stands for a value."""
    text = _CURRENT.get().catalogue.gettext(message)
    return text % values if values else text


def say_count(one: str, many: str, count: int, **values: Any) -> str:
    """Say a sentence about a number of things; `%(count)s` stands for the number."""
    text = _CURRENT.get().catalogue.ngettext(one, many, count)
    return text % {"count": say_number(count), **values}


def say_number(number: int) -> str:
    """Print a number of things as the reader groups digits; the digits are Latin everywhere."""
    return _number_in(_CURRENT.get().code, number)


def say_decimal(number: float, places: int) -> str:
    """Print a rate or a share with so many places, as the reader writes it, in Latin digits."""
    pattern = f"#,##0.{'0' * places}"
    return format_decimal(number, format=pattern, locale=_CURRENT.get().locale)


def say_list(things: Iterable[str]) -> str:
    """Enumerate things with what the reader puts between them."""
    return say_comma().join(things)


def say_comma() -> str:
    """Give what the reader puts between things that are enumerated."""
    middle = _CURRENT.get().locale.list_patterns["standard"]["middle"]
    return str(middle.format("", ""))


def say_quoted(text: str) -> str:
    """Put somebody's own words into the reader's quotation marks."""
    return say("“%(text)s”", text=text)


def say_day(moment: datetime) -> str:
    """Print a day in UTC as the reader writes it."""
    language = _CURRENT.get()
    if language == ENGLISH:
        return f"{moment:%Y-%m-%d}"
    return _day_in(language.code, moment.date())[1]


def say_minute(moment: datetime) -> str:
    """Print a moment in UTC to the minute, the day as the reader writes it."""
    language = _CURRENT.get()
    # In English the day is ISO 8601's: English itself is divided over the order.
    if language == ENGLISH:
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    order, day = _day_in(language.code, moment.date())
    return order.replace("{1}", day).replace("{0}", f"{moment:%H:%M} UTC")


# A page says the same numbers and days many times, and Babel reads its patterns anew for each.
@lru_cache(_REMEMBERED)
def _number_in(code: str, number: int) -> str:
    return format_decimal(number, locale=Locale.parse(code))


@lru_cache(_REMEMBERED)
def _day_in(code: str, day: date) -> tuple[str, str]:
    locale = Locale.parse(code)
    return str(get_datetime_format("medium", locale=locale)), format_date(day, "medium", locale)
