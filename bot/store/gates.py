"""The gates between the line and Wiro: closed for a while, and how many tasks the account bears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.store import tables
from bot.store.rows import insert_missing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ACCOUNT = ""
"""The key of the account's own gate; every other key is a tool's."""

CLEAN_SUBMITS_TO_GROW = 10
"""After so many submits without a code 96 the learned limit grows by one."""

_GATE = tables.gate
_SELECT = sa.select(_GATE)
_LOCK_ACCOUNT = _SELECT.where(_GATE.c.key == ACCOUNT).with_for_update()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The gate of the account or of one tool."""

    key: str = ACCOUNT
    closed_until: datetime | None = None
    why: str | None = None
    """For the operator, and in plain words for the card: "balance", "auth", "concurrency"."""
    strikes: int = 0
    """How often in a row it was closed, for the backoff; a clean submit makes it 0."""
    learned_limit: int | None = None
    """Tasks at once, as code 96 taught; only the account's gate has one."""
    clean_submits: int = 0

    def is_open(self, now: datetime) -> bool:
        """Whether jobs may pass."""
        return self.closed_until is None or self.closed_until <= now


def gates(conn: sa.Connection) -> dict[str, Gate]:
    """Every gate by its key; the account's is always among them."""
    found = {row.key: Gate(**row._mapping) for row in conn.execute(_SELECT)}  # noqa: SLF001  # SQLAlchemy's public name
    return {ACCOUNT: Gate()} | found


def lock_account(conn: sa.Connection) -> Gate:
    """The account's gate, locked: who holds it alone claims jobs or changes a gate."""
    row = conn.execute(_LOCK_ACCOUNT).first()
    if row is None:
        _make(conn, ACCOUNT)
        row = conn.execute(_LOCK_ACCOUNT).one()
    return Gate(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def learn_limit(conn: sa.Connection, *, named: int | None, running: int, now: datetime) -> Gate:  # noqa: ARG001  # every unit is given its time
    """The account's gate after a code 96: it bears the least of what the code named and what was running.

    With nothing of ours running the number says nothing (somebody else uses the account): close the gate
    instead.
    """
    gate = lock_account(conn)
    seen = [number for number in (named, running) if number is not None and number > 0]
    values = {"clean_submits": 0} | ({"learned_limit": min(seen)} if seen else {})
    return _change(conn, gate.key, values)


def clean_submit(conn: sa.Connection, tool: str, *, now: datetime) -> None:  # noqa: ARG001  # every unit is given its time
    """A Run was accepted: the gates of account and tool are sound, and a learned limit may grow."""
    gate = lock_account(conn)
    grows = gate.learned_limit is not None and gate.clean_submits + 1 >= CLEAN_SUBMITS_TO_GROW
    values: dict[str, Any] = {"clean_submits": 0 if grows else gate.clean_submits + 1, **_OPEN}
    if grows and gate.learned_limit is not None:
        values["learned_limit"] = gate.learned_limit + 1
    _change(conn, ACCOUNT, values)
    conn.execute(sa.update(_GATE).where(_GATE.c.key == tool, _GATE.c.strikes > 0).values(_OPEN))


def close_gate(conn: sa.Connection, key: str, *, until: datetime, why: str, now: datetime) -> Gate:  # noqa: ARG001  # every unit is given its time
    """The gate, closed until then, its strikes one more. `key` is `ACCOUNT` or a tool."""
    lock_account(conn)
    _make(conn, key)
    return _change(conn, key, {"closed_until": until, "why": why, "strikes": _GATE.c.strikes + 1})


def open_gate(conn: sa.Connection, key: str, *, now: datetime) -> None:  # noqa: ARG001  # every unit is given its time
    """Open the gate again; its strikes are forgotten."""
    lock_account(conn)
    conn.execute(sa.update(_GATE).where(_GATE.c.key == key).values(_OPEN))


_OPEN: Mapping[str, Any] = {"closed_until": None, "why": None, "strikes": 0}


def _make(conn: sa.Connection, key: str) -> None:
    conn.execute(insert_missing(conn.dialect.name, _GATE).values(key=key, strikes=0, clean_submits=0))


def _change(conn: sa.Connection, key: str, values: Mapping[str, Any]) -> Gate:
    update = sa.update(_GATE).where(_GATE.c.key == key).values(values).returning(*_GATE.c)
    return Gate(**conn.execute(update).one()._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
