"""What a unit of work may raise besides `QuotaRefused` and `BudgetRefused`. The tree continues `bot.errors`.

StoreError
├── CodeTaken            the short code or the hook token is in use: draw another
├── TaskTaken            the Wiro task belongs to another job
├── ResultsFull          the result store's cap is reached
├── NewerDatabase        the database was made by a later version of the program
└── OutcomeUnknown       the connection was lost while committing: read back by the natural key
"""

from __future__ import annotations

from bot.errors import StoreError


class CodeTaken(StoreError):
    """The job's code or hook token is in use already; draw another and accept again."""


class TaskTaken(StoreError):
    """The Wiro task belongs to another job already.

    Attributes:
        task_id: The task.
    """

    def __init__(self, task_id: str) -> None:
        super().__init__(f"Wiro task {task_id} belongs to another job")
        self.task_id = task_id


class ResultsFull(StoreError):
    """The result store has no room left under its cap."""


class NewerDatabase(StoreError):
    """A later version of the program has migrated this database; this one must not touch it."""


class OutcomeUnknown(StoreError):
    """The connection was lost while committing: the unit either happened whole or not at all.

    Read back by the natural key (the interaction, the job and its expected state) before doing it again.
    """
