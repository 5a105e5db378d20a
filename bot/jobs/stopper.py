"""Sending Cancel and Kill until a task has ended. Neither ends a job: only Detail does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bot.jobs.job import backoff_s, kill_first
from bot.log import get_logger
from bot.wiro import NotCancellable, WiroError

if TYPE_CHECKING:
    from bot.clock import Clock
    from bot.jobs.ports import Wiro

log = get_logger(__name__)

OTHER_AFTER_S = 0.5
"""Cancel refused: so long until Kill is tried, and the other way round."""

FIRST_S, MOST_S = 1.0, 30.0

PATIENCE_S = 120.0
"""How long a task that has been told to stop may go on before nobody waits for it any more."""


class Stopper:
    """The attempts to stop one task."""

    def __init__(self, wiro: Wiro, clock: Clock) -> None:
        self._wiro = wiro
        self._clock = clock
        self._attempts = 0
        self._refused: tuple[str | None, bool] | None = None
        self._begun_s: float | None = None
        self.due_s = math.inf
        """Monotonic time of the next attempt."""

    @property
    def has_begun(self) -> bool:
        """The task has been told to stop, or is about to be."""
        return self._begun_s is not None

    @property
    def is_past_patience(self) -> bool:
        """It has been told for long enough."""
        return self._begun_s is not None and self._clock.monotonic_s() - self._begun_s > PATIENCE_S

    def begin(self) -> None:
        """Make an attempt due now."""
        self.due_s = self._clock.monotonic_s()
        if self._begun_s is None:
            self._begun_s = self.due_s

    async def attempt(self, status: str | None, *, task_id: str | None, token: str | None) -> bool:
        """Send what is due, Cancel or Kill; False when nothing is due yet. Never raises what Wiro does.

        Args:
            status: Wiro's last word for the task; after a refusal the other call is tried, whatever it was.
            task_id: The task.
            token: Its socket token.
        """
        if self._begun_s is None:
            self.begin()
        if self._clock.monotonic_s() < self.due_s:
            return False
        kills = kill_first(status)
        if (status, kills) == self._refused:
            kills = not kills
        call = self._wiro.kill if kills else self._wiro.cancel
        wait_s = backoff_s(self._attempts + 1, first_s=FIRST_S, most_s=MOST_S)
        self._attempts += 1
        try:
            await call(task_id=task_id, token=token)
        except NotCancellable:
            wait_s = wait_s if self._refused else OTHER_AFTER_S
            self._refused = (status, kills)
        except WiroError as error:
            log.info("could not stop the task", kills=kills, error=type(error).__name__, words=error.message)
        self.due_s = self._clock.monotonic_s() + wait_s
        return True
