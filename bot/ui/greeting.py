"""The one greeting of each server: a short message where the bot may speak, else with a first answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.errors import StoreError
from bot.log import get_logger
from bot.store import greetings
from bot.ui.access import missing_to_write
from bot.ui.layout import Accent, card, small, text
from bot.ui.messages import Outgoing, Refused
from bot.ui.text import text_for

if TYPE_CHECKING:
    import discord
    from discord import ui

    from bot.clock import Clock
    from bot.store.database import Database
    from bot.ui.messages import DiscordMessages
    from bot.ui.text import Text

log = get_logger(__name__)

SEND_WITHIN_S = 10.0


class Greeter:
    """Greets each server once, whichever process and whatever way comes first."""

    def __init__(self, database: Database, messages: DiscordMessages, clock: Clock) -> None:
        self._database = database
        self._messages = messages
        self._clock = clock

    async def joined(self, guild: discord.Guild) -> None:
        """Greet a server that the bot was just added to, where it may speak; else its first answer does."""
        channel = where_to_greet(guild)
        if channel is None:
            log.info("joined a server where nothing may be said", guild_id=guild.id)
            return
        if not await self._claim(guild.id):
            return
        message = Outgoing(view=greeting(text_for(str(guild.preferred_locale))))
        answer = await self._messages.create(channel.id, message, timeout_s=SEND_WITHIN_S)
        log.info("joined a server", guild_id=guild.id, greeting=type(answer).__name__)
        if isinstance(answer, Refused):
            await self._database.write(lambda conn: greetings.forget(conn, guild.id))

    async def left(self, guild_id: int) -> None:
        """Greet the server anew when it adds the bot again."""
        await self._database.write(lambda conn: greetings.forget(conn, guild_id))

    async def words_for(self, guild_id: int, _: Text) -> str:
        """The greeting for the top of a first answer; "" after it, and without a database."""
        try:
            if await self._database.read(lambda conn: greetings.is_greeted(conn, guild_id)):
                return ""
            return greeting_words(_) if await self._claim(guild_id) else ""
        except StoreError as error:
            log.warning("whether a server was greeted is unknown", error=type(error).__name__)
            return ""

    async def _claim(self, guild_id: int) -> bool:
        now = self._clock.now()
        return await self._database.write(lambda conn: greetings.claim(conn, guild_id, now))


def where_to_greet(guild: discord.Guild) -> discord.TextChannel | None:
    """The server's channel for such messages, else its first one, in which the bot may speak."""
    channels = [guild.system_channel, *guild.text_channels]
    return next((each for each in channels if each is not None and _may_speak(guild, each)), None)


def greeting(_: Text) -> ui.LayoutView:
    """The greeting as a message of its own."""
    return card(Accent.RUNNING, text(_("### Hello, I am Atelier")), text(greeting_words(_)))


def greeting_words(_: Text) -> str:
    """What a new server needs to know."""
    return "\n".join(
        (
            _("`/portrait` makes portraits out of words, `/inspire` has ideas, `/help` shows everything."),
            small(_("For managers: `/settings` says where and how I work here. I read no messages.")),
        )
    )


def _may_speak(guild: discord.Guild, channel: Any) -> bool:
    return not missing_to_write(channel.permissions_for(guild.me), in_thread=False)
