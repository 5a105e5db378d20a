"""Servers, channels, threads and direct messages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sandbox.discord.errors import ApiError, invalid, missing_access, missing_permissions, unknown
from sandbox.discord.model import Channel
from sandbox.discord.permissions import P
from sandbox.discord.rest.core import Call, Reply, Route, no_content

if TYPE_CHECKING:
    from sandbox.discord.context import Context
    from sandbox.discord.messages import MessageDesk
    from sandbox.discord.model import Guild, Json

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
    """Reading servers and channels; opening threads and direct messages."""

    def __init__(self, context: Context, places: Places, desk: MessageDesk) -> None:
        self._context = context
        self._places = places
        self._desk = desk

    def routes(self) -> list[Route]:
        """Guilds, channels, threads, direct messages."""
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
            Route("create_thread", "POST", channel + "/threads", self._create_thread, major="channel"),
            Route(
                "thread_from_message",
                "POST",
                channel + "/messages/{message}/threads",
                self._thread_from_message,
                major="channel",
            ),
            Route("join_thread", "PUT", channel + "/thread-members/@me", self._join, major="channel"),
            Route("leave_thread", "DELETE", channel + "/thread-members/@me", self._quit, major="channel"),
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
        thread = self._places.channel(call)
        own = thread.owner_id == self._context.world.bot.id
        if not thread.is_thread:
            self._places.require(thread, P.MANAGE_CHANNELS)
        elif not own:
            self._places.require(thread, P.MANAGE_THREADS)
        self._change(thread, body.form)
        self._context.events.channel_event(thread, "THREAD_UPDATE" if thread.is_thread else "CHANNEL_UPDATE")
        return Reply(self._context.views.channel(thread))

    def _change(self, channel: Channel, form: Json) -> None:
        if "name" in form:
            channel.name = _name(form)
        if channel.is_thread:
            channel.archived = bool(form.get("archived", channel.archived))
            channel.locked = bool(form.get("locked", channel.locked))
            channel.auto_archive_minutes = _archive(form, channel.auto_archive_minutes)
        else:
            channel.topic = form.get("topic", channel.topic)
            channel.nsfw = bool(form.get("nsfw", channel.nsfw))

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

    # Threads

    async def _create_thread(self, call: Call) -> Reply:
        body = await call.body()
        kind = body.form.get("type", 12)
        needed = P.CREATE_PRIVATE_THREADS if kind == 12 else P.CREATE_PUBLIC_THREADS
        parent = self._places.channel(call, needed)
        if kind not in {11, 12}:
            raise invalid(("type",), "BASE_TYPE_CHOICES", "Value must be one of {11, 12}.")
        thread = self._thread(parent, self._context.times.new_id(), kind, body.form)
        return Reply(self._context.views.channel(thread), 201)

    async def _thread_from_message(self, call: Call) -> Reply:
        body = await call.body()
        parent = self._places.channel(call, P.CREATE_PUBLIC_THREADS)
        message = self._context.world.message(call.id("message"), parent.id)
        if message is None or message.ephemeral_for is not None:
            raise unknown("Message", 10008)
        if message.thread_id:
            raise ApiError(400, 160004, "A thread has already been created for this message")
        thread = self._thread(parent, message.id, 11, body.form)
        message.thread_id, message.flags = thread.id, message.flags | 1 << 5
        self._desk.touch(parent, message)
        return Reply(self._context.views.channel(thread), 201)

    def _thread(self, parent: Channel, thread_id: int, kind: int, form: Json) -> Channel:
        guild = self._context.world.guild_of(parent)
        if guild is None or parent.is_thread:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        bot = self._context.world.bot
        thread = Channel(
            f"thread-{thread_id}",
            thread_id,
            kind,
            _name(form),
            guild.id,
            parent_id=parent.id,
            owner_id=bot.id,
            auto_archive_minutes=_archive(form, 1440),
            created_s=self._context.times.now_s(),
            member_ids={bot.id},
        )
        guild.channels[thread.id] = thread
        self._context.events.channel_event(thread, "THREAD_CREATE")
        return thread

    async def _join(self, call: Call) -> Reply:
        self._places.channel(call).member_ids.add(self._context.world.bot.id)
        return no_content()

    async def _quit(self, call: Call) -> Reply:
        self._places.channel(call).member_ids.discard(self._context.world.bot.id)
        return no_content()


def _speak(context: Context, call: Call) -> P:
    channel = context.world.channel(call.id("channel"))
    return P.SEND_MESSAGES_IN_THREADS if channel and channel.is_thread else P.SEND_MESSAGES


def _name(form: Json) -> str:
    name = form.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise invalid(("name",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return name


def _archive(form: Json, usual: int) -> int:
    minutes = form.get("auto_archive_duration") or usual
    if minutes not in _ARCHIVE_MINUTES:
        text = "Value must be one of {60, 1440, 4320, 10080}."
        raise invalid(("auto_archive_duration",), "BASE_TYPE_CHOICES", text)
    return int(minutes)
