"""The times of one running task: when it began, when to look, how far it is, when it is past all patience."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.jobs.job import SUSPICION_S, backoff_s

if TYPE_CHECKING:
    from datetime import datetime

    from bot.clock import Clock
    from bot.jobs.expect import Expectation
    from bot.model import Job

QUEUE_WORTH_NOTING = timedelta(seconds=3)
"""Wiro tells times in whole seconds: a shorter wait in its queue cannot be told from none."""

CONFIRM_FIRST_S, CONFIRM_MOST_S = 0.2, 5.0
"""After the socket has told the end, Detail is asked until it says the same."""

FAILED_LOOK_FIRST_S, FAILED_LOOK_MOST_S = 1.0, 30.0

LONGEST_QUEUE_S = 6 * 3600.0


class Pace:
    """Keeps the times of one task; `now_s` is monotonic, everything else is wall-clock time."""

    def __init__(self, job: Job, past: Expectation, clock: Clock, longest_run_s: float) -> None:
        self._clock = clock
        self._past = past
        self._longest_run_s = longest_run_s
        self._answered_at = job.state_at
        self.began_at: datetime | None = job.started_at
        self._seen_at = job.state_at
        self._asleep_in_queue = False
        self._failures = 0
        self.look_at_s = self._overdue_s = 0.0
        self.plan()

    @property
    def now_s(self) -> float:
        """Monotonic time."""
        return self._clock.monotonic_s()

    @property
    def age_s(self) -> float:
        """How long the task has been worked on, as far as known."""
        began_at = self.began_at or self._answered_at
        return 0.0 if self._asleep_in_queue else max(0.0, (self._clock.now() - began_at).total_seconds())

    @property
    def is_overlong(self) -> bool:
        """The tool never takes so long, or Wiro's queue should not."""
        return self.age_s > self._longest_run_s or self.answer_age_s > self._longest_run_s + LONGEST_QUEUE_S

    @property
    def answer_age_s(self) -> float:
        """How long ago Run was answered."""
        return (self._clock.now() - self._answered_at).total_seconds()

    def expected_end(self) -> datetime | None:
        """When it should end, while the tool's past allows an honest word."""
        remaining_s = self._past.remaining_s(self.age_s)
        if remaining_s is None or self._asleep_in_queue:
            return None
        return self._clock.now() + timedelta(seconds=remaining_s)

    def saw_running(self, *, in_queue: bool, began_at: datetime | None) -> bool:
        """Note that it had not ended just now; whether its beginning became known by that."""
        self._asleep_in_queue = in_queue
        first = not in_queue and self.note_beginning(began_at)
        self._seen_at = self._clock.now()
        return first

    def note_beginning(self, began_at: datetime | None) -> bool:
        """Note when it began (None: some time since it was last seen); False when that was known already."""
        if self.began_at is not None:
            return False
        now = self._clock.now()
        began_at = min(now, max(self._seen_at, began_at)) if began_at else now
        waited = began_at - self._answered_at
        self.began_at = began_at if waited > QUEUE_WORTH_NOTING else self._answered_at
        return True

    def ended_at(self, wiro_says: datetime | None) -> datetime:
        """When it ended: Wiro's word by our clock, within what was seen of it; for an end that was polled."""
        now = self._clock.now()
        return now if wiro_says is None else min(now, max(self._seen_at, wiro_says))

    def plan(self) -> None:
        """Set the next look after one that found the task running."""
        self._failures = 0
        self._set(self._past.next_look_s(self.age_s))
        self._overdue_s = self.now_s + self._past.overdue_look_s(self.age_s)

    def spare_look(self) -> bool:
        """Leave out the look that is due: the socket would have told the end. False once that is overdue."""
        if self.now_s >= self._overdue_s:
            return False
        self.look_at_s = self.now_s + self._past.next_look_s(self.age_s)
        return True

    def look_now(self) -> None:
        """Look at once."""
        self._set(0.0)

    def plan_suspicion(self) -> None:
        """Look again soon: it said that it failed."""
        self._set(SUSPICION_S)

    def plan_confirmation(self) -> None:
        """Look again very soon, then ever later: the socket told the end, Detail does not know it yet."""
        self._failures += 1
        self._set(backoff_s(self._failures, first_s=CONFIRM_FIRST_S, most_s=CONFIRM_MOST_S))

    def plan_after_failure(self) -> None:
        """Look again after a look that got no answer."""
        self._failures += 1
        self._set(backoff_s(self._failures, first_s=FAILED_LOOK_FIRST_S, most_s=FAILED_LOOK_MOST_S))

    def _set(self, wait_s: float) -> None:
        self.look_at_s = self._overdue_s = self.now_s + wait_s
