"""From what a person does to the `data` of an interaction, refused where Discord's client would refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.discord.model import Channel, Message, Person, Role, StoredFile, Upload
from sandbox.discord.permissions import P
from sandbox.discord.uploads import inspect
from sandbox.discord.validate.commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    GROUP,
    INTEGER,
    MESSAGE,
    NUMBER,
    STRING,
    SUBCOMMAND,
    USER,
)
from sandbox.discord.validate.controls import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.discord.commands import CommandBook
    from sandbox.discord.model import Json
    from sandbox.discord.times import Times
    from sandbox.discord.views import Views
    from sandbox.discord.world import World

_USER_OPTION, _ROLE_OPTION, _MENTIONABLE_OPTION = 6, 8, 9


class Invocations:
    """Builds the data of commands, menus and components, with everything they refer to."""

    def __init__(
        self,
        times: Times,
        world: World,
        views: Views,
        commands: CommandBook,
        upload_limit_bytes: Callable[[Channel, Person], int],
    ) -> None:
        self._times = times
        self._world = world
        self._views = views
        self._commands = commands
        self._upload_limit_bytes = upload_limit_bytes

    # Commands

    def command(
        self,
        person: Person,
        channel: Channel,
        name: str,
        given: Mapping[str, Any],
        focused: str | None = None,
    ) -> Json:
        """The data of a slash command, or of its completion when an option is focused; raises ValueError."""
        self._may_act(person, channel)
        first, *rest = name.split()
        command = self._commands.find(person, channel, first, 1)
        steps, leaf = _descend(command, rest)
        resolved: Json = {}
        values = self._options(leaf, given, Place(person, channel, resolved), focused)
        for step in reversed(steps):
            values = [{"type": step["type"], "name": step["name"], "options": values}]
        return _invoked(command) | {"options": values} | ({"resolved": resolved} if resolved else {})

    def menu(self, person: Person, channel: Channel, name: str, target: Message | Person) -> Json:
        """The data of a message menu or a user menu; raises ValueError."""
        self._may_act(person, channel)
        command = self._commands.find(person, channel, name, MESSAGE if isinstance(target, Message) else USER)
        resolved: Json = {}
        if isinstance(target, Message):
            resolved["messages"] = {str(target.id): self._views.message(target, bare=True)}
        else:
            self._resolve_user(target, Place(person, channel, resolved))
        return _invoked(command) | {"target_id": str(target.id), "resolved": resolved}

    def _may_act(self, person: Person, channel: Channel) -> None:
        if not self._world.sees(person, channel):
            raise ValueError(f"{person.display_name} does not see #{channel.name}")
        speak = P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES
        if not self._world.permissions(person, channel) & speak:
            raise ValueError(f"{person.display_name} may not write in #{channel.name}")
        if channel.archived:
            raise ValueError(f"{channel.name} is archived: a message opens it again")

    def _options(self, leaf: Json, given: Mapping[str, Any], place: Place, focused: str | None) -> list[Json]:
        known = {option["name"]: option for option in leaf.get("options") or []}
        if strange := set(given) - set(known):
            raise ValueError(f"{leaf['name']!r} has no option {', '.join(sorted(strange))}")
        if focused is not None:
            return self._partial(known, given, place, focused)
        missing = [name for name, option in known.items() if option["required"] and given.get(name) is None]
        if missing:
            raise ValueError(f"{leaf['name']!r} needs {', '.join(missing)}")
        values = []
        for name, value in given.items():
            if value is not None:
                sent = self._value(known[name], value, place)
                values.append({"type": known[name]["type"], "name": name, "value": sent})
        return values

    def _partial(
        self, known: Mapping[str, Json], given: Mapping[str, Any], place: Place, focused: str
    ) -> list[Json]:
        """Values as far as typed, unchecked; the focused one as text."""
        if not known.get(focused, {}).get("autocomplete"):
            raise ValueError(f"option {focused!r} does not complete")
        values = []
        for name, value in ({**given, focused: given.get(focused, "")}).items():
            option = known[name]
            if value is None:
                continue
            if name == focused:
                values.append({"type": option["type"], "name": name, "value": str(value), "focused": True})
            elif option["type"] in {STRING, INTEGER, BOOLEAN, NUMBER}:
                values.append({"type": option["type"], "name": name, "value": value})
            else:
                values.append(
                    {"type": option["type"], "name": name, "value": self._value(option, value, place)}
                )
        return values

    def _value(self, option: Json, value: Any, place: Place) -> Any:
        kind, name = option["type"], option["name"]
        if kind in {STRING, INTEGER, NUMBER, BOOLEAN}:
            _check_plain(option, value)
            return value
        if kind == ATTACHMENT:
            return self.upload(value, place.person, place.channel, place.resolved)
        if kind == CHANNEL:
            return self._resolve_channel(value, place)
        if kind == _USER_OPTION:
            return self._resolve_user(self.person(value), place)
        if kind == _ROLE_OPTION:
            return self._resolve_role(value, place)
        if kind == _MENTIONABLE_OPTION:
            return self._resolve_mentionable(value, place)
        raise ValueError(f"option {name!r} has the unknown type {kind}")

    # What values refer to

    def upload(self, upload: Any, person: Person, channel: Channel, resolved: Json) -> str:
        """Take in a file; its id, with its attachment object in `resolved`."""
        if isinstance(upload, tuple):
            upload = Upload(*upload)
        if not isinstance(upload, Upload):
            raise ValueError("an attachment is given as Upload(filename, data)")  # noqa: TRY004 - as all refusals
        most = self._upload_limit_bytes(channel, person)
        if len(upload.data) > most:
            raise ValueError(f"{upload.filename} is over this person's upload limit of {most} bytes")
        file: StoredFile = inspect(
            self._times.new_id(), upload.filename, upload.data, place_id=self._world.application_id
        )
        file.ephemeral, file.folder = True, "ephemeral-attachments"
        self._world.keep_files([file])
        resolved.setdefault("attachments", {})[str(file.id)] = self._views.attachment(file)
        return str(file.id)

    def person(self, value: Any) -> Person:
        """The account meant by a Person, key or id; raises ValueError."""
        if isinstance(value, Person):
            return value
        if value in self._world.people:
            return self._world.people[value]
        if str(value).isdecimal() and (found := self._world.accounts.get(int(value))):
            return found
        raise ValueError(f"nobody here is called {value!r}")

    def _resolve_user(self, target: Person, place: Place) -> str:
        place.resolved.setdefault("users", {})[str(target.id)] = self._views.user(target)
        if member := self._world.member(place.channel, target):
            seen = self._views.member(member, with_user=False)
            seen["permissions"] = str(self._world.permissions(target, place.channel))
            place.resolved.setdefault("members", {})[str(target.id)] = seen
        return str(target.id)

    def _resolve_channel(self, value: Any, place: Place) -> str:
        wanted = value if isinstance(value, Channel) else None
        for channel in self._world.all_channels():
            if wanted is channel or value in {channel.key, channel.id, str(channel.id)}:
                bits = self._world.permissions(place.person, channel)
                seen = {
                    "id": str(channel.id),
                    "type": channel.type,
                    "name": channel.name,
                    "permissions": str(bits),
                }
                seen |= {"parent_id": str(channel.parent_id)} if channel.parent_id else {}
                place.resolved.setdefault("channels", {})[str(channel.id)] = seen
                return str(channel.id)
        raise ValueError(f"no channel is called {value!r}")

    def _resolve_role(self, value: Any, place: Place) -> str:
        guild = self._world.guild_of(place.channel)
        for role in guild.roles.values() if guild else ():
            if value is role or value in {role.name, role.id, str(role.id)}:
                place.resolved.setdefault("roles", {})[str(role.id)] = self._views.role(role, guild)  # type: ignore[arg-type]  # a role came out of it
                return str(role.id)
        raise ValueError(f"no role is called {value!r}")

    def _resolve_mentionable(self, value: Any, place: Place) -> str:
        if isinstance(value, Role):
            return self._resolve_role(value, place)
        try:
            return self._resolve_user(self.person(value), place)
        except ValueError:
            return self._resolve_role(value, place)

    # Components

    def component(
        self, person: Person, channel: Channel, message: Message, custom_id: str, values: Sequence[Any]
    ) -> Json:
        """The data of a click or a choice; raises ValueError."""
        if not self._world.sees(person, channel) or message.ephemeral_for not in {None, person.id}:
            raise ValueError(f"{person.display_name} does not see that message")
        found = [one for one in walk(message.components) if one.get("custom_id") == custom_id]
        if not found:
            known = ", ".join(str(one["custom_id"]) for one in walk(message.components) if "custom_id" in one)
            raise ValueError(f"that message has no component {custom_id!r}; it has: {known or 'none'}")
        component = found[0]
        if component.get("disabled"):
            raise ValueError(f"{custom_id!r} is disabled")
        data: Json = {"component_type": component["type"], "custom_id": custom_id, "id": component["id"]}
        if component["type"] == 2:
            return data
        resolved: Json = {}
        data["values"] = self.choose(component, values, Place(person, channel, resolved))
        return data | {"resolved": resolved}

    def choose(self, component: Json, values: Sequence[Any], place: Place) -> list[str]:
        """The chosen values of a select, checked and resolved; raises ValueError."""
        least, most = component.get("min_values", 1), component.get("max_values", 1)
        if not least <= len(values) <= most:
            raise ValueError(f"{component['custom_id']!r} takes {least} to {most} values, not {len(values)}")
        kind = component["type"]
        if kind == 3:
            known = {option["value"] for option in component["options"]}
            if strange := [value for value in values if value not in known]:
                raise ValueError(f"{component['custom_id']!r} has no option {strange[0]!r}")
            return [str(value) for value in values]
        resolve = {5: lambda one: self._resolve_user(self.person(one), place)}
        resolve |= {6: lambda one: self._resolve_role(one, place)}
        resolve |= {7: lambda one: self._resolve_mentionable(one, place)}
        resolve |= {8: lambda one: self._resolve_channel(one, place)}
        return [resolve[kind](value) for value in values]


class Place:
    """Who acts where, and the `resolved` objects gathered on the way."""

    def __init__(self, person: Person, channel: Channel, resolved: Json) -> None:
        self.person = person
        self.channel = channel
        self.resolved = resolved


def _descend(command: Json, rest: list[str]) -> tuple[list[Json], Json]:
    """The subcommand steps to the command that takes the options."""
    steps: list[Json] = []
    node = command
    for word in rest:
        inner = [
            one
            for one in node.get("options") or []
            if one["type"] in {SUBCOMMAND, GROUP} and one["name"] == word
        ]
        if not inner:
            raise ValueError(f"{node['name']!r} has no subcommand {word!r}")
        node = inner[0]
        steps.append(node)
    if any(one["type"] in {SUBCOMMAND, GROUP} for one in node.get("options") or []):
        names = ", ".join(one["name"] for one in node["options"])
        raise ValueError(f"{node['name']!r} is used with a subcommand: {names}")
    return steps, node


def _invoked(command: Json) -> Json:
    data = {"id": command["id"], "name": command["name"], "type": command["type"]}
    return data | ({"guild_id": command["guild_id"]} if "guild_id" in command else {})


def _check_plain(option: Json, value: Any) -> None:
    """What a client checks of text, numbers and booleans before it sends them."""
    kind, name = option["type"], option["name"]
    fits: dict[int, tuple[type, ...]] = {
        STRING: (str,),
        INTEGER: (int,),
        NUMBER: (int, float),
        BOOLEAN: (bool,),
    }
    if not isinstance(value, fits[kind]) or (isinstance(value, bool) and kind != BOOLEAN):
        raise ValueError(f"option {name!r} does not take {value!r}")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise ValueError(f"option {name!r} has no choice {value!r}")
    measure: Any = len(value) if isinstance(value, str) else value
    least = option.get("min_length" if kind == STRING else "min_value")
    most = option.get("max_length", 6000) if kind == STRING else option.get("max_value")
    if least is not None and measure < least:
        raise ValueError(f"option {name!r}: at least {least}")
    if most is not None and measure > most:
        raise ValueError(f"option {name!r}: at most {most}")
