from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from bot.errors import StoreBusy
from bot.jobs.ports import Denied, Done, Gone, Place, Put, Stage, TokenDead, TooLarge, Unknown, Way
from bot.model import JobState, Output, Progress, Reason, ResultFile
from bot.ui.cards import Left
from bot.ui.pacer import Pacer
from bot.ui.stage import Access, DiscordStage
from tests.support.jobs import CHANNEL, GUILD, NOW, OWNER, TOOL, a_job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.model import Job
    from bot.ui.messages import DiscordMessages
    from tests.support.clock import ManualClock
    from tests.support.discord_api import Asked, DiscordApi

TOKEN_PATH = "/webhooks/1100000000000000001/token/messages/@original"
FILES = (ResultFile(name="atelier-4F7K-1.png", data=b"png", content_type="image/png", description="a fox"),)


class Bench:
    """The stage, and what it is told of the world."""

    def __init__(self, messages: DiscordMessages, clock: ManualClock) -> None:
        self.access = Access(in_server=True, may_write=True)
        self.pacer = Pacer(clock)
        self.choice = "reply"
        self.stage = DiscordStage(
            messages,
            self.pacer,
            {TOOL.key: TOOL},
            clock,
            left=self.left,
            notify=self.notify,
            access=lambda _job: self.access,
        )

    async def notify(self, job: Job) -> str:
        return self.choice

    async def left(self, job: Job) -> Left | None:
        return Left(left=36, cap=40)


@pytest.fixture
async def bench(messages: DiscordMessages, clock: ManualClock) -> AsyncIterator[Bench]:
    bench = Bench(messages, clock)
    yield bench
    await bench.pacer.aclose()
    await bench.stage.aclose()


def public(state: JobState = JobState.RUNNING, **values: Any) -> Job:
    """A public job whose card is a minute old and whose token has died."""
    card = (int((NOW - timedelta(minutes=1)).timestamp() * 1000) - 1420070400000) << 22
    return a_job(state, **({"message_id": card, "interaction_token": None} | values))


def percent(asked: Asked) -> str:
    return str(asked.json["components"])


async def test_it_is_what_the_jobs_ask_for(bench: Bench) -> None:
    stage: Stage = bench.stage
    assert stage is bench.stage


async def test_a_result_goes_by_the_token_while_it_lives_and_lists_its_files(
    bench: Bench, api: DiscordApi
) -> None:
    put = await bench.stage.put_result(a_job(JobState.DELIVERING), FILES, Way.CARD)
    assert put == Done(channel_id=88, message_id=77)
    assert api.asked[0].path == TOKEN_PATH
    assert [each["filename"] for each in api.asked[0].json["attachments"]] == ["atelier-4F7K-1.png"]
    assert "36 of 40 images left" in str(api.asked[0].json)


@pytest.mark.parametrize("seconds", [9.0, 0.0, -60.0])
async def test_a_token_at_its_end_is_not_begun_with(bench: Bench, api: DiscordApi, seconds: float) -> None:
    job = a_job(JobState.DELIVERING, token_expires_at=NOW + timedelta(seconds=seconds))
    await bench.stage.put_result(job, FILES, Way.CARD)
    assert api.asked[0].path == f"/channels/{CHANNEL}/messages/{job.message_id}"


async def test_a_dead_token_is_never_tried_again(bench: Bench, api: DiscordApi) -> None:
    api.reply(401, 50027)
    job = a_job(JobState.DELIVERING)
    assert isinstance(await bench.stage.put_result(job, FILES, Way.CARD), Done)
    assert isinstance(await bench.stage.put_result(job, FILES, Way.CARD), Done)
    assert [asked.path == TOKEN_PATH for asked in api.asked] == [True, False, False]


async def test_a_private_card_is_reached_by_the_token_alone(bench: Bench, api: DiscordApi) -> None:
    api.reply(401, 50027)
    job = a_job(JobState.DELIVERING, private=True)
    assert await bench.stage.put_result(job, FILES, Way.CARD) == TokenDead()
    assert await bench.stage.put_result(job, FILES, Way.CARD) == TokenDead()
    assert await bench.stage.put_result(job, FILES, Way.CHANNEL) == Denied(
        "a private result never goes into a channel"
    )
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, 10008, Gone()),
        (403, 50001, Denied("403 50001 words")),
        (403, 50013, Denied("403 50013 words")),
        (404, 10003, Denied("404 10003 words")),
        (413, 40005, TooLarge()),
        (413, 0, TooLarge()),
        (400, 50045, TooLarge()),
        (401, 50027, TokenDead()),
        (401, 0, Unknown()),
    ],
)
async def test_what_an_answer_means(
    bench: Bench, api: DiscordApi, status: int, code: int, expected: Put
) -> None:
    api.reply(status, code)
    assert await bench.stage.put_result(public(JobState.DELIVERING), FILES, Way.CARD) == expected
    assert len(api.asked) == 1


async def test_lost_answers_are_repeated_a_little_and_then_unknown(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    for _ in range(3):
        api.reply(503, 0)
    task = asyncio.create_task(bench.stage.put_result(public(JobState.DELIVERING), FILES, Way.CARD))
    await clock.until(task.done)
    assert await task == Unknown()
    assert len(api.asked) == 3
    assert all(asked.files for asked in api.asked)


async def test_a_rate_limit_is_waited_for(bench: Bench, api: DiscordApi, clock: ManualClock) -> None:
    api.reply(429, {"retry_after": 1.2})
    task = asyncio.create_task(bench.stage.put_result(public(JobState.DELIVERING), FILES, Way.CARD))
    await clock.until(task.done)
    assert isinstance(await task, Done)
    assert clock.monotonic_s() == pytest.approx(1.2)


async def test_progress_is_sent_once_and_within_two_seconds(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    api.reply(hold=asyncio.Event())
    await bench.stage.show(public(), Progress(status="task_output", percent=10), None)
    await clock.until(lambda: bool(api.asked))
    await clock.advance(60)
    assert len(api.asked) == 1


async def test_a_result_waits_for_the_one_frame_in_flight_and_drops_what_waits(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    gate = asyncio.Event()
    api.reply(hold=gate)
    job = public()
    await bench.stage.show(job, Progress(status="task_output", percent=10), None)
    await clock.until(lambda: bool(api.asked))
    await bench.stage.show(job, Progress(status="task_output", percent=20), None)
    done = replace(job, state=JobState.DELIVERING)
    result = asyncio.create_task(bench.stage.put_result(done, FILES, Way.CARD))
    await asyncio.sleep(0.01)
    assert len(api.asked) == 1
    gate.set()
    await clock.until(result.done)
    await clock.advance(60)
    assert [bool(asked.files) for asked in api.asked] == [False, True]


async def test_a_result_is_said_again_when_an_older_frame_may_still_come_over_it(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    api.reply(drop=True)
    job = public()
    await bench.stage.show(job, Progress(status="task_output", percent=10), None)
    await clock.until(lambda: len(api.asked) == 1)
    await clock.settle()
    await bench.stage.put_result(replace(job, state=JobState.DELIVERING), FILES, Way.CARD)
    assert len(api.asked) == 2
    await clock.until(lambda: len(api.asked) == 3)
    assert clock.monotonic_s() == pytest.approx(15, abs=0.1)
    assert api.asked[2].files == api.asked[1].files
    await clock.advance(60)
    assert len(api.asked) == 3


async def test_images_that_were_deleted_do_not_come_back(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    """Their result would have been said again; another job's still is."""
    for job in (public(), public(id=2, code="5G8L")):
        api.reply(drop=True)
        asked = len(api.asked)
        await bench.stage.show(job, Progress(status="task_output", percent=10), None)
        await clock.until(lambda asked=asked: len(api.asked) == asked + 1)  # type: ignore[misc]  # a lambda's default has no type
        await clock.settle()
        await bench.stage.put_result(replace(job, state=JobState.DELIVERING), FILES, Way.CARD)
    before = len(api.asked)
    bench.stage.forget_result(public())
    await clock.advance(60)
    assert [b"5G8L" in str(asked.json).encode() for asked in api.asked[before:]] == [True]


async def test_a_stop_takes_images_off_that_may_have_come_onto_the_card(
    bench: Bench, api: DiscordApi
) -> None:
    """An upload of which nothing was heard; where there were no images, files are not touched."""
    stopped = public(JobState.CANCELLED, reason=Reason.MODERATOR_STOPPED)
    await bench.stage.settle(stopped)
    await bench.stage.settle(replace(stopped, outputs=(Output(url="u", name="n"),)))
    assert "attachments" not in api.asked[0].json
    assert api.asked[1].json["attachments"] == []


async def test_a_frame_after_the_end_is_not_shown(bench: Bench, api: DiscordApi, clock: ManualClock) -> None:
    job = public()
    await bench.stage.settle(replace(job, state=JobState.FAILED, reason=Reason.LOST))
    await bench.stage.show(job, Progress(status="task_output", percent=10), None)
    await clock.advance(10)
    assert len(api.asked) == 1


async def test_an_older_state_never_replaces_a_newer_one(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    waiting = public(JobState.WAITING)
    running = replace(waiting, state=JobState.RUNNING, state_at=NOW + timedelta(seconds=5))
    await bench.stage.show(running, Progress(status="task_output", percent=10), None)
    await bench.stage.show(waiting, None, Place(ahead=3, as_of=NOW))
    await clock.until(lambda: bool(api.asked))
    await clock.advance(10)
    assert len(api.asked) == 1
    assert "At work" in percent(api.asked[0])


async def test_the_same_picture_is_not_sent_twice(bench: Bench, api: DiscordApi, clock: ManualClock) -> None:
    for _ in range(3):
        await bench.stage.show(public(), Progress(status="task_output", percent=10), None)
        await clock.until(lambda: bool(api.asked))
        await clock.advance(5)
    assert len(api.asked) == 1


async def test_progress_leaves_messages_alone_that_are_older_than_an_hour(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    card = (int((NOW - timedelta(minutes=61)).timestamp() * 1000) - 1420070400000) << 22
    await bench.stage.show(public(message_id=card), Progress(status="task_output", percent=10), None)
    await clock.advance(10)
    assert api.asked == []
    await bench.stage.put_result(public(JobState.DELIVERING, message_id=card), FILES, Way.CARD)
    assert len(api.asked) == 1


async def test_progress_does_not_spend_the_last_of_a_bucket(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    api.reply(headers={"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "30"})
    await bench.stage.show(public(), Progress(status="task_output", percent=10), None)
    await clock.until(lambda: bool(api.asked))
    await bench.stage.show(public(), Progress(status="task_output", percent=20), None)
    await clock.advance(20)
    assert len(api.asked) == 1
    put = await bench.stage.put_result(public(JobState.DELIVERING), FILES, Way.CARD)
    assert isinstance(put, Done)


async def test_a_private_card_says_farewell_before_its_token_dies(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    job = a_job(private=True, token_expires_at=NOW + timedelta(seconds=60))
    await bench.stage.show(job, Progress(status="task_output", percent=10), None)
    await clock.until(lambda: bool(api.asked))
    assert "direct message" in percent(api.asked[0])


async def test_a_direct_message_opens_its_channel_once(bench: Bench, api: DiscordApi) -> None:
    api.reply(json={"id": "555"})
    job = a_job(JobState.DELIVERING, private=True)
    await bench.stage.put_result(job, FILES, Way.DM)
    await bench.stage.put_result(job, FILES, Way.DM)
    assert [asked.path for asked in api.asked] == [
        "/users/@me/channels",
        "/channels/555/messages",
        "/channels/555/messages",
    ]
    assert api.asked[1].json["nonce"] == api.asked[2].json["nonce"] == "result-4F7K"
    assert api.asked[1].json["enforce_nonce"] is True


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(403, 50007, Denied), (400, 50278, Denied), (503, 0, Unknown)]
)
async def test_a_closed_direct_message_is_told(  # noqa: PLR0917 -- a table and its fixtures
    bench: Bench, api: DiscordApi, clock: ManualClock, status: int, code: int, kind: type
) -> None:
    for _ in range(3):
        api.reply(status, code)
    task = asyncio.create_task(bench.stage.put_result(a_job(JobState.DELIVERING), FILES, Way.DM))
    await clock.until(task.done)
    assert isinstance(await task, kind)


async def test_an_earlier_second_message_is_found_by_its_delete_button(bench: Bench, api: DiscordApi) -> None:
    def message(number: int, author: int, custom_id: str) -> dict[str, Any]:
        row = {"type": 1, "components": [{"type": 2, "custom_id": custom_id}]}
        components = [{"type": 17, "components": [row]}]
        return {"id": str(number), "author": {"id": str(author)}, "components": components}

    api.reply(
        json=[
            message(1, 1100000000000000001, "at:delete:7777"),
            message(2, 5, "at:delete:4F7K"),
            message(3, 1100000000000000001, "at:cancel:4F7K"),
            message(4, 1100000000000000001, "at:delete:4F7K"),
        ]
    )
    found = await bench.stage.find_result(public(), Way.CHANNEL)
    assert found == Done(channel_id=CHANNEL, message_id=4)
    assert api.asked[0].query["after"] == str(public().message_id)


async def test_a_card_without_an_id_is_found_by_its_token(bench: Bench, api: DiscordApi) -> None:
    found = await bench.stage.find_card(a_job(JobState.WAITING, message_id=None))
    assert found == Done(channel_id=CHANNEL, message_id=77)
    api.reply(404, 10008)
    assert await bench.stage.find_card(a_job(JobState.WAITING, message_id=None)) is None
    assert await bench.stage.find_card(public(JobState.WAITING)) is None


async def test_the_owner_is_told_with_the_one_mention_there_is(bench: Bench, api: DiscordApi) -> None:
    await bench.stage.tell_owner(public(JobState.DONE))
    asked = api.asked[0]
    assert asked.json["allowed_mentions"] == {"parse": [], "users": [str(OWNER)], "replied_user": False}
    assert asked.json["message_reference"]["message_id"] == str(public().message_id)
    await bench.stage.tell_owner(a_job(JobState.DONE, private=True))
    assert len(api.asked) == 1


async def test_the_owner_is_told_what_became_of_it(bench: Bench, api: DiscordApi) -> None:
    for job in (public(JobState.DONE), public(JobState.FAILED), public(JobState.FAILED, images=0)):
        await bench.stage.tell_owner(job)
    said = [asked.json["content"] for asked in api.asked]
    ends = ("images are ready", "task did not work", "training did not work")
    assert all(end in words for end, words in zip(ends, said, strict=True))


async def test_the_owner_is_told_as_the_member_chose(bench: Bench, api: DiscordApi) -> None:
    bench.choice = "nothing"
    await bench.stage.tell_owner(public(JobState.DONE))
    assert api.asked == []
    bench.choice = "dm"
    api.reply(json={"id": "555"})
    await bench.stage.tell_owner(public(JobState.DONE))
    assert api.asked[1].path == "/channels/555/messages"
    assert f"/{CHANNEL}/" in api.asked[1].json["content"]


async def test_a_lost_word_to_the_owner_is_not_repeated(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    api.reply(503, 0)
    await bench.stage.tell_owner(public(JobState.DONE))
    await clock.advance(60)
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("access", "job", "reason"),
    [
        (Access(in_server=False, may_write=None), a_job(), Reason.SERVER_LEFT),
        (Access(in_server=True, may_write=False), a_job(), None),
        (Access(in_server=True, may_write=False), public(), Reason.NO_ACCESS),
        (Access(in_server=True, may_write=None), public(), None),
        (Access(in_server=True, may_write=False), a_job(private=True), None),
    ],
    ids=["left", "token alive", "no rights", "unknown", "private"],
)
async def test_whether_a_place_is_still_open(
    bench: Bench, access: Access, job: Job, reason: Reason | None
) -> None:
    bench.access = access
    assert await bench.stage.may_still(job) is reason


async def test_a_place_that_has_just_refused_counts_as_closed(bench: Bench, api: DiscordApi) -> None:
    bench.access = Access(in_server=True, may_write=None)
    api.reply(403, 50001)
    await bench.stage.settle(public(JobState.CANCELLED))
    assert await bench.stage.may_still(public()) is Reason.NO_ACCESS


async def test_progress_leaves_a_place_alone_that_has_just_refused(
    bench: Bench, api: DiscordApi, clock: ManualClock
) -> None:
    api.reply(403, 50013)
    await bench.stage.show(public(), Progress(status="task_output", percent=10), None)
    await clock.until(lambda: bool(api.asked))
    await clock.advance(30)
    await bench.stage.show(public(), Progress(status="task_output", percent=20), None)
    await clock.advance(50)
    assert len(api.asked) == 1
    await clock.advance(20)
    await bench.stage.show(public(), Progress(status="task_output", percent=30), None)
    await clock.until(lambda: len(api.asked) == 2)


async def test_the_owners_roles_are_asked_for_once(bench: Bench, api: DiscordApi) -> None:
    """A member who left has none; without Discord's word nothing is concluded."""
    api.reply(200, {"roles": ["5", "7"]})
    assert await bench.stage.roles_of(public()) == frozenset({5, 7})
    assert api.asked[0].path.endswith(f"/guilds/{GUILD}/members/{OWNER}")
    api.reply(404, 10007)
    assert await bench.stage.roles_of(public()) == frozenset()
    for status in (500, 403):
        api.reply(status, 50001)
        assert await bench.stage.roles_of(public()) is None
    assert len(api.asked) == 4


def test_the_file_limit_is_that_of_the_route(bench: Bench) -> None:
    limits: dict[str, Any] = {"file_limit_bytes": 50, "channel_file_limit_bytes": 20}
    assert bench.stage.file_limit_bytes(a_job(**limits), Way.CARD) == 50
    assert bench.stage.file_limit_bytes(public(**limits), Way.CARD) == 20
    assert bench.stage.file_limit_bytes(a_job(**limits), Way.CHANNEL) == 20
    assert bench.stage.file_limit_bytes(a_job(**limits), Way.DM) == 10 * 1024 * 1024
    assert bench.stage.file_limit_bytes(public(private=True, **limits), Way.HERE) == 50


@pytest.mark.parametrize(
    ("error", "level"),
    [(RuntimeError(), "error"), (StoreBusy("reads wait"), "warning")],
    ids=["fault", "busy"],
)
async def test_a_quota_that_cannot_be_read_does_not_hold_a_result_back(
    bench: Bench, api: DiscordApi, error: Exception, level: str
) -> None:
    async def fail(_: Job) -> Left | None:
        raise error

    bench.stage._left = fail
    with capture_logs() as logs:
        put = await bench.stage.put_result(public(JobState.DELIVERING), FILES, Way.CARD)
    assert isinstance(put, Done)
    assert "left today" not in str(api.asked[0].json)
    assert [entry["log_level"] for entry in logs] == [level]


async def test_a_shared_copy_is_public_and_a_take_down_leaves_no_file(bench: Bench, api: DiscordApi) -> None:
    job = a_job(JobState.DONE, private=True)
    assert await bench.stage.share(job, FILES) == Done(channel_id=88, message_id=77)
    assert "Shared by" in str(api.asked[0].json)
    await bench.stage.take_down(replace(job, deleted_at=NOW), CHANNEL, 77)
    assert api.asked[1].json["attachments"] == []
    assert "deleted" in str(api.asked[1].json)
