"""Draw facts as HTML: an environment a language, everything escaped, a few filters for values."""

from __future__ import annotations

from functools import lru_cache, partial
from gettext import NullTranslations
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ccxx_core.amount import format_amount
from ccxx_explorer.catalogues import languages
from ccxx_explorer.language import (
    current_language,
    say,
    say_comma,
    say_decimal,
    say_list,
    say_number,
    say_quoted,
)
from ccxx_explorer.navigation import main_ways, more_ways
from ccxx_explorer.sentences import ConstantSentences
from ccxx_explorer.static_files import static_url
from ccxx_explorer.views.buckets import bucket_label, bucket_words
from ccxx_explorer.views.charts import draw_bars, draw_line
from ccxx_explorer.views.picture import draw_life
from ccxx_explorer.views.qr_code import qr_code
from ccxx_explorer.views.script_words import (
    candidate_kinds,
    candidate_words,
    credit_words,
    kind_words,
    role_words,
    sighash_words,
)
from ccxx_explorer.visit import Visit, without
from ccxx_explorer.wording import (
    format_coins,
    format_duration,
    format_iso,
    format_time,
    printable,
    status_words,
)

# More than there are: tests make some of their own.
_LANGUAGES = 16
# Filled in with %, which is several times as fast as `format`.
_TIME = Markup('<time datetime="%s">%s</time>')
_WHOLE = Markup("<bdi>%s</bdi>")
_SHORT = Markup('<bdi title="%s">%s</bdi>')
# Amounts are compared and copied: the same digits in the same order in every language.
_AMOUNT = Markup('<bdi dir="ltr">%s</bdi>')


def _time(seconds: int | None) -> Markup:
    if seconds is None:
        return escape(say("not yet"))
    return _TIME % (format_iso(seconds), format_time(seconds))


def _shortened(text: str) -> str:
    if len(text) <= 24:
        return text
    head, tail = (12, 10) if ":" in text else (10, 6)
    return f"{text[:head]}…{text[-tail:]}"


def _short(text: str) -> Markup:
    """Shorten a long id for lists; the whole stays in the title."""
    if len(text) <= 24:
        return _WHOLE % text
    return _SHORT % (text, _shortened(text))


def _amount(satoshis: int) -> Markup:
    return _AMOUNT % format_amount(satoshis)


def _coins(satoshis: int) -> Markup:
    return _AMOUNT % format_coins(satoshis)


def _change(satoshis: int) -> Markup:
    sign = "+" if satoshis > 0 else ""
    return _AMOUNT % f"{sign}{format_coins(satoshis)}"


def _quoted(text: str) -> Markup:
    return _WHOLE % say_quoted(text)


def _custody(code: str) -> str:
    words = {
        "3of3": say("3 of 3: root, issuer and holder sign together"),
        "recoverable": say("3 of 3; root and issuer may replace a lost key after three months"),
        "2of3": say("2 of 3: two of root, issuer and holder sign"),
    }
    return words[code]


_FILTERS = {
    "coins": _coins,
    "amount": _amount,
    "change": _change,
    "moment": _time,
    "number": say_number,
    "decimal": say_decimal,
    "listed": say_list,
    "quoted": _quoted,
    "short": _short,
    "shortened": _shortened,
    "status_words": status_words,
    "custody": _custody,
    "printable": printable,
    "kind_words": kind_words,
    "role_words": role_words,
    "credit_words": credit_words,
    "sighash_words": sighash_words,
    "candidate_words": candidate_words,
    "duration": format_duration,
    "bucket_label": bucket_label,
    "bucket_words": bucket_words,
    "without": without,
}
_GLOBALS = {
    "languages": languages,
    "main_ways": main_ways,
    "more_ways": more_ways,
    "static_url": static_url,
    "candidate_kinds": candidate_kinds,
    "comma": say_comma,
    "draw_bars": draw_bars,
    "draw_life": draw_life,
    "draw_line": draw_line,
    "qr_code": qr_code,
}


def _say_count(catalogue: NullTranslations, one: str, many: str, count: int) -> str:
    # The number is put in here, grouped: the template engine would write plain digits.
    return catalogue.ngettext(one, many, count).replace("%(num)s", say_number(count))


@lru_cache(_LANGUAGES)
def environment_of(catalogue: NullTranslations) -> Environment:
    """Make the environment of a language: its sentences are part of its templates."""
    environment = Environment(
        loader=PackageLoader("ccxx_explorer"),
        autoescape=True,
        auto_reload=False,
        cache_size=-1,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", ConstantSentences],
    )
    environment.globals.update(_GLOBALS)
    environment.filters.update(_FILTERS)
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, partial(_say_count, catalogue), newstyle=True
    )
    sentences = environment.extensions[ConstantSentences.identifier]
    assert isinstance(sentences, ConstantSentences)
    sentences.speak(catalogue)
    return environment


def render(template: str, facts: Any, around: Any, visit: Visit) -> str:
    """Draw one page: `facts` is what it says, `around` the frame, `visit` where the visitor is."""
    language = current_language()
    page = environment_of(language.catalogue).get_template(template)
    return page.render(facts=facts, around=around, visit=visit, language=language)
