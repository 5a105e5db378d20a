"""The Discord client: the gateway, the command tree, and one way in for everything that a person does."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import discord
import orjson
import yarl
from discord import app_commands
from discord.webhook.async_ import async_context

from bot.log import get_logger
from bot.ui.answers import answer_error
from bot.ui.callbacks import Callbacks
from bot.ui.stage import Access

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import aiohttp

    from bot.clock import Clock
    from bot.model import Job
    from bot.ui.router import Router

log = get_logger(__name__)

IN_SERVERS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
GUILDS_WITHIN_S = 1.0
"""Quiet for so long after a server was told: then all have been, and the bot is ready."""
REMEMBERED = 4096
"""Interactions that are known when they come again: some minutes' worth."""
FOR_SERVERS = app_commands.AppInstallationType(guild=True, user=False)


class AtelierTree(app_commands.CommandTree["AtelierClient"]):
    """The slash commands, in servers only; whatever goes wrong in one is answered."""

    def __init__(self, client: AtelierClient) -> None:
        super().__init__(client, allowed_contexts=IN_SERVERS, allowed_installs=FOR_SERVERS)

    async def interaction_check(self, interaction: discord.Interaction[AtelierClient], /) -> bool:
        """Leave an interaction alone that is being answered already."""
        return interaction.client.is_new(interaction)

    async def on_error(
        self, interaction: discord.Interaction[AtelierClient], error: app_commands.AppCommandError, /
    ) -> None:
        """Answer the person; an autocompletion has no answer but choices, so that is only logged."""
        if interaction.type is discord.InteractionType.autocomplete:
            log.warning("an autocompletion failed", exc_info=error)
            return
        await answer_error(interaction, error)


class AtelierClient(discord.AutoShardedClient):
    """discord.py, kept small: servers only, no members, no messages; clicks and forms go to the router."""

    def __init__(
        self,
        router: Router,
        *,
        clock: Clock,
        shard_count: int | None = None,
        shard_ids: Sequence[int] | None = None,
        http_trace: aiohttp.TraceConfig | None = None,
        when_server_joined: Callable[[discord.Guild], Awaitable[None]] | None = None,
        when_server_left: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        # It never speaks, so what it would need for that is not worth two warnings at each start.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        options: dict[str, Any] = {}
        if http_trace is not None:
            options["http_trace"] = http_trace
        if shard_ids is not None:
            options["shard_ids"] = list(shard_ids)
        super().__init__(
            intents=discord.Intents(guilds=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=GUILDS_WITHIN_S,
            allowed_mentions=discord.AllowedMentions.none(),
            shard_count=shard_count,
            **options,
        )
        self.tree = AtelierTree(self)
        self.command_ids: Mapping[str, int] = {}
        """Discord's ids of the commands, by name, once they are known."""
        self._router = router
        self._callbacks = Callbacks(clock)
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._when_server_joined = when_server_joined
        self._when_server_left = when_server_left

    async def setup_hook(self) -> None:
        """Learn how many shards there are."""
        count: int | None = self.shard_count
        if count is None:
            # With a count of its own discord.py dials the gateway that the settings name, whatever this says.
            self.shard_count, _, _ = await self.http.get_bot_gateway()

    async def connect(self, *, reconnect: bool = True) -> None:
        """Be connected to the gateway until closed; everything that comes of it answers by our callbacks."""
        async_context.set(self._callbacks)  # inherited by the shards' tasks and by all that they start
        await super().connect(reconnect=reconnect)

    def hears_discord(self) -> bool:
        """Whether every shard is connected and has been told its servers."""
        shards = self.shards.values()
        return self.is_ready() and bool(shards) and not any(shard.is_closed() for shard in shards)

    async def publish_commands(self) -> bool:
        """Send Discord our commands when it has others; whether that was needed. One process of several does.

        What Discord has is asked, not remembered: then a new database, or another program that changed
        them, makes no difference, and an unchanged start costs one read and nothing of the daily allowance
        of creations.
        """
        published = await self._published()
        if self.shard_ids is not None and 0 not in self.shard_ids:
            self.command_ids = _ids_of(published)
            return False
        wanted = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        if fingerprint(published) == fingerprint(wanted):
            self.command_ids = _ids_of(published)
            return False
        synced = await self.tree.sync()
        self.command_ids = {command.name: command.id for command in synced}
        log.info("commands published", count=len(synced))
        return True

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Clicks and forms; commands go to the tree by themselves."""
        kinds = {discord.InteractionType.component, discord.InteractionType.modal_submit}
        if interaction.type in kinds and self.is_new(interaction):
            await self._router.route(interaction)

    def is_new(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether this is the interaction's first delivery; a gateway that resumes may bring one again."""
        if interaction.id in self._seen:
            log.info("an interaction came twice", kind=interaction.type.name)
            return False
        self._seen[interaction.id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server that the bot was just added to: discord.py keeps those found at the start apart."""
        if self._when_server_joined is not None:
            await self._when_server_joined(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """A server that the bot really left: discord.py keeps outages apart."""
        log.info("a server was left", guild_id=guild.id)
        if self._when_server_left is not None:
            await self._when_server_left(guild.id)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """Log what an event handler raised; discord.py would print its arguments too."""
        log.error("an event handler failed", handler=event_method, exc_info=True)  # noqa: LOG014 -- discord.py calls this inside its except

    def access_of(self, job: Job) -> Access:
        """What the gateway's cache says of the job's place."""
        guild = self.get_guild(job.guild_id)
        if guild is None:
            # Before every server has been told, and for servers of other processes, nothing is known.
            mine = self.is_ready() and self._shard_is_mine(job.guild_id)
            return Access(in_server=not mine, may_write=None)
        channel = guild.get_channel_or_thread(job.channel_id)
        if channel is None or guild.me is None:
            return Access(in_server=True, may_write=None)
        rights = channel.permissions_for(guild.me)
        to_send = rights.send_messages
        if isinstance(channel, discord.Thread):
            to_send = rights.send_messages_in_threads
        may_write = rights.view_channel and to_send and rights.attach_files
        return Access(in_server=True, may_write=rights.administrator or may_write)

    async def _published(self) -> list[dict[str, Any]]:
        assert self.application_id is not None  # noqa: S101 -- known since the login
        found: Any = await self.http.get_global_commands(self.application_id)
        return list(found)

    def _shard_is_mine(self, guild_id: int) -> bool:
        count = self.shard_count or 1
        return self.shard_ids is None or (guild_id >> 22) % count in self.shard_ids


def dial(api_url: str, gateway_url: str) -> None:
    """Point discord.py at these addresses, for the whole process: it knows no other way."""
    discord.http.Route.BASE = api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


def fingerprint(commands: Sequence[Mapping[str, Any]]) -> str:
    """Equal for commands that mean the same to a person: Discord adds defaults and ids of its own."""
    plain = sorted((_plain(command) for command in commands), key=lambda each: (each["type"], each["name"]))
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


_MEANT = (
    "description",
    "required",
    "autocomplete",
    "min_value",
    "max_value",
    "min_length",
    "max_length",
    "nsfw",
)


def _plain(command: Mapping[str, Any]) -> dict[str, Any]:
    """Only what we mean to say, without what is empty, false or Discord's own."""
    kept: dict[str, Any] = {"type": int(command.get("type") or 1), "name": command["name"]}
    for name in _MEANT:
        value = command.get(name)
        if value not in (None, False, ""):
            kept[name] = float(value) if name.startswith(("min_", "max_")) else value
    if command.get("default_member_permissions") is not None:
        kept["default_member_permissions"] = str(command["default_member_permissions"])
    for name in ("contexts", "integration_types"):
        if command.get(name) is not None:
            kept[name] = sorted(command[name])
    if command.get("choices"):
        kept["choices"] = [{"name": each["name"], "value": each["value"]} for each in command["choices"]]
    if command.get("options"):
        kept["options"] = [_plain(each) for each in command["options"]]
    return kept


def _ids_of(published: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {str(command["name"]): int(command["id"]) for command in published}
