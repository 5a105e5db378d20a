"""Messages come into being, change and go: the world remembers and everybody concerned is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord.model import Message
from sandbox.discord.validate.messages import Draft, mentioned

if TYPE_CHECKING:
    from sandbox.discord.events import Events
    from sandbox.discord.model import Channel, Person
    from sandbox.discord.times import Times
    from sandbox.discord.world import World


class MessageDesk:
    """The only code that writes messages."""

    def __init__(self, times: Times, world: World, events: Events) -> None:
        self._times = times
        self._world = world
        self._events = events

    def new(self, channel: Channel, author: Person, *, kind: int = 0) -> Message:
        """A blank message of this moment, not posted yet."""
        now_s = self._times.now_s()
        return Message(self._times.new_id(), channel.id, author, kind, created_s=now_s)

    def post(self, channel: Channel, message: Message, draft: Draft | None = None) -> None:
        """Put a message into its channel; an archived thread is open again with it."""
        if draft:
            self._fill(message, draft)
        if channel.archived and message.ephemeral_for is None:
            channel.archived, channel.archive_changed_s = False, self._times.now_s()
            self._events.channel_event(channel, "THREAD_UPDATE")
        self._world.add(message)
        self._events.message_created(channel, message)

    def edit(self, channel: Channel, message: Message, draft: Draft) -> None:
        """Change a message; a "thinking…" becomes what it waited for and does not count as edited."""
        if not message.is_loading:
            message.edited_s = self._times.now_s()
        held = {file.id for file in message.files}
        self._fill(message, draft)
        for gone in held - {file.id for file in message.files}:
            self._world.files.pop(gone, None)
        self._world.keep_files(message.files)
        self._events.message_updated(channel, message)

    def delete(self, channel: Channel, message: Message) -> None:
        """Remove a message."""
        self._world.remove(message)
        self._events.message_deleted(channel, message)

    def touch(self, channel: Channel, message: Message) -> None:
        """Tell of a change that is not an edit: a reaction, a thread."""
        self._events.message_updated(channel, message)

    def _fill(self, message: Message, draft: Draft) -> None:
        draft.put_into(message)
        message.tts = draft.tts
        users, roles, everyone = mentioned(draft)
        guild = self._world.guild(self._world_guild_id(message))
        message.mention_ids = [one for one in users if one in self._world.accounts]
        message.mention_role_ids = [one for one in roles if guild and one in guild.roles]
        message.mention_everyone = everyone

    def _world_guild_id(self, message: Message) -> int | None:
        channel = self._world.channel(message.channel_id)
        return channel.guild_id if channel else None
