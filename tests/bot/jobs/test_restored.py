"""A process on a database that was restored from a backup: nothing is paid twice, no result is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.jobs.job import LONGEST_WAIT, SWEEP_FOR
from bot.model import CancelBy, JobState, Reason
from bot.store import copies, ledger
from bot.store.restoring import reconcile
from tests.support.workshop import open_rig

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.clock import ManualClock
    from tests.support.workshop import Rig


async def test_what_was_done_since_the_backup_is_found_and_not_done_again(
    rig: Rig, tmp_path: Path, clock: ManualClock
) -> None:
    """One ran and one waited; both were finished after the backup. A third was cancelled by its owner."""
    rig.options["max_concurrent"] = 1
    async with rig.process():
        running = await rig.until(await rig.ask(user_id=1), JobState.RUNNING)
        waiting, unwanted = await rig.ask(user_id=2), await rig.ask(user_id=3)
        await asyncio.to_thread(copies.copy, tmp_path / "atelier.db", tmp_path / "restored.db")
        await rig.desk.stop(unwanted.code, by=CancelBy.OWNER, user_id=3)
        done = await rig.until_all([running, waiting], JobState.DONE)
    assert rig.wiro.runs == 2

    async with open_rig(f"sqlite:///{tmp_path}/restored.db", tmp_path, clock) as later:
        later.wiro, later.stage = rig.wiro, rig.stage
        now = clock.now()
        await later.db.write(
            lambda conn: reconcile(conn, now=now, follow_for=LONGEST_WAIT, sweep_for=SWEEP_FOR)
        )
        async with later.process():
            again = await later.until_all([running, waiting], JobState.DONE)
            forgotten = await later.until(unwanted, JobState.FAILED)
        balance = await later.db.read(ledger.check)
    assert rig.wiro.runs == 2, "nothing was paid again"
    assert [job.cost_nano_usd for job in again] == [job.cost_nano_usd for job in done]
    assert [job.task_id for job in again] == [job.task_id for job in done]
    assert all(len(rig.stage.results(job)) == 1 for job in done), "the same message, not a second one"
    assert forgotten.reason is Reason.LOST
    assert balance == []
