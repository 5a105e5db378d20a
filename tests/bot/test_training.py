from __future__ import annotations

import pytest

from bot.training import upload_ways


@pytest.mark.parametrize(
    ("choice", "is_reached", "ways"),
    [
        ("auto", False, ["folder", "archive"]),
        ("auto", True, ["address", "folder", "archive"]),
        ("url", True, ["address"]),
        ("files", True, ["folder"]),
        ("zip", False, ["archive"]),
    ],
)
def test_photos_are_brought_to_wiro_by_the_first_way_that_works_or_by_the_one_that_is_set(
    choice: str, *, is_reached: bool, ways: list[str]
) -> None:
    assert [way.value for way in upload_ways(choice, is_reached=is_reached)] == ways
