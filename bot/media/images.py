"""Images looked at and made smaller. All of it takes its time: call it in a thread."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from math import sqrt

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.media import pngtext
from bot.media.errors import BadImage, CannotFit, TooManyPixels

PIXEL_CAP = 40_000_000
"""Most pixels that are decoded: 160 MB in memory."""

PARAMETERS = "parameters"
"""The PNG keyword under which image tools keep how a picture was made."""

QUALITIES = (95, 90, 85, 75, 65, 50)
"""Steps by which a picture is made coarser before it is made smaller."""

LEAST_SIDE = 32
"""A picture is not made smaller than this; something else is wrong then."""

WEBP_SIDE_CAP = 16_383
"""WebP's own limit; larger pictures become JPEG."""

JPEG_EXIF_CAP = 65_000
"""A JPEG segment holds 64 KiB; longer texts are not kept in JPEG."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_TYPES = {
    "png": ("image/png", "png"),
    "jpeg": ("image/jpeg", "jpg"),
    "webp": ("image/webp", "webp"),
    "gif": ("image/gif", "gif"),
}
_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
_UNICODE = b"UNICODE\0"

# Pillow raises all of these for data that is broken in one way or another.
BROKEN = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    EOFError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What a sound image is."""

    width: int
    height: int
    format: str
    """"png", "jpeg", "webp" or "gif"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """An image that weighs no more than was asked."""

    data: bytes = field(repr=False)
    content_type: str
    extension: str
    """Without a dot."""
    reencoded: bool
    """It is not the file that was given: coarser, perhaps smaller, its transparency kept only by WebP."""


def inspect(data: bytes) -> ImageFacts:
    """What the image is, after decoding it whole (of an animation: its first frame).

    Raises:
        BadImage: It is not a PNG, JPEG, WebP or GIF, or truncated or broken.
        TooManyPixels: It would take too much memory; it was not decoded.
    """
    image = _decoded(data)
    if image.format == "PNG":
        pngtext.check(data)  # Pillow takes a PNG without its end
    return ImageFacts(width=image.width, height=image.height, format=str(image.format).lower())


def fit(data: bytes, limit_bytes: int) -> Fitted:
    """The image in at most `limit_bytes`: as it is, else coarser, else also smaller in size.

    A re-encoded image keeps its `parameters` text and its colour profile, no other metadata, and of an
    animation the first frame.

    Raises:
        BadImage: It is no image that can be read.
        CannotFit: It does not get so small.
    """
    image = _decoded(data)
    if len(data) <= limit_bytes:
        content_type, extension = _TYPES[str(image.format).lower()]
        return Fitted(data=data, content_type=content_type, extension=extension, reencoded=False)
    keep = _Kept(exif=_exif(parameters_of(data)), profile=_profile(image))
    picture = _plain(image)
    while True:
        encoded = _best_quality(picture, limit_bytes, keep)
        if len(encoded) <= limit_bytes:
            content_type, extension = _TYPES[_kind(picture)]
            return Fitted(data=encoded, content_type=content_type, extension=extension, reencoded=True)
        picture = _smaller(picture, share=limit_bytes / len(encoded), limit_bytes=limit_bytes)


def parameters_of(data: bytes) -> str:
    """How the picture was made, by the text in a PNG or the EXIF comment of the others; "" when nothing says.

    Raises:
        BadImage: It is no image that can be read.
    """
    if data.startswith(pngtext.SIGNATURE):
        return pngtext.read(data).get(PARAMETERS, "")
    comment = _decoded(data).getexif().get_ifd(_EXIF_IFD).get(_USER_COMMENT, b"")
    if not isinstance(comment, bytes) or not comment.startswith(_UNICODE):
        return ""
    return comment.removeprefix(_UNICODE).decode("utf-16-be", errors="replace")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a re-encoded image keeps of the file it came from."""

    exif: bytes
    profile: bytes | None


def _decoded(data: bytes) -> Image.Image:
    """The image in memory; whatever Pillow says of a broken one becomes `BadImage`."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        # Our cap is far below Pillow's own, which warns where nobody listens before it refuses.
        if image.width * image.height > PIXEL_CAP:
            raise TooManyPixels(image.width, image.height, PIXEL_CAP)
        image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage("the image is too large to be looked at") from error
    except BROKEN as error:
        raise BadImage(f"the image cannot be read: {error}") from error
    return image


def _plain(image: Image.Image) -> Image.Image:
    """The picture the right way up, in RGB, or in RGBA when it has transparency."""
    try:
        upright = ImageOps.exif_transpose(image)
    except BROKEN:  # only its EXIF is broken: as it lies, then
        upright = image
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def _profile(image: Image.Image) -> bytes | None:
    """The colour profile, when it still holds after `_plain`."""
    profile = image.info.get("icc_profile") if image.mode in {"RGB", "RGBA"} else None
    return profile if isinstance(profile, bytes) else None


def _kind(picture: Image.Image) -> str:
    return "webp" if max(picture.size) <= WEBP_SIDE_CAP else "jpeg"


def _best_quality(picture: Image.Image, limit_bytes: int, keep: _Kept) -> bytes:
    """The picture in the best quality that fits; in the least one when none does."""
    encoded = b""
    for quality in QUALITIES:
        encoded = _encoded(picture, quality, keep)
        if len(encoded) <= limit_bytes:
            break
    return encoded


def _encoded(picture: Image.Image, quality: int, keep: _Kept) -> bytes:
    target = io.BytesIO()
    if _kind(picture) == "webp":
        picture.save(target, "WEBP", quality=quality, method=4, exif=keep.exif, icc_profile=keep.profile)
    else:
        on_white = picture
        if picture.mode == "RGBA":
            on_white = Image.new("RGB", picture.size, "white")
            on_white.paste(picture, mask=picture.getchannel("A"))
        exif = keep.exif if len(keep.exif) <= JPEG_EXIF_CAP else b""
        on_white.save(target, "JPEG", quality=quality, optimize=True, exif=exif, icc_profile=keep.profile)
    return target.getvalue()


def _smaller(picture: Image.Image, *, share: float, limit_bytes: int) -> Image.Image:
    """The picture scaled so that its weight should shrink to that share, by at least a tenth a side."""
    scale = min(0.9, sqrt(share))
    width, height = round(picture.width * scale), round(picture.height * scale)
    if min(width, height) < LEAST_SIDE:
        raise CannotFit(limit_bytes)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _exif(parameters: str) -> bytes:
    """EXIF with the text as UserComment, where image tools look for it outside PNG; b"" without a text."""
    if not parameters:
        return b""
    exif = Image.Exif()
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = _UNICODE + parameters.encode("utf-16-be", errors="replace")
    return exif.tobytes()
