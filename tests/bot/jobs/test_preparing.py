"""Trainings from their draft to their model: uploads that break off, places that are closed, kills."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import Moved, QuotaRefused
from bot.jobs.codes import draw_code
from bot.jobs.collect import wanted_of
from bot.jobs.milestones import milestone_of
from bot.jobs.ports import Denied, Unknown
from bot.model import CancelBy, JobState, Output, Reason, Unit
from bot.quota.policy import quota_windows
from bot.store import drafts, ledger, models, trainings
from bot.store import jobs as units
from bot.store.photofiles import ARCHIVE
from bot.tools import load_catalogue
from bot.tools.training import TOOL, training_inputs
from bot.training import Consent, Follow, NewPhoto, UploadWay
from bot.wiro import AnswerLost, InvalidInput, NotSent, ServiceUnavailable, TaskStatus
from tests.support.jobs import a_training
from tests.support.limits import NO_ROLES, instance_of
from tests.support.workshop import GUILD, USER

if TYPE_CHECKING:
    from bot.model import Job
    from bot.training import Draft
    from tests.support.workshop import Rig

PHOTOS = 6
TRAINER = load_catalogue()[TOOL]
LOST = AnswerLost("the answer was lost")


async def drafted(rig: Rig, *, suffix: str = "k3f9", **changes: Any) -> Draft:
    """An open draft with its photos, as rows and files."""
    opened = partial(
        drafts.open_draft, guild_id=GUILD, user_id=USER, given={}, suffix=suffix, follow=Follow.THREAD
    )
    draft: Draft = await rig.db.write(partial(opened, now=rig.clock.now()))
    new = []
    for number in range(PHOTOS):
        data = f"photo {number}".encode()
        rig.files.save(draft.id, f"{number}.jpg", data)
        new.append(
            NewPhoto(
                name=f"{number}.png",
                file=f"{number}.jpg",
                digest=f"{number:064x}",
                fingerprint=f"{number:016x}",
                width=800,
                height=600,
                size_bytes=len(data),
            )
        )
    await rig.db.write(partial(drafts.add_photos, draft_id=draft.id, new=new))
    if not changes:
        return draft
    changed: Draft = await rig.db.write(lambda conn: drafts.change(conn, draft.id, **changes))
    return changed


async def started(rig: Rig, **changes: Any) -> Job:
    draft = await drafted(rig, **changes)
    return await start(rig, draft)


async def start(rig: Rig, draft: Draft, **changes: Any) -> Job:
    checked = training_inputs(
        TRAINER, {"name": "mira"}, photos=PHOTOS, suffix=draft.suffix, draw=lambda low, high: low
    )
    options: dict[str, Any] = {"code": draw_code(), "tool": TOOL, "images": 0, "preparing": True}
    new = rig.new(**options, interaction_token=None, token_expires_at=None, **changes)
    consent = Consent(words="They show me.", locale="en-US", at=rig.clock.now())
    within_s = rig.clock.monotonic_s() + 2
    new = replace(new, inputs=checked.inputs)
    return await rig.desk.train(
        new, standing=NO_ROLES, draft_id=draft.id, consent=consent, not_after_s=within_s
    )


async def trainings_used(rig: Rig) -> int:
    windows = quota_windows(rig.clock.now())
    usage = await rig.db.read(partial(ledger.usage, user_id=USER, guild_id=GUILD, windows=windows))
    return int(usage.here[Unit.TRAINING].total)


def photos_here(rig: Rig) -> int:
    return sum(path.is_file() for path in rig.files._folder.rglob("*"))


async def test_a_draft_becomes_a_model(rig: Rig) -> None:
    """Its photos are in one folder at Wiro and nowhere else, and one task is paid for."""
    async with rig.process():
        job = await rig.until(await started(rig), JobState.DONE)
        model = await rig.db.read(partial(models.by_job, job_id=job.id))
    [(folder, names)] = rig.storage.folders().items()
    assert folder == f"atelier-{job.code}-1"
    assert names == [f"{number:03d}-{'0' * 12}.jpg" for number in range(1, PHOTOS + 1)]
    sent = rig.wiro.only.parameters
    assert rig.storage.files[sent["selectedFolder"]].name == folder
    assert (sent["selectedFolderUrl"], sent["trainModelName"]) == ("", "mira-k3f9")
    assert photos_here(rig) == 0
    assert model is not None
    assert (model.name, model.wiro_name, model.wiro_id) == ("mira", "mira-k3f9", "model-of-task-1")
    assert (model.photos, model.owner_id) == (PHOTOS, USER)
    assert await trainings_used(rig) == 1


async def test_it_is_followed_where_its_owner_chose_and_the_card_is_there_before_the_photos_are_sent(
    rig: Rig,
) -> None:
    rig.storage.fails["folder"] = deque([ServiceUnavailable("down")] * 3)
    async with rig.process():
        job = await started(rig)
        await rig.quiet()
        placed = await rig.job(job)
        assert (placed.channel_id, placed.message_id) == rig.places.cards[job.id]
        assert rig.places.channels[job.code][1] is Follow.THREAD
        assert placed.preparing
        await rig.until(job, JobState.DONE)
    assert [progress.step for _, progress, _ in rig.stage.shown if progress and progress.steps == PHOTOS][
        -1
    ] == PHOTOS


@pytest.mark.parametrize(
    ("follow", "closed", "ends"),
    [
        (Follow.THREAD, 1, Follow.DM),
        (Follow.HERE, 1, Follow.DM),
        (Follow.DM, 1, None),
        (Follow.THREAD, 2, None),
    ],
)
async def test_where_a_place_is_closed_it_is_never_followed_in_the_open_instead(
    rig: Rig, follow: Follow, closed: int, ends: Follow | None
) -> None:
    rig.places.opens = deque([Denied("403")] * closed)
    async with rig.process():
        job = await started(rig, follow=follow)
        ended = await rig.until(job, JobState.DONE, JobState.FAILED)
        if ends is not None:
            assert rig.places.channels[job.code][1] is ends
            return
        assert (ended.state, ended.reason) == (JobState.FAILED, Reason.NO_ACCESS)
        assert rig.storage.files == {}
        assert await trainings_used(rig) == 0
        assert await rig.db.read(partial(drafts.find_open, guild_id=GUILD, user_id=USER, now=rig.clock.now()))


@pytest.mark.parametrize("error", [ServiceUnavailable("503"), NotSent("no connection")])
async def test_a_photo_that_surely_did_not_leave_is_sent_again_into_the_same_folder(
    rig: Rig, error: Exception
) -> None:
    rig.storage.fails["upload"] = deque([None, None, error, error, None])
    async with rig.process():
        job = await rig.until(await started(rig), JobState.DONE)
    assert [len(names) for names in rig.storage.folders().values()] == [PHOTOS]
    assert f"atelier-{job.code}-1" in rig.storage.folders()


@pytest.mark.parametrize("stored", [True, False])
async def test_a_photo_in_doubt_starts_a_new_folder_with_all_of_them(rig: Rig, stored: bool) -> None:
    rig.storage.fails["upload"], rig.storage.stores = deque([None, None, LOST]), stored
    async with rig.process():
        job = await rig.until(await started(rig), JobState.DONE)
    folders = rig.storage.folders()
    assert [len(folders[f"atelier-{job.code}-{number}"]) for number in (1, 2)] == [2 + stored, PHOTOS]
    assert rig.storage.files[rig.wiro.only.parameters["selectedFolder"]].name == f"atelier-{job.code}-2"


async def test_a_folder_in_doubt_is_followed_by_a_new_one(rig: Rig) -> None:
    rig.storage.fails["folder"] = deque([LOST])
    async with rig.process():
        job = await rig.until(await started(rig), JobState.DONE)
    assert rig.storage.files[rig.wiro.only.parameters["selectedFolder"]].name == f"atelier-{job.code}-2"
    assert len(rig.storage.folders()[f"atelier-{job.code}-2"]) == PHOTOS


async def test_where_folders_do_not_work_the_archive_is_uploaded(rig: Rig) -> None:
    """Whether an API key may upload into folders is told differently by Wiro's own sources."""
    rig.storage.fails["folder"] = deque([InvalidInput("invalid-parameters")])
    async with rig.process():
        await rig.until(await started(rig), JobState.DONE)
    [archive] = rig.storage.files.values()
    sent = rig.wiro.only.parameters
    assert (sent["selectedFolder"], sent["selectedFolderUrl"]) == (
        "",
        f"https://cdn/{archive.id}/{archive.name}",
    )
    assert archive.data.count(b"photo ") == PHOTOS


async def test_a_photo_in_another_folder_than_its_own_is_not_counted(rig: Rig) -> None:
    rig.storage.misplaces = True
    rig.ways = (UploadWay.FOLDER,)
    async with rig.process():
        job = await rig.until(await started(rig), JobState.FAILED)
        assert job.reason is Reason.PHOTOS_NOT_SENT
        assert "folder" in (job.reason_text or "")
        assert await trainings_used(rig) == 0
    assert rig.wiro.runs == 0


async def test_with_an_address_of_ours_the_archive_stays_until_wiro_has_begun(rig: Rig) -> None:
    rig.ways, rig.wiro.queued_s = (UploadWay.ADDRESS,), 30.0
    rig.options = {"public_url": "https://bot.example"}
    async with rig.process():
        job = await rig.until(await started(rig), JobState.RUNNING)
        url = rig.wiro.only.parameters["selectedFolderUrl"]
        assert url.startswith("https://bot.example/photos/")
        assert len(url) > 60
        draft = await rig.db.read(partial(drafts.of_job, job_id=job.id))
        assert draft is not None
        assert rig.files.path(draft.id, ARCHIVE).read_bytes().count(b"photo ") == PHOTOS
        rig.wiro.lives_s = 600.0
        await rig.pass_time(200.0)
        assert photos_here(rig) == 0
        assert (await rig.job(job)).state.has_ended


async def test_two_starts_of_one_draft_make_one_training(rig: Rig) -> None:
    async with rig.process():
        draft = await drafted(rig)
        job = await start(rig, draft)
        with pytest.raises(Moved):
            await start(rig, draft)
        await rig.until(job, JobState.DONE)
        assert await trainings_used(rig) == 1
    assert rig.wiro.runs == 1


async def test_a_stop_while_photos_are_sent_gives_the_draft_and_the_quota_back(rig: Rig) -> None:
    rig.storage.fails["upload"] = deque([None, *[ServiceUnavailable("down")] * 50])
    async with rig.process():
        job = await started(rig)
        await rig.pass_time(5.0)
        assert await trainings_used(rig) == 1
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        await rig.pass_time(130.0)
        assert (await rig.job(job)).state is JobState.CANCELLED
        assert await trainings_used(rig) == 0
        draft = await rig.db.read(
            partial(drafts.find_open, guild_id=GUILD, user_id=USER, now=rig.clock.now())
        )
        assert draft is not None
        assert photos_here(rig) == PHOTOS
        rig.storage.fails["upload"].clear()
        again = await start(rig, draft)
        assert (await rig.until(again, JobState.DONE)).state is JobState.DONE
    assert rig.wiro.runs == 1


@pytest.mark.parametrize("ends_as", [(TaskStatus.POSTPROCESS_END, 1), (TaskStatus.CANCEL, None)])
async def test_a_training_that_fails_is_given_back(rig: Rig, ends_as: tuple[str, int | None]) -> None:
    rig.wiro.ends_as = ends_as
    async with rig.process():
        job = await rig.until(await started(rig), JobState.FAILED)
        assert await trainings_used(rig) == 0
        assert await rig.db.read(partial(models.by_job, job_id=job.id)) is None
    assert photos_here(rig) == 0


async def test_the_weeks_quota_holds_for_the_next_draft(rig: Rig) -> None:
    rig.instance = instance_of(trainings_per_week=1)
    async with rig.process():
        await rig.until(await started(rig), JobState.DONE)
        draft = await drafted(rig)
        with pytest.raises(QuotaRefused):
            await start(rig, draft)
        assert await rig.db.read(partial(drafts.find_open, guild_id=GUILD, user_id=USER, now=rig.clock.now()))


async def test_a_training_that_is_lost_at_wiro_is_never_run_twice(rig: Rig) -> None:
    rig.wiro.loses = deque(["late"])
    async with rig.process():
        job = await rig.until(await started(rig), JobState.FAILED)
        assert job.reason is Reason.LOST
    assert rig.wiro.runs == 1


@pytest.mark.parametrize("steps", range(1, 60, 6))
async def test_killed_at_any_step_and_started_again_it_goes_on_and_is_paid_for_once(
    rig: Rig, steps: int
) -> None:
    """The process dies after so many turns of the loop, wherever that is, and another takes over."""
    async with rig.process():
        job = await started(rig)
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        await rig.crash()
    rig.storage.stores = True
    async with rig.process():
        ended = await rig.until(job, JobState.DONE, JobState.FAILED)
        assert await trainings_used(rig) == rig.wiro.runs
    if ended.state is JobState.FAILED:  # right before Run: whether it left is not known, so it is not sent
        assert (ended.reason, rig.wiro.runs) == (Reason.LOST, 0)
        return
    assert rig.wiro.runs == 1
    assert (rig.places.opened, rig.places.posted) == (1, 1)
    folder = rig.storage.files[rig.wiro.only.parameters["selectedFolder"]]
    assert len(rig.storage.folders()[folder.name]) == PHOTOS
    assert ended.ended_at is not None
    assert photos_here(rig) == 0


async def test_a_place_whose_making_is_in_doubt_is_looked_for_before_another_is_made(rig: Rig) -> None:
    rig.places.opens = deque([(Unknown(), True)])
    rig.places.posts = deque([(Unknown(), True)])
    async with rig.process():
        await rig.until(await started(rig), JobState.DONE)
    assert (rig.places.opened, rig.places.posted) == (1, 1)


async def test_photos_that_no_draft_knows_are_gone_after_a_start_and_old_drafts_after_a_day(
    rig: Rig,
) -> None:
    rig.files.save(999, "orphan.jpg", b"x")
    async with rig.process():
        await rig.quiet()
        assert photos_here(rig) == 0
        await drafted(rig)
        await rig.clock.advance(timedelta(hours=24, seconds=1).total_seconds())
        await rig.pass_time(61.0)
        assert photos_here(rig) == 0


async def test_a_model_that_wiro_does_not_list_yet_is_recorded_all_the_same(rig: Rig) -> None:
    """Its id is looked for from time to time, until Wiro tells it."""
    rig.wiro.models = dict
    async with rig.process():
        job = await rig.until(await started(rig), JobState.DONE)
        model = await rig.db.read(partial(models.by_job, job_id=job.id))
        assert model is not None
        assert model.wiro_id is None
        rig.wiro.models = rig.wiro.trained
        await rig.pass_time(301)
        model = await rig.db.read(partial(models.by_job, job_id=job.id))
    assert model is not None
    assert model.wiro_id == "model-of-task-1"


async def test_photos_that_cannot_be_given_back_are_deleted(rig: Rig) -> None:
    """Their owner has begun another draft meanwhile, which is theirs now."""
    rig.storage.fails["folder"] = deque([ServiceUnavailable("down")] * 10)
    async with rig.process():
        job = await started(rig)
        await rig.quiet()
        newer = await drafted(rig, suffix="b2c3")
        assert photos_here(rig) == 2 * PHOTOS
        await rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=USER)
        await rig.pass_time(121)
        assert photos_here(rig) == PHOTOS
        now = rig.clock.now()
        found = await rig.db.read(partial(drafts.find_open, guild_id=GUILD, user_id=USER, now=now))
    assert found is not None
    assert found.id == newer.id


@pytest.mark.parametrize(
    ("notes", "shown"),
    [((), True), (("in_the_open",), False), (("in_the_open", "name_shown"), True)],
)
async def test_samples_are_not_shown_where_everyone_reads_unless_their_owner_allows_it(
    rig: Rig, notes: tuple[str, ...], *, shown: bool
) -> None:
    """They are not even fetched; the model is recorded all the same."""
    async with rig.process():
        job = await rig.until(await start(rig, await drafted(rig), notes=notes), JobState.DONE)
        model = await rig.db.read(partial(models.by_job, job_id=job.id))
    assert model is not None
    assert bool(rig.stage.attempts[-1][1]) is shown
    assert ("download" in rig.wiro.calls) is shown


def test_of_what_a_training_made_only_pictures_are_fetched() -> None:
    made = [
        Output(url="1", name="model.safetensors", content_type="application/octet-stream"),
        *(Output(url=f"{number}", name=f"{number}.png") for number in range(2, 9)),
    ]
    assert wanted_of(a_training(), TRAINER, made) == ["2", "3", "4", "5"]


async def test_photos_are_deleted_at_wiro_once_the_model_was_used_and_only_where_that_is_wanted(
    rig: Rig,
) -> None:
    """Wiro does not say whether the model outlives it, so the model has to have made something before."""
    async with rig.process():
        wanted = await rig.until(await started(rig, delete_photos=True), JobState.DONE)
        kept = await rig.until(await started(rig, suffix="b2c3"), JobState.DONE)
        first, second = rig.wiro.tasks_by_id.values()
        await rig.pass_time(301)
        assert (first.files_deleted, second.files_deleted) == (False, False)
        inputs = {"selectedModelPrivate": "model-of-task-1"}
        another = await rig.until(await rig.ask(user_id=USER + 1, inputs=inputs), JobState.DONE)
        assert another.state is JobState.DONE
        await rig.pass_time(301)
        assert not first.files_deleted
        await rig.until(await rig.ask(inputs=inputs), JobState.DONE)
        await rig.until(await rig.ask(inputs={"selectedModelPrivate": "model-of-task-2"}), JobState.DONE)
        rig.wiro.fails["delete_files"] = deque([ServiceUnavailable("down")])
        await rig.pass_time(301)
        assert not first.files_deleted
        await rig.pass_time(301)
        assert (first.files_deleted, second.files_deleted) == (True, False)
        training = await rig.db.read(partial(trainings.get, job_id=wanted.id))
        assert training is not None
        assert training.photos_deleted_at is not None
        rig.wiro.calls.clear()
        await rig.pass_time(301)
        assert "delete_files" not in rig.wiro.calls
    assert kept.state is JobState.DONE


async def test_a_members_parallel_starts_in_two_servers_make_one_training(rig: Rig) -> None:
    """The week's quota over all servers holds."""
    rig.instance = instance_of(trainings_per_week=1, concurrent_tasks=5)
    async with rig.process():
        here = await drafted(rig)
        there = await rig.db.write(
            partial(
                drafts.open_draft,
                guild_id=GUILD + 1,
                user_id=USER,
                given={},
                suffix="b2c3",
                follow=Follow.THREAD,
                now=rig.clock.now(),
            )
        )
        both = await asyncio.gather(
            start(rig, here), start(rig, there, guild_id=GUILD + 1), return_exceptions=True
        )
        assert sorted(isinstance(each, QuotaRefused) for each in both) == [False, True]
        await rig.quiet()
    assert rig.wiro.runs == 1


async def test_the_owner_of_a_long_training_hears_of_it_once_the_card_is_too_old_to_be_edited(
    rig: Rig,
) -> None:
    rig.wiro.lives_s = 100 * 60.0
    async with rig.process():
        job = await rig.until(await started(rig), JobState.RUNNING)
        await rig.pass_time(59 * 60.0)
        assert [milestone.key for _, milestone in rig.places.said] == ["still-0"]  # the card shows the rest
        await rig.pass_time(28 * 60.0)
        assert [milestone.key for _, milestone in rig.places.said] == ["still-0", "at-50", "still-50"]
        assert rig.places.said[1][1].percent == 50
        await rig.crash()
    async with rig.process() as heir:
        await rig.pass_time(6 * 60.0)
        assert len(rig.places.said) == 3, "after a restart nothing is said twice"
        claim = partial(units.claim_notice, job_id=job.id, owner=heir.me, now=rig.clock.now())
        assert not await rig.db.write(partial(claim, what="at-50"))


@pytest.mark.parametrize(
    ("percent", "age_min", "still_min", "key"),
    [
        (None, 10, 0, None),
        (60, 59, 0, None),
        (None, 61, 0, None),
        (24, 61, 5, "at-0"),
        (25, 61, 5, "at-25"),
        (99, 170, 5, "at-75"),
        (99, 170, 30, "still-99"),
        (None, 31, 31, "still-0"),
    ],
)
def test_what_there_is_to_tell_of_a_training(
    percent: int | None, age_min: float, still_min: float, key: str | None
) -> None:
    found = milestone_of(percent, age=timedelta(minutes=age_min), still_for=timedelta(minutes=still_min))
    assert (found.key if found else None) == key
