"""Face, ears, beard and glasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import ImageFilter

from sandbox.wiro.portraits.brush import circle, curve, within, without
from sandbox.wiro.portraits.palettes import mix, rgb

if TYPE_CHECKING:
    from sandbox.wiro.portraits.brush import Mask, Point
    from sandbox.wiro.portraits.easel import Easel
    from sandbox.wiro.portraits.sitter import Sitter


def outline(sitter: Sitter) -> list[Point]:
    """The edge of the face."""
    wide, jaw = sitter.width, sitter.jaw
    half = [
        (0.4 * wide, -0.93),
        (0.68 * wide, -0.62),
        (0.755 * wide, -0.15),
        (0.71 * wide, 0.28),
        (0.535 * jaw, 0.68),
        (0.27 * jaw, 0.95),
    ]
    return [(0.0, -1.0), *half, (0.0, 1.03), *((-x, y) for x, y in reversed(half))]


def paint_ears(on: Easel) -> Mask:
    """Ears, perhaps with rings; where they are."""
    ears = [circle(side * 0.77 * on.sitter.width, 0.1, 0.13, tall=1.75) for side in (-1, 1)]
    mask = on.head.shape(*ears)
    on.put(mix(on.sitter.skin, on.sitter.shade, 0.3), mask)
    inner = [circle(side * 0.77 * on.sitter.width, 0.1, 0.06, tall=1.9) for side in (-1, 1)]
    on.put(on.sitter.shade, on.head.soft(0.03, *inner), 0.6)
    if on.sitter.earrings:
        rings = [circle(side * 0.8 * on.sitter.width, 0.5, 0.1, tall=1.3) for side in (-1, 1)]
        on.put(on.palette.accent, on.head.shape(*rings))
    return mask


def paint_face(on: Easel, face: Mask) -> None:
    """Skin, its light and its shadows."""
    on.put(on.sitter.skin, face)
    side = on.sitter.side
    lit = on.head.soft(0.28, circle(side * 0.42, -0.2, 0.42, tall=1.6))
    on.spray(on.sitter.glow, lit, 0.8, face)
    away = on.head.soft(
        0.2,
        curve(
            [
                (-side * x, y)
                for x, y in ((0.34, -1.1), (0.5, -0.2), (0.4, 0.5), (0.2, 1.2), (1.2, 1.2), (1.2, -1.1))
            ]
        ),
    )
    on.spray(on.sitter.shade, away, 0.85, face)
    _plane(on, face)
    cheeks = [circle(on.sitter.turn + x, 0.3, 0.19, tall=0.8) for x in (-0.42, 0.42)]
    blush = mix(on.sitter.skin, rgb("e0523f"), 0.5)
    on.put(blush, within(on.head.soft(0.12, *cheeks), face), 0.42)
    brow = on.head.soft(0.2, [(-1.0, -1.3), (1.0, -1.3), (1.0, -0.72), (-1.0, -0.72)])
    on.put(mix(on.sitter.shade, on.palette.ink, 0.2), within(brow, face), 0.55)
    if on.sitter.freckles:
        spots = [
            circle(on.sitter.turn + on.rng.gauss(0, 0.26), 0.24 + on.rng.gauss(0, 0.06), 0.012, steps=6)
            for _ in range(26)
        ]
        on.put(on.sitter.shade, within(on.head.shape(*spots), face), 0.6)


def _plane(on: Easel, face: Mask) -> None:
    """The face's far side as one plane, its edge along the nose: light made with a knife, not with a veil."""
    side, turn = on.sitter.side, on.sitter.turn
    edge = [
        (0.0, -0.18),
        (-0.02, 0.12),
        (0.09, 0.36),
        (-0.02, 0.44),
        (0.0, 0.58),
        (0.05, 0.66),
        (-0.02, 0.8),
        (0.0, 1.1),
    ]
    outline = [(turn + side * x, y) for x, y in edge]
    outline += [
        (-side * 1.2, 1.1),
        (-side * 1.2, -0.1),
        (turn - side * 0.5, -0.15),
        (turn - side * 0.2, -0.2),
    ]
    mask = on.head.shape(curve(outline, steps=6)).filter(ImageFilter.GaussianBlur(0.02 * on.head.unit))
    on.put(on.sitter.shade, within(mask, face), 0.34)


def paint_beard(on: Easel) -> Mask:
    """A full beard; where it is."""
    turn = on.sitter.turn * 0.6
    outline = [
        (-0.78, 0.0),
        (-0.6, 0.3),
        (-0.4 + turn, 0.47),
        (turn, 0.43),
        (0.4 + turn, 0.47),
        (0.6, 0.3),
        (0.78, 0.0),
        (0.72, 0.55),
        (0.45, 1.05),
        (0.0, 1.22),
        (-0.45, 1.05),
        (-0.72, 0.55),
    ]
    lips = on.head.shape(circle(on.sitter.turn, 0.63, 0.22, tall=0.42))
    mask = without(on.head.shape(curve(outline)), lips)
    on.put(mix(on.sitter.hair, on.palette.ink, 0.1), mask, 0.94)
    lit = on.head.soft(0.15, circle(on.sitter.side * 0.42, 0.72, 0.25))
    on.spray(mix(on.sitter.hair, on.palette.light, 0.5), lit, 0.5, mask)
    return mask


def paint_features(on: Easel) -> None:
    """Eyes, brows, nose and mouth."""
    ink = mix(on.palette.ink, on.sitter.shade, 0.25)
    for side in (-1, 1):
        # The half that is turned away is a little narrower.
        squeeze = 1.0 - abs(on.sitter.turn) * (1.2 if side * on.sitter.turn > 0 else 0.2)
        _paint_eye(on, side, squeeze)
        brow = [(0.17, -0.23), (0.3, -0.28), (0.45, -0.26), (0.55, -0.19)]
        line = curve([(on.sitter.turn + side * x * squeeze, y) for x, y in brow], closed=False)
        on.put(mix(on.sitter.hair, on.palette.ink, 0.45), on.head.lines(0.05, line), 0.9)
    nose = [(0.03, 0.0), (-0.02, 0.2), (0.1, 0.36), (0.08, 0.42), (-0.02, 0.44)]
    line = curve([(on.sitter.turn - on.sitter.side * x, y) for x, y in nose], closed=False)
    on.put(ink, on.head.lines(0.024, line), 0.6)
    _paint_mouth(on)


def _paint_eye(on: Easel, side: int, squeeze: float) -> None:
    x = on.sitter.turn + side * 0.34 * squeeze
    half = 0.165 * squeeze
    socket = on.head.soft(0.06, circle(x, -0.04, 0.2 * squeeze, tall=0.6))
    on.put(on.sitter.shade, socket, 0.4)
    ink = mix(on.palette.ink, rgb("000000"), 0.2)
    if on.sitter.eyes_closed:
        lid = curve(
            [(x - half, 0.0), (x - half * 0.4, 0.055), (x + half * 0.4, 0.055), (x + half, 0.0)], closed=False
        )
        outer = x + side * half
        lash = [(outer, 0.0), (outer + side * 0.045, -0.02)]
        on.put(ink, on.head.lines(0.034, lid, lash), 0.9)
        return
    upper = [(x - half, 0.02), (x - half * 0.45, -0.072), (x + half * 0.45, -0.078), (x + half, 0.0)]
    lower = [(x + half * 0.4, 0.065), (x - half * 0.4, 0.068)]
    almond = on.head.shape(curve([*upper, *lower]))
    on.put(mix(on.palette.light, on.sitter.skin, 0.3), almond)
    look = x - on.sitter.turn * 0.2
    iris = on.head.shape(circle(look, -0.008, 0.078, steps=20))
    on.put(on.sitter.iris, within(iris, almond))
    on.put(ink, within(on.head.shape(circle(look, -0.008, 0.038, steps=14)), almond))
    shine = on.head.shape(circle(look + on.sitter.side * 0.03, -0.038, 0.018, steps=10))
    on.put(rgb("ffffff"), within(shine, almond), 0.95)
    on.put(ink, on.head.lines(0.036, curve(upper, closed=False)), 0.92)
    fold = [(px, py - 0.065) for px, py in upper]
    on.put(on.sitter.shade, on.head.lines(0.018, curve(fold, closed=False)), 0.55)


def _paint_mouth(on: Easel) -> None:
    x, y, half = on.sitter.turn, 0.63, 0.205
    red = mix(mix(on.sitter.skin, rgb("b03a3a"), 0.62), on.palette.accent, 0.15)
    upper = [
        (x - half, y - 0.016),
        (x - 0.09, y - 0.06),
        (x, y - 0.042),
        (x + 0.09, y - 0.06),
        (x + half, y - 0.016),
        (x, y + 0.018),
    ]
    lower = [
        (x - half, y - 0.014),
        (x, y + 0.014),
        (x + half, y - 0.014),
        (x + 0.1, y + 0.095),
        (x - 0.1, y + 0.095),
    ]
    on.put(mix(red, on.palette.ink, 0.22), on.head.shape(curve(upper, steps=6)))
    on.put(red, on.head.shape(curve(lower, steps=6)))
    shine = on.head.soft(0.02, circle(x + on.sitter.side * 0.06, y + 0.055, 0.05, tall=0.4))
    on.put(on.sitter.glow, shine, 0.55)
    line = curve([(x - half - 0.03, y - 0.03), (x, y + 0.016), (x + half + 0.03, y - 0.03)], closed=False)
    on.put(on.palette.ink, on.head.lines(0.02, line), 0.65)


def paint_glasses(on: Easel) -> None:
    """Two round lenses, their rims, bridge and temples."""
    turn = on.sitter.turn
    lenses = [circle(turn + side * 0.35, 0.0, 0.27, tall=0.92, steps=36) for side in (-1, 1)]
    on.put(on.palette.light, on.head.shape(*lenses), 0.16)
    rims = [[*lens, lens[0]] for lens in lenses]
    bridge = [(turn - 0.08, -0.04), (turn + 0.08, -0.04)]
    temples = [[(turn + side * 0.62, -0.03), (side * 0.78 * on.sitter.width, -0.02)] for side in (-1, 1)]
    on.put(mix(on.palette.ink, on.palette.cloth, 0.2), on.head.lines(0.035, *rims, bridge, *temples))
