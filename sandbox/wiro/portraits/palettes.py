"""Colours that go together, and the words that call for them."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

Rgb = tuple[int, int, int]


def rgb(text: str) -> Rgb:
    """A colour written as six hexadecimal digits."""
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """The colour that lies `share` of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a picture's world: its ground far and near, accent, cloth, light and darkest dark."""

    name: str
    far: Rgb
    near: Rgb
    accent: Rgb
    cloth: Rgb
    light: Rgb
    ink: Rgb


def _palette(name: str, colours: str) -> Palette:
    return Palette(name, *(rgb(colour) for colour in colours.split()))


#                         far    near   accent cloth  light  ink
PALETTES = (
    _palette("ember", "3a2149 d9654f f6b26b 40264f ffd9a0 1e1230"),
    _palette("lagoon", "0f4a5a 6fb9a4 ef8354 8f2d3f ffe8c2 0a2733"),
    _palette("blush", "f3d9cb d48f8a b5485d 4a3b56 fff1e2 3a2233"),
    _palette("midnight", "10143a 3c4496 f4d58d 27306f cfe0ff 090b22"),
    _palette("sage", "e3e5cf 87a386 d98e4a 3c5747 fff6dc 233329"),
    _palette("ochre", "f4e0ad d39b3c 8a3f2e 2c4657 fffae2 2a211c"),
    _palette("petrol", "1d3547 64879a ef8a85 bf4a57 ffe3d6 0f1f2b"),
    _palette("lilac", "d6cbe8 8b7ab6 f7c873 47366b fff0fb 2a2042"),
    _palette("mint", "d6efe4 69b8a8 f2786d 23364d ffffff 15263a"),
    _palette("terracotta", "f5d7bd c4664a 26547c f1e4cc fff4e3 37201b"),
    _palette("forest", "14281f 46765a e9c46a 80502f f7f0c4 0b1712"),
    _palette("sky", "cbe8f4 5b9cc7 ffd166 e4694f ffffff 1b3652"),
)

_WORDS = {
    "ember": "sunset dusk fire ember autumn dragon wizard witch lava evening flame",
    "lagoon": "sea ocean coral island sailor diver mermaid tropical lighthouse pirate harbour",
    "blush": "pink rose bride love ballet dancer spring blossom soft baby",
    "midnight": "night star stars moon space galaxy astronaut cyber neon dream midnight train",
    "sage": "garden gardener olive tea calm monk herb field farmer shepherd",
    "ochre": "gold golden king queen royal desert sun honey egypt vintage",
    "petrol": "rain storm city detective noir jazz smoke steel engineer",
    "lilac": "violet purple lavender magic fairy poet elf mystic anime",
    "mint": "snow winter ice fresh doctor nurse scientist robot glass",
    "terracotta": "clay spain mexico africa village brick potter market chef baker",
    "forest": "forest wood leaf fern botanist hunter ranger moss druid elven jungle",
    "sky": "blue sky cloud pilot summer beach child kite bird wind",
}


def words_of(prompt: str) -> list[str]:
    """The words of a prompt, small, those of the trigger left out."""
    return [word for word in re.findall(r"[^\W\d_]+", prompt.lower()) if word not in {"portrait", "style"}]


def palette_for(prompt: str, rng: Random) -> Palette:
    """One of the few palettes that suit the prompt's words; which one, `rng` decides."""
    words = words_of(prompt)
    suited = [palette for palette in PALETTES if _calls_for(palette, words)]
    if not suited:
        suited = [PALETTES[number] for number in _spread("".join(words))]
    return rng.choice(suited)


def _calls_for(palette: Palette, words: list[str]) -> bool:
    calling = set(_WORDS[palette.name].split())
    return any(word in calling for word in words)


def _spread(text: str) -> Iterator[int]:
    """Three of the palettes' numbers, far apart, always the same for the same text."""
    first = zlib.crc32(text.encode())
    return ((first + step * 5) % len(PALETTES) for step in range(3))
