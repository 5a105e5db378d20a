"""The suite finds bugs: each of these is planted into the bot, and a promise is seen to be broken.

A short course of events shows each in every run of the tests, and nothing without it; that drawn courses show
it too, unless it takes thousands of them, is seen in the whole suite.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, seed, settings

from bot.errors import BudgetRefused
from bot.jobs import delivery, desk, submit, tracker
from bot.jobs.late import LateFinder
from bot.jobs.ports import Way
from bot.jobs.recovery import Recovery
from bot.jobs.refusals import Back, Shut
from bot.store import auditing, ledger, line
from bot.ui.courier import SETTLE_TIMEOUT_S, Courier
from bot.ui.messages import Outgoing
from bot.ui.stage import DiscordStage
from tests.faults.sim import schedule
from tests.faults.sim.schedule import (
    SCHEDULES,
    Ask,
    Discord,
    Fate,
    Outage,
    Remove,
    Schedule,
    Stop,
    Terminate,
    Wait,
    Wiro,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.jobs.ports import Put
    from bot.model import Job

ENOUGH = 400
"""Drawn courses in which each of them must be found."""


@dataclass(frozen=True)
class Plant:
    """A bug, what it breaks, and a course of events that shows it."""

    plant: Callable[[pytest.MonkeyPatch], None]
    breaks: str
    course: Schedule
    is_rare: bool = False
    """Not among the first few hundred drawn courses is one that shows it."""


def _forget_holds(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "hold", lambda *_given, **_more: None)


def _release_when_settling(patch: pytest.MonkeyPatch) -> None:
    resolve = ledger._resolve
    patch.setattr(ledger, "_resolve", lambda entry, _used, now: resolve(entry, None, now))


def _settle_at_the_estimate(patch: pytest.MonkeyPatch) -> None:
    settle = ledger.settle

    def settled(conn: Any, job: Job, **facts: Any) -> None:
        settle(conn, replace(job, cost_nano_usd=job.estimate_nano_usd), **facts)

    patch.setattr(ledger, "settle", settled)


def _swallow_refusals(patch: pytest.MonkeyPatch) -> None:
    reserve = ledger._reserve_money

    def reserved(conn: Any, money: Any) -> None:
        with suppress(BudgetRefused):
            reserve(conn, money)

    patch.setattr(ledger, "_reserve_money", reserved)


def _run_again_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(submit, "after_failed_run", lambda _error: Back(Shut.RATE))


def _repeat_progress(patch: pytest.MonkeyPatch) -> None:
    async def written(stage: DiscordStage, job: Job, facts: Any) -> bool:
        message = Outgoing(view=stage._card(job, facts))
        await stage._courier.put_on_card(job, message, timeout_s=SETTLE_TIMEOUT_S)
        return True

    patch.setattr(DiscordStage, "_write_once", written)


def _sweep_nothing(patch: pytest.MonkeyPatch) -> None:
    async def swept(_finder: LateFinder) -> int:
        return 0

    patch.setattr(LateFinder, "sweep", swept)


def _post_without_looking(patch: pytest.MonkeyPatch) -> None:
    async def found(*_given: Any) -> None:
        return None

    put_into = Courier.put_into

    async def put(courier: Courier, channel_id: int, message: Outgoing, *, timeout_s: float) -> Put:
        return await put_into(courier, channel_id, replace(message, nonce=None), timeout_s=timeout_s)

    patch.setattr(DiscordStage, "find_result", found)
    patch.setattr(Courier, "put_into", put)


def _publish_what_is_private(patch: pytest.MonkeyPatch) -> None:
    put_anew = DiscordStage._put_anew

    async def put(stage: DiscordStage, job: Job, *given: Any) -> Put:
        return await put_anew(stage, replace(job, private=False), *given)

    patch.setattr(DiscordStage, "_put_anew", put)
    patch.setattr(delivery, "ways_without_card", lambda *_given: (Way.CHANNEL, Way.DM))


def _show_what_was_stopped(patch: pytest.MonkeyPatch) -> None:
    for module in (delivery, tracker):
        patch.setattr(module, "is_withheld", lambda _job: False)


def _write_no_audit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(auditing, "note_on_job", lambda *_given, **_more: None)


def _claim_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(line, "_limit", lambda *_given: 50)


def _leave_orphans(patch: pytest.MonkeyPatch) -> None:
    async def taken(_recovery: Recovery) -> int:
        return 0

    patch.setattr(Recovery, "take_over", taken)


def _leave_cards(patch: pytest.MonkeyPatch) -> None:
    async def settled(_recovery: Recovery) -> None:
        return None

    patch.setattr(Recovery, "settle_cards", settled)


def _tell_the_token(patch: pytest.MonkeyPatch) -> None:
    accept = desk.Desk._store

    async def stored(self: desk.Desk, new: Any, *given: Any) -> Job:
        desk.log.info("storing", token=new.interaction_token)
        return await accept(self, new, *given)

    patch.setattr(desk.Desk, "_store", stored)


PLANTED = {
    "a hold is lost": Plant(_forget_holds, "images are counted for", Schedule((Ask(),))),
    "a hold is given back where it should be settled": Plant(
        _release_when_settling, "images are counted for", Schedule((Ask(),))
    ),
    "money is settled at the estimate": Plant(
        _settle_at_the_estimate, "is booked by day, Wiro charged", Schedule((Ask(),))
    ),
    "a unit swallows a refusal": Plant(_swallow_refusals, "ledger: Difference", Schedule((Ask(),) * 4)),
    "Run is sent again when its answer is lost": Plant(
        _run_again_at_once, "tasks were run twice", Schedule((Wiro("run", "lost"), Ask()))
    ),
    "more is sent to Wiro than the operator allows": Plant(
        _claim_all, "tasks ran at once", Schedule((Ask(), Ask(), Ask(member=1)))
    ),
    "progress edits are repeated": Plant(
        _repeat_progress,
        "and its card says",
        Schedule((Ask(), Wait(4.9), Discord("edit", "late"), Wait(5.0))),
    ),
    "the sweep forgets": Plant(
        _sweep_nothing,
        "has no owner",
        Schedule((Wiro("run", "lost"), *[Wiro("tasks", "bare")] * 4, Ask(), Wait(12.0), Stop(), Wait(95.0))),
        is_rare=True,
    ),
    "a result is posted without looking for the first": Plant(
        _post_without_looking,
        "its images are in 2 messages",
        Schedule((Ask(), Wait(5.0), Remove(), Discord("create", "lost"), Wait(6.0))),
        is_rare=True,
    ),
    "a private result goes into the channel": Plant(
        _publish_what_is_private,
        "is private, and a message in a channel shows or names it",
        Schedule((Ask(private=True), Wait(5.0), Remove())),
    ),
    "what a moderator stopped is shown": Plant(
        _show_what_was_stopped,
        "was stopped by a moderator, and its images were shown later",
        Schedule((Fate("stubborn"), Ask(), Stop(by_moderator=True), Wait(12.0))),
    ),
    "a moderator's stop is not in the audit": Plant(
        _write_no_audit, "in the audit: {}", Schedule((Ask(), Stop(by_moderator=True)))
    ),
    "a restart takes nothing over": Plant(
        _leave_orphans, "is still running", Schedule((Ask(), Wait(1.0), Terminate()))
    ),
    "a restart leaves cards as they are": Plant(
        _leave_cards,
        "and its card says",
        Schedule((Ask(), Wait(1.0), Outage("discord", 40.0), Stop(), Wait(6.0), Terminate())),
    ),
    "a token is logged": Plant(_tell_the_token, "a log line tells a secret", Schedule((Ask(),))),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_breaks_its_promise(name: str, image: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = PLANTED[name]
    assert schedule.run(planted.course, image) == []

    planted.plant(monkeypatch)

    assert planted.breaks in "\n".join(schedule.run(planted.course, image))


@pytest.mark.whole
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name, planted in PLANTED.items() if not planted.is_rare])
def test_drawn_courses_find_a_planted_bug(name: str, image: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = PLANTED[name]
    planted.plant(monkeypatch)

    @seed(0)
    @settings(max_examples=ENOUGH, database=None, phases=[Phase.generate])
    @given(SCHEDULES)
    def does_not_show(course: Schedule) -> None:
        assert planted.breaks not in "\n".join(schedule.run(course, image))

    with pytest.raises(AssertionError):
        does_not_show()
