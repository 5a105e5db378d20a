"""Servers, channels and direct messages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sandbox.discord.errors import (
    ApiError,
    invalid,
    missing_access,
    missing_permissions,
    thread_archived,
    unknown,
)
from sandbox.discord.permissions import P
from sandbox.discord.rest.core import Call, Reply, Route, no_content

if TYPE_CHECKING:
    from sandbox.discord.context import Context
    from sandbox.discord.model import Channel, Guild, Json

_ARCHIVE_MINUTES = {60, 1440, 4320, 10080}


class Places:
    """Finds the places that requests name, as far as the bot may go there."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def guild(self, call: Call) -> Guild:
        """The server in the path; raises 10004 when the bot is not in it."""
        guild = self._context.world.guild(call.id("guild"))
        if guild is None or self._context.world.bot.id not in guild.members or guild.unavailable:
            raise unknown("Guild", 10004)
        return guild

    def channel(self, call: Call, *needed: P) -> Channel:
        """The channel in the path; raises 10003, 50001 (not visible) or 50013 (a permission is missing)."""
        channel = self._context.world.channel(call.id("channel"))
        if channel is None:
            raise unknown("Channel", 10003)
        self.require(channel, *needed)
        return channel

    def require(self, channel: Channel, *needed: P) -> None:
        """Raise 50001 or 50013 unless the bot sees the channel and has those permissions."""
        world = self._context.world
        if not world.sees(world.bot, channel):
            raise missing_access()
        if channel.is_dm:
            return
        bits = world.permissions(world.bot, channel)
        if any(not bits & one for one in needed):
            raise missing_permissions()


class PlaceRoutes:
    """Reading servers and channels; changing channels and threads; opening direct messages."""

    def __init__(self, context: Context, places: Places) -> None:
        self._context = context
        self._places = places

    def routes(self) -> list[Route]:
        """Guilds, channels, direct messages."""
        channel, guild = "/channels/{channel}", "/guilds/{guild}"
        return [
            Route("my_guilds", "GET", "/users/@me/guilds", self._my_guilds),
            Route("leave_guild", "DELETE", "/users/@me/guilds/{guild}", self._leave),
            Route("create_dm", "POST", "/users/@me/channels", self._create_dm),
            Route("get_guild", "GET", guild, self._guild, major="guild"),
            Route("guild_channels", "GET", guild + "/channels", self._channels, major="guild"),
            Route("guild_roles", "GET", guild + "/roles", self._roles, major="guild"),
            Route(
                "role_member_counts",
                "GET",
                guild + "/roles/member-counts",
                self._role_member_counts,
                major="guild",
            ),
            Route("active_threads", "GET", guild + "/threads/active", self._threads, major="guild"),
            Route("get_member", "GET", guild + "/members/{user}", self._member, major="guild"),
            Route("get_channel", "GET", channel, self._channel, major="channel"),
            Route("edit_channel", "PATCH", channel, self._edit_channel, major="channel"),
            Route("delete_channel", "DELETE", channel, self._delete_channel, major="channel"),
            Route("typing", "POST", channel + "/typing", self._typing, major="channel"),
        ]

    # Servers

    async def _my_guilds(self, _: Call) -> Reply:
        world = self._context.world
        ours = [guild for guild in world.guilds.values() if world.bot.id in guild.members]
        return Reply([self._context.views.my_guild(guild) for guild in ours])

    async def _guild(self, call: Call) -> Reply:
        guild = self._places.guild(call)
        seen = self._context.views.guild(guild)
        if call.flag("with_counts"):
            seen |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
        return Reply(seen)

    async def _leave(self, call: Call) -> Reply:
        guild = self._places.guild(call)
        del guild.members[self._context.world.bot.id]
        self._context.events.dispatch("GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id, intent=1)
        return no_content()

    async def _channels(self, call: Call) -> Reply:
        guild = self._places.guild(call)
        views = self._context.views
        return Reply([views.channel(one) for one in guild.channels.values() if not one.is_thread])

    async def _roles(self, call: Call) -> Reply:
        guild = self._places.guild(call)
        return Reply([self._context.views.role(role, guild) for role in guild.roles.values()])

    async def _role_member_counts(self, call: Call) -> Reply:
        guild = self._places.guild(call)
        held = Counter(role_id for member in guild.members.values() for role_id in member.role_ids)
        return Reply({str(role_id): held[role_id] for role_id in guild.roles if role_id != guild.id})

    async def _threads(self, call: Call) -> Reply:
        guild = self._places.guild(call)
        world, views = self._context.world, self._context.views
        threads = [one for one in guild.channels.values() if one.is_thread and not one.archived]
        seen = [views.channel(one) for one in threads if world.sees(world.bot, one)]
        return Reply({"threads": seen, "members": [], "has_more": False})

    async def _member(self, call: Call) -> Reply:
        member = self._places.guild(call).members.get(call.id("user"))
        if member is None:
            raise unknown("Member", 10007)
        return Reply(self._context.views.member(member))

    # Channels

    async def _channel(self, call: Call) -> Reply:
        return Reply(self._context.views.channel(self._places.channel(call)))

    async def _edit_channel(self, call: Call) -> Reply:
        body = await call.body()
        place = self._places.channel(call)
        if place.is_thread:
            self._require_to_change(place, body.form)
            self._change_thread(place, body.form)
        else:
            self._places.require(place, P.MANAGE_CHANNELS)
            place.name = place_name(body.form) if "name" in body.form else place.name
            place.topic = body.form.get("topic", place.topic)
            place.nsfw = bool(body.form.get("nsfw", place.nsfw))
        self._context.events.channel_event(place, "THREAD_UPDATE" if place.is_thread else "CHANNEL_UPDATE")
        return Reply(self._context.views.channel(place))

    def _require_to_change(self, thread: Channel, form: Json) -> None:
        """Raise 50083 where only opening it again is left to do, 50013 where that takes a moderator."""
        opens = form.get("archived") is False
        if thread.archived and not opens:
            raise thread_archived()
        bot_id = self._context.world.bot.id
        if opens and form.keys() == {"archived"} and not thread.locked and bot_id in thread.joined_s:
            return
        if thread.owner_id != bot_id or thread.locked or form.keys() & {"locked", "rate_limit_per_user"}:
            self._places.require(thread, P.MANAGE_THREADS)

    def _change_thread(self, thread: Channel, form: Json) -> None:
        thread.name = place_name(form) if "name" in form else thread.name
        minutes = archive_minutes(form, thread.auto_archive_minutes)
        archived = bool(form.get("archived", thread.archived))
        if (archived, minutes) != (thread.archived, thread.auto_archive_minutes):
            thread.archive_changed_s = self._context.times.now_s()
        thread.archived, thread.auto_archive_minutes = archived, minutes
        thread.locked = bool(form.get("locked", thread.locked))
        if thread.is_private_thread:
            thread.invitable = form.get("invitable", thread.invitable) is not False

    async def _delete_channel(self, call: Call) -> Reply:
        channel = self._places.channel(call)
        self._places.require(channel, P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS)
        seen = self._context.views.channel(channel)
        guild = self._context.world.guild_of(channel)
        if guild is not None:
            self._context.events.channel_event(
                channel, "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
            )
            del guild.channels[channel.id]
        return Reply(seen)

    async def _typing(self, call: Call) -> Reply:
        channel = self._places.channel(call, _speak(self._context, call))
        bot = self._context.world.bot
        started = {
            "channel_id": str(channel.id),
            "user_id": str(bot.id),
            "timestamp": int(self._context.times.now_s()),
        }
        self._context.events.show_all(channel, "TYPING_START", started)
        return no_content()

    async def _create_dm(self, call: Call) -> Reply:
        body = await call.body()
        world = self._context.world
        try:
            person = world.accounts[int(body.form["recipient_id"])]
        except (KeyError, TypeError, ValueError):
            raise invalid(("recipient_id",), "BASE_TYPE_REQUIRED", "This field is required") from None
        if person.bot:
            raise ApiError(400, 50007, "Cannot send messages to this user")
        if not world.share_a_guild(world.bot, person):
            raise ApiError(400, 50278, "Cannot send messages to this user due to having no mutual guilds")
        known = len(world.dms)
        channel = world.dm_with(person)
        if len(world.dms) > known:
            self._context.events.channel_event(channel, "CHANNEL_CREATE")
        return Reply(self._context.views.channel(channel))


def _speak(context: Context, call: Call) -> P:
    channel = context.world.channel(call.id("channel"))
    return P.SEND_MESSAGES_IN_THREADS if channel and channel.is_thread else P.SEND_MESSAGES


def place_name(form: Json) -> str:
    """The name that a form gives a place; raises 50035 for none."""
    name = form.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise invalid(("name",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return name


def archive_minutes(form: Json, usual: int) -> int:
    """After how long without a word a thread is put away; raises 50035 for a time that is not offered."""
    minutes = form.get("auto_archive_duration") or usual
    if minutes not in _ARCHIVE_MINUTES:
        text = "Value must be one of {60, 1440, 4320, 10080}."
        raise invalid(("auto_archive_duration",), "BASE_TYPE_CHOICES", text)
    return int(minutes)
