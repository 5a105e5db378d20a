"""What stands for a letter in disguise: shapes of other alphabets, symbols, and what nobody sees. Data."""

from __future__ import annotations


def _pairs(shapes: str, letters: str) -> dict[str, str]:
    return dict(zip(shapes.split(), letters.split(), strict=True))


SHAPES: dict[str, str] = {
    # Cyrillic, Greek and Armenian, in lower case
    **_pairs(
        "а в с е һ і ј к ӏ м н о п р ԛ ѕ т у ѵ ԝ х ԁ ү", "a b c e h i j k l m h o n p q s t y v w x d y"
    ),
    **_pairs("α β ϲ ε η ι ϳ κ ν ο ρ σ τ υ ω χ γ", "a b c e n i j k v o p o t u w x y"),
    **_pairs("ո օ ս հ ց ք", "n o u h g q"),
    # Cherokee, whose letters fold to the capitals
    **_pairs(
        "Ꭺ Ᏼ Ꮯ Ꭰ Ꭼ Ꮐ Ꮋ Ꮒ Ꭵ Ꭻ Ꮶ Ꮮ Ꮇ Ꮲ Ꭱ Ꮢ Ꮪ Ꭲ Ꮩ Ꮃ Ꮤ Ꭹ Ꮍ Ꮓ",
        "a b c d e g h h i j k l m p r r s t v w w y y z",
    ),
    # Latin letters that no decomposition leads back
    **_pairs("ı ȷ ł ø đ ħ ŧ ƀ ɑ ɡ ɩ ƙ ɓ ɗ ƒ ƴ ʐ", "i j l o d h t b a g i k b d f y z"),
    **_pairs("æ œ ĳ", "ae oe ij"),
    **_pairs(
        "ᴀ ʙ ᴄ ᴅ ᴇ ꜰ ɢ ʜ ɪ ᴊ ᴋ ʟ ᴍ ɴ ᴏ ᴘ ʀ ꜱ ᴛ ᴜ ᴠ ᴡ ʏ ᴢ",
        "a b c d e f g h i j k l m n o p r s t u v w y z",
    ),
    **_pairs("ɐ ɔ ǝ ɟ ɥ ʞ ɯ ɹ ʇ ʌ ʍ ʎ", "a c e f h k m r t v w y"),
    # Letters on tiles: squares, dark circles, dark squares, and the flags' letters
    **{
        chr(first + number): chr(ord("a") + number)
        for first in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)
        for number in range(26)
    },
}
"""A shape in lower case, and the Latin letter that an eye takes it for."""

SIGNS: dict[str, str] = {
    "0": "o",
    "1": "il",
    "3": "e",
    "4": "a",
    "5": "s",
    "6": "g",
    "7": "t",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "!": "il",
    "|": "il",
    "€": "e",
    "£": "l",
}
"""A digit or a symbol, and the letters that it may stand for."""

UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0")
"""Blank, though Unicode does not count them among its format characters; variation selectors likewise."""
