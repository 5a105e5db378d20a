from __future__ import annotations

import asyncio
import json
import random
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from bot.wiro import EventSocket, OutputFile, Reconnected, SocketPolicy, Subscription, TaskEvent, TaskProgress
from bot.wiro.connection import FRAME_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.clock import ManualClock

PATIENCE_S = 5.0


class OpenSocket(Protocol):
    """Opens an event socket to the fake, under a policy with these changes."""

    def __call__(self, **policy: Any) -> AbstractAsyncContextManager[EventSocket]: ...


@dataclass(eq=False)
class Line:
    """One connection as the fake sees it."""

    ws: web.WebSocketResponse
    tokens: list[str] = field(default_factory=list)
    odd: list[Any] = field(default_factory=list)
    close_code: int | None = None
    is_over: bool = False

    async def say(self, **frame: Any) -> None:
        await self.ws.send_str(json.dumps(frame))

    def drop(self) -> None:
        """Lose the connection without a goodbye."""
        assert self.ws._writer is not None
        self.ws._writer.transport.abort()


@dataclass(eq=False)
class FakeSocket:
    """Wiro's event socket: greets, takes registrations, answers nothing, says what the test makes it say."""

    lines: list[Line] = field(default_factory=list)
    refuse_with: int | None = None
    is_deaf: bool = False
    """It takes connections but reads nothing, so that no ping is answered."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_with is not None:
            self.changed.set()
            return web.Response(status=self.refuse_with)
        ws = web.WebSocketResponse(max_msg_size=0)
        await ws.prepare(request)
        line = Line(ws)
        self.lines.append(line)
        await line.say(type="connected", version="1.0")
        self.changed.set()
        if self.is_deaf:
            await self.hung_up.wait()
            return ws
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                frame = json.loads(message.data)
                known = set(frame) == {"type", "tasktoken"} and frame["type"] == "task_info"
                (line.tokens if known else line.odd).append(frame.get("tasktoken") if known else frame)
                self.changed.set()
        line.close_code, line.is_over = ws.close_code, True
        self.changed.set()
        return ws

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that the fake has seen makes `condition` true."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def registered(self, line: int, *tokens: str) -> Line:
        await self.until(lambda: len(self.lines) > line and set(tokens) <= set(self.lines[line].tokens))
        return self.lines[line]


@pytest.fixture
def fake() -> FakeSocket:
    return FakeSocket()


@pytest.fixture
async def open_socket(
    fake: FakeSocket, session: aiohttp.ClientSession, clock: ManualClock
) -> AsyncIterator[OpenSocket]:
    app = web.Application()
    app.router.add_get("/v1", fake.handle)

    @asynccontextmanager
    async def open_socket(**policy: Any) -> AsyncIterator[EventSocket]:
        url = str(server.make_url("/v1"))
        socket = EventSocket(session, url, clock=clock, rng=random.Random(1), policy=SocketPolicy(**policy))
        async with socket:
            yield socket

    async with TestServer(app) as server:
        yield open_socket
        fake.hung_up.set()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("wiro-")] == []


async def opened(fake: FakeSocket, clock: ManualClock, number: int) -> Line:
    """The connection of that number, however long it takes to be opened."""
    await clock.until(lambda: len(fake.lines) > number)
    return fake.lines[number]


async def hear(subscription: Subscription, count: int = 1) -> list[Any]:
    """The next items; `TaskEvent` or `Reconnected`, as the test says."""
    async with asyncio.timeout(PATIENCE_S):
        return [await anext(subscription) for _ in range(count)]


async def test_a_task_is_registered_and_its_events_arrive_in_order(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    async with open_socket() as socket, socket.subscribe("tok-1") as events:
        line = await fake.registered(0, "tok-1")
        await line.say(type="task_queue", id="1", tasktoken="tok-1", message=None, result=True)
        await line.say(type="task_start", tasktoken="tok-1")
        heard = await hear(events, 3)

    assert heard == [
        Reconnected(at=clock.now(), first=True),
        TaskEvent(status="task_queue", at=clock.now()),
        TaskEvent(status="task_start", at=clock.now()),
    ]


async def test_many_tasks_share_one_connection_and_hear_only_their_own(
    open_socket: OpenSocket, fake: FakeSocket
) -> None:
    async with open_socket() as socket, socket.subscribe("a") as first, socket.subscribe("b") as second:
        line = await fake.registered(0, "a", "b")
        assert isinstance((await hear(first))[0], Reconnected)
        assert isinstance((await hear(second))[0], Reconnected)
        await line.say(type="task_start", tasktoken="c")
        await line.say(type="task_start", tasktoken="a")
        await line.say(type="task_end", tasktoken="b")

        assert [event.status for event in await hear(first)] == ["task_start"]
        assert [event.status for event in await hear(second)] == ["task_end"]

    assert len(fake.lines) == 1
    assert fake.lines[0].odd == []


async def test_two_listeners_of_one_task_both_hear_it_and_it_is_registered_once(
    open_socket: OpenSocket, fake: FakeSocket
) -> None:
    async with open_socket() as socket, socket.subscribe("a") as first:
        line = await fake.registered(0, "a")
        async with socket.subscribe("a") as second:
            await line.say(type="task_start", tasktoken="a")
            assert [type(event) for event in await hear(first, 2)] == [Reconnected, TaskEvent]
            assert [type(event) for event in await hear(second, 2)] == [Reconnected, TaskEvent]
        await line.say(type="task_end", tasktoken="a")
        assert [event.status for event in await hear(first)] == ["task_end"]

    assert line.tokens == ["a"]


async def test_progress_and_outputs_are_typed(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    output = {"name": "0.png", "contenttype": "image/png", "size": "7", "url": "https://x/0.png"}
    progress = {"type": "progressGenerate", "percentage": "60", "stepCurrent": "6", "stepTotal": 10}
    async with open_socket() as socket, socket.subscribe("a") as events:
        line = await fake.registered(0, "a")
        await line.say(type="task_output", tasktoken="a", message=json.dumps(progress))
        await line.say(type="task_error", tasktoken="a", message="warning: slow")
        await line.ws.send_bytes(
            json.dumps({"type": "task_postprocess_end", "tasktoken": "a", "message": [output]}).encode()
        )
        heard = await hear(events, 4)

    assert heard[1:] == [
        TaskEvent(status="task_output", at=clock.now(), progress=TaskProgress(percent=60, step=6, steps=10)),
        TaskEvent(status="task_error", at=clock.now(), message="warning: slow"),
        TaskEvent(
            status="task_postprocess_end",
            at=clock.now(),
            outputs=(
                OutputFile(url="https://x/0.png", name="0.png", content_type="image/png", size_bytes=7),
            ),
        ),
    ]
    assert [event.is_terminal for event in heard[1:]] == [False, False, True]


@pytest.mark.parametrize(
    "frame",
    [
        "{not json",
        "[]",
        "7",
        "null",
        "",
        '"text"',
        '{"type":5}',
        '{"tasktoken":"a"}',
        b"a|\x00\x01\x02",
        b"\xff\xfe",
        '{"type":"error","message":"agenttoken-required","result":false}',
    ],
)
async def test_a_frame_that_cannot_be_used_costs_nothing(
    open_socket: OpenSocket, fake: FakeSocket, frame: Any
) -> None:
    async with open_socket() as socket, socket.subscribe("a") as events:
        line = await fake.registered(0, "a")
        await (line.ws.send_str(frame) if isinstance(frame, str) else line.ws.send_bytes(frame))
        await line.say(type="task_start", tasktoken="a")

        assert [type(event) for event in await hear(events, 2)] == [Reconnected, TaskEvent]
        assert socket.connected

    assert len(fake.lines) == 1


async def test_a_slow_reader_finds_the_newest_progress_and_never_misses_the_end(
    open_socket: OpenSocket, fake: FakeSocket
) -> None:
    async with open_socket() as socket, socket.subscribe("a") as events, socket.subscribe("b") as other:
        line = await fake.registered(0, "a", "b")
        await hear(other)
        for percent in range(101):
            await line.say(type="task_output", tasktoken="a", message={"percentage": percent})
        await line.say(type="task_output", tasktoken="a", message="a line of text")
        await line.say(type="task_postprocess_end", tasktoken="a", message=[{"url": "https://x/0.png"}])
        await line.say(type="task_postprocess_end", tasktoken="a", message=None)
        for number in range(200):
            await line.say(type=f"task_new_{number}", tasktoken="a")
        await line.say(type="task_start", tasktoken="b")
        await hear(other)  # all that was said before has been heard too

        heard = []
        while (event := (await hear(events))[0]).status != "task_new_199":
            heard.append(event)

    [end] = [event for event in heard if event.is_terminal]
    assert len(end.outputs) == 1
    assert len(heard) < 40


async def test_a_lost_connection_is_opened_again_and_all_tasks_registered(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    async with open_socket() as socket, socket.subscribe("a") as first, socket.subscribe("b") as second:
        line = await fake.registered(0, "a", "b")
        await hear(first), await hear(second)

        line.drop()
        await clock.until(lambda: len(fake.lines) == 2)
        line = await fake.registered(1, "a", "b")
        assert clock.monotonic_s() <= SocketPolicy().base_s
        await line.say(type="task_end", tasktoken="a")

        [again, event] = await hear(first, 2)
        assert again == Reconnected(at=clock.now(), first=False)
        assert event.status == "task_end"
        assert isinstance((await hear(second))[0], Reconnected)


async def test_a_task_subscribed_while_there_is_no_connection_is_registered_later(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    fake.refuse_with = 503
    async with open_socket() as socket, socket.subscribe("a") as events:
        await fake.until(fake.changed.is_set)
        assert not socket.connected
        fake.refuse_with = None
        await clock.until(lambda: socket.connected)

        await fake.registered(0, "a")
        assert (await hear(events))[0] == Reconnected(at=clock.now(), first=True)


async def test_waits_between_tries_grow_with_jitter_up_to_the_cap() -> None:
    policy = SocketPolicy(base_s=0.5, cap_s=30)

    assert [policy.delay_s(failures, 1.0) for failures in (1, 2, 3, 7, 50, 5000)] == [0.5, 1, 2, 30, 30, 30]
    assert [policy.delay_s(failures, 0.0) for failures in (1, 2, 3, 7)] == [0.25, 0.5, 1, 15]


async def test_refused_connections_are_tried_again_ever_more_rarely(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    fake.refuse_with = 403
    async with open_socket(base_s=1, cap_s=8):
        tries = 0
        moments = []
        while tries < 6:
            await fake.until(fake.changed.is_set)
            fake.changed.clear()
            tries += 1
            moments.append(clock.monotonic_s())
            await clock.until(lambda: clock.next_due_s is not None)
            await clock.until(fake.changed.is_set)

    gaps = [later - earlier for earlier, later in pairwise(moments)]
    for gap, full in zip(gaps, [1, 2, 4, 8, 8], strict=True):
        assert full / 2 <= gap <= full


async def test_a_server_that_hangs_up_at_once_is_not_hammered(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    async with open_socket(base_s=1, cap_s=8):
        for number in range(5):
            await (await opened(fake, clock, number)).ws.close()
        await opened(fake, clock, 5)

    assert clock.monotonic_s() >= (1 + 2 + 4 + 8 + 8) / 2


async def test_a_silent_connection_is_noticed_by_its_ping(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    fake.is_deaf = True
    async with open_socket(heartbeat_s=0.1) as socket:
        await fake.until(lambda: len(fake.lines) == 1)
        fake.is_deaf = False
        await clock.until(lambda: len(fake.lines) == 2)
        await clock.until(lambda: socket.connected)


async def test_an_answered_ping_keeps_the_connection(open_socket: OpenSocket, fake: FakeSocket) -> None:
    async with open_socket(heartbeat_s=0.02) as socket, socket.subscribe("a") as events:
        line = await fake.registered(0, "a")
        for _ in range(10):
            await line.ws.ping()
            await line.say(type="task_output", tasktoken="a")
            await hear(events)
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.sleep(0.01)  # real time, for the real pings
        assert socket.connected
    assert len(fake.lines) == 1


async def test_a_connection_that_carried_its_share_is_renewed_before_it_is_closed(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    async with open_socket(max_tokens=3) as socket, socket.subscribe("stays") as events:
        await fake.registered(0, "stays")
        await hear(events)
        for token in ("b", "c"):
            async with socket.subscribe(token):
                await fake.registered(0, token)
        line = await fake.registered(1, "stays")
        assert socket.connected
        await fake.until(lambda: fake.lines[0].is_over)
        assert fake.lines[0].close_code == aiohttp.WSCloseCode.GOING_AWAY
        assert line.tokens == ["stays"]
        await line.say(type="task_start", tasktoken="stays")

        assert [type(event) for event in await hear(events, 2)] == [Reconnected, TaskEvent]
    assert clock.monotonic_s() == 0


async def test_more_tasks_at_once_than_a_connection_should_carry_do_not_renew_it_forever(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    async with open_socket(max_tokens=2) as socket:
        subscriptions = [socket.subscribe(f"t{number}") for number in range(6)]
        for subscription in subscriptions:
            await subscription.__aenter__()
        await clock.until(
            lambda: socket.connected and set(fake.lines[-1].tokens) >= {f"t{n}" for n in range(6)}
        )
        await fake.until(lambda: all(line.is_over for line in fake.lines[:-1]))
        settled = len(fake.lines)
        await clock.advance(60)

        assert len(fake.lines) == settled <= 4
        for subscription in subscriptions:
            await subscription.__aexit__(None, None, None)


async def test_an_old_connection_is_renewed(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    async with open_socket(max_age_s=3600) as socket, socket.subscribe("a"):
        await fake.registered(0, "a")
        await clock.advance(3599)
        assert len(fake.lines) == 1
        await clock.advance(2)
        await fake.registered(1, "a")
        await fake.until(lambda: fake.lines[0].is_over)
        assert socket.connected


async def test_an_old_connection_serves_on_while_its_successor_cannot_be_opened(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    async with open_socket(max_age_s=3600) as socket, socket.subscribe("a") as events:
        line = await fake.registered(0, "a")
        await hear(events)
        fake.refuse_with = 503
        fake.changed.clear()
        await clock.advance(3601)
        await fake.until(fake.changed.is_set)
        await line.say(type="task_start", tasktoken="a")

        assert [event.status for event in await hear(events)] == ["task_start"]
        assert socket.connected


async def test_a_frame_over_the_cap_ends_the_connection_and_another_is_opened(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock
) -> None:
    async with open_socket() as socket, socket.subscribe("a"):
        line = await fake.registered(0, "a")
        with suppress(ConnectionError):  # the other side hangs up before it has all of it
            await line.ws.send_str("x" * (FRAME_BYTES + 1))
        await clock.until(lambda: len(fake.lines) == 2)
        await fake.registered(1, "a")
        await clock.until(lambda: socket.connected)


async def test_the_iteration_ends_when_the_socket_is_closed_and_nothing_is_left_open(
    open_socket: OpenSocket, fake: FakeSocket
) -> None:
    async with open_socket() as socket:
        subscription = socket.subscribe("a")
        await subscription.__aenter__()
        line = await fake.registered(0, "a")
    async with asyncio.timeout(PATIENCE_S):
        heard = [event async for event in subscription]

    assert [type(event) for event in heard] == [Reconnected]
    assert not socket.connected
    await fake.until(lambda: line.is_over)


async def test_what_a_listener_no_longer_wants_is_forgotten(
    open_socket: OpenSocket, fake: FakeSocket
) -> None:
    async with open_socket() as socket, socket.subscribe("b") as other:
        async with socket.subscribe("a") as events:
            line = await fake.registered(0, "a")
            await hear(events)
        await line.say(type="task_end", tasktoken="a")
        await line.say(type="task_end", tasktoken="b")
        await hear(other, 2)

        assert [event async for event in events] == []
        assert socket._followers.keys() == {"b"}


async def test_a_closed_session_neither_ends_nor_floods_the_keeper(
    open_socket: OpenSocket,
    fake: FakeSocket,
    session: aiohttp.ClientSession,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_socket(base_s=10, cap_s=10) as socket:
        await fake.until(lambda: len(fake.lines) == 1)
        await session.close()
        await clock.until(lambda: not socket.connected)
        await clock.advance(60)

        assert not socket.connected
    assert 1 <= len(caplog.records) <= 30


async def test_no_token_is_logged(
    open_socket: OpenSocket, fake: FakeSocket, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="bot.wiro")
    async with open_socket() as socket, socket.subscribe("the-secret-token"):
        line = await fake.registered(0, "the-secret-token")
        await line.ws.send_str('{"tasktoken": "the-secret-token"')
        line.drop()
        await clock.until(lambda: len(fake.lines) == 2)

    assert caplog.records
    assert "the-secret-token" not in caplog.text
