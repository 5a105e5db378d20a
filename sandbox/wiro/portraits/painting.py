"""A picture from its description: the same description, the same bytes."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from random import Random

from PIL import Image

from sandbox.wiro.portraits.backdrop import paint_backdrop
from sandbox.wiro.portraits.brush import Canvas, circle
from sandbox.wiro.portraits.easel import Easel
from sandbox.wiro.portraits.figure import paint_figure
from sandbox.wiro.portraits.palettes import Palette, mix, palette_for
from sandbox.wiro.portraits.sitter import sit

# Larger pictures are painted at this size and enlarged: nothing in them is finer than the grain.
_LONGEST_SIDE = 640


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be painted: words, a seed, which of a run's pictures it is, and its size in pixels."""

    prompt: str
    seed: int
    index: int
    width: int
    height: int


def paint(picture: Picture) -> bytes:
    """The picture as PNG. All CPU: call it in a thread."""
    # Not from the size, so that a portrait stays the same person when it is made larger.
    name = f"{picture.prompt}\n{picture.seed}\n{picture.index}"
    rng = Random(hashlib.sha256(name.encode()).digest())
    shrink = min(1.0, _LONGEST_SIDE / max(picture.width, picture.height))
    palette = palette_for(picture.prompt, rng)
    sitter = sit(picture.prompt, palette, rng)
    canvas = Canvas(
        max(16, round(picture.width * shrink)),
        max(16, round(picture.height * shrink)),
        Random(rng.getrandbits(64)),
    )
    paint_backdrop(canvas, palette, rng)
    paint_figure(Easel(canvas, palette, sitter, rng))
    _varnish(canvas, palette)
    image = canvas.image
    if image.size != (picture.width, picture.height):
        image = image.resize((picture.width, picture.height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _varnish(canvas: Canvas, palette: Palette) -> None:
    """Darker corners, and paper under the paint."""
    width, height = canvas.size
    middle = canvas.soft(
        min(width, height) * 0.2, circle(width / 2, height * 0.46, width * 0.5, tall=height / width)
    )
    canvas.spray(
        mix(palette.ink, palette.near, 0.3), middle.point([255 - value for value in range(256)]), 0.34
    )
    paper = canvas.grain.point([round(14 * value / 255) for value in range(256)])
    canvas.image.paste(palette.light, mask=paper)
