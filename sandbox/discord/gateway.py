"""The gateway: sessions that outlive their connections, and the events sent in them."""

from __future__ import annotations

import asyncio
import secrets
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from sandbox.discord.context import Context
    from sandbox.discord.model import Guild, Json

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0,
    1,
    2,
    3,
    4,
    6,
    7,
    8,
    9,
    10,
    11,
)
_PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15
_INTENTS = (1 << 26) - 1
_HEARTBEAT_MS = 41_250
# discord.py 2.7.1 notes when it sent a heartbeat only after sending it. An answer that overtakes the note has
# it warn of a connection that is one whole interval behind.
_ACK_AFTER_S = 0.02
_MOST_SENT, _SENT_WINDOW_S, _MOST_BYTES = 120, 60.0, 4096
_MOST_REPLAYED = 5_000


class CloseWith(Exception):
    """The connection ends with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


@dataclass(eq=False, slots=True)
class Session:
    """What an IDENTIFY opened; it can be resumed for some minutes after its connection is lost."""

    id: str
    intents: int
    shard: tuple[int, int]
    seq: int = 0
    sent: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=_MOST_REPLAYED))
    connection: Connection | None = None
    lost_s: float | None = None

    def wants(self, guild_id: int | None, intent: int) -> bool:
        """Whether an event of that server and intent belongs here."""
        number, count = self.shard
        return (not intent or bool(self.intents & intent)) and ((guild_id or 0) >> 22) % count == number

    def has_forgotten(self, seq: int) -> bool:
        """Whether events after `seq` are not kept any more."""
        return bool(self.sent) and self.sent[0][0] > seq + 1

    def dispatch(self, event: str, data: Any) -> None:
        """Send an event, or keep it for a RESUME."""
        self.seq += 1
        frame = orjson.dumps({"op": DISPATCH, "d": data, "s": self.seq, "t": event})
        self.sent.append((self.seq, frame))
        if self.connection is not None:
            self.connection.send(frame)


class Connection:
    """One WebSocket; what is sent waits in a queue, so that nobody waits for a slow reader."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._socket = web.WebSocketResponse(compress=False, max_msg_size=1024 * 1024, autoclose=True)
        self._queue: asyncio.Queue[bytes | CloseWith] = asyncio.Queue()
        # One compression for the whole connection, each message flushed to a byte border.
        self._squeeze = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        self.host = request.host
        self.session: Session | None = None
        self.arrivals: deque[float] = deque()

    async def open(self) -> web.WebSocketResponse:
        """Accept the handshake."""
        await self._socket.prepare(self._request)
        return self._socket

    def send(self, frame: bytes | Json) -> None:
        """Queue one message."""
        self._queue.put_nowait(frame if isinstance(frame, bytes) else orjson.dumps(frame))

    def close(self, code: int, reason: str = "") -> None:
        """Queue a close, after what was queued before."""
        self._queue.put_nowait(CloseWith(code, reason))

    def drop(self) -> None:
        """Cut the connection without a goodbye."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def pump(self) -> None:
        """Send what is queued until the connection ends."""
        while True:
            frame = await self._queue.get()
            if isinstance(frame, CloseWith):
                await self._socket.close(code=frame.code, message=frame.reason.encode())
                return
            if self._squeeze is None:
                await self._socket.send_str(frame.decode())
            else:
                squeezed = self._squeeze.compress(frame) + self._squeeze.flush(zlib.Z_SYNC_FLUSH)
                await self._socket.send_bytes(squeezed)


class Gateway:
    """Accepts connections and spreads events over the sessions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._identified_s: dict[int, float] = {}
        self.identifies = 0
        """How many sessions were opened since the start."""
        self.resumes = 0
        context.events.dispatch = self.dispatch
        context.faults.bind_gateway(
            drop=self._drop,
            reconnect=self._ask_to_reconnect,
            invalid_session=lambda: self._invalidate(resumable=True),
            lost_session=lambda: self._invalidate(resumable=False),
        )

    def routes(self) -> list[web.RouteDef]:
        """`/gateway/`."""
        return [web.get("/gateway/", self._connect), web.get("/gateway", self._connect)]

    @property
    def connected(self) -> bool:
        """Whether a bot is logged in right now."""
        return any(session.connection is not None for session in self._sessions.values())

    def dispatch(self, event: str, data: Json, *, guild_id: int | None = None, intent: int = 0) -> None:
        """Send an event to every session that wants it; lost ones get it when they resume."""
        self._forget_old()
        for session in self._sessions.values():
            if session.wants(guild_id, intent):
                session.dispatch(event, data)

    def set_unavailable(self, guild: Guild, *, unavailable: bool) -> None:
        """An outage of one server begins or ends."""
        guild.unavailable = unavailable
        if unavailable:
            gone = {"id": str(guild.id), "unavailable": True}
            self.dispatch("GUILD_DELETE", gone, guild_id=guild.id, intent=1)
        else:
            self.dispatch(
                "GUILD_CREATE", self._context.views.guild_create(guild), guild_id=guild.id, intent=1
            )

    async def close(self) -> None:
        """Cut every connection."""
        self._drop()
        await asyncio.sleep(0)

    # A connection's life

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if self._context.faults.outage:
            raise web.HTTPServiceUnavailable
        connection = Connection(request)
        socket = await connection.open()
        self._connections.add(connection)
        pump = asyncio.create_task(connection.pump())
        connection.send({"op": HELLO, "d": {"heartbeat_interval": _HEARTBEAT_MS}, "s": None, "t": None})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(connection, message.data)
        except CloseWith as end:
            connection.close(end.code, end.reason)
            await asyncio.wait({pump}, timeout=2.0)
        finally:
            pump.cancel()
            self._connections.discard(connection)
            self._lose(connection, socket.close_code)
        await asyncio.gather(pump, return_exceptions=True)
        return socket

    def _receive(self, connection: Connection, text: str) -> None:
        now_s = self._context.times.pace_s()
        connection.arrivals.append(now_s)
        while connection.arrivals[0] < now_s - _SENT_WINDOW_S:
            connection.arrivals.popleft()
        if len(connection.arrivals) > _MOST_SENT:
            raise CloseWith(4008, "Rate limited.")
        if len(text.encode()) > _MOST_BYTES:
            raise CloseWith(4002, "Error while decoding payload.")
        try:
            frame = orjson.loads(text)
            op, data = frame["op"], frame.get("d")
        except (orjson.JSONDecodeError, TypeError, KeyError):
            raise CloseWith(4002, "Error while decoding payload.") from None
        self._handle(connection, op, data)

    def _handle(self, connection: Connection, op: int, data: Any) -> None:
        if op == HEARTBEAT:  # discord.py sends one before it identifies
            answer = {"op": ACK, "d": None, "s": None, "t": None}
            asyncio.get_running_loop().call_later(_ACK_AFTER_S, connection.send, answer)
        elif op == IDENTIFY:
            self._identify(connection, data)
        elif op == RESUME:
            self._resume(connection, data)
        elif connection.session is None:
            raise CloseWith(4003, "Not authenticated.")
        elif op == MEMBERS:
            self._send_members(connection.session, data)
        elif op not in {PRESENCE, VOICE}:
            raise CloseWith(4001, "Unknown opcode.")

    def _lose(self, connection: Connection, code: int | None) -> None:
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection, session.lost_s = None, self._context.times.now_s()
        if code in {1000, 1001}:  # a goodbye; discord.py says 4000 even then, and its session lingers
            self._sessions.pop(session.id, None)

    def _forget_old(self) -> None:
        long_ago_s = self._context.times.now_s() - self._context.limits.session_kept_s
        for session in list(self._sessions.values()):
            if session.lost_s is not None and session.lost_s < long_ago_s:
                del self._sessions[session.id]

    # Logging in

    def _identify(self, connection: Connection, data: Any) -> None:
        if connection.session is not None:
            raise CloseWith(4005, "Already authenticated.")
        if not isinstance(data, dict) or data.get("token") not in {
            self._context.token,
            f"Bot {self._context.token}",
        }:
            raise CloseWith(4004, "Authentication failed.")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~_INTENTS:
            raise CloseWith(4013, "Invalid intent(s).")
        if intents & _PRIVILEGED:
            raise CloseWith(4014, "Disallowed intent(s).")
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            raise CloseWith(4010, "Invalid shard.")
        if self._too_soon():
            connection.send({"op": INVALID, "d": False, "s": None, "t": None})
            return
        session = Session(secrets.token_hex(16), intents, (number, count), connection=connection)
        self._sessions[session.id] = connection.session = session
        self.identifies += 1
        self._welcome(session, connection)

    def _too_soon(self) -> bool:
        now_s = self._context.times.pace_s()
        every_s = self._context.limits.identify_every_s
        if now_s - self._identified_s.get(0, -1e9) < every_s:
            return True
        self._identified_s[0] = now_s
        return False

    def _welcome(self, session: Session, connection: Connection) -> None:
        world, views = self._context.world, self._context.views
        guilds = [guild for guild in world.guilds.values() if world.bot.id in guild.members]
        guilds = [guild for guild in guilds if session.wants(guild.id, 0)]
        ready = {
            "v": 10,
            "user": views.me(),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": connection_url(connection),
            "session_type": "normal",
            "shard": list(session.shard),
            "application": {"id": str(world.application_id), "flags": 0},
            "private_channels": [],
            "relationships": [],
            "presences": [],
        }
        session.dispatch("READY", ready)
        if session.intents & 1:
            for guild in guilds:
                if not guild.unavailable:
                    session.dispatch("GUILD_CREATE", views.guild_create(guild))

    def _resume(self, connection: Connection, data: Any) -> None:
        if connection.session is not None:
            raise CloseWith(4005, "Already authenticated.")
        if not isinstance(data, dict) or data.get("token") not in {
            self._context.token,
            f"Bot {self._context.token}",
        }:
            raise CloseWith(4004, "Authentication failed.")
        self._forget_old()
        session, seq = self._sessions.get(str(data.get("session_id"))), data.get("seq")
        if not isinstance(seq, int) or (session is not None and seq > session.seq):
            raise CloseWith(4007, "Invalid seq.")
        if session is None or session.has_forgotten(seq):
            connection.send({"op": INVALID, "d": False, "s": None, "t": None})
            return
        if session.connection is not None:
            session.connection.close(4000, "Session resumed elsewhere.")
        session.connection, session.lost_s, connection.session = connection, None, session
        self.resumes += 1
        for number, frame in session.sent:
            if number > seq:
                connection.send(frame)
        session.dispatch("RESUMED", {})

    def _send_members(self, session: Session, data: Json) -> None:
        guild = self._context.world.guild(int(data.get("guild_id", 0)))
        if guild is None:
            return
        ids = data.get("user_ids") or []
        wanted = {int(one) for one in (ids if isinstance(ids, list) else [ids])}
        query = str(data.get("query") or "").lower()
        found = [
            member
            for member in guild.members.values()
            if member.person.id in wanted or (query and member.person.username.startswith(query))
        ]
        chunk: Json = {
            "guild_id": str(guild.id),
            "members": [self._context.views.member(member) for member in found],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [str(one) for one in wanted if one not in guild.members],
        }
        session.dispatch(
            "GUILD_MEMBERS_CHUNK", chunk | ({"nonce": data["nonce"]} if data.get("nonce") else {})
        )

    # Faults

    def _drop(self) -> None:
        for connection in list(self._connections):
            connection.drop()

    def _ask_to_reconnect(self) -> None:
        for connection in list(self._connections):
            connection.send({"op": RECONNECT, "d": None, "s": None, "t": None})

    def _invalidate(self, *, resumable: bool) -> None:
        if not resumable:
            self._sessions.clear()
        for connection in list(self._connections):
            connection.send({"op": INVALID, "d": resumable, "s": None, "t": None})


def connection_url(connection: Connection) -> str:
    """The address a session is resumed at: the one it was opened at."""
    return f"ws://{connection.host}/gateway/"
