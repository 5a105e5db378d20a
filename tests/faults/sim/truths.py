"""What must be true of the world when the faults are over, seen from outside: cards, tasks, rows, books."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.jobs.lease import LeaseLost
from bot.model import Act, CancelBy, JobState, MoneyScope, Reason, Unit
from bot.quota.windows import day_window
from bot.store import tables
from bot.store.results import load_rows
from tests.faults.sim.discord_port import TOKEN_LIVES, dm_of
from tests.faults.sim.world import FIRST_CHANNEL, PLACES, SERVERS
from tests.support.books import faults_of
from tests.support.cards import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.model import Job
    from tests.faults.sim.discord_port import Message, Version
    from tests.faults.sim.world import World

UNFINISHED = ("### In the line", "### At work", "### Stopping")
CHANNELS = range(FIRST_CHANNEL, FIRST_CHANNEL + SERVERS)
HEARD_OF = timedelta(seconds=8)
"""So soon after it was written a wish to stop is known to whoever delivers, in whichever process."""
AROUND = timedelta(minutes=10)
"""An end so long before a channel was closed, or after it was opened again, may not be written in it."""
LAST_EDIT = timedelta(minutes=2)
"""So long before its token dies a private card can surely still be written."""
_OF_INSTANCE = tables.money_counter.c.scope == MoneyScope.INSTANCE
HELD_UP_S = 25.0
"""What a paused process had handed to its machine lands when that goes on, and nobody can call it back."""
SECRETS = ("interaction-", "hook-", "socket-", "keeper ")
FAULTS_OF_OURS = ("error", "critical")
SAID_ALOUD = ("Wiro refuses the account", "the balance at Wiro", "the outputs are gone")
"""What is logged as an error though it is none of ours (as a lost lease): an operator must hear of it."""


def broken(world: World) -> list[str]:
    """Every promise that does not hold, a line each."""
    jobs = world.jobs()
    with world.disk.reading() as conn:
        return [
            *_cards(world, jobs),
            *_results(world, jobs, conn),
            *_secrecy(world, jobs),
            *_payments(world, jobs, conn),
            *_money(world, jobs, conn),
            *_quota(world, jobs, conn),
            *faults_of(conn),
            *_refused(world, jobs),
            *_manners(world),
            *_audit(jobs, conn),
        ]


def words_of(version: Version) -> str:
    """What a message says."""
    return "\n".join(str(each["content"]) for each in walk(version.components) if each["type"] == 10)


def _cards(world: World, jobs: Iterable[Job]) -> Iterator[str]:
    """Every job has ended, and no card that could be written says otherwise."""
    asked = {each.id: each for each in world.discord.asked.values()}
    for job in jobs:
        if not job.state.has_ended:
            yield f"{job.code} is still {job.state}"
            continue
        card = asked[job.interaction_id].original
        if card is None:
            if job.reason is not Reason.NOBODY_SAW_IT and not job.wants_to_stop:
                yield f"{job.code} ended as {job.state} ({job.reason}), and nobody ever saw its card"
            continue
        was_held_up = card.now.under_way_s > HELD_UP_S and len(world.running) > 1
        if card.is_deleted or was_held_up or _is_out_of_reach(world, job, card):
            continue
        words = words_of(card.now)
        if words.startswith(UNFINISHED) or f"at:cancel:{job.code}" in str(card.now.components):
            yield f"{job.code} is {job.state} ({job.reason}), and its card says {words[:40]!r}"


def _is_out_of_reach(world: World, job: Job, card: Message) -> bool:
    """Whether Discord did not let the bot write that card when it ended."""
    assert job.ended_at is not None
    if card.reader is None and job.message_id is not None:
        return any(
            since - AROUND <= job.ended_at and (until is None or job.ended_at <= until + AROUND)
            for since, until in world.discord.closures[card.channel_id]
        )
    asked = next(each for each in world.discord.asked.values() if each.id == job.interaction_id)
    jumped_ahead = sum((jump for jump in world.jumps if jump > timedelta()), timedelta())
    return job.ended_at + jumped_ahead > asked.at + TOKEN_LIVES - LAST_EDIT


def _results(world: World, jobs: Iterable[Job], conn: sa.Connection) -> Iterator[str]:
    """A result is in exactly one message, or kept; where there is none, there is none."""
    late = set(conn.execute(sa.select(tables.late_task.c.task_id)).scalars())
    shown = _messages_with_files(world)
    for job in jobs:
        copies = [each for each in shown[job.code] if job.code in world.shared and each.reader is None]
        if len(copies) > 1:
            yield f"{job.code} was shared {len(copies)} times"
        mine = [message for message in shown[job.code] if message not in copies]
        if job.state is JobState.DONE and len(mine) != 1:
            yield f"{job.code} is done, and its images are in {len(mine)} messages"
        if job.state is JobState.KEPT and not _is_fetchable(world, job):
            yield f"{job.code} is kept, and its images are nowhere"
        if job.state in {JobState.FAILED, JobState.CANCELLED}:
            yield from _without_result(world, job, mine, late)


def _without_result(world: World, job: Job, shown: list[Message], late: set[str]) -> Iterator[str]:
    if any(message.now.files and not message.is_deleted for message in shown):
        yield f"{job.code} is {job.state} ({job.reason}), and its images are shown"
    task = world.wiro.tasks_by_id.get(job.task_id or "")
    was_made = task is not None and bool(task.outputs) and task.id not in late
    excused = job.cancel_by is CancelBy.MODERATOR or job.reason in {Reason.OUTPUTS_GONE, Reason.INTERNAL}
    was_given_up = job.reason in {Reason.TOOK_TOO_LONG, Reason.LOST} or job.cancel_by is not None
    if was_made and not excused and not was_given_up:
        yield f"{job.code} is {job.state} ({job.reason}), but Wiro made its images"


def _is_fetchable(world: World, job: Job) -> bool:
    task = world.wiro.tasks_by_id.get(job.task_id or "")
    is_at_wiro = task is not None and not task.files_deleted and bool(task.outputs)
    return is_at_wiro or bool(world.disk.read(lambda conn: load_rows(conn, job.id)))


def _secrecy(world: World, jobs: Iterable[Job]) -> Iterator[str]:
    """Nothing private was ever in a channel, and nothing was shown that a moderator had stopped before."""
    shown = _messages_with_files(world)
    said = _said_in_channels(world)
    for job in jobs:
        if any(message.reader not in {None, job.user_id} for message in shown[job.code]):
            yield f"{job.code} was shown to somebody else"
        if any(message.channel_id not in {job.channel_id, dm_of(job.user_id)} for message in shown[job.code]):
            yield f"{job.code} was shown in another place"
        if job.private and job.code not in world.shared and _is_told_of(job, shown[job.code], said):
            yield f"{job.code} is private, and a message in a channel shows or names it"
        if job.cancel_by is CancelBy.MODERATOR and job.cancel_at is not None:
            after = job.cancel_at + HEARD_OF
            if any(v.files and v.sent_at > after for message in shown[job.code] for v in message.versions):
                yield f"{job.code} was stopped by a moderator, and its images were shown later"


def _is_told_of(job: Job, shown: Iterable[Message], said: str) -> bool:
    """Whether everybody could ever see the job's images or its name."""
    return any(message.reader is None for message in shown) or f"#{job.code}" in said


def _said_in_channels(world: World) -> str:
    """All that everybody could ever read."""
    return "\n".join(
        f"{message.content}\n{words_of(version)}"
        for message in world.discord.messages.values()
        if message.reader is None
        for version in message.versions
    )


def _messages_with_files(world: World) -> defaultdict[str, list[Message]]:
    """By job, every message that ever showed its images."""
    found: defaultdict[str, list[Message]] = defaultdict(list)
    for message in world.discord.messages.values():
        names = {name for version in message.versions for name in version.files}
        for code in {name.split("-")[1] for name in names}:
            found[code].append(message)
    return found


def _payments(world: World, jobs: list[Job], conn: sa.Connection) -> Iterator[str]:
    """Every task at Wiro has ended and has an owner; second ones are only what nobody could have known."""
    late = {row.task_id: row for row in conn.execute(sa.select(tables.late_task))}
    owners = {job.task_id for job in jobs} | set(late)
    for task in world.wiro.tasks_by_id.values():
        if task.ended_at is None:
            yield f"{task.id} still runs"
        if task.id not in owners:
            yield f"{task.id} (seed {task.parameters['seed']}) has no owner"
    wanted = Counter(job.seed for job in jobs)
    made = Counter(str(task.parameters["seed"]) for task in world.wiro.tasks_by_id.values())
    second = sum((made - wanted).values())
    if second > world.wiro.unreadable:
        yield f"{second} tasks were run twice"
    if world.wiro.most_at_once > PLACES + len(late):
        yield f"{world.wiro.most_at_once} tasks ran at once"


def _money(world: World, jobs: list[Job], conn: sa.Connection) -> Iterator[str]:
    """What is booked is what Wiro charged, and the estimate where Wiro never said."""
    charged = sum(task.cost_nano_usd or 0 for task in world.wiro.tasks_by_id.values())
    guessed = sum(job.estimate_nano_usd for job in jobs if job.cost_is_estimate)
    counter = tables.money_counter
    rows = conn.execute(sa.select(counter.c.window, counter.c.settled).where(_OF_INSTANCE))
    booked = {"day": 0, "month": 0}
    for row in rows:
        booked["day" if len(row.window) > len("2026-11") else "month"] += row.settled
    for length, amount in booked.items():
        if amount != charged + guessed:
            yield f"{amount} is booked by {length}, Wiro charged {charged}, {guessed} is guessed"
    if conn.execute(sa.select(sa.func.coalesce(sa.func.sum(counter.c.held), 0))).scalar_one():
        yield "money is held by nobody"


def _quota(world: World, jobs: Iterable[Job], conn: sa.Connection) -> Iterator[str]:
    """Counters say what the jobs say, each in the day in which it was asked for; nothing is held."""
    files = {
        code: len(messages[0].versions[-1].files) for code, messages in _messages_with_files(world).items()
    }
    expected: Counter[tuple[int, int, str]] = Counter()
    for job in jobs:
        made = 0
        if job.state is JobState.DONE:
            made = max(files.get(job.code, 0), 0)
        elif job.state is JobState.KEPT:
            made = job.images
        for guild_id in (job.guild_id, 0):
            expected[job.user_id, guild_id, day_window(job.created_at)] += made
    counted: Counter[tuple[int, int, str]] = Counter()
    for row in conn.execute(sa.select(tables.quota_counter)):
        if row.held:
            yield f"{row.held} {row.unit} of {row.user_id} is held by nobody"
        if row.unit is Unit.IMAGE:
            counted[row.user_id, row.guild_id, row.window] = row.settled
    for key in counted.keys() | expected.keys():
        if counted[key] != expected[key]:
            yield f"{counted[key]} images are counted for {key}, {expected[key]} were made"


def _refused(world: World, jobs: Iterable[Job]) -> Iterator[str]:
    """What was refused left nothing."""
    stored = Counter(job.interaction_id for job in jobs)
    for asked in world.refused:
        if stored[asked] and asked not in world.delivered_twice:
            yield f"interaction {asked} was refused, and stored"
    yield from (f"interaction {asked} made {times} jobs" for asked, times in stored.items() if times > 1)


def _manners(world: World) -> Iterator[str]:
    """Few refusals, no fault of ours, no secret in a log."""
    if world.discord.refusals[401] > (len(world.discord.asked) if world.jumps else 1):
        yield f"{world.discord.refusals[401]} answers of 401"
    closures = sum(map(len, world.discord.closures.values()))
    if world.discord.refusals[403] > 12 * closures:
        yield f"{world.discord.refusals[403]} answers of 403"
    if world.discord.refusals[429] > 4 * world.discord.limits:
        yield f"{world.discord.refusals[429]} answers of 429 for {world.discord.limits} limits"
    yield from wrong_in_log(world)


def wrong_in_log(world: World) -> Iterator[str]:
    """Secrets in what was logged, and faults of ours."""
    for entry in world.logs:
        text = str(entry)
        if any(secret in text for secret in SECRETS):
            yield f"a log line tells a secret: {text[:200]}"
        is_said_aloud = str(entry["event"]).startswith(SAID_ALOUD) or isinstance(
            entry.get("exc_info"), LeaseLost
        )
        is_ours = entry["log_level"] in FAULTS_OF_OURS and not is_said_aloud
        if is_ours and not world.disk.has_failed:
            yield f"a fault of ours: {text[:300]}"


def _audit(jobs: Iterable[Job], conn: sa.Connection) -> Iterator[str]:
    """Every act of a moderator is written down once."""
    audit = tables.audit
    rows = conn.execute(sa.select(audit.c.job_id).where(audit.c.act == Act.STOP)).scalars()
    written = Counter(int(row) for row in rows)
    done = Counter(job.id for job in jobs if job.cancel_by is CancelBy.MODERATOR)
    if written != done:
        yield f"stops by moderators: {dict(done)}, in the audit: {dict(written)}"
