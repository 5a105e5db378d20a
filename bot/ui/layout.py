"""Small pieces of Components V2, so that cards and panels read as what they say. Pure.

Every view is returned stopped: discord.py then keeps nothing of it, and the one router gets all its clicks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.ui.ids import ButtonId

MAX_TEXT = 3500
"""Characters on one message that all texts together stay under; Discord refuses more than 4,000."""
MAX_LABEL = 38
"""Characters that Discord shows of a button's label."""


class Accent:
    """Colours that go with a state; the words say it too."""

    WAITING = 0xF0B232
    RUNNING = 0x5865F2
    DONE = 0x2DA562
    FAILED = 0xD83C3E
    QUIET = 0x80848E


def text(*lines: str) -> ui.TextDisplay[Any]:
    """One block of text, a line each; empty lines are left out."""
    return ui.TextDisplay("\n".join(line for line in lines if line))


def small(line: str) -> str:
    """Discord's small print."""
    return f"-# {line}" if line else ""


def button(
    label: str,
    target: ButtonId,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    *,
    emoji: str | None = None,
    disabled: bool = False,
) -> ui.Button[Any]:
    """A button with a word on it, whatever its emoji."""
    return ui.Button(label=label, style=style, custom_id=str(target), emoji=emoji, disabled=disabled)


def link(label: str, url: str) -> ui.Button[Any]:
    """A button that opens an address."""
    return ui.Button(label=label, url=url, style=discord.ButtonStyle.link)


def message_link(guild_id: int, channel_id: int, message_id: int) -> str:
    """The address of a message; `guild_id` 0 is a direct message."""
    return f"https://discord.com/channels/{guild_id or '@me'}/{channel_id}/{message_id}"


def card(accent: int, *items: ui.Item[Any] | None, buttons: Iterable[ui.Button[Any]] = ()) -> ui.LayoutView:
    """One message: a container with everything in it; `None` among the items is left out."""
    children = [item for item in items if item is not None]
    row = list(buttons)
    if row:
        children.append(ui.ActionRow(*row))
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*children, accent_colour=accent))
    view.stop()
    return view


def components(view: ui.LayoutView) -> list[dict[str, Any]]:
    """The JSON of a view."""
    found: list[dict[str, Any]] = view.to_components()  # type: ignore[no-untyped-call]  # discord.py's own gap
    return found


def note(
    message: str, *, accent: int = Accent.QUIET, buttons: Iterable[ui.Button[Any]] = ()
) -> ui.LayoutView:
    """A short message of one text."""
    return card(accent, text(message), buttons=buttons)
