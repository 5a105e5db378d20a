"""Photos for a training: which are taken, and what is left of them."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageCms, ImageFilter

from bot.media.photos import (
    LEAST_SIDE,
    LONGEST_SIDE,
    MOST_BYTES,
    CheckedPhoto,
    RefusedPhoto,
    Verdict,
    check_photo,
    is_near,
)
from tests.support.photos import a_picture, encoded, heic


def kept(data: bytes) -> CheckedPhoto:
    found = check_photo(data)
    assert isinstance(found, CheckedPhoto), found
    return found


def verdict(data: bytes) -> Verdict:
    found = check_photo(data)
    assert isinstance(found, RefusedPhoto)
    return found.verdict


def test_the_four_kinds_of_photos_are_taken_and_kept_as_jpeg() -> None:
    for data in (
        encoded(a_picture()),
        encoded(a_picture(), "PNG"),
        encoded(a_picture(), "WEBP"),
        heic(a_picture()),
    ):
        photo = kept(data)
        image = Image.open(io.BytesIO(photo.data))
        assert (image.format, image.size) == ("JPEG", (800, 600))
        assert (photo.width, photo.height) == (800, 600)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Verdict.BROKEN),
        (b"GIF89a" + bytes(100), Verdict.BROKEN),
        (encoded(a_picture())[:2000], Verdict.BROKEN),
        (encoded(a_picture(), "PNG")[:-3000], Verdict.BROKEN),
        (encoded(a_picture(width=LEAST_SIDE - 1, height=900)), Verdict.TOO_SMALL),
        (encoded(Image.new("RGB", (6001, 4000))), Verdict.TOO_MANY_PIXELS),
        (encoded(a_picture().filter(ImageFilter.GaussianBlur(14))), Verdict.BLURRED),
        (encoded(Image.new("RGB", (700, 700), "grey")), Verdict.BLURRED),
        (bytes(MOST_BYTES + 1), Verdict.TOO_HEAVY),
    ],
    ids=["empty", "gif", "half a jpeg", "half a png", "small", "huge", "blurred", "nothing", "heavy"],
)
def test_what_cannot_be_trained_on_is_refused(data: bytes, expected: Verdict) -> None:
    assert verdict(data) is expected


def test_a_refusal_says_the_size() -> None:
    assert check_photo(encoded(a_picture(width=500, height=900))) == RefusedPhoto(
        verdict=Verdict.TOO_SMALL, width=500, height=900
    )


def test_a_photo_is_turned_upright_and_tells_nothing_but_its_picture() -> None:
    """Place, camera, comments and profile are gone; the colours are what they were."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = a_picture(width=900, height=600)
    photo = kept(encoded(source, exif=exif, icc_profile=profile, comment=b"SecretComment", quality=95))
    image = Image.open(io.BytesIO(photo.data))
    assert image.size == (600, 900)
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for secret in (b"Secret", b"Exif", b"ICC_PROFILE"):
        assert secret not in photo.data
    turned = source.rotate(-90, expand=True)
    for place in ((100, 100), (300, 700), (500, 450)):
        pairs = zip(image.getpixel(place), turned.getpixel(place), strict=True)  # type: ignore[arg-type]  # of RGB
        assert all(abs(here - there) < 24 for here, there in pairs)


def test_what_is_transparent_becomes_white() -> None:
    layered = a_picture().convert("RGBA")
    layered.paste((0, 0, 0, 0), (0, 0, 200, 200))
    photo = Image.open(io.BytesIO(kept(encoded(layered, "PNG")).data))
    assert min(photo.getpixel((50, 50))) > 240  # type: ignore[arg-type]  # of RGB


def test_large_photos_are_kept_as_large_as_training_looks_at() -> None:
    photo = kept(encoded(a_picture(width=4000, height=3000)))
    assert max(photo.width, photo.height) == LONGEST_SIDE
    assert photo.width / photo.height == pytest.approx(4 / 3, rel=0.01)


@pytest.mark.parametrize("size", [(520, 6000), (6000, 520), (900, 2701), (512, 4000)])
def test_a_long_photo_keeps_a_short_side_that_is_worth_training_on(size: tuple[int, int]) -> None:
    photo = kept(encoded(a_picture(width=size[0], height=size[1])))
    assert min(photo.width, photo.height) == LEAST_SIDE
    assert photo.width / photo.height == pytest.approx(size[0] / size[1], rel=0.01)


def test_the_same_picture_is_known_again_and_another_is_not() -> None:
    first = a_picture(1, 1200, 900)
    one = kept(encoded(first)).fingerprint
    near = [
        encoded(first, quality=40),
        encoded(first.resize((800, 600))),
        encoded(first.point(lambda value: min(255, int(value * 1.05) + 3))),
    ]
    assert all(is_near(one, kept(data).fingerprint) for data in near)
    others = [kept(encoded(a_picture(seed))).fingerprint for seed in range(2, 14)]
    prints = [one, *others]
    pairs = [(a, b) for number, a in enumerate(prints) for b in prints[number + 1 :]]
    assert not any(is_near(a, b) for a, b in pairs)
