"""Stand-ins for the stand-ins: the smallest things that the page's server side can be put on.

They let a test show any JSON on the page, also what Discord would refuse, and see what the page asks for.
"""

from __future__ import annotations

import asyncio
import io
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from aiohttp import web
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.discord import Upload

Json = dict[str, Any]

GUILD, OTHER_GUILD = "1224000000000000020", "1224000000000000040"
PORTRAITS, LOUNGE, THREAD, STUDIO = (
    "1224000000000000030",
    "1224000000000000031",
    "1224000000000000033",
    "1224000000000000050",
)
BOT: Json = {
    "id": "1224000000000000001",
    "username": "Atelier",
    "global_name": None,
    "avatar": None,
    "bot": True,
}
ALL = (1 << 53) - 1
MODERATORS = "1224000000000000022"


@dataclass(eq=False)
class FakePerson:
    key: str
    id: int
    display_name: str
    about: str
    dms_open: bool = True

    @property
    def user(self) -> Json:
        names = {"username": self.key, "global_name": self.display_name, "avatar": None}
        return {"id": str(self.id), "key": self.key, "about": self.about} | names


@dataclass
class Asked:
    """One thing that the page asked for."""

    what: str
    person: str
    details: Json = field(default_factory=dict)


def _channel(channel_id: str, name: str, guild_id: str, **more: Any) -> Json:
    rights = {"permissions": str(ALL), "bot_permissions": str(ALL), "may_write": True}
    place = {"id": channel_id, "type": 0, "name": name, "guild_id": guild_id, "position": 0, "topic": None}
    return place | rights | more


def _guild(guild_id: str, name: str, channels: list[Json], roles: list[Json], members: list[Json]) -> Json:
    return {"id": guild_id, "name": name, "channels": channels, "roles": roles, "members": members}


class FakeDiscord:
    """Remembers what the page asks for; a test answers by posting events itself."""

    def __init__(self) -> None:
        people = [
            FakePerson("mira", 1224000000000000011, "Mira", "Member of both servers"),
            FakePerson("ines", 1224000000000000013, "Ines", "Moderator of Harbour Arts"),
        ]
        self.people = {person.key: person for person in people}
        self.gateway = SimpleNamespace(connected=True)
        self.offered: list[Json] = []
        self.choices: list[Json] = []
        self.asked: list[Asked] = []
        self.refusal: str | None = None
        self.opened: list[Json] = []
        self.dms: list[Json] = []
        self._held: list[asyncio.Event] | None = None
        self.faults = FakeFaults()
        self._messages: defaultdict[str, dict[str, Json]] = defaultdict(dict)
        self._queues: defaultdict[str, list[asyncio.Queue[Json]]] = defaultdict(list)
        self._number = 1_290_000_000_000_000_000

    # What a test does

    def emit(self, event: str, data: Json, person: str | None = None) -> None:
        """Put an event on the screens of one person, or of all."""
        for key, queues in self._queues.items():
            for queue in queues if person in {None, key} else ():
                queue.put_nowait({"t": event, "d": data})

    def post(self, channel: str = PORTRAITS, **fields: Any) -> Json:
        """A new message of the bot, unless `author` says otherwise."""
        message: Json = {
            "id": self.new_id(),
            "channel_id": channel,
            "type": 0,
            "content": "",
            "author": BOT,
            "attachments": [],
            "embeds": [],
            "components": [],
            "mentions": [],
            "timestamp": datetime.now(UTC).isoformat(),
            "edited_timestamp": None,
            "flags": 1 << 15 if fields.get("components") else 0,
        } | fields
        self._messages[channel][message["id"]] = message
        self.emit("MESSAGE_CREATE", message)
        return message

    def open(self, name: str, **more: Any) -> str:
        """A new thread under #portraits, or with `type=1` the direct messages; its id."""
        channel_id = self.new_id()
        if more.get("type") == 1:
            self.dms.append(_channel(channel_id, name, "", **more) | {"guild_id": None})
        else:
            self.opened.append(_channel(channel_id, name, GUILD, parent_id=PORTRAITS, **more))
        self.emit("THREAD_CREATE", {})
        return channel_id

    def edit(self, message: Json, **fields: Any) -> None:
        """Change a message."""
        message |= {"edited_timestamp": datetime.now(UTC).isoformat()} | fields
        self.emit("MESSAGE_UPDATE", message)

    def offer(self, *commands: Json) -> None:
        """Register the bot's commands."""
        self.offered = list(commands)
        self.emit("COMMANDS", {})

    def hold_autocomplete(self) -> Callable[[int], None]:
        """Keep the answers to completions back; the function returned lets go the one of that number."""
        held: list[asyncio.Event] = []
        self._held = held
        return lambda number: held[number].set()

    def new_id(self) -> str:
        self._number += 1
        return str(self._number)

    async def asked_for(self, what: str) -> Asked:
        """The newest request of that kind, waited for and taken."""
        async with asyncio.timeout(5):
            while True:
                for asked in self.asked:
                    if asked.what == what:
                        self.asked.remove(asked)
                        return asked
                await asyncio.sleep(0.01)

    # What the page's server side calls

    def state(self, person: FakePerson) -> Json:
        members: list[Json] = [{"user": one.user, "nick": None, "roles": []} for one in self.people.values()]
        members[1]["roles"] = [MODERATORS]
        roles = [
            {"id": GUILD, "name": "@everyone", "color": 0, "position": 0},
            {"id": MODERATORS, "name": "Moderators", "color": 0x7A5FB0, "position": 2},
        ]
        harbour = [
            _channel(PORTRAITS, "portraits", GUILD, topic="Faces, real and imagined"),
            _channel(LOUNGE, "lounge", GUILD, position=1),
            _channel(THREAD, "Wall of faces", GUILD, type=11, parent_id=PORTRAITS, member_count=2),
        ]
        harbour += self.opened
        studio = [_channel(STUDIO, "general", OTHER_GUILD)]
        return {
            "me": person.user | {"dms_open": person.dms_open},
            "people": [one.user for one in self.people.values()],
            "bot_connected": self.gateway.connected,
            "bot": BOT,
            "guilds": [
                _guild(GUILD, "Harbour Arts", harbour, roles, members),
                _guild(OTHER_GUILD, "Tiny Studio", studio, [], members),
            ],
            "dms": self.dms,
        }

    def messages(self, channel: str, person: FakePerson) -> list[Json]:
        return list(self._messages[channel].values())

    def commands(self, person: FakePerson, channel: str) -> list[Json]:
        return self.offered

    def subscribe(self, person: FakePerson) -> asyncio.Queue[Json]:
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._queues[person.key].append(queue)
        return queue

    def unsubscribe(self, person: FakePerson, queue: asyncio.Queue[Json]) -> None:
        self._queues[person.key].remove(queue)

    def reload(self, person: FakePerson) -> None:
        self.asked.append(Asked("reload", person.key))

    async def command(
        self, person: FakePerson, channel: str, name: str, options: Json, *, attachments: Json
    ) -> SimpleNamespace:
        details = {"channel": channel, "name": name, "options": options, "attachments": attachments}
        return self._begun("command", person, details)

    async def click(
        self, person: FakePerson, message: str, custom_id: str, values: list[str]
    ) -> SimpleNamespace:
        details = {"message": message, "custom_id": custom_id, "values": list(values)}
        return self._begun("click", person, details)

    async def menu(self, person: FakePerson, message: str, name: str) -> SimpleNamespace:
        return self._begun("menu", person, {"message": message, "name": name})

    async def submit(self, person: FakePerson, modal: str, values: Json) -> SimpleNamespace:
        return self._begun("submit", person, {"modal": modal, "values": values})

    def dismiss_modal(self, person: FakePerson, modal: str) -> None:
        self.asked.append(Asked("dismiss_modal", person.key, {"modal": modal}))

    def take_direct_messages(self, person: FakePerson, *, taken: bool) -> None:
        person.dms_open = taken

    async def autocomplete(
        self, person: FakePerson, channel: str, name: str, options: Json, focused: str
    ) -> list[Json]:
        choices = self.choices
        self.asked.append(Asked("autocomplete", person.key, {"options": options, "focused": focused}))
        if self._held is not None:
            gate = asyncio.Event()
            self._held.append(gate)
            await gate.wait()
        return choices

    async def say(self, person: FakePerson, channel: str, content: str, uploads: Sequence[Upload]) -> Json:
        self.asked.append(Asked("say", person.key, {"content": content, "uploads": list(uploads)}))
        return self.post(channel, author=person.user, content=content)

    async def delete_message(self, person: FakePerson, message: str) -> None:
        for channel, messages in self._messages.items():
            if messages.pop(message, None):
                self.emit("MESSAGE_DELETE", {"id": message, "channel_id": channel})

    def _begun(self, what: str, person: FakePerson, details: Json) -> SimpleNamespace:
        if self.refusal:
            raise ValueError(self.refusal)
        interaction_id = self.new_id()
        self.asked.append(Asked(what, person.key, details | {"interaction_id": interaction_id}))
        return SimpleNamespace(id=interaction_id)


class FakeFaults:
    """Discord's faults as far as the workbench reads them."""

    def __init__(self) -> None:
        self.outage = False
        self.latency_s = 0.0
        self.applied: list[Json] = []

    def available(self) -> list[Json]:
        return [
            {"fault": "status_503", "label": "Discord answers the next request with 503", "group": "REST"},
            {"fault": "latency", "label": "Discord answers a second later", "group": "REST"},
        ]

    def active(self) -> list[Json]:
        waiting = [one for one in self.applied if one["fault"] == "status_503"]
        return [{"route": "edit_*", "outcome": "status", "times": 1} for _ in waiting]

    def apply(self, order: Json) -> None:
        self.applied.append(order)
        if order["fault"] in {"outage_start", "outage_end"}:
            self.outage = order["fault"] == "outage_start"

    def clear(self) -> None:
        self.outage = False
        self.applied.clear()


async def picture(request: web.Request) -> web.Response:
    """A small PNG of one colour, for galleries."""
    number = int(request.match_info["number"])
    drawn = io.BytesIO()
    Image.new("RGB", (64, 64), (40 + number * 20, 90, 160 - number * 10)).save(drawn, "PNG")
    return web.Response(body=drawn.getvalue(), content_type="image/png")
