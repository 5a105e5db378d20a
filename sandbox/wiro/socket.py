"""Wiro's WebSocket: one connection follows any number of tasks, and nothing is ever said twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from sandbox.wiro.faults import Fault, Point

if TYPE_CHECKING:
    from sandbox.wiro.tasks import Task
    from sandbox.wiro.world import World

PING_EVERY_S = 30.0
# A connection that reads slower than it is spoken to is given up with this much unsent.
_MAX_UNSENT = 10_000


class Connection:
    """One client's connection: the tokens it follows, and what is still to be sent to it."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.tokens: set[str] = set()
        self.socket = socket
        self._request = request
        self._unsent: asyncio.Queue[str] = asyncio.Queue(_MAX_UNSENT)

    def send(self, frame: str) -> None:
        """Queue a frame; a client that does not read is dropped."""
        try:
            self._unsent.put_nowait(frame)
        except asyncio.QueueFull:
            self.drop()

    async def write(self) -> None:
        """Send what is queued until the connection is gone."""
        with contextlib.suppress(ConnectionError):
            while not self.socket.closed:
                await self.socket.send_str(await self._unsent.get())

    def drop(self) -> None:
        """Cut the connection without a word."""
        if self._request.transport:
            self._request.transport.abort()


class Hub:
    """All connections. An event goes to those that registered its task's token before it."""

    def __init__(self, world: World) -> None:
        self.connections: set[Connection] = set()
        self._world = world
        self._held: dict[str, str] = {}
        world.faults.on_armed = self._armed

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """One connection, from its greeting to its end."""
        if self._world.faults.take_at(Point.CONNECT):
            return web.Response(status=503, text="Service Unavailable")
        # Pings are answered by hand, so that a fault can leave them unanswered.
        socket = web.WebSocketResponse(heartbeat=PING_EVERY_S, autoping=False)
        await socket.prepare(request)
        connection = Connection(request, socket)
        self.connections.add(connection)
        self._world.changed()
        writer = asyncio.create_task(connection.write(), name="wiro socket writer")
        connection.send(json.dumps({"type": "connected", "version": "1.0"}))
        try:
            await self._listen(connection)
        finally:
            self.connections.discard(connection)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            self._world.changed()
        return socket

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is WSMsgType.PING and not self._world.faults.take("socket_dead"):
                await connection.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._register(connection, message.data)

    def _register(self, connection: Connection, text: str) -> None:
        """Follow a task; whatever else a client says is dropped without an answer, as Wiro does."""
        try:
            said = json.loads(text)
        except ValueError:
            return
        if not isinstance(said, dict) or said.get("type") != "task_info" or not said.get("tasktoken"):
            return
        connection.tokens.add(str(said["tasktoken"]))
        self._world.changed()
        if self._world.faults.take("socket_drop"):
            connection.drop()

    def is_followed(self, task: Task) -> bool:
        """Whether any connection has registered the task's token."""
        return any(task.token in connection.tokens for connection in self.connections)

    def publish(self, task: Task, kind: str, message: Any = None) -> None:
        """Send one event to all who follow the task."""
        frame = json.dumps(
            {"type": kind, "id": task.id, "tasktoken": task.token, "message": message, "result": True}
        )
        followers = [connection for connection in self.connections if task.token in connection.tokens]
        if not followers:
            return
        faults = self._world.faults.take_all_at(Point.SOCKET, status=kind, token=task.token)
        if "socket_drop" in faults:
            for connection in followers:
                connection.drop()
            return
        for spoilt in self._spoil(task, frame, faults):
            for connection in followers:
                connection.send(spoilt)

    def _spoil(self, task: Task, frame: str, faults: dict[str, Fault]) -> list[str]:
        """The frames that are sent for one event while faults are armed."""
        if "socket_silent" in faults or "socket_dead" in faults:
            return []
        frames = [frame]
        if "socket_out_of_order" in faults:
            held = self._held.pop(task.token, None)
            if held is None and not task.is_ended:
                self._held[task.token] = frame
                return []
            frames = [frame] + ([held] if held else [])
        if "socket_twice" in faults:
            frames = [twin for one in frames for twin in (one, one)]
        if "socket_garbage" in faults:
            frames = ["{not json", "[]", '{"type": 7}', *frames]
        return frames

    async def stop(self) -> None:
        """Close every connection, as a server that goes away."""
        await asyncio.gather(
            *(connection.socket.close(code=1001) for connection in self.connections), return_exceptions=True
        )

    def _armed(self, fault: Fault) -> None:
        """A dropped socket is dropped now when there is one, else as soon as there is."""
        if fault.name == "socket_drop" and self.connections and self._world.faults.take("socket_drop"):
            for connection in self.connections:
                connection.drop()
