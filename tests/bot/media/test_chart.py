"""Charts of stacked bars."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageColor

from bot.media.chart import BOTTOM, COLOURS, GROUND, LEFT, RIGHT, TOP, nice_step, stacked_bars


def drawn(labels: list[str], series: dict[str, list[int]]) -> Image.Image:
    chart = Image.open(io.BytesIO(stacked_bars(labels, series, written=str)))
    assert (chart.format, chart.mode) == ("PNG", "RGB")
    return chart


@pytest.mark.parametrize(
    ("most", "step"),
    [(0, 1), (5, 1), (6, 2), (10, 2), (11, 5), (25, 5), (26, 10), (51, 20), (10**9, 2 * 10**8)],
)
def test_lines_are_numbers_that_people_count_in(most: int, step: int) -> None:
    assert nice_step(most) == step


def test_bars_are_as_high_as_they_say_and_stand_on_each_other() -> None:
    chart = drawn(["a", "b"], {"one": [50, 10], "two": [50, 0]})
    left, right = LEFT + (RIGHT - LEFT) // 4, LEFT + 3 * (RIGHT - LEFT) // 4
    for x, share, colour in (
        (left, 0.25, COLOURS[0]),
        (left, 0.75, COLOURS[1]),
        (right, 0.05, COLOURS[0]),
        (right, 0.15, GROUND),
        (right, 0.75, GROUND),
    ):
        y = round(BOTTOM - share * (BOTTOM - TOP))
        assert chart.getpixel((x, y)) == ImageColor.getrgb(colour), (x, share)


@pytest.mark.parametrize("count", [1, 7, 31])
def test_any_number_of_bars_and_of_tools_is_drawn(count: int) -> None:
    chart = drawn([str(n) for n in range(count)], {f"tool {n}": [n] * count for n in range(len(COLOURS) + 2)})
    assert len(chart.getcolors(100_000) or ()) > len(COLOURS)
    drawn([str(n) for n in range(count)], {"nothing": [0] * count})
