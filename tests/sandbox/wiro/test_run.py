from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.sandbox.wiro.wire import INPUTS, PORTRAIT, TRAIN, TRAINING, signed

if TYPE_CHECKING:
    from sandbox.wiro import WiroStandIn
    from tests.sandbox.wiro.wire import Wire


async def test_answer_is_flat_with_id_and_token(wire: Wire) -> None:
    answer = await wire.call(PORTRAIT, INPUTS)

    assert answer.keys() == {"result", "errors", "taskid", "socketaccesstoken"}
    assert answer["result"] is True
    assert answer["errors"] == []
    assert re.fullmatch(r"\d+", answer["taskid"])
    assert re.fullmatch(r"[A-Za-z0-9]{30}", answer["socketaccesstoken"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prompt": ""}, "Request parameter [prompt] required"),
        ({"prompt": None}, "Request parameter [prompt] required"),
        ({"samples": "many"}, "Request parameter [samples] must be integer or float"),
        ({"samples": 11}, "Request parameter [samples] must be between 1 and 10"),
        ({"steps": 0}, "Request parameter [steps] must be between 1 and 150"),
        ({"steps": True}, "Request parameter [steps] must be integer or float"),
        ({"scale": "30.5"}, "Request parameter [scale] must be between 0 and 30"),
        ({"scale": "nan"}, "Request parameter [scale] must be integer or float"),
        ({"clipSkip": -1}, "Request parameter [clipSkip] must be between 0 and 12"),
        ({"width": 4096}, "Request parameter [width] must be between 64 and 1024"),
        ({"height": [512]}, "Request parameter [height] must be integer or float"),
        ({"scheduler": "Magic"}, "Request parameters are invalid."),
    ],
    ids=str,
)
async def test_wrong_input_is_refused_in_wiros_words(wire: Wire, wrong: dict[str, Any], message: str) -> None:
    assert await wire.error(PORTRAIT, {**INPUTS, **wrong}) == (0, message)
    assert not wire.wiro.tasks


@pytest.mark.parametrize("name", INPUTS)
async def test_each_declared_input_must_be_sent(wire: Wire, name: str) -> None:
    body = {key: value for key, value in INPUTS.items() if key != name}

    assert await wire.error(PORTRAIT, body) == (0, f"Request parameter [{name}] required")


async def test_unused_inputs_may_be_empty(wire: Wire) -> None:
    task = await wire.run(**{name: "" for name in INPUTS if name not in {"prompt", "width", "height"}})

    assert task.status == "task_queue"


@pytest.mark.parametrize("path", ["Run/WAVYMULDER/PortraitPlus", "Run/wiro/Text to Image SD"])
async def test_slugs_match_in_any_case_and_with_spaces(wire: Wire, path: str) -> None:
    body = {**INPUTS, "selectedModel": "6", "selectedModelPrivate": ""}

    assert (await wire.call(path, body))["result"] is True


async def test_unknown_tool_is_refused(wire: Wire) -> None:
    assert await wire.error("Run/nobody/nothing", INPUTS) == (1, "slug-owner-project-not-exist")


async def test_json_is_read_whatever_the_header_says(wire: Wire) -> None:
    headers = {**signed(), "Content-Type": "multipart/form-data"}
    response = await wire.post(PORTRAIT, data=json.dumps(INPUTS), headers=headers)

    assert (await response.json())["result"] is True


async def test_forms_of_both_kinds_are_read(wire: Wire) -> None:
    fields = {name: str(value) for name, value in INPUTS.items()}
    parts = aiohttp.FormData(default_to_multipart=True)
    parts.add_fields(*fields.items())
    form = await wire.post(PORTRAIT, data=fields)
    multipart = await wire.post(PORTRAIT, data=parts)

    assert (await form.json())["result"] is True
    assert (await multipart.json())["result"] is True
    assert all(task.inputs == fields for task in wire.wiro.tasks.values())


@pytest.mark.parametrize("raw", [b"[]", b"{", b"hello"])
async def test_body_that_is_no_object_is_refused(wire: Wire, raw: bytes) -> None:
    response = await wire.post(PORTRAIT, data=raw, headers={**signed(), "Content-Type": "application/json"})

    assert (await response.json())["errors"] == [{"code": 0, "message": "Request parameters are invalid."}]


async def test_callback_and_project_are_no_inputs(wire: Wire) -> None:
    task = await wire.run(callbackUrl="http://127.0.0.1:9/x", projectid="5", unheard_of=1)

    assert task.inputs == INPUTS
    assert (await wire.row(task))["callbackurl"] == "http://127.0.0.1:9/x"


@pytest.mark.parametrize(
    ("balance", "limit"), [(10, 1), (50, 5), ("99.99", 9), (250, 25), (1, 1), ("250.01", None)]
)
def test_limit_follows_the_balance(wiro: WiroStandIn, balance: float, limit: int | None) -> None:
    wiro.balance_usd = Decimal(str(balance))

    assert wiro.state()["limit"] == limit


async def test_one_task_too_many_is_code_96(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.speed, wiro.balance_usd = 0, 20
    for _ in range(2):
        await wire.run()

    assert await wire.error(PORTRAIT, INPUTS) == (
        96,
        (
            "You have reached your concurrent task limit. With your current balance of $20.00, "
            "you can run up to 2 tasks at the same time. Add funds to increase your limit."
        ),
    )
    assert len(wiro.tasks) == 2


async def test_ended_task_makes_room(wire: Wire, wiro: WiroStandIn) -> None:
    wiro.max_concurrent = 1
    await wire.ended(await wire.run())

    assert await wire.run()


@pytest.mark.parametrize(
    ("balance", "path"), [("0.49", PORTRAIT), ("9.99", TRAIN)], ids=["portrait", "training"]
)
async def test_small_balance_is_code_97(wire: Wire, wiro: WiroStandIn, balance: str, path: str) -> None:
    wiro.balance_usd = Decimal(balance)

    inputs = {**INPUTS, **TRAINING, "selectedFolder": await wire.folder("a.jpg")}
    assert await wire.error(path, inputs) == (97, "Insufficient balance")
