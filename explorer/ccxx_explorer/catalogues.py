"""The languages of the explorer: their catalogues, and which of them a visitor reads.

English is what the sentences are written in, so it has no catalogue. Each of the others is read
from `locale/*.po` once, when somebody speaks it: all of them take longer than the first page.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from ccxx_explorer.language import ENGLISH, Language

LANGUAGE_COOKIE = "lang"
LOCALE = Path(__file__).parent / "locale"
CODES = ("de", "el", "ro", "zh", "fa")
# RFC 9110: a language range, and how much it is liked.
_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?"
)


@cache
def languages() -> tuple[Language, ...]:
    """Give all languages with their catalogues, English first."""
    return (ENGLISH, *map(_language, CODES))


def _language(code: str) -> Language:
    locale = Locale.parse(code)
    name = (locale.get_display_name() or code).capitalize()
    return Language(code, name, locale.text_direction == "rtl", _Catalogue(code))


class _Catalogue(NullTranslations):
    """The catalogue of a language, read when its first sentence is asked for."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self._code = code

    def gettext(self, message: str) -> str:
        """Give a sentence."""
        return self._sentences.gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Give a sentence about a number of things."""
        return self._sentences.ngettext(msgid1, msgid2, n)

    @cached_property
    def _sentences(self) -> GNUTranslations:
        with (LOCALE / f"{self._code}.po").open("rb") as file:
            catalogue = read_po(file, locale=self._code, abort_invalid=True)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        return GNUTranslations(compiled)


def choose_language(asked: str | None, remembered: str | None, accepts: str = "") -> Language:
    """Choose what to speak: what `?lang=` asks for, else the cookie, else `Accept-Language`.

    What is unknown or cannot be read counts as not said; in the end it is English.
    """
    known = {language.code: language for language in languages()}
    for wish in (asked, remembered, *_wishes(accepts)):
        # `de-CH` is served with `de`: the catalogues differ by language alone.
        primary = wish.partition("-")[0].lower() if wish else ""
        if primary in known:
            return known[primary]
    return ENGLISH


def _wishes(accepts: str) -> list[str]:
    """Read an `Accept-Language` header: what it wishes for, most liked first."""
    found = [_RANGE.fullmatch(part) for part in accepts.split(",")]
    liked = [(float(match[2] or 1), match[1]) for match in found if match]
    # Sorting keeps the order of what is liked equally; nothing is liked less than `q=0`.
    ordered = sorted(liked, key=lambda wish: -wish[0])
    return ["en" if name == "*" else name for weight, name in ordered if weight > 0]
