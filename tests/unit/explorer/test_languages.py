"""Which language a visitor reads, and that every catalogue says everything."""

import re
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po

from ccxx_explorer.catalogues import CODES, LOCALE, choose_language, languages
from ccxx_explorer.extraction import extract_messages, update_catalogue
from ccxx_explorer.html import environment_of
from ccxx_explorer.language import (
    Language,
    say,
    say_count,
    say_decimal,
    say_list,
    say_number,
    say_quoted,
    speaking,
)

PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|%")


@pytest.mark.parametrize(
    ("asked", "remembered", "accepts", "chosen"),
    [
        (None, None, "", "en"),
        (None, None, "de-CH,de;q=0.9,en;q=0.8", "de"),
        (None, None, "ro;q=0.3, zh-TW;q=0.5, *;q=0.1", "zh"),
        (None, None, "xx, *;q=0.5, de;q=0.2", "en"),
        (None, None, "de;q=0, fa;q=0.001", "fa"),
        (None, "el", "de", "el"),
        ("FA", "el", "de", "fa"),
        ("klingon", "", "de", "de"),
        ("../../etc/passwd", "\x00", ",;;q=é,de;q=nan,ro;q=2,el;q=0.1234", "en"),
        (None, None, "a-" * 4000, "en"),
    ],
)
def test_language_is_the_one_asked_for_then_remembered_then_preferred(
    asked: str | None, remembered: str | None, accepts: str, chosen: str
) -> None:
    assert choose_language(asked, remembered, accepts).code == chosen


def test_only_persian_is_written_from_right_to_left() -> None:
    assert [one.code for one in languages() if one.is_right_to_left] == ["fa"]


def test_what_no_catalogue_has_is_said_in_english() -> None:
    with speaking(choose_language("ro", None)):
        assert say("Nobody wrote %(this)s down.", this="that") == "Nobody wrote that down."
        assert say_count("%(count)s oddity", "%(count)s oddities", 2) == "2 oddities"


@pytest.mark.parametrize("code", CODES)
def test_catalogue_has_exactly_the_messages_of_the_source(code: str) -> None:
    with (LOCALE / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code, abort_invalid=True)

    assert {one.id for one in catalogue} == {one.id for one in extract_messages()} | {""}
    assert not catalogue.obsolete
    assert not [one.id for one in catalogue if one.id and one.fuzzy]


@pytest.mark.parametrize("code", CODES)
def test_every_message_is_translated_with_its_placeholders(code: str) -> None:
    with (LOCALE / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code, abort_invalid=True)

    assert [one.id for one in catalogue if one.id and not all(forms(one))] == []
    assert [one.id for one in catalogue if one.id and not has_its_placeholders(one)] == []
    assert [one.id for one in catalogue if one.id and brings_markup(one)] == []


def forms(message: Message) -> tuple[str, ...]:
    """Give all plural forms of a translation, or the only one."""
    return message.string if isinstance(message.string, tuple) else (message.string,)


def has_its_placeholders(message: Message) -> bool:
    """Tell whether each form says every value; only a number may be meant by the form itself."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    wanted = set(PLACEHOLDER.findall(ids[-1]))
    return all(
        wanted - {"%(count)s"} <= set(PLACEHOLDER.findall(form)) <= wanted
        for form in forms(message)
    )


def brings_markup(message: Message) -> bool:
    """Tell whether a translation brings markup that the sentence itself has not."""
    source = "".join(message.id)
    return any(mark in form and mark not in source for form in forms(message) for mark in "<>&")


SOURCE = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=3; plural=(n > 1);\\n"\n\n'
SINGULAR = 'msgid "coin"\nmsgstr "monedă"\n'
PLURAL = (
    'msgid "coin"\nmsgid_plural "coins"\n'
    'msgstr[0] "monedă"\nmsgstr[1] "monede"\nmsgstr[2] "de monede"\n'
)


@pytest.mark.parametrize(
    ("kept", "said", "becomes"),
    [
        (SINGULAR, ("coin", "coins"), ("monedă", "", "")),
        (PLURAL, "coin", "monedă"),
        (PLURAL, ("coin", "coins"), ("monedă", "monede", "de monede")),
        ("", ("coin", "coins"), ("", "", "")),
    ],
)
def test_message_that_has_become_plural_is_never_left_out(
    tmp_path: Path, kept: str, said: str | tuple[str, str], becomes: str | tuple[str, ...]
) -> None:
    path = tmp_path / "ro.po"
    path.write_text(SOURCE + kept, encoding="utf-8")
    template = Catalog()
    template.add(said)

    update_catalogue(path, template)

    assert "fuzzy" not in path.read_text(encoding="utf-8")
    with path.open("rb") as file:
        updated = read_po(file, locale="ro", abort_invalid=True)
    assert [one.string for one in updated if one.id] == [becomes]


@pytest.mark.parametrize(
    ("code", "number", "share", "things", "quoted"),
    [
        ("en", "4,000,000", "1,234.50", "a, b, c", "“a”"),
        ("de", "4.000.000", "1.234,50", "a, b, c", "„a“"),
        ("el", "4.000.000", "1.234,50", "a, b, c", "«a»"),
        ("zh", "4,000,000", "1,234.50", "a、b、c", "“a”"),
        ("fa", "4,000,000", "1,234.50", "a،\u200f b،\u200f c", "«a»"),
    ],
)
def test_numbers_lists_and_quotations_are_written_as_the_reader_writes_them(
    code: str, number: str, share: str, things: str, quoted: str
) -> None:
    with speaking(choose_language(code, None)):
        assert say_number(4_000_000) == number
        assert say_decimal(1234.5, 2) == share
        assert say_list(["a", "b", "c"]) == things
        assert say_quoted("a") == quoted
        assert say_count("%(count)s byte", "%(count)s bytes", 4_000_000).startswith(number)


def drawn_in(language: Language, template: str) -> str:
    """Draw a piece of a page."""
    with speaking(language):
        return environment_of(language.catalogue).from_string(template).render()


def test_amounts_are_the_same_in_every_language() -> None:
    drawn = {drawn_in(one, "{{ 123456789012|change }}") for one in languages()}

    assert drawn == {'<bdi dir="ltr">+1234.56789012 CCXX</bdi>'}


@pytest.mark.parametrize("language", languages(), ids=lambda one: one.code)
def test_template_groups_the_numbers_that_it_counts(language: Language) -> None:
    drawn = drawn_in(language, '{{ ngettext("%(num)s byte", "%(num)s bytes", 4000000) }}')

    assert drawn.startswith(("4,000,000 ", "4.000.000 "))
