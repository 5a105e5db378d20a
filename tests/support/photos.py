"""Photos for tests, drawn on the spot."""

from __future__ import annotations

import io
from typing import Any

import pillow_heif
from PIL import Image, ImageDraw, ImageFilter


def a_picture(seed: int = 1, width: int = 800, height: int = 600) -> Image.Image:
    """Something with edges, another one for each seed."""
    image = Image.new("RGB", (width, height), (seed * 37 % 256, seed * 91 % 256, 120))
    draw = ImageDraw.Draw(image)
    for number in range(12):
        left = (number * 7919 + seed * 104_729) % width
        top = (number * 6151 + seed * 50_021) % height
        colour = ((number * 53 + seed * 17) % 256, (number * 101) % 256, (seed * 29 + number * 11) % 256)
        draw.ellipse((left, top, left + width // 5, top + height // 4), fill=colour)
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def heic(image: Image.Image) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=90)
    return out.getvalue()


def a_photo(seed: int = 1, **size: int) -> bytes:
    """One that can be trained on."""
    return encoded(a_picture(seed, **size))


def blurred(seed: int = 1) -> bytes:
    """One that is blurred beyond use."""
    return encoded(a_picture(seed).filter(ImageFilter.GaussianBlur(30)))
