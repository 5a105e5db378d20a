"""The line at one moment, with everybody's place in it and that of somebody who would join. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from bot.jobs.ports import Place
from bot.jobs.queueing import starts_s, turns
from bot.jobs.refusals import UNTOLD, Shut
from bot.store.line import ACCOUNT, WaitingJob

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.model import Job
    from bot.store.line import Gate


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What places are told from."""

    at: datetime
    waiting: Sequence[WaitingJob]
    busy_for_s: Sequence[float]
    """How long each job at Wiro will still take."""
    places_at_wiro: int
    runs_s: Mapping[str, float]
    """How long a run of each tool takes."""
    gates: Mapping[str, Gate] = field(default_factory=dict)
    """By key. Who stands before a gate that was closed and not passed since cannot be told a time."""
    pauses: Mapping[int, str] = field(default_factory=dict)
    """The servers whose managers have paused their jobs, each with the reason."""

    @cached_property
    def order(self) -> Sequence[WaitingJob]:
        """The waiting jobs in turn, but for those that are held back."""
        return turns(job for job in self.waiting if not self._is_held(job))

    @cached_property
    def held(self) -> Sequence[WaitingJob]:
        """The jobs that others pass, because their server is paused or the gate of their tool is shut."""
        return [job for job in self.waiting if self._is_held(job)]

    @cached_property
    def places(self) -> Mapping[int, Place]:
        """Everybody's place, by job id."""
        return self._places_in(self.order) | self._places_in(turns(self.held))

    def place_of(self, job: Job) -> Place:
        """The place of a job, where it is or would be when it joined now."""
        known = self.places.get(job.id)
        if known is not None:
            return known
        newcomer = self._as_newcomer(job)
        others = self.held if self._is_held(newcomer) else self.order
        return self._places_in(turns([*others, newcomer]))[job.id]

    def _places_in(self, order: Sequence[WaitingJob]) -> dict[int, Place]:
        """Places among jobs that are all held back, or none of them."""
        starts: list[datetime | None] = [None] * len(order)
        if self._moves and not any(map(self._is_held, order[:1])):
            runs = [self.runs_s[job.tool] for job in order]
            seconds = starts_s(runs, self.busy_for_s, self.places_at_wiro)
            starts = [self.at + timedelta(seconds=start_s) for start_s in seconds]
        return {
            job.job_id: Place(
                ahead=ahead,
                as_of=self.at,
                expected_start=start,
                shut=self._shut(job),
                paused=self.pauses.get(job.guild_id),
            )
            for ahead, (job, start) in enumerate(zip(order, starts, strict=True))
        }

    @property
    def _moves(self) -> bool:
        account = self.gates.get(ACCOUNT)
        return account is None or account.is_open(self.at)

    def _is_held(self, job: WaitingJob) -> bool:
        gate = self.gates.get(job.tool)
        return job.guild_id in self.pauses or (gate is not None and gate.strikes > 0)

    def _shut(self, job: WaitingJob) -> Shut | None:
        gates = [self.gates.get(key) for key in (ACCOUNT, job.tool)]
        whys = (Shut(gate.why) for gate in gates if gate and gate.strikes and gate.why)
        return next((why for why in whys if why not in UNTOLD), None)

    def _as_newcomer(self, job: Job) -> WaitingJob:
        """The job as if it waited already: whoever joins begins where the least active one stands."""
        in_server = [each for each in self.waiting if each.guild_id == job.guild_id]
        return WaitingJob(
            job_id=job.id,
            guild_id=job.guild_id,
            user_id=job.user_id,
            tool=job.tool,
            is_training=job.images == 0,
            cost_nano_usd=max(1, job.estimate_nano_usd),
            weight=job.weight,
            waiting_since=job.created_at,
            not_before=None,
            server_time=min((each.server_time for each in in_server or self.waiting), default=0),
            member_time=min((each.member_time for each in in_server), default=0),
        )
