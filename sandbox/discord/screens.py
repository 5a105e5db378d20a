"""What one person sees: channels, messages, and the ephemeral ones that a reload takes away."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sandbox.discord.permissions import P

if TYPE_CHECKING:
    from sandbox.discord.commands import CommandBook
    from sandbox.discord.model import Channel, Guild, Json, Message, Person
    from sandbox.discord.views import Views
    from sandbox.discord.world import World


class Screens:
    """Reads the world with somebody's eyes."""

    def __init__(self, world: World, views: Views, commands: CommandBook) -> None:
        self._world = world
        self._views = views
        self._commands = commands
        self._gone: defaultdict[int, set[int]] = defaultdict(set)

    def shows(self, person: Person, channel: Channel, message: Message) -> bool:
        """Whether a message is on this person's screen."""
        if not self._world.sees(person, channel):
            return False
        if message.ephemeral_for is None:
            return channel.is_dm or bool(self._world.permissions(person, channel) & P.READ_MESSAGE_HISTORY)
        return message.ephemeral_for == person.id and message.id not in self._gone[person.id]

    def messages(self, channel: Channel, person: Person) -> list[Json]:
        """What the channel shows, oldest first."""
        everything = self._world.messages(channel.id)
        return [self._views.message(one) for one in everything if self.shows(person, channel, one)]

    def dismiss(self, person: Person, message: Message) -> None:
        """Take an ephemeral message off the screen; for the bot it is still there."""
        self._gone[person.id].add(message.id)

    def reload(self, person: Person) -> None:
        """Take all ephemeral messages off the screen: a client keeps them in memory only."""
        for channel in self._world.all_channels():
            for message in self._world.messages(channel.id):
                if message.ephemeral_for == person.id:
                    self._gone[person.id].add(message.id)

    def state(self, person: Person) -> Json:
        """Everything around the messages, as plain JSON."""
        guilds = [one for one in self._world.guilds.values() if person.id in one.members]
        dms = [one for one in self._world.dms.values() if person.id in one.recipient_ids]
        return {
            "me": self._person(person) | {"dms_open": person.dms_open},
            "bot": self._views.user(self._world.bot),
            "people": [self._person(one) for one in self._world.people.values()],
            "guilds": [self._guild(guild, person) for guild in guilds],
            "dms": [self._channel(channel, person) for channel in dms],
        }

    def _person(self, person: Person) -> Json:
        about = {"key": person.key, "about": person.about, "locale": person.locale}
        return self._views.user(person) | about

    def _guild(self, guild: Guild, person: Person) -> Json:
        shown = [one for one in guild.channels.values() if self._world.sees(person, one)]
        return {
            "id": str(guild.id),
            "key": guild.key,
            "name": guild.name,
            "icon": self._views.guild(guild)["icon"],
            "roles": [self._views.role(role, guild) for role in guild.roles.values()],
            "members": [self._views.member(member) for member in guild.members.values()],
            "channels": [self._channel(channel, person) for channel in shown],
        }

    def _channel(self, channel: Channel, person: Person) -> Json:
        bits = self._world.permissions(person, channel)
        bot_bits = self._world.permissions(self._world.bot, channel)
        speak = P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES
        return self._views.channel(channel) | {
            "key": channel.key,
            "permissions": str(bits),
            "may_write": bool(bits & speak),
            "bot_permissions": str(bot_bits),
        }
