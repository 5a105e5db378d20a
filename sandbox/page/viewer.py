"""One browser tab as one person: events go out to it, what the person does comes in."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from sandbox.discord import InteractionFailed
from sandbox.discord.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sandbox.discord import Interaction, Person
    from sandbox.page.server import Page

Json = dict[str, Any]
_ATTACHMENT = 11
_WORLD_EVENTS = ("CHANNEL_", "THREAD_", "GUILD_")


class Viewer:
    """The far end of one WebSocket. Each request carries a number, and is answered by a RESULT with it."""

    def __init__(self, socket: web.WebSocketResponse, person: Person, page: Page) -> None:
        self._socket = socket
        self._person = person
        self._page = page
        self._discord = page.discord
        self._tasks: set[asyncio.Task[None]] = set()
        self._actions: Mapping[str, Callable[[Json], Awaitable[object]]] = {
            "autocomplete": self._autocomplete,
            "command": self._command,
            "component": self._component,
            "delete": self._delete,
            "direct_messages": self._direct_messages,
            "dismiss_modal": self._dismiss_modal,
            "lever": self._lever,
            "menu": self._menu,
            "modal": self._modal,
            "open": self._open,
            "say": self._say,
        }

    async def run(self) -> None:
        """Serve the tab until it is closed."""
        queue = self._discord.subscribe(self._person)
        try:
            await self.send("READY", self._ready())
            self._spawn(self._forward(queue))
            async for frame in self._socket:
                if frame.type is WSMsgType.TEXT:
                    self._spawn(self._answer(frame.data))
        finally:
            self._discord.unsubscribe(self._person, queue)
            for task in self._tasks:
                task.cancel()

    async def send(self, event: str, data: object) -> None:
        """Send one event; a tab that is gone is not an error."""
        with suppress(ConnectionError):
            await self._socket.send_str(json.dumps({"t": event, "d": data}))

    async def close(self) -> None:
        """Close the tab's connection."""
        await self._socket.close(code=1001, message=b"The sandbox stops")

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, queue: asyncio.Queue[Json]) -> None:
        while True:
            event = await queue.get()
            if event["t"].startswith(_WORLD_EVENTS):
                await self.send("WORLD", self._world())
            else:
                await self.send(event["t"], event["d"])

    async def _answer(self, frame: str) -> None:
        request: Json = json.loads(frame)
        result: Json = {"number": request.get("number")}
        try:
            action = self._actions[request["action"]]
            result["value"] = await action(request)
        except (ValueError, LookupError, TypeError) as error:  # what Discord's client would not let them do
            result["error"] = str(error) or "The sandbox did not understand that."
        except InteractionFailed:
            result["error"] = "The application did not respond."
        except ApiError as error:
            result["error"] = error.body["message"]
        await self.send("RESULT", result)

    # What the page draws first

    def _ready(self) -> Json:
        seen = self._discord.state(self._person)
        return self._world() | {
            "me": seen["me"],
            "people": seen["people"],
            "bot": seen["bot"],
            "bot_connected": seen["bot_connected"],
            "start_channel": seen["guilds"][0]["channels"][0]["id"],
            "workbench": self._page.workbench.state(),
        }

    def _world(self) -> Json:
        seen = self._discord.state(self._person)
        return {"guilds": seen["guilds"], "direct": seen["dms"]}

    # What the person does

    async def _open(self, request: Json) -> Json:
        channel = request["channel_id"]
        return {
            "messages": self._discord.messages(channel, self._person),
            "commands": self._discord.commands(self._person, channel),
        }

    async def _say(self, request: Json) -> None:
        files = [self._page.uploads.take(upload_id) for upload_id in request["files"]]
        await self._discord.say(self._person, request["channel_id"], request["content"], files)

    async def _delete(self, request: Json) -> None:
        await self._discord.delete_message(self._person, request["message_id"])

    async def _dismiss_modal(self, request: Json) -> None:
        self._discord.dismiss_modal(self._person, request["modal_id"])

    async def _direct_messages(self, request: Json) -> bool:
        self._discord.take_direct_messages(self._person, taken=bool(request["open"]))
        return True

    async def _lever(self, request: Json) -> None:
        await self._page.workbench.pull(request["lever"], request["value"])

    async def _command(self, request: Json) -> Json:
        given = request["options"]
        files = {one["name"]: one["value"] for one in given if one["type"] == _ATTACHMENT}
        interaction = await self._discord.command(
            self._person,
            request["channel_id"],
            request["name"],
            {one["name"]: one["value"] for one in given if one["type"] != _ATTACHMENT},
            attachments={name: self._page.uploads.take(upload_id) for name, upload_id in files.items()},
        )
        return _number(interaction)

    async def _autocomplete(self, request: Json) -> Json:
        options = {one["name"]: one["value"] for one in request["options"]}
        name, focused = request["name"], request["focused"]
        choices = await self._discord.autocomplete(
            self._person, request["channel_id"], name, options, focused
        )
        return {"choices": choices}

    async def _component(self, request: Json) -> Json:
        message, custom_id = request["message_id"], request["custom_id"]
        values = request.get("values", ())
        return _number(await self._discord.click(self._person, message, custom_id, values))

    async def _menu(self, request: Json) -> Json:
        return _number(await self._discord.menu(self._person, request["message_id"], request["name"]))

    async def _modal(self, request: Json) -> Json:
        values = {name: self._page.uploads.fill_in(value) for name, value in request["values"].items()}
        return _number(await self._discord.submit(self._person, request["modal_id"], values))


def _number(interaction: Interaction) -> Json:
    return {"interaction_id": str(interaction.id)}
