"""Words in the reader's language: gettext catalogues and Babel's numbers, one `Text` a language."""

from __future__ import annotations

import gettext
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal

if TYPE_CHECKING:
    from datetime import datetime

DOMAIN = "atelier"
CATALOGUES = Path(__file__).parent / "locale"
"""`<language>/LC_MESSAGES/atelier.mo`; the source language is English."""

_NANO = 1_000_000_000


class Text:
    """The words and numbers of one language; call it like gettext's `_`."""

    def __init__(self, locale: Locale, translations: gettext.NullTranslations) -> None:
        self.locale = locale
        self._translations = translations

    def __call__(self, message: str, /, **values: object) -> str:
        """`message` in this language, its `{names}` filled in."""
        text = self._translations.gettext(message)
        return text.format(**values) if values else text

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The form that fits `n`, which fills `{n}`."""
        return self._translations.ngettext(one, many, n).format(n=self.number(n), **values)

    def number(self, value: float) -> str:
        """A number with the language's separators and at most two decimals."""
        return str(format_decimal(value, format="#,##0.##", locale=self.locale))

    def money(self, nano_usd: int) -> str:
        """An amount of US dollars; small ones with as many decimals as they need."""
        usd = nano_usd / _NANO
        pattern = "¤#,##0.00" if usd >= 1 or usd == 0 else "¤#,##0.00####"
        return str(format_currency(usd, "USD", pattern, locale=self.locale, currency_digits=False))

    def duration(self, seconds: float) -> str:
        """A length of time in at most two units: "9.8 s", "2 min 5 s", "1 h 20 min"."""
        if seconds < 59.95:
            return self("{n} s", n=format_decimal(round(seconds, 1), format="0.#", locale=self.locale))
        minutes, rest_s = divmod(round(seconds), 60)
        if minutes < 60:
            return self("{m} min {s} s", m=minutes, s=rest_s)
        hours, minutes = divmod(minutes, 60)
        return self("{h} h {m} min", h=self.number(hours), m=minutes)


@cache
def text_for(locale: str) -> Text:
    """The words of a Discord locale ("en-US", "de", "zh-CN"); English where there is no catalogue."""
    try:
        parsed = Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        parsed = Locale("en", "US")
    languages = [str(parsed), parsed.language]
    translations = gettext.translation(DOMAIN, CATALOGUES, languages, fallback=True)
    if type(translations) is gettext.NullTranslations:
        # Numbers in one language between words in another read badly.
        parsed = Locale("en", "US")
    return Text(parsed, translations)


def relative(when: datetime) -> str:
    """Discord's moving timestamp: "in 3 minutes"."""
    return f"<t:{_rounded(when)}:R>"


def moment(when: datetime) -> str:
    """Discord's date and time in the reader's own zone."""
    return f"<t:{_rounded(when)}:f>"


def _rounded(when: datetime) -> int:
    return int((when + timedelta(milliseconds=500)).timestamp())
