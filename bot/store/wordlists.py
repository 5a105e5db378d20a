"""Words that a server does not want asked for; every change is in the audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.model import Act
from bot.store import auditing, tables
from bot.store.rows import insert_missing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_WORD = tables.word


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWord:
    """A word of a server's list."""

    key: str
    """What makes two words the same."""
    word: str
    """As it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Another one after every change of a list."""

    words: int
    last_id: int


def version(conn: sa.Connection, guild_id: int) -> Version:
    """How the server's list stands."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.max(_WORD.c.id), 0))
    words, last_id = conn.execute(query.where(_WORD.c.guild_id == guild_id)).one()
    return Version(words=words, last_id=last_id)


def words(
    conn: sa.Connection, guild_id: int, *, limit: int | None = None, offset: int = 0
) -> list[StoredWord]:
    """The server's list by the alphabet, or a part of it."""
    query = sa.select(_WORD.c.key, _WORD.c.word).where(_WORD.c.guild_id == guild_id)
    rows = conn.execute(query.order_by(_WORD.c.key).limit(limit).offset(offset))
    return [StoredWord(key=row.key, word=row.word) for row in rows]


def add(
    conn: sa.Connection, wanted: Sequence[StoredWord], *, guild_id: int, by: int, now: datetime
) -> list[StoredWord]:
    """Put the words on the list; those that were not on it, each with its entry in the audit."""
    added = []
    for each in wanted:
        values = {"guild_id": guild_id, "key": each.key, "word": each.word, "by": by, "at": now}
        if conn.execute(insert_missing(conn.dialect.name, _WORD).values(values)).rowcount:
            auditing.note(conn, Act.ADD_WORD, guild_id=guild_id, actor_id=by, now=now, detail=each.word)
            added.append(each)
    return added


def remove(conn: sa.Connection, key: str, *, guild_id: int, by: int, now: datetime) -> StoredWord | None:
    """Take the word off the list, with its entry in the audit; None: it was not on it."""
    mine = (_WORD.c.guild_id == guild_id, _WORD.c.key == key)
    row = conn.execute(sa.delete(_WORD).where(*mine).returning(_WORD.c.word)).first()
    if row is None:
        return None
    auditing.note(conn, Act.REMOVE_WORD, guild_id=guild_id, actor_id=by, now=now, detail=row.word)
    return StoredWord(key=key, word=row.word)
