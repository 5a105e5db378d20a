"""The canvas with a sitter before it: places on head and body instead of pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sandbox.wiro.portraits.brush import Canvas, Mask, Point
    from sandbox.wiro.portraits.palettes import Palette, Rgb
    from sandbox.wiro.portraits.sitter import Sitter

# The shoulders sit a little higher than they are drawn.
_LIFT = -0.13


class Frame:
    """Masks from places in half heads, y downwards, from the middle of the face; tilted about the chin."""

    def __init__(self, canvas: Canvas, *, tilt_degrees: float = 0.0, lift: float = 0.0) -> None:
        width, height = canvas.size
        self._canvas = canvas
        self.unit = 0.212 * min(height, width * 1.12)
        self._x, self._y = width * 0.5, height * 0.5 + self.unit * (lift - 0.32)
        turn = math.radians(tilt_degrees)
        self._cos, self._sin = math.cos(turn), math.sin(turn)

    def shape(self, *outlines: Sequence[Point]) -> Mask:
        """The inside of the outlines."""
        return self._canvas.shape(*(self._pixels(outline) for outline in outlines))

    def soft(self, blur: float, *outlines: Sequence[Point]) -> Mask:
        """The inside of the outlines, blurred."""
        return self._canvas.soft(blur * self.unit, *(self._pixels(outline) for outline in outlines))

    def lines(self, width: float, *lines: Sequence[Point]) -> Mask:
        """Lines of that width."""
        return self._canvas.lines(width * self.unit, *(self._pixels(line) for line in lines))

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        tilted = (
            (x * self._cos - (y - 1) * self._sin, x * self._sin + (y - 1) * self._cos + 1) for x, y in points
        )
        return [(self._x + x * self.unit, self._y + y * self.unit) for x, y in tilted]


class Easel:
    """What the painter has at hand: a canvas, a palette, the sitter, and head and body to place by."""

    def __init__(self, canvas: Canvas, palette: Palette, sitter: Sitter, rng: Random) -> None:
        self.palette = palette
        self.sitter = sitter
        self.rng = rng
        self.head = Frame(canvas, tilt_degrees=sitter.tilt)
        self.body = Frame(canvas, lift=_LIFT)
        self._canvas = canvas

    def put(self, colour: Rgb, mask: Mask, strength: float = 1.0) -> None:
        """Lay a colour on; see `Canvas.put`."""
        self._canvas.put(colour, mask, strength)

    def spray(self, colour: Rgb, mask: Mask, strength: float, inside: Mask) -> None:
        """Spray a colour on; see `Canvas.spray`."""
        self._canvas.spray(colour, mask, strength, inside=inside)
