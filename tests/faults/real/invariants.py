"""What must be true once the faults are over, seen from outside: cards, tasks and rows."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.model import JobState, MoneyScope, Reason, Unit
from bot.quota.windows import day_window
from bot.store import tables
from bot.store.finding import unsettled
from tests.support.books import all_jobs, faults_of, late_tasks, reading
from tests.support.house import words
from tests.support.inspector import TRACEBACK

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Iterator
    from typing import Any

    from bot.model import Job
    from sandbox.discord.actions import Interaction
    from sandbox.discord.model import Message
    from tests.support.house import House

UNFINISHED = ("### In the line", "### At work", "### Stopping")
ONLOOKER = "oskar"
"""Sees the channels and asks for nothing himself."""
REFUSALS = {401: 4, 403: 30, 429: 60}
"""So many answers of each kind are few: a restarted process learns anew what is closed to it."""

_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[")
A_LONG_TIME_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Onlooker:
    """Somebody who sees the channels the whole time, also what is in them only briefly."""

    def __init__(self, house: House) -> None:
        self._discord = house.discord
        self._events: asyncio.Queue[dict[str, Any]] = self._discord.subscribe(ONLOOKER)
        self._seen: list[str] = []

    def saw(self, word: str) -> bool:
        """Whether that was ever on this person's screen."""
        while not self._events.empty():
            self._seen.append(str(self._events.get_nowait()))
        return any(word in each for each in self._seen)


def broken(house: House, onlooker: Onlooker) -> list[str]:
    """Every promise that does not hold, a line each. The faults are over, and all has come to rest."""
    with reading(house.bot.database) as conn:
        jobs, late = all_jobs(conn), late_tasks(conn)
        return [
            *_cards(house, jobs),
            *_results(house, jobs),
            *_secrecy(jobs, onlooker),
            *_payments(house, jobs, late),
            *_money(house, jobs, conn),
            *_quota(jobs, conn),
            *faults_of(conn),
            *_manners(house),
            *_faults_of_ours(house.bot.log()),
        ]


def at_rest(house: House) -> bool:
    """Whether every job has ended, nothing runs at Wiro, and no card is still to be settled."""
    with reading(house.bot.database) as conn:
        has_ended = all(job.state.has_ended for job in all_jobs(conn))
        is_settled = not unsettled(conn, since=A_LONG_TIME_AGO)
    return has_ended and is_settled and all(task.is_ended for task in _ours(house))


def all_answered(house: House) -> bool:
    """Whether nothing that was asked for is still to be accepted; some are told that no answer came."""
    return all(each.done.is_set() for each in _asked(house).values())


def unowned(house: House) -> list[str]:
    """The tasks at Wiro that no job has and no sweep has found yet."""
    with reading(house.bot.database) as conn:
        owners = {job.task_id for job in all_jobs(conn)} | set(late_tasks(conn))
    return [task.id for task in _ours(house) if task.id not in owners]


def _asked(house: House) -> dict[int, Interaction]:
    return {each.id: each for each in house.discord._interactions._by_token.values()}


def _ours(house: House) -> list[Any]:
    return [task for task in house.wiro.tasks.values() if task.who == "bot"]


def _cards(house: House, jobs: Iterable[Job]) -> Iterator[str]:
    """Every job has ended and has one card that says so, unless people took it away or nobody ever saw it."""
    asked = _asked(house)
    stored = Counter(job.interaction_id for job in jobs)
    yield from (f"interaction {each} made {times} jobs" for each, times in stored.items() if times > 1)
    for job in jobs:
        if not job.state.has_ended:
            yield f"{job.code} is still {job.state}"
            continue
        card = asked[job.interaction_id].original
        if card is None:
            if job.reason is not Reason.NOBODY_SAW_IT:
                yield f"{job.code} ended as {job.state} ({job.reason}), and nobody ever saw its card"
            continue
        if house.discord.world.message(card.id) is None:
            continue
        text = words({"components": card.components, "content": card.content})
        if text.startswith(UNFINISHED) or f"at:cancel:{job.code}" in str(card.components):
            yield f"{job.code} is {job.state} ({job.reason}), and its card says {text[:60]!r}"
    owned = {job.interaction_id for job in jobs}
    for each in asked.values():
        card = each.original
        if each.id not in owned and card is not None and "at:cancel:" in str(card.components):
            job_of_another = any(f"at:cancel:{job.code}" in str(card.components) for job in jobs)
            if not job_of_another:
                yield f"interaction {each.id} has a card and no job"


def _results(house: House, jobs: Iterable[Job]) -> Iterator[str]:
    """A result is in exactly one message, or kept; where there is none, nothing is shown."""
    shown = _messages_with_files(house)
    for job in jobs:
        mine = [message for message in shown[job.code] if message.id != job.shared_message_id]
        if job.state is JobState.DONE and len(mine) != 1 and not _is_taken_away(house, job):
            yield f"{job.code} is done, and its images are in {len(mine)} messages"
        if job.state is JobState.KEPT and not _is_fetchable(house, job):
            yield f"{job.code} is kept, and its images are nowhere"
        if job.state in {JobState.FAILED, JobState.CANCELLED}:
            if mine:
                yield f"{job.code} is {job.state} ({job.reason}), and its images are shown"
            task = house.wiro.tasks.get(job.task_id or "")
            excused = job.cancel_by is not None or job.reason is Reason.OUTPUTS_GONE
            if task is not None and task.outputs and task.pexit == "0" and not excused:
                yield f"{job.code} is {job.state} ({job.reason}), but Wiro made its images"


def _is_taken_away(house: House, job: Job) -> bool:
    """Whether the message with its images was deleted by somebody after they were shown."""
    where = job.result_message_id or job.message_id
    return job.deleted_at is not None or where is None or house.discord.world.message(where) is None


def _is_fetchable(house: House, job: Job) -> bool:
    task = house.wiro.tasks.get(job.task_id or "")
    at_wiro = task is not None and bool(task.outputs) and not task.files_deleted
    return at_wiro or any((house.bot.folder / "data" / "results").glob(f"{job.id}.*"))


def _messages_with_files(house: House) -> defaultdict[str, list[Message]]:
    """By job, the messages that show its images."""
    world = house.discord.world
    found: defaultdict[str, list[Message]] = defaultdict(list)
    for channel in world.all_channels():
        for message in world.messages(channel.id):
            for code in {file.filename.split("-")[1] for file in message.files if "-" in file.filename}:
                found[code].append(message)
    return found


def _secrecy(jobs: Iterable[Job], onlooker: Onlooker) -> Iterator[str]:
    """Nothing of a private job was ever before others, unless its owner shared it."""
    for job in jobs:
        if job.private and job.shared_message_id is None and onlooker.saw(job.code):
            yield f"{job.code} is private, and others saw it"


def _payments(house: House, jobs: list[Job], late: dict[str, int]) -> Iterator[str]:
    """Every task at Wiro has ended and has one owner; a second one is only what the sweep found."""
    owners = {job.task_id for job in jobs} | set(late)
    for task in _ours(house):
        if not task.is_ended:
            yield f"task {task.id} still runs"
        if task.id not in owners:
            yield f"task {task.id} (seed {task.inputs.get('seed')}) has no owner"
    made = Counter(str(task.inputs.get("seed")) for task in _ours(house) if task.id not in late)
    wanted = Counter(job.seed for job in jobs)
    for seed, times in (made - wanted).items():
        yield f"seed {seed} was run {times} times more than it was asked for"


def _money(house: House, jobs: Iterable[Job], conn: sa.Connection) -> Iterator[str]:
    """What is booked is what Wiro charged, and the estimate where Wiro never said."""
    charged = sum(round(task.cost_usd * 10**9) for task in _ours(house) if "null_cost" not in task.traits)
    unsaid = {task.id for task in _ours(house) if "null_cost" in task.traits}
    guessed = sum(job.estimate_nano_usd for job in jobs if job.cost_is_estimate)
    for job in jobs:
        task = house.wiro.tasks.get(job.task_id or "")
        if job.cost_is_estimate and task is not None and task.id not in unsaid:
            charged -= round(task.cost_usd * 10**9)
    counter = tables.money_counter
    booked: Counter[str] = Counter()
    for row in conn.execute(sa.select(counter)):
        if row.held:
            yield f"{row.held} of {row.scope} {row.scope_id} is held by nobody"
        if row.scope is MoneyScope.INSTANCE:
            booked["day" if len(row.window) > len("2026-11") else "month"] += row.settled
    for length, amount in booked.items():
        if abs(amount - charged - guessed) > len(house.wiro.tasks):  # each is rounded
            yield f"{amount} is booked by {length}, Wiro charged {charged}, {guessed} is guessed"


def _quota(jobs: Iterable[Job], conn: sa.Connection) -> Iterator[str]:
    """Counters say what the jobs say, each in the day in which it was asked for; nothing is held."""
    expected: Counter[tuple[int, int, str]] = Counter()
    for job in jobs:
        if job.state in {JobState.DONE, JobState.KEPT}:
            for guild_id in (job.guild_id, 0):
                expected[job.user_id, guild_id, day_window(job.created_at)] += job.images
    counted: Counter[tuple[int, int, str]] = Counter()
    for row in conn.execute(sa.select(tables.quota_counter)):
        if row.held:
            yield f"{row.held} {row.unit} of {row.user_id} is held by nobody"
        if row.unit is Unit.IMAGE:
            counted[row.user_id, row.guild_id, row.window] = row.settled
    for key in counted.keys() | expected.keys():
        if counted[key] != expected[key]:
            yield f"{counted[key]} images are counted for {key}, {expected[key]} were made"


def _manners(house: House) -> Iterator[str]:
    """Few refusals: Discord bans who collects them."""
    for status, most in REFUSALS.items():
        times = house.discord.requests.invalid_requests[status]
        if times > most:
            yield f"{times} answers of {status}"


def _faults_of_ours(log: str) -> Iterator[str]:
    """Tracebacks, but for discord.py's own, which tells an outage so and connects again by itself."""
    said = ""
    for line in log.splitlines():
        if _LOG_LINE.match(line):
            said = line
        elif line.startswith(TRACEBACK) and "[discord." not in said:
            yield f"a traceback: {said[:200]}"
