"""Whatever happens in whatever order: one result or one reason each, paid for once, and nothing left behind.

A failing course of events is shrunk and printed as Python; put it into `test_found.py`, where it is replayed.
"""

from __future__ import annotations

import pytest
from hypothesis import given, seed, settings

from tests.faults.sim import schedule
from tests.faults.sim.schedule import SCHEDULES, Schedule

SHORT_FORM, WHOLE_FORM = 40, 100
"""Schedules in a run."""


@pytest.mark.timeout(1800)
@pytest.mark.runs(short=1, whole=100)
def test_every_promise_holds_whatever_happens(image: bytes, run: int, request: pytest.FixtureRequest) -> None:
    examples = WHOLE_FORM if request.config.getoption("faults") else SHORT_FORM

    @seed(run)
    @settings(max_examples=examples, database=None)
    @given(SCHEDULES)
    def every_promise_holds(course: Schedule) -> None:
        assert schedule.run(course, image) == []

    every_promise_holds()
