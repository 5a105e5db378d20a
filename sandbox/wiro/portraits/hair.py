"""Haircuts: what lies behind the head, what lies before it, and the strands on both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.wiro.portraits.brush import circle, curve, within
from sandbox.wiro.portraits.palettes import mix

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from sandbox.wiro.portraits.brush import Mask, Point
    from sandbox.wiro.portraits.easel import Easel
    from sandbox.wiro.portraits.palettes import Rgb


@dataclass(frozen=True, slots=True)
class Style:
    """A haircut: outlines in half heads, strands as lines, and whether ears are seen."""

    back: list[list[Point]]
    front: list[list[Point]]
    strands: list[list[Point]]
    shows_ears: bool = False
    is_cloth: bool = False


def style(haircut: str, rng: Random) -> Style:
    """The haircut of that name, a little different every time."""
    return _STYLES[haircut](rng)


def paint_back(on: Easel, cut: Style) -> Mask:
    """The hair behind the head; where it is."""
    where = on.head.shape(*cut.back)
    _paint(on, where, cut, mix(on.sitter.hair, on.palette.ink, 0.3))
    return where


def paint_front(on: Easel, cut: Style) -> Mask:
    """The hair before the head, or the cloth that covers it; where it is."""
    where = on.head.shape(*cut.front)
    _paint(on, where, cut, on.palette.accent if cut.is_cloth else on.sitter.hair)
    return where


def _paint(on: Easel, where: Mask, cut: Style, colour: Rgb) -> None:
    """A colour, its light and dark side, strands."""
    side = on.sitter.side
    on.put(colour, where)
    dark = on.head.soft(0.3, circle(-side * 0.95, 0.1, 0.75, tall=1.9))
    on.spray(on.palette.ink, dark, 0.7, where)
    lit = on.head.soft(0.22, circle(side * 0.55, -0.72, 0.42, tall=0.9))
    on.spray(mix(colour, on.palette.light, 0.55), lit, 0.75, where)
    for share, tone in ((0.5, mix(colour, on.palette.light, 0.4)), (0.75, mix(colour, on.palette.ink, 0.45))):
        chosen = [line for line in cut.strands if on.rng.random() < share]
        if chosen:
            on.put(tone, within(on.head.lines(0.02, *chosen), where), 0.4)


def _mirrored(points: Sequence[Point]) -> list[Point]:
    """A closed outline from its right half, top to bottom."""
    return [*points, *((-x, y) for x, y in reversed(points) if x != 0.0)]


def _cap(parting: float, hairline: float = -0.62) -> list[Point]:
    """The hair on top of the head, down to the temples, with its parting."""
    return curve(
        [
            (-0.83, 0.12),
            (-0.92, -0.35),
            (-0.78, -0.86),
            (-0.36, -1.17),
            (0.1, -1.22),
            (0.52, -1.1),
            (0.84, -0.76),
            (0.92, -0.3),
            (0.83, 0.12),
            (0.71, -0.2),
            (0.58 + parting * 0.2, hairline + 0.16),
            (parting, hairline - 0.12),
            (-0.58 + parting * 0.2, hairline + 0.16),
            (-0.71, -0.2),
        ]
    )


def _flow(parting: float, length: float, spread: float, wave: float = 0.0) -> list[list[Point]]:
    """Strands from the parting over the side of the head and down."""
    lines = []
    for side in (-1, 1):
        for number in range(9):
            out = 0.3 + 0.075 * number
            points = [
                (parting, -1.15 + 0.02 * number),
                (side * out * 0.75, -1.0 + 0.05 * number),
                (side * (out + 0.12), -0.3),
                (side * (out + 0.14 + spread * 0.4), 0.5 * length),
                (side * (out + spread), length),
            ]
            line = curve(points, closed=False, steps=6)
            lines.append([(x + wave * math.sin(y * 5.5 + number), y) for x, y in line])
    return lines


def _long(rng: Random) -> Style:
    parting, length = rng.uniform(-0.3, 0.3), rng.uniform(1.9, 2.5)
    back = curve(
        _mirrored(
            [
                (0.0, -1.24),
                (0.62, -1.08),
                (0.98, -0.5),
                (1.04, 0.4),
                (1.1, 1.2),
                (1.0, length),
                (0.55, length + 0.1),
            ]
        )
    )
    locks = [
        curve(
            [
                (side * 0.8, -0.3),
                (side * 0.98, 0.3),
                (side * 1.08, 1.2),
                (side * 0.95, length - 0.1),
                (side * 0.68, length + 0.15),
                (side * 0.7, 1.3),
                (side * 0.74, 0.4),
            ]
        )
        for side in (-1, 1)
    ]
    return Style([back], [_cap(parting), *locks], _flow(parting, length, 0.1))


def _waves(rng: Random) -> Style:
    parting, length = rng.uniform(-0.35, 0.35), rng.uniform(1.4, 1.9)
    phase = rng.uniform(0, 3)
    edge = [(0.62, -1.1), (1.0, -0.6)]
    edge += [
        (1.08 + 0.11 * math.sin(phase + step * 1.35) + 0.03 * step, -0.25 + step * (length + 0.25) / 8)
        for step in range(9)
    ]
    back = curve(_mirrored([(0.0, -1.25), *edge, (0.6, length + 0.16)]))
    locks = []
    for side in (-1, 1):
        outer = [(side * (x - 0.03), y) for x, y in edge[2:]]
        inner = [(side * (0.74 + 0.07 * math.sin(phase + y * 4)), y) for _, y in reversed(edge[2:])]
        locks.append(curve([*outer, (side * 0.9, length + 0.2), *inner]))
    return Style([back], [_cap(parting), *locks], _flow(parting, length, 0.2, wave=0.05))


def _bob(rng: Random) -> Style:
    length = rng.uniform(0.75, 1.05)
    back = curve(
        _mirrored(
            [(0.0, -1.26), (0.66, -1.1), (1.02, -0.5), (1.08, 0.2), (1.06, length), (0.5, length - 0.05)]
        )
    )
    sides = [
        curve(
            [
                (side * 0.7, -0.6),
                (side * 1.0, -0.3),
                (side * 1.08, 0.3),
                (side * 1.02, length),
                (side * 0.74, length - 0.02),
                (side * 0.7, 0.3),
                (side * 0.73, -0.2),
            ]
        )
        for side in (-1, 1)
    ]
    low = rng.uniform(-0.44, -0.34)
    fringe = curve(
        [
            (-0.86, -0.1),
            (-0.92, -0.6),
            (-0.5, -1.14),
            (0.0, -1.25),
            (0.5, -1.14),
            (0.92, -0.6),
            (0.86, -0.1),
            (0.66, low),
            (0.3, low - 0.04),
            (0.0, low),
            (-0.3, low - 0.04),
            (-0.66, low),
        ]
    )
    hanging = [
        curve([(x * 0.4, -1.2), (x * 0.8, -0.8), (x, low)], closed=False) for x in _steps(-0.7, 0.7, 13)
    ]
    return Style([back], [fringe, *sides], [*_flow(0.0, length, 0.06), *hanging])


def _bun(rng: Random) -> Style:
    x = rng.uniform(-0.25, 0.25)
    knot = circle(x, -1.42, rng.uniform(0.36, 0.48), tall=0.88)
    back = curve(_mirrored([(0.0, -1.2), (0.6, -1.06), (0.9, -0.5), (0.86, 0.15), (0.5, 0.5)]))
    swept = [
        curve([(start, -0.66), (start * 0.9 + x * 0.2, -0.95), (x, -1.3)], closed=False)
        for start in _steps(-0.8, 0.8, 15)
    ]
    rings = [circle(x + 0.05, -1.42, radius, tall=0.85, steps=18) for radius in (0.15, 0.25, 0.35)]
    return Style([back, knot], [_cap(x, -0.7)], [*swept, *rings], shows_ears=True)


def _afro(rng: Random) -> Style:
    size = rng.uniform(1.18, 1.36)
    bumps = [
        circle(
            size * math.cos(turn) * 0.98,
            -0.3 + size * math.sin(turn) * 0.9,
            rng.uniform(0.24, 0.34),
            steps=16,
        )
        for turn in (2 * math.pi * step / 22 for step in range(22))
        if math.sin(turn) < 0.72
    ]
    back = [circle(0.0, -0.32, size, tall=0.94, steps=40), *bumps]
    edge = [
        circle(x, -0.78 + 0.26 * x * x, rng.uniform(0.2, 0.27), steps=16) for x in _steps(-0.78, 0.78, 11)
    ]
    top = curve(
        [(-0.86, -0.3), (-0.8, -0.95), (0.0, -1.3), (0.8, -0.95), (0.86, -0.3), (0.5, -0.72), (-0.5, -0.72)]
    )
    curls = [
        circle(rng.uniform(-1.2, 1.2), rng.uniform(-1.4, 0.3), rng.uniform(0.05, 0.1), steps=9)[:6]
        for _ in range(70)
    ]
    return Style(back, [top, *edge], curls, shows_ears=False)


def _short(rng: Random) -> Style:
    side = rng.choice((-1, 1))
    high = rng.uniform(1.24, 1.4)
    quiff = curve(
        [
            (side * 0.78, 0.06),
            (side * 0.89, -0.45),
            (side * 0.8, -high * 0.74),
            (side * 0.5, -high * 0.95),
            (side * 0.08, -high),
            (-side * 0.4, -high * 0.93),
            (-side * 0.76, -0.82),
            (-side * 0.88, -0.4),
            (-side * 0.78, 0.06),
            (-side * 0.67, -0.36),
            (-side * 0.45, -0.62),
            (side * 0.1, -0.74),
            (side * 0.5, -0.6),
            (side * 0.67, -0.3),
        ]
    )
    combed = [
        curve(
            [(-side * x, -0.66), (-side * (x - 0.25), -0.98), (side * (0.7 - x * 0.4), -high * 0.86)],
            closed=False,
        )
        for x in _steps(-0.6, 0.75, 14)
    ]
    return Style([_SKULL], [quiff], combed, shows_ears=True)


def _curls(rng: Random) -> Style:
    length = rng.uniform(0.7, 1.3)
    ends = [(side * rng.uniform(0.86, 1.12), y) for side in (-1, 1) for y in _steps(-0.9, length, 11)]
    back = [circle(0.0, -0.3, 1.04, steps=30)]
    back += [circle(x * 0.8, y, rng.uniform(0.24, 0.36), steps=16) for x, y in ends]
    front = [circle(x, y, rng.uniform(0.15, 0.25), steps=16) for x, y in ends if y > -0.6 and abs(x) > 0.92]
    front += [
        circle(x, -0.92 + 0.34 * x * x + rng.uniform(-0.06, 0.06), rng.uniform(0.18, 0.28), steps=16)
        for x in _steps(-0.8, 0.8, 9)
    ]
    front.append(curve([(-0.8, -0.6), (-0.5, -1.15), (0.0, -1.28), (0.5, -1.15), (0.8, -0.6), (0.0, -0.86)]))
    rings = [circle(x * 0.95, y, rng.uniform(0.07, 0.16), steps=12)[:9] for x, y in ends for _ in range(2)]
    rings += [circle(rng.uniform(-0.8, 0.8), rng.uniform(-1.2, -0.75), 0.1, steps=12)[:9] for _ in range(14)]
    return Style(back, front, rings)


def _braid(rng: Random) -> Style:
    side = rng.choice((-1, 1))
    parting = -side * rng.uniform(0.1, 0.35)
    back = curve(_mirrored([(0.0, -1.22), (0.62, -1.06), (0.94, -0.5), (0.95, 0.3), (0.7, 0.9), (0.3, 1.0)]))
    knots = [
        circle(
            side * (0.86 + 0.06 * math.sin(number)), 0.62 + 0.25 * number, 0.21 - 0.008 * number, tall=0.85
        )
        for number in range(9)
    ]
    crossings = [
        [(x - 0.15, y - 0.1), (x, y + 0.06), (x + 0.15, y - 0.1)]
        for x, y in ((side * (0.86 + 0.06 * math.sin(number)), 0.62 + 0.25 * number) for number in range(9))
    ]
    strand = curve(
        [(side * 0.75, -0.3), (side * 0.98, 0.2), (side * 1.0, 0.7), (side * 0.72, 0.7), (side * 0.74, 0.2)]
    )
    return Style(
        [back], [_cap(parting), strand, *knots], [*_flow(parting, 0.6, 0.0), *crossings], shows_ears=False
    )


def _scarf(rng: Random) -> Style:
    fold = rng.uniform(-0.3, 0.3)
    wrap = curve(
        [
            (-0.84, 0.1),
            (-0.98, -0.4),
            (-0.86, -0.98),
            (-0.3 + fold, -1.42),
            (0.45 + fold, -1.36),
            (0.96, -0.84),
            (0.98, -0.3),
            (0.84, 0.1),
            (0.74, -0.3),
            (0.4, -0.64),
            (0.0, -0.72),
            (-0.4, -0.64),
            (-0.74, -0.3),
        ]
    )
    folds = [
        curve(
            [(x, -0.62 - 0.08 * (1 - abs(x))), (x * 0.6 + fold * 0.5, -1.0), (0.9, -0.2 - 0.1 * x)],
            closed=False,
        )
        for x in _steps(-0.75, 0.6, 9)
    ]
    tail = curve([(0.8, -0.3), (1.05, 0.0), (1.2, 0.7), (1.02, 1.2), (0.88, 0.6), (0.8, 0.1)])
    return Style([_SKULL], [tail, wrap], folds, shows_ears=True, is_cloth=True)


# Hair behind the head, seen only where a haircut leaves a gap.
_SKULL = circle(0.0, -0.22, 0.79, tall=1.05)


def _steps(start: float, end: float, count: int) -> list[float]:
    return [start + (end - start) * step / (count - 1) for step in range(count)]


_STYLES: dict[str, Callable[[Random], Style]] = {
    "long": _long,
    "waves": _waves,
    "bob": _bob,
    "bun": _bun,
    "afro": _afro,
    "short": _short,
    "curls": _curls,
    "braid": _braid,
    "scarf": _scarf,
}
