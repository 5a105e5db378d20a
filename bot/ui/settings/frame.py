"""The frame of the settings panel: the page, its items, and the last change with its undo. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import ui

from bot.ui.ids import NO_JOB, ButtonId, Verb
from bot.ui.layout import Accent, button, card, small, text
from bot.ui.settings.words import change_words
from bot.ui.text import relative

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.store.changes import Change
    from bot.ui.text import Text

CHANGES = "changes"
"""The page that lists what was changed."""
LISTED_CHANGES = 8


def settings_panel(
    titles: Mapping[str, str],
    page: str,
    items: Sequence[ui.Item[Any]],
    _: Text,
    *,
    changed: Change | None = None,
    greeting: str = "",
) -> ui.LayoutView:
    """The panel, turned to a page.

    Args:
        titles: What each page is called, by its key.
        page: The key of the one that is shown; what comes after a dash is a part of it.
        items: What is on it.
        _: The reader's words.
        changed: What was just changed.
        greeting: Of a server that has had none.
    """
    choose: ui.Select[Any] = ui.Select(
        custom_id=str(ButtonId(Verb.SETTINGS)),
        placeholder=_("Choose a page"),
        options=[
            discord.SelectOption(label=title, value=key, default=key == page.partition("-")[0])
            for key, title in titles.items()
        ],
    )
    last = [ui.Separator[Any](), change_row(changed, page, _)] if changed is not None else []
    return card(
        Accent.RUNNING,
        text(_("### Settings of this server"), greeting),
        ui.ActionRow(choose),
        ui.Separator(),
        *items,
        *last,
    )


def changes_items(changes: Sequence[Change], _: Text) -> list[ui.Item[Any]]:
    """The last changes, newest first, each with a button that takes it back."""
    if not changes:
        return [text(_("Nothing was changed yet: everything is as it is at first."))]
    hint = _("Undo puts back what was there before that change. It is a change like any other.")
    return [*(change_row(each, CHANGES, _) for each in changes), text(small(hint))]


def change_row(change: Change, page: str, _: Text) -> ui.Section[Any]:
    """One change, with a button that takes it back and stays on the page."""
    what = change_words(change.setting, change.before, change.after, _)
    by = _("by {member} {when}", member=f"<@{change.actor_id}>", when=relative(change.at))
    undo = button(_("Undo"), ButtonId(Verb.UNDO, NO_JOB, f"{page}.{change.id}"))
    return ui.Section(text(what, small(by)), accessory=undo)
