"""What can be wrong with an image, or with an archive of images.

MediaError
├── BadImage         not an image of a known kind, truncated, or broken
│   └── TooManyPixels    it would take too much memory to look at
├── CannotFit        it does not get small enough
└── BadArchive       an archive that is not read
"""

from __future__ import annotations


class MediaError(Exception):
    """Base of all errors of images."""


class BadImage(MediaError):
    """The data is no image of a known kind, or a truncated or broken one."""


class TooManyPixels(BadImage):
    """The image is larger than is safe to decode.

    Attributes:
        width: As the file says.
        height: As the file says.
    """

    def __init__(self, width: int, height: int, cap: int) -> None:
        super().__init__(f"the image has {width} × {height} pixels, more than {cap}")
        self.width = width
        self.height = height


class CannotFit(MediaError):
    """Even small and coarse, the image weighs more than allowed.

    Attributes:
        limit_bytes: What was allowed.
    """

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the image does not fit into {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class BadArchive(MediaError):
    """An archive that is not read; the message completes the sentence "… was not taken: it …"."""
