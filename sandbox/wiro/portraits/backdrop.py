"""What is behind the sitter: a sky, and one large quiet motif."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from sandbox.wiro.portraits.brush import Canvas, Point, circle, curve, without
from sandbox.wiro.portraits.palettes import Palette, mix

Motif = Callable[[Canvas, Palette, Random], None]


def paint_backdrop(canvas: Canvas, palette: Palette, rng: Random) -> None:
    """Fill the canvas with the palette's ground and a motif."""
    canvas.fill(palette.far, palette.near, canvas.slope(rng.uniform(-35, 35)))
    width, height = canvas.size
    glow = circle(width * rng.uniform(0.2, 0.8), height * rng.uniform(0.1, 0.5), width * 0.3)
    canvas.spray(palette.light, canvas.soft(width * 0.16, glow), 0.38)
    rng.choice(_MOTIFS)(canvas, palette, rng)


def _sun(canvas: Canvas, palette: Palette, rng: Random) -> None:
    width, height = canvas.size
    x, y = width * rng.uniform(0.38, 0.62), height * rng.uniform(0.36, 0.44)
    radius = min(width, height) * rng.uniform(0.33, 0.4)
    for ring in range(3, 0, -1):
        disc = canvas.shape(circle(x, y, radius * (1 + 0.16 * ring), steps=64))
        canvas.put(mix(palette.near, palette.light, 0.5), disc, 0.16)
    disc = canvas.shape(circle(x, y, radius, steps=64))
    canvas.put(palette.accent, disc)
    canvas.spray(palette.light, canvas.slope(180.0), 0.55, inside=disc)


def _hills(canvas: Canvas, palette: Palette, rng: Random) -> None:
    width, height = canvas.size
    x, y, radius = width * rng.uniform(0.15, 0.85), height * rng.uniform(0.16, 0.3), min(width, height) * 0.09
    canvas.put(palette.light, canvas.shape(circle(x, y, radius)), 0.9)
    for layer in range(4):
        base = height * (0.48 + 0.13 * layer)
        phase, waves = rng.uniform(0, 6.28), rng.uniform(1.1, 2.2)
        ridge: list[Point] = [
            (
                width * step / 24,
                base + height * 0.06 * math.sin(phase + waves * 6.28 * step / 24) * (1 - 0.1 * layer),
            )
            for step in range(25)
        ]
        hill = canvas.shape([*ridge, (width, height), (0, height)])
        canvas.put(mix(mix(palette.near, palette.far, 0.5), palette.cloth, 0.15 + 0.22 * layer), hill, 0.92)
        canvas.spray(palette.ink, canvas.slope(0.0), 0.3, inside=hill)


def _arches(canvas: Canvas, palette: Palette, rng: Random) -> None:
    width, height = canvas.size
    x = width * rng.uniform(0.42, 0.58)
    unit = min(width, height)
    colours = [palette.accent, palette.light, palette.cloth, mix(palette.near, palette.light, 0.4)]
    rng.shuffle(colours)
    for number, colour in enumerate(colours):
        radius = unit * (0.47 - 0.055 * number)
        top = height * 0.46
        bow = [
            (x + radius * math.cos(turn), top - radius * math.sin(turn))
            for turn in (math.pi * step / 40 for step in range(41))
        ]
        arch = canvas.shape([*bow, (x - radius, height), (x + radius, height)])
        canvas.put(colour, arch, 0.85)
        canvas.spray(palette.ink, canvas.slope(0.0), 0.22, inside=arch)


def _leaves(canvas: Canvas, palette: Palette, rng: Random) -> None:
    width, height = canvas.size
    for number in range(9):
        colour = rng.choice(
            (palette.near, palette.accent, palette.cloth, mix(palette.far, palette.light, 0.4))
        )
        left = number % 2 == 0
        x = width * (rng.uniform(-0.05, 0.22) if left else rng.uniform(0.78, 1.05))
        y = height * rng.uniform(0.05, 0.95)
        turn = math.radians(rng.uniform(20, 70) * (1 if left else -1) + (0 if left else 180) - 50)
        length = min(width, height) * rng.uniform(0.2, 0.34)
        leaf = canvas.shape(_leaf(x, y, length, turn))
        canvas.put(mix(colour, palette.far, 0.25), leaf, 0.9)
        vein = [(x, y), (x + length * math.cos(turn), y + length * math.sin(turn))]
        canvas.put(palette.light, canvas.lines(max(1.0, width / 300), vein), 0.35)
        canvas.spray(palette.ink, canvas.slope(rng.uniform(-60, 60)), 0.3, inside=leaf)


def _leaf(x: float, y: float, length: float, turn: float) -> list[Point]:
    along, across = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
    profile = ((0.0, 0.0), (0.25, 0.17), (0.55, 0.2), (0.85, 0.09), (1.0, 0.0))
    half = [(length * a, length * b) for a, b in profile]
    outline = half + [(a, -b) for a, b in reversed(half[1:-1])]
    return curve([(x + a * along[0] + b * across[0], y + a * along[1] + b * across[1]) for a, b in outline])


def _bokeh(canvas: Canvas, palette: Palette, rng: Random) -> None:
    width, height = canvas.size
    unit = min(width, height)
    for _ in range(16):
        disc = circle(rng.uniform(0, width), rng.uniform(0, height), unit * rng.uniform(0.03, 0.11))
        colour = rng.choice((palette.light, palette.accent, palette.near))
        canvas.put(colour, canvas.soft(unit * rng.choice((0.006, 0.015, 0.03)), disc), rng.uniform(0.12, 0.4))


def _window(canvas: Canvas, palette: Palette, rng: Random) -> None:
    width, height = canvas.size
    lean = width * rng.uniform(0.15, 0.3) * rng.choice((-1, 1))
    left = width * rng.uniform(-0.05, 0.15)
    for pane in range(4):
        x, wide = left + pane * width * 0.25, width * 0.19
        beam = [(x, 0.0), (x + wide, 0.0), (x + wide + lean, float(height)), (x + lean, float(height))]
        canvas.spray(palette.light, canvas.soft(width * 0.012, beam), 0.42 - 0.06 * pane)
    canvas.put(
        palette.accent, canvas.soft(width * 0.08, circle(width * 0.5, height * 0.4, width * 0.26)), 0.35
    )


def _night(canvas: Canvas, palette: Palette, rng: Random) -> None:
    width, height = canvas.size
    unit = min(width, height)
    canvas.spray(palette.ink, canvas.slope(180.0), 0.5)
    stars = [
        circle(
            rng.uniform(0, width), rng.uniform(0, height * 0.8), unit * rng.uniform(0.0012, 0.005), steps=8
        )
        for _ in range(70)
    ]
    canvas.put(palette.light, canvas.shape(*stars), 0.9)
    x, y, radius = (
        width * rng.uniform(0.12, 0.88),
        height * rng.uniform(0.14, 0.26),
        unit * rng.uniform(0.06, 0.1),
    )
    canvas.put(palette.light, canvas.soft(radius, circle(x, y, radius * 1.3)), 0.3)
    moon = canvas.shape(circle(x, y, radius))
    bitten = canvas.shape(circle(x + radius * rng.choice((-0.4, 0.4)), y - radius * 0.15, radius * 0.88))
    canvas.put(palette.accent, without(moon, bitten))


_MOTIFS: tuple[Motif, ...] = (_sun, _hills, _arches, _leaves, _bokeh, _window, _night, _sun)
