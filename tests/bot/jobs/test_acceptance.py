"""What must hold of quotas: many commands of one member at once, in one process and in three."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.clock import SystemClock
from bot.errors import BudgetRefused, LimitRefused, QuotaRefused, RuleRefused, TooSoon
from bot.limits import Bonus, Limit, Standing, Target
from bot.model import JobState, MoneyScope, Output, Unit
from bot.quota.policy import quota_windows
from bot.quota.windows import day_window, next_month
from bot.store import grants, ledger, limits, migrate, policies
from bot.store import jobs as units
from bot.store.database import Database
from tests.support.clock import START
from tests.support.limits import instance_of
from tests.support.postgres import fresh_database
from tests.support.project import ROOT
from tests.support.store import Bench, empty_all
from tests.support.workshop import GUILD, USER, Rig, open_rig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.support.clock import ManualClock

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
ROLE, MODERATOR = 51, 790
A_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def migrated_postgres(postgres_url: str) -> Iterator[str]:
    """One migrated database for all tests here: migrating takes longer than most of them."""
    with fresh_database(postgres_url) as url:
        migrate.upgrade(url, SystemClock())
        yield url


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest, migrated_file: Path, tmp_path: Path) -> str:
    """Address of a migrated database of each engine; PostgreSQL's is shared and may not be empty."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("migrated_postgres")
        return url
    shutil.copy(migrated_file, tmp_path / "atelier.db")
    return f"sqlite:///{tmp_path}/atelier.db"


@pytest.fixture
async def rig(store_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Rig]:
    """The jobs' side on each engine."""
    if store_url.startswith("postgresql"):
        await empty(store_url)
    async with open_rig(store_url, tmp_path, clock) as made:
        yield made


async def empty(url: str) -> None:
    async with Database.open(url, clock=SystemClock()) as db:
        await db.write(empty_all)


async def ask(rig: Rig, samples: int, **changes: Any) -> Any:
    """The job of one command, or what refused it."""
    try:
        return await rig.ask(images=samples, inputs={"samples": samples}, **changes)
    except RuleRefused as refusal:
        return refusal


async def images(db: Database, at: datetime) -> tuple[int, int]:
    """How many images the member has held and settled in the day of that time."""
    windows: dict[Unit, str] = {Unit.IMAGE: day_window(at)}
    usage = await db.read(partial(ledger.usage, user_id=USER, guild_id=GUILD, windows=windows))
    assert usage.here == usage.everywhere
    return usage.here[Unit.IMAGE].held, usage.here[Unit.IMAGE].settled


@pytest.mark.parametrize(
    ("samples", "at_once", "run", "refused_for"),
    [(1, 20, 5, Unit.IMAGE), (4, 20, 1, Unit.IMAGE), (1, 3, 3, Unit.TASK)],
    ids=["one image each", "four images each", "three tasks at once"],
)
async def test_of_twenty_commands_at_once_as_many_run_as_the_quota_has_and_the_ledgers_balance(
    rig: Rig, samples: int, at_once: int, run: int, refused_for: Unit
) -> None:
    rig.instance = instance_of(images_per_day=5, concurrent_tasks=at_once)
    async with rig.process():
        answers = await asyncio.gather(*(ask(rig, samples) for _ in range(20)))
        jobs = [each for each in answers if not isinstance(each, RuleRefused)]
        refusals = [each for each in answers if isinstance(each, RuleRefused)]
        assert (len(jobs), len(refusals)) == (run, 20 - run)
        assert {each.unit for each in refusals if isinstance(each, QuotaRefused)} == {refused_for}
        assert await images(rig.db, rig.clock.now()) == (run * samples, 0)
        assert await rig.db.read(ledger.check) == []
        await rig.until_all(jobs, JobState.DONE)
        assert await images(rig.db, rig.clock.now()) == (0, run * samples)
        assert await rig.db.read(ledger.check) == []


async def test_five_that_still_wait_at_midnight_are_booked_to_yesterday(rig: Rig) -> None:
    rig.instance = instance_of(images_per_day=5, concurrent_tasks=20)
    rig.options["max_concurrent"] = 1
    midnight = START.replace(hour=0, minute=0, second=0, microsecond=0) + A_DAY
    await rig.clock.advance((midnight - START).total_seconds() - 2)
    async with rig.process():
        before = [await ask(rig, 1) for _ in range(5)]
        assert isinstance(await ask(rig, 1), QuotaRefused)
        assert sum(job.state is JobState.WAITING for job in await rig.jobs(before)) >= 4
        await rig.until_all(before, JobState.DONE)
        assert rig.clock.now() > midnight
        assert await images(rig.db, midnight - A_DAY) == (0, 5)
        assert await images(rig.db, midnight) == (0, 0)
        after = [await ask(rig, 1) for _ in range(5)]
        assert not any(isinstance(each, RuleRefused) for each in after)
        assert await images(rig.db, midnight) == (5, 0)
        assert await rig.db.read(ledger.check) == []


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("samples", "at_once", "accepted"),
    [(1, 20, 5), (4, 20, 1), (1, 3, 3)],
    ids=["one image each", "four images each", "three tasks at once"],
)
async def test_three_processes_that_accept_on_one_postgres_share_the_quota(
    migrated_postgres: str, samples: int, at_once: int, accepted: int
) -> None:
    await empty(migrated_postgres)
    told = await asyncio.to_thread(_accept_in_processes, migrated_postgres, samples, at_once)
    assert told == {"accepted": accepted, "quota": 20 - accepted}
    async with Database.open(migrated_postgres, clock=SystemClock()) as db:
        assert await images(db, START) == (accepted * samples, 0)
        assert await db.read(ledger.check) == []
        await _make_all(db, START + A_DAY)
        assert await images(db, START) == (0, accepted * samples)
        assert await images(db, START + A_DAY) == (0, 0)
        assert await db.read(ledger.check) == []


def _accept_in_processes(url: str, samples: int, at_once: int) -> dict[str, int]:
    """Twenty commands in three processes at the same moment."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [
                        *(sys.executable, "-m", "tests.support.acceptor", url),
                        *map(str, (first, count, samples, at_once)),
                        START.isoformat(),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ROOT,
                )
            )
            for first, count in ((10, 7), (20, 7), (30, 6))
        ]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline().strip() == "ready"
        told: Counter[str] = Counter()
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        for child in children:
            out, _ = child.communicate(timeout=30)
            assert child.returncode == 0
            told.update(json.loads(out.splitlines()[-1]))
    return dict(told)


async def _make_all(db: Database, at: datetime) -> None:
    """Bring every job to its images at that time."""
    bench = Bench(db, at)
    me = await bench.process()
    for job in await db.read(units.unfinished):
        await db.write(partial(units.show_card, job_id=job.id, message_id=job.id, now=at))
        assert await bench.claim(me, job.id, max_concurrent=99) is not None
        await db.write(
            partial(units.started, job_id=job.id, owner=me, task_id=f"t{job.id}", socket_token=None, now=at)
        )
        made = await db.write(
            partial(
                units.outputs_known,
                job_id=job.id,
                owner=me,
                outputs=[Output(url="https://cdn/0.png", name="0.png")],
                wiro_ended_at=at,
                cost_nano_usd=700,
                now=at,
            )
        )
        await bench.end(made, me, JobState.DONE, images_made=job.images, task_existed=True)


async def _rule(rig: Rig, target: Target, **amounts: int) -> None:
    said = {Limit[name]: amount for name, amount in amounts.items()}
    await rig.db.write(lambda conn: limits.set_rule(conn, target, said, by=MODERATOR, now=START))


async def test_a_rule_that_was_just_changed_holds_for_the_next_task(rig: Rig) -> None:
    async with rig.process():
        assert (await ask(rig, 2)).weight == 100
        await _rule(rig, Target.server(GUILD), SAMPLES=1, WEIGHT=50)
        refused = await ask(rig, 2)
        assert isinstance(refused, LimitRefused)
        assert (await ask(rig, 1)).weight == 50
        await _rule(rig, Target.role(GUILD, ROLE), SAMPLES=4, WEIGHT=300)
        assert isinstance(await ask(rig, 4), LimitRefused)
        held = await ask(rig, 4, standing=Standing(role_ids=frozenset({ROLE})))
        assert held.weight == 300
    assert rig.heard.refusals == ["limit", "limit"]


async def test_a_bonus_lets_more_run_until_it_ends(rig: Rig) -> None:
    rig.instance = instance_of(images_per_day=2, concurrent_tasks=9, ceilings={Limit.IMAGES_PER_DAY: 9})
    until = rig.clock.now() + timedelta(hours=1)
    bonus = Bonus(unit=Unit.IMAGE, amount=2, until=until, window=day_window(until))
    who: dict[str, Any] = {
        "guild_id": GUILD,
        "user_id": USER,
        "by": MODERATOR,
        "why": None,
        "now": rig.clock.now(),
    }
    async with rig.process():
        await ask(rig, 2)
        assert isinstance(await ask(rig, 1), QuotaRefused)
        await rig.db.write(partial(grants.grant, bonus=bonus, **who))
        assert not isinstance(await ask(rig, 1), RuleRefused)
        await rig.clock.advance(3_600)
        assert isinstance(await ask(rig, 1), QuotaRefused)


async def test_after_a_reset_the_day_begins_anew_up_to_the_instances_ceiling(rig: Rig) -> None:
    rig.instance = instance_of(images_per_day=2, ceilings={Limit.IMAGES_PER_DAY: 4})
    async with rig.process():
        await rig.until(await ask(rig, 2), JobState.DONE)
        assert isinstance(await ask(rig, 1), QuotaRefused)
        now = rig.clock.now()
        windows: dict[Unit, str] = {
            unit: window for unit, window in quota_windows(now).items() if unit is not Unit.TASK
        }
        who: dict[str, Any] = {"guild_id": GUILD, "user_id": USER, "by": MODERATOR, "why": None, "now": now}
        await rig.db.write(partial(grants.reset, windows=windows, **who))
        await rig.until(await ask(rig, 2), JobState.DONE)
        await rig.db.write(partial(grants.reset, windows=windows, **who))
        refused = await ask(rig, 1)
        assert isinstance(refused, QuotaRefused)
        assert (refused.used, refused.cap) == (4, 4)
        assert await rig.db.read(ledger.check) == []


async def test_of_two_tasks_at_once_under_a_pause_one_is_refused(rig: Rig) -> None:
    await rig.db.write(lambda conn: policies.choose(conn, GUILD, "cooldown_s", 60, by=MODERATOR, now=START))
    async with rig.process():
        answers = await asyncio.gather(*(ask(rig, 1) for _ in range(4)))
        assert sum(isinstance(each, TooSoon) for each in answers) == 3
        await rig.clock.advance(60)
        assert not isinstance(await ask(rig, 1), RuleRefused)
    assert rig.heard.refusals == ["cooldown"] * 3


@pytest.mark.parametrize(
    ("scope", "target", "name"),
    [
        (MoneyScope.MEMBER, Target.member(GUILD, USER), "MONEY_PER_MONTH"),
        (MoneyScope.ROLE, Target.role(GUILD, ROLE), "SHARED_PER_DAY"),
        (MoneyScope.SERVER, Target.server(GUILD), "SHARED_PER_MONTH"),
    ],
)
async def test_the_money_of_a_member_a_role_and_a_server_runs_out(
    rig: Rig, scope: MoneyScope, target: Target, name: str
) -> None:
    standing = Standing(role_ids=frozenset({ROLE}))
    async with rig.process():
        estimate = (await ask(rig, 1, standing=standing)).estimate_nano_usd
        # What was spent before counts, but for a role: its money is counted from when it has a cap.
        spent = 0 if scope is MoneyScope.ROLE else estimate
        await _rule(rig, target, **{name: spent + estimate})
        assert not isinstance(await ask(rig, 1, standing=standing), RuleRefused)
        refused = await ask(rig, 1, standing=standing)
        assert isinstance(refused, BudgetRefused)
        assert refused.scope is scope
        assert await rig.db.read(ledger.check) == []


async def test_who_has_spent_the_month_is_told_to_come_back_next_month(rig: Rig) -> None:
    await _rule(rig, Target.member(GUILD, USER), MONEY_PER_DAY=1, MONEY_PER_MONTH=1)
    async with rig.process():
        refused = await ask(rig, 1)
    assert isinstance(refused, BudgetRefused)
    assert refused.back_at == next_month(rig.clock.now())
    assert refused.message.startswith("Your spending limit here is reached")
