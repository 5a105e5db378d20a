"""The pages of a server's choices: what each shows, and how a click on it is read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.ui.access import missing_to_write
from bot.ui.layout import text
from bot.ui.settings.controls import (
    NOTHING,
    ON,
    TALKED_IN,
    WRITTEN_IN,
    channel_menu,
    heading,
    menu,
    role_menu,
    set_id,
    switch,
)
from bot.ui.settings.words import setting_name
from bot.ui.text import languages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import discord
    from discord import ui

    from bot.store.policies import GuildPolicy
    from bot.ui.text import Text

    Items = Sequence[ui.Item[Any]]
    Draw = Callable[[GuildPolicy, discord.Guild | None, Text], Items]

RETENTION_DAYS = (7, 30, 90, 180, 365)
"""None is less than kept results and late tasks are given."""
MOST_CHOSEN = 25
"""Discord: values of one menu."""


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """A page that shows choices of the server's policy."""

    key: str
    title: Callable[[Text], str]
    draw: Draw


def _channels(policy: GuildPolicy, guild: discord.Guild | None, _: Text) -> Items:
    explained = _(
        "Where tasks may be started, with the threads in those channels. None chosen: in every channel where "
        "Discord lets commands be used."
    )
    known = [each for each in policy.allowed_channels if _has_channel(guild, each)]
    target = set_id("channels", "allowed_channels")
    return [
        heading(setting_name("allowed_channels", _), explained),
        channel_menu(target, known, _("Every channel"), most=MOST_CHOSEN, types=TALKED_IN),
    ]


def _language(policy: GuildPolicy, _guild: discord.Guild | None, _: Text) -> Items:
    explained = _("What public cards are written in. Private answers speak the language of their reader.")
    options = {NOTHING: _("This server's own, as far as I know it")}
    options |= {name: language_name(name) for name in languages()}
    target = set_id("language", "language")
    return [
        heading(setting_name("language", _), explained),
        menu(target, options, policy.language or NOTHING),
    ]


def _log(policy: GuildPolicy, guild: discord.Guild | None, _: Text) -> Items:
    explained = _(
        "What moderators did and what rules refused is told there as it happens, and reported images with "
        "buttons to deal with them. None chosen: only `/mod audit` has it."
    )
    chosen = policy.log_channel_id
    known = [chosen] if chosen is not None and _has_channel(guild, chosen) else []
    trouble = [] if chosen is None else [text(f"⚠️ {each}") for each in _log_trouble(chosen, guild, _)]
    return [
        heading(setting_name("log_channel_id", _), explained),
        channel_menu(set_id("log", "log_channel_id"), known, _("None"), most=1, types=WRITTEN_IN),
        *trouble,
        switch(
            "log",
            "log_prompts",
            setting_name("log_prompts", _),
            _("Tell what was asked for too. Words of private tasks are never told."),
            _,
            on=policy.log_prompts,
        ),
    ]


def _log_trouble(channel_id: int, guild: discord.Guild | None, _: Text) -> Sequence[str]:
    """Why nothing can be told in the chosen channel."""
    channel = guild.get_channel(channel_id) if guild is not None else None
    if guild is None or channel is None:
        return [_("The chosen channel is gone, or I do not see it. Choose one that I see.")]
    missing = missing_to_write(channel.permissions_for(guild.me), in_thread=False)
    if not missing:
        return []
    lacking = ", ".join(f"**{name}**" for name in missing)
    return [_("I am missing {lacking} in {channel}.", lacking=lacking, channel=f"<#{channel_id}>")]


def _retention(policy: GuildPolicy, _guild: discord.Guild | None, _: Text) -> Items:
    explained = _(
        "Tasks that ended longer ago are forgotten: their words, settings and buttons, who asked, and what "
        "they cost here. The images in the channels stay, and so do trained models. What is forgotten does "
        "not come back when this is undone."
    )
    options = {NOTHING: _("Kept for ever")}
    options |= {str(days): _.plural("{n} day", "{n} days", days) for days in RETENTION_DAYS}
    chosen = NOTHING if policy.retention_days is None else str(policy.retention_days)
    return [
        heading(setting_name("retention_days", _), explained),
        menu(set_id("retention", "retention_days"), options, chosen),
    ]


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


def _moderation(policy: GuildPolicy, guild: discord.Guild | None, _: Text) -> Items:
    roles = _(
        "Members with one of these roles may press what moderators may. So may everybody who may time "
        "members out; who sees `/mod` itself is set in Server Settings, Integrations."
    )
    explained = _("On: a task that a moderator stops gives its quota back to its owner. Off: it counts.")
    known = [each for each in policy.moderator_roles if guild is not None and guild.get_role(each)]
    target = set_id("moderation", "moderator_roles")
    return [
        heading(setting_name("moderator_roles", _), roles),
        role_menu(target, known, _("No role"), most=MOST_CHOSEN),
        switch(
            "moderation",
            "stop_returns_quota",
            setting_name("stop_returns_quota", _),
            explained,
            _,
            on=policy.stop_returns_quota,
        ),
    ]


PAGES = (
    PolicyPage("channels", lambda _: _("Channels"), _channels),
    PolicyPage("language", lambda _: _("Language"), _language),
    PolicyPage("log", lambda _: _("Log"), _log),
    PolicyPage("moderation", lambda _: _("Moderation"), _moderation),
    PolicyPage("retention", lambda _: setting_name("retention_days", _), _retention),
    PolicyPage("results", lambda _: _("Results"), _results),
)


def read_choice(setting: str, values: Sequence[str]) -> Any:
    """The value of a choice that a menu or a button brought.

    Raises:
        ValueError, KeyError: No control of ours brings that.
    """
    one = next(iter(values), NOTHING)
    read: dict[str, Callable[[], Any]] = {
        "allowed_channels": lambda: tuple(sorted(map(int, values))),
        "language": lambda: None if one == NOTHING else languages()[languages().index(one)],
        "retention_days": lambda: None if one == NOTHING else RETENTION_DAYS[RETENTION_DAYS.index(int(one))],
        "log_channel_id": lambda: int(one) if values else None,
        "log_prompts": lambda: one == ON,
        "deleted_card": lambda: {"dm": "dm", "message": "message"}[one],
        "real_persons": lambda: one == ON,
        "moderator_roles": lambda: tuple(sorted(map(int, values))),
        "stop_returns_quota": lambda: one == ON,
    }
    return read[setting]()


def language_name(locale: str) -> str:
    """What a language is called in itself."""
    return {"en-US": "English"}.get(locale, locale)


def _has_channel(guild: discord.Guild | None, channel_id: int) -> bool:
    """A menu that names what is no longer there is refused."""
    return guild is not None and guild.get_channel(channel_id) is not None
