"""How long a run will take by what earlier runs took, and when looking for its end is worth a call. Pure.

A run's duration is taken as log-normal around the tool's past, with a thin long tail: now and then a run is
not like the others. A look at Wiro costs a call; not looking costs delay once the run has ended. So the
next look is due when the delay that waiting longer costs *on average* reaches the price of a look: long
before the plausible end that takes seconds, in the midst of it half a second, and far beyond it the looks
grow rare again.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

HONEST_RUNS = 5
"""With fewer runs behind it an expected end is a guess, and is not shown."""

TAIL_SHARE = 0.03
"""Share of the runs that may take any longer time."""

LOOK_PRICE = 0.04
"""What one look costs in seconds of delay, as a share of the past's spread: about four looks a run."""

SHORTEST_LOOK_S = 0.2
LONGEST_LOOK_S = 60.0

PRIOR_SPREAD = 0.5
PRIOR_WEIGHT = 0.3
"""With little past the spread leans towards half the duration; twenty runs hardly notice."""

LEAST_SPREAD = 0.02

STEPS_A_SPREAD = 12
"""Resolution of the sum in `next_look_s`."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """How long runs like this one take."""

    median_s: float
    spread: float
    """Standard deviation of the duration's logarithm."""
    runs: int = 0
    """How many runs it is drawn from."""

    @classmethod
    def of(cls, durations_s: Sequence[float], *, otherwise_s: float) -> Self:
        """Draw it from past durations; from `otherwise_s` alone while there are none."""
        logs = [math.log(duration_s) for duration_s in durations_s if duration_s > 0]
        if not logs:
            return cls(median_s=otherwise_s, spread=PRIOR_SPREAD)
        middle = statistics.median(logs)
        degrees = len(logs) - 1
        variance = _variance_around(middle, logs)
        blended = (degrees * variance + PRIOR_WEIGHT * PRIOR_SPREAD**2) / (degrees + PRIOR_WEIGHT)
        return cls(median_s=math.exp(middle), spread=max(LEAST_SPREAD, math.sqrt(blended)), runs=len(logs))

    @property
    def is_honest(self) -> bool:
        """There is enough past to show an expected end."""
        return self.runs >= HONEST_RUNS

    @property
    def p90_s(self) -> float:
        """Nine of ten runs are shorter."""
        return self.quantile_s(0.9)

    def quantile_s(self, share: float) -> float:
        """The duration that `share` of the runs do not pass (the long tail aside)."""
        return self.median_s * math.exp(self.spread * statistics.NormalDist().inv_cdf(share))

    def remaining_s(self, age_s: float) -> float | None:
        """What is left at that age: to the median, later to the 90th percentile; None beyond or unknown."""
        if not self.is_honest:
            return None
        return next((end_s - age_s for end_s in (self.median_s, self.p90_s) if end_s > age_s), None)

    def share_still_running(self, age_s: float) -> float:
        """The share of runs that last longer than `age_s`."""
        if age_s <= 0:
            return 1.0
        usual = 0.5 * math.erfc(math.log(age_s / self.median_s) / (self.spread * math.sqrt(2)))
        tail = min(1.0, self.median_s / age_s)
        return (1 - TAIL_SHARE) * usual + TAIL_SHARE * tail

    def next_look_s(self, age_s: float) -> float:
        """How long to wait, at that age of a run, before asking whether it has ended."""
        price_s = LOOK_PRICE * self.spread * self.median_s
        step_s = self.spread * self.median_s / STEPS_A_SPREAD
        running_now = self.share_still_running(age_s)
        wait_s = delay_s = ended_before = 0.0
        while delay_s < price_s and wait_s < LONGEST_LOOK_S:
            wait_s += step_s
            ended = 1 - self.share_still_running(age_s + wait_s) / running_now
            delay_s += step_s * (ended_before + ended) / 2
            ended_before = ended
        return min(LONGEST_LOOK_S, max(SHORTEST_LOOK_S, wait_s))

    def overdue_look_s(self, age_s: float) -> float:
        """The same beside a socket that tells of the end: only once it is overdue, then ever rarer."""
        overdue_s = self.quantile_s(0.99) * 1.5 + 5
        return overdue_s - age_s if age_s < overdue_s else min(LONGEST_LOOK_S, max(10.0, age_s / 4))


def _variance_around(middle: float, logs: Sequence[float]) -> float:
    """Variance in which a single far-off run counts no more than one three deviations away."""
    deviations = [abs(value - middle) for value in logs]
    reach = 3 * 1.4826 * statistics.median(deviations)
    return sum(min(deviation, reach) ** 2 for deviation in deviations) / max(1, len(logs) - 1)
