"""Whether a task at Wiro is the one that a job's Run may have made. Pure.

Wiro gives Run no key of ours, so a task is known by what was sent: the hook token in `callbackUrl`, the
name of a training (it has a random suffix), else all the inputs with the seed that the bot drew.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Job
    from bot.wiro import Task

HOOK_PATH = "/hooks/wiro/"
TRAINING_NAME = "trainModelName"


def is_task_of(task: Task, job: Job) -> bool:
    """Whether the task carries the job's marks; two jobs with equal inputs may each take the other's."""
    if HOOK_PATH in task.callback_url:
        return task.callback_url.endswith(HOOK_PATH + job.hook_token)
    name = job.inputs.get(TRAINING_NAME)
    if name:
        return _same(name, task.parameters.get(TRAINING_NAME, ""))
    return bool(task.parameters) and _all_same(job.inputs, task.parameters)


def _all_same(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    return all(_same(value, stored.get(key, "")) for key, value in sent.items())


def _same(sent: Any, stored: Any) -> bool:
    """Equal as Wiro stores values: text and numbers may have changed places, None and "" are one."""
    return _plain(sent) == _plain(stored)


def _plain(value: Any) -> str | float:
    text = "" if value is None else str(value).strip()
    if isinstance(value, bool) or text.lower() in ("true", "false"):
        return text.lower()
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
