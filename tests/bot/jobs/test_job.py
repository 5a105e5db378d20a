from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.jobs.job import (
    Cancelled,
    Failed,
    StillRunning,
    Succeeded,
    Suspicious,
    Verdict,
    backoff_s,
    judge,
    kill_first,
    may_run_again,
    reason_of_stop,
)
from bot.jobs.ports import Denied, Gone, Put, TokenDead, Way
from bot.jobs.ways import ways_without_card
from bot.model import CancelBy, Reason
from bot.wiro import OutputFile, Task
from tests.support.clock import START
from tests.support.jobs import a_job

OUTPUTS = (OutputFile(url="https://cdn/0.png", name="0.png"),)
END = "task_postprocess_end"


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({"status": END, "pexit": 0, "outputs": OUTPUTS}, Succeeded()),
        ({"status": END, "pexit": None, "outputs": OUTPUTS}, Succeeded(flagged=True)),
        ({"status": END, "pexit": None}, Failed("it ended without outputs")),
        ({"status": END, "pexit": 0}, Failed("it ended without outputs")),
        ({"status": END, "pexit": 1, "outputs": OUTPUTS}, Failed("it ended with exit code 1")),
        ({"status": END, "pexit": 1, "debug_error": "one\n\n the last line \n"}, Failed("the last line")),
        ({"status": "task_cancel", "pexit": 0, "outputs": OUTPUTS, "cost_nano_usd": 9}, Cancelled()),
        ({"status": "task_error"}, Suspicious()),
        ({"status": "task_error", "debug_error": "warning", "start_time": START}, Suspicious()),
        (
            {"status": "task_error", "debug_error": "Output folder creation failed"},
            Failed("Output folder creation failed"),
        ),
        ({"status": "task_end", "outputs": OUTPUTS, "pexit": 0}, StillRunning()),
        ({"status": "task_queue"}, StillRunning()),
        ({"status": "task_from_the_future"}, StillRunning()),
        ({"status": ""}, StillRunning()),
    ],
    ids=[
        "success",
        "no exit code but outputs",
        "nothing at all",
        "no outputs",
        "exit code",
        "words",
        "the status wins over exit code, outputs and cost",
        "an error once",
        "an error while running",
        "an error before execution",
        "task_end is no end",
        "queue",
        "unknown",
        "empty",
    ],
)
def test_what_a_detail_means(row: dict[str, Any], verdict: Verdict) -> None:
    task = Task(id="1", token="t", **row)
    assert judge(task, wants_outputs=True, was_suspicious=False) == verdict


def test_an_error_that_repeats_is_an_end() -> None:
    task = Task(id="1", token="t", status="task_error")
    assert isinstance(judge(task, wants_outputs=True, was_suspicious=True), Failed)


def test_a_tool_that_makes_no_files_succeeds_without_any() -> None:
    task = Task(id="1", token="t", status=END, pexit=0)
    assert judge(task, wants_outputs=False, was_suspicious=False) == Succeeded()


def test_backoff_doubles_up_to_its_longest() -> None:
    assert [backoff_s(n, first_s=1, most_s=5) for n in (0, 1, 2, 3, 4, 1000)] == [1, 1, 2, 4, 5, 5]


@pytest.mark.parametrize(
    ("status", "kills"), [("task_queue", False), (None, False), ("task_accept", True), ("task_start", True)]
)
def test_cancel_is_for_the_queue_and_kill_for_everything_after(status: str | None, *, kills: bool) -> None:
    assert kill_first(status) is kills


def test_a_portrait_may_run_once_more_a_training_never() -> None:
    assert may_run_again(a_job())
    assert not may_run_again(a_job(returned=True))
    assert not may_run_again(a_job(images=0))


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        (CancelBy.OWNER, Reason.OWNER_CANCELLED),
        (CancelBy.MODERATOR, Reason.MODERATOR_STOPPED),
        (None, Reason.WIRO_CANCELLED),
    ],
)
def test_the_reason_of_a_stop_is_whose_wish_it_was(by: CancelBy | None, reason: Reason) -> None:
    assert reason_of_stop(a_job(cancel_by=by)) is reason


@pytest.mark.parametrize(
    ("private", "put", "choice", "ways"),
    [
        (False, Gone(), "dm", (Way.DM,)),
        (False, Gone(), "message", (Way.CHANNEL, Way.DM)),
        (False, Denied("403"), "dm", (Way.CHANNEL, Way.DM)),
        (False, TokenDead(), "dm", (Way.CHANNEL, Way.DM)),
        (True, Gone(), "message", (Way.DM,)),
        (True, Denied("403"), "message", (Way.DM,)),
        (True, TokenDead(), "message", (Way.DM,)),
    ],
)
def test_ways_when_the_card_cannot_be_written(
    put: Put, choice: str, ways: tuple[Way, ...], *, private: bool
) -> None:
    assert ways_without_card(a_job(private=private), put, choice) == ways


def test_ages_of_a_job_are_times_of_the_same_day() -> None:
    """The support's job is what these tests take it for."""
    assert a_job().created_at - START <= timedelta(days=1)
