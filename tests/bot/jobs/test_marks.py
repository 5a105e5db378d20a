from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.jobs.marks import is_task_of
from bot.wiro import Task
from tests.support.jobs import a_job

INPUTS = {"prompt": "a keeper", "negativePrompt": "", "samples": 4, "scale": "7.5", "seed": "77"}
STORED = {"prompt": "a keeper", "samples": "4", "scale": 7.5, "seed": 77}


def a_task(parameters: dict[str, Any], callback_url: str = "") -> Task:
    return Task(id="1", token="t", status="task_start", parameters=parameters, callback_url=callback_url)


@pytest.mark.parametrize(
    ("stored", "is_same"),
    [
        (STORED, True),
        (STORED | {"negativePrompt": None, "extra": "x"}, True),
        (STORED | {"scale": "7.50", "samples": 4.0}, True),
        (STORED | {"seed": "78"}, False),
        (STORED | {"prompt": "another"}, False),
        (STORED | {"negativePrompt": "blur"}, False),
        ({}, False),
    ],
    ids=[
        "as text and numbers swap",
        "unused inputs",
        "spelling of numbers",
        "seed",
        "prompt",
        "unused",
        "none",
    ],
)
def test_a_task_is_known_by_all_its_inputs(stored: dict[str, Any], *, is_same: bool) -> None:
    assert is_task_of(a_task(stored), replace(a_job(), inputs=INPUTS)) is is_same


def test_a_callback_address_of_ours_decides_alone() -> None:
    job = a_job(hook_token="right")
    assert is_task_of(a_task({}, "https://bot.example/hooks/wiro/right"), job)
    assert not is_task_of(a_task(dict(job.inputs), "https://bot.example/hooks/wiro/wrong"), job)


def test_a_training_is_known_by_its_name() -> None:
    job = a_job(images=0, inputs={"trainModelName": "me-7QX2"})
    assert is_task_of(a_task({"trainModelName": "me-7QX2"}), job)
    assert not is_task_of(a_task({"trainModelName": "me-ABCD"}), job)
