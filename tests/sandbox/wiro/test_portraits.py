from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from sandbox.wiro.portraits import Picture, paint
from sandbox.wiro.portraits.palettes import PALETTES, palette_for, words_of


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(paint(picture)))


@pytest.mark.parametrize(("width", "height"), [(512, 512), (64, 64), (1024, 256), (256, 1024), (320, 448)])
def test_picture_is_a_png_of_the_asked_size(width: int, height: int) -> None:
    image = opened(Picture("a fox", 1, 0, width, height))

    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (width, height))


def test_same_description_gives_the_same_bytes() -> None:
    assert paint(Picture("a fox", 1, 0, 128, 128)) == paint(Picture("a fox", 1, 0, 128, 128))


@pytest.mark.parametrize("other", [Picture("a fox", 2, 0, 128, 128), Picture("a fox", 1, 1, 128, 128)])
def test_other_seed_or_index_gives_another_picture(other: Picture) -> None:
    difference = ImageChops.difference(opened(Picture("a fox", 1, 0, 128, 128)), opened(other))

    assert sum(ImageStat.Stat(difference).mean) > 20


def test_larger_picture_shows_the_same_person() -> None:
    small, large = opened(Picture("a queen", 5, 0, 256, 256)), opened(Picture("a queen", 5, 0, 512, 512))
    difference = ImageChops.difference(small.resize((64, 64)), large.resize((64, 64)))

    assert max(ImageStat.Stat(difference).mean) < 8


def test_all_kinds_of_prompts_and_seeds_paint() -> None:
    prompts = ["", "old wizard with glasses", "viking", "baker", "red hair", "Ünïcødé 肖像", "x" * 1500]
    sizes = {len(paint(Picture(prompt, seed, 0, 48, 48))) for prompt in prompts for seed in range(18)}

    assert len(sizes) > 60
    assert min(sizes) > 1000


@pytest.mark.parametrize(
    ("prompt", "palette"), [("a train at midnight", "midnight"), ("botanist among ferns and moss", "forest")]
)
def test_words_call_for_their_palette(prompt: str, palette: str) -> None:
    from random import Random

    assert {palette_for(prompt, Random(seed)).name for seed in range(5)} == {palette}


def test_prompt_without_such_words_keeps_to_three_palettes() -> None:
    from random import Random

    used = {palette_for("xyzzy", Random(seed)).name for seed in range(60)}

    assert len(used) == 3
    assert used < {palette.name for palette in PALETTES}


def test_trigger_words_are_no_hint() -> None:
    assert words_of("Portrait+ Style *A Fox*") == ["a", "fox"]
