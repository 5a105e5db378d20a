"""The rules of a job's life that need only facts: what Wiro's answer means, when to try again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from bot.model import CancelBy, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Job
    from bot.wiro import Task

DOUBT_LOOKS_S = (2.0, 10.0, 30.0, 90.0)
"""When a task whose Run got no answer is looked for, counted from the doubt's beginning."""

DOUBT_AGAIN_S = 30.0
"""How often it is looked for after that, while Wiro's list cannot be read."""

SWEEP_FOR = timedelta(hours=24)
"""How long a task that was not found is still looked for."""

KEEP_FOR = timedelta(days=7)
"""How long a kept result waits for its owner."""

LONGEST_WAIT = timedelta(hours=24)
"""A job that waited longer in the line ends."""

ACCEPTANCE_WINDOW = timedelta(seconds=15)
"""A job without a card that is older must look for it: its callback took at most 3 s."""

NO_TASK_GRACE_S = 60.0
"""For so long after Run "no task yet" is not an end."""

SUSPICION_S = 2.0
"""`task_error` from Detail is an end when it is still there so much later."""

LONG_JOB_S = 60.0
"""A public job of more ends with a reply that mentions its owner."""


def backoff_s(failures: int, *, first_s: float, most_s: float) -> float:
    """The wait after so many failures in a row (1 or more): doubling from `first_s` up to `most_s`."""
    return min(most_s, first_s * 2.0 ** min(max(failures, 1) - 1, 32))


@dataclass(frozen=True, slots=True)
class StillRunning:
    """Nothing has ended, as far as that answer tells."""


@dataclass(frozen=True, slots=True)
class Suspicious:
    """`task_error`: an end if it repeats after `SUSPICION_S`."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The outputs are there."""

    flagged: bool = False
    """Wiro sent no exit code; outputs spoke for it. Worth a log line."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The task ended without a result."""

    why: str
    """Wiro's words, or ours where it gave none; for the card."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Cancelled while queued, or killed."""


Verdict = StillRunning | Suspicious | Succeeded | Failed | Cancelled


def judge(task: Task, *, wants_outputs: bool, was_suspicious: bool) -> Verdict:
    """What a Detail says about its task.

    Args:
        task: The row as Wiro's Detail gave it; never a socket's event.
        wants_outputs: The tool makes files, so that none means failure even with exit code 0.
        was_suspicious: An earlier Detail, at least `SUSPICION_S` ago, said `task_error` too.
    """
    if (
        task.was_cancelled
    ):  # the status wins over exit code, outputs and cost (Wiro's own sample has them all)
        return Cancelled()
    if task.is_fatal_error:
        before_execution = bool(task.debug_error) and task.start_time is None
        certain = was_suspicious or before_execution
        return Failed(_words(task, "the task ended with an error")) if certain else Suspicious()
    return _judge_end(task, wants_outputs=wants_outputs) if task.is_terminal else StillRunning()


def _judge_end(task: Task, *, wants_outputs: bool) -> Verdict:
    if task.pexit:
        return Failed(_words(task, f"it ended with exit code {task.pexit}"))
    if not task.outputs and (wants_outputs or task.pexit is None):
        return Failed(_words(task, "it ended without outputs"))
    return Succeeded(flagged=task.is_flagged)


def _words(task: Task, otherwise: str) -> str:
    """The last line of Wiro's error text, short enough for a card."""
    lines = [line.strip() for line in task.debug_error.splitlines() if line.strip()]
    return lines[-1][:300] if lines else otherwise


def reason_of_stop(job: Job) -> Reason:
    """Why a job that somebody wanted to stop was cancelled."""
    match job.cancel_by:
        case CancelBy.OWNER:
            return Reason.OWNER_CANCELLED
        case CancelBy.MODERATOR:
            return Reason.MODERATOR_STOPPED
        case CancelBy.SYSTEM:
            return Reason.SERVER_LEFT
        case None:
            return Reason.WIRO_CANCELLED


def is_withheld(job: Job) -> bool:
    """A moderator stopped it: its images are not shown, even when it finished first."""
    return job.cancel_by is CancelBy.MODERATOR


def kill_first(status: str | None) -> bool:
    """Whether Kill is tried before Cancel: Cancel is only for the queue."""
    return status not in (None, "", "task_queue")


def look_ages(doubt_age_s: float) -> Iterator[float]:
    """At which ages of a doubt the task is looked for, from its present age on; endless.

    A look that was missed comes at once. Past the last of `DOUBT_LOOKS_S` the first look that can read
    Wiro's list decides.
    """
    if doubt_age_s > DOUBT_LOOKS_S[0]:
        yield doubt_age_s
    yield from (look_s for look_s in DOUBT_LOOKS_S if look_s > doubt_age_s)
    last_s = max(doubt_age_s, DOUBT_LOOKS_S[-1])
    yield from (last_s + DOUBT_AGAIN_S * number for number in count(1))


def may_run_again(job: Job) -> bool:
    """Whether a task that was not found may be run once more: a portrait once, a training never."""
    return job.images > 0 and not job.returned
