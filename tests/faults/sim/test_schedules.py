"""Whatever fails and whenever the process dies: one result or one reason each, paid for at most once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.jobs.ports import Denied, Gone, Put, TooLarge, Unknown, Way
from bot.model import CancelBy, JobState, Reason
from bot.store import ledger
from bot.wiro import (
    AnswerLost,
    ConcurrencyLimit,
    InsufficientBalance,
    NoTask,
    NotSent,
    RateLimited,
    ServiceUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model import Job
    from tests.support.workshop import Rig

DOWN: list[Callable[[], Exception]] = [
    lambda: ServiceUnavailable("503", status=503),
    lambda: RateLimited("429", retry_after_s=2),
]
REFUSALS: dict[str, list[Callable[[], Exception]]] = {
    "run": [
        *DOWN,
        lambda: AnswerLost("reset"),
        lambda: NotSent("refused"),
        lambda: ConcurrencyLimit("limit", 96, limit=2),
        lambda: InsufficientBalance("Insufficient balance", 97),
    ],
    "detail": [*DOWN, lambda: NoTask("There is no task yet.", 1)],
    "tasks": DOWN,
    "kill": DOWN,
    "cancel": DOWN,
    "download": DOWN,
}
PUTS: list[Put | tuple[Put, bool]] = [Unknown(), (Unknown(), True), Gone(), TooLarge()]
SHUT = Denied("403 50013 Missing Permissions")
ENDED = (JobState.DONE, JobState.KEPT, JobState.FAILED, JobState.CANCELLED)


class Chance:
    """What goes wrong in one schedule."""

    def __init__(self, seed: int, rig: Rig) -> None:
        self.rng = random.Random(seed)
        self.rig = rig

    def spoil(self) -> None:
        """Let some of the next calls fail."""
        rng, rig = self.rng, self.rig
        for name, errors in REFUSALS.items():
            rig.wiro.fails[name].extend(
                rng.choice(errors)() if rng.random() < 0.4 else None for _ in range(3)
            )
        rig.wiro.loses.extend(rng.choice(["answer", "late", None, None, None, None]) for _ in range(3))
        for way in (Way.CARD, Way.CHANNEL, Way.DM):
            puts = PUTS if way is Way.CARD else [*PUTS, SHUT]
            rig.stage.outcomes[way].extend(rng.choice(puts) if rng.random() < 0.3 else None for _ in range(2))
        rig.stage.looks_fail = rng.randrange(2)
        if rng.random() < 0.3:
            rig.wiro.events.drop()
        elif not rig.wiro.events.connected:
            rig.wiro.events.mend()

    def calm(self) -> None:
        """Let everything work from now on."""
        rig = self.rig
        rig.wiro.fails.clear()
        rig.stage.outcomes.clear()
        rig.wiro.loses.clear()
        rig.stage.looks_fail = 0
        rig.wiro.events.mend()

    async def some_life(self, jobs: list[Job]) -> None:
        """Ask for a few portraits, stop some, let some time pass."""
        rng, rig = self.rng, self.rig
        for _ in range(rng.randrange(1, 4)):
            self.spoil()
            jobs.append(await rig.ask(user_id=rng.randrange(1, 4), private=rng.random() < 0.3))
            await rig.pass_time(rng.choice([0, 0.3, 5, 14, 60]))
            if rng.random() < 0.25:
                job = rng.choice(jobs)
                by = rng.choice([CancelBy.OWNER, CancelBy.MODERATOR])
                await rig.desk.stop(job.code, by=by, user_id=job.user_id)


async def _live(rig: Rig, chance: Chance) -> list[Job]:
    """Three processes that die in the midst of their troubles, and a last one in calm."""
    jobs: list[Job] = []
    for _ in range(3):
        async with rig.process():
            await chance.some_life(jobs)
            await rig.crash()
        await rig.pass_time(chance.rng.choice([0, 3, 100]))
    chance.calm()
    async with rig.process():
        await rig.until_all(jobs, *ENDED, limit_s=20_000)
        await rig.pass_time(700)
    return await rig.jobs(jobs)


@pytest.mark.runs(short=12, whole=400)
async def test_one_result_or_one_reason_each_whatever_happens(rig: Rig, run: int) -> None:
    chance = Chance(run, rig)
    rig.wiro.late_s = 45
    rig.wiro.queued_s = chance.rng.choice([0, 0, 4])
    rig.with_socket = chance.rng.random() < 0.7
    with capture_logs() as logs:
        jobs = await _live(rig, chance)
    assert any(log["event"] == "accepted" for log in logs)
    assert await rig.db.read(ledger.check) == []
    assert [log for log in logs if log["log_level"] in {"error", "critical"}] == [], "no fault of ours"
    for job in jobs:
        results = rig.stage.results(job)
        if job.reason is not Reason.MODERATOR_STOPPED:  # it may have been shown before the kill
            assert len(results) == (1 if job.state is JobState.DONE else 0)
        assert (job.reason is None) == (job.state in {JobState.DONE, JobState.KEPT})
        assert not (job.private and any(message.way is Way.CHANNEL for message in results))
    owned = [job.task_id for job in jobs if job.task_id]
    assert len(owned) == len(set(owned))
    assert all(task.ended_at is not None for task in rig.wiro.tasks_by_id.values()), "nothing runs on unpaid"
