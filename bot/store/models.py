"""The units of work on trained models. Who may use one is for `bot.trained.may_use` alone to say."""

from __future__ import annotations

from dataclasses import fields
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.errors import InvalidValue, NoSuchModel
from bot.store import tables
from bot.store.rows import insert_missing
from bot.trained import NewModel, Share, TrainedModel, may_use

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.trained import Reader

MOST_IN_REACH = 500
"""Models that are looked at when a member chooses one, the newest; a server with more has them by name."""

_MODEL, _SHARE = tables.model, tables.model_share
_GIVEN = tuple(each.name for each in fields(NewModel))
_COLUMNS = tuple(_MODEL.c[name] for name in ("id", *_GIVEN, "created_at"))


def record(conn: sa.Connection, new: NewModel, *, now: datetime) -> TrainedModel:
    """The model, stored; that of the same training again is given back as it is.

    A training is never lost over its name or its id: a name that another model of the owner's has gets a
    number behind it, and an id that is another model's already is none.
    """
    given = {each: getattr(new, each) for each in _GIVEN} | {"created_at": now}
    names = chain([new.name], (f"{new.name}-{number}" for number in count(2)))
    while (stored := by_job(conn, new.job_id)) is None:
        if new.wiro_id is not None and by_wiro_id(conn, new.wiro_id) is not None:
            given["wiro_id"] = None
        name = next(each for each in names if not _has(conn, new.owner_id, each))
        values = given | {"name": name, "name_key": _key(name)}
        conn.execute(insert_missing(conn.dialect.name, _MODEL).values(values))
    return stored


def get(conn: sa.Connection, model_id: int) -> TrainedModel | None:
    """The model."""
    return next(iter(_read(conn, _MODEL.c.id == model_id)), None)


def by_job(conn: sa.Connection, job_id: int) -> TrainedModel | None:
    """The model that this training made."""
    return next(iter(_read(conn, _MODEL.c.job_id == job_id)), None)


def by_wiro_id(conn: sa.Connection, wiro_id: str) -> TrainedModel | None:
    """The model that Wiro calls so."""
    return next(iter(_read(conn, _MODEL.c.wiro_id == wiro_id)), None)


def owned_by(conn: sa.Connection, owner_id: int) -> list[TrainedModel]:
    """The member's own models, newest first."""
    return _read(conn, _MODEL.c.owner_id == owner_id)


def without_id(conn: sa.Connection, *, since: datetime) -> list[TrainedModel]:
    """The models recorded since then that Wiro has told no id for."""
    return _read(conn, _MODEL.c.wiro_id.is_(None), _MODEL.c.created_at >= since)


def learn_id(conn: sa.Connection, model_id: int, wiro_id: str) -> bool:
    """Store what Wiro calls the model. False: it has an id or is gone, or the id is another model's."""
    if by_wiro_id(conn, wiro_id) is not None:
        return False
    lacking = (_MODEL.c.id == model_id, _MODEL.c.wiro_id.is_(None))
    return conn.execute(sa.update(_MODEL).where(*lacking).values(wiro_id=wiro_id)).rowcount == 1


def usable_by(conn: sa.Connection, reader: Reader) -> list[TrainedModel]:
    """The models that the member may use there, their own first, then newest first."""
    shared_here = sa.select(_SHARE.c.model_id).where(_SHARE.c.guild_id == reader.guild_id)
    within_reach = sa.or_(_MODEL.c.owner_id == reader.user_id, _MODEL.c.id.in_(shared_here))
    found = [model for model in _read(conn, within_reach) if may_use(model, reader)]
    return sorted(found, key=lambda model: model.owner_id != reader.user_id)


def share(conn: sa.Connection, model_id: int, owner_id: int, wanted: Share, *, now: datetime) -> TrainedModel:
    """The model, shared so; once more changes nothing.

    Raises:
        NoSuchModel: The member has none of that id.
    """
    _own(conn, model_id, owner_id)
    values = {"model_id": model_id, **_columns_of(wanted), "at": now}
    conn.execute(insert_missing(conn.dialect.name, _SHARE).values(values))
    return _own(conn, model_id, owner_id)


def unshare(conn: sa.Connection, model_id: int, owner_id: int, which: Share | None = None) -> TrainedModel:
    """The model, no longer shared so; without `which` it is its owner's alone again, in every server.

    Raises:
        NoSuchModel: The member has none of that id.
    """
    _own(conn, model_id, owner_id)
    conditions = [_SHARE.c.model_id == model_id]
    if which is not None:
        conditions += [_SHARE.c[name] == value for name, value in _columns_of(which).items()]
    conn.execute(sa.delete(_SHARE).where(*conditions))
    return _own(conn, model_id, owner_id)


def rename(conn: sa.Connection, model_id: int, owner_id: int, name: str) -> TrainedModel:
    """The model under its new name.

    Raises:
        NoSuchModel: The member has none of that id.
        InvalidValue: Another model of theirs is called so.
    """
    all_mine = sa.select(_MODEL.c.id).where(_MODEL.c.owner_id == owner_id).order_by(_MODEL.c.id)
    conn.execute(all_mine.with_for_update())  # or two at once could take the same name
    before = _own(conn, model_id, owner_id)
    if _key(name) != _key(before.name) and _has(conn, owner_id, name):
        raise InvalidValue(f"You have a model called `{name}` already. Choose another name.")
    values = {"name": name, "name_key": _key(name)}
    conn.execute(sa.update(_MODEL).where(_MODEL.c.id == model_id).values(values))
    return _own(conn, model_id, owner_id)


def delete(conn: sa.Connection, model_id: int, owner_id: int) -> TrainedModel:
    """The model as it was; nobody can use it from now on.

    Raises:
        NoSuchModel: The member has none of that id.
    """
    model = _own(conn, model_id, owner_id)
    conn.execute(sa.delete(_SHARE).where(_SHARE.c.model_id == model_id))
    conn.execute(sa.delete(_MODEL).where(_MODEL.c.id == model_id))
    return model


def _own(conn: sa.Connection, model_id: int, owner_id: int) -> TrainedModel:
    """The member's own model, which nobody else changes before this transaction ends."""
    mine = (_MODEL.c.id == model_id, _MODEL.c.owner_id == owner_id)
    if conn.execute(sa.select(_MODEL.c.id).where(*mine).with_for_update()).first() is None:
        raise NoSuchModel
    return _read(conn, *mine)[0]


def _read(conn: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[TrainedModel]:
    query = sa.select(*_COLUMNS).where(*conditions).order_by(_MODEL.c.id.desc()).limit(MOST_IN_REACH)
    rows: Sequence[dict[str, Any]] = [dict(row) for row in conn.execute(query).mappings()]
    shares: dict[int, list[Share]] = {row["id"]: [] for row in rows}
    if rows:
        those = sa.select(_SHARE).where(_SHARE.c.model_id.in_(shares))
        for row in conn.execute(those.order_by(_SHARE.c.at, _SHARE.c.kind, _SHARE.c.target_id)):
            shares[row.model_id].append(Share(guild_id=row.guild_id, kind=row.kind, target_id=row.target_id))
    return [TrainedModel(**row, shares=tuple(shares[row["id"]])) for row in rows]


def _has(conn: sa.Connection, owner_id: int, name: str) -> bool:
    """Whether a model of that member is called so, in whatever case."""
    mine = sa.select(_MODEL.c.id).where(_MODEL.c.owner_id == owner_id, _MODEL.c.name_key == _key(name))
    return conn.execute(mine).first() is not None


def _key(name: str) -> str:
    return name.casefold()


def _columns_of(share: Share) -> dict[str, Any]:
    return {"guild_id": share.guild_id, "kind": share.kind, "target_id": share.target_id}
