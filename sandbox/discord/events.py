"""Who is told of what: the screens of people, and the bot's gateway sessions."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sandbox.discord.model import Channel, Json, Message, Person
    from sandbox.discord.views import Views
    from sandbox.discord.world import World

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES = 1, 1 << 9, 1 << 12
_MOST_UNREAD = 10_000


class Dispatch(Protocol):
    """Sends one event to the bot's sessions that want it."""

    def __call__(self, event: str, data: Json, *, guild_id: int | None = None, intent: int = 0) -> None:
        """Deliver; an `intent` of 0 goes to everybody."""


class Events:
    """Spreads what happens in channels; an ephemeral message reaches its one person only."""

    def __init__(self, world: World, views: Views) -> None:
        self._world = world
        self._views = views
        self._screens: defaultdict[int, list[asyncio.Queue[Json]]] = defaultdict(list)
        self.dispatch: Dispatch = _nobody

    def subscribe(self, person: Person) -> asyncio.Queue[Json]:
        """A queue that gets this person's events; the oldest are lost when nobody reads them."""
        queue: asyncio.Queue[Json] = asyncio.Queue(_MOST_UNREAD)
        self._screens[person.id].append(queue)
        return queue

    def unsubscribe(self, person: Person, queue: asyncio.Queue[Json]) -> None:
        """No more events into that queue."""
        if queue in self._screens[person.id]:
            self._screens[person.id].remove(queue)

    def show(self, person: Person, event: str, data: Json) -> None:
        """Put one event on one person's screens."""
        for queue in self._screens[person.id]:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait({"t": event, "d": data})

    def show_all(self, channel: Channel, event: str, data: Json) -> None:
        """Put an event on the screens of everybody who sees the channel."""
        for person_id, queues in self._screens.items():
            person = self._world.accounts[person_id]
            if queues and self._world.sees(person, channel):
                self.show(person, event, data)

    def message_created(self, channel: Channel, message: Message) -> None:
        """A message is new."""
        self._spread(channel, message, "MESSAGE_CREATE", self._views.message(message))

    def message_updated(self, channel: Channel, message: Message) -> None:
        """A message was edited, or its reactions changed."""
        self._spread(channel, message, "MESSAGE_UPDATE", self._views.message(message))

    def message_deleted(self, channel: Channel, message: Message) -> None:
        """A message is gone."""
        data = {"id": str(message.id), "channel_id": str(channel.id)}
        data |= {"guild_id": str(channel.guild_id)} if channel.guild_id else {}
        self._spread(channel, message, "MESSAGE_DELETE", data)

    def channel_event(self, channel: Channel, event: str, **more: Any) -> None:
        """A channel or thread was made, changed or removed."""
        data = self._views.channel(channel) | more
        self.show_all(channel, event, data)
        if self._world.sees(self._world.bot, channel):
            self.dispatch(event, data, guild_id=channel.guild_id, intent=0 if channel.is_dm else GUILDS)

    def thread_member_added(self, thread: Channel, person: Person) -> None:
        """Somebody is in a thread now; the bot is told of itself alone, as it has no right to more."""
        added = self._views.thread_member(thread, person.id)
        data = self._members_update(thread) | {"added_members": [added]}
        self.show_all(thread, "THREAD_MEMBERS_UPDATE", data)
        if person is self._world.bot:
            self.dispatch(
                "THREAD_CREATE", self._views.channel(thread), guild_id=thread.guild_id, intent=GUILDS
            )
            self.dispatch("THREAD_MEMBERS_UPDATE", data, guild_id=thread.guild_id, intent=GUILDS)

    def thread_member_removed(self, thread: Channel, person: Person) -> None:
        """Somebody is in a thread no more, and may not see it any longer: they are told all the same."""
        data = self._members_update(thread) | {"removed_member_ids": [str(person.id)]}
        self.show_all(thread, "THREAD_MEMBERS_UPDATE", data)
        if not self._world.sees(person, thread):
            self.show(person, "THREAD_MEMBERS_UPDATE", data)
        if person is self._world.bot:
            self.dispatch("THREAD_MEMBERS_UPDATE", data, guild_id=thread.guild_id, intent=GUILDS)

    def _members_update(self, thread: Channel) -> Json:
        count = self._views.channel(thread)["member_count"]
        return {"id": str(thread.id), "guild_id": str(thread.guild_id), "member_count": count}

    def commands_changed(self) -> None:
        """The set of commands is another; every screen asks again."""
        for person_id in list(self._screens):
            self.show(self._world.accounts[person_id], "COMMANDS", {})

    def _spread(self, channel: Channel, message: Message, event: str, data: Json) -> None:
        if message.ephemeral_for is not None:
            self.show(self._world.accounts[message.ephemeral_for], event, data)
            return
        self.show_all(channel, event, data)
        if not self._world.sees(self._world.bot, channel):
            return
        place: Json = {"guild_id": str(channel.guild_id)} if channel.guild_id else {}
        member = self._world.member(channel, message.author)
        if member and event != "MESSAGE_DELETE":
            place["member"] = self._views.member(member, with_user=False)
        intent = GUILD_MESSAGES if channel.guild_id else DIRECT_MESSAGES
        self.dispatch(
            event, self._for_bot(channel, message, data) | place, guild_id=channel.guild_id, intent=intent
        )

    def _for_bot(self, channel: Channel, message: Message, data: Json) -> Json:
        """Others' words in a server are blanked: the application has no privileged intent."""
        bot = self._world.bot
        if "content" not in data or channel.is_dm or message.author is bot or bot.id in message.mention_ids:
            return data
        return data | {"content": "", "embeds": [], "attachments": [], "components": []}


def _nobody(event: str, data: Json, *, guild_id: int | None = None, intent: int = 0) -> None:
    """Before the gateway is there nobody listens."""
