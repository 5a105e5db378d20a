from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

import bot
from bot.model import JobState, Reason, Unit
from bot.store import ledger, tables
from bot.store.policies import GuildPolicy, set_guild_policy
from tests.support.store import DAY, GUILD, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.store.database import Database
    from tests.support.store import Bench

SOURCES = [
    source
    for source in sorted(Path(bot.__file__).parent.rglob("*.py"))
    if "migrations" not in source.parts  # they change shapes, not rows
]
ENDED_NAMES = {"DONE", "KEPT", "FAILED", "CANCELLED"}


async def test_healthy_ledger_has_no_differences(db: Database, bench: Bench) -> None:
    me = await bench.process()
    await bench.ended(me)
    await bench.running(me)
    assert await db.read(ledger.check) == []


async def test_wrong_counter_is_found_and_named(db: Database, bench: Bench) -> None:
    await bench.accepted()
    counter = tables.quota_counter
    wrong = sa.update(counter).where(counter.c.unit == Unit.IMAGE).values(held=7)
    await db.write(lambda conn: conn.execute(wrong) and None)
    found = await db.read(ledger.check)
    assert [(each.ledger, each.what, each.expected, each.found) for each in found] == [
        ("quota", "held", 4, 7),
        ("quota", "held", 4, 7),
    ]
    assert "image 2026-11-21" in found[0].key


async def test_counter_without_entries_and_entries_without_counter_are_found(
    db: Database, bench: Bench
) -> None:
    await bench.accepted()
    await db.write(lambda conn: conn.execute(sa.delete(tables.quota_entry)) and None)
    await db.write(lambda conn: conn.execute(sa.delete(tables.money_counter)) and None)
    found = await db.read(ledger.check)
    assert {(each.ledger, each.expected, each.found) for each in found} == {
        ("quota", 0, 4),
        ("quota", 0, 1),
        ("money", 1000, 0),
    }


async def test_job_that_ended_without_its_ledgers_is_found(db: Database, bench: Bench) -> None:
    job = await bench.accepted()
    wrong = sa.update(tables.job).where(tables.job.c.id == job.id).values(state=JobState.FAILED)
    await db.write(lambda conn: conn.execute(wrong) and None)
    found = await db.read(ledger.check)
    assert {each.what for each in found} == {"held by an ended job"}
    assert len(found) == 6


def calls(source: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a file, with the name of the function it stands in."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    yield function.name, node


def called(node: ast.Call) -> str:
    target = node.func
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def test_no_code_but_end_job_writes_an_ended_state() -> None:
    """`move` refuses ended states, so what is left is a direct update, or SQL text, with a state."""
    writers = set()
    for source in SOURCES:
        for function, node in calls(source):
            if called(node) not in {"change", "values", "update", "text", "exec_driver_sql"}:
                continue
            text = ast.unparse(node)
            if "'state'" in text or "state=" in text.replace(" ", "") or "set state" in text.lower():
                writers.add((source.name, function))
    assert writers == {("rows.py", "move"), ("ending.py", "end_job")}


def test_settlement_and_holds_have_one_caller_each() -> None:
    callers: dict[str, set[str]] = {"hold": set(), "settle": set()}
    for source in SOURCES:
        for function, node in calls(source):
            on_ledger = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "ledger"
            if on_ledger and called(node) in callers:
                callers[called(node)].add(function)
    assert callers == {"hold": {"accept"}, "settle": {"end_job"}}


def test_entries_are_only_ever_added() -> None:
    for source in SOURCES:
        for function, node in calls(source):
            if called(node) in {"update", "delete"}:
                arguments = " ".join(ast.unparse(argument) for argument in node.args)
                assert "_entry" not in arguments, f"{source.name}: {function}"


@pytest.mark.parametrize("state", sorted(ENDED_NAMES))
def test_move_refuses_to_end_a_job(state: str) -> None:
    from bot.store.rows import move

    with (
        sa.create_engine("sqlite://").connect() as conn,
        pytest.raises(ValueError, match="not an edge"),
    ):
        move(conn, 1, expected=JobState.DELIVERING, state=JobState[state], owner=1, now=None)  # type: ignore[arg-type]  # never looked at


@pytest.mark.parametrize(
    ("returns", "reason", "used"),
    [
        (True, Reason.MODERATOR_STOPPED, 0),
        (False, Reason.MODERATOR_STOPPED, 4),
        (False, Reason.BLOCKED, 0),
        (None, Reason.MODERATOR_STOPPED, 0),
    ],
)
@pytest.mark.parametrize("state", [JobState.WAITING, JobState.RUNNING])
async def test_what_a_moderator_stops_counts_only_where_the_server_chose_that(
    db: Database, bench: Bench, *, returns: bool | None, reason: Reason, used: int, state: JobState
) -> None:
    """Images by the server's rule, the place among jobs at once always, and the money by Wiro's cost."""
    if returns is not None:
        policy = GuildPolicy(guild_id=GUILD, stop_returns_quota=returns)
        await db.write(lambda conn: set_guild_policy(conn, policy, now=bench.now))
    me = await bench.process()
    job = await (bench.running(me) if state is JobState.RUNNING else bench.waiting())
    owner = me if state is JobState.RUNNING else None
    ended = await bench.end(job, owner, JobState.CANCELLED, reason=reason)
    assert ended.quota_kept is bool(used)
    windows = {Unit.IMAGE: DAY, Unit.TASK: ""}
    found = await db.read(lambda conn: ledger.usage(conn, user_id=USER, guild_id=GUILD, windows=windows))
    for counted in (found.here, found.everywhere):
        assert counted[Unit.IMAGE] == ledger.Used(settled=used)
        assert counted[Unit.TASK] == ledger.Used()
    assert await db.read(ledger.check) == []
