"""Discord as messages see it: what stands where, who could see it, and every version of it that ever did."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import orjson

from bot.ui.messages import Answer, DiscordMessages, Lost, Outgoing, Refused, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
    from datetime import datetime

    from tests.faults.sim.life import Life, LifeClock
    from tests.support.clock import ManualClock

APPLICATION = 1
TOKEN_LIVES = timedelta(minutes=15)
CALLBACK_WITHIN_S = 3.0
NONCE_HOLDS_S = 300.0
LANDS_LATER_S = 6.0
TARDY_S = 4.0
LIMITED_S = 1.5

FAULTS = ("down", "lost", "late", "tardy", "limited", "all-limited", "slow", "too-large")
"""Not done · done, the answer lost · lost, and done some seconds later · done some seconds later · 429 of the
route, of everything · no answer in time · 413."""

DOWN = "HTTP 503"
EVERYWHERE = "of everything"
DMS = 1_000_000
"""The channel of somebody's direct messages has their number and this."""


def dm_of(user_id: int) -> int:
    """The channel of the bot's direct messages with somebody."""
    return DMS + user_id


@dataclass
class Version:
    """A message as it stood for a while."""

    at: datetime
    sent: bytes
    """Its components, as they went over the wire."""
    files: tuple[str, ...]
    under_way_s: float = 0.0
    """How long the request was on its way."""

    @property
    def components(self) -> list[dict[str, Any]]:
        return list(orjson.loads(self.sent))

    @property
    def sent_at(self) -> datetime:
        return self.at - timedelta(seconds=self.under_way_s)


@dataclass
class Message:
    """One of the bot's messages."""

    id: int
    channel_id: int
    reader: int | None
    """The only one who sees it; None: everybody in the channel."""
    versions: list[Version] = field(default_factory=list)
    is_deleted: bool = False
    content: str = ""

    @property
    def now(self) -> Version:
        return self.versions[-1]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "channel_id": str(self.channel_id),
            "author": {"id": str(APPLICATION)},
            "components": self.now.components,
        }


@dataclass
class Asked:
    """An interaction that somebody began."""

    id: int
    token: str
    user_id: int
    channel_id: int
    at: datetime
    """By the clock of the bot's machine, which may be corrected."""
    at_s: float
    original: Message | None = None


class SimulatedDiscord:
    """Channels, direct messages and interactions, with the refusals that the bot must live with.

    Attributes:
        fails: What the next requests meet, by their route ("callback", "edit", "create", "read", "dm").
        is_down: No request is answered.
        closed: Channels where the bot may not write, of direct messages too.
        archived: Threads where nothing can be edited before somebody writes.
        gone: Channels that were deleted.
        closures: From when until when (None: for ever) the bot could not write, or edit, in a channel.
        left: Servers that the bot is no longer in.
        refusals: How often each status was answered.
        limits: How often a limit began.
    """

    def __init__(self, clock: ManualClock, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self.clock = clock
        self.messages: dict[int, Message] = {}
        self.asked: dict[str, Asked] = {}
        self.fails: dict[str, deque[str | None]] = defaultdict(deque)
        self.is_down = False
        self.closed: set[int] = set()
        self.archived: set[int] = set()
        self.gone: set[int] = set()
        self.closures: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        self.left: set[int] = set()
        self.refusals: dict[int, int] = defaultdict(int)
        self.limits = 0
        self.under_way_s = 0.0
        self._began = clock.now()
        self._limited_until_s: dict[str, float] = defaultdict(float)
        self._spawn = spawn
        self._nonces: dict[tuple[int, str], tuple[float, Message]] = {}
        self._numbers = count(1)

    def begin(self, *, user_id: int, channel_id: int) -> Asked:
        """Somebody uses a command or clicks."""
        number = next(self._numbers)
        at = self.clock.now()
        asked = Asked(number, f"interaction-{number}", user_id, channel_id, at, self.clock.monotonic_s())
        self.asked[asked.token] = asked
        return asked

    def close(self, channel_id: int, *, for_ever: bool = False) -> None:
        """Take the bot's rights there away, or delete the channel."""
        (self.gone if for_ever else self.closed).add(channel_id)
        self.closures[channel_id].append((self.clock.now(), None))

    def open(self, channel_id: int) -> None:
        """Give the bot its rights there back."""
        if channel_id in self.closed:
            self.closed.discard(channel_id)
            self._reopened(channel_id)

    def archive(self, channel_id: int) -> None:
        """Archive a thread: nothing in it can be edited before somebody writes."""
        self.archived.add(channel_id)
        self.closures[channel_id].append((self.clock.now(), None))

    def _reopened(self, channel_id: int) -> None:
        now = self.clock.now()
        self.closures[channel_id] = [(since, until or now) for since, until in self.closures[channel_id]]

    def calm(self) -> None:
        """Let everything work from now on; what was deleted or left stays so."""
        self.fails.clear()
        self.is_down = False
        for channel_id in list(self.closed):
            self.open(channel_id)
        for channel_id in self.archived:
            self._reopened(channel_id)
        self.archived.clear()
        self._limited_until_s.clear()

    def call_back(self, asked: Asked, components: list[dict[str, Any]], *, private: bool) -> Answer:
        """The first answer to an interaction, which makes its message."""
        if asked.original is not None:
            return self._refuse(400, 40060)
        if self._age_s(asked) > CALLBACK_WITHIN_S:
            return self._refuse(404, 10062)
        reader = asked.user_id if private else None
        asked.original = self._make(asked.channel_id, reader, Outgoing(), components)
        return Sent(asked.original.as_json())

    def handle(
        self, method: str, path: str, message: Outgoing | Mapping[str, Any] | None, query: Mapping[str, str]
    ) -> Answer:
        """One request, done."""
        parts = path.strip("/").split("/")
        match parts:
            case ["webhooks", _, token, "messages", "@original"]:
                return self._original(method, token, message)
            case ["users", "@me", "channels"]:
                assert not isinstance(message, Outgoing)
                return Sent({"id": str(dm_of(int((message or {})["recipient_id"])))})
            case ["channels", channel, "messages"]:
                return self._in_channel(method, int(channel), message, query)
            case ["channels", channel, "messages", number]:
                assert isinstance(message, Outgoing)
                return self._edit(int(channel), int(number), message)
        raise AssertionError(f"{method} {path} is not simulated")

    def next_fault(self, route: str, key: str) -> str | None:
        """What the next request on that route meets; `key` names what a limit is for."""
        if self.is_down:
            return "down"
        if key and self.clock.monotonic_s() < max(self._limited_until_s[key], self._limited_until_s[""]):
            return "still-limited"
        return self.fails[route].popleft() if self.fails[route] else None

    def limit(self, key: str, *, everywhere: bool) -> Refused:
        """Let nothing through for a while, by the key or at all."""
        self.limits += 1
        self.refusals[429] += 1
        self._limited_until_s["" if everywhere else key] = self.clock.monotonic_s() + LIMITED_S
        return Refused(429, 0, EVERYWHERE if everywhere else "of the route", LIMITED_S)

    def later(self, act: Callable[[], Answer], wait_s: float = LANDS_LATER_S) -> None:
        """Let a request be done when nobody waits for it any more."""

        async def land() -> None:
            await self.clock.sleep(wait_s)
            act()

        self._spawn(land())

    def standing(self) -> Iterator[Message]:
        """Every message that is there now."""
        return (message for message in self.messages.values() if not message.is_deleted)

    def _original(self, method: str, token: str, message: object) -> Answer:
        asked = self.asked[token]
        if self._age_s(asked) > TOKEN_LIVES.total_seconds():
            return self._refuse(401, 50027)
        if asked.original is None:
            return self._refuse(404, 10015)
        if asked.original.is_deleted:
            return self._refuse(404, 10008)
        if method == "PATCH":
            assert isinstance(message, Outgoing)
            self._change(asked.original, message)
        return Sent(asked.original.as_json())

    def _in_channel(self, method: str, channel_id: int, message: object, query: Mapping[str, str]) -> Answer:
        if (refusal := self._refusal_of(channel_id)) is not None:
            return refusal
        if method == "GET":
            after = int(query["after"])
            there = [each for each in self.standing() if each.channel_id == channel_id and each.id > after]
            return Sent([each.as_json() for each in there if each.reader is None or channel_id > DMS])
        assert isinstance(message, Outgoing)
        key = (channel_id, message.nonce or "")
        known = self._nonces.get(key)
        if message.nonce and known is not None and self.clock.monotonic_s() - known[0] < NONCE_HOLDS_S:
            return Sent(known[1].as_json())
        payload = message.payload()
        owner = channel_id - DMS if channel_id > DMS else None
        made = self._make(channel_id, owner, message, payload.get("components", []))
        if channel_id in self.archived:
            self.archived.discard(channel_id)
            self._reopened(channel_id)
        self._nonces[key] = (self.clock.monotonic_s(), made)
        return Sent(made.as_json())

    def _edit(self, channel_id: int, message_id: int, message: Outgoing) -> Answer:
        if (refusal := self._refusal_of(channel_id)) is not None:
            return refusal
        found = self.messages.get(message_id)
        is_there = found is not None and not found.is_deleted and found.channel_id == channel_id
        if found is None or not is_there or (found.reader is not None and channel_id < DMS):
            return self._refuse(404, 10008)
        if channel_id in self.archived:
            return self._refuse(400, 50083)
        self._change(found, message)
        return Sent(found.as_json())

    def _refusal_of(self, channel_id: int) -> Refused | None:
        if channel_id in self.gone:
            return self._refuse(404, 10003)
        if channel_id in self.closed:
            return self._refuse(403, 50007 if channel_id > DMS else 50013)
        return None

    def _age_s(self, asked: Asked) -> float:
        return self.clock.monotonic_s() - asked.at_s

    def _refuse(self, status: int, code: int) -> Refused:
        self.refusals[status] += 1
        return Refused(status, code, "words")

    def _make(
        self, channel_id: int, reader: int | None, message: Outgoing, components: list[dict[str, Any]]
    ) -> Message:
        now = self._began + timedelta(seconds=self.clock.monotonic_s())
        number = discord.utils.time_snowflake(now) + next(self._numbers)
        made = Message(number, channel_id, reader, content=message.content or "")
        files = tuple(file.name for file in message.files or ())
        made.versions.append(self._version(components, files))
        self.messages[number] = made
        return made

    def _change(self, found: Message, message: Outgoing) -> None:
        files = found.now.files if message.files is None else tuple(file.name for file in message.files)
        components = message.payload().get("components", found.now.components)
        found.versions.append(self._version(components, files))

    def _version(self, components: list[dict[str, Any]], files: Iterable[str]) -> Version:
        return Version(self.clock.now(), orjson.dumps(components), tuple(files), self.under_way_s)


class LifeMessages(DiscordMessages):
    """The routes as one life of the process asks them, with what goes wrong on the way."""

    def __init__(self, world: SimulatedDiscord, life: Life, clock: LifeClock) -> None:
        super().__init__(None, "", "", clock, application_id=APPLICATION)  # type: ignore[arg-type]  # no session: `_send` needs none
        self._world = world
        self._life = life

    async def _send(
        self,
        method: str,
        path: str,
        key: str,
        message: Outgoing | Mapping[str, Any] | None,
        *,
        as_bot: bool,
        query: Mapping[str, str] | None,
    ) -> Answer:
        route = {"PATCH": "edit", "POST": "create", "GET": "read"}[method]
        if path.startswith("/users/"):
            route = "dm"
        has_files = isinstance(message, Outgoing) and bool(message.files)
        answer = await meet(
            self._world,
            self._life,
            route,
            lambda: self._world.handle(method, path, message, query or {}),
            key=key,
            has_files=has_files,
        )
        if isinstance(answer, Refused) and answer.status == 429:
            body = {"retry_after": answer.retry_after_s, "global": answer.words == EVERYWHERE}
            return self._limited(key, _response(429), body)
        return answer


async def meet(
    world: SimulatedDiscord,
    life: Life,
    route: str,
    do: Callable[[], Answer],
    *,
    key: str = "",
    has_files: bool = False,
) -> Answer:
    """Do a request, unless it is one of those that something happens to."""
    sent_s = world.clock.monotonic_s()

    def act() -> Answer:
        world.under_way_s = world.clock.monotonic_s() - sent_s
        return do()

    await life.gate(is_far=True)
    fault = world.next_fault(route, key)
    answer: Answer
    match fault:
        case "down":
            answer = Lost(DOWN)
        case "lost":
            act()
            answer = Lost("ClientOSError")
        case "late":
            world.later(act)
            answer = Lost("ServerDisconnectedError")
        case "tardy":
            await life.clock.sleep(TARDY_S)
            answer = act()
        case "limited" | "all-limited":
            answer = world.limit(key, everywhere=fault == "all-limited")
        case "still-limited":
            world.refusals[429] += 1
            answer = Refused(429, 0, "of the route", LIMITED_S)
        case "slow":
            world.later(act, 1.0)
            await life.clock.sleep(70.0)
            answer = Lost("no answer in time")
        case "too-large" if has_files:
            world.refusals[413] += 1
            answer = Refused(413, 40005, "Request entity too large")
        case _:
            answer = act()
    await life.gate(is_far=True)
    return answer


class Interaction:
    """As much of discord.py's interaction as showing a card needs."""

    def __init__(self, world: SimulatedDiscord, life: Life, asked: Asked) -> None:
        self.token = asked.token
        self.response = self
        self._world, self._life, self._asked = world, life, asked

    async def send_message(self, *, view: discord.ui.LayoutView, ephemeral: bool, **_: Any) -> Any:
        payload = Outgoing(view=view).payload()
        answer = await meet(
            self._world,
            self._life,
            "callback",
            lambda: self._world.call_back(self._asked, payload["components"], private=ephemeral),
        )
        match answer:
            case Sent(body=body):
                return SimpleNamespace(message_id=int(body["id"]))
            case Refused(status=404, code=code, words=words):
                raise discord.NotFound(_response(404), {"code": code, "message": words})
            case Refused(status=status, code=code, words=words):
                raise discord.HTTPException(_response(status), {"code": code, "message": words})
            case Lost(why=why) if why == DOWN:
                raise discord.DiscordServerError(_response(503), why)
            case _:
                raise aiohttp.ServerDisconnectedError


def _response(status: int) -> Any:
    return SimpleNamespace(status=status, reason="", headers={})
