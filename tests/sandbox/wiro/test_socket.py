from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from sandbox.wiro import Task, WiroStandIn
    from tests.sandbox.wiro.wire import Wire


@pytest.fixture
async def socket(wire: Wire) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connection that has been greeted."""
    async with wire.session.ws_connect("/wiro/socket/v1") as connection:
        assert await connection.receive_json() == {"type": "connected", "version": "1.0"}
        yield connection


async def follow(wire: Wire, socket: aiohttp.ClientWebSocketResponse, task: Task) -> None:
    """Register, and return when the stand-in has read it."""
    await socket.send_json({"type": "task_info", "tasktoken": task.token})
    await wire.until(lambda: wire.wiro._hub.is_followed(task))


async def start(wire: Wire, socket: aiohttp.ClientWebSocketResponse, **inputs: Any) -> Task:
    """A task whose every event after the queue will be seen."""
    wire.wiro.paused = True
    task = await wire.run(**inputs)
    await follow(wire, socket, task)
    wire.wiro.paused = False
    return task


async def test_events_of_a_task_come_in_its_order(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    task = await start(wire, socket)
    frames = await wire.frames(socket)

    assert all(frame.keys() == {"type", "id", "tasktoken", "message", "result"} for frame in frames)
    assert {(frame["id"], frame["tasktoken"], frame["result"]) for frame in frames} == {
        (task.id, task.token, True)
    }
    kinds = list(dict.fromkeys(frame["type"] for frame in frames))
    assert kinds == [
        "task_accept",
        "task_preprocess_start",
        "task_preprocess_end",
        "task_assign",
        "task_start",
        "task_output",
        "task_output_full",
        "task_end",
        "task_postprocess_start",
        "task_postprocess_end",
    ]
    assert all(
        frame["message"] is None
        for frame in frames
        if frame["type"] not in {"task_output", "task_output_full", "task_postprocess_end"}
    )


async def test_progress_is_all_text_and_counts_the_steps(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    await start(wire, socket, steps=5)
    frames = await wire.frames(socket)
    words, *progress = [frame["message"] for frame in frames if frame["type"] == "task_output"]

    assert isinstance(words, str)
    assert [(p["stepCurrent"], p["stepTotal"], p["percentage"]) for p in progress] == [
        ("1", "5", "20"),
        ("2", "5", "40"),
        ("3", "5", "60"),
        ("4", "5", "80"),
        ("5", "5", "100"),
    ]
    for message in progress:
        assert message.keys() == {
            "type",
            "task",
            "percentage",
            "stepCurrent",
            "stepTotal",
            "speed",
            "speedType",
            "elapsedTime",
            "remainingTime",
        }
        assert all(isinstance(value, str) for value in message.values())
        assert (message["type"], message["task"]) == ("progressGenerate", "Generate")


async def test_progress_can_be_json_text(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.apply({"fault": "text_progress"})
    await start(wire, socket, steps=1)
    words, progress = [
        frame["message"] for frame in await wire.frames(socket) if frame["type"] == "task_output"
    ]

    assert not words.startswith("{")
    assert json.loads(progress)["percentage"] == "100"


async def test_last_frame_has_the_outputs_and_no_exit_code(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    task = await start(wire, socket, samples=2)
    last = (await wire.frames(socket))[-1]
    row = await wire.row(task)

    assert "pexit" not in json.dumps(last)
    assert last["message"] == [
        {key: output[key] for key in ("name", "contenttype", "size", "url")} for output in row["outputs"]
    ]


async def test_nothing_is_replayed_to_who_registers_late(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    early = await wire.run()
    await wire.ended(early)
    await follow(wire, socket, early)
    later = await start(wire, socket)

    assert {frame["id"] for frame in await wire.frames(socket)} == {later.id}


async def test_one_connection_follows_many_tasks_and_several_one_task(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.paused = True
    tasks = [await wire.run() for _ in range(3)]
    async with wire.session.ws_connect("/wiro/socket/v1") as other:
        for task in tasks:
            await follow(wire, socket, task)
        await other.send_json({"type": "task_info", "tasktoken": tasks[2].token})
        await wire.until(lambda: sum(len(each.tokens) for each in wiro._hub.connections) == 4)
        wiro.paused = False
        ended: set[str] = set()
        while len(ended) < 3:
            ended.add((await wire.frames(socket))[-1]["id"])
        alone = [frame for frame in await wire.frames(other) if "id" in frame]

    assert ended == {task.id for task in tasks}
    assert {frame["id"] for frame in alone} == {tasks[2].id}


@pytest.mark.parametrize("said", ["hello", "[]", '{"type": "dance"}', '{"type": "task_info"}', '{"type": 1}'])
async def test_what_it_does_not_know_is_dropped_in_silence(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse, said: str
) -> None:
    await socket.send_str(said)
    await start(wire, socket)

    assert (await wire.frames(socket))[0]["type"] == "task_accept"


async def test_cancelled_task_says_so(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.paused = True
    task = await wire.run()
    await follow(wire, socket, task)
    await wire.call("Task/Cancel", {"taskid": task.id})

    assert [frame["type"] for frame in await wire.frames(socket, "task_cancel")] == ["task_cancel"]


async def test_pings_are_answered_until_the_socket_is_dead(wire: Wire, wiro: WiroStandIn) -> None:
    async with wire.session.ws_connect("/wiro/socket/v1", autoping=False) as connection:
        await connection.receive()
        await connection.ping(b"1")
        assert (await connection.receive(timeout=5)).type is WSMsgType.PONG
        wiro.apply({"fault": "socket_dead"})
        await connection.ping(b"2")
        with pytest.raises(TimeoutError):
            await connection.receive(timeout=0.2)


async def test_dropped_socket_does_not_touch_the_task(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.paused = True
    task = await wire.run()
    await follow(wire, socket, task)
    wiro.apply({"fault": "socket_drop"})
    message = await socket.receive(timeout=5)

    assert message.type in {WSMsgType.CLOSED, WSMsgType.ERROR}
    await wire.until(lambda: wiro.connections == 0)
    assert not wiro.faults.armed
    wiro.paused = False
    assert (await wire.ended(task))["pexit"] == "0"


async def test_socket_can_be_dropped_at_a_status(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.apply({"fault": "socket_drop", "where": {"status": "task_start"}})
    await start(wire, socket)
    kinds = [message.json()["type"] async for message in socket]

    assert kinds == ["task_accept", "task_preprocess_start", "task_preprocess_end", "task_assign"]


async def test_refused_connection_is_an_http_error(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "socket_refused", "times": 1})
    with pytest.raises(WSServerHandshakeError) as refused:
        await wire.session.ws_connect("/wiro/socket/v1")

    assert refused.value.status == 503
    async with wire.session.ws_connect("/wiro/socket/v1") as connection:
        assert (await connection.receive_json())["type"] == "connected"
    assert [request.status for request in wiro.requests] == [503, 101]


async def test_silent_socket_sends_nothing_of_the_task(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.apply({"fault": "socket_silent", "where": {"status": "task_postprocess_end"}})
    task = await start(wire, socket)
    frames = await wire.frames(socket, "task_postprocess_start")
    await wire.ended(task)

    assert frames
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=0.1)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("socket_twice", ["task_accept", "task_accept", "task_preprocess_start", "task_preprocess_start"]),
        (
            "socket_out_of_order",
            ["task_preprocess_start", "task_accept", "task_assign", "task_preprocess_end"],
        ),
    ],
)
async def test_events_can_come_twice_or_in_the_wrong_order(
    wire: Wire,
    wiro: WiroStandIn,
    socket: aiohttp.ClientWebSocketResponse,
    fault: str,
    expected: list[str],
) -> None:
    wiro.apply({"fault": fault})
    await start(wire, socket)
    kinds = [frame["type"] for frame in await wire.frames(socket)]

    assert kinds[:4] == expected


async def test_every_event_arrives_in_the_wrong_order_too(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.apply({"fault": "socket_out_of_order"})
    await start(wire, socket, steps=2)
    frames = [await socket.receive_json(timeout=5) for _ in range(12)]

    assert {frame["type"] for frame in frames} >= {"task_start", "task_end", "task_postprocess_end"}


async def test_garbage_does_not_replace_events(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.apply({"fault": "socket_garbage", "times": 1})
    await start(wire, socket)
    texts = [(await socket.receive(timeout=5)).data for _ in range(4)]

    assert texts[:3] == ["{not json", "[]", '{"type": 7}']
    assert json.loads(texts[3])["type"] == "task_accept"


async def test_unknown_status_and_stderr_are_sent_as_events(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.apply({"fault": "unknown_status"})
    wiro.apply({"fault": "stderr"})
    task = await start(wire, socket)
    frames = await wire.frames(socket)
    kinds = [frame["type"] for frame in frames]

    assert "task_warming_up" in kinds
    assert [type(frame["message"]) for frame in frames if frame["type"] == "task_error"] == [str]
    assert (await wire.row(task))["pexit"] == "0"


async def test_failing_task_tells_its_error_in_full(
    wire: Wire, wiro: WiroStandIn, socket: aiohttp.ClientWebSocketResponse
) -> None:
    wiro.apply({"fault": "fail_task", "debugerror": "no memory"})
    await start(wire, socket)
    frames = {frame["type"]: frame["message"] for frame in await wire.frames(socket)}

    assert frames["task_error_full"] == {"raw": "no memory"}
    assert frames["task_postprocess_end"] == []
