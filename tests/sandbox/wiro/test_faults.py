from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sandbox.wiro import KINDS, Faults
from tests.sandbox.wiro.wire import INPUTS, PORTRAIT, signed

if TYPE_CHECKING:
    from sandbox.wiro import WiroStandIn
    from tests.sandbox.wiro.wire import Wire


SUSPENDED = "Your account has been suspended. Please contact support if you believe this is a mistake."

# The mechanism.


def test_fault_strikes_as_often_as_told() -> None:
    faults = Faults()
    faults.add("http_error", times=2)

    assert [bool(faults.take("http_error", path="x")) for _ in range(3)] == [True, True, False]
    assert [name for name, _ in faults.struck] == ["http_error", "http_error"]


def test_fault_waits_for_an_occasion_that_fits() -> None:
    faults = Faults()
    faults.add("http_error", where={"path": "task/list"})

    assert faults.take("http_error", path="Task/Detail") is None
    assert faults.take("http_error") is None
    assert faults.take("http_error", path="Task/List")


def test_mode_lasts_until_it_is_lifted() -> None:
    faults = Faults()
    faults.apply({"fault": "socket_silent"})
    assert all(faults.take("socket_silent", status="x") for _ in range(5))
    faults.apply({"fault": "socket_silent", "off": True})

    assert faults.take("socket_silent") is None


def test_clear_lifts_everything_and_watchers_are_told() -> None:
    changes = []
    faults = Faults(lambda: changes.append(len(faults.armed)))
    faults.add("fail_task")
    faults.add("cdn_missing")
    faults.apply({"clear": True})

    assert changes == [1, 2, 0]


@pytest.mark.parametrize(
    "spec",
    [
        {"fault": "earthquake"},
        {"fault": "earthquake", "off": True},
        {},
        {"fault": "fail_task", "times": 0},
        {"fault": "fail_task", "times": "often"},
        {"fault": "fail_task", "colour": "red"},
        {"fault": "fail_task", "where": "here"},
    ],
    ids=str,
)
def test_nonsense_is_refused(spec: dict[str, Any]) -> None:
    faults = Faults()
    with pytest.raises(ValueError, match=r"fault|matchers"):
        faults.apply(spec)

    assert not faults.armed


def test_state_is_plain_json_and_names_every_kind() -> None:
    faults = Faults()
    faults.add("fail_task", times=2, where={"prompt": "fox"})
    state = json.loads(json.dumps(faults.state()))

    assert [kind["fault"] for kind in state["available"]] == list(KINDS)
    assert all(kind["label"] for kind in state["available"])
    assert state["active"] == [
        {
            "fault": "fail_task",
            "label": "Fail the next task",
            "left": 2,
            "where": {"prompt": "fox"},
            "settings": {"pexit": "1", "debugerror": "CUDA out of memory. Tried to allocate 20.00 MiB"},
        }
    ]


@pytest.mark.parametrize("name", KINDS)
async def test_every_fault_can_be_armed_and_the_standin_survives_it(
    wire: Wire, wiro: WiroStandIn, name: str
) -> None:
    wiro.apply({"fault": name})
    with suppress(aiohttp.ClientError, TimeoutError):
        await wire.post(PORTRAIT, json=INPUTS, timeout=aiohttp.ClientTimeout(total=0.3))
    wiro.apply({"clear": True})
    wiro.balance_usd = 300  # no limit: what the fault started may still run
    again = await wire.run(width=64)

    assert (await wire.ended(again))["pexit"] == "0"


# Calls.


async def test_http_error_leaves_no_trace(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "http_error", "where": {"path": "Run"}, "status": 500})
    response = await wire.post(PORTRAIT, json=INPUTS)

    assert response.status == 500
    assert not wiro.tasks
    assert await wire.run()


async def test_rate_limit_says_when_to_come_back(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "rate_limited", "retry_after_s": 3})
    response = await wire.post("Task/List", json={})

    assert (response.status, response.headers["Retry-After"]) == (429, "3")


async def test_list_can_be_down_while_the_rest_works(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "list_down"})
    task = await wire.run()

    assert (await wire.post("Task/List", json={})).status == 503
    assert (await wire.row(task))["id"] == task.id


@pytest.mark.parametrize(
    ("fault", "path", "expected"),
    [
        ("auth_error", "Task/List", (401, 0, "Project authorization is not valid.")),
        ("no_balance", PORTRAIT, (200, 97, "Insufficient balance")),
        ("sign_in", PORTRAIT, (200, 98, "sign in to run this model")),
        ("no_task_yet", "Task/Detail", (200, 1, "There is no task yet.")),
        ("cancel_refused", "Task/Cancel", (200, 1, "Task is not in a cancellable state.")),
        ("kill_refused", "Task/Kill", (200, 1, "Task could not be killed: worker did not respond")),
        ("refuse", PORTRAIT, (200, 0, SUSPENDED)),
    ],
)
async def test_refusals_on_demand(
    wire: Wire, wiro: WiroStandIn, fault: str, path: str, expected: tuple[int, int, str]
) -> None:
    wiro.apply({"fault": fault})
    response = await wire.post(path, json=INPUTS)

    status, code, message = expected
    assert response.status == status
    assert await response.json() == {"result": False, "errors": [{"code": code, "message": message}]}
    assert not wiro.faults.armed


async def test_refusal_can_have_any_words(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "auth_error", "code": 99, "message": "Authorization bearer token expired."})

    assert await wire.error("Task/List") == (99, "Authorization bearer token expired.")


async def test_limit_can_be_reached_with_nothing_running(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.balance_usd = 50
    wiro.apply({"fault": "concurrency_limit"})
    code, message = await wire.error(PORTRAIT, INPUTS)

    assert code == 96
    assert "balance of $50.00, you can run up to 5 tasks" in message


@pytest.mark.parametrize(
    ("fault", "created"), [("run_never_arrived", 0), ("run_lost", 1), ("drop_before", 0), ("drop_after", 1)]
)
async def test_answer_to_run_can_be_lost(wire: Wire, wiro: WiroStandIn, fault: str, created: int) -> None:
    wiro.apply({"fault": fault})
    with pytest.raises(aiohttp.ClientConnectionError):
        await wire.call(PORTRAIT, INPUTS)

    assert len(wiro.tasks) == created
    assert wiro.requests[-1].status == 0


async def test_error_after_the_effect_hides_a_task(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "error_after"})

    assert (await wire.post(PORTRAIT, json=INPUTS)).status == 502
    assert len(wiro.tasks) == 1


async def test_json_can_be_broken(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "malformed"})
    response = await wire.post(PORTRAIT, json=INPUTS)

    assert response.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(await response.text())


async def test_hanging_call_has_its_effect_and_ends_with_the_standin(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "hang"})
    hanging = asyncio.create_task(wire.post(PORTRAIT, json=INPUTS))
    await wire.until(lambda: len(wiro.tasks) == 1)
    assert not hanging.done()
    await wiro.stop()

    with pytest.raises(aiohttp.ClientConnectionError):
        await hanging


async def test_answer_can_be_late(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "slow", "seconds": 0.2})
    began = wiro.clock.monotonic_s()

    assert (await wire.call("Task/List"))["result"] is True
    assert wiro.clock.monotonic_s() - began >= 0.2


# Tasks.


async def test_task_can_fail(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "fail_task", "where": {"prompt": "fox"}})
    row = await wire.ended(await wire.run(prompt="a fox"))

    assert (row["status"], row["pexit"], row["outputs"]) == ("task_postprocess_end", "1", [])
    assert row["debugerror"].startswith("CUDA")
    assert row["totalcost"] == "0"


async def test_task_can_end_before_it_starts(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "error_task"})
    row = await wire.ended(await wire.run())

    assert (row["status"], row["pexit"], row["starttime"]) == ("task_error", "", "0")
    assert row["debugerror"] == "Output folder creation failed"
    assert wiro.state()["active"] == 0


async def test_task_can_finish_without_what_one_expects(wire: Wire, wiro: WiroStandIn) -> None:
    for fault in ("no_outputs", "no_pexit", "null_cost"):
        wiro.apply({"fault": fault})
    row = await wire.ended(await wire.run())

    assert row["status"] == "task_postprocess_end"
    assert row["outputs"] == []
    assert "pexit" not in row
    assert row["totalcost"] is None


async def test_task_can_appear_late(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "late_task", "seconds": 60})
    task = await wire.run()

    assert await wire.error("Task/Detail", {"taskid": task.id}) == (1, "There is no task yet.")
    assert (await wire.call("Task/List"))["tasklist"] == []
    wiro.clock.offset_s = 61
    assert (await wire.row(task))["id"] == task.id
    assert len((await wire.call("Task/List"))["tasklist"]) == 1


async def test_task_can_take_a_given_time(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "duration", "seconds": 33})

    assert (await wire.run()).duration_s == 33


async def test_cancelled_task_can_finish_all_the_same(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "cancel_ignored"})
    wiro.paused = True
    task = await wire.run()
    answer = await wire.call("Task/Cancel", {"taskid": task.id})
    assert answer["tasklist"][0]["status"] == "task_cancel"
    wiro.paused = False

    row = await wire.ended(task)
    assert (row["status"], row["pexit"], len(row["outputs"])) == ("task_postprocess_end", "0", 1)


@pytest.mark.parametrize(("fault", "same"), [("foreign_task", False), ("twin_task", True)])
async def test_another_program_can_run_beside(wire: Wire, wiro: WiroStandIn, fault: str, same: bool) -> None:
    wiro.apply({"fault": fault})
    task = await wire.run()
    rows = (await wire.call("Task/List"))["tasklist"]
    other = next(row for row in rows if row["id"] != task.id)

    assert len(rows) == 2
    assert (other["parameters"] == INPUTS) is same
    assert [shown["who"] for shown in wiro.state()["tasks"]] == ["elsewhere", "bot"]


async def test_other_programs_tasks_count_against_the_limit(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.paused, wiro.max_concurrent = True, 1
    wiro.run_elsewhere(INPUTS)

    assert (await wire.error(PORTRAIT, INPUTS))[0] == 96


# Task/List and time.


async def test_list_can_lag_behind(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "list_late", "seconds": 60})
    task = await wire.run()

    assert (await wire.call("Task/List"))["tasklist"] == []
    assert (await wire.row(task))["id"] == task.id
    wiro.clock.offset_s = 61
    assert len((await wire.call("Task/List"))["tasklist"]) == 1


async def test_list_can_hide_or_stringify_parameters(wire: Wire, wiro: WiroStandIn) -> None:
    await wire.run()
    wiro.apply({"fault": "list_text", "times": 1})
    [text] = (await wire.call("Task/List"))["tasklist"]
    wiro.apply({"fault": "list_bare", "times": 1})
    [bare] = (await wire.call("Task/List"))["tasklist"]

    assert json.loads(text["parameters"]) == INPUTS
    assert "parameters" not in bare


async def test_clock_can_be_wrong_in_header_and_rows(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "clock_skew", "seconds": 3600})
    task = await wire.run()
    response = await wire.post("Task/Detail", json={"taskid": task.id}, headers=signed())
    date = parsedate_to_datetime(response.headers["Date"]).timestamp()
    created = int((await response.json())["tasklist"][0]["createtime"])

    assert date - wiro.clock.time_s() == pytest.approx(3600, abs=3)
    assert created - task.created_s == pytest.approx(3600, abs=1)


async def test_several_faults_act_together(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.apply({"fault": "run_lost"})
    wiro.apply({"fault": "late_task", "seconds": 60})
    with pytest.raises(aiohttp.ClientConnectionError):
        await wire.call(PORTRAIT, INPUTS)

    assert (await wire.call("Task/List"))["total"] == "0"
    wiro.clock.offset_s = 61
    assert (await wire.call("Task/List"))["total"] == "1"
