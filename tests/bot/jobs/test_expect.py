from __future__ import annotations

import math
import random
import statistics
from dataclasses import dataclass

import pytest

from bot.jobs.expect import LONGEST_LOOK_S, SHORTEST_LOOK_S, Expectation

MEAN_S, DEVIATION_S = 10.0, 1.5


@dataclass
class Tally:
    """Delay after the end and looks, over many runs."""

    lags_s: list[float]
    looks: list[int]

    def add(self, looks_at_s: list[float], end_s: float) -> None:
        self.lags_s.append(looks_at_s[-1] - end_s)
        self.looks.append(len(looks_at_s))

    @property
    def median_lag_s(self) -> float:
        return statistics.median(self.lags_s)

    @property
    def mean_looks(self) -> float:
        return statistics.mean(self.looks)


def _adaptive(past: Expectation, end_s: float) -> list[float]:
    looks = [past.next_look_s(0.0)]
    while looks[-1] < end_s:
        looks.append(looks[-1] + past.next_look_s(looks[-1]))
    return looks


def _every_three_seconds(end_s: float) -> list[float]:
    """As Wiro's own clients poll: at once, then every 3 s."""
    return [3.0 * number for number in range(math.ceil(end_s / 3) + 1)]


def _durations(rng: random.Random, count: int) -> list[float]:
    variance = math.log(1 + (DEVIATION_S / MEAN_S) ** 2)
    return [rng.lognormvariate(math.log(MEAN_S) - variance / 2, math.sqrt(variance)) for _ in range(count)]


def test_adaptive_looks_lag_a_third_of_a_fixed_poller_without_more_calls() -> None:
    """Log-normal 10 s ± 1.5 s, twenty runs of history that grows along, no socket."""
    rng = random.Random(20261121)
    ours, fixed = Tally([], []), Tally([], [])
    for _ in range(150):
        past = Expectation.of(_durations(rng, 20), otherwise_s=30)
        for end_s in _durations(rng, 4):
            ours.add(_adaptive(past, end_s), end_s)
            fixed.add(_every_three_seconds(end_s), end_s)
    assert ours.median_lag_s <= fixed.median_lag_s / 3
    assert ours.mean_looks <= fixed.mean_looks
    assert sorted(ours.lags_s)[int(0.99 * len(ours.lags_s))] < 3, "the early finishers wait no longer either"


def test_looks_are_sparse_before_dense_around_and_rare_after_the_plausible_end() -> None:
    past = Expectation(median_s=10, spread=0.15, runs=20)
    assert past.next_look_s(0) > 7
    assert past.next_look_s(10) < 1
    assert past.next_look_s(600) > 5


@pytest.mark.parametrize("age_s", [0, 0.1, 5, 10, 60, 3600, 86400])
@pytest.mark.parametrize("past", [Expectation(0.5, 0.02), Expectation(10, 0.5), Expectation(10800, 0.2)])
def test_every_wait_is_bounded(past: Expectation, age_s: float) -> None:
    assert SHORTEST_LOOK_S <= past.next_look_s(age_s) <= LONGEST_LOOK_S
    assert past.overdue_look_s(age_s) > 0


def test_beside_the_socket_a_usual_run_is_never_polled() -> None:
    past = Expectation.of(_durations(random.Random(3), 20), otherwise_s=30)
    assert past.overdue_look_s(0) > max(_durations(random.Random(4), 200))
    assert past.overdue_look_s(100) == 25


def test_without_a_past_the_tools_own_figure_speaks_and_no_end_is_promised() -> None:
    guess = Expectation.of([], otherwise_s=12)
    assert guess.median_s == 12
    assert not guess.is_honest
    assert guess.remaining_s(3) is None


def test_one_strange_run_does_not_spoil_the_past() -> None:
    usual = [9.5, 10, 10.5, 9.8, 10.2, 10.1, 9.9, 10.3, 9.7, 10]
    past = Expectation.of([*usual, 600], otherwise_s=30)
    assert past.median_s == pytest.approx(10, rel=0.02)
    assert past.p90_s < 14


def test_remaining_time_runs_to_the_median_then_to_the_ninetieth_percentile_then_is_unknown() -> None:
    past = Expectation(median_s=10, spread=0.15, runs=5)
    assert past.remaining_s(4) == pytest.approx(6)
    assert past.remaining_s(11) == pytest.approx(past.p90_s - 11)
    assert past.remaining_s(30) is None
