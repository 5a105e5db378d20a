"""Jobs to draw cards of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.model import Job, JobState
from bot.tools import load_catalogue

if TYPE_CHECKING:
    from bot.tools import Tool

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OWNER, OTHER, GUILD, CHANNEL = (
    1100000000000000030,
    1100000000000000031,
    1100000000000000010,
    1100000000000000020,
)
TOOL: Tool = load_catalogue()["portraitplus"]

INPUTS = {
    "prompt": "portrait+ style *a lighthouse keeper*",
    "negativePrompt": "painted illustration",
    "samples": 4,
    "steps": 30,
    "scale": "7.5",
    "seed": "123456",
    "clipSkip": 4,
    "width": 512,
    "height": 512,
    "scheduler": "EulerDiscreteScheduler",
}


def a_job(state: JobState = JobState.RUNNING, **values: Any) -> Job:
    """A job in that state; any field may be given."""
    inputs = INPUTS | values.pop("inputs", {})
    given: dict[str, Any] = {
        "id": 1,
        "code": "4F7K",
        "interaction_id": 1200000000000000001,
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "user_id": OWNER,
        "tool": TOOL.key,
        "inputs": inputs,
        "images": 4,
        "hook_token": "hook",
        "interaction_token": "token",
        "token_expires_at": NOW + timedelta(minutes=15),
        "state": state,
        "state_at": NOW,
        "created_at": NOW,
        "submitted_at": NOW,
        "message_id": 1500000000000000002,
    }
    return Job(**(given | values))


TRAINER: Tool = load_catalogue()["train-dreambooth-sd"]


def a_training(state: JobState = JobState.WAITING, **values: Any) -> Job:
    """A training in that state, its photos on their way while it waits."""
    inputs = {"trainModelName": "anna-k3f9", "referenceModel": "1", "trainingSteps": 900}
    given: dict[str, Any] = {
        "tool": TRAINER.key,
        "images": 0,
        "preparing": state is JobState.WAITING,
        "interaction_token": None,
        "token_expires_at": None,
        "notes": ("photos:9",),
        "submitted_at": None,
    }
    job = a_job(state, **(given | values))
    return replace(job, inputs=inputs)
