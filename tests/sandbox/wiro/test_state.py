from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.wiro import WiroStandIn
    from tests.sandbox.wiro.wire import Wire


async def test_state_is_plain_json_about_everything_on_the_panel(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.paused = True
    wiro.apply({"fault": "fail_task", "times": 2})
    task = await wire.run(prompt="portrait+ style " + "fox " * 40)
    state = json.loads(json.dumps(wiro.state()))
    [shown] = state["tasks"]

    assert shown["id"] == task.id
    assert (shown["tool"], shown["status"], shown["percent"]) == ("wavymulder/portraitplus", "task_queue", 0)
    assert len(shown["prompt"]) == 60
    assert shown["prompt"].endswith("…")
    assert (shown["who"], shown["ended"], shown["followed"]) == ("bot", False, False)
    assert (state["speed"], state["paused"], state["active"]) == (100, True, 1)
    assert (state["balance_usd"], state["limit"], state["max_concurrent"]) == ("120.00", 12, None)
    assert state["faults"]["active"][0]["left"] == 1
    assert len(state["faults"]["available"]) > 40


async def test_newest_tasks_come_first_and_not_endlessly(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.paused, wiro.max_concurrent = True, 100
    tasks = [await wire.run() for _ in range(55)]
    shown = wiro.state()["tasks"]

    assert [row["id"] for row in shown] == [task.id for task in reversed(tasks)][:50]


async def test_subscriber_hears_of_every_kind_of_change(wire: Wire, wiro: WiroStandIn) -> None:
    heard = wiro.subscribe()

    def changed() -> bool:
        was = heard.is_set()
        heard.clear()
        return was

    wiro.speed = 5
    assert changed()
    wiro.balance_usd = 20
    assert changed()
    wiro.apply({"fault": "fail_task"})
    assert changed()
    wiro.paused = True
    assert changed()
    await wire.run()
    assert changed()
    wiro.unsubscribe(heard)
    wiro.speed = 6
    assert not changed()


async def test_calls_are_logged_with_path_status_and_time(wire: Wire, wiro: WiroStandIn) -> None:
    await wire.call("Task/List")
    await wire.post("Nothing/Here", json={})
    first, second = wiro.requests

    assert (first.path, first.status) == ("Task/List", 200)
    assert (second.path, second.status) == ("Nothing/Here", 404)
    assert first.at <= second.at <= wiro.clock.time_s()


async def test_standin_leaves_no_task_behind(wire: Wire, wiro: WiroStandIn) -> None:
    await wire.run(callbackUrl="http://127.0.0.1:1/nobody-listens")
    await wire.session.ws_connect("/wiro/socket/v1")
    await wiro.stop()
    await wire.session.close()

    ours = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("wiro")]
    assert ours == []
