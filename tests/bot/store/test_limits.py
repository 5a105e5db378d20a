"""Rules of limits, bonuses and resets, on both engines."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.errors import TooSoon
from bot.limits import Bonus, Limit, MemberRules, Target
from bot.model import ALL_SERVERS, Act, EntryKind, JobState, Reason, Unit
from bot.store import auditing, changes, grants, jobs, ledger, limits, policies, tables
from tests.support.clock import START
from tests.support.store import DAY, GUILD, USER, Bench

if TYPE_CHECKING:
    from bot.store.database import Database

ROLE, MODERATOR, OTHER = 51, 600, 701
WEEK = "2026-W47"
END = START + timedelta(days=2)


async def rules(db: Database, *roles: int, **changes: Any) -> MemberRules:
    asked: dict[str, Any] = {"guild_id": GUILD, "user_id": USER, "role_ids": roles, "now": START} | changes
    return await db.read(partial(limits.rules_for, **asked))


async def set_rule(db: Database, target: Target, amounts: dict[Limit, int]) -> bool:
    return await db.write(lambda conn: limits.set_rule(conn, target, amounts, by=MODERATOR, now=START))


def bonus(amount: int, unit: Unit = Unit.IMAGE, *, until: Any = END) -> Bonus:
    return Bonus(unit=unit, amount=amount, until=until, window="2026-11-23" if unit is Unit.IMAGE else WEEK)


async def grant(db: Database, given: Bonus, user_id: int = USER) -> None:
    who: dict[str, Any] = {"guild_id": GUILD, "user_id": user_id, "by": MODERATOR, "why": "won", "now": START}
    await db.write(partial(grants.grant, bonus=given, **who))


async def reset(db: Database) -> dict[Unit, int]:
    windows: dict[Unit, str] = {Unit.IMAGE: DAY, Unit.TRAINING: WEEK}
    who: dict[str, Any] = {"guild_id": GUILD, "user_id": USER, "by": MODERATOR, "why": None, "now": START}
    return dict(await db.write(partial(grants.reset, windows=windows, **who)))


async def used(db: Database) -> dict[int, tuple[int, int]]:
    windows: dict[Unit, str] = {Unit.IMAGE: DAY}
    usage = await db.read(partial(ledger.usage, user_id=USER, guild_id=GUILD, windows=windows))
    found = {GUILD: usage.here[Unit.IMAGE], ALL_SERVERS: usage.everywhere[Unit.IMAGE]}
    return {where: (each.held, each.settled) for where, each in found.items()}


async def test_rules_are_those_of_the_member_their_roles_and_the_server(db: Database) -> None:
    assert await rules(db, ROLE) == MemberRules()
    images = Limit.IMAGES_PER_DAY
    await set_rule(db, Target.server(GUILD), {images: 1})
    await set_rule(db, Target.role(GUILD, ROLE), {images: 2, Limit.SHARED_PER_DAY: 10**15})
    await set_rule(db, Target.role(GUILD, 52), {images: 3})
    await set_rule(db, Target.member(GUILD, USER), {images: 4})
    await set_rule(db, Target.member(GUILD, OTHER), {images: 5})
    await set_rule(db, Target.server(GUILD + 1), {images: 6})
    await set_rule(db, Target.member(GUILD + 1, USER), {images: 7})
    assert await rules(db, ROLE, 53) == MemberRules(
        member={images: 4}, roles={ROLE: {images: 2, Limit.SHARED_PER_DAY: 10**15}}, server={images: 1}
    )
    assert (await rules(db)).roles == {}


async def test_a_member_whose_id_is_that_of_a_role_is_not_the_role(db: Database) -> None:
    await set_rule(db, Target.member(GUILD, ROLE), {Limit.STEPS: 9})
    assert await rules(db, ROLE) == MemberRules()


async def test_the_role_of_everybody_is_the_server() -> None:
    assert Target.role(GUILD, GUILD) == Target.server(GUILD)


@pytest.mark.parametrize(
    "target", [Target.server(GUILD), Target.role(GUILD, ROLE), Target.member(GUILD, USER)]
)
async def test_a_change_of_a_rule_is_a_setting_that_can_be_undone(db: Database, target: Target) -> None:
    first, second = {Limit.STEPS: 40, Limit.SAMPLES: 2}, {Limit.STEPS: 50}
    assert await set_rule(db, target, first)
    assert await set_rule(db, target, second)
    assert not await set_rule(db, target, second)
    [last, before] = await db.read(partial(changes.changes, guild_id=GUILD, limit=5))
    assert Target.of_setting(GUILD, last.setting) == target
    assert (last.before, last.after) == ({"samples": 2, "steps": 40}, {"steps": 50})
    assert (before.before, before.after) == ({}, {"samples": 2, "steps": 40})
    assert await db.read(partial(limits.rule, target=target)) == second
    entries = await db.read(
        partial(auditing.entries, guild_id=GUILD, search=auditing.Search(user_id=USER), limit=5)
    )
    assert len(entries) == (2 if target.id == USER else 0)


async def test_a_rule_that_says_nothing_is_none(db: Database) -> None:
    target = Target.member(GUILD, USER)
    await set_rule(db, target, {Limit.STEPS: 40})
    assert await set_rule(db, target, {})
    assert await db.read(lambda conn: limits.rules(conn, GUILD, target.subject, limit=5)) == {}
    assert await rules(db) == MemberRules()
    assert not await set_rule(db, target, {})


async def test_a_change_leaves_what_it_does_not_name(db: Database) -> None:
    target = Target.role(GUILD, ROLE)
    await set_rule(db, target, {Limit.STEPS: 40, Limit.SAMPLES: 2})
    said = {Limit.STEPS: None, Limit.SIDE: 512, Limit.SAMPLES: 2}
    assert await db.write(partial(limits.change_rule, target=target, said=said, by=MODERATOR, now=START))
    assert await db.read(partial(limits.rule, target=target)) == {Limit.SAMPLES: 2, Limit.SIDE: 512}
    assert not await db.write(partial(limits.change_rule, target=target, said=said, by=1, now=START))


async def test_a_number_out_of_its_bounds_is_not_stored(db: Database) -> None:
    with pytest.raises(ValueError, match="weight is 5, not from 10 to 1000"):
        limits.set_rule(None, Target.server(GUILD), {Limit.WEIGHT: 5}, by=1, now=START)  # type: ignore[arg-type]  # it is not reached
    assert (await rules(db)).server == {}


async def test_rules_of_one_kind_are_listed_the_last_changed_first(db: Database) -> None:
    for number, target in enumerate(
        (Target.role(GUILD, 1), Target.role(GUILD, 2), Target.member(GUILD, 3), Target.role(9, 4))
    ):
        later = START + timedelta(seconds=number)
        steps = {Limit.STEPS: 40 + number}
        await db.write(partial(limits.set_rule, target=target, amounts=steps, by=1, now=later))
    found = await db.read(lambda conn: limits.rules(conn, GUILD, Target.role(GUILD, 1).subject, limit=5))
    assert list(found.items()) == [
        (Target.role(GUILD, 2), {Limit.STEPS: 41}),
        (Target.role(GUILD, 1), {Limit.STEPS: 40}),
    ]


async def test_bonuses_hold_until_their_end_and_add_up(db: Database) -> None:
    await grant(db, bonus(5))
    await grant(db, bonus(7))
    await grant(db, bonus(1, Unit.TRAINING, until=START + timedelta(days=1)))
    await grant(db, bonus(99, until=START))
    await grant(db, bonus(99), OTHER)
    assert (await rules(db)).bonuses == (
        bonus(1, Unit.TRAINING, until=START + timedelta(days=1)),
        bonus(12),
    )
    assert (await rules(db, now=END)).bonuses == ()
    assert (await rules(db, guild_id=GUILD + 1)).bonuses == ()
    assert await db.read(ledger.check) == []


async def test_bonuses_that_are_taken_back_hold_no_longer(db: Database) -> None:
    await grant(db, bonus(5))
    await grant(db, bonus(1, Unit.TRAINING))
    who: dict[str, Any] = {
        "guild_id": GUILD,
        "user_id": USER,
        "by": MODERATOR,
        "why": "mistake",
        "now": START,
    }
    ended = await db.write(partial(grants.take_back, **who))
    assert set(ended) == {bonus(5), bonus(1, Unit.TRAINING)}
    assert (await rules(db)).bonuses == ()
    assert await db.write(partial(grants.take_back, **who)) == ()
    entries = await db.read(
        partial(auditing.entries, guild_id=GUILD, search=auditing.Search(user_id=USER), limit=9)
    )
    assert [each.act for each in entries] == [Act.GRANT] * 4
    end = int(END.timestamp())
    assert {each.detail for each in entries} == {
        f"image 5 {end}",
        f"image -5 {end}",
        f"training 1 {end}",
        f"training -1 {end}",
    }
    assert await db.read(ledger.check) == []


async def test_every_entry_says_who_why_and_until(db: Database) -> None:
    await grant(db, bonus(5))
    entry = tables.quota_entry
    [row] = await db.read(lambda conn: conn.execute(sa.select(entry)).all())
    assert (row.kind, row.granted, row.until) == (EntryKind.GRANT, 5, END)
    assert (row.actor_id, row.why, row.job_id, row.held, row.settled) == (MODERATOR, "won", None, 0, 0)


async def test_a_reset_gives_back_what_was_used_here_and_leaves_what_is_held(
    db: Database, bench: Bench
) -> None:
    me = await bench.process()
    await bench.ended(me, JobState.DONE)
    await bench.ended(me, JobState.DONE, guild_id=GUILD + 1)
    await bench.accepted()
    assert await used(db) == {GUILD: (4, 4), ALL_SERVERS: (4, 8)}
    assert await reset(db) == {Unit.IMAGE: 4}
    assert await used(db) == {GUILD: (4, 0), ALL_SERVERS: (4, 8)}
    assert await db.read(ledger.check) == []
    assert await reset(db) == {}
    [entry] = await db.read(
        partial(auditing.entries, guild_id=GUILD, search=auditing.Search(user_id=USER), limit=9)
    )
    assert (entry.act, entry.detail, entry.actor_id) == (Act.RESET, "image 4", MODERATOR)


async def test_the_check_finds_a_bonus_of_which_more_was_taken_than_given(db: Database) -> None:
    await grant(db, bonus(-3))
    [difference] = await db.read(ledger.check)
    assert (difference.what, difference.found) == ("granted", -3)


async def test_a_task_too_soon_after_the_last_one_is_refused_with_the_time_and_not_stored(
    db: Database, bench: Bench
) -> None:
    def accept(now: Any, **options: Any) -> Any:
        new = bench.new(**options)
        return db.write(lambda conn: jobs.accept(conn, new, bench.holds(new), now=now, cooldown_s=90))

    await accept(START)
    with pytest.raises(TooSoon) as refused:
        await accept(START + timedelta(seconds=89))
    again = int((START + timedelta(seconds=90)).timestamp())
    assert refused.value.message == (
        "In this server there is a pause of 1 minute 30 seconds between two tasks of a member, so nothing "
        f"was started or charged. Ask again <t:{again}:R>."
    )
    await accept(START + timedelta(seconds=89), user_id=OTHER)
    await accept(START + timedelta(seconds=89), guild_id=GUILD + 1)
    await accept(START + timedelta(seconds=90))
    assert (await used(db))[GUILD] == (8, 0)
    assert await db.read(ledger.check) == []


async def test_a_task_that_nobody_saw_does_not_make_its_owner_wait(db: Database, bench: Bench) -> None:
    unseen = await bench.accepted()
    await bench.end(unseen, None, JobState.FAILED, reason=Reason.NOBODY_SAW_IT)
    new = bench.new()
    await db.write(lambda conn: jobs.accept(conn, new, bench.holds(new), now=START, cooldown_s=90))


async def test_the_pause_is_the_servers_choice(db: Database) -> None:
    await db.write(lambda conn: policies.choose(conn, GUILD, "cooldown_s", 60, by=MODERATOR, now=START))
    assert (await rules(db)).cooldown_s == 60
    assert (await rules(db, guild_id=GUILD + 1)).cooldown_s == 0


async def test_a_hold_keeps_the_cap_that_it_could_not_pass(db: Database, bench: Bench) -> None:
    job = await bench.accepted()
    assert await db.read(partial(ledger.images_cap, job_id=job.id)) == {GUILD: 1_000, ALL_SERVERS: 1_000}
    assert await db.read(partial(ledger.images_cap, job_id=job.id + 1)) == {}
