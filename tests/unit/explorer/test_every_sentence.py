"""Every sentence of every page goes through the reader's language.

The pages are drawn in a language that puts ⟦brackets⟧ around all it says and leaves the values
between them out. What then stands outside of brackets must be data: an id, a number, a moment, or
what somebody wrote on the chain.
"""

import re
from collections.abc import Iterator
from gettext import NullTranslations
from html.parser import HTMLParser
from typing import Any

import pytest

from ccxx_cert.identity import format_outpoint
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_explorer.html import render
from ccxx_explorer.language import Language, speaking
from ccxx_explorer.page_table import PAGES, Page
from ccxx_explorer.problems import PageError
from ccxx_explorer.question import Question
from ccxx_explorer.visit import Visit

PLACE = re.compile(r"(%\(\w+\)s)")
# Elements that hold what machines and the chain say.
DATA = {"bdi", "code", "pre", "time", "script", "style", "kbd", "samp"}
DATA_CLASSES = {"mono", "network", "data"}
VOID = {
    "meta",
    "link",
    "input",
    "br",
    "img",
    "hr",
    "wbr",
    "source",
    "path",
    "rect",
    "circle",
    "line",
}
SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-label", "data-copied", "data-failed")
# What has a digit or one of these in it is a piece of an id, an address or a command.
MACHINE = re.compile(r"[\d/…_=@<>]|\w-\w|\w\.\w")
PUNCTUATION = ".,;:·()“”+\N{EN DASH}\N{MULTIPLICATION SIGN}"
# Names that are the same in every language, and what the story wrote on the chain.
NAMES = {
    *("CCXX", "UTC", "JSON", "CSV", "PDF", "QR", "API", "RFC", "BIP", "OpenAPI", "Esplora"),
    *("PERMIT", "ISSUE", "BATCH", "TRANSFER", "scriptSig", "FILE", "regtest", "below", "page"),
    *("en", "de", "el", "ro", "zh", "fa"),
}
STORY = {"MSc", "Digital", "Currency", "UNICDEG", "DIPLOMA", "Diploma", "batch"}


class Bracketed(NullTranslations):
    """Says everything in brackets, and every value between them."""

    def gettext(self, message: str) -> str:
        return "⟦" + PLACE.sub(r"⟧\1⟦", message) + "⟧"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)


BRACKETED = Language("en", "English", False, Bracketed())


class Reader(HTMLParser):
    """Collects the words that people see or hear and that stand in no brackets."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.open: list[bool] = []
        self.loose: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_data = tag in DATA or bool(DATA_CLASSES & set(given.get("class", "").split()))
        # The names of other languages are said in those.
        is_data = is_data or (tag != "html" and "lang" in given)
        for name in SPOKEN:
            if not (is_data and name == "title"):
                self._read(given.get(name, ""))
        if tag == "meta" and given.get("name", given.get("property", "")).endswith("description"):
            self._read(given.get("content", ""))
        if tag not in VOID:
            self.open.append(is_data or (bool(self.open) and self.open[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        # A sentence with links in it goes on behind them.
        self.depth = self._read(data, self.depth, count=not (self.open and self.open[-1]))

    def _read(self, text: str, depth: int = 0, *, count: bool = True) -> int:
        outside = ""
        for part in re.split(r"([⟦⟧])", text):
            depth += {"⟦": 1, "⟧": -1}.get(part, 0)
            outside += part if depth == 0 and part not in "⟦⟧" else " "
        words = [word.strip(PUNCTUATION) for word in outside.split() if not MACHINE.search(word)]
        if count and [word for word in words if word.isalpha() and word not in NAMES | STORY]:
            self.loose.append(" ".join(outside.split()))
        return depth


def loose_words(html: str) -> list[str]:
    """Read a page; gives what no catalogue would translate."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.depth == 0
    return reader.loose


@pytest.fixture
def bracketed() -> Iterator[None]:
    """Speak in brackets."""
    with speaking(BRACKETED):
        yield


@pytest.fixture(scope="module")
def questions(story: Any) -> dict[str, list[Question]]:
    """What to ask each page: by template, since that is what is read here."""
    outpoints = [story.single, story.first_of_batch, story.fixed, story.expiring, story.recent]
    certificates = [Question(format_outpoint(at), {}) for at in outpoints]
    permits = [Question(format_outpoint(at), {}) for at in (story.permit, story.fixed_permit)]
    transactions = [
        *(Question(format_hash(at.txid), {}) for at in [*outpoints, story.permit]),
        *(
            Question(format_hash(tx.txid), {})
            for tx in (story.transfer, story.forced, story.hostile)
        ),
        Question(format_hash(story.chain.blocks[1].block.transactions[0].txid), {}),
    ]
    return {
        "certificate.html": certificates,
        "permit.html": permits,
        "pending.html": certificates[:1],
        "transaction.html": transactions,
        "address.html": [Question(encode_address(story.chain.learn("bob"), REGTEST), {})],
        "issuer.html": [Question(PrivateKey(sha256(b"issuer")).public_key.hex(), {})],
        "block.html": [Question(str(height), {}) for height in (0, len(story.chain.blocks) - 1)],
    }


@pytest.mark.usefixtures("bracketed")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_sentence_of_a_page_is_in_a_catalogue(
    page: Page, story: Any, questions: dict[str, list[Question]]
) -> None:
    site = story.site()
    asked = questions.get(page.template, [] if "{id" in page.path else [Question("", {})])
    assert asked, f"this test knows no example of {page.path}"

    loose = set()
    for question in asked:
        with site.database.read() as connection:
            facts, around = page.load(site, connection, question), site.surroundings(connection)
        loose.update(loose_words(render(page.template, facts, around, Visit("/"))))

    assert loose == set()


@pytest.mark.usefixtures("bracketed")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_problem_of_a_page_is_in_a_catalogue(page: Page, story: Any) -> None:
    site = story.site()
    problems = []
    for question in (
        Question("?", {"page": "x", "below": "x"}),
        Question("f" * 64, {"page": "9" * 9}),
    ):
        with site.database.read() as connection:
            try:
                page.load(site, connection, question)
            except PageError as error:
                problems += [error.message, error.hint]

    assert [text for text in problems if loose_words(f"<p>{text}</p>")] == []
