from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from bot.wiro import TaskProgress, TaskStatus, is_terminal, parse
from bot.wiro.wire import Envelope
from tests.bot.wiro.fake import row
from tests.bot.wiro.test_wire import JSON

PROGRESS = {
    "type": "progressGenerate",
    "task": "Generate",
    "percentage": "60",
    "stepCurrent": "6",
    "stepTotal": "10",
    "speed": "1.2",
    "speedType": "it/s",
    "elapsedTime": "5s",
    "remainingTime": "3s",
}
READ_PROGRESS = TaskProgress(
    percent=60,
    step=6,
    steps=10,
    task="Generate",
    speed=1.2,
    speed_unit="it/s",
    elapsed_s=5,
    remaining_s=3,
)


def test_a_row_is_read_with_all_that_it_says() -> None:
    task = parse.task(row())

    assert (task.id, task.token, task.status) == (
        "2221",
        "eDcCm5yyUfIvMFspTwww49OUfgXkQt",
        "task_postprocess_end",
    )
    assert (task.pexit, task.elapsed_s, task.cost_nano_usd) == (0, 6.0, 3_510_000)
    assert task.create_time == datetime(2024, 12, 18, 9, 23, 27, tzinfo=UTC)
    assert task.end_time == datetime(2024, 12, 18, 9, 23, 33, tzinfo=UTC)
    assert task.parameters == {"prompt": "a cat", "samples": 4}
    [output] = task.outputs
    assert (output.name, output.content_type, output.size_bytes) == ("0.png", "image/png", 202472)
    assert output.url == "https://cdn1.wiro.ai/6a6af820-c5050aee/0.png"
    assert task.raw["projectid"] == "699"


@pytest.mark.parametrize("unset", [None, "", "absent"])
def test_unset_fields_are_none_however_they_are_left_out(unset: str | None) -> None:
    fields = (
        "pexit",
        "totalcost",
        "createtime",
        "starttime",
        "endtime",
        "elapsedseconds",
        "parameters",
        "outputs",
    )
    shown = row() | dict.fromkeys(fields, unset)
    if unset == "absent":
        shown = {name: value for name, value in shown.items() if name not in fields}

    task = parse.task(shown)

    assert (task.pexit, task.cost_nano_usd, task.elapsed_s) == (None, None, None)
    assert (task.create_time, task.start_time, task.end_time) == (None, None, None)
    assert (task.parameters, task.outputs) == ({}, ())


def test_parameters_are_read_from_json_text_too() -> None:
    assert parse.task(row(parameters=json.dumps({"seed": "7"}))).parameters == {"seed": "7"}


@pytest.mark.parametrize(
    ("changes", "succeeded", "flagged", "cancelled", "terminal", "fatal"),
    [
        ({}, True, False, False, True, False),
        ({"pexit": 0}, True, False, False, True, False),
        ({"pexit": "1"}, False, False, False, True, False),
        ({"pexit": ""}, True, True, False, True, False),
        ({"pexit": None, "outputs": []}, False, False, False, True, False),
        (
            {"outputs": []},
            True,
            False,
            False,
            True,
            False,
        ),  # exit code 0 is Wiro's word; the caller sees no files
        ({"status": "task_cancel"}, False, False, True, True, False),  # whatever pexit and outputs say
        ({"status": "task_end"}, False, False, False, False, False),
        ({"status": "task_error"}, False, False, False, False, True),
        ({"status": "task_dancing"}, False, False, False, False, False),
        ({"status": None}, False, False, False, False, False),
    ],
)
def test_what_a_task_has_come_to(
    *, changes: dict[str, Any], succeeded: bool, flagged: bool, cancelled: bool, terminal: bool, fatal: bool
) -> None:
    task = parse.task(row(**changes))

    assert task.succeeded is succeeded
    assert task.is_flagged is flagged
    assert task.was_cancelled is cancelled
    assert task.is_terminal is terminal
    assert task.is_fatal_error is fatal


def test_only_two_statuses_end_a_task() -> None:
    assert {status for status in TaskStatus if is_terminal(status)} == {"task_postprocess_end", "task_cancel"}


@pytest.mark.parametrize(
    "value",
    [
        [{"url": "https://x/0.png", "name": "0.png"}],
        {"url": "https://x/0.png", "name": "0.png"},
        '[{"url": "https://x/0.png", "name": "0.png"}]',
        [{"url": "https://x/0.png?sig=1"}],
        [{"contenttype": "raw", "content": {"raw": "text"}}, "odd", None, {"url": "https://x/0.png"}],
    ],
)
def test_outputs_are_the_entries_with_an_address(value: Any) -> None:
    [output] = parse.outputs(value)

    assert output.name == "0.png"


def test_a_single_output_field_is_read_when_there_is_no_list() -> None:
    assert len(parse.task(row(outputs=None, output={"url": "https://x/0.png"})).outputs) == 1


@pytest.mark.parametrize(
    ("message", "progress"),
    [
        (PROGRESS, READ_PROGRESS),
        (json.dumps(PROGRESS), READ_PROGRESS),
        ({**PROGRESS, "percentage": 60, "stepCurrent": 6, "stepTotal": 10, "speed": 1.2}, READ_PROGRESS),
        ({"percentage": "130%"}, TaskProgress(percent=100)),
        ({"percentage": -3, "stepCurrent": -1}, TaskProgress(percent=0)),
        ({"stepCurrent": "12", "stepTotal": ""}, TaskProgress(step=12)),
        ({"type": "progressGenerate"}, TaskProgress()),
        ("Loading weights", None),
        ("{not json", None),
        ({"raw": "a text"}, None),
        ([PROGRESS], None),
        (None, None),
        (7, None),
    ],
)
def test_progress_is_read_in_every_shape(message: Any, progress: Any) -> None:
    assert parse.progress(message) == progress


@pytest.mark.parametrize(
    ("message", "text"),
    [("Loading", "Loading"), ({"raw": "all of it"}, "all of it"), ({"other": 1}, ""), (None, ""), ([1], "")],
)
def test_the_text_of_a_message_is_found(message: Any, text: str) -> None:
    assert parse.message_text(message) == text


@given(JSON)
def test_no_row_is_too_odd_to_be_read(value: Any) -> None:
    shown = row()
    for name in shown:
        task = parse.task(shown | {name: value})
        assert isinstance(task.succeeded, bool)
    parse.progress(value)
    parse.outputs(value)
    parse.maybe_task(Envelope.of({"tasklist": value}))
    parse.tool_page(Envelope.of({"tool": [{"title": "x", "parameters": value, "dynamicprice": value}]}))
