"""Words in the reader's language: gettext catalogues, and numbers as that language writes them."""

from __future__ import annotations

import gettext
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from babel import Locale

DOMAIN = "atelier"
CATALOGUES = Path(__file__).parent / "locale"
"""`<language>/LC_MESSAGES/atelier.mo`; the source language is English."""

_NANO = 1_000_000_000


class Numbers(Protocol):
    """How a language writes numbers."""

    def decimal(self, value: float, digits: int) -> str:
        """A number with at most so many decimals, and separators."""
        ...

    def usd(self, value: float, digits: int) -> str:
        """An amount of US dollars with two decimals, or at most `digits` when it needs more."""
        ...


class EnglishNumbers:
    """The numbers of the source language. They need no library, and so none of its memory."""

    def decimal(self, value: float, digits: int) -> str:
        """A number with at most so many decimals, and separators."""
        text = f"{value:,.{digits}f}"
        return text.rstrip("0").rstrip(".") if digits else text

    def usd(self, value: float, digits: int) -> str:
        """An amount of US dollars with two decimals, or at most `digits` when it needs more."""
        whole, _, fraction = f"{value:,.{digits}f}".partition(".")
        return f"${whole}.{fraction.rstrip('0'):0<2}"


class BabelNumbers:
    """The numbers of a language that there is a catalogue for."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale

    def decimal(self, value: float, digits: int) -> str:
        """A number with at most so many decimals, and separators."""
        from babel.numbers import format_decimal  # noqa: PLC0415 -- four megabytes that English does without

        pattern = f"#,##0.{'#' * digits}" if digits else "#,##0"
        return str(format_decimal(value, format=pattern, locale=self._locale))

    def usd(self, value: float, digits: int) -> str:
        """An amount of US dollars with two decimals, or at most `digits` when it needs more."""
        from babel.numbers import format_currency  # noqa: PLC0415 -- likewise

        own = self._locale.currency_formats["standard"].pattern
        pattern = own.replace("0.00", f"0.00{'#' * (digits - 2)}")
        return str(format_currency(value, "USD", pattern, locale=self._locale, currency_digits=False))


class Text:
    """The words and numbers of one language; call it like gettext's `_`."""

    def __init__(self, translations: gettext.NullTranslations, numbers: Numbers) -> None:
        self._translations = translations
        self._numbers = numbers

    def __call__(self, message: str, /, **values: object) -> str:
        """`message` in this language, its `{names}` filled in."""
        text = self._translations.gettext(message)
        return text.format(**values) if values else text

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The form that fits `n`, which fills `{n}`."""
        return self._translations.ngettext(one, many, n).format(n=self.number(n), **values)

    def number(self, value: float) -> str:
        """A number with the language's separators and at most two decimals."""
        return self._numbers.decimal(value, 2)

    def money(self, nano_usd: int) -> str:
        """An amount of US dollars; small ones with as many decimals as they need."""
        usd = nano_usd / _NANO
        return self._numbers.usd(usd, 2 if usd >= 1 else 6)

    def duration(self, seconds: float) -> str:
        """A length of time in at most two units: "9.8 s", "2 min 5 s", "1 h 20 min"."""
        if seconds < 59.95:
            return self("{n} s", n=self._numbers.decimal(round(seconds, 1), 1))
        minutes, rest_s = divmod(round(seconds), 60)
        if minutes < 60:
            return self("{m} min {s} s", m=minutes, s=rest_s)
        hours, minutes = divmod(minutes, 60)
        return self("{h} h {m} min", h=self.number(hours), m=minutes)


@cache
def languages() -> tuple[str, ...]:
    """Discord's locales that there are words for, English first."""
    own = sorted(path.parent.parent.name for path in CATALOGUES.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return ("en-US", *(name.replace("_", "-") for name in own))


@cache
def text_for(locale: str) -> Text:
    """The words of a Discord locale ("en-US", "de", "zh-CN"); English where there is no catalogue."""
    return open_text(locale, CATALOGUES)


def open_text(locale: str, folder: Path) -> Text:
    """The words of a Discord locale by the catalogues of that folder."""
    name = locale.replace("-", "_")
    translations = gettext.translation(DOMAIN, folder, [name, name.partition("_")[0]], fallback=True)
    if type(translations) is gettext.NullTranslations:
        # Numbers of one language between words of another read badly.
        return Text(translations, EnglishNumbers())
    from babel import Locale  # noqa: PLC0415 -- see `BabelNumbers`

    return Text(translations, BabelNumbers(Locale.parse(name)))


def relative(when: datetime) -> str:
    """Discord's moving timestamp: "in 3 minutes"."""
    return f"<t:{_rounded(when)}:R>"


def moment(when: datetime) -> str:
    """Discord's date and time in the reader's own zone."""
    return f"<t:{_rounded(when)}:f>"


def _rounded(when: datetime) -> int:
    return int((when + timedelta(milliseconds=500)).timestamp())
