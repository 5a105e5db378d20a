"""What follows on every way in which Run can go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.jobs.refusals import WAITS_S, Back, Shut, closed_for_s
from bot.model import CancelBy, JobState, Reason
from bot.store import line
from bot.wiro import (
    AuthError,
    ConcurrencyLimit,
    InsufficientBalance,
    InvalidInput,
    NotFound,
    NotPermitted,
    NotSent,
    RateLimited,
    ServiceUnavailable,
    WiroRefused,
)

if TYPE_CHECKING:
    from bot.wiro import WiroError
    from tests.support.workshop import Rig

WORDS = "Request parameter [steps] must be between 1 and 50"


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput(WORDS, 0, parameter="steps"),
        WiroRefused(WORDS, 0),
        NotPermitted(WORDS, 0),
        NotFound(WORDS, 1),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_refusal_fails_the_job_with_wiros_words_and_releases_everything(
    rig: Rig, error: WiroError
) -> None:
    rig.wiro.fails["run"].append(error)
    async with rig.process():
        job = await rig.ask()
        failed = await rig.until(job, JobState.FAILED)
    assert (failed.reason, failed.reason_text) == (Reason.WIRO_REFUSED, WORDS)
    assert failed.cost_nano_usd is None
    assert not failed.cost_is_estimate, "no task existed, so nothing is booked"
    assert rig.wiro.runs == 0
    card = rig.stage.card(job)
    assert card is not None
    assert card.job.state is JobState.FAILED


@pytest.mark.parametrize(
    "error",
    [
        NotSent("connection refused"),
        ServiceUnavailable("HTTP 503", status=503),
        RateLimited("HTTP 429", retry_after_s=7),
        RateLimited("HTTP 429"),
        ConcurrencyLimit("limit", 96, limit=5),
        InsufficientBalance("Insufficient balance", 97),
        AuthError("Project authorization is not valid.", 0),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_passes_sends_the_job_back_to_the_line_and_it_runs_later(
    rig: Rig, error: WiroError
) -> None:
    rig.wiro.fails["run"].append(error)
    async with rig.process():
        job = await rig.ask()
        await rig.pass_time(0.5)
        waiting = await rig.job(job)
        assert waiting.state is JobState.WAITING
        assert waiting.owner is None
        done = await rig.until(job, JobState.DONE)
    assert done.attempt == 2
    assert rig.wiro.runs == 1


async def test_retry_after_is_honoured(rig: Rig) -> None:
    rig.wiro.fails["run"].append(RateLimited("HTTP 429", retry_after_s=30))
    async with rig.process():
        job = await rig.ask()
        await rig.pass_time(29)
        assert (await rig.job(job)).state is JobState.WAITING
        await rig.pass_time(2)
        assert (await rig.job(job)).state is JobState.RUNNING


async def test_a_minute_of_wiro_outage_hammers_nobody_and_loses_nothing(rig: Rig) -> None:
    async with rig.process():
        rig.wiro.fails["run"].extend([NotSent("connection refused")] * 7)
        jobs = [await rig.ask(user_id=user) for user in range(1, 11)]
        await rig.until_all(jobs, JobState.DONE)
    assert rig.wiro.runs == 10
    assert rig.wiro.count("run") == 17


async def test_code_96_teaches_the_limit_which_grows_again_with_clean_submits(rig: Rig) -> None:
    async with rig.process():
        first = [await rig.ask(user_id=user) for user in (1, 2)]
        await rig.until_all(first, JobState.RUNNING)
        rig.wiro.fails["run"].append(ConcurrencyLimit("limit", 96, limit=2))
        third = await rig.ask(user_id=3)
        await rig.pass_time(0.5)
        assert (await rig.db.read(line.gates))[line.ACCOUNT].learned_limit == 2
        assert (await rig.job(third)).state is JobState.WAITING
        assert rig.wiro.count("run") == 3, "it is not tried again before a place is free"
        await rig.until(third, JobState.DONE)
        more = [await rig.ask(user_id=user) for user in range(4, 14)]
        await rig.until_all(more, JobState.DONE)
        assert (await rig.db.read(line.gates))[line.ACCOUNT].learned_limit == 3


async def test_code_96_with_nothing_of_ours_running_closes_the_line_for_a_while(rig: Rig) -> None:
    rig.wiro.fails["run"].append(ConcurrencyLimit("limit", 96, limit=5))
    async with rig.process():
        job = await rig.ask()
        await rig.pass_time(4)
        gate = (await rig.db.read(line.gates))[line.ACCOUNT]
        assert (gate.why, gate.learned_limit) == ("concurrency", None)
        await rig.until(job, JobState.DONE)


async def test_code_97_closes_the_gate_of_that_tool_and_one_job_tries_it(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.wiro.fails["run"].extend([InsufficientBalance("Insufficient balance", 97)] * 2)
    async with rig.process():
        jobs = [await rig.ask(user_id=1)]
        await rig.pass_time(0.5)
        gates = await rig.db.read(line.gates)
        assert gates["portraitplus"].why == "balance"
        assert gates[line.ACCOUNT].closed_until is None
        jobs += [await rig.ask(user_id=user) for user in range(2, 6)]
        await rig.pass_time(5)
        told = {job.id: place.shut for job, _, place in rig.stage.shown if place}
        assert told == dict.fromkeys([job.id for job in jobs], Shut.BALANCE)
        await rig.pass_time(60)
        assert rig.wiro.count("run") == 2, "one job alone tries a gate that was closed"
        await rig.until_all(jobs, JobState.DONE)
        assert rig.wiro.runs == 5
    log = capsys.readouterr().out
    assert (log.count("add funds"), log.count("enough again")) == (1, 1), "once, and of the end"


async def test_an_account_that_is_refused_pauses_the_line_and_tells_the_operator_once(rig: Rig) -> None:
    rig.wiro.fails["run"].extend([AuthError("Project authorization is not valid.", 0)] * 3)
    async with rig.process():
        jobs = [await rig.ask(user_id=user) for user in range(1, 6)]
        await rig.pass_time(20)
        assert {(await rig.job(job)).state for job in jobs} == {JobState.WAITING}
        assert rig.heard.pauses == ["auth"]
        await rig.until_all(jobs, JobState.DONE)
    assert rig.heard.pauses == ["auth", None]


async def test_a_place_that_is_closed_by_now_ends_the_job_before_run(rig: Rig) -> None:
    rig.stage.closed = Reason.NO_ACCESS
    async with rig.process():
        job = await rig.ask()
        failed = await rig.until(job, JobState.FAILED)
    assert failed.reason is Reason.NO_ACCESS
    assert rig.wiro.calls == []


async def test_a_wish_to_stop_while_run_is_refused_for_now_ends_the_job(rig: Rig) -> None:
    rig.wiro.fails["run"].append(NotSent("connection refused"))
    async with rig.process():
        job = await rig.ask()
        stopping = rig.desk.stop(job.code, by=CancelBy.OWNER, user_id=job.user_id)
        await stopping
        await rig.pass_time(5)
        assert (await rig.job(job)).state is JobState.CANCELLED
    assert rig.wiro.runs == 0


@pytest.mark.parametrize("why", list(Shut))
def test_closing_times_double_up_to_their_longest(why: Shut) -> None:
    first_s, most_s = WAITS_S[why]
    times = [closed_for_s(Back(why), strikes) for strikes in range(1, 12)]
    assert times[:2] == [first_s, min(most_s, 2 * first_s)]
    assert times[-1] == most_s
