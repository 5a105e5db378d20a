"""The rules that servers made of limits, and what they say of one member.

A rule is a setting of its server, so each change of one is in the audit and can be undone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.errors import TooSoon
from bot.limits import MemberRules, Subject, Target, check_amounts, loaded, stored
from bot.model import Reason
from bot.store import changes, grants, tables
from bot.store.rows import insert_missing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from bot.limits import Amounts, Limit
    from bot.model import Job

_RULE, _JOB = tables.limit_rule, tables.job

_HERE = sa.select(sa.literal(1).label("one")).subquery("here")
_OF_MEMBER = sa.and_(
    _RULE.c.guild_id == sa.bindparam("guild_id"),
    sa.or_(
        _RULE.c.subject == Subject.SERVER,
        sa.and_(_RULE.c.subject == Subject.MEMBER, _RULE.c.subject_id == sa.bindparam("user_id")),
        sa.and_(
            _RULE.c.subject == Subject.ROLE,
            _RULE.c.subject_id.in_(sa.bindparam("role_ids", expanding=True)),
        ),
    ),
)
_COOLDOWN = (
    sa.select(tables.guild_policy.c.cooldown_s)
    .where(tables.guild_policy.c.guild_id == sa.bindparam("guild_id"))
    .scalar_subquery()
)
# One query, for every task that is asked for is asked it: a row even where there is no rule.
_SAID = sa.select(
    _RULE.c.subject,
    _RULE.c.subject_id,
    _RULE.c.amounts,
    _COOLDOWN.label("cooldown_s"),
    grants.HAS_BONUS.label("has_bonus"),
).select_from(_HERE.outerjoin(_RULE, _OF_MEMBER))


def rules_for(
    conn: sa.Connection, *, guild_id: int, user_id: int, role_ids: Collection[int], now: datetime
) -> MemberRules:
    """All that the server says of the limits of a member with these roles."""
    asked = {"guild_id": guild_id, "user_id": user_id, "role_ids": list(role_ids), "now": now}
    rows = conn.execute(_SAID, asked).all()
    found = {(row.subject, row.subject_id): loaded(row.amounts) for row in rows if row.subject is not None}
    has_bonus = rows[0].has_bonus
    return MemberRules(
        member=found.get((Subject.MEMBER, user_id), {}),
        roles={each: rule for (subject, each), rule in found.items() if subject is Subject.ROLE},
        server=found.get((Subject.SERVER, 0), {}),
        bonuses=grants.bonuses(conn, guild_id=guild_id, user_id=user_id, now=now) if has_bonus else (),
        cooldown_s=rows[0].cooldown_s or 0,
    )


def rule(conn: sa.Connection, target: Target) -> Amounts:
    """What the server's rule for them says; nothing where there is none."""
    amounts = conn.execute(sa.select(_RULE.c.amounts).where(*_is(target))).scalar()
    return loaded(amounts or {})


def rules(conn: sa.Connection, guild_id: int, subject: Subject, *, limit: int) -> Mapping[Target, Amounts]:
    """The server's rules for subjects of that kind, those that changed last first."""
    query = sa.select(_RULE.c.subject_id, _RULE.c.amounts).where(
        _RULE.c.guild_id == guild_id, _RULE.c.subject == subject
    )
    rows = conn.execute(query.order_by(_RULE.c.updated_at.desc(), _RULE.c.subject_id).limit(limit))
    found = {
        Target(guild_id=guild_id, subject=subject, id=row.subject_id): loaded(row.amounts) for row in rows
    }
    return {target: amounts for target, amounts in found.items() if amounts}


def set_rule(conn: sa.Connection, target: Target, amounts: Amounts, *, by: int, now: datetime) -> bool:
    """Store the rule in the place of an older one, with its entry in the audit. False: it was so already.

    Args:
        conn: The transaction.
        target: For whom it is.
        amounts: What it says; of what is not in it, it says nothing.
        by: Who made it.
        now: The time.
    """
    check_amounts(amounts)
    return _store(conn, target, _locked(conn, target, now), amounts, by=by, now=now)


def change_rule(
    conn: sa.Connection, target: Target, said: Mapping[Limit, int | None], *, by: int, now: datetime
) -> bool:
    """Let the rule say these amounts too; None takes one out. The rest is as `set_rule`."""
    before = _locked(conn, target, now)
    after = {limit: amount for limit, amount in {**before, **said}.items() if amount is not None}
    check_amounts(after)
    return _store(conn, target, before, after, by=by, now=now)


def _locked(conn: sa.Connection, target: Target, now: datetime) -> Amounts:
    """What the rule says, which nobody else changes before this transaction ends."""
    key = {"guild_id": target.guild_id, "subject": target.subject, "subject_id": target.id}
    conn.execute(insert_missing(conn.dialect.name, _RULE).values(**key, amounts={}, updated_at=now))
    query = sa.select(_RULE.c.amounts).where(*_is(target)).with_for_update()
    return loaded(conn.execute(query).scalar_one())


def _store(
    conn: sa.Connection, target: Target, before: Amounts, after: Amounts, *, by: int, now: datetime
) -> bool:
    values = {"amounts": stored(after), "updated_at": now}
    conn.execute(sa.update(_RULE).where(*_is(target)).values(values))
    return changes.note_change(
        conn,
        target.setting,
        guild_id=target.guild_id,
        actor_id=by,
        before=stored(before),
        after=values["amounts"],
        now=now,
        target_user_id=target.id if target.subject is Subject.MEMBER else None,
    )


def last_asked(conn: sa.Connection, job: Job) -> datetime | None:
    """When the job's owner asked for the task before it, in the same server; one that nobody saw is none."""
    query = sa.select(_JOB.c.created_at).where(
        _JOB.c.user_id == job.user_id,
        _JOB.c.guild_id == job.guild_id,
        _JOB.c.id != job.id,
        sa.or_(_JOB.c.reason.is_(None), _JOB.c.reason != Reason.NOBODY_SAW_IT),
    )
    asked: datetime | None = conn.execute(query.order_by(_JOB.c.id.desc()).limit(1)).scalar()
    return asked


def refuse_too_soon(conn: sa.Connection, job: Job, cooldown_s: int, *, now: datetime) -> None:
    """Return when the job's owner has waited long enough since the task before it.

    Call it when the owner's counters are locked: of two tasks asked for at once one has to see the other.

    Raises:
        TooSoon: They have not.
    """
    before = last_asked(conn, job) if cooldown_s else None
    if before is not None and now < (again_at := before + timedelta(seconds=cooldown_s)):
        raise TooSoon(pause_s=cooldown_s, again_at=again_at)


def _is(target: Target) -> list[sa.ColumnElement[bool]]:
    return [
        _RULE.c.guild_id == target.guild_id,
        _RULE.c.subject == target.subject,
        _RULE.c.subject_id == target.id,
    ]
