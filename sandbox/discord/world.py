"""Everything that exists in the sandbox's Discord, and how to find it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sandbox.discord import seed
from sandbox.discord.model import Channel, Guild, Member, Message, Person, StoredFile
from sandbox.discord.permissions import DM_APP, DM_PERSON, P, in_channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.discord.times import Times


class World:
    """People, servers, channels, messages and files, all in memory."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self.people = seed.people()
        self.bot = seed.bot()
        owner = seed.owner()
        self.guilds = seed.guilds(self.people, self.bot, owner)
        self.accounts = {person.id: person for person in (*self.people.values(), self.bot, owner)}
        self.dms: dict[int, Channel] = {}
        self.files: dict[int, StoredFile] = {}
        self._messages: defaultdict[int, dict[int, Message]] = defaultdict(dict)
        self._places: dict[int, int] = {}

    @property
    def application_id(self) -> int:
        """The application's id, which is the bot's too."""
        return self.bot.id

    # Places

    def guild(self, guild_id: int | None) -> Guild | None:
        """The server of that id."""
        return next((guild for guild in self.guilds.values() if guild.id == guild_id), None)

    def guild_of(self, channel: Channel) -> Guild | None:
        """The server a channel is in; None for direct messages."""
        return self.guild(channel.guild_id)

    def channel(self, channel_id: int) -> Channel | None:
        """The channel, thread or direct-message channel of that id."""
        for guild in self.guilds.values():
            if found := guild.channels.get(channel_id):
                return found
        return self.dms.get(channel_id)

    def all_channels(self) -> Iterator[Channel]:
        """Every channel and thread of every server, then the direct messages."""
        for guild in self.guilds.values():
            yield from guild.channels.values()
        yield from self.dms.values()

    def dm_with(self, person: Person) -> Channel:
        """The bot's direct-message channel with a person, made when there is none."""
        for channel in self.dms.values():
            if person.id in channel.recipient_ids:
                return channel
        channel = Channel(
            f"dm-{person.key}",
            self._times.new_id(),
            1,
            "",
            recipient_ids=[person.id, self.bot.id],
            created_s=self._times.now_s(),
        )
        self.dms[channel.id] = channel
        return channel

    def members_of_dm(self, channel: Channel) -> Person:
        """The person at the other end of the bot's direct-message channel."""
        return next(self.accounts[one] for one in channel.recipient_ids if one != self.bot.id)

    # Permissions

    def member(self, channel: Channel, person: Person) -> Member | None:
        """A person as member of the channel's server."""
        guild = self.guild_of(channel)
        return guild.members.get(person.id) if guild else None

    def permissions(self, person: Person, channel: Channel) -> int:
        """What a person, or the bot, may do in a channel; 0 for a place they are not in."""
        if channel.is_dm:
            if person.id not in channel.recipient_ids:
                return 0
            return DM_APP if person.bot else DM_PERSON
        guild = self.guild_of(channel)
        member = guild.members.get(person.id) if guild else None
        if guild is None or member is None:
            return 0
        bits = in_channel(guild, channel, member)
        left_out = channel.is_private_thread and person.id not in channel.joined_s
        return 0 if left_out and not bits & P.MANAGE_THREADS else bits

    def sees(self, person: Person, channel: Channel) -> bool:
        """Whether a channel is there for this person."""
        return (channel.is_dm and person.id in channel.recipient_ids) or bool(
            self.permissions(person, channel) & P.VIEW_CHANNEL
        )

    def share_a_guild(self, one: Person, other: Person) -> bool:
        """Whether two people are in one server together."""
        return any(one.id in guild.members and other.id in guild.members for guild in self.guilds.values())

    # Messages

    def add(self, message: Message) -> None:
        """Keep a new message and its files."""
        self._messages[message.channel_id][message.id] = message
        self._places[message.id] = message.channel_id
        self.keep_files(message.files)
        channel = self.channel(message.channel_id)
        if channel and message.ephemeral_for is None:
            channel.last_message_id = message.id
            channel.total_sent += 1

    def keep_files(self, files: list[StoredFile]) -> None:
        """Make files reachable through the CDN."""
        self.files.update((file.id, file) for file in files)

    def message(self, message_id: int, channel_id: int | None = None) -> Message | None:
        """A message by its id, in that channel when one is given."""
        place = self._places.get(message_id) if channel_id is None else channel_id
        return None if place is None else self._messages[place].get(message_id)

    def messages(self, channel_id: int) -> list[Message]:
        """All of a channel, ephemeral ones too, oldest first."""
        return list(self._messages[channel_id].values())

    def remove(self, message: Message) -> None:
        """Forget a message and its files."""
        self._messages[message.channel_id].pop(message.id, None)
        self._places.pop(message.id, None)
        for file in message.files:
            self.files.pop(file.id, None)
