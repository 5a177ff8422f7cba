"""Find every sentence of the explorer in its source, and bring the catalogues up to date.

`python -m ccxx_explorer.extraction` (`make catalogues`) writes `locale/*.po`: new messages appear
untranslated, what is no longer said disappears.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from ccxx_explorer.catalogues import CODES, LOCALE

_PACKAGE = Path(__file__).parent
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_KEYWORDS = {**DEFAULT_KEYWORDS, "say": None, "say_count": (1, 2)}
# As the environment of the templates is set up; a template that cannot be read is an error.
_JINJA = {
    "trimmed": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "newstyle_gettext": "true",
    "silent": "false",
}
_LINE = 100


def extract_messages() -> Catalog:
    """Collect all messages, each with the files that say it."""
    catalogue = Catalog(project="ccxx", charset="utf-8", fuzzy=False)
    found = extract_from_dir(
        _PACKAGE,
        method_map=_METHODS,
        options_map={"templates/**.html": _JINJA},
        keywords=_KEYWORDS,
        comment_tags=["NOTE:"],
        strip_comment_tags=True,
    )
    for file, _, message, comments, context in sorted(found, key=lambda item: item[:2]):
        catalogue.add(message, None, [(file, 0)], auto_comments=comments, context=context)
    return catalogue


def update_catalogue(path: Path, template: Catalog) -> None:
    """Bring one catalogue up to date; what was translated and is still said stays."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem, abort_invalid=True)
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    for message in catalogue:
        _settle(message, catalogue.num_plurals)
    with path.open("wb") as file:
        write_po(file, catalogue, width=_LINE, ignore_obsolete=True, include_lineno=False)


def _settle(message: Message, plurals: int) -> None:
    """Take back what Babel marks as fuzzy: a message that has become plural, or is no more.

    What is fuzzy is left out when pages are drawn. Forms that are missing stay empty instead, and
    are found as what is not translated.
    """
    message.flags.discard("fuzzy")
    if message.pluralizable:
        forms = message.string if isinstance(message.string, tuple) else (message.string or "",)
        message.string = (*forms, *[""] * plurals)[:plurals]


def main() -> None:
    """Bring all catalogues up to date."""
    template = extract_messages()
    for code in CODES:
        update_catalogue(LOCALE / f"{code}.po", template)


if __name__ == "__main__":
    main()
