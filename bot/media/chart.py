"""A chart of stacked bars, on a ground for Discord's dark and light. It takes time: call it in a thread."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WIDTH, HEIGHT = 1000, 520
LEFT, TOP, RIGHT, BOTTOM = 130, 70, 975, 465
GROUND, INK, RULE = "#2b2d31", "#ffffff", "#4e5058"
COLOURS = ("#56b4e9", "#e69f00", "#2ec4a0", "#f0e442", "#e28ac0", "#b5bac1")
"""Okabe and Ito's, which colour-blind people can tell apart, a little lighter; the last is for all others."""
MOST_BAR = 90
LINES = 5
MOST_LABELS = 10


def stacked_bars(
    labels: Sequence[str], series: Mapping[str, Sequence[int]], *, written: Callable[[int], str]
) -> bytes:
    """A PNG with a bar for each label, made of what each series says of it; a legend names the series."""
    image = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    draw = ImageDraw.Draw(image)
    sums = [sum(values) for values in zip(*series.values(), strict=True)]
    step = nice_step(max(sums, default=0))
    steps = max(1, -(-max(sums, default=0) // step))
    scale = (BOTTOM - TOP) / (step * steps)
    _lines(draw, step, steps, scale, written)
    _bars(draw, labels, series, scale)
    _legend(draw, list(series))
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def nice_step(most: int) -> int:
    """A distance of lines that people count in, 1, 2 or 5 with zeros, so that at most five reach `most`."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * LINES >= most:
                return digit * power
        power *= 10


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _lines(
    draw: ImageDraw.ImageDraw, step: int, steps: int, scale: float, written: Callable[[int], str]
) -> None:
    for number in range(steps + 1):
        y = round(BOTTOM - number * step * scale)
        draw.line((LEFT, y, RIGHT, y), fill=INK if number == 0 else RULE, width=2 if number == 0 else 1)
        draw.text((LEFT - 12, y), written(number * step), fill=INK, font=_font(22), anchor="rm")


def _bars(
    draw: ImageDraw.ImageDraw, labels: Sequence[str], series: Mapping[str, Sequence[int]], scale: float
) -> None:
    place = (RIGHT - LEFT) / max(1, len(labels))
    half = min(MOST_BAR, place * 0.7) / 2
    every = -(-len(labels) // MOST_LABELS)
    for index, label in enumerate(labels):
        middle, below = LEFT + place * (index + 0.5), 0
        for number, values in enumerate(series.values()):
            above = below + values[index]
            box = (middle - half, BOTTOM - above * scale, middle + half, BOTTOM - below * scale - 1)
            if values[index] > 0 and box[3] >= box[1]:
                draw.rectangle(box, fill=_colour(number))
            below = above
        if (len(labels) - 1 - index) % every == 0:  # the newest has its label always
            draw.text((middle, BOTTOM + 14), label, fill=INK, font=_font(22), anchor="mt")


def _legend(draw: ImageDraw.ImageDraw, names: Sequence[str]) -> None:
    x, font = float(LEFT), _font(24)
    for number, name in enumerate(names):
        draw.rectangle((x, 24, x + 20, 44), fill=_colour(number))
        draw.text((x + 30, 34), name, fill=INK, font=font, anchor="lm")
        x += 30 + draw.textlength(name, font=font) + 36


def _colour(number: int) -> str:
    return COLOURS[min(number, len(COLOURS) - 1)]
