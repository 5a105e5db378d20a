"""Who is next, and when everybody's turn will come. Pure.

Start-time fair queueing in two levels, server then member: the least virtual time goes next, then the
longest wait, and a turn adds its cost to the server's clock and its cost by weight to the member's.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from bot.model import NORMAL_WEIGHT
from bot.store.line import ACCOUNT, Choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bot.store.line import LineView, WaitingJob


def choose(view: LineView, submitting_tools: frozenset[str] = frozenset()) -> Choice | None:
    """The job that goes to Wiro next; None when none may.

    Args:
        view: The line.
        submitting_tools: Tools for which Run is under way in this process. A gate that was closed lets one
        job
            pass to try it, and the others only when Wiro has taken that one.
    """
    account = view.gates.get(ACCOUNT)
    if account is not None and account.strikes and submitting_tools:
        return None
    heads = [head for head in view.heads if _may_pass(view, head, submitting_tools)]
    if not heads:
        return None
    guild_id = min(heads, key=lambda head: (head.server_time, head.waiting_since, head.job_id)).guild_id
    in_server = [head for head in heads if head.guild_id == guild_id]
    chosen = min(in_server, key=lambda head: (head.member_time, head.waiting_since, head.job_id))
    return Choice(
        job_id=chosen.job_id, server_charge=chosen.cost_nano_usd, member_charge=_member_charge(chosen)
    )


def _may_pass(view: LineView, head: WaitingJob, submitting_tools: frozenset[str]) -> bool:
    if not view.is_open(head.tool):
        return False
    gate = view.gates.get(head.tool)
    if gate is not None and gate.strikes and head.tool in submitting_tools:
        return False
    # One place is left to portraits where there are two: a training keeps its own for hours.
    return not head.is_training or view.limit < 2 or view.trainings_at_wiro + 1 < view.limit


def _member_charge(job: WaitingJob) -> int:
    return max(1, job.cost_nano_usd * NORMAL_WEIGHT // max(1, job.weight))


def turns(jobs: Iterable[WaitingJob]) -> list[WaitingJob]:
    """All waiting jobs in the order in which they will go, as far as nobody joins.

    Jobs that must still wait, and gates, are not thought of: the order is a promise of fairness, not of
    times.
    """
    servers = _Servers(jobs)
    order = []
    while (job := servers.next()) is not None:
        order.append(job)
    return order


class _Servers:
    """The two levels of clocks, run ahead."""

    def __init__(self, jobs: Iterable[WaitingJob]) -> None:
        self._lines: dict[tuple[int, int], deque[WaitingJob]] = defaultdict(deque)
        self._members: dict[int, list[tuple[int, datetime, int, tuple[int, int]]]] = defaultdict(list)
        servers: dict[int, WaitingJob] = {}
        for job in jobs:
            self._lines[job.guild_id, job.user_id].append(job)
            servers.setdefault(job.guild_id, job)
        for key, line in self._lines.items():
            self._push(key, line[0].member_time)
        self._heap = [
            (first.server_time, first.waiting_since, guild_id) for guild_id, first in servers.items()
        ]
        heapq.heapify(self._heap)

    def next(self) -> WaitingJob | None:
        """The next in turn, its charges added to both clocks."""
        if not self._heap:
            return None
        server_time, since, guild_id = heapq.heappop(self._heap)
        member_time, _, _, key = heapq.heappop(self._members[guild_id])
        job = self._lines[key].popleft()
        if self._lines[key]:
            self._push(key, member_time + _member_charge(job))
        if self._members[guild_id]:
            heapq.heappush(self._heap, (server_time + job.cost_nano_usd, since, guild_id))
        return job

    def _push(self, key: tuple[int, int], member_time: int) -> None:
        head = self._lines[key][0]
        heapq.heappush(self._members[key[0]], (member_time, head.waiting_since, head.job_id, key))


def starts_s(runs_s: Iterable[float], busy_for_s: Sequence[float], places: int) -> list[float]:
    """In how many seconds each job of the line will start.

    Args:
        runs_s: How long each job of the line will run, in turn.
        busy_for_s: How long each place that is taken will stay so.
        places: How many there are in all.
    """
    free = [max(0.0, busy_s) for busy_s in busy_for_s] + [0.0] * (places - len(busy_for_s))
    heapq.heapify(free)
    while len(free) > max(1, places):  # more run than may: the first ends make no room
        heapq.heappop(free)
    starts = []
    for run_s in runs_s:
        start_s = free[0]
        heapq.heapreplace(free, start_s + run_s)
        starts.append(start_s)
    return starts
