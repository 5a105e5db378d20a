"""Wiro's refusals, in its own words and codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


class Refusal(Exception):
    """An answer with `result: false`: HTTP 200 unless `status` says otherwise."""

    def __init__(self, message: str, *, code: int = 0, status: int = 200) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status


# Who calls: HTTP 401.


def unknown_key() -> Refusal:
    """The API key is none that Wiro knows."""
    return Refusal("Project authorization is not founded.", status=401)


def signature_missing() -> Refusal:
    """A project with a secret was called with its key alone."""
    return Refusal(
        "Project requires signature authentication. x-signature and x-nonce headers are required.", status=401
    )


def signature_wrong() -> Refusal:
    """The signature does not belong to key, secret and nonce."""
    return Refusal("Project authorization is not valid.", status=401)


# What is called.


def no_such_path() -> Refusal:
    """Nothing answers at this path: HTTP 404."""
    return Refusal("Error parsing url.", status=404)


def no_such_tool() -> Refusal:
    """No tool has this owner and project."""
    return Refusal("slug-owner-project-not-exist", code=1)


def invalid() -> Refusal:
    """The parameters make no sense as a whole."""
    return Refusal("Request parameters are invalid.")


def missing(name: str) -> Refusal:
    """A parameter that must be there is not."""
    return Refusal(f"Request parameter [{name}] required")


def not_a_number(name: str) -> Refusal:
    """A number's parameter holds something else."""
    return Refusal(f"Request parameter [{name}] must be integer or float")


def out_of_range(name: str, minimum: float, maximum: float) -> Refusal:
    """A number is too small or too large."""
    return Refusal(f"Request parameter [{name}] must be between {minimum:g} and {maximum:g}")


def file_missing(name: str) -> Refusal:
    """A file that must be there is not."""
    return Refusal(f"Request files [{name}] required")


def model_name_wrong() -> Refusal:
    """A trained model's name has other characters than allowed."""
    return Refusal("Your model name should be contain (A-Z) (0-9) (-) (_) (.)")


def model_name_reserved() -> Refusal:
    """A trained model's name is one that nobody may have."""
    return Refusal("This name is not allowed")


def model_name_taken() -> Refusal:
    """A trained model's name is in use."""
    return Refusal("This model name is already in use")


# The account.


def concurrency_limit(balance_usd: Decimal, limit: int) -> Refusal:
    """As many tasks are queued or running as the balance allows."""
    return Refusal(
        f"You have reached your concurrent task limit. With your current balance of ${balance_usd:.2f}, "
        f"you can run up to {limit} tasks at the same time. Add funds to increase your limit.",
        code=96,
    )


def insufficient_balance() -> Refusal:
    """The balance is under the least that a run needs."""
    return Refusal("Insufficient balance", code=97)


# Tasks.


def no_task() -> Refusal:
    """No task has this id or token."""
    return Refusal("There is no task yet.", code=1)


def no_task_named() -> Refusal:
    """A task call names no task."""
    return Refusal("taskid or socketaccesstoken is required")


def not_cancellable() -> Refusal:
    """The task has left the queue."""
    return Refusal("Task is not in a cancellable state.", code=1)


def not_killed(reason: str) -> Refusal:
    """The task is not running, or its worker does not obey."""
    return Refusal(f"Task could not be killed: {reason}", code=1)


def no_task_to_delete() -> Refusal:
    """InputOutputDelete names no task that exists."""
    return Refusal("task-not-exist", code=1)


def task_not_ended() -> Refusal:
    """InputOutputDelete names a task that still runs."""
    return Refusal("Task must be completed or cancelled before deleting files")
