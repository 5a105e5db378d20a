"""Courses of events that once broke a promise, as they were found and shrunk."""

from __future__ import annotations

import pytest

from tests.faults.sim import schedule
from tests.faults.sim.schedule import (
    Ask,
    Database,
    Discord,
    Fate,
    Freeze,
    Kill,
    Schedule,
    Stop,
    Terminate,
    Wait,
)

FOUND = {
    "stopped before its card was there, so that nobody wrote the end into it": Schedule(
        (Ask(member=0, private=True), Ask(member=0), Stop(job=0)), pace=33
    ),
    "stopped while nobody knew whether it had a card": Schedule(
        (Discord("callback", "lost"), *[Discord("read", "down")] * 4, Ask(), Stop(job=0), Wait(16.0))
    ),
    "claimed by a commit that was not heard of, and then nobody's": Schedule(
        (Database("unknown-done", after=2), Ask(), Wait(5.0))
    ),
    "an errand begun by a command while the process stopped": Schedule(
        (Ask(private=True), Ask(member=1), Stop(job=1), Terminate()), pace=36
    ),
    "given up by one delivery of its interaction, and shown by the other": Schedule(
        (Discord("callback", "down"), Ask(times=2), Wait()), pace=1
    ),
    "taken over by a commit that was not heard of, and then nobody's": Schedule(
        (Ask(), Wait(1.0), Kill(), Database("unknown-done", after=1), Stop(), Wait(5.0))
    ),
    "stopped while a frame of its card was on its way": Schedule(
        (Ask(), Wait(4.9), Discord("edit", "late"), Wait(0.2), Stop())
    ),
    "shown by a process that was paused while another one ended it": Schedule(
        (Ask(), Ask(), Freeze(40.0)), processes=2
    ),
    "ended by the heir of a process that was paused, and seen to end by both": Schedule(
        (Fate("cancelled"), Ask(), Wait(1.0), Stop(), Freeze(31.0), Wait(5.0)), processes=2
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once_is_mended(name: str, image: bytes) -> None:
    assert schedule.run(FOUND[name], image) == []
