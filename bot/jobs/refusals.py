"""What follows when Run did not start a task. Pure.

After Run every error of the client but `AnswerLost` means that surely no task was created.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.jobs.job import backoff_s
from bot.wiro import (
    AnswerLost,
    AuthError,
    ConcurrencyLimit,
    InsufficientBalance,
    NotSent,
    RateLimited,
    ServiceUnavailable,
    WiroError,
)


class Shut(StrEnum):
    """Why a gate is closed; the word stands in the gate's row, for the card and the operator."""

    AUTH = "auth"
    CONCURRENCY = "concurrency"
    BALANCE = "balance"
    UNREACHABLE = "unreachable"
    RATE = "rate"


UNTOLD = frozenset({Shut.CONCURRENCY, Shut.RATE})
"""What passes by itself within a minute is nothing to tell on a card."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A task may or may not exist: look for it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Wiro will not run this: the job fails with its words."""

    words: str


@dataclass(frozen=True, slots=True)
class Back:
    """The job returns to the line, as it was, and a gate closes for a while."""

    why: Shut
    tool_only: bool = False
    """Only the gate of this job's tool, not the account's."""
    at_least_s: float = 0.0
    """What Wiro itself asked us to wait."""
    limit: int | None = None
    """Of code 96: how many tasks Wiro said the account may run."""


WAITS_S = {
    Shut.AUTH: (30.0, 300.0),
    Shut.CONCURRENCY: (5.0, 60.0),
    Shut.BALANCE: (60.0, 900.0),
    Shut.UNREACHABLE: (1.0, 30.0),
    Shut.RATE: (1.0, 60.0),
}
"""First and longest closing of a gate; it doubles with every failure in a row."""


def after_failed_run(error: WiroError) -> Doubt | Refused | Back:  # noqa: PLR0911  # a table, one row each
    """What becomes of the job."""
    match error:
        case AnswerLost():
            return Doubt()
        case ConcurrencyLimit():
            return Back(Shut.CONCURRENCY, limit=error.limit)
        case InsufficientBalance():
            return Back(Shut.BALANCE, tool_only=True)
        case AuthError():
            return Back(Shut.AUTH)
        case RateLimited():
            return Back(Shut.RATE, at_least_s=error.retry_after_s or 0.0)
        case ServiceUnavailable():
            return Back(Shut.UNREACHABLE, at_least_s=error.retry_after_s or 0.0)
        case NotSent():
            return Back(Shut.UNREACHABLE)
        case _:
            return Refused(error.message)


def closed_for_s(back: Back, strikes: int) -> float:
    """How long the gate stays closed when it has been closed so often in a row, this time included."""
    first_s, most_s = WAITS_S[back.why]
    return max(back.at_least_s, backoff_s(strikes, first_s=first_s, most_s=most_s))
