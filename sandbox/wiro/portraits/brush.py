"""Masks, gradients and grain: what a picture is put together from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from sandbox.wiro.portraits.palettes import Rgb

Point = tuple[float, float]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels
Mask = Image.Image  # mode L, the canvas's size

_FINE = 2  # edges are drawn this much larger and reduced
_COARSE = 4  # what will be blurred is drawn this much smaller


def curve(points: Sequence[Point], *, closed: bool = True, steps: int = 9) -> list[Point]:
    """A smooth line through the points (Catmull-Rom)."""
    count = len(points)
    if closed:
        around = [points[-1], *points, points[0], points[1]]
        parts = count
    else:
        around = [points[0], *points, points[-1]]
        parts = count - 1
    line: list[Point] = []
    for part in range(parts):
        a, b, c, d = around[part : part + 4]
        for step in range(steps):
            t = step / steps
            line.append((_between(a[0], b[0], c[0], d[0], t), _between(a[1], b[1], c[1], d[1], t)))
    if not closed:
        line.append(points[-1])
    return line


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)


def circle(x: float, y: float, radius: float, *, tall: float = 1.0, steps: int = 28) -> list[Point]:
    """A circle, or an ellipse `tall` times as high as wide."""
    turns = [2 * math.pi * step / steps for step in range(steps)]
    return [(x + radius * math.cos(turn), y + radius * tall * math.sin(turn)) for turn in turns]


class Canvas:
    """A picture being painted, in pixels; `grain` is noise of its size, from the picture's own numbers."""

    def __init__(self, width: int, height: int, rng: Random) -> None:
        self.size = (width, height)
        self.image = Image.new("RGB", self.size)
        self.grain = Image.frombytes("L", self.size, rng.randbytes(width * height))

    # Masks.

    def shape(self, *outlines: Sequence[Point]) -> Mask:
        """The inside of the outlines, with smooth edges."""
        region = self._region(outlines, 1)
        large, draw, moved = self._zoom(region, _FINE)
        for outline in outlines:
            draw.polygon([moved(point) for point in outline], fill=255)
        return self._placed(large.reduce(_FINE), region)

    def lines(self, width: float, *lines: Sequence[Point]) -> Mask:
        """Lines, `width` pixels wide, their ends round."""
        region = self._region(lines, width)
        large, draw, moved = self._zoom(region, _FINE)
        radius = width * _FINE / 2
        for line in lines:
            points = [moved(point) for point in line]
            draw.line(points, fill=255, width=max(1, round(2 * radius)), joint="curve")
            for x, y in (points[0], points[-1]):
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        return self._placed(large.reduce(_FINE), region)

    def soft(self, blur: float, *outlines: Sequence[Point]) -> Mask:
        """The inside of the outlines, blurred by that many pixels."""
        region = self._region(outlines, 3 * blur + _COARSE)
        small, draw, moved = self._zoom(region, 1 / _COARSE)
        for outline in outlines:
            draw.polygon([moved(point) for point in outline], fill=255)
        blurred = small.filter(ImageFilter.GaussianBlur(max(0.5, blur / _COARSE)))
        size = (region[2] - region[0], region[3] - region[1])
        return self._placed(blurred.resize(size, Image.Resampling.BICUBIC), region)

    def _region(self, outlines: Sequence[Sequence[Point]], margin: float) -> Box:
        """The part of the canvas that the outlines touch: most are small, and work goes by area."""
        xs = [x for outline in outlines for x, _ in outline]
        ys = [y for outline in outlines for _, y in outline]
        width, height = self.size
        left, top = (
            min(max(0, int(low - margin)), side - 1) for low, side in ((min(xs), width), (min(ys), height))
        )
        right, bottom = (
            max(start + 1, min(side, math.ceil(high + margin)))
            for high, start, side in ((max(xs), left, width), (max(ys), top, height))
        )
        return left, top, right, bottom

    @staticmethod
    def _zoom(region: Box, zoom: float) -> tuple[Image.Image, ImageDraw.ImageDraw, Callable[[Point], Point]]:
        """An empty mask for the region in another size, a pen for it, and the way from pixels to its own."""
        left, top, right, bottom = region
        image = Image.new("L", (math.ceil((right - left) * zoom), math.ceil((bottom - top) * zoom)))
        return image, ImageDraw.Draw(image), lambda point: ((point[0] - left) * zoom, (point[1] - top) * zoom)

    def _placed(self, part: Image.Image, region: Box) -> Mask:
        mask = Image.new("L", self.size)
        mask.paste(part, (region[0], region[1]))
        return mask

    def slope(self, angle: float) -> Mask:
        """A straight gradient over the picture: from 0 to 255 downwards, turned by `angle` degrees."""
        ramp = Image.linear_gradient("L").rotate(angle, Image.Resampling.BICUBIC)
        inner = ramp.crop((40, 40, 216, 216)) if angle % 180 else ramp
        return inner.resize(self.size, Image.Resampling.BICUBIC)

    # Paint.

    def fill(self, one: Rgb, other: Rgb, mask: Mask) -> None:
        """Cover everything with a gradient from one colour to the other."""
        self.image = Image.composite(
            Image.new("RGB", self.size, other), Image.new("RGB", self.size, one), mask
        )

    def put(self, colour: Rgb, mask: Mask, strength: float = 1.0) -> None:
        """Lay a colour over the picture where the mask is."""
        if strength < 1.0:
            mask = mask.point([round(value * strength) for value in range(256)])
        self._lay(colour, mask)

    def spray(self, colour: Rgb, mask: Mask, strength: float = 1.0, *, inside: Mask | None = None) -> None:
        """Lay a colour on as with a spray can: half as a veil, half as grains."""
        veil = mask.point([round(value * strength * 0.68) for value in range(256)])
        grains = ImageChops.subtract(
            mask.point([round(value * strength) for value in range(256)]), self.grain
        )
        grains = grains.point([min(118, value * 5) for value in range(256)])
        blend = ImageChops.lighter(veil, grains)
        if inside is not None:
            blend = ImageChops.multiply(blend, inside)
        self._lay(colour, blend)

    def _lay(self, colour: Rgb, mask: Mask) -> None:
        box = mask.getbbox()
        if box:
            self.image.paste(colour, box, mask.crop(box))


def within(mask: Mask, other: Mask) -> Mask:
    """Where both masks are."""
    return ImageChops.multiply(mask, other)


def without(mask: Mask, other: Mask) -> Mask:
    """Where the first mask is and the other is not."""
    return ImageChops.subtract(mask, other)


def together(*masks: Mask) -> Mask:
    """Where any of the masks is."""
    whole, *others = masks
    for other in others:
        whole = ImageChops.lighter(whole, other)
    return whole
