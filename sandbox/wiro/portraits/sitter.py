"""Who sits for the portrait: what the prompt's words ask for, and chance decides the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.wiro.portraits.palettes import Palette, Rgb, mix, rgb, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_SKINS = tuple(
    (rgb(base), rgb(shade), rgb(glow))
    for base, shade, glow in (
        ("f2cdb0", "c4866b", "ffe9d4"),
        ("e8b48e", "b36c4b", "fbd5b0"),
        ("d29a6c", "96593a", "edbb8d"),
        ("a96d47", "6f3d25", "cb9268"),
        ("7c4c32", "4a291a", "a8724f"),
        ("5e3826", "341a12", "8a5a40"),
    )
)
_HAIR_COLOURS = {
    "black": "1f1b26",
    "brown": "4a2c1f",
    "chestnut": "74412a",
    "red": "a84b26",
    "ginger": "c4662f",
    "blonde": "dcb26a",
    "blond": "dcb26a",
    "white": "d9d6d2",
    "grey": "8d8a8c",
    "silver": "b5b3b8",
}
_NATURAL = ("black", "black", "brown", "brown", "chestnut", "red", "blonde", "silver")
_HAIRCUTS = ("long", "waves", "bob", "bun", "afro", "short", "curls", "braid", "scarf")
_COLLARS = ("crew", "vee", "turtleneck", "shirt", "boat")

_CUT_WORDS = {
    "long": "long mermaid princess elf elven fairy witch druid",
    "waves": "wavy waves singer actress",
    "bob": "bob fringe girl pilot",
    "bun": "bun ballet dancer librarian teacher queen",
    "afro": "afro",
    "short": "short man boy king knight soldier captain sailor fisherman wizard keeper conductor detective",
    "curls": "curls curly",
    "braid": "braid viking",
    "scarf": "scarf turban hood farmer baker",
}
_LONG_BEARD_WORDS = frozenset({"beard", "bearded", "druid", "king", "viking", "wizard"})
_BEARD_WORDS = frozenset({"captain", "fisherman", "keeper", "sailor"}) | _LONG_BEARD_WORDS
_SHORT_HAIR_WORDS = frozenset(_CUT_WORDS["short"].split())
_OLD_WORDS = frozenset({"old", "elderly", "grandmother", "grandfather", "wizard", "ancient"})
_GLASSES_WORDS = frozenset({"glasses", "scientist", "librarian", "professor", "teacher", "nerd", "detective"})


@dataclass(frozen=True, slots=True)
class Sitter:
    """Everything about the person that the painter needs to know. `side` is -1 or 1: where the light is."""

    skin: Rgb
    shade: Rgb
    glow: Rgb
    hair: Rgb
    haircut: str
    beard: bool
    glasses: bool
    earrings: bool
    freckles: bool
    eyes_closed: bool
    collar: str
    pattern: str
    side: int
    turn: float
    tilt: float
    jaw: float
    width: float
    iris: Rgb


def sit(prompt: str, palette: Palette, rng: Random) -> Sitter:
    """A person as the prompt's words want them."""
    words = words_of(prompt)
    haircut = _haircut(words, rng)
    skin, shade, glow = rng.choice(_SKINS)
    side = rng.choice((-1, 1))
    return Sitter(
        skin=mix(skin, palette.light, 0.06),
        shade=mix(shade, palette.ink, 0.22),
        glow=mix(glow, palette.light, 0.25),
        hair=_hair(words, palette, rng),
        haircut=haircut,
        beard=_beard(words, haircut, rng),
        glasses=bool(_GLASSES_WORDS & set(words)) or rng.random() < 0.12,
        earrings=haircut in {"bun", "afro", "bob", "scarf", "braid"} and rng.random() < 0.6,
        freckles=rng.random() < 0.2,
        eyes_closed=rng.random() < 0.45,
        collar=rng.choice(_COLLARS),
        pattern=rng.choice(("plain", "plain", "stripes", "dots")),
        side=side,
        turn=-side * rng.uniform(0.02, 0.15),
        tilt=rng.uniform(-6.0, 6.0),
        jaw=rng.uniform(0.92, 1.08) + (0.05 if _SHORT_HAIR_WORDS & set(words) else 0.0),
        width=rng.uniform(0.94, 1.03),
        iris=rgb(rng.choice(("3b5b6d", "5a3a22", "3f6650", "4a3728"))),
    )


def _haircut(words: Sequence[str], rng: Random) -> str:
    wanted = [cut for cut, calling in _CUT_WORDS.items() if set(calling.split()) & set(words)]
    # Words are a strong hint, not an order: four pictures of one prompt should differ.
    if wanted and rng.random() < 0.8:
        return rng.choice(wanted)
    return rng.choice(_HAIRCUTS)


def _beard(words: Sequence[str], haircut: str, rng: Random) -> bool:
    if haircut == "short":
        return bool(_BEARD_WORDS & set(words)) or rng.random() < 0.35
    return bool(_LONG_BEARD_WORDS & set(words)) and haircut in {"long", "waves", "braid"}


def _hair(words: Sequence[str], palette: Palette, rng: Random) -> Rgb:
    if _OLD_WORDS & set(words):
        return rgb(_HAIR_COLOURS[rng.choice(("white", "grey", "silver"))])
    if "hair" in words:
        named = [word for word in words if word in _HAIR_COLOURS]
        if named:
            return rgb(_HAIR_COLOURS[named[0]])
    if rng.random() < 0.18:
        return mix(palette.accent, palette.ink, 0.25)
    return mix(rgb(_HAIR_COLOURS[rng.choice(_NATURAL)]), palette.ink, 0.12)
