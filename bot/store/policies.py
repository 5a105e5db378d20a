"""What servers and members have chosen; whoever chose nothing has the defaults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.model import AgeRule
from bot.store import changes, tables
from bot.store.rows import insert_missing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_GUILD = tables.guild_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildPolicy:
    """A server's choices."""

    guild_id: int
    real_persons: bool = False
    """Inspirations that name a real person are suggested."""
    deleted_card: str = "dm"
    """Where a result goes whose card was deleted: "dm" or "message"."""
    language: str | None = None
    """Discord's locale in which public cards are written; None: the server's own."""
    allowed_channels: tuple[int, ...] = ()
    """Where tasks may be started, with the threads in them; empty: everywhere."""
    age_rule: AgeRule = AgeRule.OFF
    retention_days: int | None = None
    """How long what is stored of a task is kept after its end; None: for ever."""
    log_channel_id: int | None = None
    """Where moderators' acts and refusals are told; None: nowhere."""
    log_prompts: bool = False
    """The log channel shows prompts."""
    moderator_roles: tuple[int, ...] = ()
    """Roles whose members may do what moderators may."""
    portrait_defaults: Mapping[str, Any] = field(default_factory=dict)
    """What `/portrait` takes for an input that was left out, by Wiro's id of the input."""
    cooldown_s: int = 0
    """How long a member waits between two tasks."""
    stop_returns_quota: bool = True
    """A task that a moderator stopped gives its quota back."""
    line_paused: str | None = None
    """Why its waiting tasks may not go for now, in a manager's words or ""; None: they may."""


CHOICES = tuple(each.name for each in fields(GuildPolicy) if each.name != "guild_id")
"""The names of all that a server can choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPolicy:
    """A member's choices in one server."""

    user_id: int
    guild_id: int
    notify: str = "reply"
    """How the end of a long job is told: "reply", "dm" or "nothing"."""


def guild_policy(conn: sa.Connection, guild_id: int) -> GuildPolicy:
    """The server's choices."""
    query = sa.select(*(_GUILD.c[each.name] for each in fields(GuildPolicy)))
    row = conn.execute(query.where(_GUILD.c.guild_id == guild_id)).first()
    return GuildPolicy(guild_id=guild_id) if row is None else GuildPolicy(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def member_policy(conn: sa.Connection, user_id: int, guild_id: int) -> MemberPolicy:
    """The member's choices in this server."""
    table = tables.member_policy
    mine = sa.select(table).where(table.c.user_id == user_id, table.c.guild_id == guild_id)
    row = conn.execute(mine).first()
    if row is None:
        return MemberPolicy(user_id=user_id, guild_id=guild_id)
    return MemberPolicy(user_id=user_id, guild_id=guild_id, notify=row.notify)


def set_guild_policy(conn: sa.Connection, policy: GuildPolicy, *, now: datetime) -> None:
    """Store the server's choices, which nobody else changed in between."""
    values = asdict(policy) | {"updated_at": now}
    conn.execute(insert_missing(conn.dialect.name, _GUILD).values(values))
    conn.execute(sa.update(_GUILD).where(_GUILD.c.guild_id == policy.guild_id).values(values))


def choose(conn: sa.Connection, guild_id: int, name: str, value: object, *, by: int, now: datetime) -> bool:
    """Store one choice of the server, with its entry in the audit. False: it was so already.

    Args:
        conn: The transaction.
        guild_id: The server.
        name: One of `CHOICES`.
        value: What is chosen, or what a `Change` says that it was.
        by: Who chose.
        now: The time.
    """
    column = _GUILD.c[name]
    if name not in CHOICES:
        raise ValueError(f"{name} is not a server's choice")
    default = asdict(GuildPolicy(guild_id=guild_id)) | {"updated_at": now}
    conn.execute(insert_missing(conn.dialect.name, _GUILD).values(default))
    here = _GUILD.c.guild_id == guild_id
    before = conn.execute(sa.select(column).where(here).with_for_update()).scalar_one()
    conn.execute(sa.update(_GUILD).where(here).values({column: value, _GUILD.c.updated_at: now}))
    return changes.note_change(
        conn, name, guild_id=guild_id, actor_id=by, before=before, after=value, now=now
    )


def set_member_policy(conn: sa.Connection, policy: MemberPolicy, *, now: datetime) -> None:
    """Store the member's choices."""
    table = tables.member_policy
    key = {"user_id": policy.user_id, "guild_id": policy.guild_id}
    values = {"notify": policy.notify, "updated_at": now}
    conn.execute(insert_missing(conn.dialect.name, table).values(**key, **values))
    mine = (table.c.user_id == policy.user_id, table.c.guild_id == policy.guild_id)
    conn.execute(sa.update(table).where(*mine).values(values))
