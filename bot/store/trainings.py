"""Trainings from their acceptance to the line: who agreed to what, where the photos are on their way to Wiro.

Until its photos are at Wiro a training waits with `preparing` set, which keeps it out of the line, and with
the process as its owner that prepares it. Each unit is guarded by both.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.errors import Moved
from bot.model import JobState
from bot.store import drafts, tables
from bot.store.rows import JOB_COLUMNS, carried, change, claim_way, lock_job, to_job
from bot.training import Training

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.model import Job
    from bot.training import Consent, UploadWay

_JOB, _DRAFT, _PHOTO, _TRAINING = tables.job, tables.draft, tables.draft_photo, tables.training
_IS_PREPARING = sa.and_(tables.IS_WAITING, _JOB.c.preparing.is_(True))
CHUNK = 100
PLACE = "place"
"""Claimed once the channel is known in which the training is followed."""


_COLUMNS = tuple(_TRAINING.c[each.name] for each in fields(Training))


def begin(conn: sa.Connection, job: Job, draft_id: int, consent: Consent) -> None:
    """Let the draft become this training; in the unit that accepts its job. Once more changes nothing.

    Raises:
        Moved: The draft is not open any more.
    """
    if get(conn, job.id) is not None:
        return
    draft = drafts.lock_open(conn, draft_id)
    if (draft.guild_id, draft.user_id) != (job.guild_id, job.user_id):
        raise Moved(f"the draft {draft_id} is another member's")
    conn.execute(sa.update(_DRAFT).where(_DRAFT.c.id == draft_id).values(job_id=job.id))
    conn.execute(
        sa.insert(_TRAINING).values(
            job_id=job.id,
            draft_id=draft_id,
            photos=len(drafts.photos(conn, draft_id)),
            follow=draft.follow,
            delete_photos=draft.delete_photos,
            consent_words=consent.words,
            consent_locale=consent.locale,
            consented_at=consent.at,
            attempt=0,
        )
    )


def get(conn: sa.Connection, job_id: int) -> Training | None:
    """What is known of that training."""
    row = conn.execute(sa.select(*_COLUMNS).where(_TRAINING.c.job_id == job_id)).first()
    return None if row is None else Training(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def claim_unprepared(conn: sa.Connection, me: int) -> list[Job]:
    """The trainings whose photos this process brings to Wiro: those that were its own, and nobody's."""
    free = sa.select(_JOB.c.id).where(_IS_PREPARING, _JOB.c.owner.is_(None)).order_by(_JOB.c.id).limit(CHUNK)
    conn.execute(
        sa.update(_JOB).where(_JOB.c.id.in_(free.with_for_update(skip_locked=True))).values(owner=me)
    )
    mine = sa.select(*JOB_COLUMNS).where(_IS_PREPARING, _JOB.c.owner == me).order_by(_JOB.c.id)
    return [to_job(row) for row in conn.execute(mine)]


def claim(conn: sa.Connection, job_id: int, me: int, what: str, now: datetime) -> bool:
    """Claim something that may be made once for the training. False: it was claimed before, and may be there.

    Raises:
        Moved: It does not wait with `me` for its photos any more.
    """
    _hold(conn, job_id, me)
    return claim_way(conn, job_id, what, now)


def set_place(
    conn: sa.Connection,
    job_id: int,
    me: int,
    *,
    channel_id: int,
    message_id: int | None = None,
    note: str | None = None,
    now: datetime,
) -> Job:
    """The training followed there from now on; with a message it has its card, with a note the card says it.

    Raises:
        Moved: It does not wait with `me` for its photos any more.
    """
    job = _hold(conn, job_id, me)
    claim_way(conn, job_id, PLACE, now)
    notes = job.notes if note is None or note in job.notes else (*job.notes, note)
    return _change(conn, job_id, me, channel_id=channel_id, message_id=message_id, notes=notes)


def begin_upload(
    conn: sa.Connection, job_id: int, me: int, way: UploadWay, *, archive_token: str | None = None
) -> Training:
    """A new attempt to bring the photos to Wiro; what an earlier one left there does not count.

    Raises:
        Moved: It does not wait with `me` for its photos any more.
    """
    _hold(conn, job_id, me)
    training = _alter(
        conn,
        job_id,
        way=way,
        attempt=_TRAINING.c.attempt + 1,
        folder_id=None,
        archive_token=archive_token,
    )
    photos = sa.update(_PHOTO).where(_PHOTO.c.draft_id == training.draft_id)
    conn.execute(photos.values(sent_at=None, wiro_id=None))
    return training


def folder_made(conn: sa.Connection, job_id: int, me: int, folder_id: str) -> Training:
    """The folder of this attempt is there.

    Raises:
        Moved: It does not wait with `me` for its photos any more.
    """
    _hold(conn, job_id, me)
    return _alter(conn, job_id, folder_id=folder_id)


def begin_photo(conn: sa.Connection, job_id: int, me: int, photo_id: int, now: datetime | None) -> None:
    """This photo's upload begins, stored before its first byte leaves; None: it surely did not.

    Raises:
        Moved: It does not wait with `me` for its photos any more.
    """
    _hold(conn, job_id, me)
    conn.execute(sa.update(_PHOTO).where(_PHOTO.c.id == photo_id).values(sent_at=now))


def photo_stored(conn: sa.Connection, job_id: int, me: int, photo_id: int, wiro_id: str) -> None:
    """This photo is in the folder.

    Raises:
        Moved: It does not wait with `me` for its photos any more.
    """
    _hold(conn, job_id, me)
    conn.execute(sa.update(_PHOTO).where(_PHOTO.c.id == photo_id).values(wiro_id=wiro_id))


def prepared(
    conn: sa.Connection, job_id: int, me: int, inputs: Mapping[str, Any], *, photos_are_there: bool
) -> Job:
    """The training in the line, with the inputs that say where its photos are.

    With `photos_are_there` nothing of them is needed here any more: their rows go, then their files may.

    Raises:
        Moved: It does not wait with `me` for its photos any more.
    """
    job = _hold(conn, job_id, me)
    if photos_are_there:
        forget_photos(conn, job_id)
    return _change(conn, job_id, me, inputs={**job.inputs, **inputs}, preparing=False, owner=None)


def forget_photos(conn: sa.Connection, job_id: int) -> tuple[int, ...]:
    """Delete the rows of the draft that became this training, and say which it was; none when it is gone."""
    gone = sa.delete(_DRAFT).where(_DRAFT.c.job_id == job_id).returning(_DRAFT.c.id)
    return tuple(conn.execute(gone).scalars())


def give_back(conn: sa.Connection, job_id: int, *, now: datetime) -> bool:
    """Open the draft again of a training that ended before its photos were at Wiro.

    False: there is none to give back, or its owner has begun another; then its rows are gone.

    Raises:
        Moved: The training has not ended.
    """
    job = lock_job(conn, job_id)
    if not job.state.has_ended:
        raise Moved(f"job {job_id} has not ended")
    draft = drafts.of_job(conn, job_id)
    if draft is None:
        return False
    newer = drafts.find_open(conn, guild_id=draft.guild_id, user_id=draft.user_id, now=draft.created_at)
    if newer is not None or draft.expires_at <= now or not job.preparing:
        forget_photos(conn, job_id)
        return False
    conn.execute(sa.update(_DRAFT).where(_DRAFT.c.id == draft.id).values(job_id=None))
    photos = sa.update(_PHOTO).where(_PHOTO.c.draft_id == draft.id)
    conn.execute(photos.values(sent_at=None, wiro_id=None))
    return True


def with_photos_left(conn: sa.Connection, *, limit: int = CHUNK) -> list[Job]:
    """Trainings past their preparation, or ended, whose photos are still kept here."""
    query = (
        sa.select(*JOB_COLUMNS)
        .join(_DRAFT, _DRAFT.c.job_id == _JOB.c.id)
        .where(sa.or_(_JOB.c.ended_at.is_not(None), _JOB.c.preparing.is_(False)))
        .order_by(_JOB.c.id)
        .limit(limit)
    )
    return [to_job(row) for row in conn.execute(query)]


def with_photos_to_delete(conn: sa.Connection, *, used_as: str, limit: int = CHUNK) -> list[Job]:
    """Trainings whose photos Wiro is to be asked to delete: their models have proved usable.

    That is when their owner has had images of it.

    Args:
        conn: The transaction.
        used_as: The input by which a task names a trained model.
        limit: How many.
    """
    use, model = tables.job.alias("use"), tables.model
    has_proved = sa.exists().where(
        use.c.user_id == model.c.owner_id,
        use.c.state == JobState.DONE,
        use.c.inputs[used_as].as_string() == model.c.wiro_id,
    )
    query = (
        sa.select(*JOB_COLUMNS)
        .join(_TRAINING, _TRAINING.c.job_id == _JOB.c.id)
        .join(model, model.c.job_id == _JOB.c.id)
        .where(
            _TRAINING.c.delete_photos.is_(True),
            _TRAINING.c.photos_deleted_at.is_(None),
            _JOB.c.socket_token.is_not(None),
            has_proved,
        )
        .order_by(_JOB.c.id)
        .limit(limit)
    )
    return [to_job(row) for row in conn.execute(query)]


def photos_deleted(conn: sa.Connection, job_id: int, *, now: datetime) -> None:
    """Wiro was asked to delete the training's photos."""
    conn.execute(sa.update(_TRAINING).where(_TRAINING.c.job_id == job_id).values(photos_deleted_at=now))


def by_archive(conn: sa.Connection, token: str) -> Training | None:
    """The training whose archive is fetched under that token, until it has ended."""
    mine = sa.select(*_COLUMNS).join(_JOB, _JOB.c.id == _TRAINING.c.job_id)
    row = conn.execute(mine.where(_TRAINING.c.archive_token == token, _JOB.c.ended_at.is_(None))).first()
    return None if row is None else Training(**row._mapping)  # noqa: SLF001  # as above


def _hold(conn: sa.Connection, job_id: int, me: int) -> Job:
    """The training, which waits with `me` for its photos until this transaction ends."""
    job = lock_job(conn, job_id)
    if job.state is not JobState.WAITING or not job.preparing or job.owner != me:
        raise Moved(f"job {job_id} is not being prepared by {me}")
    return job


def _change(conn: sa.Connection, job_id: int, me: int, **values: Any) -> Job:
    conditions = (*carried(me, JobState.WAITING), _JOB.c.preparing.is_(True))
    return change(conn, job_id, *conditions, wanted=f"being prepared by {me}", values=values)


def _alter(conn: sa.Connection, job_id: int, **values: Any) -> Training:
    update = sa.update(_TRAINING).where(_TRAINING.c.job_id == job_id).values(values)
    row = conn.execute(update.returning(*_COLUMNS)).one()
    return Training(**row._mapping)  # noqa: SLF001  # as above
