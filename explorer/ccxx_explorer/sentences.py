"""Sentences without values, put into the templates of a language once instead of on every page."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import NullTranslations

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

# `_("…")` as the lexer reads it.
_SHAPE = ("name", "lparen", "string", "rparen")
# What sentences with values are escaped into is HTML, so what has none is HTML too.
_AS_HTML = (("pipe", "|"), ("name", "safe"))


class ConstantSentences(Extension):
    """Says every `_("…")` while a template is read; `speak` tells in which language."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._catalogue = NullTranslations()

    def speak(self, catalogue: NullTranslations) -> None:
        """Choose the language of all templates that are read from now on."""
        self._catalogue = catalogue

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Put the sentence in the place of the call."""
        waiting: list[Token] = []
        for token in stream:
            waiting.append(token)
            if _is_begun(waiting):
                if len(waiting) == len(_SHAPE):
                    yield from self._said(waiting)
                    waiting = []
                continue
            # The token that fits no more may begin the next call.
            yield from waiting[:-1]
            waiting = [token]
            if not _is_begun(waiting):
                yield token
                waiting = []
        yield from waiting

    def _said(self, tokens: list[Token]) -> Iterator[Token]:
        _, opened, message, closed = tokens
        yield opened
        # `%%` stands for one of them, as where there are values.
        yield Token(message.lineno, "string", self._catalogue.gettext(message.value) % {})
        yield from (Token(message.lineno, *each) for each in _AS_HTML)
        yield closed


def _is_begun(tokens: list[Token]) -> bool:
    fits = all(token.type == kind for token, kind in zip(tokens, _SHAPE, strict=False))
    return fits and tokens[0].value == "_"
