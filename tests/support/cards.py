"""What Discord counts and refuses of a message, for any view; from its documentation, not from our code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.ui.layout import components

if TYPE_CHECKING:
    from collections.abc import Iterator

    from discord import ui


def walk(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component, nested ones included."""
    for component in found:
        yield component
        yield from walk(component.get("components", []))
        for only in ("component", "accessory"):
            if only in component:
                yield from walk([component[only]])


def all_of(view: ui.LayoutView) -> list[dict[str, Any]]:
    """Every component of a view."""
    return list(walk(components(view)))


def words_of(view: ui.LayoutView) -> str:
    """All text of a view."""
    return "\n".join(str(each["content"]) for each in all_of(view) if each["type"] == 10)


def buttons_of(view: ui.LayoutView) -> dict[str, str]:
    """Custom ids by label."""
    return {
        each["label"]: each["custom_id"] for each in all_of(view) if each["type"] == 2 and "custom_id" in each
    }


def check_limits(view: ui.LayoutView, *, most: int = 3500) -> None:
    """Fail when Discord would refuse the message."""
    every = all_of(view)
    assert len(every) <= 40
    texts = [str(each["content"]) for each in every if each["type"] == 10]
    assert all(texts)
    assert sum(len(text.encode("utf-16-le")) // 2 for text in texts) <= most
    assert sum(len(text.encode()) for text in texts) + 12 * len(texts) <= 10_170
    ids = [each["custom_id"] for each in every if "custom_id" in each]
    assert len(set(ids)) == len(ids)
    assert all(1 <= len(each) <= 100 for each in ids)
    for each in every:
        if each["type"] == 2:
            assert 1 <= len(each["label"]) <= 38
        if each["type"] == 1:
            assert 1 <= len(each["components"]) <= 5
        if each["type"] == 12:
            assert 1 <= len(each["items"]) <= 10
            assert all(
                1 <= len(item["description"].encode("utf-16-le")) // 2 <= 1024 for item in each["items"]
            )
