"""The sitter, painted from back to front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import ImageChops, ImageFilter

from sandbox.wiro.portraits import face, hair
from sandbox.wiro.portraits.brush import circle, curve, together, within, without
from sandbox.wiro.portraits.palettes import mix

if TYPE_CHECKING:
    from sandbox.wiro.portraits.brush import Mask, Point
    from sandbox.wiro.portraits.easel import Easel


def paint_figure(on: Easel) -> None:
    """The sitter before whatever is on the canvas."""
    sitter = on.sitter
    cut = hair.style(sitter.haircut, on.rng)
    skin = on.head.shape(curve(face.outline(sitter)))
    body = on.body.shape(curve(_BODY))
    neck = on.body.shape(curve(_NECK))
    parts = [skin, body, neck]
    _cast_shadow(on)
    parts.append(hair.paint_back(on, cut))
    _paint_neck(on, neck)
    _paint_body(on, body)
    if cut.shows_ears:
        parts.append(face.paint_ears(on))
    face.paint_face(on, skin)
    if sitter.beard:
        parts.append(face.paint_beard(on))
    face.paint_features(on)
    parts.append(hair.paint_front(on, cut))
    if sitter.glasses:
        face.paint_glasses(on)
    _rim_light(on, together(*parts))


_BODY: tuple[Point, ...] = (
    (-0.36, 1.28),
    (-0.72, 1.52),
    (-1.3, 1.74),
    (-1.72, 2.12),
    (-1.95, 3.0),
    (-2.1, 4.6),
    (-2.1, 20.0),  # below every canvas
    (2.1, 20.0),
    (2.1, 4.6),
    (1.95, 3.0),
    (1.72, 2.12),
    (1.3, 1.74),
    (0.72, 1.52),
    (0.36, 1.28),
    (0.0, 1.42),
)
_NECK: tuple[Point, ...] = (
    (-0.4, 0.5),
    (-0.37, 1.1),
    (-0.52, 1.5),
    (-0.3, 1.85),
    (0.0, 2.05),
    (0.3, 1.85),
    (0.52, 1.5),
    (0.37, 1.1),
    (0.4, 0.5),
)


def _cast_shadow(on: Easel) -> None:
    shadow = [
        circle(-on.sitter.side * 0.18, 0.1, 1.05, tall=1.2),
        [(-2.2 - on.sitter.side * 0.2, 4.4), (-1.4, 1.7), (1.4, 1.7), (2.2 - on.sitter.side * 0.2, 4.4)],
    ]
    mask = on.body.soft(0.3, *shadow)
    on.put(on.palette.ink, mask, 0.28)


def _paint_neck(on: Easel, neck: Mask) -> None:
    on.put(on.sitter.skin, neck)
    chin = on.head.soft(0.1, circle(-on.sitter.side * 0.1, 0.72, 0.62, tall=0.85))
    on.put(on.sitter.shade, within(chin, neck), 0.85)
    dark = on.body.soft(0.14, _stripe(-on.sitter.side * 0.42, 0.3))
    on.spray(on.sitter.shade, dark, 0.7, neck)


def _stripe(x: float, half: float) -> list[Point]:
    return [(x - half, -2.0), (x + half, -2.0), (x + half, 4.0), (x - half, 4.0)]


def _paint_body(on: Easel, body: Mask) -> None:
    cut = on.body.shape(*_opening(on.sitter.collar))
    cloth = without(body, cut) if on.sitter.collar != "turtleneck" else together(body, cut)
    on.put(on.palette.cloth, cloth)
    _pattern(on, cloth)
    lit = on.body.soft(0.35, circle(on.sitter.side * 1.25, 2.15, 0.75))
    on.spray(mix(on.palette.cloth, on.palette.light, 0.6), lit, 0.6, cloth)
    dark = on.body.soft(
        0.4,
        [(-on.sitter.side * 0.2, 1.3), (-on.sitter.side * 2.4, 1.6), (-on.sitter.side * 2.4, 4.6)],
    )
    on.spray(on.palette.ink, dark, 0.75, cloth)
    under = on.body.soft(0.12, circle(-on.sitter.side * 0.12, 1.25, 0.6, tall=0.55))
    on.put(on.palette.ink, within(under, cloth), 0.45)
    if on.sitter.collar == "shirt":
        _lapels(on)


def _opening(collar: str) -> list[list[Point]]:
    if collar == "vee":
        return [[(-0.5, 1.2), (0.5, 1.2), (0.42, 1.6), (0.0, 2.35), (-0.42, 1.6)]]
    if collar == "shirt":
        return [[(-0.42, 1.2), (0.42, 1.2), (0.3, 1.6), (0.0, 2.0), (-0.3, 1.6)]]
    if collar == "boat":
        return [curve([(-0.95, 1.2), (0.95, 1.2), (0.85, 1.66), (0.0, 1.98), (-0.85, 1.66)])]
    if collar == "turtleneck":
        return [
            curve(
                [
                    (-0.38, 1.14),
                    (0.0, 1.3),
                    (0.38, 1.14),
                    (0.42, 1.4),
                    (0.52, 1.64),
                    (0.0, 1.8),
                    (-0.52, 1.64),
                    (-0.42, 1.4),
                ]
            )
        ]
    return [curve([(-0.52, 1.15), (0.52, 1.15), (0.5, 1.5), (0.0, 1.8), (-0.5, 1.5)])]


def _pattern(on: Easel, cloth: Mask) -> None:
    colour = mix(on.palette.cloth, on.palette.light, 0.45)
    if on.sitter.pattern == "stripes":
        bands = [
            curve(
                [
                    (-2.4, y + 0.2),
                    (0.0, y),
                    (2.4, y + 0.2),
                    (2.4, y + 0.32),
                    (0.0, y + 0.13),
                    (-2.4, y + 0.32),
                ]
            )
            for y in (1.75, 2.05, 2.35, 2.65, 2.95, 3.25, 3.55)
        ]
        on.put(colour, within(on.body.shape(*bands), cloth), 0.8)
    elif on.sitter.pattern == "dots":
        dots = [
            circle(x * 0.34 + (0.17 if row % 2 else 0.0), 1.5 + row * 0.26, 0.055, steps=12)
            for row in range(10)
            for x in range(-6, 7)
        ]
        on.put(colour, within(on.body.shape(*dots), cloth), 0.8)


def _lapels(on: Easel) -> None:
    for side in (-1, 1):
        lapel = [(0.36, 1.18), (0.6, 1.42), (0.42, 1.95), (0.02, 2.0), (0.3, 1.6)]
        mask = on.body.shape([(side * x, y) for x, y in lapel])
        on.put(mix(on.palette.cloth, on.palette.light, 0.32 if side > 0 else 0.18), mask)


def _rim_light(on: Easel, figure: Mask) -> None:
    """Light along the figure's edge, from where it comes."""
    shift = max(1, round(0.045 * on.head.unit))
    inner = ImageChops.offset(figure, -on.sitter.side * shift, shift)
    rim = without(figure, inner).filter(ImageFilter.GaussianBlur(max(0.6, 0.012 * on.head.unit)))
    on.put(on.palette.light, within(rim, figure), 0.62)
