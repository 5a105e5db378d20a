from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from bot.media import BadImage, CannotFit, TooManyPixels, images, pngtext
from tests.bot.media.test_pngtext import chunk

PARAMETERS = "portrait+ style ö 画\nNegative prompt: x\nSteps: 30, Seed: 7"


def noise(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    return Image.effect_noise((width, height), 90).convert(mode)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def decode(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def claimed(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is very large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return pngtext.SIGNATURE + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_sound_image_is_described(kind: str) -> None:
    facts = images.inspect(encode(noise(), kind))

    assert facts == images.ImageFacts(width=96, height=64, format=kind.lower())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_image_is_refused(kind: str, share: float) -> None:
    data = encode(noise(), kind)

    with pytest.raises(BadImage):
        images.inspect(data[: int(len(data) * share)])


def test_a_png_without_its_end_is_refused() -> None:
    with pytest.raises(BadImage):
        images.inspect(encode(noise(), "PNG")[:-12])


@pytest.mark.parametrize(
    ("width", "height"),
    [(6325, 6325), (40_000_001, 1), (10_000, 10_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)],
)
def test_a_bomb_is_refused_without_being_decoded(width: int, height: int) -> None:
    with pytest.raises(BadImage):
        images.inspect(claimed(width, height))
    with pytest.raises(BadImage):
        images.fit(claimed(width, height), 10)


def test_a_bomb_says_how_large_it_claims_to_be() -> None:
    with pytest.raises(TooManyPixels) as caught:
        images.inspect(claimed(8000, 8000))

    assert (caught.value.width, caught.value.height) == (8000, 8000)


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"%PDF-1.7", encode(Image.new("RGB", (4, 4)), "BMP")])
def test_what_is_none_of_the_known_kinds_is_refused(data: bytes) -> None:
    for look in (images.inspect, images.parameters_of):
        with pytest.raises(BadImage):
            look(data)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_image_is_described_or_refused_and_nothing_else(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]))
    damaged = bytearray(SOUND[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        images.inspect(bytes(damaged))
        images.fit(bytes(damaged), len(damaged) // 2)
    except (BadImage, CannotFit):
        return


SOUND = {kind: encode(noise(40, 40), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")}


@pytest.mark.parametrize(
    ("kind", "content_type", "extension"),
    [
        ("PNG", "image/png", "png"),
        ("JPEG", "image/jpeg", "jpg"),
        ("WEBP", "image/webp", "webp"),
        ("GIF", "image/gif", "gif"),
    ],
)
def test_an_image_that_fits_is_left_as_it_is(kind: str, content_type: str, extension: str) -> None:
    data = encode(noise(), kind)

    fitted = images.fit(data, len(data))

    assert fitted == images.Fitted(data=data, content_type=content_type, extension=extension, reencoded=False)


def test_a_png_that_is_too_large_becomes_a_webp_of_the_same_size_with_its_parameters() -> None:
    data = pngtext.embed(encode(noise(256, 256), "PNG"), {"parameters": PARAMETERS})

    fitted = images.fit(data, len(data) * 2 // 3)

    assert len(fitted.data) <= len(data) * 2 // 3
    assert (fitted.content_type, fitted.extension, fitted.reencoded) == ("image/webp", "webp", True)
    facts = images.inspect(fitted.data)
    assert (facts.width, facts.height, facts.format) == (256, 256, "webp")
    assert images.parameters_of(fitted.data) == PARAMETERS


def test_a_little_too_large_costs_less_quality_than_much_too_large() -> None:
    data = encode(noise(256, 256), "PNG")

    sizes = [len(images.fit(data, len(data) * percent // 100).data) for percent in (90, 25, 12)]

    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.parametrize("limit", [20_000, 5_000, 1_500])
def test_an_image_that_stays_too_large_is_scaled_in_proportion(limit: int) -> None:
    fitted = images.fit(encode(noise(512, 256), "PNG"), limit)

    facts = images.inspect(fitted.data)
    assert len(fitted.data) <= limit
    assert facts.width < 512
    assert facts.width == pytest.approx(facts.height * 2, rel=0.05)


def test_an_image_that_cannot_get_so_small_is_refused() -> None:
    with pytest.raises(CannotFit) as caught:
        images.fit(encode(noise(256, 256), "PNG"), 40)

    assert caught.value.limit_bytes == 40


def test_transparency_survives() -> None:
    picture = noise(128, 128, "RGBA")
    picture.putalpha(0)

    fitted = images.fit(encode(picture, "PNG", compress_level=0), 5_000)

    assert decode(fitted.data).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]  # RGBA is a tuple


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "I;16"])
def test_images_of_every_mode_can_be_made_smaller(mode: str) -> None:
    data = encode(noise(200, 200, "L").convert(mode), "PNG", compress_level=0)

    fitted = images.fit(data, len(data) - 1)

    assert fitted.reencoded


def test_a_picture_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right to see it upright
    data = encode(noise(120, 60), "JPEG", quality=100, exif=exif)

    fitted = images.fit(data, len(data) // 2)

    facts = images.inspect(fitted.data)
    assert facts.height > facts.width


def test_a_colour_profile_is_kept() -> None:
    data = encode(noise(128, 128), "PNG", icc_profile=b"a profile")

    assert decode(images.fit(data, len(data) // 2).data).info["icc_profile"] == b"a profile"


def test_a_picture_longer_than_webp_allows_becomes_a_jpeg_with_its_parameters() -> None:
    strip = Image.effect_noise((17_000, 40), 90).convert("RGBA")
    data = pngtext.embed(encode(strip, "PNG", compress_level=1), {"parameters": PARAMETERS})

    fitted = images.fit(data, 600_000)

    assert (fitted.content_type, fitted.extension) == ("image/jpeg", "jpg")
    assert images.parameters_of(fitted.data) == PARAMETERS


def test_a_text_too_long_for_a_jpeg_is_left_out_rather_than_failing() -> None:
    data = encode(Image.effect_noise((17_000, 40), 90), "PNG", compress_level=1)
    data = pngtext.embed(data, {"parameters": "画" * 40_000})

    fitted = images.fit(data, 600_000)

    assert fitted.extension == "jpg"
    assert images.parameters_of(fitted.data) == ""


def test_parameters_of_a_png_are_found_and_of_others_only_where_they_are() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", PARAMETERS)

    assert images.parameters_of(encode(noise(), "PNG", pnginfo=info)) == PARAMETERS
    assert images.parameters_of(encode(noise(), "JPEG")) == ""
    assert images.parameters_of(encode(noise(), "WEBP")) == ""
