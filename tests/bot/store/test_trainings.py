"""Trainings between acceptance and the line, on both engines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.errors import Moved
from bot.model import CancelBy, JobState
from bot.store import drafts, jobs, models, tables, trainings
from bot.training import KEPT_FOR, Consent, Draft, Follow, UploadWay
from tests.bot.store.test_drafts import a_photo, opened
from tests.support.clock import START
from tests.support.models import a_new_model
from tests.support.store import GUILD, USER, Bench

if TYPE_CHECKING:
    from bot.model import Job
    from bot.store.database import Database

CONSENT = Consent(words="These photos show me.", locale="en-US", at=START)


async def drafted(db: Database, photos: int = 2) -> Draft:
    draft = await opened(db, name="mira")
    new = [a_photo(number) for number in range(photos)]
    await db.write(partial(drafts.add_photos, draft_id=draft.id, new=new))
    return draft


async def started(db: Database, bench: Bench, draft: Draft, **changes: Any) -> Job:
    new = bench.new(images=0, tool="train-dreambooth-sd", preparing=True, **changes)

    def unit(conn: sa.Connection) -> Job:
        job = jobs.accept(conn, new, bench.holds(new), now=START)
        trainings.begin(conn, job, draft.id, CONSENT)
        return job

    return await db.write(unit)


async def preparing(db: Database, bench: Bench) -> tuple[Job, int, Draft]:
    me = await bench.process()
    draft = await drafted(db)
    await started(db, bench, draft)
    [job] = await db.write(partial(trainings.claim_unprepared, me=me))
    return job, me, draft


async def test_a_started_draft_is_no_draft_any_more_and_who_agreed_to_what_is_stored(
    db: Database, bench: Bench
) -> None:
    draft = await drafted(db)
    job = await started(db, bench, draft)
    training = await db.read(partial(trainings.get, job_id=job.id))
    assert training is not None
    assert (training.photos, training.follow) == (2, Follow.THREAD)
    assert (training.consent_words, training.consent_locale) == (CONSENT.words, "en-US")
    assert training.consented_at == START
    assert await db.read(partial(drafts.find_open, guild_id=GUILD, user_id=USER, now=START)) is None
    with pytest.raises(Moved):
        await db.write(partial(drafts.add_photos, draft_id=draft.id, new=[a_photo(9)]))
    with pytest.raises(Moved):
        await db.write(partial(drafts.discard, draft_id=draft.id))


async def test_a_draft_starts_one_training_whoever_presses_start_how_often(
    db: Database, bench: Bench
) -> None:
    """The second is refused as a whole: no job of it is left, and nothing is held."""
    draft = await drafted(db)
    job = await started(db, bench, draft, interaction_id=1)
    with pytest.raises(Moved):
        await started(db, bench, draft, interaction_id=2, user_id=USER)
    assert [each.id for each in await db.read(jobs.unfinished)] == [job.id]
    assert (await started(db, bench, draft, interaction_id=1)).id == job.id


async def test_a_draft_of_somebody_else_starts_nothing(db: Database, bench: Bench) -> None:
    with pytest.raises(Moved):
        await started(db, bench, await drafted(db), user_id=USER + 1)
    assert await db.read(jobs.unfinished) == []


async def test_until_its_photos_are_at_wiro_a_training_has_no_place_in_the_line(
    db: Database, bench: Bench
) -> None:
    job, me, _draft = await preparing(db, bench)
    place = partial(trainings.set_place, job_id=job.id, me=me, channel_id=5, message_id=6, note="in_dm")
    await db.write(partial(place, now=START))
    placed = await db.write(partial(place, now=START))
    assert placed.notes == (*job.notes, "in_dm")
    assert await bench.claim(me) is None
    assert await db.read(partial(jobs.cardless, before=START + KEPT_FOR)) == []
    inputs = {"selectedFolder": "77"}
    ready = await db.write(
        partial(trainings.prepared, job_id=job.id, me=me, inputs=inputs, photos_are_there=True)
    )
    assert (ready.preparing, ready.owner, ready.channel_id, ready.message_id) == (False, None, 5, 6)
    assert ready.inputs["selectedFolder"] == "77"
    assert ready.inputs["prompt"]  # and all that it had
    assert await db.read(drafts.files) == {}
    claimed = await bench.claim(me)
    assert claimed is not None
    assert claimed.id == job.id


async def test_an_upload_is_taken_up_where_it_was_by_the_process_that_comes_after(
    db: Database, bench: Bench
) -> None:
    job, me, draft = await preparing(db, bench)
    first, second = await db.read(partial(drafts.photos, draft_id=draft.id))
    mine: dict[str, Any] = {"job_id": job.id, "me": me}
    await db.write(partial(trainings.begin_upload, **mine, way=UploadWay.FOLDER))
    await db.write(partial(trainings.folder_made, **mine, folder_id="f1"))
    await db.write(partial(trainings.begin_photo, **mine, photo_id=first.id, now=START))
    await db.write(partial(trainings.photo_stored, **mine, photo_id=first.id, wiro_id="w1"))
    await db.write(partial(trainings.begin_photo, **mine, photo_id=second.id, now=START))
    heir = await bench.process()
    assert await db.write(partial(trainings.claim_unprepared, me=heir)) == []
    await db.write(lambda conn: jobs_taken_over(conn, heir))
    assert [each.id for each in await db.write(partial(trainings.claim_unprepared, me=heir))] == [job.id]
    training = await db.read(partial(trainings.get, job_id=job.id))
    assert training is not None
    assert (training.way, training.attempt, training.folder_id) == (UploadWay.FOLDER, 1, "f1")
    photos = await db.read(partial(drafts.photos, draft_id=draft.id))
    assert [(photo.sent_at is not None, photo.wiro_id) for photo in photos] == [(True, "w1"), (True, None)]
    with pytest.raises(Moved):  # whoever was taken over writes nothing more
        await db.write(partial(trainings.photo_stored, **mine, photo_id=second.id, wiro_id="w2"))


def jobs_taken_over(conn: sa.Connection, heir: int) -> int:
    from bot.store import processes

    return len(processes.take_over(conn, heir, START, dead_after_s=None))


async def test_a_new_attempt_counts_nothing_of_the_one_before(db: Database, bench: Bench) -> None:
    job, me, draft = await preparing(db, bench)
    [first, _] = await db.read(partial(drafts.photos, draft_id=draft.id))
    mine: dict[str, Any] = {"job_id": job.id, "me": me}
    await db.write(partial(trainings.begin_upload, **mine, way=UploadWay.FOLDER))
    await db.write(partial(trainings.folder_made, **mine, folder_id="f1"))
    await db.write(partial(trainings.photo_stored, **mine, photo_id=first.id, wiro_id="w1"))
    again = await db.write(
        partial(trainings.begin_upload, **mine, way=UploadWay.ADDRESS, archive_token="t" * 32)
    )
    assert (again.attempt, again.folder_id) == (2, None)
    photos = await db.read(partial(drafts.photos, draft_id=draft.id))
    assert {photo.wiro_id for photo in photos} == {None}
    found = await db.read(partial(trainings.by_archive, token="t" * 32))
    assert found == again
    assert await db.read(partial(trainings.by_archive, token="x")) is None
    stop = partial(jobs.want_stop, job_id=job.id, by=CancelBy.OWNER, user_id=USER, reason=None, now=START)
    await db.write(stop)
    assert await db.read(partial(trainings.by_archive, token="t" * 32)) is None


async def test_a_training_that_is_stopped_before_its_photos_are_there_gives_its_draft_back(
    db: Database, bench: Bench
) -> None:
    job, me, draft = await preparing(db, bench)
    with pytest.raises(Moved):
        await db.write(partial(trainings.give_back, job_id=job.id, now=START))
    stop = partial(jobs.want_stop, job_id=job.id, by=CancelBy.OWNER, user_id=USER, reason=None, now=START)
    assert (await db.write(stop)).state is JobState.CANCELLED
    assert [each.id for each in await db.read(trainings.with_photos_left)] == [job.id]
    with pytest.raises(Moved):
        await db.write(partial(trainings.folder_made, job_id=job.id, me=me, folder_id="f"))
    assert await db.write(partial(trainings.give_back, job_id=job.id, now=START))
    found = await db.read(partial(drafts.find_open, guild_id=GUILD, user_id=USER, now=START))
    assert found is not None
    assert found.id == draft.id
    assert await db.read(trainings.with_photos_left) == []
    assert not await db.write(partial(trainings.give_back, job_id=job.id, now=START))
    assert (await started(db, bench, draft, interaction_id=2)).state is JobState.WAITING


async def test_a_draft_is_not_given_back_over_a_newer_one_or_past_its_day(db: Database, bench: Bench) -> None:
    for newer, now in ((True, START), (False, START + KEPT_FOR)):
        job, me, draft = await preparing(db, bench)
        await bench.end(job, me, JobState.FAILED)
        new = await opened(db) if newer else None
        assert not await db.write(partial(trainings.give_back, job_id=job.id, now=now))
        assert await db.read(partial(drafts.get, draft_id=draft.id)) is None
        if new is not None:
            await db.write(partial(drafts.discard, draft_id=new.id))


async def test_photos_are_to_be_deleted_once_their_owner_had_images_of_the_model(
    db: Database, bench: Bench
) -> None:
    """Neither before, nor with another model, nor where that was not wanted, nor twice."""
    me = await bench.process()
    draft = await drafted(db)
    await db.write(partial(drafts.change, draft_id=draft.id, delete_photos=True))
    job = await started(db, bench, draft)

    def trained(conn: sa.Connection) -> None:
        done = {"state": JobState.DONE, "preparing": False, "socket_token": "socket", "ended_at": START}
        conn.execute(sa.update(tables.job).where(tables.job.c.id == job.id).values(done))
        models.record(conn, a_new_model(owner_id=USER, job_id=job.id, wiro_id="900"), now=START)

    await db.write(trained)
    wanted = partial(trainings.with_photos_to_delete, used_as="selectedModelPrivate")
    await bench.ended(me, inputs={"selectedModelPrivate": "901"})
    assert await db.read(wanted) == []
    await bench.ended(me, inputs={"selectedModelPrivate": "900"})
    assert [each.id for each in await db.read(wanted)] == [job.id]
    await db.write(partial(trainings.photos_deleted, job_id=job.id, now=START))
    assert await db.read(wanted) == []
