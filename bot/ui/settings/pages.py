"""The pages of a server's choices: what each shows, and how a click on it is read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.ui.settings.controls import (
    NOTHING,
    ON,
    heading,
    menu,
    set_id,
    switch,
)
from bot.ui.settings.words import setting_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import discord
    from discord import ui

    from bot.store.policies import GuildPolicy
    from bot.ui.text import Text

    Items = Sequence[ui.Item[Any]]
    Draw = Callable[[GuildPolicy, discord.Guild | None, Text], Items]


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """A page that shows choices of the server's policy."""

    key: str
    title: Callable[[Text], str]
    draw: Draw


def _results(policy: GuildPolicy, _guild: discord.Guild | None, _: Text) -> Items:
    deleted = {"dm": _("By direct message to its owner"), "message": _("In a new message in the channel")}
    return [
        heading(
            setting_name("deleted_card", _),
            _("When somebody deletes the message of a public task that still runs, its images come so."),
        ),
        menu(set_id("results", "deleted_card"), deleted, policy.deleted_card),
        switch(
            "results",
            "real_persons",
            setting_name("real_persons", _),
            _("Suggest ideas that name a real person."),
            _,
            on=policy.real_persons,
        ),
    ]


PAGES = (PolicyPage("results", lambda _: _("Results"), _results),)


def read_choice(setting: str, values: Sequence[str]) -> Any:
    """The value of a choice that a menu or a button brought.

    Raises:
        ValueError, KeyError: No control of ours brings that.
    """
    one = next(iter(values), NOTHING)
    read: dict[str, Callable[[], Any]] = {
        "deleted_card": lambda: {"dm": "dm", "message": "message"}[one],
        "real_persons": lambda: one == ON,
    }
    return read[setting]()
