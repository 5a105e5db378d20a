"""Whatever happens in whatever order: counters are the sums of entries, and jobs only take legal edges.

A schedule is drawn from a seed, so a failing one is replayed by its number.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.errors import StoreError, UserError
from bot.model import EDGES, CancelBy, Job, JobState, Output, Reason
from bot.store import jobs, ledger, line, processes, tables
from tests.support.clock import START
from tests.support.store import GUILD, USER, Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IMAGE_CAP, TASK_CAP, BUDGET, LIMIT = 40, 4, 60_000, 3
KEPT_TO_DONE = (JobState.KEPT, JobState.DONE)
STEPS = 150


class Schedule:
    """Two processes and three members on one connection; every unit is a transaction."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        self.bench = Bench(None)  # type: ignore[arg-type]  # only its values are used
        self.now = START
        self.refused = 0
        with self.engine.begin() as conn:
            tables.METADATA.create_all(conn)
            self.owners = [processes.register(conn, self.now) for _ in range(2)]

    def run(self, unit: Callable[[sa.Connection], Any]) -> Any:
        """The unit's result; None when it refused, and then it had no effect."""
        self.now += timedelta(seconds=1)
        try:
            with self.engine.begin() as conn:
                return unit(conn)
        except (StoreError, UserError):
            self.refused += 1
            return None

    def read(self, query: sa.Select[Any]) -> list[Any]:
        """Every row."""
        with self.engine.connect() as conn:
            return list(conn.execute(query).all())

    def pick(self) -> Job | None:
        """Mostly a job that is not over; None while there is none at all."""
        ids = self.read(sa.select(tables.job.c.id, tables.job.c.ended_at))
        alive = [row.id for row in ids if row.ended_at is None]
        among = alive if alive and self.random.random() < 0.85 else [row.id for row in ids]
        if not among:
            return None
        job_id = self.random.choice(among)
        job: Job = self.run(lambda conn: jobs.get(conn, job_id))
        return job

    def owner_of(self, job: Job) -> int:
        """Mostly its owner."""
        return job.owner if job.owner and self.random.random() < 0.9 else self.random.choice(self.owners)

    def step(self) -> None:
        """One thing happens."""
        alone = (self.accept, self.claim, self.crash)
        if self.random.random() < 0.4:
            self.random.choices(alone, weights=(5, 5, 1))[0]()
            return
        job = self.pick()
        if job is not None:
            what = (
                self.start,
                self.finish,
                self.end,
                self.doubt,
                self.give_back,
                self.want_stop,
                self.find_late,
            )
            self.random.choices(what, weights=(6, 6, 5, 2, 2, 1, 2))[0](job)

    def accept(self) -> None:
        member, images = self.random.randrange(3), self.random.choice([0, 1, 4])
        new = self.bench.new(user_id=USER + member, guild_id=GUILD + member % 2, images=images)
        holds = self.bench.holds(new, cap=IMAGE_CAP, tasks=TASK_CAP, budget_nano_usd=BUDGET)
        job = self.run(lambda conn: jobs.accept(conn, new, holds, now=self.now))
        if job is not None and self.random.random() < 0.9:
            self.run(lambda conn: jobs.show_card(conn, job.id, job.id, now=self.now))

    def claim(self) -> None:
        def choose(view: line.LineView) -> line.Choice:
            head = min(view.heads, key=lambda it: (it.server_time, it.member_time, it.waiting_since))
            return line.Choice(job_id=head.job_id, server_charge=10, member_charge=10)

        me = self.random.choice(self.owners)
        self.run(
            lambda conn: line.claim_next(conn, owner=me, now=self.now, choose=choose, max_concurrent=LIMIT)
        )

    def crash(self) -> None:
        """One process dies, a new one takes all over."""
        dead = self.random.randrange(2)

        def take_over(conn: sa.Connection) -> int:
            me = processes.register(conn, self.now)
            processes.retire(conn, self.owners[dead], self.now)
            processes.take_over(conn, me, self.now, 3600)
            return me

        self.owners[dead] = self.run(take_over)

    def give_back(self, job: Job) -> None:
        me, doubtful = self.owner_of(job), job.state is JobState.DOUBTFUL
        self.run(
            lambda conn: jobs.return_to_line(
                conn, job.id, me, self.now, None, "code 96", out_of_doubt=doubtful
            )
        )

    def doubt(self, job: Job) -> None:
        self.run(lambda conn: jobs.begin_doubt(conn, job.id, self.owner_of(job), self.now))

    def start(self, job: Job) -> None:
        task = f"task-{self.random.randrange(1000)}"  # now and then one that another job has
        self.run(lambda conn: jobs.started(conn, job.id, self.owner_of(job), task, None, self.now))

    def finish(self, job: Job) -> None:
        cost, outputs = self.random.choice([None, 0, 500, 9_000]), [Output(url="u", name="n")]
        self.run(
            lambda conn: jobs.outputs_known(
                conn, job.id, self.owner_of(job), outputs, self.now, cost, self.now
            )
        )

    def end(self, job: Job) -> None:
        ends = sorted(state for state in EDGES[job.state] if state.has_ended)
        if not ends:
            return
        options: dict[str, Any] = {
            "state": self.random.choice(ends),
            "owner": self.owner_of(job) if job.owner else None,
            "task_existed": self.random.random() < 0.7,
            "cost_nano_usd": self.random.choice([None, 700]),
            "images_made": self.random.randint(0, job.images),
        }
        self.run(lambda conn: jobs.end_job(conn, job.id, expected=job.state, now=self.now, **options))

    def want_stop(self, job: Job) -> None:
        by = self.random.choice(list(CancelBy))
        self.run(
            lambda conn: jobs.want_stop(
                conn, job.id, by=by, user_id=1, reason=None, now=self.now, end_reason=Reason.NO_ACCESS
            )
        )

    def find_late(self, job: Job) -> None:
        cost = self.random.choice([None, 0, 300])
        self.run(
            lambda conn: jobs.book_late_task(
                conn, job.id, f"late-{job.id}", action="killed", cost_nano_usd=cost, now=self.now
            )
        )

    def check(self) -> None:
        """What holds after every step."""
        assert self.run(ledger.check) == []
        self.check_caps()
        self.check_line()
        self.check_owners()

    def check_caps(self) -> None:
        caps = {"image": IMAGE_CAP, "task": TASK_CAP, "training": IMAGE_CAP}
        counter = tables.quota_counter
        for row in self.read(sa.select(counter)):
            assert 0 <= row.held <= row.held + row.settled <= caps[row.unit]

    def check_line(self) -> None:
        counts = self.run(jobs.count_by_state)
        assert sum(count for state, count in counts.items() if state.at_wiro) <= LIMIT
        assert self.read(sa.select(tables.line_clock).where(tables.line_clock.c.time < 0)) == []

    def check_owners(self) -> None:
        for state, owner in self.read(sa.select(tables.job.c.state, tables.job.c.owner)):
            carried = not state.has_ended and state is not JobState.WAITING
            assert (owner in self.owners) if carried else owner is None

    def edges(self) -> Iterator[tuple[JobState | None, JobState]]:
        """Every edge that was taken; the events of a job must be one chain that leads to its state."""
        event = tables.job_event
        at: dict[int, JobState] = {}
        for row in self.read(sa.select(event).order_by(event.c.id)):
            assert at.get(row.job_id) == row.from_state
            at[row.job_id] = row.to_state
            yield row.from_state, row.to_state
        assert at == {row.id: row.state for row in self.read(sa.select(tables.job.c.id, tables.job.c.state))}


@pytest.fixture(scope="module")
def taken() -> Counter[tuple[JobState | None, JobState]]:
    """Edges over all schedules, to see that they went everywhere."""
    return Counter()


@pytest.mark.parametrize("seed", range(10))
def test_any_schedule_keeps_books_and_edges_right(
    seed: int, taken: Counter[tuple[JobState | None, JobState]]
) -> None:
    schedule = Schedule(seed)
    for _ in range(STEPS):
        schedule.step()
        schedule.check()
    edges = list(schedule.edges())
    schedule.engine.dispose()
    for before, after in edges:
        if before is None:
            assert after is JobState.WAITING
        else:
            assert after in EDGES[before]
            assert not before.has_ended or (before, after) == KEPT_TO_DONE
    taken.update(edges)
    assert schedule.refused > 0


def test_the_schedules_went_over_every_edge(taken: Counter[tuple[JobState | None, JobState]]) -> None:
    if sum(taken.values()) < 10 * 50:
        pytest.skip("only with all schedules of this file in one process")
    every = {(before, after) for before, follow in EDGES.items() for after in follow}
    assert every - set(taken) == set()
