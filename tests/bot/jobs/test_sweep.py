"""The chores."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bot.jobs.refusals import Shut
from bot.model import JobState, Reason
from bot.store import line, tables

if TYPE_CHECKING:
    from tests.support.workshop import Rig


def held_at_all(conn: sa.Connection) -> list[int]:
    """What is held of quota and of money, whoever's."""
    counters = (tables.quota_counter, tables.money_counter)
    return [conn.execute(sa.select(sa.func.sum(counter.c.held))).scalar_one() for counter in counters]


async def test_interaction_tokens_are_erased_when_they_are_dead(rig: Rig) -> None:
    rig.wiro.lives_s = 1000
    async with rig.process():
        job = await rig.ask()
        await rig.pass_time(14 * 60)
        assert (await rig.job(job)).interaction_token is not None
        await rig.pass_time(90)
        assert (await rig.job(job)).interaction_token is None


async def test_a_private_card_says_once_where_the_result_will_come_before_its_token_dies(rig: Rig) -> None:
    rig.wiro.lives_s = 1000
    async with rig.process():
        private = await rig.ask(private=True)
        await rig.ask()
        await rig.pass_time(13 * 60)
        assert rig.stage.farewells == []
        await rig.pass_time(110)
        assert [job.id for job in rig.stage.farewells] == [private.id]


@pytest.mark.parametrize(("gate", "why"), [(line.ACCOUNT, Shut.AUTH), ("portraitplus", Shut.BALANCE)])
async def test_a_job_that_waited_for_a_day_ends_and_is_released(rig: Rig, gate: str, why: Shut) -> None:
    async with rig.process():
        until = rig.clock.now() + timedelta(days=2)
        await rig.db.write(
            lambda conn: line.close_gate(conn, gate, until=until, why=why.value, now=rig.clock.now())
        )
        job = await rig.ask()
        assert all(await rig.db.read(held_at_all))
        rig.clock.jump(24 * 3600)
        await rig.pass_time(70)
        ended = await rig.job(job)
    assert (ended.state, ended.reason) == (JobState.FAILED, Reason.WAITED_TOO_LONG)
    card = rig.stage.card(job)
    assert card is not None
    assert card.job.reason is Reason.WAITED_TOO_LONG
    assert await rig.db.read(held_at_all) == [0, 0]
