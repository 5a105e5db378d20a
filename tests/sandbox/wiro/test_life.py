from __future__ import annotations

from decimal import Decimal
from random import Random
from statistics import median
from typing import TYPE_CHECKING

import pytest

from sandbox.wiro.tools import usual_duration
from tests.sandbox.wiro.wire import INPUTS, PORTRAIT

if TYPE_CHECKING:
    from sandbox.wiro import WiroStandIn
    from tests.sandbox.wiro.wire import Wire


async def test_finished_row_has_wiros_types(wire: Wire) -> None:
    row = await wire.ended(await wire.run(samples=2))

    assert row["status"] == "task_postprocess_end"
    assert row["pexit"] == "0"
    assert row["guestid"] is None
    assert row["marketplaceid"] is None
    assert row["parameters"] == {**INPUTS, "samples": 2}
    assert row["categories"].startswith('["model","sd"')
    assert [output["name"] for output in row["outputs"]] == ["0.png", "1.png"]
    texts = row.keys() - {"guestid", "marketplaceid", "parameters", "outputs"}
    assert all(isinstance(row[name], str) for name in texts)
    times = [name for name in row if name.endswith("time") and name != "canceltime"]
    assert len(times) == 9
    assert all(int(row[name]) > 1_000_000_000 for name in times)
    assert row["canceltime"] == "0"


async def test_output_has_wiros_types(wire: Wire) -> None:
    row = await wire.ended(await wire.run())
    [output] = row["outputs"]

    assert output["contenttype"] == "image/png"
    assert output["ispublic"] == 0
    assert output["expiretime"] is None
    assert int(output["size"]) == int(row["size"]) > 0
    assert output["url"].startswith(f"{wire.wiro.base_url}/wiro/cdn/")


async def test_detail_has_a_total_as_text(wire: Wire) -> None:
    task = await wire.run()
    answer = await wire.call("Task/Detail", {"tasktoken": task.token})

    assert answer.keys() == {"total", "errors", "tasklist", "result"}
    assert answer["total"] == "1"


async def test_cost_is_paid_seconds_times_price(wire: Wire, wiro: WiroStandIn) -> None:
    before = wiro.balance_usd
    row = await wire.ended(await wire.run())

    assert row["cps"] == "0.000585000000"
    assert Decimal(row["totalcost"]) == Decimal(row["elapsedseconds"]) * Decimal("0.000585") > 0
    assert len(row["totalcost"].split(".")[1]) == 12
    assert before - wiro.balance_usd == Decimal(row["totalcost"])


async def test_six_seconds_cost_what_the_samples_say(wire: Wire) -> None:
    task = await wire.run()
    await wire.ended(task)
    task.reached_s["task_accept"], task.reached_s["task_end"] = 1000.0, 1006.0
    task.cost_usd = Decimal("0.003510")
    row = await wire.row(task)

    assert (row["elapsedseconds"], row["totalcost"]) == ("6.0000", "0.003510000000")


async def test_unended_row_has_neither_exit_nor_cost_nor_outputs(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.paused = True
    row = await wire.row(await wire.run())

    assert row["status"] == "task_queue"
    assert (row["pexit"], row["totalcost"], row["outputs"], row["endtime"]) == ("", "0", [], "0")


async def test_every_status_is_reached_in_order(wire: Wire) -> None:
    task = await wire.run()
    await wire.ended(task)
    reached = sorted(task.reached_s, key=lambda status: task.reached_s[status])

    assert reached == [
        "task_queue",
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


async def test_task_takes_the_time_that_duration_says(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.duration = lambda inputs, rng: 20.0 * inputs["samples"]
    wiro.speed = 40
    task = await wire.run()
    await wire.ended(task)

    assert task.ended_s is not None
    assert 0.5 <= task.ended_s - task.created_s < 2.0


def test_default_portrait_takes_about_ten_seconds() -> None:
    rng = Random(1)
    default = {"steps": 30, "samples": 4, "width": 512, "height": 512}
    times = [usual_duration(default, rng) for _ in range(400)]

    assert 9.5 < median(times) < 10.5
    assert min(times) > 6
    assert max(times) < 15
    assert usual_duration({**default, "steps": 60}, Random(1)) > usual_duration(default, Random(1)) + 5


async def test_speed_can_be_changed_while_a_task_runs(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.speed = 0
    task = await wire.run()
    assert task.status == "task_queue"
    wiro.speed = 1000

    assert (await wire.ended(task))["pexit"] == "0"


async def test_paused_workers_leave_tasks_in_the_queue(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.paused = True
    first, second = await wire.run(), await wire.run()
    assert (first.status, second.status) == ("task_queue", "task_queue")
    wiro.paused = False

    await wire.ended(first)
    await wire.ended(second)


async def test_busy_workers_take_the_oldest_first(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.max_running = 1
    tasks = [await wire.run() for _ in range(3)]
    await wire.until(lambda: tasks[2].is_ended)
    started = [task.reached_s["task_accept"] for task in tasks]

    assert started == sorted(started)
    assert started[1] >= (tasks[0].ended_s or 0)
    assert started[2] >= (tasks[1].ended_s or 0)


async def test_queued_task_can_be_cancelled_but_not_killed(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.paused = True
    task = await wire.run()

    assert await wire.error("Task/Kill", {"socketaccesstoken": task.token}) == (
        1,
        "Task could not be killed: task is not running",
    )
    answer = await wire.call("Task/Cancel", {"taskid": task.id})
    assert answer.keys() == {"errors", "tasklist", "result"}
    assert answer["tasklist"][0]["status"] == "task_cancel"
    row = await wire.row(task)
    assert (row["status"], row["totalcost"], row["outputs"], row["pexit"]) == ("task_cancel", "0", [], "")
    assert row["canceltime"] != "0"


async def test_running_task_can_be_killed_but_not_cancelled(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "stuck_task"})
    task = await wire.run()
    await wire.until(lambda: task.percent >= 50)

    assert await wire.error("Task/Cancel", {"taskid": task.id}) == (1, "Task is not in a cancellable state.")
    answer = await wire.call("Task/Kill", {"socketaccesstoken": task.token})
    assert answer.keys() == {"errors", "tasklist", "result"}
    assert (await wire.row(task))["status"] == "task_cancel"
    assert wiro.state()["active"] == 0


async def test_task_between_queue_and_worker_obeys_neither(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "duration", "seconds": 500})  # or it is past the moment before that is looked at
    task = await wire.run()
    await wire.until(lambda: task.status == "task_preprocess_start")
    wiro.speed = 0

    assert (await wire.error("Task/Cancel", {"taskid": task.id}))[0] == 1
    assert (await wire.error("Task/Kill", {"taskid": task.id}))[0] == 1


async def test_ended_task_can_be_neither_cancelled_nor_killed(wire: Wire) -> None:
    task = await wire.run()
    await wire.ended(task)

    assert await wire.error("Task/Cancel", {"taskid": task.id}) == (1, "Task is not in a cancellable state.")
    assert await wire.error("Task/Kill", {"taskid": task.id}) == (
        1,
        "Task could not be killed: task is already completed",
    )


@pytest.mark.parametrize("name", ["taskid", "tasktoken", "socketaccesstoken"])
@pytest.mark.parametrize("path", ["Task/Detail", "Task/Cancel", "Task/InputOutputDelete"])
async def test_task_calls_take_every_name(wire: Wire, wiro: WiroStandIn, path: str, name: str) -> None:
    wiro.paused = True
    task = await wire.run()
    if path == "Task/InputOutputDelete":
        await wire.call("Task/Cancel", {"taskid": task.id})
    answer = await wire.call(path, {name: task.id if name == "taskid" else task.token})

    assert answer["result"] is True


@pytest.mark.parametrize("path", ["Task/Detail", "Task/Cancel", "Task/Kill"])
async def test_task_calls_refuse_unknown_and_missing_names(wire: Wire, path: str) -> None:
    assert await wire.error(path, {"taskid": "1"}) == (1, "There is no task yet.")
    assert await wire.error(path) == (0, "taskid or socketaccesstoken is required")


async def test_list_is_newest_first_in_pages(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.paused = True
    tasks = [await wire.run() for _ in range(5)]
    page = {"type": "model", "sort": "id", "order": "DESC", "start": "1", "limit": "2"}
    answer = await wire.call("Task/List", page)

    assert answer["total"] == "5"
    assert [row["id"] for row in answer["tasklist"]] == [tasks[3].id, tasks[2].id]
    upwards = await wire.call("Task/List", {**page, "order": "ASC"})
    assert [row["id"] for row in upwards["tasklist"]] == [tasks[1].id, tasks[2].id]


async def test_list_can_be_of_one_model(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.paused = True
    task = await wire.run()
    await wire.train()
    answer = await wire.call("Task/List", {"modelName": "portraitplus"})

    assert [row["id"] for row in answer["tasklist"]] == [task.id]


async def test_stopped_standin_leaves_no_work_behind(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "stuck_task", "times": 3})
    for _ in range(3):
        await wire.run()
    await wiro.stop()

    assert wiro.state()["active"] == 0
    assert PORTRAIT in wiro.requests.counts
