"""Photos for a training: looked at, turned upright, stripped of all but their picture, re-encoded.

All of it takes its time: call it in a thread, in at most two at once.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from enum import StrEnum

import pillow_heif
from PIL import Image, ImageCms, ImageFilter, ImageOps, ImageStat

from bot.media.images import BROKEN

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 24_000_000
LEAST_SIDE = 512
"""The short side of a photo that is worth training on."""
LONGEST_SIDE = 1536
"""A photo is kept no larger, unless its short side would fall below `LEAST_SIDE`."""
QUALITY = 92

LEAST_SHARPNESS = 6.0
"""Variance of the edges at `LOOKED_AT` pixels; a face that can still be made out has more."""
LOOKED_AT = 512

NEAR = 6
"""Two fingerprints that differ in so few of their bits are of the same picture."""

_HASH_SIDE = 16
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")

pillow_heif.register_heif_opener()


class Verdict(StrEnum):
    """Why a photo cannot be used."""

    BROKEN = "broken"
    """It is no JPEG, PNG, WebP or HEIC that can be read."""
    TOO_HEAVY = "too_heavy"
    """It has more bytes than `MOST_BYTES`."""
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    """Its short side is under `LEAST_SIDE`."""
    BLURRED = "blurred"
    TWIN = "twin"
    """The same, or nearly the same, as another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPhoto:
    """A photo that is fit to train on, as it is kept."""

    data: bytes = field(repr=False)
    """A JPEG in sRGB, upright, without metadata."""
    digest: str
    fingerprint: str
    """Of what it shows, as hexadecimal; see `is_near`."""
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPhoto:
    """A photo that cannot be used, and by how much."""

    verdict: Verdict
    width: int = 0
    height: int = 0


def check_photo(data: bytes) -> CheckedPhoto | RefusedPhoto:
    """The photo as it is kept, or why it cannot be used. Twins are for the caller to find, with `is_near`."""
    if len(data) > MOST_BYTES:
        return RefusedPhoto(verdict=Verdict.TOO_HEAVY)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            refusal = _by_size(image)
            return refusal or _looked_at(image)
    except (*BROKEN, Image.DecompressionBombError):
        return RefusedPhoto(verdict=Verdict.BROKEN)


def is_near(one: str, other: str) -> bool:
    """Whether two fingerprints are of the same picture, or nearly."""
    return (int(one, 16) ^ int(other, 16)).bit_count() <= NEAR


def _by_size(image: Image.Image) -> RefusedPhoto | None:
    """What the header says, before a pixel is decoded."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        return RefusedPhoto(verdict=Verdict.TOO_MANY_PIXELS, width=width, height=height)
    if min(width, height) < LEAST_SIDE:
        return RefusedPhoto(verdict=Verdict.TOO_SMALL, width=width, height=height)
    return None


def _looked_at(image: Image.Image) -> CheckedPhoto | RefusedPhoto:
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded at half or a quarter of its size
    image.load()
    profile = image.info.get("icc_profile")
    image.thumbnail(_box(*image.size), Image.Resampling.LANCZOS)  # first: all else is cheaper then
    picture = _in_srgb(_opaque(ImageOps.exif_transpose(image)), profile)
    grey = picture.convert("L")
    if _sharpness(grey) < LEAST_SHARPNESS:
        return RefusedPhoto(verdict=Verdict.BLURRED, width=picture.width, height=picture.height)
    out = io.BytesIO()
    plain = Image.frombytes(
        "RGB", picture.size, picture.tobytes()
    )  # the pixels, and nothing that came with them
    plain.save(out, "JPEG", quality=QUALITY)
    kept = out.getvalue()
    return CheckedPhoto(
        data=kept,
        digest=hashlib.sha256(kept).hexdigest(),
        fingerprint=_fingerprint(grey),
        width=plain.width,
        height=plain.height,
    )


def _box(width: int, height: int) -> tuple[int, int]:
    """What a photo is made to fit into."""
    if max(width, height) * LEAST_SIDE <= min(width, height) * LONGEST_SIDE:
        return LONGEST_SIDE, LONGEST_SIDE
    return (LEAST_SIDE, height) if width < height else (width, LEAST_SIDE)


def _opaque(image: Image.Image) -> Image.Image:
    """The picture in RGB; what is transparent becomes white."""
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        ground = Image.new("RGBA", layers.size, "white")
        return Image.alpha_composite(ground, layers).convert("RGB")
    return image.convert("RGB")


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The same colours without their profile; one that cannot be read is left aside."""
    if not profile:
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return picture if converted is None else converted


def _sharpness(grey: Image.Image) -> float:
    """How much its edges vary, at one size for all."""
    small = ImageOps.contain(grey, (LOOKED_AT, LOOKED_AT), Image.Resampling.BILINEAR)
    edges = small.filter(ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128))
    inner = edges.crop((1, 1, edges.width - 1, edges.height - 1))  # the border is copied, not filtered
    return float(ImageStat.Stat(inner).var[0])


def _fingerprint(grey: Image.Image) -> str:
    """Where it grows lighter to the right, on a coarse grid: the same for a copy of other size or quality."""
    small = grey.resize((_HASH_SIDE + 1, _HASH_SIDE), Image.Resampling.BOX)
    rows = small.tobytes()
    bits = 0
    for row in range(_HASH_SIDE):
        start = row * (_HASH_SIDE + 1)
        for left, right in zip(rows[start:], rows[start + 1 : start + 1 + _HASH_SIDE], strict=False):
            bits = bits << 1 | (right > left)
    return f"{bits:0{_HASH_SIDE * _HASH_SIDE // 4}x}"
