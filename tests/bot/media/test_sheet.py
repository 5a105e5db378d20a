"""Contact sheets."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.media.sheet import CELL, GAP, MOST_COLUMNS, contact_sheet
from tests.support.photos import a_picture, encoded


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (6, 6, 1), (7, 6, 2), (50, 6, 9)])
def test_every_photo_has_its_place(count: int, columns: int, rows: int) -> None:
    photo = encoded(a_picture())
    sheet = Image.open(io.BytesIO(contact_sheet([photo] * count)))
    assert sheet.size == (columns * (CELL + GAP) + GAP, rows * (CELL + GAP) + GAP)
    assert columns <= MOST_COLUMNS


def test_the_photos_stand_in_their_order_with_a_number_on_each() -> None:
    colours = ((200, 30, 30), (30, 200, 30), (30, 30, 200))
    photos = [encoded(Image.new("RGB", (600, 600), colour)) for colour in colours]
    sheet = Image.open(io.BytesIO(contact_sheet(photos)))
    for number, colour in enumerate(colours):
        left = GAP + number * (CELL + GAP)
        middle = sheet.getpixel((left + CELL // 2, GAP + CELL // 2))
        assert all(abs(here - there) < 16 for here, there in zip(middle, colour, strict=True))  # type: ignore[arg-type]  # of RGB
        badge = sheet.getpixel((left + 8, GAP + 22))
        assert max(badge) < 60  # type: ignore[arg-type]  # of RGB
