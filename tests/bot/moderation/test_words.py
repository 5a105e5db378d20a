from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.moderation.words import MAX_WORD, Entry, NotAWord, WordList, read_words

if TYPE_CHECKING:
    from pathlib import Path

WORDS = (
    "kill",
    "ass",
    "anus",
    "hell",
    "shit",
    "penis",
    "ball",
    "bob",
    "cold blood",
    "nazi*",
    "*porn*",
    "1488",
    "nude",
    "hitler",
    "殺す",
    "убить",
    "cafe",
)
LIST = WordList(Entry.read(word) for word in WORDS)

FOUND = {
    # as it stands, among other words and signs
    "kill": "kill",
    "a fox, KILL, 4k": "kill",
    "(kill:1.3)": "kill",
    "road-kill on a plate": "kill",
    "kill_bill": "kill",
    "how to kill?": "kill",
    "kill4": "kill",
    "kill's": "kill",
    # case, accents, strokes, width
    "KÏLL": "kill",
    "k̶i̶l̶l̶": "kill",
    "k̷̨̛i͜͡l͝l͟": "kill",
    "ｋｉｌｌ": "kill",
    "𝓴𝓲𝓵𝓵": "kill",
    "ⓚⓘⓛⓛ": "kill",
    "🅺🅸🅻🅻": "kill",
    "🇰🇮🇱🇱": "kill",
    "ᴋɪʟʟ": "kill",
    "CAFÉ": "cafe",
    # look-alike letters, signs for letters
    "kіll": "kill",
    "пude": "nude",
    "ᏦᎥᏞᏞ": "kill",
    "kiII": "kill",
    "hitIer": "hitler",
    "кill": "kill",
    "αnus": "anus",
    "k1ll": "kill",
    "ki11": "kill",
    "k!ll": "kill",
    "$hit": "shit",
    "5h1t": "shit",
    "a$$": "ass",
    "@ss": "ass",
    "b0b": "bob",
    # spacing tricks
    "k i l l": "kill",
    "i k i l l": "kill",
    "k.i.l.l.": "kill",
    "k-i-l-l": "kill",
    "k, i, l, l": "kill",
    "ki.ll": "kill",
    "k_ill": "kill",
    "ki/ll": "kill",
    "ki,ll": "kill",
    "ki'll": "kill",
    "ki’ll": "kill",
    "nu–de": "nude",
    "nu\u2010de": "nude",
    "nu:de": "nude",
    "n(u)de": "nude",
    "nu(de:1.2)": "nude",
    "ki\u2800ll": "kill",
    "red,fox,ki/ll,4k": "kill",
    "red,fox,ki.ll,4k": "kill",
    "kill,then": "kill",
    "kill\u2800them": "kill",
    "kill, then": "kill",
    "k  i  l  l   h i m": "kill",
    "now k i l l  h i m": "kill",
    "k\u200bi\u200bl\u200bl": "kill",
    "ki\u00adll": "kill",
    "kiiiill": "kill",
    "killlll": "kill",
    # phrases, stars, numbers, other scripts
    "in cold,  blood": "cold blood",
    "C0LD BLOOD": "cold blood",
    "Nazis": "nazi*",
    "softpornish": "*porn*",
    "the number 1488": "1488",
    "彼を殺すとき": "殺す",
    "彼を殺 す": "殺す",
    "он хочет УБИТЬ": "убить",
}

PASSES = (
    "skill",
    "a skilled kiln worker",
    "s k i l l",
    "killjoy",
    "class, bass, assassin, Assisi, grass",
    "he'll open the shell, and we'll see",
    "an us version",
    "a man with a pen,is smiling",
    "the ki, ll and the nu (de)",
    "a mountain,s/k/i/l/l/s,he’ll ski",
    "SKI Ill, a skiIIed fox",
    "she has a pen. Is it blue?",
    "bail, bell, bull",
    "Peugeot 505, a 808 drum, 1080p, 15:9",
    "14880",
    "the cold, red blood",
    "cold",
    "uranus, the planet",
    "neonazi",
    "samples 4, steps 30, scale 7.5, size 512x768",
    "a b c d e f",
    "скилл",
    "カメラ",
    "hello, Scunthorpe shitake",
    "",
)


@pytest.mark.parametrize("text", FOUND)
def test_word_is_found_however_it_is_dressed_up(text: str) -> None:
    found = LIST.find(text)
    assert found is not None
    assert found.word == FOUND[text]


@pytest.mark.parametrize("text", PASSES)
def test_innocent_text_passes(text: str) -> None:
    assert LIST.find(text) is None


@pytest.mark.parametrize(
    ("one", "other"), [("Kill", "kill"), ("cold  blood", "COLD BLOOD"), ("ass", "äss"), ("kill*", "Kill *")]
)
def test_the_same_word_written_otherwise_has_the_same_key(one: str, other: str) -> None:
    assert Entry.read(one).key == Entry.read(other).key


def test_a_star_makes_another_entry() -> None:
    assert Entry.read("kill").key != Entry.read("kill*").key


@pytest.mark.parametrize("written", ["", "  ", "*", "k", "!", "...", "\u200b\u200b", "k" * (MAX_WORD + 1)])
def test_what_is_no_word_is_refused_with_the_reason(written: str) -> None:
    with pytest.raises(NotAWord, match="word"):
        Entry.read(written)


def test_one_character_is_a_word_in_scripts_where_it_can_be() -> None:
    assert WordList([Entry.read("殺")]).find("暗殺者") is not None


def test_an_entry_that_was_written_in_disguise_means_what_it_looks_like() -> None:
    disguised = WordList([Entry.read("k1ll")])
    assert disguised.find("kill") is not None
    assert disguised.find("skill") is None


def test_an_empty_list_finds_nothing() -> None:
    assert not WordList(())
    assert WordList(()).find("kill") is None


def test_every_entry_of_a_long_list_finds_itself_and_nothing_else_does() -> None:
    words = [f"word{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(500)]
    entries = [Entry.read(word) for word in words]
    full = WordList(entries)
    assert [full.find(f"a {word} b") for word in words] == entries
    assert full.find("4!1|$5@0 " * 600) is None


def test_a_file_has_an_entry_on_each_line(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("\ufeff# not wanted\nkill\n\n  cold blood\n", "utf-8")
    assert [entry.word for entry in read_words(file)] == ["kill", "cold blood"]
    file.write_text("kill\nk\n", "utf-8")
    with pytest.raises(NotAWord, match="at least two"):
        read_words(file)
    with pytest.raises(NotAWord, match="cannot be read"):
        read_words(tmp_path / "none.txt")
