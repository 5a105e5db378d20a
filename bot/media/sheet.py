"""A contact sheet: the photos of a draft on one picture, numbered. Takes its time: call it in a thread."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, ImageOps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CELL, GAP = 160, 8
MOST_COLUMNS = 6
GROUND, INK, BADGE = "#2b2d31", "#ffffff", "#1e1f22"


def thumbnail(data: bytes) -> Image.Image:
    """A square of the photo's middle, decoded at a part of its size."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft("RGB", (CELL, CELL))
        return ImageOps.fit(image.convert("RGB"), (CELL, CELL), Image.Resampling.BILINEAR)


def contact_sheet(photos: Iterable[bytes]) -> bytes:
    """A JPEG with every photo in its place and its number on it, from 1."""
    cells = [thumbnail(data) for data in photos]
    columns = min(MOST_COLUMNS, max(1, len(cells)))
    rows = max(1, math.ceil(len(cells) / columns))
    step = CELL + GAP
    sheet = Image.new("RGB", (columns * step + GAP, rows * step + GAP), GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=24)
    for number, (left, top) in enumerate(_places(len(cells), columns, step), start=1):
        sheet.paste(cells[number - 1], (left, top))
        _number(draw, str(number), left, top, font)
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=85)
    return out.getvalue()


def _places(count: int, columns: int, step: int) -> Sequence[tuple[int, int]]:
    return [(GAP + index % columns * step, GAP + index // columns * step) for index in range(count)]


def _number(
    draw: ImageDraw.ImageDraw,
    words: str,
    left: int,
    top: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    box = draw.textbbox((0, 0), words, font=font)
    width = box[2] - box[0] + 16
    draw.rounded_rectangle((left + 6, top + 6, left + 6 + width, top + 38), radius=8, fill=BADGE)
    draw.text((left + 14, top + 22), words, fill=INK, font=font, anchor="lm")
