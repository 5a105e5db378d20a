from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.safe import alt_text, bar, code_block, code_span, cut, length, one_line
from bot.ui.text import open_text, relative, text_for

if TYPE_CHECKING:
    from pathlib import Path

ANY = st.text(st.characters(codec=None, exclude_categories=()))


@given(text=ANY, limit=st.integers(1, 60))
def test_cut_never_passes_its_limit_and_leaves_short_texts_alone(text: str, limit: int) -> None:
    assert length(cut(text, limit)) <= limit
    assert length(text) > limit or cut(text, limit) == text


@given(ANY)
def test_harmless_text_can_be_encoded_and_stays_in_its_place(text: str) -> None:
    assert code_block(text).encode().count(b"```") == 2
    assert code_span(text).count("`") == 2
    assert "\n" not in code_span(text)
    assert 1 <= length(one_line(text, 100).encode().decode()) <= 100
    assert length(alt_text(text)) <= 1024


@pytest.mark.parametrize(
    ("share", "drawn"),
    [
        (0.0, "▱▱▱▱"),
        (0.01, "▰▱▱▱"),
        (0.5, "▰▰▱▱"),
        (0.999, "▰▰▰▱"),
        (1.0, "▰▰▰▰"),
        (-1.0, "▱▱▱▱"),
        (7.0, "▰▰▰▰"),
    ],
)
def test_a_bar_is_full_or_empty_only_when_it_is_so(share: float, drawn: str) -> None:
    assert bar(share, 4) == drawn


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0 s"), (9.84, "9.8 s"), (59.99, "1 min 0 s"), (125, "2 min 5 s"), (4800, "1 h 20 min")],
)
def test_durations_have_at_most_two_units(seconds: float, said: str) -> None:
    assert text_for("en-US").duration(seconds) == said


@pytest.mark.parametrize(
    ("nano", "said"),
    [(0, "$0.00"), (3_400_000, "$0.0034"), (20_000_000, "$0.02"), (1_234_560_000_000, "$1,234.56")],
)
def test_money_shows_the_decimals_it_needs(nano: int, said: str) -> None:
    assert text_for("en-US").money(nano) == said


@pytest.mark.parametrize(
    "locale", ["en-US", "en-GB", "de", "zh-CN", "es-419", "pt-BR", "sv-SE", "xx-YY", "", "no"]
)
def test_every_locale_has_words(locale: str) -> None:
    assert text_for(locale).plural("{n} image", "{n} images", 2)
    assert text_for(locale)("Place {n}", n=3) == "Place 3"


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (7.5, "7.5"), (1_234.5, "1,234.5"), (100, "100"), (0.004, "0")]
)
def test_numbers_have_separators_and_at_most_two_decimals(value: float, said: str) -> None:
    assert text_for("en-US").number(value) == said


def test_a_catalogue_brings_its_words_and_its_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    german = Catalog(locale="de", domain="atelier")
    german.add("Cancel", "Abbrechen")
    german.add(("{n} image", "{n} images"), ("{n} Bild", "{n} Bilder"))
    with (folder / "atelier.mo").open("wb") as file:
        write_mo(file, german)
    text = open_text("de", tmp_path)
    assert text("Cancel") == "Abbrechen"
    assert text.plural("{n} image", "{n} images", 1_000) == "1.000 Bilder"
    assert text.money(3_400_000) == "0,0034\xa0$"
    assert text.duration(9.84) == "9,8 s"
    assert open_text("de-AT", tmp_path)("Cancel") == "Abbrechen"
    assert open_text("fr", tmp_path)("Cancel") == "Cancel"


def test_timestamps_are_rounded_to_the_second() -> None:
    assert relative(datetime(2026, 1, 1, 0, 0, 0, 600_000, tzinfo=UTC)) == "<t:1767225601:R>"
