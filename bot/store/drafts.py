"""Drafts of trainings: what a member gathers before anything is started, and the photos' rows.

The photos themselves are files below the data folder, see `photofiles`; the database knows their names. A
draft belongs to one member of one server, of whom there is at most one that is open; once it was started, it
belongs to its job.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.errors import Moved
from bot.store import tables
from bot.store.rows import insert_missing
from bot.training import KEPT_FOR, MOST_BYTES, MOST_PHOTOS, Draft, NewPhoto, Photo

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from bot.training import Follow

MOST_EXPIRED = 200
"""Drafts that one unit deletes; their photos' rows go with them."""

_DRAFT, _PHOTO = tables.draft, tables.draft_photo


_DRAFT_COLUMNS = tuple(_DRAFT.c[each.name] for each in fields(Draft))
_PHOTO_COLUMNS = tuple(_PHOTO.c[each.name] for each in fields(Photo))
_IS_OPEN = _DRAFT.c.job_id.is_(None)
CHANGEABLE = frozenset({"given", "follow", "show_name", "delete_photos", "problems"})


def open_draft(
    conn: sa.Connection,
    *,
    guild_id: int,
    user_id: int,
    given: Mapping[str, Any],
    suffix: str,
    follow: Follow,
    now: datetime,
) -> Draft:
    """The member's open draft there, with what was given put into it; a new one where there is none.

    Args:
        conn: The transaction.
        guild_id: The server.
        user_id: The member.
        given: Values by option name; they go before what the draft has.
        suffix: For a new one.
        follow: Likewise.
        now: The time; a draft that is older than a day is no more.
    """
    mine = (_DRAFT.c.guild_id == guild_id, _DRAFT.c.user_id == user_id, _IS_OPEN)
    conn.execute(sa.delete(_DRAFT).where(*mine, _DRAFT.c.expires_at <= now))
    new = {
        "guild_id": guild_id,
        "user_id": user_id,
        "suffix": suffix,
        "given": {},
        "follow": follow,
        "show_name": False,
        "delete_photos": False,
        "problems": (),
        "created_at": now,
        "expires_at": now + KEPT_FOR,
    }
    conn.execute(insert_missing(conn.dialect.name, _DRAFT).values(new))
    row = conn.execute(sa.select(*_DRAFT_COLUMNS).where(*mine).with_for_update()).one()
    draft = Draft(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    return change(conn, draft.id, given={**draft.given, **given}, problems=()) if given else draft


def find_open(conn: sa.Connection, *, guild_id: int, user_id: int, now: datetime) -> Draft | None:
    """The member's open draft in that server."""
    mine = (_DRAFT.c.guild_id == guild_id, _DRAFT.c.user_id == user_id, _IS_OPEN)
    return _first(conn, *mine, _DRAFT.c.expires_at > now)


def get(conn: sa.Connection, draft_id: int) -> Draft | None:
    """The draft, open or started."""
    return _first(conn, _DRAFT.c.id == draft_id)


def of_job(conn: sa.Connection, job_id: int) -> Draft | None:
    """The draft that became this training, while its photos are kept."""
    return _first(conn, _DRAFT.c.job_id == job_id)


def photos(conn: sa.Connection, draft_id: int) -> tuple[Photo, ...]:
    """The draft's photos in the order in which they came."""
    rows = conn.execute(sa.select(*_PHOTO_COLUMNS).where(_PHOTO.c.draft_id == draft_id).order_by(_PHOTO.c.id))
    return tuple(Photo(**row._mapping) for row in rows)  # noqa: SLF001  # as above


def lock_open(conn: sa.Connection, draft_id: int) -> Draft:
    """The open draft, which nobody else changes before this transaction ends.

    Raises:
        Moved: It was started, discarded, or is too old.
    """
    query = sa.select(*_DRAFT_COLUMNS).where(_DRAFT.c.id == draft_id, _IS_OPEN).with_for_update()
    row = conn.execute(query).first()
    if row is None:
        raise Moved(f"there is no open draft {draft_id}")
    return Draft(**row._mapping)  # noqa: SLF001  # as above


def change(conn: sa.Connection, draft_id: int, **values: Any) -> Draft:
    """The open draft with other choices.

    Raises:
        Moved: It is not open.
        ValueError: That is not the member's to change.
    """
    if set(values) - CHANGEABLE:
        raise ValueError(f"not to be changed: {set(values) - CHANGEABLE}")
    update = sa.update(_DRAFT).where(_DRAFT.c.id == draft_id, _IS_OPEN).values(values)
    row = conn.execute(update.returning(*_DRAFT_COLUMNS)).first()
    if row is None:
        raise Moved(f"there is no open draft {draft_id}")
    return Draft(**row._mapping)  # noqa: SLF001  # as above


def add_photos(
    conn: sa.Connection, draft_id: int, new: Sequence[NewPhoto], *, problems: Sequence[str] = ()
) -> tuple[NewPhoto, ...]:
    """Store these photos, and say which were left out: one too many, too much, or there already.

    Raises:
        Moved: The draft is not open.
    """
    lock_open(conn, draft_id)
    kept = photos(conn, draft_id)
    count, size_bytes = len(kept), sum(photo.size_bytes for photo in kept)
    left_out: list[NewPhoto] = []
    insert = insert_missing(conn.dialect.name, _PHOTO)
    for photo in new:
        fits = count < MOST_PHOTOS and size_bytes + photo.size_bytes <= MOST_BYTES
        values = {each.name: getattr(photo, each.name) for each in fields(NewPhoto)}
        if not fits or not conn.execute(insert.values(draft_id=draft_id, **values)).rowcount:
            left_out.append(photo)
            continue
        count, size_bytes = count + 1, size_bytes + photo.size_bytes
    change(conn, draft_id, problems=tuple(problems))
    return tuple(left_out)


def remove_photos(conn: sa.Connection, draft_id: int, photo_ids: Collection[int]) -> tuple[Photo, ...]:
    """Take these photos out of the open draft; those that were there.

    Raises:
        Moved: The draft is not open.
    """
    lock_open(conn, draft_id)
    gone = tuple(photo for photo in photos(conn, draft_id) if photo.id in photo_ids)
    conn.execute(sa.delete(_PHOTO).where(_PHOTO.c.id.in_([photo.id for photo in gone])))
    return gone


def discard(conn: sa.Connection, draft_id: int) -> None:
    """Delete the open draft with its photos' rows; fine when it is gone.

    Raises:
        Moved: It was started.
    """
    conn.execute(sa.delete(_DRAFT).where(_DRAFT.c.id == draft_id, _IS_OPEN))
    if get(conn, draft_id) is not None:
        raise Moved(f"the draft {draft_id} was started")


def discard_expired(conn: sa.Connection, *, now: datetime) -> tuple[int, ...]:
    """Delete open drafts that are past their time; which ones. Ask again until there are none."""
    old = sa.select(_DRAFT.c.id).where(_IS_OPEN, _DRAFT.c.expires_at <= now).limit(MOST_EXPIRED)
    gone = sa.delete(_DRAFT).where(_DRAFT.c.id.in_(old)).returning(_DRAFT.c.id)
    return tuple(sorted(conn.execute(gone).scalars()))


def files(conn: sa.Connection) -> dict[int, frozenset[str]]:
    """The files that every draft should have, by its id."""
    found: dict[int, set[str]] = {
        draft_id: set() for draft_id in conn.execute(sa.select(_DRAFT.c.id)).scalars()
    }
    for row in conn.execute(sa.select(_PHOTO.c.draft_id, _PHOTO.c.file)):
        found[row.draft_id].add(row.file)
    return {draft_id: frozenset(names) for draft_id, names in found.items()}


def _first(conn: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Draft | None:
    row = conn.execute(sa.select(*_DRAFT_COLUMNS).where(*conditions).limit(1)).first()
    return None if row is None else Draft(**row._mapping)  # noqa: SLF001  # as above
