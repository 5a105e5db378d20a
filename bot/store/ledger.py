"""The two ledgers, of quota and of money: entries that are only ever added, and counters that sum them.

`hold` is called by `jobs.accept`, `settle` by `ending.end_job`, `correct` when the cost of a task becomes
known later; what moderators grant and reset is in `grants`. An entry says what it adds to the counter's
`held` and `settled`, so the counters can always be proven.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.errors import BudgetRefused, QuotaRefused
from bot.model import ALL_SERVERS, ENDED, EntryKind, JobState, MoneyScope, Unit
from bot.store import tables
from bot.store.rows import insert_into

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from bot.model import Holds, Job, MoneyHold, QuotaHold

_QUOTA, _MONEY = tables.quota_counter, tables.money_counter
_QUOTA_KEY = ("user_id", "guild_id", "unit", "window")
_MONEY_KEY = ("scope", "scope_id", "window")


def _is(table: sa.Table, names: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == sa.bindparam(f"key_{name}", type_=table.c[name].type) for name in names]


@cache
def _guarded(dialect: str, table: sa.Table) -> Any:
    """Add to `held` unless that would pass the cap, in one statement: nobody can come in between.

    A row that is missing is made with it: the amount alone has to be within the cap.
    """
    held, amount = table.c.held, sa.bindparam("amount", type_=table.c.held.type)
    return (
        insert_into(dialect, table)
        .values(**_new(table), held=amount, settled=0)
        .on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={"held": held + amount},
            where=held + table.c.settled + amount <= sa.bindparam("cap"),
        )
    )


@cache
def _counted(dialect: str, table: sa.Table) -> Any:
    """Add to `held` whatever it is; a row that is missing is made with it."""
    held, amount = table.c.held, sa.bindparam("amount", type_=table.c.held.type)
    return (
        insert_into(dialect, table)
        .values(**_new(table), held=amount, settled=0)
        .on_conflict_do_update(index_elements=list(table.primary_key), set_={"held": held + amount})
    )


def _new(table: sa.Table) -> dict[str, sa.BindParameter[Any]]:
    return {
        column.name: sa.bindparam(f"key_{column.name}", type_=column.type) for column in table.primary_key
    }


def _added(table: sa.Table, names: Sequence[str]) -> sa.Update:
    return (
        sa.update(table)
        .where(*_is(table, names))
        .values(
            held=table.c.held + sa.bindparam("by_held"), settled=table.c.settled + sa.bindparam("by_settled")
        )
    )


_ADD = {table: _added(table, key) for table, key in ((_QUOTA, _QUOTA_KEY), (_MONEY, _MONEY_KEY))}
_INSERT = {table: sa.insert(table) for table in (tables.quota_entry, tables.money_entry)}
_READ = sa.select(_QUOTA.c.held + _QUOTA.c.settled).where(*_is(_QUOTA, _QUOTA_KEY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a counter says."""

    held: int = 0
    settled: int = 0

    @property
    def total(self) -> int:
        """What counts against the cap."""
        return self.held + self.settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a member has used of each unit, in the windows asked for."""

    here: Mapping[Unit, Used]
    """In this server."""
    everywhere: Mapping[Unit, Used]
    """In all servers together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that the ledgers prove wrong; none in a healthy database."""

    ledger: str
    """"quota" or "money"."""
    key: str
    """Which counter or job: "image 2026-11-21 user 1 server 2"."""
    what: str
    """"held", "settled", "granted", or "held by an ended job"."""
    expected: int
    """The sum of the entries."""
    found: int
    """What the counter says."""


def hold(conn: sa.Connection, job: Job, holds: Holds, *, now: datetime) -> None:
    """Reserve everything for the job, in the order given, or raise at the first cap that it would pass.

    Raises:
        QuotaRefused: A quota counter is too full; whoever catches it must undo the transaction.
        BudgetRefused: A money counter is too full; likewise.
    """
    quota = [(quota_hold, _quota_key(job, quota_hold)) for quota_hold in holds.quota]
    money = [(money_hold, _money_key(money_hold)) for money_hold in holds.money]
    common = {"at": now, "job_id": job.id, "kind": EntryKind.HOLD, "settled": 0}
    # Entries first: the instance's counter, which every job needs, is then locked for a moment only.
    _append(
        conn, tables.quota_entry, [common | key | {"held": it.amount, "cap": it.cap} for it, key in quota]
    )
    _append(
        conn,
        tables.money_entry,
        [common | key | {"held": it.amount_nano_usd, "is_estimate": True} for it, key in money],
    )
    _reserve_quota(conn, quota)
    for is_capped, group in groupby(money, key=lambda pair: pair[0].cap_nano_usd is not None):
        if is_capped:
            _reserve_money(conn, group)
        else:  # nothing to refuse: one call for all of them
            counted = [{**_prefixed(key), "amount": it.amount_nano_usd} for it, key in group]
            conn.execute(_counted(conn.dialect.name, _MONEY), counted)


def settle(conn: sa.Connection, job: Job, *, images_made: int, task_existed: bool, now: datetime) -> None:
    """Turn the holds of a job that has just ended into what it used, each in the window that it was held in.

    Quota: images made (a training: one) when there is a result for the owner, all that was held when the job
        counts without one (`quota_kept`), else nothing. Money: Wiro's
        cost whenever a task existed, the estimate when that cost is unknown, else nothing.
    """
    has_result = job.state in {JobState.DONE, JobState.KEPT}
    quota = _holds_of(conn, tables.quota_entry, _QUOTA_KEY, job.id)
    for entry in quota:
        used = images_made if entry["unit"] is Unit.IMAGE and has_result else entry["held"]
        settled = (has_result or job.quota_kept) and entry["unit"] is not Unit.TASK
        _resolve(entry, used if settled else None, now)
    money = _holds_of(conn, tables.money_entry, _MONEY_KEY, job.id)
    for entry in money:
        cost = entry["held"] if job.cost_nano_usd is None else job.cost_nano_usd
        _resolve(entry, cost if task_existed else None, now)
        entry["is_estimate"] = task_existed and job.cost_nano_usd is None
    # `_resolve` turned every held amount negative: what is added takes the hold off the counter.
    _append(conn, tables.quota_entry, quota)
    _append(conn, tables.money_entry, money)
    _apply(conn, _QUOTA, _QUOTA_KEY, quota)
    _apply(conn, _MONEY, _MONEY_KEY, money)


def correct(conn: sa.Connection, job_id: int, cost_nano_usd: int, *, now: datetime) -> None:
    """Book the true cost of an ended job's task in the windows of its holds, once; again does nothing."""
    entry = tables.money_entry
    rows = conn.execute(
        sa.select(*(entry.c[name] for name in _MONEY_KEY), sa.func.sum(entry.c.settled).label("booked"))
        .where(entry.c.job_id == job_id)
        .group_by(*(entry.c[name] for name in _MONEY_KEY))
        .having(sa.func.count().filter(entry.c.kind == EntryKind.CORRECT) == 0)
        .order_by(sa.func.min(entry.c.id))
    )
    common = {"at": now, "job_id": job_id, "kind": EntryKind.CORRECT, "held": 0, "is_estimate": False}
    corrections = []
    for row in rows.mappings():
        key = {name: row[name] for name in _MONEY_KEY}
        corrections.append(common | key | {"settled": cost_nano_usd - int(row["booked"])})
    _apply(conn, _MONEY, _MONEY_KEY, corrections)
    _append(conn, entry, corrections)


def book_quota(conn: sa.Connection, entries: Sequence[Mapping[str, Any]]) -> None:
    """Add entries that no job has made, and what they say to their counters; all have the same columns."""
    _append(conn, tables.quota_entry, entries)
    _apply(conn, _QUOTA, _QUOTA_KEY, [each for each in entries if each["held"] or each["settled"]])


def settled_now(conn: sa.Connection, key: Mapping[str, Any]) -> int:
    """What a quota counter says is used for good; it stays so until the end of the transaction."""
    query = sa.select(_QUOTA.c.settled).where(*(_QUOTA.c[name] == value for name, value in key.items()))
    return conn.execute(query.with_for_update()).scalar() or 0


def images_cap(conn: sa.Connection, job_id: int) -> Mapping[int, int]:
    """Under which caps the job's images were held, by the server and over all servers."""
    entry = tables.quota_entry
    query = sa.select(entry.c.guild_id, entry.c.cap).where(
        entry.c.job_id == job_id, entry.c.kind == EntryKind.HOLD, entry.c.unit == Unit.IMAGE
    )
    return {row.guild_id: row.cap for row in conn.execute(query) if row.cap is not None}


def usage(conn: sa.Connection, *, user_id: int, guild_id: int, windows: Mapping[Unit, str]) -> Usage:
    """What the member has used of each unit in its window, here and in all servers."""
    rows = conn.execute(
        sa.select(_QUOTA).where(
            _QUOTA.c.user_id == user_id,
            _QUOTA.c.guild_id.in_((guild_id, ALL_SERVERS)),
            sa.or_(
                *(sa.and_(_QUOTA.c.unit == unit, _QUOTA.c.window == name) for unit, name in windows.items())
            ),
        )
    )
    found = {(row.guild_id, row.unit): Used(held=row.held, settled=row.settled) for row in rows}
    return Usage(
        here={unit: found.get((guild_id, unit), Used()) for unit in windows},
        everywhere={unit: found.get((ALL_SERVERS, unit), Used()) for unit in windows},
    )


def spent(conn: sa.Connection, *, scope: MoneyScope, scope_id: str, window: str) -> Used:
    """Nano-dollars held and spent by this scope in this window ("2026-11-21" or "2026-11")."""
    row = conn.execute(
        sa.select(_MONEY.c.held, _MONEY.c.settled).where(
            _MONEY.c.scope == scope, _MONEY.c.scope_id == scope_id, _MONEY.c.window == window
        )
    ).first()
    return Used() if row is None else Used(held=row.held, settled=row.settled)


def check(conn: sa.Connection) -> list[Difference]:
    """Every counter that is not the sum of its entries, and every ended job that still holds something."""
    return [
        *_check_counters(conn, "quota", _QUOTA, tables.quota_entry, _QUOTA_KEY),
        *_check_counters(conn, "money", _MONEY, tables.money_entry, _MONEY_KEY),
        *_check_bonuses(conn),
        *_check_ended(conn, "quota", tables.quota_entry, _QUOTA_KEY),
        *_check_ended(conn, "money", tables.money_entry, _MONEY_KEY),
    ]


def _quota_key(job: Job, quota_hold: QuotaHold) -> dict[str, Any]:
    return {
        "user_id": job.user_id,
        "guild_id": quota_hold.guild_id,
        "unit": quota_hold.unit,
        "window": quota_hold.window,
    }


def _money_key(money_hold: MoneyHold) -> dict[str, Any]:
    return {"scope": money_hold.scope, "scope_id": money_hold.scope_id, "window": money_hold.window}


def _prefixed(key: Mapping[str, Any]) -> dict[str, Any]:
    return {f"key_{name}": value for name, value in key.items()}


def _reserve(conn: sa.Connection, table: sa.Table, key: Mapping[str, Any], amount: int, cap: int) -> bool:
    if amount > cap:
        return False
    reserving = {**_prefixed(key), "amount": amount, "cap": cap}
    return conn.execute(_guarded(conn.dialect.name, table), reserving).rowcount == 1


def _reserve_quota(conn: sa.Connection, quota: Iterable[tuple[QuotaHold, Mapping[str, Any]]]) -> None:
    for quota_hold, key in quota:
        if not _reserve(conn, _QUOTA, key, quota_hold.amount, quota_hold.cap):
            used = conn.execute(_READ, _prefixed(key)).scalar() or 0
            raise QuotaRefused(
                quota_hold.unit,
                used=used,
                cap=quota_hold.cap,
                back_at=quota_hold.back_at,
                wanted=quota_hold.amount,
            )


def _reserve_money(conn: sa.Connection, money: Iterable[tuple[MoneyHold, Mapping[str, Any]]]) -> None:
    for money_hold, key in money:
        assert money_hold.cap_nano_usd is not None  # noqa: S101  # for the type checker: the caller sorted them
        if not _reserve(conn, _MONEY, key, money_hold.amount_nano_usd, money_hold.cap_nano_usd):
            raise BudgetRefused(scope=money_hold.scope, back_at=money_hold.back_at, window=money_hold.window)


def _holds_of(
    conn: sa.Connection, table: sa.Table, names: Sequence[str], job_id: int
) -> list[dict[str, Any]]:
    """The job's holds in the order in which they were taken: that of the counters' locks."""
    query = sa.select(*(table.c[name] for name in (*names, "job_id", "held"))).where(
        table.c.job_id == job_id, table.c.kind == EntryKind.HOLD
    )
    return [dict(row) for row in conn.execute(query.order_by(table.c.id)).mappings()]


def _resolve(entry: dict[str, Any], used: int | None, now: datetime) -> None:
    """Make of a hold the entry that ends it: settled at `used`, released when that is None."""
    entry["kind"] = EntryKind.RELEASE if used is None else EntryKind.SETTLE
    entry["held"], entry["settled"], entry["at"] = -entry["held"], used or 0, now


def _apply(
    conn: sa.Connection, table: sa.Table, names: Sequence[str], entries: Iterable[Mapping[str, Any]]
) -> None:
    changes = [
        {
            **_prefixed({name: entry[name] for name in names}),
            "by_held": entry["held"],
            "by_settled": entry["settled"],
        }
        for entry in entries
    ]
    if changes:
        conn.execute(_ADD[table], changes)


def _append(conn: sa.Connection, table: sa.Table, entries: Sequence[Mapping[str, Any]]) -> None:
    if entries:
        conn.execute(_INSERT[table], list(entries))


def _check_counters(
    conn: sa.Connection, ledger: str, counter: sa.Table, entry: sa.Table, names: Sequence[str]
) -> list[Difference]:
    keys = [entry.c[name] for name in names]
    sums = conn.execute(
        sa.select(*keys, sa.func.sum(entry.c.held), sa.func.sum(entry.c.settled)).group_by(*keys)
    )
    expected = {tuple(row[: len(names)]): (int(row[-2]), int(row[-1])) for row in sums}
    counters = conn.execute(
        sa.select(*(counter.c[name] for name in names), counter.c.held, counter.c.settled)
    )
    found = {tuple(row[: len(names)]): (int(row[-2]), int(row[-1])) for row in counters}
    differences = []
    for key in sorted(expected.keys() | found.keys()):
        for index, what in enumerate(("held", "settled")):
            wanted, had = expected.get(key, (0, 0))[index], found.get(key, (0, 0))[index]
            if wanted != had:
                text = " ".join(str(part) for part in key)
                differences.append(Difference(ledger=ledger, key=text, what=what, expected=wanted, found=had))
    return differences


def _check_bonuses(conn: sa.Connection) -> list[Difference]:
    """Bonuses of which more was taken back than given."""
    entry = tables.quota_entry
    key = (entry.c.unit, entry.c.until, entry.c.user_id, entry.c.guild_id)
    left = sa.func.sum(entry.c.granted)
    rows = conn.execute(sa.select(*key, left).where(tables.HAS_END).group_by(*key).having(left < 0))
    return [
        Difference(
            ledger="quota",
            key=" ".join(str(part) for part in row[:-1]),
            what="granted",
            expected=0,
            found=int(row[-1]),
        )
        for row in rows
    ]


def _check_ended(conn: sa.Connection, ledger: str, entry: sa.Table, names: Sequence[str]) -> list[Difference]:
    """Jobs that ended, or are no longer there, and yet hold something."""
    keys = [entry.c.job_id, *(entry.c[name] for name in names)]
    rows = conn.execute(
        sa.select(*keys, sa.func.sum(entry.c.held))
        .select_from(entry.outerjoin(tables.job, tables.job.c.id == entry.c.job_id))
        .where(
            entry.c.job_id.is_not(None),
            sa.or_(tables.job.c.id.is_(None), tables.job.c.state.in_(ENDED)),
        )
        .group_by(*keys)
        .having(sa.func.sum(entry.c.held) != 0)
    )
    return [
        Difference(
            ledger=ledger,
            key="job " + " ".join(str(part) for part in row[:-1]),
            what="held by an ended job",
            expected=0,
            found=int(row[-1]),
        )
        for row in rows
    ]
