"""The application's commands as the bot registered them, and who is offered which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord.errors import ApiError, unknown
from sandbox.discord.permissions import P
from sandbox.discord.validate.commands import MOST_OF_TYPE, check_command, check_commands

if TYPE_CHECKING:
    from sandbox.discord.model import Channel, Json, Person
    from sandbox.discord.times import Times
    from sandbox.discord.world import World

_CREATES_PER_DAY = 200


class CommandBook:
    """Global commands under the key None, a server's own under its id."""

    def __init__(self, times: Times, world: World) -> None:
        self._times = times
        self._world = world
        self._books: dict[int | None, dict[int, Json]] = {}
        self._creates: dict[int | None, list[float]] = {}

    def all(self, guild_id: int | None) -> list[Json]:
        """The commands of one scope."""
        return list(self._books.get(guild_id, {}).values())

    def get(self, guild_id: int | None, command_id: int) -> Json:
        """One command; raises 10063."""
        command = self._books.get(guild_id, {}).get(command_id)
        if command is None:
            raise unknown("application command", 10063)
        return command

    def replace_all(self, guild_id: int | None, payload: object) -> tuple[list[Json], bool]:
        """Make `payload` the whole set; commands of the same name and type keep their ids.

        Returns the set, and whether anything is different now.
        """
        wanted = check_commands(payload)
        before = self.all(guild_id)
        self._count_creates(guild_id, sum(self._find(guild_id, command) is None for command in wanted))
        after = [self._merge(guild_id, command) for command in wanted]
        self._books[guild_id] = {int(command["id"]): command for command in after}
        return after, after != before

    def upsert(self, guild_id: int | None, payload: object) -> tuple[Json, bool]:
        """Add a command, or replace the one of that name and type; the command, and whether it is new."""
        wanted = check_command(payload)
        new = self._find(guild_id, wanted) is None
        if new:
            kin = sum(command["type"] == wanted["type"] for command in self.all(guild_id))
            if kin >= MOST_OF_TYPE[wanted["type"]]:
                raise ApiError(400, 30032, "Maximum number of application commands reached (100)")
            self._count_creates(guild_id, 1)
        command = self._merge(guild_id, wanted)
        self._books.setdefault(guild_id, {})[int(command["id"])] = command
        return command, new

    def edit(self, guild_id: int | None, command_id: int, payload: Json) -> Json:
        """Change some fields of a command."""
        held = self.get(guild_id, command_id)
        wanted = check_command({**held, **payload, "type": held["type"]})
        if (other := self._find(guild_id, wanted)) and other["id"] != held["id"]:
            raise ApiError(400, 50035, "Invalid Form Body")
        command = self._stamp(guild_id, wanted, str(command_id))
        self._books[guild_id][command_id] = command
        return command

    def delete(self, guild_id: int | None, command_id: int) -> None:
        """Remove a command; raises 10063."""
        self.get(guild_id, command_id)
        del self._books[guild_id][command_id]

    def _find(self, guild_id: int | None, wanted: Json) -> Json | None:
        key = (wanted["type"], wanted["name"])
        return next((one for one in self.all(guild_id) if (one["type"], one["name"]) == key), None)

    def _merge(self, guild_id: int | None, wanted: Json) -> Json:
        held = self._find(guild_id, wanted)
        if held and {**held, **wanted} == held:
            return held
        return self._stamp(guild_id, wanted, held["id"] if held else str(self._times.new_id()))

    def _stamp(self, guild_id: int | None, wanted: Json, command_id: str) -> Json:
        stamp = {
            "id": command_id,
            "application_id": str(self._world.application_id),
            "version": str(self._times.new_id()),
        }
        return stamp | wanted | ({"guild_id": str(guild_id)} if guild_id else {})

    def _count_creates(self, guild_id: int | None, number: int) -> None:
        now_s = self._times.now_s()
        lately = [at_s for at_s in self._creates.get(guild_id, []) if at_s > now_s - 86_400]
        if len(lately) + number > _CREATES_PER_DAY:
            text = "Max number of daily application command creates has been reached (200)"
            raise ApiError(429, 30034, text, extra={"retry_after": 86_400.0, "global": False})
        self._creates[guild_id] = lately + [now_s] * number

    # What a client shows

    def offered(self, person: Person, channel: Channel) -> list[Json]:
        """The commands that this person's client shows in that place, a server's own before global ones."""
        return [one for one in self._of_place(channel) if self.hidden(one, person, channel) is None]

    def find(self, person: Person, channel: Channel, name: str, kind: int) -> Json:
        """The command of that name and type; raises ValueError when there is none or the client hides it."""
        found = [one for one in self._of_place(channel) if one["type"] == kind and one["name"] == name]
        if not found:
            known = ", ".join(sorted(one["name"] for one in self._of_place(channel) if one["type"] == kind))
            raise ValueError(f"The bot has no command {name!r} there; it has: {known or 'none'}")
        if why := self.hidden(found[0], person, channel):
            raise ValueError(why)
        return found[0]

    def _of_place(self, channel: Channel) -> list[Json]:
        own = self.all(channel.guild_id) if channel.guild_id else []
        names = {(one["type"], one["name"]) for one in own}
        return own + [one for one in self.all(None) if (one["type"], one["name"]) not in names]

    def hidden(self, command: Json, person: Person, channel: Channel) -> str | None:
        """Why a client would not offer the command there; None when it would."""
        what, contexts = f"{command['name']!r}", command["contexts"]
        if channel.is_dm:
            there = 1 in contexts if contexts is not None else command["dm_permission"]
            return None if there else f"{what} is for servers only"
        if contexts is not None and 0 not in contexts:
            return f"{what} is not for servers"
        return self._hidden_in_guild(command, person, channel)

    def _hidden_in_guild(self, command: Json, person: Person, channel: Channel) -> str | None:
        what = f"{command['name']!r}"
        guild = self._world.guild_of(channel)
        if guild is None or self._world.bot.id not in guild.members:
            return "the bot is not in that server"
        bits = self._world.permissions(person, channel)
        if not bits & P.USE_APPLICATION_COMMANDS:
            return f"{person.display_name} may not use application commands in #{channel.name}"
        needed = command["default_member_permissions"]
        if needed is not None and not _permits(bits, int(needed)):
            return f"{what} is hidden from {person.display_name}: it needs permissions {needed}"
        parent = guild.channels.get(channel.parent_id or 0, channel)
        if command["nsfw"] and not parent.nsfw:
            return f"{what} is for age-restricted channels only"
        return None


def _permits(bits: int, needed: int) -> bool:
    """Whether a member with `bits` is offered a command that needs `needed`; 0 is for administrators only."""
    if bits & P.ADMINISTRATOR:
        return True
    return needed != 0 and bits & needed == needed
